// SPDX-License-Identifier: Apache-2.0
// Reads the changes, looks at what they would cost, and judges.
#include "collector/web/what_if_answers.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "collector/report/phrases.h"
#include "rules/waiver.h"

namespace plumbline {
namespace {

std::string count_text(std::size_t number) { return grouped(static_cast<std::int64_t>(number)); }

Result<std::vector<FactChange>> read_changes(const WhatIfQuestion& question, const RuleSet& rules) {
  std::vector<std::string> lines;
  const std::string on = trim(question.hosts).empty() ? std::string() : " on " + std::string(trim(question.hosts));
  for (const std::string& action : question.actions) lines.push_back("do " + action + on);
  auto changes = parse_changes("actions", join(lines, "\n"), rules);
  if (!changes) return changes;
  auto edits = parse_changes("changes", question.edits, rules);
  if (!edits) return edits;
  changes->insert(changes->end(), std::make_move_iterator(edits->begin()), std::make_move_iterator(edits->end()));
  return changes;
}

std::size_t edited_hosts(const std::vector<AssessedHost>& hosts, const std::vector<FactChange>& changes) {
  return static_cast<std::size_t>(std::count_if(hosts.begin(), hosts.end(), [&](const AssessedHost& host) {
    return std::any_of(changes.begin(), changes.end(), [&](const FactChange& change) {
      const auto* edit = std::get_if<FactEdit>(&change.what);
      return edit != nullptr && (edit->hosts == host.id || matches_glob(edit->hosts, host.name));
    });
  }));
}

// Why a page does not answer; empty where it does.
std::string refusal(const ReportInput& input, const WhatIfQuestion& question, const std::vector<FactChange>& changes) {
  const auto& hosts = input.assessment->hosts;
  if (question.edits.size() > kMostEditBytes) return say("whatif.too_long", {{"most", count_text(kMostEditBytes)}});
  if (hosts.size() > kMostWhatIfHosts) return say("whatif.too_many_hosts", {{"hosts", say_count("count.hosts", hosts.size())}, {"most", count_text(kMostWhatIfHosts)}});
  if (const std::size_t edited = edited_hosts(hosts, changes); edited > kMostEditedHosts)
    return say("whatif.too_many_edited", {{"hosts", say_count("count.hosts", edited)}, {"most", count_text(kMostEditedHosts)}});
  return {};
}

}  // namespace

Result<std::string> WhatIfAnswers::document(const ReportInput& input, std::size_t host) {
  const AssessedHost& about = input.assessment->hosts.at(host);
  const auto kept = scans_.find(about.id);
  if (kept != scans_.end() && kept->second.taken_at == about.taken_at) return kept->second.document;
  if (!input.document) return fail(ErrorKind::not_found, "its scan is not kept");
  auto read = input.document(host);
  if (!read) return read;
  if (kept != scans_.end()) {
    bytes_ -= kept->second.document.size();
    scans_.erase(kept);
  }
  if (bytes_ + read->size() > kMostKeptScanBytes) {
    scans_.clear();
    bytes_ = 0;
  }
  bytes_ += read->size();
  scans_.insert_or_assign(about.id, KeptScan{about.taken_at, *read});
  return read;
}

WhatIfAnswer WhatIfAnswers::answer(const ReportInput& input, const WhatIfQuestion& question) {
  WhatIfAnswer out;
  if (question.empty()) return out;
  out.problem = refusal(input, question, {});
  if (!out.problem.empty()) return out;
  auto changes = read_changes(question, *input.rules);
  if (!changes) {
    out.problem = changes.error().message;
    return out;
  }
  out.problem = refusal(input, question, *changes);
  if (!out.problem.empty()) return out;
  const FleetFacts fleet{input.assessment->hosts, [&](std::size_t host) { return document(input, host); }};
  auto result = what_if(*input.rules, RuleIndex(*input.rules), fleet, *changes);
  if (!result) {
    out.problem = result.error().message;
    return out;
  }
  out.changes = std::move(*changes);
  out.result = std::move(*result);
  return out;
}

}  // namespace plumbline
