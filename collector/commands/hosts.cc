// SPDX-License-Identifier: Apache-2.0
// `hosts`: every host with its score and the age of its scan; `hosts deny` and `hosts allow`.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/time.h"
#include "collector/commands/common.h"

namespace plumbline {
namespace {

nlohmann::json host_json(const HostRow& row, const FleetView& view) {
  nlohmann::json host = {{"id", row.id}, {"name", row.name}, {"enrolled_at", to_iso8601(row.enrolled_at)}, {"denied", row.denied}};
  if (!row.sequence) return host;
  host["scans"] = *row.sequence;
  host["sequence"] = *row.sequence;
  host["taken_at"] = to_iso8601(row.taken_at);
  host["received_at"] = to_iso8601(row.received_at);
  if (const auto index = view.find_host(row.id)) {
    const Score score = score_of_host(view.rules(), view.assessment().hosts[*index]);
    if (score.value) host["score"] = show_points(*score.value);
    host["level"] = score.level;
  }
  return host;
}

std::string host_line(const HostRow& row, const nlohmann::json& host, std::int64_t now) {
  const std::string seen = row.sequence ? age(now - row.received_at) : std::string("no scan yet");
  return fmt::format("{:<28} {}  {:>6}  {:<14}{}\n", printable(row.name.empty() ? "(no name)" : row.name), row.id,
                     host.value("score", "-"), seen, row.denied ? "  denied" : "");
}

// By id, or by a name that only one host has.
Result<std::string> id_of(Store& store, const std::string& host) {
  if (is_host_id(host)) return host;
  const auto rows = store.hosts();
  if (!rows) return tl::unexpected(rows.error());
  std::vector<std::string> found;
  for (const HostRow& row : *rows)
    if (row.name == host) found.push_back(row.id);
  if (found.size() == 1) return found.front();
  return fail(ErrorKind::not_found, "host " + printable(host) + (found.empty() ? ": it is not enrolled here" : ": several hosts have this name; give the id") +
                                        "; list them with: plumbline-collector hosts");
}

}  // namespace

int run_hosts(const StateOptions& options) {
  const auto open = open_fleet(options);
  if (!open) return report_error(open.error());
  const auto rows = open->store->hosts();
  if (!rows) return report_error(rows.error());
  nlohmann::json list = nlohmann::json::array();
  const std::int64_t now = now_seconds();
  for (const HostRow& row : *rows) {
    nlohmann::json host = host_json(row, *open->view);
    if (!options.json) print(host_line(row, host, now));
    list.push_back(std::move(host));
  }
  if (options.json) print(list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  else if (rows->empty()) print("No host is enrolled yet; make a token with: plumbline-collector token create\n");
  return kExitOk;
}

int run_hosts_deny(const StateOptions& options, const std::string& host, bool denied) {
  const auto store = open_state_store(options.state, options.store_url);
  if (!store) return report_error(store.error());
  const auto id = id_of(**store, host);
  if (!id) return report_error(id.error());
  if (auto changed = (*store)->set_denied(*id, denied); !changed) return report_error(changed.error());
  if (auto noted = (*store)->add_audit(local_actor(), denied ? "host.deny" : "host.allow", *id, "", now_seconds()); !noted) return report_error(noted.error());
  print(std::string(denied ? "Denied" : "Allowed") + " host " + *id + (denied ? ". Its open connections close within a second.\n" : ".\n"));
  return kExitOk;
}

}  // namespace plumbline
