// SPDX-License-Identifier: Apache-2.0
// "AI in use today" as a page, as JSON and as a table.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "collector/report/report.h"
#include "collector/report/table.h"
#include "collector/report/view.h"
#include "rules/incidents.h"

namespace plumbline {

/// The hosts of one page are read; figures above are the whole fleet's.
std::string page_ai(const ReportInput& input, const PageContext& context);
/// {"totals":{…},"services":[…],"hosts_left_out":0}: services of so many hosts, most exposed first, from the `skip`-th on.
nlohmann::json ai_json(const ReportInput& input, std::size_t skip, std::size_t most_hosts);
inline constexpr std::size_t kAiHostsInJson = 100;
/// One row a service, job, package or image, by host.
Table ai_table(const ReportInput& input);
std::string render_ai_csv(const ReportInput& input);

/// An incident as finding pages and this one show it.
View incident_view(const Incident& incident);
/// Whether there are words for it.
bool is_known_exposure(std::string_view exposure);
/// "Model server" for model_server.
std::string category_title(std::string_view category);

}  // namespace plumbline
