// SPDX-License-Identifier: Apache-2.0
// From waivers to accepted risks.
#include "rules/accepted.h"

#include <algorithm>
#include <cmath>

#include "rules/score.h"

namespace plumbline {
namespace {

std::optional<std::size_t> index_of(const RuleSet& rules, const std::string& id) {
  auto at = std::lower_bound(rules.rules.begin(), rules.rules.end(), id, [](const Rule& rule, const std::string& wanted) { return rule.id < wanted; });
  if (at == rules.rules.end() || at->id != id) return std::nullopt;
  return static_cast<std::size_t>(at - rules.rules.begin());
}

void settle(AcceptedRisk& risk, bool active, bool fails) {
  if (!active) risk.state = RiskState::expired;
  else risk.state = fails ? RiskState::active : RiskState::unused;
}

void accept_on_hosts(const Waiver& waiver, std::vector<AssessedHost>& hosts, bool active, AcceptedRisk& risk) {
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    auto& verdicts = hosts[i].judgement.verdicts;
    if (risk.rule >= verdicts.size() || verdicts[risk.rule] != Verdict::fail || !covers(waiver, hosts[i].name)) continue;
    if (active) verdicts[risk.rule] = Verdict::waived;
    risk.hosts.push_back(i);
  }
}

}  // namespace

std::string_view to_text(RiskState state) {
  switch (state) {
    case RiskState::active: return "active";
    case RiskState::expired: return "expired";
    case RiskState::unused: return "unused";
  }
  return "";
}

std::vector<AcceptedRisk> accept_risks(const RuleSet& rules, std::vector<AssessedHost>& hosts, std::int64_t moment) {
  std::vector<AcceptedRisk> out;
  for (std::size_t i = 0; i < rules.waivers.size(); ++i) {
    auto rule = index_of(rules, rules.waivers[i].rule);
    if (!rule) continue;  // switched off by the site
    AcceptedRisk risk;
    risk.waiver = i;
    risk.rule = *rule;
    out.push_back(std::move(risk));
  }
  // Active ones first, whatever their order: what they take does not fail for an expired one to tell.
  for (bool active : {true, false}) {
    for (AcceptedRisk& risk : out) {
      const Waiver& waiver = rules.waivers[risk.waiver];
      if (rules.rules[risk.rule].fleet || is_active(waiver, moment) != active) continue;
      accept_on_hosts(waiver, hosts, active, risk);
      settle(risk, active, !risk.hosts.empty());
    }
  }
  return out;
}

void accept_fleet_risks(const RuleSet& rules, std::int64_t moment, std::vector<RuleResult>& results,
                        std::vector<AcceptedRisk>& risks) {
  for (AcceptedRisk& risk : risks) {
    if (!rules.rules[risk.rule].fleet) continue;
    Tally& tally = results[risk.rule].tally;
    bool active = is_active(rules.waivers[risk.waiver], moment);
    settle(risk, active, tally.fail > 0);
    if (risk.state != RiskState::active) continue;
    tally.waived += tally.fail;
    tally.fail = 0;
  }
}

void price_risks(const RuleSet& rules, std::vector<RuleResult>& results, std::vector<AcceptedRisk>& risks) {
  PillarSums known = known_sums(rules, results);
  for (RuleResult& result : results) {
    const Tally& tally = result.tally;
    if (tally.waived == 0) continue;
    // The points are lost in equal parts by every verdict that fails, waived or not.
    double lost = 10 * gain_of(rules, results, known, {result.rule});
    double one = lost / (tally.fail + tally.waived);
    result.accepted = std::min(result.gain, tenths(one * tally.waived / 10));
    std::vector<AcceptedRisk*> members;
    std::vector<double> shares;
    for (AcceptedRisk& risk : risks) {
      if (risk.rule != result.rule || risk.state != RiskState::active) continue;
      members.push_back(&risk);
      shares.push_back(one * (rules.rules[risk.rule].fleet ? 1.0 : static_cast<double>(risk.hosts.size())));
    }
    std::vector<int> parts = apportion(shares, result.accepted);
    for (std::size_t i = 0; i < members.size(); ++i) members[i]->points = parts[i];
  }
}

}  // namespace plumbline
