// SPDX-License-Identifier: Apache-2.0
// Every verdict of one host with what was read, what is missing, or why the rule does not concern it, for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "collector/report/report.h"

namespace plumbline {

/// {"id":…,"name":…,"taken_at":…,"verdicts":[{"rule":…,"verdict":"not_applicable","severity":…,"observed":…,"expected":…,
/// "missing":[…],"not_applicable":"its roles: web server; asked of: database"}]}; nothing where there is no such host.
std::optional<nlohmann::json> host_verdicts(const ReportInput& input, std::string_view host_id);

}  // namespace plumbline
