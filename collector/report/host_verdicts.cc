// SPDX-License-Identifier: Apache-2.0
// One row a host rule, in the order of the packs.
#include "collector/report/host_verdicts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "collector/report/view.h"

namespace plumbline {
namespace {

nlohmann::json verdict_row(const Rule& rule, Verdict verdict, const Evidence& evidence) {
  nlohmann::json row = {{"rule", rule.id},
                        {"verdict", to_text(verdict)},
                        {"severity", to_text(rule.severity)},
                        {"expected", rule.expected},
                        {"missing", evidence.missing},
                        {"references", rule.references}};
  if (verdict == Verdict::not_applicable) row["not_applicable"] = to_utf8(evidence.not_applicable);
  else row["observed"] = to_utf8(evidence.observed);
  return row;
}

}  // namespace

std::optional<nlohmann::json> host_verdicts(const ReportInput& input, std::string_view host_id) {
  const auto& hosts = input.assessment->hosts;
  const auto found = std::find_if(hosts.begin(), hosts.end(), [&](const AssessedHost& host) { return host.id == host_id; });
  if (found == hosts.end()) return std::nullopt;
  const HostEvidence evidence(input, static_cast<std::size_t>(found - hosts.begin()));
  nlohmann::json rows = nlohmann::json::array();
  const auto& verdicts = found->judgement.verdicts;
  for (std::size_t rule = 0; rule < verdicts.size() && rule < input.rules->rules.size(); ++rule) {
    const Rule& about = input.rules->rules[rule];
    if (!about.fleet) rows.push_back(verdict_row(about, verdicts[rule], evidence.of(rule)));
  }
  return nlohmann::json{{"id", found->id}, {"name", to_utf8(found->name)}, {"taken_at", found->taken_at}, {"verdicts", std::move(rows)}};
}

}  // namespace plumbline
