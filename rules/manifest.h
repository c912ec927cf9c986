// SPDX-License-Identifier: Apache-2.0
// The list that is signed for a pack: its id, version, dates, and every file with size and SHA-256. There is one way to
// write it, so a reader needs no tolerance:
//
//   plumbline pack manifest 1
//   pack ssh
//   version 2026.11.0
//   signed 2026-11-23T19:35:00Z
//   expires 2027-11-23
//   file 412 <64 hexadecimal digits> pack.yaml
//   file 9180 <64 hexadecimal digits> rules.yaml
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace plumbline {

inline constexpr std::string_view kManifestName = "pack.manifest";
inline constexpr std::string_view kManifestSignatureName = "pack.manifest.minisig";
inline constexpr std::size_t kMaxManifestBytes = 64u << 10;
inline constexpr std::size_t kMaxPackBytes = 16u << 20;  // all files of a signed pack

struct ManifestFile {
  std::string name;
  std::uint64_t size_bytes = 0;
  std::string sha256_hex;
};

struct PackManifest {
  std::string pack;
  std::string version;
  std::int64_t signed_at = 0;  // UTC seconds
  std::int64_t expires = 0;    // midnight UTC of the day from which on it no longer holds
  std::vector<ManifestFile> files;  // sorted by name
};

/// Names and contents, sorted by name.
using PackFiles = std::vector<std::pair<std::string, std::string>>;

std::string manifest_text(const PackManifest& manifest);
/// Fails with invalid at anything that manifest_text() would not have written.
Result<PackManifest> read_manifest(std::string_view bytes);
/// Adds the row of each file. Fails where a name or size is none that a signed pack may have.
Result<PackManifest> list_files(PackManifest manifest, const PackFiles& files);

/// Letters, digits and . _ - without a leading dot or dash: names that are the same on every file system.
bool is_pack_file_name(std::string_view name);
/// Less than, equal to or greater than 0: dotted numbers, "2026.9.3" before "2026.11.0".
int compare_versions(std::string_view a, std::string_view b);
/// "2026.11.0": one to six numbers of at most nine digits.
bool is_pack_version(std::string_view text);

}  // namespace plumbline
