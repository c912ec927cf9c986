// SPDX-License-Identifier: Apache-2.0
// /outlook, and the clock and the trend for programs.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/time.h"
#include "collector/report/decision_pages.h"
#include "collector/report/trend.h"
#include "collector/web/area_routes.h"
#include "collector/web/shown.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostPoints = 10'000;  // of the history, newest first

Response api_outlook(const Request&, const ReportInput& input, const PageContext&) {
  if (input.outlook != nullptr) return json_body(to_json(*input.rules, *input.outlook));
  const bool waiting = input.outlook_state.problem.empty();
  Response response = problem(503, waiting ? "the outlook is being computed" : "the outlook could not be computed: " + input.outlook_state.problem, "ask again in a minute");
  response.headers.emplace_back("Retry-After", "60");
  return response;
}

Response api_trend(Web& web, const Request& request) {
  const auto moment = [&](const char* name, std::int64_t otherwise) -> std::optional<std::int64_t> {
    const auto found = request.query.find(name);
    return found == request.query.end() || found->second.empty() ? otherwise : parse_moment(found->second);
  };
  const auto from = moment("from", 0), to = moment("to", web.clock());
  if (!from || !to) return problem(400, std::string(from ? "to" : "from") + " is no date such as 2026-11-23", "give a date, or a moment such as 2026-11-23T12:00:00Z");
  const auto history = web.store->scores(kMostPoints);
  if (!history) return problem(503, "the history cannot be read right now", "try again in a moment");
  return json_body(canonical_json(trend_json(trend_between(*history, *from, *to))));
}

}  // namespace

void add_outlook_routes(Web& web, std::vector<Route>& routes) {
  routes.push_back({"GET", "/outlook", Permission::viewer, shown(web, [](const Request&, const ReportInput& input, const PageContext& context) { return html(page_outlook(input, context)); })});
  routes.push_back({"GET", "/api/v1/outlook", Permission::viewer, shown(web, api_outlook)});
  routes.push_back({"GET", "/api/v1/trend", Permission::viewer, at_once([&web](const Request& request) { return api_trend(web, request); })});
}

}  // namespace plumbline
