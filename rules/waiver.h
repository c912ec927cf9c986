// SPDX-License-Identifier: Apache-2.0
// Waivers: risks that somebody accepted, for named hosts and until a day. A waived verdict keeps its price.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/source.h"

namespace plumbline {

struct Waiver {
  std::string rule;
  std::string hosts;       // a glob over host names; "*" for all
  std::string owner;       // who answers for it
  std::string reason;
  std::string until;       // the last day it counts: "2027-03-31"
  std::int64_t ends = 0;   // the first second it no longer counts, UTC
  std::string file;
  Place place;
};

/// `*` stands for any characters, `?` for one; letters are compared without regard to case, as host names are.
bool matches_glob(std::string_view glob, std::string_view name);

/// Whether it counts at a moment.
bool is_active(const Waiver& waiver, std::int64_t moment);
/// Whether it is meant for this host.
bool covers(const Waiver& waiver, std::string_view host_name);

}  // namespace plumbline
