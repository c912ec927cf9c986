// SPDX-License-Identifier: Apache-2.0
// Evidence of findings, host by host, so that each scan is read once however many findings show it.
#include "collector/report/evidence_list.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostFindings = 200;

using Observed = std::map<std::pair<std::size_t, std::size_t>, std::string>;  // rule, host → what was read

Observed observe(const ReportInput& input, const std::vector<std::size_t>& findings, std::size_t most_hosts) {
  std::map<std::size_t, std::vector<std::size_t>> by_host;
  for (const std::size_t rule : findings) {
    const auto& failing = input.assessment->rules[rule].failing;
    for (std::size_t at = 0; at < failing.size() && at < most_hosts; ++at) by_host[failing[at]].push_back(rule);
  }
  Observed observed;
  for (const auto& [host, rules] : by_host) {
    const HostEvidence evidence(input, host);
    for (const std::size_t rule : rules) observed[{rule, host}] = evidence.of(rule).observed;
  }
  return observed;
}

View host_line(std::string name, const std::string& observed) {
  View row;
  put_text(row, "host_name", std::move(name));
  put_text(row, "observed", observed.empty() ? std::string("–") : observed);
  return row;
}

View finding_evidence(const ReportInput& input, std::size_t rule, std::size_t most_hosts, Altitude altitude, const Observed& observed) {
  const Rule& about = input.rules->rules[rule];
  const RuleResult& result = input.assessment->rules[rule];
  View row = finding_row(input, rule);
  put_text(row, "why", about.why);
  row["sentence"] = maybe(with_full_stop(finding_sentence(input, rule, altitude)));
  put_text(row, "expected", about.expected);
  View hosts = view_list();
  if (about.fleet) hosts.push_back(host_line(say("where.fleet"), evidence_on_fleet(input, rule).observed));
  for (std::size_t at = 0; at < result.failing.size() && at < most_hosts; ++at)
    hosts.push_back(host_line(host_title(input.assessment->hosts[result.failing[at]]), observed.at({rule, result.failing[at]})));
  row["evidence_hosts"] = std::move(hosts);
  row["evidence_more"] = maybe(result.failing.size() > most_hosts ? say_count("more.hosts", result.failing.size() - most_hosts) : "");
  return row;
}

}  // namespace

View evidence_list(const ReportInput& input, std::size_t most_hosts, Altitude altitude) {
  std::vector<std::size_t> findings = input.assessment->findings;
  if (findings.size() > kMostFindings) findings.resize(kMostFindings);
  const Observed observed = observe(input, findings, most_hosts);
  View rows = view_list();
  for (const std::size_t rule : findings) rows.push_back(finding_evidence(input, rule, most_hosts, altitude, observed));
  return rows;
}

}  // namespace plumbline
