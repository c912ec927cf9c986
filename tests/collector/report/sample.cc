// SPDX-License-Identifier: Apache-2.0
// A small fleet for tests of pages, and every page of it.
#include "tests/collector/report/sample.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>

#include "base/file.h"
#include "base/text.h"
#include "collector/report/ai_pages.h"
#include "rules/catalogue.h"

namespace plumbline {
namespace {

constexpr std::int64_t kNow = 1'795'464'000;  // 23 November 2026

std::string sample_file(const std::string& name) {
  auto text = read_file(std::string(PLUMBLINE_SOURCE_DIR) + "/tests/collector/report/" + name, 1u << 20);
  if (!text) std::cerr << text.error().message << "\n";
  return text.value_or("");
}

/// Puts the payload behind every string of the facts; keys and the words rules compare stay.
void poison(nlohmann::json& value, const std::string& payload) {
  static const std::vector<std::string> kCompared = {"any", "none", "required", "private", "yes", "prohibit-password"};
  if (value.is_string() && std::find(kCompared.begin(), kCompared.end(), value.get<std::string>()) == kCompared.end()) value = value.get<std::string>() + payload;
  if (value.is_structured())
    for (auto& item : value) poison(item, payload);
}

void poison(RuleSet& rules, const std::string& payload) {
  for (auto& rule : rules.rules)
    for (std::string* text : {&rule.title, &rule.why, &rule.expected, &rule.fail.it, &rule.fail.cio, &rule.fail.ceo, &rule.fix.text, &rule.fix.owner, &rule.pack}) *text += payload;
  for (auto& rule : rules.rules) {
    rule.references.push_back(payload);
    rule.tags.push_back(payload);
    for (auto& [family, commands] : rule.fix.commands) commands.push_back(payload);
  }
  for (auto& gate : rules.gates) {
    gate.title += payload;
    gate.ceo += payload;
  }
  for (auto& workload : rules.workloads) {
    for (std::string* text : {&workload.title, &workload.outcome, &workload.decision, &workload.threshold}) *text += payload;
    workload.kpis.push_back(payload);
    for (auto* list : {&workload.minimum, &workload.recommended})
      for (auto& requirement : *list) {
        requirement.text += payload;
        requirement.ceo += payload;
      }
  }
  for (auto& pack : rules.packs)
    for (std::string* text : {&pack.title, &pack.licence, &pack.version, &pack.date}) *text += payload;
  for (auto& measure : rules.measures) measure.title += payload;
  for (auto& incident : rules.catalogue.incidents)
    for (std::string* text : {&incident.product, &incident.date, &incident.title, &incident.fixed_in, &incident.link}) *text += payload;
  rules.version += payload;
}

std::string document_of(const nlohmann::json& facts, const std::string& payload) {
  nlohmann::json sections = nlohmann::json::object();
  for (const auto& [name, data] : facts.items())
    sections[name] = {{"status", "partial"}, {"hash", ""}, {"took_ms", 1.25}, {"data", data}, {"missing", {{"cpu.max_mhz", "not found: /sys/x" + payload}}}};
  const nlohmann::json document = {{"schema", 1}, {"agent", {{"version", "0.1.0" + payload}, {"privileged", false}, {"cpu_ms", 41.2}, {"took_ms", 55.1}, {"peak_memory_bytes", 9437184}}}, {"sections", sections}};
  return document.dump();
}

/// What people wrote, with the payload behind every text.
void decide(Sample& sample, const std::string& payload) {
  sample.decisions = std::make_shared<Decisions>();
  if (payload.empty()) return;
  sample.questionnaire = std::make_shared<Questionnaire>();
  Decisions& decisions = *sample.decisions;
  for (const Action& action : sample.assessment.actions) {
    PlanItem item;
    item.action = action.id;
    item.owner = "Owner" + payload;
    item.kpi = "share" + payload;
    item.note = "note" + payload;
    item.title = "title" + payload;
    item.due_at = kNow;
    item.status = PlanStatus::planned;
    decisions.plan.push_back(item);
  }
  for (const Workload& workload : sample.rules->workloads) decisions.goals.workloads.push_back({workload.id, kNow, 200, "Head" + payload, {{"time" + payload, "min" + payload, 12, 4, std::nullopt, 0}}});
  decisions.goals.score = 70;
  decisions.goals.score_by = kNow;
  decisions.answers.push_back({"Q1", 2, "paper" + payload, "chief" + payload, "ada" + payload, kNow, 1});
  decisions.reviews.push_back({"board", kNow - 40 * 86400, 400, 1, "ada" + payload, "note" + payload});
  Question question;
  question.id = "Q1";
  question.text = "Is it?" + payload;
  sample.questionnaire->questions.push_back(question);
}

/// People served and cards that could do more, with the payload behind every text.
void serve(Sample& sample, const std::string& payload) {
  if (payload.empty() || sample.assessment.hosts.empty()) return;
  sample.assessment.serving.assign(sample.rules->workloads.size(), {});
  for (WorkloadServing& serving : sample.assessment.serving) {
    serving.asked = true;
    ServingOption option;
    option.card = "card" + payload;
    option.model_title = "model" + payload;
    option.people = {20, 40};
    serving.best = serving.most = serving.best_free = option;
    serving.fleet = {40, 80};
    serving.hosts = 2;
    serving.people_wanted = 10;
    serving.assumptions = {"assumed" + payload};
  }
  StrandedCard stranded;
  stranded.card = "card" + payload;
  stranded.reason = "reason" + payload;
  stranded.text = "text" + payload;
  stranded.memory_gb = 24;
  sample.assessment.stranded = {stranded};
}

std::shared_ptr<RuleSet> sample_rules() {
  static const auto loaded = load_rules(std::string(PLUMBLINE_SOURCE_DIR) + "/tests/collector/report/rules");
  if (!loaded) {
    std::cerr << loaded.error().message << "\n";
    std::abort();
  }
  return std::make_shared<RuleSet>(**loaded);
}

}  // namespace

ReportInput Sample::input() const {
  ReportInput input;
  input.rules = rules.get();
  input.assessment = &assessment;
  input.organisation = "Northfield Components";
  input.history = history;
  input.before = before;
  input.now = kNow + 240;
  input.decisions = decisions;
  input.questionnaire = questionnaire;
  input.facts = [this](std::size_t host) { return host < facts.size() ? &facts[host] : nullptr; };
  return input;
}

Sample make_sample(const std::string& payload) {
  Sample sample;
  sample.rules = sample_rules();
  if (!payload.empty()) poison(*sample.rules, payload);
  const std::string ids[] = {std::string(32, 'a'), std::string(32, 'b'), std::string(32, 'c')};
  const char* names[] = {"db-01", "gpu-01", "web-01"};
  std::vector<AssessedHost> hosts;
  for (std::size_t at = 0; at < 3; ++at) {
    nlohmann::json facts = nlohmann::json::parse(sample_file(std::string("hosts/") + names[at] + ".json"));
    if (!payload.empty()) poison(facts, payload);
    AssessedHost host{ids[at], names[at] + payload, kNow - static_cast<std::int64_t>(at) * 3600, judge(*sample.rules, facts)};
    AssessedHost earlier = host;
    earlier.taken_at -= 86400 * 20;
    for (std::size_t rule = 0; rule < sample.rules->rules.size(); ++rule) {
      const std::string& id = sample.rules->rules[rule].id;
      if (id == "compute.memory" && at == 0) earlier.judgement.verdicts[rule] = Verdict::fail;
      if (id == "storage.space" && at == 0) earlier.judgement.verdicts[rule] = Verdict::pass;
    }
    sample.before.push_back(std::move(earlier));
    hosts.push_back(std::move(host));
    sample.facts.push_back(std::move(facts));
  }
  sample.assessment = assess(*sample.rules, hosts, [&](std::size_t at) { return &sample.facts[at]; });
  decide(sample, payload);
  serve(sample, payload);
  const int values[] = {310, 352, 349, 401, 438, 470};
  for (int at = 0; at < 6; ++at) sample.history.push_back({kNow - (5 - at) * 30 * 86400, values[at], values[at] - 60, values[at] + 50, 2, 3, ""});
  sample.history.back().value = sample.assessment.score.value;
  sample.document = document_of(sample.facts[0], payload);
  return sample;
}

std::vector<std::pair<std::string, std::string>> all_pages(const Sample& sample) {
  const ReportInput input = sample.input();
  PageContext context{"ada", "admin", "token", "/", {}};
  std::vector<std::pair<std::string, std::string>> pages;
  const auto at = [&](const std::string& path) -> const PageContext& {
    context.path = path;
    return context;
  };
  pages.emplace_back("overview", page_overview(input, at("/")));
  pages.emplace_back("findings", page_findings(input, at("/findings")));
  context.query = {{"state", "all"}, {"sort", "gain"}};
  pages.emplace_back("findings-all", page_findings(input, at("/findings")));
  context.query.clear();
  for (const auto& rule : sample.rules->rules) pages.emplace_back("finding-" + rule.id, page_finding(input, at("/findings/x"), rule.id).value_or(""));
  pages.emplace_back("workloads", page_workloads(input, at("/workloads")));
  pages.emplace_back("ai", page_ai(input, at("/ai")));
  pages.emplace_back("hosts", page_hosts(input, at("/hosts")));
  for (const auto& host : sample.assessment.hosts) pages.emplace_back("host-" + host.id.substr(0, 1), page_host(input, at("/hosts/x"), host.id, sample.document).value_or(""));
  pages.emplace_back("reports", page_reports(input, at("/reports")));
  pages.emplace_back("report-ceo", page_report(input, at("/reports/ceo"), Audience::ceo));
  pages.emplace_back("report-cio", page_report(input, at("/reports/cio"), Audience::cio));
  pages.emplace_back("report-it", page_report(input, at("/reports/it"), Audience::it));
  pages.emplace_back("file-ceo", render_html(input, Audience::ceo));
  pages.emplace_back("file-cio", render_html(input, Audience::cio));
  pages.emplace_back("file-it", render_html(input, Audience::it));
  pages.emplace_back("login", page_login("That name and password do not belong together.", "token"));
  pages.emplace_back("error", page_error(404, "there is no such page", "go back to the overview"));
  return pages;
}

const std::vector<std::string>& xss_payloads() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> list;
    std::istringstream file(sample_file("payloads.txt"));
    for (std::string line; std::getline(file, line);)
      if (!line.empty() && line.rfind("# ", 0) != 0) list.push_back(line);
    // Each handler on each way to open a tag, so that no event name is forgotten.
    const char* handlers[] = {"onerror", "onload", "onclick", "onfocus", "onmouseover", "ontoggle", "onanimationstart", "onbegin", "onpointerenter", "onscroll", "onhashchange", "onpageshow", "onresize", "onwheel", "onbeforetoggle"};
    const char* openings[] = {"<img src=x ", "\"><svg ", "'><body ", "<details open ", "<input autofocus ", "</style><video src=x ", "</title><iframe ", "</code></pre><audio src=x ", "<math ", "<marquee "};
    for (const char* opening : openings)
      for (const char* handler : handlers) list.push_back(std::string(opening) + handler + "=\"document.title='plumbline-canary'\">");
    return list;
  }();
  return all;
}

}  // namespace plumbline
