// SPDX-License-Identifier: Apache-2.0
// Packages of rpm before 4.16: a hash of Berkeley DB, package number to header. Only the pages of its buckets
// are read and the first overflow pages of each header, in the little-endian form that x86 and ARM write.
//
//   first page: 12 magic, 20 page size, 32 last page, 72 highest bucket, 96 spares[32]
//   every page: 8 number, 16 next page, 20 entries (16 bits), 22 bytes used of an overflow page (16 bits), 25
//   type,
//               26 offsets of the entries (16 bits each): key, value, key, value …
//   an entry:   its type, then the bytes (1), or at 4 the first overflow page and at 8 the length (3)
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>

#include "agent/rpm/database.h"
#include "agent/rpm/header.h"

namespace plumbline {
namespace {

constexpr std::size_t kMetaBytes = 512;
constexpr std::size_t kPageHeadBytes = 26;
constexpr std::size_t kSparesAt = 96;
constexpr std::uint32_t kMaxPageBytes = 64u << 10;
constexpr std::uint32_t kMaxPages = 1u << 21;
constexpr char kHashMetaPage = 8;
constexpr char kOldHashPage = 2;
constexpr char kHashPage = 13;
constexpr char kOverflowPage = 7;
constexpr char kBytesHere = 1;
constexpr char kBytesElsewhere = 3;
constexpr std::size_t kPackageNumberBytes = 4;

struct File {
  int number;
  std::string_view path;
  std::string meta;
  std::uint32_t page_bytes = 0;
  std::uint32_t last_page = 0;

  Result<std::string> page(std::uint32_t at) const {
    auto bytes = read_at(number, path, std::uint64_t{at} * page_bytes, page_bytes);
    if (bytes && (bytes->size() < page_bytes || little_u32(*bytes, 8) != at)) {
      return fail(ErrorKind::invalid,
                  "rpm database " + std::string(path) + ": page " + std::to_string(at) + " is damaged");
    }
    return bytes;
  }
  /// Buckets are laid out in runs of doubling size; spares[] tells how far each run was moved.
  std::uint32_t page_of_bucket(std::uint32_t bucket) const {
    return bucket + little_u32(meta, kSparesAt + 4 * static_cast<std::size_t>(std::bit_width(bucket)));
  }
};

std::size_t little_u16(std::string_view bytes, std::size_t at) {
  if (bytes.size() < 2 || at > bytes.size() - 2) return 0;
  return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at]) |
                                  static_cast<unsigned char>(bytes[at + 1]) << 8);
}

Result<std::string> read_overflow(const File& file, std::uint32_t page, std::size_t length) {
  const std::size_t wanted = std::min(length, kRpmHeadBytes);
  std::string head;
  while (page != 0 && page <= file.last_page && head.size() < wanted) {
    const auto bytes = file.page(page);
    if (!bytes) return bytes;
    const std::size_t used = little_u16(*bytes, 22);
    if ((*bytes)[25] != kOverflowPage || used == 0 || used > bytes->size() - kPageHeadBytes) break;
    head.append(*bytes, kPageHeadBytes, std::min(used, wanted - head.size()));
    page = little_u32(*bytes, 16);
  }
  return head;
}

/// The value of one entry; an empty one where the page is not what it says.
Result<std::string> read_value(const File& file, std::string_view page, std::size_t start, std::size_t end) {
  if (start < kPageHeadBytes || start >= end || end > page.size()) return std::string();
  const std::string_view entry = page.substr(start, end - start);
  if (entry[0] == kBytesHere) return std::string(entry.substr(1));
  if (entry[0] != kBytesElsewhere || entry.size() < 12) return std::string();
  return read_overflow(file, little_u32(entry, 4), little_u32(entry, 8));
}

/// False where `visit` has seen enough.
Result<bool> visit_page(const File& file, std::string_view page, const RpmVisit& visit) {
  const std::size_t entries = std::min(little_u16(page, 20), (page.size() - kPageHeadBytes) / 2);
  for (std::size_t value = 1; value < entries; value += 2) {
    const std::size_t key_at = little_u16(page, kPageHeadBytes + 2 * (value - 1));
    const std::size_t value_at = little_u16(page, kPageHeadBytes + 2 * value);
    // Number 0 is no package: it keeps the next free number.
    if (key_at + 1 + kPackageNumberBytes <= page.size() && little_u32(page, key_at + 1) == 0) continue;
    const auto head = read_value(file, page, value_at, key_at);
    if (!head) return tl::unexpected<Error>(head.error());
    if (!visit(*head)) return false;
  }
  return true;
}

Result<File> open_hash(int number, std::string_view path) {
  auto meta = read_at(number, path, 0, kMetaBytes);
  if (!meta) return tl::unexpected<Error>(meta.error());
  File file{number, path, std::move(*meta)};
  file.page_bytes = little_u32(file.meta, 20);
  file.last_page = little_u32(file.meta, 32);
  const bool whole = file.meta.size() == kMetaBytes && file.meta[24] == 0 && file.meta[25] == kHashMetaPage;
  if (!whole || !std::has_single_bit(file.page_bytes) || file.page_bytes < kMetaBytes ||
      file.page_bytes > kMaxPageBytes || file.last_page > kMaxPages) {
    return fail(ErrorKind::invalid, "rpm database of an unknown form: " + std::string(path));
  }
  return file;
}

}  // namespace

Result<void> visit_berkeley_headers(int number, std::string_view path, const RpmVisit& visit) {
  const auto file = open_hash(number, path);
  if (!file) return tl::unexpected<Error>(file.error());
  const std::uint32_t last_bucket = std::min(little_u32(file->meta, 72), file->last_page);
  std::uint32_t visited = 0;
  for (std::uint32_t bucket = 0; bucket <= last_bucket; ++bucket) {
    std::uint32_t at = file->page_of_bucket(bucket);
    // A page stands in one chain only, so more visits than pages are a circle.
    while (at != 0 && at <= file->last_page && visited++ <= file->last_page) {
      const auto page = file->page(at);
      if (!page) return tl::unexpected<Error>(page.error());
      if ((*page)[25] != kHashPage && (*page)[25] != kOldHashPage) break;
      const auto more = visit_page(*file, *page, visit);
      if (!more) return tl::unexpected<Error>(more.error());
      if (!*more) return {};
      at = little_u32(*page, 16);
    }
  }
  return {};
}

}  // namespace plumbline
