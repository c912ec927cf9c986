// SPDX-License-Identifier: Apache-2.0
// What templates are filled with, and what every page says alike: findings, actions, workloads, gates, coverage.
// A view is a tree of strings, lists and truths; the template decides where they stand, and escapes them.
#pragma once

#include <kainjow/mustache.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/report/report.h"
#include "collector/report/wording.h"
#include "rules/fact_values.h"

namespace plumbline {

using View = kainjow::mustache::data;

View view_list();
/// The text, or false where it is empty, so that a section around it vanishes.
View maybe(std::string text);

/// A page of the site: the template inside the layout with navigation.
std::string render_page(std::string_view template_name, std::string_view title, View view, const ReportInput& input, const PageContext& context);
/// The same template as a file of its own, with the style inside.
std::string render_file(std::string_view template_name, std::string_view title, View view);
/// A page without navigation: login and errors.
std::string render_bare(std::string_view template_name, std::string_view title, View view);

enum class Altitude { it, cio, ceo };

/// What was read where a rule was judged, for one host.
Evidence evidence_on(const ReportInput& input, std::size_t rule, std::size_t host);
/// The same for many rules of one host, whose facts are read once. The input must outlive it.
class HostEvidence {
 public:
  HostEvidence(const ReportInput& input, std::size_t host);
  Evidence of(std::size_t rule) const;

 private:
  const ReportInput& input_;
  std::size_t host_;
  std::optional<FactValues> facts_;  // nothing where they are no longer kept
};
/// For a fleet rule: from the aggregates.
Evidence evidence_on_fleet(const ReportInput& input, std::size_t rule);
/// The finding in the reader's words; names of hosts never appear at the CEO's altitude.
std::string finding_sentence(const ReportInput& input, std::size_t rule, Altitude altitude);
/// "Set PermitRootLogin no, …": the first sentence of the fix that gains most among an action's rules.
std::string action_title(const ReportInput& input, const Action& action);
std::size_t leading_rule(const ReportInput& input, const Action& action);

View finding_row(const ReportInput& input, std::size_t rule);
View action_row(const ReportInput& input, const Action& action);
View workload_row(const ReportInput& input, const WorkloadResult& workload);
View score_view(const ReportInput& input);
View pillar_rows(const ReportInput& input);
View gate_rows(const ReportInput& input);
View coverage_view(const ReportInput& input);
View change_view(const ReportInput& input);

/// Words and marks of states; the class name is a word of our own.
struct Word { std::string_view text, css; };
Word verdict_word(Verdict verdict);
Word severity_word(Severity severity);
Word state_word(const WorkloadResult& workload, std::string& text);

/// The host's name, or "unnamed 2bd4c9ab" from its id.
std::string host_title(const AssessedHost& host);
/// Workloads as a reader wants them: ready, after changes, unknown, not here.
std::vector<const WorkloadResult*> workloads_in_order(const ReportInput& input);
/// Below this share of known checks nobody should decide anything.
inline constexpr double kLeastKnownToDecide = 0.5;

/// Gates that hold the level below what the score alone would give.
std::vector<std::size_t> holding_gates(const ReportInput& input);
std::string host_count(const ReportInput& input);
/// Title of a packaging family: "Debian and Ubuntu".
std::string family_title(std::string_view family);
View fix_view(const Rule& rule, bool open);
/// Waivers that count or have expired: "accepted risk: 4.0 points until 31 March 2027"; of one rule, or of all.
View accepted_rows(const ReportInput& input, std::optional<std::size_t> rule);
/// The same in one sentence for a verdict that is waived; empty where none is.
std::string acceptance_of(const ReportInput& input, std::size_t rule, std::size_t host);
/// A rule's named values on a host, or on the fleet where it is judged there.
View named_evidence_rows(const ReportInput& input, std::size_t rule, std::optional<std::size_t> host);
View reference_rows(const Rule& rule);

}  // namespace plumbline
