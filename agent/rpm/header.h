// SPDX-License-Identifier: Apache-2.0
// One header of rpm's database: the tags that tell which package it is.
//
// rpm keeps a package as index count and data length (32 bits each, big-endian), the index (16 bytes an
// entry: tag, type, offset, count) and the data that the offsets point into. Bytes of the database are
// hostile: nothing is believed before it was compared with what is there.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace plumbline {

struct RpmPackage {
  std::string name;
  std::string version;  // "1:3.0.7-27.el9", without the epoch where it is 0
  std::string vendor;   // "Rocky Enterprise Software Foundation"; empty where the package has none
};

/// No more of a header than this is read: name, version and vendor stand at its beginning, before the lists
/// of files.
inline constexpr std::size_t kRpmHeadBytes = 256u << 10;

/// `head` may be the beginning of a longer header. Nothing where it is no header or has neither name nor
/// version.
std::optional<RpmPackage> parse_rpm_header(std::string_view head);

}  // namespace plumbline
