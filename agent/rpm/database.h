// SPDX-License-Identifier: Apache-2.0
// rpm's database in its three forms: SQLite (Fedora 33, RHEL 9 and later), Berkeley DB (RHEL 7 and 8, Amazon
// Linux 2) and rpm's own "ndb" (SUSE). Read without rpm, without locks and without writing.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

/// The packages as lines "name<tab>version<tab>vendor" sorted by name; keys that rpm keeps as packages
/// (gpg-pubkey) are left out. `place` is what open(2) takes, `path` is what the file is called in errors.
/// Fails with limit above kMaxRpmPackages and with invalid where nothing of the file is a package.
Result<std::string> list_rpm_packages(const std::string& place, std::string_view path);

inline constexpr std::size_t kMaxRpmPackages = 20'000;

/// Takes the beginning of one header (up to kRpmHeadBytes); false ends the reading.
using RpmVisit = std::function<bool(std::string_view head)>;

// One reader a form; `file` is an open descriptor of a regular file.
Result<void> visit_sqlite_headers(int file, std::string_view path, const RpmVisit& visit);
Result<void> visit_berkeley_headers(int file, std::string_view path, const RpmVisit& visit);
Result<void> visit_ndb_headers(int file, std::string_view path, const RpmVisit& visit);

/// Up to `size` bytes at `offset`; fewer at the end of the file.
Result<std::string> read_at(int file, std::string_view path, std::uint64_t offset, std::size_t size);
/// Four bytes at `at` as this format's little-endian number; 0 where they are not there.
std::uint32_t little_u32(std::string_view bytes, std::size_t at);

}  // namespace plumbline
