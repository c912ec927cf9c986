// SPDX-License-Identifier: Apache-2.0
// Two moments compared, and the sentences made of it.
#include "collector/digest/digest.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/report/phrases.h"
#include "collector/report/view.h"
#include "collector/report/work_list.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kMostToldBytes = 1u << 20;
constexpr std::size_t kActionsNext = 3;

/// At most so many characters, whole ones.
std::string clipped(const std::string& text, std::size_t most) {
  const std::string safe = printable(text);
  std::size_t characters = 0;
  for (std::size_t at = 0; at < safe.size(); ++at)
    if ((static_cast<unsigned char>(safe[at]) & 0xC0u) != 0x80u && ++characters > most) return safe.substr(0, at) + "…";
  return safe;
}

DigestLine line(const std::string& title, std::string detail) { return {clipped(title, kMostTitleCharacters), std::move(detail)}; }

std::string signed_points(Tenths change) { return (change > 0 ? "+" : change < 0 ? "−" : "±") + show_points(change < 0 ? -change : change); }

/// "passes everywhere", "fails on 2 hosts, was 5"
std::string rule_detail(const Rule& rule, const std::array<int, 3>& was, const Tally& is) {
  if (rule.fleet) return say(is.fail > 0 ? "digest.rule.fleet_fails" : "digest.rule.fleet_passes");
  if (is.fail == 0) return say(is.unknown == 0 ? "digest.rule.everywhere" : "digest.rule.nowhere_fails");
  return say_count("digest.rule.fails", static_cast<std::size_t>(is.fail), {{"was", grouped(was[1])}});
}

/// Rules as the reader wants them: severe ones first, then those that gain most.
std::vector<std::size_t> rules_in_order(const ReportInput& input) {
  std::vector<std::size_t> order;
  for (std::size_t rule = 0; rule < input.assessment->rules.size(); ++rule) order.push_back(rule);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return input.rules->rules[a].severity > input.rules->rules[b].severity; });
  return order;
}

void add_rules(Digest& digest, const ReportInput& input, const Told& before) {
  for (const std::size_t at : rules_in_order(input)) {
    const Rule& rule = input.rules->rules[at];
    const Tally& is = input.assessment->rules[at].tally;
    const auto found = before.rules.find(rule.id);
    if (found == before.rules.end()) continue;  // a rule that is new says nothing about a change of the hosts
    const auto& was = found->second;
    if (is.fail < was[1] && is.pass > was[0]) digest.passed.push_back(line(rule.title, rule_detail(rule, was, is)));
    if (is.fail > was[1]) digest.failed.push_back(line(rule.title, rule_detail(rule, was, is)));
  }
}

void add_gates(Digest& digest, const ReportInput& input, const Told& before) {
  for (const GateResult& gate : input.assessment->gates) {
    const Gate& about = input.rules->gates[gate.gate];
    const bool was_shut = std::binary_search(before.shut_gates.begin(), before.shut_gates.end(), about.id);
    const std::string caps = say("digest.gate.caps", {{"level", level_text(about.level)}});
    if (gate.shut && !was_shut) digest.gates_shut.push_back(line(about.title, caps));
    if (!gate.shut && !gate.unknown && was_shut) digest.gates_opened.push_back(line(about.title, caps));
  }
}

std::string plan_title(const ReportInput& input, const PlanItem& item) {
  for (const Action& action : input.assessment->actions)
    if (action.id == item.action) return capitalised(action_title(input, action));
  return item.title.empty() ? item.action : item.title;
}

std::string owner_text(const std::string& owner) { return owner.empty() ? say("digest.no_owner") : clipped(owner, 80); }

void add_plan(Digest& digest, const ReportInput& input, const Told* before) {
  if (!input.decisions) return;
  std::vector<const PlanItem*> late;
  for (const PlanItem& item : input.decisions->plan) {
    if (is_overdue(item, input.assessment->as_of)) late.push_back(&item);
    if (before == nullptr) continue;
    const auto found = before->plan.find(item.action);
    const std::string_view was = found == before->plan.end() ? std::string_view() : std::string_view(found->second);
    if (was == to_text(item.status)) continue;
    if (item.status == PlanStatus::done) digest.done.push_back(line(plan_title(input, item), owner_text(item.owner)));
    if (item.status == PlanStatus::reopened) digest.reopened.push_back(line(plan_title(input, item), owner_text(item.owner)));
  }
  std::stable_sort(late.begin(), late.end(), [](const PlanItem* a, const PlanItem* b) { return *a->due_at < *b->due_at; });
  for (const PlanItem* item : late) digest.overdue.push_back(line(plan_title(input, *item), say("digest.was_due", {{"owner", owner_text(item->owner)}, {"date", long_date(*item->due_at)}})));
}

void add_next(Digest& digest, const ReportInput& input) {
  for (std::size_t at = 0; at < input.assessment->actions.size() && at < kActionsNext; ++at) {
    const Action& action = input.assessment->actions[at];
    const PlanItem* item = plan_of(input, action.id);
    const std::string owner = item != nullptr && !item->owner.empty() ? item->owner : action.owner;
    digest.next.push_back(line(capitalised(action_title(input, action)),
                               say("digest.next_detail", {{"gain", gain_text(action.gain)}, {"effort", effort_text(action.effort_days)}, {"owner", owner_text(owner)}})));
  }
}

/// The parts of the change, where they add up to all of it.
std::optional<ScoreSplit> split_since(const ReportInput& input, std::int64_t since, Tenths change) {
  ScoreSplit sum;
  for (const ScorePoint& point : input.history) {
    if (point.at <= since) continue;
    if (!point.split) return std::nullopt;
    sum.fleet += point.split->fleet;
    sum.rules += point.split->rules;
    sum.coverage += point.split->coverage;
  }
  return sum.fleet + sum.rules + sum.coverage == change ? std::optional(sum) : std::nullopt;
}

int unread_checks(const ReportInput& input) {
  int unread = 0;
  for (const RuleResult& rule : input.assessment->rules) unread += rule.tally.unknown;
  return unread;
}

void add_section(DigestPage& page, std::string_view key, DigestSection::Tone tone, const std::vector<DigestLine>& lines) {
  if (lines.empty()) return;
  DigestSection section{say("digest.section." + std::string(key)), tone, lines, 0};
  if (lines.size() > kMostDigestLines) {
    section.lines.resize(kMostDigestLines);
    section.more = lines.size() - kMostDigestLines;
  }
  page.sections.push_back(std::move(section));
}

void add_facts(DigestPage& page, const Digest& digest) {
  page.facts.push_back(say("digest.level", {{"level", level_text(digest.level)}, {"known", percent(digest.checks_known)}, {"hosts", say_count("count.hosts", static_cast<std::size_t>(digest.hosts))}}));
  if (digest.level != digest.level_before && digest.since) page.facts.push_back(say("digest.level_was", {{"level", level_text(digest.level_before)}}));
  if (digest.split)
    page.facts.push_back(say("digest.split", {{"fleet", signed_points(digest.split->fleet)}, {"rules", signed_points(digest.split->rules)}, {"coverage", signed_points(digest.split->coverage)}}));
  if (digest.since && digest.unread != digest.unread_before)
    page.facts.push_back(say("digest.unread", {{"now", grouped(digest.unread)}, {"was", grouped(digest.unread_before)}}));
  const bool nothing = digest.passed.empty() && digest.failed.empty() && digest.gates_opened.empty() && digest.gates_shut.empty() && digest.done.empty() && digest.reopened.empty();
  if (digest.since && nothing) page.facts.push_back(say("digest.nothing"));
}

std::string headline_of(const Digest& digest) {
  if (!digest.score) return say("digest.no_score");
  if (!digest.since || !digest.score_before) return say("digest.score_first", {{"score", show_points(*digest.score)}});
  const Tenths change = *digest.score - *digest.score_before;
  return say(change > 0 ? "digest.score_up" : change < 0 ? "digest.score_down" : "digest.score_same",
             {{"score", show_points(*digest.score)}, {"change", show_points(change < 0 ? -change : change)}, {"since", long_date(*digest.since)}});
}

std::string subject_of(const Digest& digest, const std::string& organisation) {
  const std::string score = digest.score ? show_points(*digest.score) : say("figure.none");
  if (!digest.gates_shut.empty()) return say("digest.subject_shut", {{"organisation", organisation}, {"score", score}, {"gate", digest.gates_shut.front().title}});
  if (!digest.gates_opened.empty()) return say("digest.subject_opened", {{"organisation", organisation}, {"score", score}, {"gate", digest.gates_opened.front().title}});
  const bool moved = digest.score && digest.score_before && digest.since;
  return say("digest.subject", {{"organisation", organisation}, {"score", moved ? score + " (" + signed_points(*digest.score - *digest.score_before) + ")" : score}});
}

Result<Told> told_of(const json& document) {
  Told told;
  told.at = document.at("at").get<std::int64_t>();
  told.as_of = document.at("as_of").get<std::int64_t>();
  if (!document.at("score").is_null()) told.score = document.at("score").get<int>();
  told.level = std::clamp(document.at("level").get<int>(), 1, 5);
  told.rules = document.at("rules").get<std::map<std::string, std::array<int, 3>>>();
  told.shut_gates = document.at("shut_gates").get<std::vector<std::string>>();
  told.plan = document.at("plan").get<std::map<std::string, std::string>>();
  std::sort(told.shut_gates.begin(), told.shut_gates.end());
  return told;
}

}  // namespace

Told told_now(const ReportInput& input, std::int64_t now) {
  Told told;
  told.at = now;
  told.as_of = input.assessment->as_of;
  told.score = input.assessment->score.value;
  told.level = input.assessment->score.level;
  for (std::size_t at = 0; at < input.assessment->rules.size(); ++at) {
    const Tally& tally = input.assessment->rules[at].tally;
    if (tally.applicable() > 0) told.rules[input.rules->rules[at].id] = {tally.pass, tally.fail, tally.unknown};
  }
  for (const GateResult& gate : input.assessment->gates)
    if (gate.shut) told.shut_gates.push_back(input.rules->gates[gate.gate].id);
  std::sort(told.shut_gates.begin(), told.shut_gates.end());
  if (input.decisions)
    for (const PlanItem& item : input.decisions->plan) told.plan[item.action] = to_text(item.status);
  return told;
}

std::string to_json(const Told& told) {
  return canonical_json({{"at", told.at}, {"as_of", told.as_of}, {"score", told.score ? json(*told.score) : json()}, {"level", told.level}, {"rules", told.rules}, {"shut_gates", told.shut_gates}, {"plan", told.plan}});
}

Result<Told> told_from(std::string_view json_text) {
  JsonLimits limits;
  limits.bytes = kMostToldBytes;
  const auto document = parse_json(json_text, limits);
  if (!document) return fail("digest record", document.error());
  try {
    return told_of(*document);
  } catch (const json::exception&) {  // a field of another type, or none
    return fail(ErrorKind::invalid, "digest record: it holds something else; the next digest begins anew");
  }
}

Digest make_digest(const ReportInput& input, const Told* before, const std::string& link, std::int64_t now) {
  const Score& score = input.assessment->score;
  Digest digest;
  digest.organisation = clipped(input.organisation, 80);
  digest.as_of = input.assessment->as_of;
  digest.score = score.value;
  digest.level = digest.level_before = score.level;
  digest.checks_known = score.checks_known;
  digest.hosts = score.hosts;
  digest.unread = digest.unread_before = unread_checks(input);
  digest.link = link;
  (void)now;
  add_plan(digest, input, before);
  add_next(digest, input);
  if (before == nullptr) return digest;
  digest.since = before->at;
  digest.score_before = before->score;
  digest.level_before = before->level;
  digest.unread_before = 0;
  for (const auto& [id, counts] : before->rules) digest.unread_before += counts[2];
  add_rules(digest, input, *before);
  add_gates(digest, input, *before);
  if (digest.score && digest.score_before) digest.split = split_since(input, before->as_of, *digest.score - *digest.score_before);
  return digest;
}

DigestPage page_of(const Digest& digest) {
  using Tone = DigestSection::Tone;
  const std::string organisation = digest.organisation.empty() ? say("organisation.unnamed") : digest.organisation;
  DigestPage page;
  page.subject = subject_of(digest, organisation);
  page.headline = headline_of(digest);
  add_facts(page, digest);
  add_section(page, "gates_shut", Tone::bad, digest.gates_shut);
  add_section(page, "gates_opened", Tone::good, digest.gates_opened);
  add_section(page, "passed", Tone::good, digest.passed);
  add_section(page, "done", Tone::good, digest.done);
  add_section(page, "failed", Tone::bad, digest.failed);
  add_section(page, "reopened", Tone::bad, digest.reopened);
  add_section(page, "overdue", Tone::bad, digest.overdue);
  add_section(page, "next", Tone::plain, digest.next);
  page.link = digest.link;
  page.link_text = say("digest.open");
  page.footer = say("digest.footer", {{"organisation", organisation}, {"date", long_date(digest.as_of)}});
  return page;
}

}  // namespace plumbline
