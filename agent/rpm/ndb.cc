// SPDX-License-Identifier: Apache-2.0
// Packages.db of rpm's own "ndb": pages of slots, each of which tells where a header stands.
//
//   page of 4096 bytes: 256 slots of 16, the first two of the file are the file's header
//     "RpmP" version generation pages_of_slots next_package …
//     "Slot" package block_offset block_count          blocks are 16 bytes
//   at block_offset: "BlbS" package time length, then the header itself
#include <algorithm>
#include <cstdint>

#include "agent/rpm/database.h"
#include "agent/rpm/header.h"

namespace plumbline {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kSlotBytes = 16;
constexpr std::size_t kFileHeaderBytes = 32;
constexpr std::size_t kBlobHeaderBytes = 16;
constexpr std::uint32_t kMaxSlotPages = 2048;  // half a million packages
constexpr std::uint64_t kBlockBytes = 16;

/// An empty head where the blob is not what its slot says.
Result<std::string> read_head(int file, std::string_view path, std::uint32_t package, std::uint64_t offset) {
  const auto before = read_at(file, path, offset, kBlobHeaderBytes);
  if (!before) return before;
  if (!before->starts_with("BlbS") || little_u32(*before, 4) != package) return std::string();
  const std::size_t size = std::min<std::size_t>(little_u32(*before, 12), kRpmHeadBytes);
  return read_at(file, path, offset + kBlobHeaderBytes, size);
}

}  // namespace

Result<void> visit_ndb_headers(int file, std::string_view path, const RpmVisit& visit) {
  const auto header = read_at(file, path, 0, kFileHeaderBytes);
  if (!header) return tl::unexpected<Error>(header.error());
  const std::uint32_t pages = little_u32(*header, 12);
  if (header->size() < kFileHeaderBytes || little_u32(*header, 4) != 0 || pages > kMaxSlotPages) {
    return fail(ErrorKind::invalid, "rpm database of an unknown form: " + std::string(path));
  }
  for (std::uint32_t page = 0; page < pages; ++page) {
    const auto slots = read_at(file, path, std::uint64_t{page} * kPageBytes, kPageBytes);
    if (!slots) return tl::unexpected<Error>(slots.error());
    for (std::size_t at = page == 0 ? kFileHeaderBytes : 0; at + kSlotBytes <= slots->size();
         at += kSlotBytes) {
      const std::uint32_t package = little_u32(*slots, at + 4);
      const std::uint32_t block = little_u32(*slots, at + 8);
      if (slots->compare(at, 4, "Slot") != 0 || block == 0) continue;  // a free slot
      const auto head = read_head(file, path, package, block * kBlockBytes);
      if (!head) return tl::unexpected<Error>(head.error());
      if (!visit(*head)) return {};
    }
  }
  return {};
}

}  // namespace plumbline
