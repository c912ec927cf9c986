// SPDX-License-Identifier: Apache-2.0
// A scan as a page for a person at a terminal: grouped by section, human units, and sentences about what is
// not known.
#pragma once

#include <string>

#include "facts/scan.h"

namespace plumbline {

struct RenderOptions {
  bool colour = false;
  bool timings = false;
};

std::string render_scan(const Scan& scan, const RenderOptions& options);
/// "7.8 GiB", "512 B"
std::string human_bytes(double bytes);
/// "4 days 3 h", "12 min"
std::string human_seconds(double seconds);

}  // namespace plumbline
