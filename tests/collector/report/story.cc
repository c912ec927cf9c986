// SPDX-License-Identifier: Apache-2.0
// The sample company on 23 November 2026 with plan, goals, answers and reviews.
#include "tests/collector/report/story.h"

#include <cstdlib>
#include <iostream>
#include <map>

#include "base/text.h"
#include "base/time.h"
#include "collector/report/ai_pages.h"
#include "collector/report/reports.h"
#include "collector/sample_company.h"
#include "rules/clock.h"
#include "rules/questionnaire.h"
#include "rules/score_change.h"

namespace plumbline {
namespace {

constexpr std::int64_t kDay = 86'400;

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::cerr << result.error().message << "\n";
  std::abort();
}

std::int64_t day(const char* text) { return *parse_date(text); }

/// The newest scan of each host that was in service on a day.
std::vector<Scan> scans_on(const SampleCompany& company, int days_ago, std::int64_t end) {
  std::vector<Scan> scans;
  for (std::size_t host = 0; host < company.hosts.size(); ++host) {
    const SampleHost& about = company.hosts[host];
    if (about.retired && days_ago <= about.last_days_ago) continue;
    std::optional<int> newest;
    for (const int earlier : scan_days(company))
      if (earlier >= days_ago && reports_on(about, earlier)) newest = earlier;
    if (newest) scans.push_back(must(sample_scan(company, host, *newest, end)));
  }
  return scans;
}

std::shared_ptr<Decisions> decided(const Assessment& assessment) {
  auto decisions = std::make_shared<Decisions>();
  decisions->goals.score = 88;
  decisions->goals.score_by = day("2027-03-31");
  WorkloadGoal search{"doc-rag", day("2027-03-31"), 200, "Head of Service", {}};
  search.kpis.push_back({"time to find an answer", "minutes", 12, 4, std::nullopt, 0});
  decisions->goals.workloads.push_back(search);
  decisions->goals.workloads.push_back({"forecasting", day("2027-01-31"), std::nullopt, "Head of Supply", {}});
  PlanItem first;
  first.action = assessment.actions.at(0).id;
  first.owner = "Ines Brandt";
  first.due_at = day("2026-12-04");
  first.status = PlanStatus::planned;
  PlanItem second;
  second.action = assessment.actions.at(1).id;
  second.owner = "Tomas Reyl";
  second.due_at = day("2026-11-16");
  second.status = PlanStatus::in_progress;
  decisions->plan = {first, second};
  for (int question = 1; question <= 11; ++question)
    decisions->answers.push_back({"Q" + std::to_string(question), question % 5, "minutes of the board", "Chief of staff", "ada", day("2026-11-10"), 1});
  decisions->reviews.push_back({"board", day("2026-09-15"), 781, 1, "ada", ""});
  decisions->reviews.push_back({"it", day("2026-11-02"), 805, 1, "ada", ""});
  return decisions;
}

Story tell() {
  const std::string source = PLUMBLINE_SOURCE_DIR;
  Story story;
  story.rules = must(load_rules(source + "/rules"));
  const SampleCompany company = must(read_sample_company(source + "/packaging/demo"));
  const std::int64_t end = day("2026-11-23") + kDay / 2;
  std::shared_ptr<const FleetView> before;
  for (const int days_ago : scan_days(company)) {
    story.view = view_of_scans(scans_on(company, days_ago, end), story.rules, company.organisation);
    const Score& score = story.view->assessment().score;
    ScorePoint point{end - days_ago * kDay, score.value, score.lower, score.upper, score.level, score.hosts, story.rules->hash};
    if (before)
      if (const auto change = change_of_hosts(*story.rules, verdicts_of(before->assessment().hosts), verdicts_of(story.view->assessment().hosts)))
        point.split = ScoreSplit{change->fleet, change->rules, change->coverage};
    story.history.push_back(point);
    if (days_ago > 0) story.before = story.view->assessment().hosts;
    before = story.view;
  }
  story.decisions = decided(story.view->assessment());
  story.questionnaire = std::make_shared<const Questionnaire>(must(load_questionnaire(source + "/rules")));
  const ReportInput input = story.view->report_input(0);
  story.outlook = std::make_shared<const Clock>(must(run_clock(*story.rules, RuleIndex(*story.rules), FleetFacts{story.view->assessment().hosts, input.document}, {})));
  return story;
}

}  // namespace

ReportInput Story::input() const {
  ReportInput input = view->report_input(0);
  input.history = history;
  input.before = before;
  input.decisions = decisions;
  input.questionnaire = questionnaire;
  input.outlook = outlook;
  input.hosts_without_scan = 2;
  return input;
}

const Story& story() {
  static const Story told = tell();
  return told;
}

std::string readable(std::string_view html) {
  std::string text;
  const std::string visible = visible_text(html);
  for (const std::string_view line : lines(visible)) {
    std::string words_of_line;
    for (const std::string_view word : words(line)) words_of_line += (words_of_line.empty() ? "" : " ") + std::string(word);
    if (!words_of_line.empty()) text += words_of_line + "\n";
  }
  for (const auto& [entity, character] : std::map<std::string, std::string>{{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}})
    for (std::size_t at = 0; (at = text.find(entity, at)) != std::string::npos; at += character.size()) text.replace(at, entity.size(), character);
  return text;
}

std::vector<std::pair<std::string, std::string>> pages_of(const ReportInput& input) {
  PageContext context{"ada", "admin", "token", "/", {}};
  std::vector<std::pair<std::string, std::string>> pages;
  pages.emplace_back("overview", page_overview(input, context));
  pages.emplace_back("findings", page_findings(input, context));
  pages.emplace_back("finding", page_finding(input, context, input.rules->rules.at(input.assessment->findings.at(0)).id).value_or(""));
  pages.emplace_back("workloads", page_workloads(input, context));
  pages.emplace_back("ai", page_ai(input, context));
  pages.emplace_back("hosts", page_hosts(input, context));
  pages.emplace_back("host", page_host(input, context, input.assessment->hosts.at(0).id, std::nullopt).value_or(""));
  pages.emplace_back("reports", page_reports(input, context));
  for (const Audience audience : {Audience::it, Audience::cio, Audience::ceo}) {
    const std::string name = audience == Audience::it ? "it" : audience == Audience::cio ? "cio" : "ceo";
    pages.emplace_back("report-" + name, page_report(input, context, audience));
    pages.emplace_back("file-" + name, render_html(input, audience));
  }
  return pages;
}

}  // namespace plumbline
