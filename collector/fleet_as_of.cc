// SPDX-License-Identifier: Apache-2.0
// The fleet as it was: scans of a past moment, judged by the rules of anybody's choice.
#include <algorithm>
#include <tuple>

#include "base/log.h"
#include "collector/fleet.h"
#include "collector/judging.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostPoints = 120'000;  // of the history, newest first, among which those of then are looked for

struct ThenHost {
  AssessedHost host;
  std::uint64_t sequence = 0;
};

Result<ThenHost> host_of(const StoredDocument& stored, const RuleSet& rules, StoredJudge& judge) {
  auto packed = judge.judge(stored, rules);
  if (!packed) {
    log_error(packed.error().message + "; its verdicts are unknown");
    packed = unknown_judgement(rules);
  }
  auto judgement = unpack_judgement(*packed, rules.rules.size(), rules.measures.size());
  if (!judgement) return tl::unexpected(judgement.error());
  return ThenHost{{stored.host_id, judge.host_name(), stored.taken_at, std::move(*judgement)}, stored.sequence};
}

Result<std::vector<ThenHost>> hosts_as_of(Store& store, const RuleSet& rules, std::int64_t moment) {
  std::vector<ThenHost> out;
  StoredJudge judge;
  std::string after;
  for (;;) {
    const auto page = store.scans_as_of(moment, after, {});
    if (!page) return tl::unexpected(page.error());
    if (page->empty()) break;
    for (const StoredDocument& stored : *page) {
      auto host = host_of(stored, rules, judge);
      if (!host) return tl::unexpected(host.error());
      out.push_back(std::move(*host));
    }
    after = page->back().host_id;
  }
  std::sort(out.begin(), out.end(), [](const ThenHost& a, const ThenHost& b) { return std::tie(a.host.name, a.host.id) < std::tie(b.host.name, b.host.id); });
  return out;
}

}  // namespace

Result<std::shared_ptr<const FleetView>> view_as_of(Store& store, std::shared_ptr<const RuleSet> rules, std::int64_t moment) {
  auto then = hosts_as_of(store, *rules, moment);
  if (!then) return tl::unexpected(then.error());
  const auto organisation = store.setting("organisation");
  if (!organisation) return tl::unexpected(organisation.error());
  auto history = store.scores(kMostPoints);
  if (!history) return tl::unexpected(history.error());
  std::erase_if(*history, [&](const ScorePoint& point) { return point.at > moment; });
  auto view = std::make_shared<FleetView>();
  view->rules_ = std::move(rules);
  view->organisation_ = organisation->value_or("");
  view->history_ = thinned_by_day(*history, moment);
  view->decisions_ = std::make_shared<CurrentDecisions>(store);
  std::vector<AssessedHost> hosts;
  std::vector<std::pair<std::string, std::uint64_t>> scans;
  for (ThenHost& one : *then) {
    scans.emplace_back(one.host.id, one.sequence);
    hosts.push_back(std::move(one.host));
    view->scores_.push_back(std::make_shared<FleetView::LazyScore>());
  }
  view->read_from(store, std::move(scans));
  view->assess_hosts(std::move(hosts));
  return std::shared_ptr<const FleetView>(std::move(view));
}

}  // namespace plumbline
