// SPDX-License-Identifier: Apache-2.0
// Reads overrides and waivers.
#include "rules/site.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "base/time.h"
#include "rules/fields.h"
#include "rules/words.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxGlob = 255;  // as long as a host name may be
constexpr std::int64_t kDay = 86'400;

// The rule that `rule` names, or nullptr after a mistake. `rules` are sorted by id.
Rule* find_rule(Fields& fields, RuleSet& rules, bool incomplete) {
  std::string id = fields.text("rule");
  if (id.empty()) return nullptr;
  auto at = std::lower_bound(rules.rules.begin(), rules.rules.end(), id, [](const Rule& rule, const std::string& wanted) { return rule.id < wanted; });
  if (at != rules.rules.end() && at->id == id) return &*at;
  if (incomplete) return nullptr;
  std::vector<std::string> known;
  for (const Rule& rule : rules.rules) known.push_back(rule.id);
  fields.mistake("rule", "no rule '" + id + "'" + suggestion(id, known));
  return nullptr;
}

void read_waiver(const Draft& draft, bool incomplete, RuleSet& rules, Mistakes& mistakes) {
  Fields fields(mistakes, *draft.file, *draft.node, "the waiver");
  Waiver waiver;
  const Rule* rule = find_rule(fields, rules, incomplete);
  if (rule) waiver.rule = rule->id;
  waiver.hosts = fields.text("hosts");
  if (waiver.hosts == "all") waiver.hosts = "*";
  waiver.owner = fields.text("owner");
  waiver.reason = fields.text("reason");
  waiver.until = fields.text("until");
  fields.finish();
  if (waiver.hosts.size() > kMaxGlob) fields.mistake("hosts", "'hosts' is longer than any host's name");
  if (rule && rule->fleet && !waiver.hosts.empty() && waiver.hosts != "*") {
    fields.mistake("hosts", "'" + rule->id + "' is judged once for the fleet; write 'hosts: all'");
  }
  auto last_day = parse_date(waiver.until);
  if (!last_day && !waiver.until.empty()) {
    fields.mistake("until", "'" + waiver.until + "' is no date such as 2027-03-31: the last day on which the waiver counts");
  }
  waiver.ends = last_day.value_or(0) + kDay;
  waiver.file = draft.file->name;
  waiver.place = place_of(draft.file->text, draft.node->offset);
  if (rule) rules.waivers.push_back(std::move(waiver));
}

// "severity high instead of medium"
void note_change(Rule& rule, std::string_view what, std::string_view now, std::string_view before) {
  if (now == before) return;
  rule.site_changes.push_back(std::string(what) + " " + std::string(now) + " instead of " + std::string(before));
}

std::string show_days(double days) {
  std::string text = std::to_string(days);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + (days == 1 ? " day" : " days");
}

// Changes `rule`, which may be nullptr where it is not known: then the fields are only checked.
void change_rule(Fields& fields, Rule* rule) {
  Rule nobody;
  if (!rule) rule = &nobody;
  std::string_view before = to_text(rule->severity);
  if (fields.has("severity")) {
    rule->severity = static_cast<Severity>(fields.choice("severity", severity_words()));
    note_change(*rule, "severity", to_text(rule->severity), before);
  }
  if (fields.has("effort_days")) {
    double days = fields.number("effort_days", 0, kMaxEffortDays);
    note_change(*rule, "effort", show_days(days), show_days(rule->fix.effort_days));
    rule->fix.effort_days = days;
  }
  if (fields.has("cost")) {
    auto cost = static_cast<CostClass>(fields.choice("cost", cost_words()));
    note_change(*rule, "cost", to_text(cost), to_text(rule->fix.cost));
    rule->fix.cost = cost;
  }
  if (fields.has("owner")) {
    std::string owner = fields.text("owner");
    note_change(*rule, "owner", owner, rule->fix.owner);
    rule->fix.owner = std::move(owner);
  }
}

void know_keys(Fields& fields) {
  for (const char* key : {"severity", "effort_days", "cost", "owner"}) fields.any(key, Need::optional);
}

void read_override(const Draft& draft, bool incomplete, RuleSet& rules, std::map<std::string, const Draft*>& first,
                   Mistakes& mistakes) {
  Fields fields(mistakes, *draft.file, *draft.node, "the override");
  Rule* rule = find_rule(fields, rules, incomplete);
  know_keys(fields);
  change_rule(fields, rule);
  bool disabled = fields.boolean("disabled");
  std::string reason = fields.text("reason", disabled ? Need::required : Need::optional);
  fields.finish();
  bool changes = std::any_of(draft.node->entries.begin(), draft.node->entries.end(), [](const auto& entry) {
    return entry.first.text != "rule" && entry.first.text != "reason" && entry.first.text != "disabled";
  });
  if (!changes && !disabled && fields.has("rule")) {
    fields.mistake("rule", "the override changes nothing; give severity, effort_days, cost, owner or disabled: true");
  }
  if (!rule) return;
  if (auto [at, fresh] = first.emplace(rule->id, &draft); !fresh) {
    const Draft& other = *at->second;
    int line = place_of(other.file->text, other.node->offset).line;
    fields.mistake("rule", "another override is for '" + rule->id + "': " + other.file->name + ":" + std::to_string(line));
  }
  if (!disabled) return;
  rules.disabled.push_back({rule->id, rule->pack, rule->title, reason, draft.file->name, place_of(draft.file->text, draft.node->offset)});
}

}  // namespace

void read_waivers(const Drafts& drafts, RuleSet& rules, Mistakes& mistakes) {
  for (const Draft& draft : drafts.waivers) read_waiver(draft, drafts.incomplete, rules, mistakes);
}

void apply_overrides(const Drafts& drafts, RuleSet& rules, Mistakes& mistakes) {
  std::map<std::string, const Draft*> first;
  for (const Draft& draft : drafts.overrides) read_override(draft, drafts.incomplete, rules, first, mistakes);
  std::sort(rules.disabled.begin(), rules.disabled.end(), [](const DisabledRule& a, const DisabledRule& b) { return a.id < b.id; });
  auto is_disabled = [&](const Rule& rule) {
    return std::any_of(rules.disabled.begin(), rules.disabled.end(), [&](const DisabledRule& one) { return one.id == rule.id; });
  };
  rules.rules.erase(std::remove_if(rules.rules.begin(), rules.rules.end(), is_disabled), rules.rules.end());
}

}  // namespace plumbline
