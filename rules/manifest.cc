// SPDX-License-Identifier: Apache-2.0
// Writes and reads pack manifests.
#include "rules/manifest.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "base/time.h"
#include "rules/files.h"

namespace plumbline {
namespace {

constexpr std::string_view kFirstLine = "plumbline pack manifest 1";
constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kMaxNameBytes = 100;

tl::unexpected<Error> bad_line(std::size_t index, const std::string& why) {
  return fail(ErrorKind::invalid, "line " + std::to_string(index + 1) + " of the manifest: " + why);
}

// The value of "key value", or nothing.
std::optional<std::string_view> value_of(const std::vector<std::string_view>& rows, std::size_t index, std::string_view key) {
  if (index >= rows.size() || !rows[index].starts_with(key) || rows[index].size() <= key.size() || rows[index][key.size()] != ' ') return std::nullopt;
  return rows[index].substr(key.size() + 1);
}

// "9180 <sha256> rules.yaml"
std::optional<ManifestFile> read_file_row(std::string_view row) {
  const auto parts = split(row, ' ');
  if (parts.size() != 3 || parts[1].size() != kHashDigits || !is_pack_file_name(parts[2])) return std::nullopt;
  if (parts[1].find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  const auto size = parse_u64(parts[0]);
  if (!size || *size > kMaxRuleFileBytes) return std::nullopt;
  return ManifestFile{std::string(parts[2]), *size, std::string(parts[1])};
}

bool is_pack_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxNameBytes &&
         std::all_of(id.begin(), id.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

// "2027-11-23"
std::string date_text(std::int64_t seconds) { return to_iso8601(seconds).substr(0, 10); }

Result<void> check_bounds(const PackManifest& manifest) {
  std::uint64_t total = 0;
  for (const ManifestFile& file : manifest.files) total += file.size_bytes;
  if (manifest.files.size() > kMaxFilesPerFolder) return fail(ErrorKind::limit, "more than " + std::to_string(kMaxFilesPerFolder) + " files; split the pack");
  if (total > kMaxPackBytes) return fail(ErrorKind::limit, "more than " + std::to_string(kMaxPackBytes) + " bytes in all; split the pack");
  return {};
}

}  // namespace

bool is_pack_file_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || name[0] == '.' || name[0] == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

bool is_pack_version(std::string_view text) {
  constexpr std::size_t kMostParts = 6, kMostDigits = 9;
  const auto parts = split(text, '.');
  return parts.size() <= kMostParts && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return part.size() <= kMostDigits && parse_u64(part) && std::to_string(*parse_u64(part)) == part;
  });
}

int compare_versions(std::string_view a, std::string_view b) {
  const auto left = split(a, '.'), right = split(b, '.');
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const auto x = i < left.size() ? parse_u64(left[i]).value_or(0) : 0;
    const auto y = i < right.size() ? parse_u64(right[i]).value_or(0) : 0;
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

std::string manifest_text(const PackManifest& manifest) {
  std::string text = std::string(kFirstLine) + "\npack " + manifest.pack + "\nversion " + manifest.version + "\nsigned " + to_iso8601(manifest.signed_at) +
                     "\nexpires " + date_text(manifest.expires) + "\n";
  for (const ManifestFile& file : manifest.files) text += "file " + std::to_string(file.size_bytes) + " " + file.sha256_hex + " " + file.name + "\n";
  return text;
}

Result<PackManifest> read_manifest(std::string_view bytes) {
  if (bytes.size() > kMaxManifestBytes) return fail(ErrorKind::limit, "the manifest is longer than " + std::to_string(kMaxManifestBytes) + " bytes");
  const auto rows = split(bytes, '\n');
  if (rows[0] != kFirstLine) return bad_line(0, "\"" + std::string(kFirstLine) + "\" must stand there; a newer Plumbline may be needed");
  const auto pack = value_of(rows, 1, "pack"), version = value_of(rows, 2, "version"), signed_at = value_of(rows, 3, "signed"), expires = value_of(rows, 4, "expires");
  if (!pack || !is_pack_id(*pack)) return bad_line(1, "\"pack\" and the pack's id must stand there");
  if (!version || !is_pack_version(*version)) return bad_line(2, "\"version\" and a version such as 2026.11.0 must stand there");
  if (!signed_at || !parse_iso8601(*signed_at)) return bad_line(3, "\"signed\" and a time must stand there");
  if (!expires || !parse_date(*expires)) return bad_line(4, "\"expires\" and a date must stand there");
  PackManifest manifest{std::string(*pack), std::string(*version), *parse_iso8601(*signed_at), *parse_date(*expires), {}};
  for (std::size_t i = 5; i + 1 < rows.size(); ++i) {
    const auto row = value_of(rows, i, "file");
    auto file = row ? read_file_row(*row) : std::nullopt;
    if (!file) return bad_line(i, "\"file\", a size, a SHA-256 and a name must stand there");
    if (!manifest.files.empty() && manifest.files.back().name >= file->name) return bad_line(i, "names must stand in order and only once");
    manifest.files.push_back(std::move(*file));
  }
  if (auto bounded = check_bounds(manifest); !bounded) return tl::unexpected(bounded.error());
  // Two spellings of one list would be two readings of it.
  if (manifest_text(manifest) != bytes) return fail(ErrorKind::invalid, "the manifest is not written as manifests are");
  return manifest;
}

Result<PackManifest> list_files(PackManifest manifest, const PackFiles& files) {
  for (const auto& [name, text] : files) {
    if (!is_pack_file_name(name)) return fail(ErrorKind::invalid, name + ": a signed pack's file names hold letters, digits and . _ - only; rename it");
    if (text.size() > kMaxRuleFileBytes) return fail(ErrorKind::limit, name + ": longer than " + std::to_string(kMaxRuleFileBytes) + " bytes; split it");
    manifest.files.push_back({name, text.size(), sha256_hex(text)});
  }
  std::sort(manifest.files.begin(), manifest.files.end(), [](const ManifestFile& a, const ManifestFile& b) { return a.name < b.name; });
  if (auto bounded = check_bounds(manifest); !bounded) return tl::unexpected(bounded.error());
  if (!is_pack_id(manifest.pack)) return fail(ErrorKind::invalid, "'" + manifest.pack + "' is no id of a pack");
  if (!is_pack_version(manifest.version)) return fail(ErrorKind::invalid, "'" + manifest.version + "' is no version such as 2026.11.0");
  return manifest;
}

}  // namespace plumbline
