// SPDX-License-Identifier: Apache-2.0
// A past moment on the command line, and the fleet as it was then.
#include <fmt/format.h>

#include "base/text.h"
#include "collector/commands/common.h"
#include "collector/report/trend.h"

namespace plumbline {
Result<std::int64_t> read_moment(std::string_view option, const std::string& text) {
  if (const auto moment = parse_moment(text)) return *moment;
  return fail(ErrorKind::invalid, fmt::format("{} '{}' is no date such as 2026-11-23, nor a moment such as 2026-11-23T12:00:00Z", option, printable(text)));
}

Result<OpenFleet> open_fleet(const StateOptions& options, const std::string& as_of) {
  if (as_of.empty()) return open_fleet(options);
  const auto moment = read_moment("--as-of", as_of);
  if (!moment) return tl::unexpected(moment.error());
  OpenFleet open;
  auto store = open_state_store(options.state, options.store_url);
  if (!store) return tl::unexpected(store.error());
  open.store = std::move(*store);
  auto rules = rules_for(options);
  if (!rules) return tl::unexpected(rules.error());
  auto view = view_as_of(*open.store, std::move(*rules), *moment);
  if (!view) return tl::unexpected(view.error());
  if ((*view)->assessment().hosts.empty())
    return fail(ErrorKind::not_found, "--as-of " + printable(as_of) + ": no host had sent a scan by then; plumbline-collector trend tells the days that are known");
  open.view = std::move(*view);
  return open;
}

Result<void> show_outlook(const FleetView& view) {
  if (view.assessment().hosts.size() > kMostOutlookHosts) {
    view.show_outlook(nullptr, {0, false, fmt::format("more than {} hosts", kMostOutlookHosts)});
    return {};
  }
  auto outlook = run_outlook(view.shared_rules(), view.facts());
  if (!outlook) return tl::unexpected(outlook.error());
  view.show_outlook(*outlook, {(*outlook)->computed_at, false, {}});
  return {};
}

}  // namespace plumbline
