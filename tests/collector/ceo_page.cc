// SPDX-License-Identifier: Apache-2.0
// The CEO page obeys U2: one A4, at most 250 words, reading grade at most 9, no host names, no unexplained abbreviation.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/report/reports.h"
#include "collector/report/wording.h"
#include "tests/catch.h"
#include "tests/collector/report/sample.h"

using namespace plumbline;

namespace {

std::string ceo_text(const Sample& sample) { return visible_text(render_html(sample.input(), Audience::ceo)); }

/// Words of two and more capitals that a board does not know.
std::set<std::string> abbreviations(const std::string& text) {
  static const std::set<std::string> kKnown = {"AI", "IT", "CEO", "CIO"};
  std::set<std::string> found;
  for (const auto word : words(text)) {
    std::string letters;
    for (char c : word)
      if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) letters += c;
    if (letters.size() >= 2 && std::all_of(letters.begin(), letters.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) && kKnown.count(letters) == 0) found.insert(letters);
  }
  return found;
}

/// Runs a program found on PATH and gives its standard output; nothing where it is not installed.
std::optional<std::string> output_of(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  char block[4096];
  for (std::size_t got; (got = std::fread(block, 1, sizeof block, pipe)) > 0;) text.append(block, got);
  return ::pclose(pipe) == 0 ? std::optional(text) : std::nullopt;
}

}  // namespace

TEST_CASE("the CEO page has at most 250 words at a reading grade of at most 9") {
  const Readability ease = read_ease(ceo_text(make_sample()));
  INFO(ceo_text(make_sample()));
  CHECK(ease.words > 60);
  CHECK(ease.words <= kMostWordsOnCeoPage);
  CHECK(ease.grade <= 9.0);
}

TEST_CASE("long wordings of packs are cut until the page holds 250 words") {
  const std::string long_text = " and " + std::string([] {
    std::string text;
    for (int at = 0; at < 60; ++at) text += "every word counts here ";
    return text;
  }());
  const Readability ease = read_ease(ceo_text(make_sample(long_text)));
  CHECK(ease.words <= kMostWordsOnCeoPage);
}

TEST_CASE("the CEO page names no host") {
  const std::string text = ceo_text(make_sample());
  for (const char* name : {"db-01", "gpu-01", "web-01"}) CHECK_FALSE(contains(text, name));
}

TEST_CASE("the CEO page has no abbreviation a board does not know") {
  for (const auto& word : abbreviations(ceo_text(make_sample()))) FAIL_CHECK(word);
}

TEST_CASE("the CEO page begins with the decision in a sentence and ends with what is not known") {
  const std::string page = render_html(make_sample().input(), Audience::ceo);
  const auto headline = page.find("<h1>"), ask = page.find("Decision we ask for"), unknown = page.find("What we do not know");
  CHECK(headline < ask);
  CHECK(ask < unknown);
  CHECK(unknown != std::string::npos);
}

TEST_CASE("the CEO page prints on exactly one A4 page") {
  if (!output_of("command -v weasyprint && command -v pdfinfo")) {
    std::cout << "skipped: weasyprint or pdfinfo is not installed\n";
    return;
  }
  std::string folder = "/tmp/plumbline-ceo-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string html = folder + "/ceo.html", pdf = folder + "/ceo.pdf";
  REQUIRE(write_file_atomic(html, render_html(make_sample().input(), Audience::ceo)));
  CHECK(output_of("weasyprint " + html + " " + pdf));
  const std::string info = output_of("pdfinfo " + pdf).value_or("");
  INFO(info);
  CHECK(contains(info, "Pages:           1\n"));
  CHECK(contains(info, "(A4)"));
  output_of("rm -r " + folder);
}

namespace {

/// The CEO page of an input that somebody may have, and what to look for in it.
struct Board {
  std::string name;
  std::string says;   // some words that must stand there
  std::string text;
};

std::string text_of(const ReportInput& input) { return visible_text(render_html(input, Audience::ceo)); }

void set_states(Sample& sample, WorkloadState state) {
  for (WorkloadResult& result : sample.assessment.workloads) {
    result.pilot = result.production = state;
    result.changes = state == WorkloadState::after_changes ? 2 : 0;
    if (state == WorkloadState::ready) result.blocking_rules.clear();
  }
}

std::shared_ptr<Decisions> goals_for(const std::string& workload) {
  auto decisions = std::make_shared<Decisions>();
  WorkloadGoal goal{workload, *parse_date("2027-03-31"), 200, "Head of Service", {}};
  goal.kpis.push_back({"time to find an answer", "minutes", 12, 4, std::nullopt, 0});
  decisions->goals.workloads.push_back(goal);
  decisions->goals.score = 70;
  decisions->goals.score_by = parse_date("2027-03-31");
  for (int at = 1; at <= 11; ++at) decisions->answers.push_back({"Q" + std::to_string(at), 2, "", "", "ada", 0, 1});
  decisions->reviews.push_back({"board", *parse_date("2026-08-24"), 400, 1, "ada", ""});
  return decisions;
}

std::vector<Board> boards() {
  std::vector<Board> all;
  const auto add = [&](std::string name, std::string says, const ReportInput& input) { all.push_back({std::move(name), std::move(says), text_of(input)}); };
  {
    Sample empty = make_sample();
    empty.assessment = assess(*empty.rules, {}, [](std::size_t) { return nullptr; });
    empty.before.clear();
    empty.history.clear();
    add("no host", "Ask IT to measure the first machines", empty.input());
  }
  {
    Sample one = make_sample();
    one.assessment = assess(*one.rules, {one.assessment.hosts[1]}, [&](std::size_t) { return &one.facts[1]; });
    add("one host", "What we can start", one.input());
  }
  Sample ready = make_sample(), nothing = make_sample(), shut = make_sample();
  set_states(ready, WorkloadState::ready);
  for (GateResult& gate : ready.assessment.gates) gate.shut = false;
  ready.assessment.score.level = ready.assessment.score.level_without_gates;
  add("all ready", "today.", ready.input());
  set_states(nothing, WorkloadState::not_ready);
  for (GateResult& gate : nothing.assessment.gates) gate.shut = false;
  add("nothing ready", "Our machines cannot run an AI pilot yet.", nothing.input());
  for (GateResult& gate : shut.assessment.gates) gate.shut = true;
  shut.assessment.score.level = 1;
  shut.assessment.score.level_without_gates = 5;
  add("gates shut", "instead of", shut.input());
  Sample first = make_sample();
  first.history.clear();
  add("no history", "This is our first measurement.", first.input());
  {
    ReportInput input = ready.input();
    input.decisions = goals_for(ready.rules->workloads.at(0).id);
    add("goals", "Continue if we see time to find an answer from 12 to 4 minutes", input);
    add("self-reported", "11 of 20 answered", input);
    add("review", "since the review of 24 August", input);
    input.hosts_without_scan = 3;
    add("silent", "3 of 6 machines were silent", input);
  }
  {
    Sample many = make_sample();
    const AssessedHost host = many.assessment.hosts[0];
    std::vector<AssessedHost> hosts;
    for (int at = 0; at < 5'000; ++at) {
      hosts.push_back(host);
      hosts.back().id = "host-" + std::to_string(10'000 + at);
      hosts.back().name = "db-" + std::to_string(10'000 + at);
    }
    many.assessment = assess(*many.rules, hosts, [&](std::size_t) { return &many.facts[0]; });
    add("5,000 hosts", "What we can start", many.input());
  }
  return all;
}

}  // namespace

TEST_CASE("whatever a company's state, its CEO page keeps to 250 words, grade 9, no host and no abbreviation") {
  for (const Board& board : boards()) {
    INFO(board.name << ":\n" << board.text);
    const Readability ease = read_ease(board.text);
    CHECK(ease.words <= kMostWordsOnCeoPage);
    CHECK(ease.grade <= 9.0);
    CHECK(abbreviations(board.text).empty());
    for (const char* host : {"db-0", "db-1", "gpu-01", "web-01", "host-1"}) CHECK_FALSE(contains(board.text, host));
    std::string flat;
    for (const auto word : words(board.text)) flat += (flat.empty() ? "" : " ") + std::string(word);
    CHECK(contains(flat, board.says));
  }
}

TEST_CASE("people served stand beside what can start") {
  Sample sample = make_sample();
  set_states(sample, WorkloadState::ready);
  sample.assessment.serving.assign(sample.rules->workloads.size(), {});
  for (WorkloadServing& serving : sample.assessment.serving) {
    serving.asked = true;
    serving.best = ServingOption{};
    serving.best->people = {28, 55};
    serving.fleet = {28, 55};
    serving.hosts = 1;
  }
  CHECK(contains(text_of(sample.input()), "Serves 28 to 55 people"));
}

TEST_CASE("names of any length leave the CEO page on one page") {
  if (!output_of("command -v weasyprint && command -v pdfinfo")) {
    std::cout << "skipped: weasyprint or pdfinfo is not installed\n";
    return;
  }
  std::string folder = "/tmp/plumbline-ceo-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string endless(300, 'W');
  for (const std::string& more : {std::string(), endless, " " + endless + " and many more words than fit"}) {
    Sample sample = make_sample(more);
    ReportInput input = sample.input();
    input.organisation = "Northfield " + endless;
    auto decisions = goals_for(sample.rules->workloads.at(0).id);
    for (const Action& action : sample.assessment.actions) {
      PlanItem item;
      item.action = action.id;
      item.owner = "Department of " + endless;
      decisions->plan.push_back(item);
    }
    decisions->goals.workloads[0].kpis[0].name += more;
    input.decisions = decisions;
    REQUIRE(write_file_atomic(folder + "/ceo.html", render_html(input, Audience::ceo)));
    CHECK(output_of("weasyprint " + folder + "/ceo.html " + folder + "/ceo.pdf"));
    CHECK(contains(output_of("pdfinfo " + folder + "/ceo.pdf").value_or(""), "Pages:           1\n"));
    // Nothing may be cut off at the foot: its last words are on the page.
    CHECK(contains(output_of("pdftotext -layout " + folder + "/ceo.pdf -").value_or("Next review"), "Next review"));
    CHECK(read_ease(text_of(input)).words <= kMostWordsOnCeoPage);
  }
  output_of("rm -r " + folder);
}

TEST_CASE("reading grade is Flesch-Kincaid") {
  // 0.39 × words/sentences + 11.8 × syllables/words − 15.59, counted by hand: 6 words, 1 sentence, 7 syllables.
  const Readability ease = read_ease("The cat sat on the table.");
  CHECK(ease.words == 6);
  CHECK(ease.sentences == 1);
  CHECK(ease.grade == Approx(0.39 * 6 + 11.8 * 7 / 6 - 15.59));
}
