// SPDX-License-Identifier: Apache-2.0
// Compares a plan with what scans prove.
#include "collector/decisions/plan.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/log.h"
#include "collector/decisions/records.h"
#include "collector/decisions/text.h"

namespace plumbline {
namespace {

constexpr std::int64_t kDaySeconds = 86400;
constexpr int kMostTries = 5;  // against collectors that write at the same moment
constexpr std::string_view kActor = "collector";

using ActionsById = std::map<std::string_view, const Action*>;

ActionsById by_id(const Assessment& assessment) {
  ActionsById actions;
  for (const Action& action : assessment.actions) actions[action.id] = &action;
  return actions;
}

// Titles come from packs and stand in records: what a record would refuse is left out of them.
std::string storable_title(const std::string& title) {
  std::string line = title;
  std::replace(line.begin(), line.end(), '\n', ' ');
  const auto clean = clean_text("title", line, kMaxPlanText, Lines::one);
  return clean ? *clean : std::string();
}

// Title and gain as they are now; written at most once a day, so that a busy fleet does not rewrite its plan all day.
bool note(PlanItem& item, const Action& action, const TitleOf& title_of, std::int64_t as_of, bool at_once) {
  if (!at_once && as_of / kDaySeconds == item.gain_at / kDaySeconds) return false;
  const std::string title = storable_title(title_of(action));
  if (item.title == title && item.gain == action.gain) return false;
  item.title = title;
  item.gain = action.gain;
  item.gain_at = as_of;
  return true;
}

std::optional<PlanStep> meet_open(PlanItem& item, const Action* action, const TitleOf& title_of, std::int64_t as_of) {
  const bool reopens = item.status == PlanStatus::done;
  bool changed = item.unverified || reopens;
  item.unverified = false;
  if (reopens) {
    item.status = PlanStatus::reopened;
    item.reopened_at = as_of;
    item.due_at.reset();  // the date that was met
    ++item.times_reopened;
  }
  if (action != nullptr) changed = note(item, *action, title_of, as_of, reopens) || changed;
  if (!changed) return std::nullopt;
  return reopens ? PlanStep::reopened : PlanStep::noted;
}

std::optional<PlanStep> meet_passing(PlanItem& item, std::int64_t as_of) {
  const bool changed = item.unverified;
  item.unverified = false;
  const std::int64_t start = std::max(item.first_seen_at, item.reopened_at.value_or(0));
  if (item.status == PlanStatus::done || as_of <= start) return changed ? std::optional(PlanStep::noted) : std::nullopt;
  item.status = PlanStatus::done;
  item.done_at = as_of;
  return PlanStep::done;
}

std::optional<PlanStep> meet(PlanItem& item, Standing standing, const Action* action, const TitleOf& title_of, std::int64_t as_of) {
  switch (standing) {
    case Standing::open: return meet_open(item, action, title_of, as_of);
    case Standing::passing: return meet_passing(item, as_of);
    case Standing::unverified:
      if (item.unverified) return std::nullopt;
      item.unverified = true;
      return PlanStep::noted;
    case Standing::accepted:
      if (!item.unverified) return std::nullopt;
      item.unverified = false;
      return PlanStep::noted;
    case Standing::gone: break;
  }
  return std::nullopt;
}

PlanItem new_item(const Action& action, const TitleOf& title_of, std::int64_t as_of) {
  PlanItem item;
  item.action = action.id;
  item.first_seen_at = item.gain_at = as_of;
  item.title = storable_title(title_of(action));
  item.gain = action.gain;
  return item;
}

Result<void> tell(Store& store, const PlanChange& change, std::int64_t now) {
  if (change.step != PlanStep::done && change.step != PlanStep::reopened) return {};
  const bool done = change.step == PlanStep::done;
  const std::int64_t at = (done ? change.item.done_at : change.item.reopened_at).value_or(now);
  return store.add_audit(kActor, done ? "plan.done" : "plan.reopened", change.item.action,
                         "by scans up to " + iso_date(at) + "; " + change.item.title, now);
}

Result<std::vector<PlanItem>> read_plan(Store& store, std::vector<std::string>& unreadable) {
  const auto rows = store.records(kPlanKind);
  if (!rows) return tl::unexpected(rows.error());
  std::vector<PlanItem> plan;
  for (const RecordRow& row : *rows) {
    auto item = plan_item_of(row);
    if (item) plan.push_back(std::move(*item));
    else unreadable.push_back(row.id);
  }
  return plan;
}

}  // namespace

std::string_view to_text(Standing standing) {
  constexpr std::array<std::string_view, 5> kWords = {"open", "unverified", "accepted", "passing", "gone"};
  return kWords.at(static_cast<std::size_t>(standing));
}

Standing standing_of(const RuleSet& rules, const Assessment& assessment, std::string_view action) {
  bool known = false, fails = false, unknown = assessment.hosts.empty(), waived = false;
  for (std::size_t i = 0; i < rules.rules.size() && i < assessment.rules.size(); ++i) {
    if (rules.rules[i].action != action) continue;
    const Tally& tally = assessment.rules[i].tally;
    known = true;
    fails = fails || tally.fail > 0;
    unknown = unknown || tally.unknown > 0;
    waived = waived || tally.waived > 0;
  }
  if (!known) return Standing::gone;
  if (fails) return Standing::open;
  if (unknown) return Standing::unverified;
  return waived ? Standing::accepted : Standing::passing;
}

std::vector<PlanChange> reconcile(const std::vector<PlanItem>& plan, const RuleSet& rules, const Assessment& assessment, const TitleOf& title_of) {
  const ActionsById actions = by_id(assessment);
  std::vector<PlanChange> changes;
  ActionsById fresh = actions;
  for (const PlanItem& stored : plan) {
    fresh.erase(stored.action);
    PlanItem item = stored;
    const auto action = actions.find(item.action);
    const auto step = meet(item, standing_of(rules, assessment, item.action), action == actions.end() ? nullptr : action->second, title_of, assessment.as_of);
    if (step) changes.push_back({std::move(item), *step});
  }
  for (const auto& [id, action] : fresh) changes.push_back({new_item(*action, title_of, assessment.as_of), PlanStep::appeared});
  return changes;
}

std::vector<PlanItem> with_changes(std::vector<PlanItem> plan, const std::vector<PlanChange>& changes) {
  std::map<std::string, PlanItem> items;
  for (PlanItem& item : plan) items[item.action] = std::move(item);
  for (const PlanChange& change : changes) items[change.item.action] = change.item;
  std::vector<PlanItem> all;
  for (auto& [id, item] : items) all.push_back(std::move(item));
  return all;
}

Result<std::size_t> keep_plan(Store& store, const RuleSet& rules, const Assessment& assessment, const TitleOf& title_of, std::int64_t now) {
  for (int tries = 1;; ++tries) {
    std::vector<std::string> unreadable;
    const auto plan = read_plan(store, unreadable);
    if (!plan) return tl::unexpected(plan.error());
    std::vector<PlanChange> changes = reconcile(*plan, rules, assessment, title_of);
    // What this version cannot read is another one's, and stays.
    std::erase_if(changes, [&](const PlanChange& change) { return std::find(unreadable.begin(), unreadable.end(), change.item.action) != unreadable.end(); });
    std::vector<RecordRow> rows;
    for (const PlanChange& change : changes) rows.push_back(row_of(change.item, kActor, now));
    if (rows.empty()) return std::size_t{0};
    const auto put = store.put_records(rows);
    if (!put && put.error().kind == ErrorKind::conflict && tries < kMostTries) continue;
    if (!put) return tl::unexpected(put.error());
    for (const PlanChange& change : changes)
      if (auto told = tell(store, change, now); !told) return tl::unexpected(told.error());
    return changes.size();
  }
}

}  // namespace plumbline
