// SPDX-License-Identifier: Apache-2.0
// `import`: scans that were carried here from hosts without a way to the collector.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/time.h"
#include "collector/commands/common.h"
#include "collector/history.h"
#include "collector/judging.h"

namespace plumbline {
namespace {

// A host that was never enrolled numbers no scans: they are numbered here in the order of their time.
void number_strangers_scan(Scan& scan, const std::optional<HostRow>& host) {
  if (!host || !host->sequence) scan.sequence = 1;
  else if (scan.taken_at > host->taken_at) scan.sequence = *host->sequence + 1;
  else scan.sequence = *host->sequence;
}

// What the collector keeps of the host's last scan goes into this one; a scan that cannot be read leaves nothing to keep.
Result<void> remember_last(Store& store, Scan& scan) {
  const auto stored = store.latest_scan(scan.host_id);
  if (!stored) return tl::unexpected(stored.error());
  const auto before = *stored ? read_stored(**stored) : Result<Scan>(fail(ErrorKind::not_found, "no scan before"));
  remember_sizes(scan, before ? &*before : nullptr);
  return {};
}

Result<Acceptance> import_one(Store& store, const RuleSet& rules, Scan scan, std::int64_t now) {
  const bool stranger = scan.host_id.empty();
  if (stranger) scan.host_id = host_id_of_stranger(scan);
  const auto host = store.host(scan.host_id);
  if (!host) return tl::unexpected(host.error());
  if (stranger) number_strangers_scan(scan, *host);
  if (!*host)
    if (auto added = store.add_host(scan.host_id, host_name_of(scan), now); !added) return tl::unexpected(added.error());
  if (auto remembered = remember_last(store, scan); !remembered) return tl::unexpected(remembered.error());
  const auto answers = store.accept({judge_for_store(scan, rules, now)});
  if (!answers) return tl::unexpected(answers.error());
  if (auto noted = store.add_audit(local_actor(), "scan.import", scan.host_id, std::to_string(scan.sequence), now); !noted) return tl::unexpected(noted.error());
  return answers->front();
}

std::string_view words_for(Acceptance acceptance) {
  switch (acceptance) {
    case Acceptance::accepted: return "accepted";
    case Acceptance::duplicate: return "duplicate";
    case Acceptance::stale: return "stale";
  }
  return "";
}

}  // namespace

int run_import(const ImportOptions& options) {
  // All are read before the first is stored, so that a bad file among good ones changes nothing.
  std::vector<Scan> scans;
  for (const std::string& path : options.scans) {
    auto scan = read_scan_file(path);
    if (!scan) return report_error(scan.error());
    scans.push_back(std::move(*scan));
  }
  std::stable_sort(scans.begin(), scans.end(), [](const Scan& a, const Scan& b) { return std::pair(a.sequence, a.taken_at) < std::pair(b.sequence, b.taken_at); });
  const auto store = open_state_store(options.common.state, options.common.store_url);
  if (!store) return report_error(store.error());
  const auto rules = rules_for(options.common);
  if (!rules) return report_error(rules.error());
  nlohmann::json list = nlohmann::json::array();
  for (const Scan& scan : scans) {
    const std::string name = host_name_of(scan);
    const auto acceptance = import_one(**store, **rules, scan, now_seconds());
    if (!acceptance) return report_error(acceptance.error());
    list.push_back({{"name", name}, {"result", words_for(*acceptance)}});
    if (options.common.json) continue;
    print(printable(name.empty() ? "(no name)" : name) + ": " + std::string(words_for(*acceptance)) +
          (*acceptance == Acceptance::stale ? ", a newer scan of this host is here already" : "") + "\n");
  }
  if (options.common.json) print(list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  return kExitOk;
}

}  // namespace plumbline
