// SPDX-License-Identifier: Apache-2.0
#include "agent/delivery/spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/zstd.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "plumbline scan 1 ";
constexpr std::string_view kEnding = ".scan";
constexpr std::size_t kNameDigits = 20;
constexpr std::size_t kDigestLength = 64;
constexpr std::size_t kMaxStateBytes = 64u << 10;
constexpr std::size_t kMaxFileBytes = 32u << 20;

/// "00000000000000000007.scan"
std::optional<std::uint64_t> sequence_of(std::string_view name) {
  if (name.size() != kNameDigits + kEnding.size() || !name.ends_with(kEnding)) return std::nullopt;
  return parse_u64(name.substr(0, kNameDigits));
}

Result<void> sync_folder(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return fail(ErrorKind::io, path + ": " + std::strerror(errno));
  const int failed = ::fsync(descriptor);
  const int reason = errno;
  ::close(descriptor);
  if (failed != 0) return fail(ErrorKind::io, path + ": " + std::strerror(reason));
  return {};
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  struct Close {
    void operator()(DIR* open) const { ::closedir(open); }
  };
  const std::unique_ptr<DIR, Close> open(::opendir(folder.c_str()));
  if (!open) return fail(ErrorKind::io, folder + ": " + std::strerror(errno));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(open.get()))
    if (const std::string_view name = entry->d_name; name != "." && name != "..") names.emplace_back(name);
  return names;
}

}  // namespace

Result<Spool> Spool::open(const std::string& state_folder) {
  Spool spool(state_folder);
  if (auto made = make_folder(state_folder + "/spool", 0700); !made) return fail("spool", made.error());
  if (auto loaded = spool.load(); !loaded) return fail("spool", loaded.error());
  if (auto found = spool.load_files(); !found) return fail("spool", found.error());
  return spool;
}

Result<void> Spool::load() {
  const auto text = read_file(state_folder_ + "/delivered.json", kMaxStateBytes);
  if (!text) return text.error().kind == ErrorKind::not_found ? Result<void>() : tl::unexpected(text.error());
  const auto state = parse_json(*text);
  // A damaged file costs one exchange: the collector tells the sequence it has and which sections it lacks.
  if (!state || !state->is_object()) return {};
  const auto number = [&](const char* key) {
    return state->contains(key) && (*state)[key].is_number_unsigned() ? (*state)[key].get<std::uint64_t>()
                                                                      : 0;
  };
  delivered_.sequence = number("sequence");
  delivered_.dropped = number("dropped");
  delivered_.scanned_at = static_cast<std::int64_t>(number("scanned_at"));
  if (const auto sections = state->find("sections"); sections != state->end() && sections->is_object())
    for (const auto& [name, hash] : sections->items())
      if (hash.is_string()) delivered_.sections[name] = hash.get<std::string>();
  return {};
}

Result<void> Spool::load_files() {
  const auto beside = names_in(state_folder_);
  if (!beside) return tl::unexpected(beside.error());
  for (const std::string& name : *beside)  // of an atomic write that a kill cut short
    if (name.ends_with(".new")) ::unlink((state_folder_ + "/" + name).c_str());
  const std::string folder = state_folder_ + "/spool";
  const auto names = names_in(folder);
  if (!names) return tl::unexpected(names.error());
  for (const std::string& name : *names) {
    const auto sequence = sequence_of(name);
    struct stat status {};
    const std::string path = folder + "/" + name;
    if (!sequence || ::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
      ::unlink(path.c_str());  // what a kill left of an unfinished add()
      continue;
    }
    if (*sequence <= delivered_.sequence) {  // acknowledged, and killed before it was forgotten
      ::unlink(path.c_str());
      continue;
    }
    sizes_[*sequence] = static_cast<std::uint64_t>(status.st_size);
  }
  for (const std::uint64_t sequence : sequences()) {
    if (read(sequence)) continue;
    log_warning("spool: scan " + std::to_string(sequence) + " is damaged on disk and is given up");
    if (auto dropped = drop(sequence); !dropped) return dropped;
  }
  return {};
}

std::vector<std::uint64_t> Spool::sequences() const {
  std::vector<std::uint64_t> all;
  for (const auto& [sequence, size] : sizes_) all.push_back(sequence);
  return all;
}

std::uint64_t Spool::next_sequence() const {
  return std::max(delivered_.sequence, sizes_.empty() ? 0 : sizes_.rbegin()->first) + 1;
}

std::string Spool::path_of(std::uint64_t sequence) const {
  std::string digits = std::to_string(sequence);
  return state_folder_ + "/spool/" + std::string(kNameDigits - digits.size(), '0') + digits +
         std::string(kEnding);
}

Result<void> Spool::save() const {
  const json state = {{"sequence", delivered_.sequence},
                      {"dropped", delivered_.dropped},
                      {"scanned_at", delivered_.scanned_at},
                      {"sections", delivered_.sections}};
  return write_file_atomic(state_folder_ + "/delivered.json", state.dump(1) + "\n", 0600);
}

Result<void> Spool::write(std::uint64_t sequence, std::string_view document) {
  const std::string packed = compress_zstd(document);
  const std::string record = std::string(kMagic) + sha256_hex(packed) + "\n" + packed;
  if (auto written = write_file_atomic(path_of(sequence), record, 0600); !written)
    return fail("spool", written.error());
  sizes_[sequence] = record.size();
  return {};
}

Result<void> Spool::add(std::uint64_t sequence, std::string_view document, std::int64_t now) {
  const auto bytes = [&] {
    std::uint64_t sum = 0;
    for (const auto& [number, size] : sizes_) sum += size;
    return sum;
  };
  if (auto written = write(sequence, document); !written) return written;
  while (sizes_.size() > 1 && (sizes_.size() > kMostSpooledScans || bytes() > kMostSpooledBytes)) {
    log_warning("spool: full; scan " + std::to_string(sizes_.begin()->first) + ", the oldest, is given up");
    if (auto dropped = drop(sizes_.begin()->first); !dropped) return dropped;
  }
  delivered_.scanned_at = now;
  return save();
}

Result<std::string> Spool::read(std::uint64_t sequence) const {
  const auto record = read_file(path_of(sequence), kMaxFileBytes);
  if (!record) return record;
  const std::string_view text = *record;
  const std::size_t head = kMagic.size() + kDigestLength;
  const bool whole = text.size() > head && text.starts_with(kMagic) && text[head] == '\n' &&
                     sha256_hex(text.substr(head + 1)) == text.substr(kMagic.size(), kDigestLength);
  if (!whole) return fail(ErrorKind::invalid, path_of(sequence) + ": its checksum does not fit");
  return decompress_zstd(text.substr(head + 1));
}

Result<void> Spool::acknowledge(std::uint64_t sequence, std::map<std::string, std::string> sections,
                                std::uint64_t told_dropped) {
  delivered_.dropped -= std::min(delivered_.dropped, told_dropped);
  delivered_.sequence = std::max(delivered_.sequence, sequence);
  delivered_.sections = std::move(sections);
  if (auto saved = save(); !saved) return saved;
  return remove(sequence);
}

Result<void> Spool::drop(std::uint64_t sequence) {
  ++delivered_.dropped;
  if (auto saved = save(); !saved) return saved;
  return remove(sequence);
}

Result<void> Spool::remove(std::uint64_t sequence) {
  const std::string path = path_of(sequence);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return fail(ErrorKind::io, path + ": " + std::strerror(errno));
  sizes_.erase(sequence);
  return sync_folder(state_folder_ + "/spool");
}

Result<void> Spool::renumber(std::uint64_t sequence, std::uint64_t to, std::string_view document) {
  if (auto written = write(to, document); !written) return written;
  return remove(sequence);
}

Result<void> Spool::forget_sections() {
  delivered_.sections.clear();
  return save();
}

Result<void> clear_spool(const std::string& state_folder) {
  const std::string folder = state_folder + "/spool";
  if (::access(folder.c_str(), F_OK) == 0) {
    const auto names = names_in(folder);
    if (!names) return fail("spool", names.error());
    for (const std::string& name : *names) ::unlink((folder + "/" + name).c_str());
    if (auto synced = sync_folder(folder); !synced) return fail("spool", synced.error());
  }
  ::unlink((state_folder + "/delivered.json").c_str());
  return sync_folder(state_folder);
}

}  // namespace plumbline
