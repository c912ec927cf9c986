// SPDX-License-Identifier: Apache-2.0
// Reports of the sample company, word by word. Where a text or a rule changes on purpose:
//   PLUMBLINE_WRITE_GOLDEN=1 test_golden_reports    then read the difference as a CIO and as a CEO would
// Besides: the pages do not contradict each other, and a language that marks every text leaves none unmarked.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "collector/report/phrases.h"
#include "collector/report/reports.h"
#include "collector/report/view.h"
#include "collector/report/wording.h"
#include "rules/questionnaire.h"
#include "tests/catch.h"
#include "tests/collector/report/story.h"

using namespace plumbline;

namespace {

void check_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(PLUMBLINE_SOURCE_DIR) + "/tests/collector/report/golden/" + name;
  if (std::getenv("PLUMBLINE_WRITE_GOLDEN") != nullptr) {
    REQUIRE(write_file_atomic(path, text));
    return;
  }
  const std::string golden = read_file(path, 1u << 20).value_or("");
  const auto now = lines(text), then = lines(golden);
  for (std::size_t at = 0; at < std::max(now.size(), then.size()); ++at) {
    const std::string_view is = at < now.size() ? now[at] : "(nothing)", was = at < then.size() ? then[at] : "(nothing)";
    if (is == was) continue;
    FAIL_CHECK(name << ":" << at + 1 << " is \"" << is << "\", was \"" << was << "\"; PLUMBLINE_WRITE_GOLDEN=1 writes it anew");
    return;  // all that follows would differ as well
  }
}

/// The first so many lines from a heading on.
std::string part(const std::string& text, const std::string& from, std::size_t most) {
  std::string kept;
  std::size_t count = 0;
  const auto start = text.find("\n" + from);
  if (start == std::string::npos) return {};
  for (const auto line : lines(std::string_view(text).substr(start + 1)))
    if (count++ < most) kept += std::string(line) + "\n";
  return kept;
}

std::string page_named(const std::vector<std::pair<std::string, std::string>>& pages, std::string_view name) {
  for (const auto& [page, html] : pages)
    if (page == name) return html;
  return {};
}

}  // namespace

TEST_CASE("golden: the CEO page of the sample company") {
  check_golden("ceo.txt", readable(render_html(story().input(), Audience::ceo)));
}

TEST_CASE("golden: the CIO report of the sample company up to its evidence") {
  const std::string text = readable(render_html(story().input(), Audience::cio));
  const auto evidence = text.find("\n" + say("cio.evidence") + "\n");
  REQUIRE(evidence != std::string::npos);
  check_golden("cio.txt", text.substr(0, evidence + 1));
}

TEST_CASE("golden: the work list of the sample company: the first actions and the first host") {
  const std::string text = readable(render_html(story().input(), Audience::it));
  check_golden("it.txt", part(text, say("it.where"), 4) + part(text, "1. ", 60) + part(text, say("it.by_host"), 60));
}

TEST_CASE("golden: the overview and the terminal report of the sample company") {
  check_golden("overview.txt", readable(page_overview(story().input(), {"ada", "viewer", "t", "/", {}})));
  check_golden("terminal.txt", render_text(story().input(), Audience::cio, false));
}

TEST_CASE("every page tells the same score, level and number of pilots") {
  const ReportInput input = story().input();
  const Score& score = input.assessment->score;
  const auto pages = pages_of(input);
  const std::string level = level_text(score.level), exact = points_text(*score.value);
  for (const char* name : {"overview", "report-cio", "file-cio", "report-it"}) CHECK(contains(readable(page_named(pages, name)), exact));
  for (const char* name : {"overview", "report-cio", "report-ceo"}) CHECK(contains(readable(page_named(pages, name)), level));
  CHECK(contains(readable(page_named(pages, "report-ceo")), whole_points(*score.value)));
  CHECK(contains(readable(page_named(pages, "workloads")), workloads_sentence(input)));
  CHECK(contains(readable(page_named(pages, "report-cio")), workloads_sentence(input)));
  // Owners of the plan stand on all of them, for the same action.
  const Action& action = input.assessment->actions.at(0);
  for (const char* name : {"report-cio", "report-it"}) CHECK(contains(page_named(pages, name), owner_of(input, action)));
  CHECK(owner_of(input, action) == "Ines Brandt");
}

TEST_CASE("every link inside a report leads somewhere in it") {
  for (const Audience audience : {Audience::it, Audience::cio}) {
    const std::string page = render_html(story().input(), audience);
    const std::regex link("href=\"#([^\"]+)\"");
    std::size_t links = 0;
    for (std::sregex_iterator at(page.begin(), page.end(), link), end; at != end; ++at, ++links) {
      INFO((*at)[1].str());
      CHECK(contains(page, "id=\"" + (*at)[1].str() + "\""));
    }
    CHECK(links > 20);
  }
}

TEST_CASE("each sentence of the CIO summary leads to its evidence") {
  const std::string page = render_html(story().input(), Audience::cio);
  const auto from = page.find("<ul class=\"sentences\">"), to = page.find("</ul>", from);
  REQUIRE(from != std::string::npos);
  for (const auto line : lines(std::string_view(page).substr(from, to - from)))
    if (line.rfind("<li>", 0) == 0) CHECK(contains(line, "href=\"#"));
}

TEST_CASE("no report says nonsense that a count or a join can make") {
  for (const auto& [name, html] : pages_of(story().input())) {
    const std::string text = readable(html);
    INFO(name);
    const std::regex one_many("(^|[^0-9.,])1 (hosts|checks|changes|people|machines|days|findings|workloads|actions|services|points|questions)\\b");
    for (std::sregex_iterator at(text.begin(), text.end(), one_many), end; at != end; ++at) FAIL_CHECK(name << ": \"" << (*at)[0].str() << "\"");
    for (const char* wrong : {"..", " ,", "{", "}", "[[", "−0.0", "+0.0", " of of ", " nan", "  "})
      if (contains(text, wrong) && name.rfind("file-it", 0) != 0 && name.rfind("report-it", 0) != 0 && name != "finding" && name != "host" && name != "findings") {
        const auto at = text.find(wrong);
        FAIL_CHECK(name << ": \"" << wrong << "\" in \"" << text.substr(at > 40 ? at - 40 : 0, 90) << "\"");
      }
  }
}

namespace {

constexpr std::string_view kOpen = "⟦", kClose = "⟧";

/// Every text of the catalogue between marks; its slots stand inside them.
Phrases marked() {
  std::string text;
  for (const std::string& key : english().keys()) {
    const std::string& said = *english().find(key);
    const bool plain = key.rfind("language.", 0) == 0 || key == "number.group" || key == "number.point";
    text += key + " = " + (plain ? said : std::string(kOpen) + said + std::string(kClose)) + "\n";
  }
  auto read = Phrases::read("marked", text, &english());
  if (!read) std::cerr << read.error().message << "\n";
  REQUIRE(read);
  return std::move(*read);
}

/// Data for a reader of this test: every letter is a λ.
void cover(std::string& text) {
  std::string covered;
  for (const char c : text) covered += std::isalpha(static_cast<unsigned char>(c)) != 0 ? std::string("λ") : std::string(1, c);
  text = covered;
}

/// The same, with the slots of a rule's wording kept.
void cover_wording(std::string& text) {
  std::string covered;
  bool slot = false;
  for (const char c : text) {
    slot = c == '{' || (slot && c != '}');
    covered += !slot && std::isalpha(static_cast<unsigned char>(c)) != 0 ? std::string("λ") : std::string(1, c);
  }
  text = covered;
}

void cover_facts(nlohmann::json& facts) {
  if (facts.is_string()) {
    auto text = facts.get<std::string>();
    cover(text);
    facts = text;
  }
  if (facts.is_structured())
    for (auto& item : facts) cover_facts(item);
}

void cover_rules(RuleSet& rules) {
  for (Rule& rule : rules.rules) {
    for (std::string* text : {&rule.title, &rule.why, &rule.expected, &rule.fix.owner, &rule.pack}) cover(*text);
    for (std::string* text : {&rule.fail.it, &rule.fail.cio, &rule.fail.ceo, &rule.fix.text}) cover_wording(*text);
    for (auto* list : {&rule.references, &rule.tags})
      for (std::string& text : *list) cover(text);
  }
  for (Gate& gate : rules.gates)
    for (std::string* text : {&gate.title, &gate.ceo}) cover(*text);
  for (Workload& workload : rules.workloads) {
    for (std::string* text : {&workload.title, &workload.outcome, &workload.decision, &workload.threshold}) cover(*text);
    for (std::string& kpi : workload.kpis) cover(kpi);
    for (auto* list : {&workload.minimum, &workload.recommended})
      for (Requirement& requirement : *list)
        for (std::string* text : {&requirement.text, &requirement.ceo}) cover(*text);
  }
  for (PackInfo& pack : rules.packs)
    for (std::string* text : {&pack.id, &pack.title, &pack.licence}) cover(*text);
  for (Measure& measure : rules.measures) cover(measure.title);
}

/// Requirements stand in the rule set that was judged: the assessment is pointed at covered ones.
void cover_requirements(Assessment& assessment, std::map<const Requirement*, Requirement>& covered) {
  const auto instead = [&](const Requirement*& requirement) {
    if (requirement == nullptr) return;
    auto found = covered.find(requirement);
    if (found == covered.end()) {
      found = covered.emplace(requirement, *requirement).first;
      for (std::string* text : {&found->second.text, &found->second.ceo}) cover(*text);
    }
    requirement = &found->second;
  };
  for (WorkloadResult& workload : assessment.workloads) {
    for (auto* results : {&workload.minimum, &workload.recommended})
      for (RequirementResult& result : *results) instead(result.requirement);
    for (auto* needed : {&workload.needed, &workload.needed_for_production})
      for (NeededChange& change : *needed) instead(change.requirement);
  }
}

/// What follows from rules/ in words of its own: models, cards, assumptions.
void cover_serving(Assessment& assessment) {
  for (WorkloadServing& serving : assessment.serving) {
    for (auto* option : {&serving.best, &serving.most, &serving.best_free})
      if (*option)
        for (std::string* text : {&(*option)->card, &(*option)->model_title}) cover(*text);
    for (std::string& text : serving.assumptions) cover(text);
  }
  for (StrandedCard& card : assessment.stranded)
    for (std::string* text : {&card.card, &card.reason, &card.text}) cover(*text);
}

/// Text and spoken labels of a page outside of elements that hold data alone.
std::vector<std::string> texts_of(const std::string& html) {
  static const std::set<std::string> kData = {"mono", "value", "brand", "data"};
  std::vector<std::string> texts;
  std::vector<std::pair<std::string, bool>> open;  // element, whether it is data
  const auto hidden = [&] { return !open.empty() && open.back().second; };
  const std::regex label("(?:aria-label|data-label)=\"([^\"]*)\""), classes("class=\"([^\"]*)\"");
  for (std::size_t at = html.find("<body"); at < html.size();) {
    if (html[at] != '<') {
      const auto next = std::min(html.find('<', at), html.size());
      if (!hidden()) texts.push_back(html.substr(at, next - at));
      at = next;
      continue;
    }
    const auto end = html.find('>', at);
    const std::string tag = html.substr(at, end - at + 1);
    const std::string name = tag.substr(tag[1] == '/' ? 2 : 1, tag.find_first_of(" >/", tag[1] == '/' ? 2 : 1) - (tag[1] == '/' ? 2 : 1));
    at = end + 1;
    if (tag[1] == '/') {
      const auto opener = std::find_if(open.rbegin(), open.rend(), [&](const auto& one) { return one.first == name; });
      if (opener != open.rend()) open.erase(std::prev(opener.base()), open.end());
      continue;
    }
    std::smatch found;
    bool data = hidden() || name == "code" || name == "pre" || name == "style";
    const std::string names = std::regex_search(tag, found, classes) ? found[1].str() : std::string();
    if (!names.empty())
      for (const auto word : words(names)) data = data || kData.count(std::string(word)) > 0 || word == "facts-of-host";
    if (!data && std::regex_search(tag, found, label)) texts.push_back(found[1].str());
    static const std::set<std::string> kVoid = {"input", "meta", "link", "br", "rect", "line", "circle", "polygon", "polyline", "path"};
    if (kVoid.count(name) == 0) open.emplace_back(name, data);
  }
  return texts;
}

/// What stands outside of the marks.
std::string unmarked(const std::string& text) {
  std::string left;
  int depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, kOpen.size(), kOpen) == 0) {
      ++depth;
      at += kOpen.size();
    } else if (text.compare(at, kClose.size(), kClose) == 0) {
      --depth;
      at += kClose.size();
    } else {
      if (depth == 0) left += text[at];
      ++at;
    }
  }
  return std::regex_replace(left, std::regex("&[a-z#0-9]+;"), " ");
}

struct English {
  ~English() { use_english(); }
};

}  // namespace

TEST_CASE("a language that marks every text leaves no letter of a page outside the marks but those of data") {
  const English restored;
  use_phrases(marked());
  ReportInput input = story().input();
  RuleSet rules = *input.rules;
  Assessment assessment = *input.assessment;
  cover_rules(rules);
  cover_serving(assessment);
  std::map<const Requirement*, Requirement> requirements;
  cover_requirements(assessment, requirements);
  for (AssessedHost& host : assessment.hosts) cover(host.name);
  Decisions decisions = *input.decisions;
  for (PlanItem& item : decisions.plan)
    for (std::string* text : {&item.owner, &item.kpi, &item.note}) cover(*text);
  for (Answer& answer : decisions.answers)
    for (std::string* text : {&answer.evidence, &answer.owner}) cover(*text);
  for (WorkloadGoal& goal : decisions.goals.workloads) {
    cover(goal.owner);
    for (KpiGoal& kpi : goal.kpis)
      for (std::string* text : {&kpi.name, &kpi.unit}) cover(*text);
  }
  for (Action& action : assessment.actions) cover(action.owner);
  auto questionnaire = *input.questionnaire;
  for (Question& question : questionnaire.questions) cover(question.text);
  Clock clock = *input.outlook;
  for (ClockTurn& turn : clock.turns)
    for (ClockCause& cause : turn.causes)
      for (std::string* text : {&cause.product, &cause.version, &cause.cycle}) *text = cause.product == "certificate" ? *text : "λ";
  std::map<std::size_t, nlohmann::json> covered;
  const auto facts = input.facts;
  input.facts = [&](std::size_t host) {
    auto found = covered.find(host);
    if (found == covered.end()) {
      found = covered.emplace(host, *facts(host)).first;
      cover_facts(found->second);
    }
    return &found->second;
  };
  input.document = nullptr;
  input.rules = &rules;
  input.assessment = &assessment;
  cover(input.organisation);
  input.decisions = std::make_shared<Decisions>(decisions);
  input.questionnaire = std::make_shared<const Questionnaire>(questionnaire);
  input.outlook = std::make_shared<const Clock>(clock);
  // Names of people's formats and of times; every one of them is the same in all languages.
  static const std::set<std::string> kSame = {"CSV", "XLSX", "JSON", "ada"};
  for (const auto& [name, html] : pages_of(input))
    for (const std::string& text : texts_of(html)) {
      const std::string left = unmarked(text);
      std::string word;
      for (const char c : left + " ") {
        if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
          word += c;
          continue;
        }
        if (word.size() > 1 && kSame.count(word) == 0) FAIL_CHECK(name << ": \"" << word << "\" in \"" << text << "\"");
        word.clear();
      }
    }
}
