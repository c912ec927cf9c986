// SPDX-License-Identifier: Apache-2.0
// The system's time zone database: offsets from UTC of named zones (RFC 8536 files).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace plumbline::cel {

/// Seconds east of UTC in this zone at this moment. Nothing where the system has no such zone.
std::optional<std::int64_t> named_zone_offset_seconds(std::string_view zone, std::int64_t at_seconds);

}  // namespace plumbline::cel
