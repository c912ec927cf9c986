// SPDX-License-Identifier: Apache-2.0
// The roadmap: what newly passes, actions by phase with their plan, what is done, what is not proven, reviews.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "collector/decisions/edits.h"
#include "collector/decisions/plan.h"
#include "collector/decisions/text.h"
#include "collector/report/people_pages.h"
#include "collector/report/view.h"
#include "collector/report/work_list.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostChanges = 12;
constexpr std::size_t kMostHosts = 6;
constexpr std::size_t kMostReviews = 8;
constexpr int kPhases = 3;

std::string_view status_css(PlanStatus status) {
  switch (status) {
    case PlanStatus::done: return "ok";
    case PlanStatus::reopened: return "bad";
    case PlanStatus::in_progress: return "wait";
    default: return "soft";
  }
}

View host_links(const ReportInput& input, const Action& action) {
  View rows = view_list();
  for (std::size_t i = 0; i < action.hosts.size() && i < kMostHosts; ++i) {
    const AssessedHost& host = input.assessment->hosts[action.hosts[i]];
    View row;
    put_text(row, "host_id", host.id);
    put_text(row, "host_name", host_title(host));
    rows.push_back(row);
  }
  return rows;
}

View check_links(const ReportInput& input, const Action& action) {
  View rows = view_list();
  for (const std::size_t rule : action.rules) {
    View row;
    put_text(row, "check_id", input.rules->rules[rule].id);
    put_text(row, "check_title", input.rules->rules[rule].title);
    rows.push_back(row);
  }
  return rows;
}

View before_links(const ReportInput& input, const Action& action) {
  View rows = view_list();
  for (const std::size_t before : action.after) {
    View row;
    put_text(row, "before_id", input.assessment->actions[before].id);
    put_text(row, "before_title", capitalised(action_title(input, input.assessment->actions[before])));
    rows.push_back(row);
  }
  return rows;
}

View workload_links(const ReportInput& input, const std::vector<std::size_t>& workloads) {
  View rows = view_list();
  for (const std::size_t at : workloads) {
    View row;
    put_text(row, "workload_id", input.rules->workloads[at].id);
    put_text(row, "workload_title", input.rules->workloads[at].title);
    rows.push_back(row);
  }
  return rows;
}

// What people may choose; a status that scans set stands there as long as nobody chooses another.
View status_options(PlanStatus now) {
  View rows = view_list();
  std::vector<PlanStatus> options = {PlanStatus::proposed, PlanStatus::planned, PlanStatus::in_progress};
  if (now == PlanStatus::done) options.clear();
  if (now == PlanStatus::done || now == PlanStatus::reopened) options.insert(options.begin(), now);
  for (const PlanStatus status : options) {
    View row;
    put_text(row, "option_value", std::string(to_text(status)));
    put_text(row, "option_label", status_text(status));
    put_truth(row, "option_chosen", status == now);
    rows.push_back(row);
  }
  return rows;
}

void put_form(View& row, const PlanItem& item, const PageContext& context) {
  put_truth(row, "may_change", may_change(context));
  put_text(row, "form_action", item.action);
  put_text(row, "form_seen", seen_of(item));
  put_text(row, "form_owner", item.owner);
  put_text(row, "form_due", item.due_at ? iso_date(*item.due_at) : "");
  put_text(row, "form_kpi", item.kpi);
  put_text(row, "form_note", item.note);
  row["form_options"] = status_options(item.status);
}

std::string due_text(const PlanItem& item, std::int64_t now) {
  if (!item.due_at) return {};
  const std::string date = date_text(*item.due_at);
  return is_overdue(item, now) ? say("roadmap.overdue", {{"date", date}}) : say("roadmap.due", {{"date", date}});
}

void put_plan(View& row, const PlanItem& item, const std::string& proposed_owner, std::int64_t now) {
  put_text(row, "plan_status", status_text(item.status));
  put_text(row, "plan_css", std::string(status_css(item.status)));
  row["plan_owner"] = maybe(item.owner.empty() ? proposed_owner : item.owner);
  put_truth(row, "owner_proposed", item.owner.empty() && !proposed_owner.empty());
  row["plan_due"] = maybe(due_text(item, now));
  put_text(row, "due_css", is_overdue(item, now) ? "bad" : "soft");
  row["plan_kpi"] = maybe(item.kpi);
  row["plan_note"] = maybe(item.note);
  row["plan_edited"] = maybe(item.edited_by.empty() ? "" : say("roadmap.edited", {{"who", item.edited_by}, {"date", date_text(item.edited_at)}}));
  std::string again;
  if (item.times_reopened > 0 && item.reopened_at)
    again = say_count("roadmap.reopened_on", static_cast<std::size_t>(item.times_reopened), {{"date", date_text(*item.reopened_at)}});
  row["plan_again"] = maybe(again);
}

PlanItem item_of(const ReportInput& input, const Action& action) {
  const PlanItem* item = plan_of(input, action.id);
  if (item != nullptr) return *item;
  PlanItem fresh;
  fresh.action = action.id;
  return fresh;
}

View open_row(const ReportInput& input, const PageContext& context, const Action& action) {
  View row = action_row(input, action);
  const PlanItem item = item_of(input, action);
  put_text(row, "anchor", action.id);
  put_text(row, "points", gain_text(action.gain));
  put_list(row, "on", host_links(input, action));
  row["on_more"] = maybe(action.hosts.size() > kMostHosts ? say_count("roadmap.more_hosts", action.hosts.size() - kMostHosts) : "");
  row["checks"] = check_links(input, action);
  put_list(row, "before", before_links(input, action));
  put_list(row, "opens_workloads", workload_links(input, action.unlocks));
  put_list(row, "helps_workloads", workload_links(input, action.helps));
  put_plan(row, item, action.owner, input.now);
  put_form(row, item, context);
  return row;
}

bool is_reopened(const ReportInput& input, const Action& action) {
  const PlanItem* item = plan_of(input, action.id);
  return item != nullptr && item->status == PlanStatus::reopened;
}

View block(const std::string& title, const std::string& about, View rows, std::size_t count) {
  View view;
  put_text(view, "block_title", title);
  put_text(view, "block_about", about);
  put_truth(view, "block_empty", count == 0);
  view["rows"] = std::move(rows);
  return view;
}

View open_blocks(const ReportInput& input, const PageContext& context) {
  View blocks = view_list();
  const auto order = actions_in_order(input);
  const auto rows_of = [&](auto wanted, std::size_t& count) {
    View rows = view_list();
    for (const std::size_t at : order)
      if (const Action& action = input.assessment->actions[at]; wanted(action)) rows.push_back(open_row(input, context, action)), ++count;
    return rows;
  };
  std::size_t reopened = 0;
  View again = rows_of([&](const Action& action) { return is_reopened(input, action); }, reopened);
  if (reopened > 0) blocks.push_back(block(say("roadmap.reopened"), say("roadmap.reopened_about"), std::move(again), reopened));
  for (int phase = 1; phase <= kPhases; ++phase) {
    std::size_t count = 0;
    View rows = rows_of([&](const Action& action) { return action.phase == phase && !is_reopened(input, action); }, count);
    const std::string key = "roadmap.phase_" + std::to_string(phase);
    blocks.push_back(block(say(key), say(key + "_about"), std::move(rows), count));
  }
  return blocks;
}

// Items that are not among the open actions, each with why.
View kept_row(const ReportInput& input, const PageContext& context, const PlanItem& item, const std::string& why) {
  View row;
  put_text(row, "anchor", item.action);
  put_text(row, "kept_title", item.title.empty() ? item.action : capitalised(item.title));
  put_text(row, "kept_why", why);
  row["kept_points"] = maybe(item.gain > 0 ? gain_text(item.gain) : "");
  put_plan(row, item, {}, input.now);
  put_form(row, item, context);
  return row;
}

std::string proof_text(const PlanItem& item) {
  const std::string date = item.done_at ? date_text(*item.done_at) : std::string();
  return item.unverified ? say("roadmap.done_unread", {{"date", date}}) : say("roadmap.done_on", {{"date", date}});
}

std::string why_waiting(Standing standing) {
  switch (standing) {
    case Standing::unverified: return say("roadmap.unverified");
    case Standing::accepted: return say("roadmap.accepted");
    case Standing::gone: return say("roadmap.gone");
    default: return say("roadmap.awaits_scan");
  }
}

void put_kept(View& view, const ReportInput& input, const PageContext& context) {
  View done = view_list(), waiting = view_list();
  std::vector<const PlanItem*> items;
  for (const PlanItem& item : input.decisions->plan) items.push_back(&item);
  std::stable_sort(items.begin(), items.end(), [](const PlanItem* a, const PlanItem* b) { return a->done_at.value_or(0) > b->done_at.value_or(0); });
  std::size_t count = 0;
  for (const PlanItem* item : items) {
    const Standing standing = standing_of(*input.rules, *input.assessment, item->action);
    if (item->status == PlanStatus::done) {
      done.push_back(kept_row(input, context, *item, standing == Standing::gone ? say("roadmap.done_gone", {{"date", date_text(item->done_at.value_or(0))}}) : proof_text(*item)));
      ++count;
    } else if (standing != Standing::open) {
      waiting.push_back(kept_row(input, context, *item, why_waiting(standing)));
    }
  }
  put_list(view, "done", std::move(done));
  put_list(view, "waiting", std::move(waiting));
  put_text(view, "done_title", say_count("roadmap.done", count));
}

View change_rows(const ReportInput& input, const SinceReview& since, bool passing) {
  View rows = view_list();
  std::size_t count = 0;
  for (const Change& change : since.changes) {
    const std::size_t hosts = passing ? change.newly_passing : change.newly_failing;
    if (hosts == 0 || ++count > kMostChanges) continue;
    const Rule& rule = input.rules->rules[change.rule];
    View row;
    put_text(row, "change_id", rule.id);
    put_text(row, "change_title", rule.title);
    put_text(row, "change_hosts", rule.fleet ? say("roadmap.whole_fleet") : say_count("count.hosts", hosts));
    rows.push_back(row);
  }
  return rows;
}

void put_since(View& view, const ReportInput& input, const SinceReview& since, std::string_view audience) {
  put_text(view, "since_title", say("review.since_" + std::string(audience), {{"date", date_text(since.at)}}));
  std::string sum = since.known ? say_count("review.passing", since.newly_passing) + " " + say_count("review.failing", since.newly_failing) : say("review.not_kept");
  if (since.new_hosts > 0) sum += " " + say_count("review.new_hosts", since.new_hosts);
  if (since.gone_hosts > 0) sum += " " + say_count("review.gone_hosts", since.gone_hosts);
  put_text(view, "since_sum", sum);
  put_list(view, "won", change_rows(input, since, true));
  put_list(view, "lost", change_rows(input, since, false));
  const auto more = [](std::size_t all) { return maybe(all > kMostChanges ? say_count("roadmap.more_changes", all - kMostChanges) : ""); };
  view["won_more"] = more(since.newly_passing);
  view["lost_more"] = more(since.newly_failing);
}

View review_row(const Review& review) {
  View row;
  put_text(row, "review_date", date_text(review.at));
  put_text(row, "review_audience", say("review.short_" + review.audience));
  put_text(row, "review_score", review.score ? whole_points(*review.score) : "–");
  put_text(row, "review_level", level_text(review.level));
  put_text(row, "review_by", review.by);
  put_text(row, "review_note", review.note);
  return row;
}

View due_reviews(const ReportInput& input) {
  View rows = view_list();
  for (const std::string_view audience : {kItReview, kBoardReview}) {
    const auto next = next_review(input.decisions->reviews, audience);
    const bool late = !next || *next <= input.now;
    const std::string key = !next ? "review.never_" : late ? "review.late_" : "review.next_";
    View row;
    put_text(row, "due_review", say(key + std::string(audience), {{"date", next ? date_text(*next) : std::string()}}));
    put_text(row, "due_review_css", next && late ? "bad" : "soft");
    rows.push_back(row);
  }
  return rows;
}

View late_reviews(const ReportInput& input) {
  View rows = view_list();
  for (const std::string_view audience : {kItReview, kBoardReview}) {
    const auto next = next_review(input.decisions->reviews, audience);
    if (!next || *next > input.now) continue;
    View row;
    put_text(row, "late_review", say("review.late_" + std::string(audience), {{"date", date_text(*next)}}));
    rows.push_back(row);
  }
  return rows;
}

void put_reviews(View& view, const ReportInput& input) {
  View rows = view_list();
  const auto& reviews = input.decisions->reviews;
  for (std::size_t i = 0; i < reviews.size() && i < kMostReviews; ++i) rows.push_back(review_row(reviews[reviews.size() - 1 - i]));
  put_list(view, "reviews", std::move(rows));
  view["due_reviews"] = due_reviews(input);
  view["late"] = late_reviews(input);
}

std::string order_text(const ReportInput& input) {
  std::vector<std::string> titles;
  for (const WorkloadGoal& goal : input.decisions->goals.workloads)
    for (const Workload& workload : input.rules->workloads)
      if (workload.id == goal.workload) titles.push_back(workload.title);
  return titles.empty() ? say("roadmap.order_points") : say("roadmap.order_goals", {{"workloads", listed(titles, 3)}});
}

std::string summary(const ReportInput& input) {
  std::size_t overdue = 0, done = 0;
  for (const PlanItem& item : input.decisions->plan) {
    overdue += is_overdue(item, input.now) ? 1 : 0;
    done += item.status == PlanStatus::done ? 1 : 0;
  }
  std::string text = say_count("roadmap.open", input.assessment->actions.size()) + " " + say_count("roadmap.done_count", done);
  if (overdue > 0) text += " " + say_count("roadmap.overdue_count", overdue);
  return text;
}

}  // namespace

bool may_change(const PageContext& context) { return context.role == "operator" || context.role == "admin"; }

std::string page_roadmap(const ReportInput& input, const PageContext& context, const std::optional<SinceReview>& since_it,
                         const std::optional<SinceReview>& since_board) {
  View view;
  put_text(view, "summary", summary(input));
  put_text(view, "order", order_text(input));
  put_truth(view, "may_change", may_change(context));
  View since = view_list();
  bool folded = false;
  for (const auto& [audience, one] : {std::pair{kItReview, &since_it}, std::pair{kBoardReview, &since_board}}) {
    if (!*one) continue;
    View row;
    put_since(row, input, **one, audience);
    put_truth(row, "since_folded", folded);  // one is read at a glance; the other is a click away
    folded = true;
    since.push_back(row);
  }
  view["since"] = std::move(since);
  view["blocks"] = open_blocks(input, context);
  put_kept(view, input, context);
  put_reviews(view, input);
  View unreadable = view_list();
  for (const std::string& why : input.decisions->unreadable) {
    View row;
    put_text(row, "why_unreadable", why);
    unreadable.push_back(row);
  }
  put_list(view, "unreadable", std::move(unreadable));
  return render_page("roadmap.html", say("nav.roadmap"), std::move(view), input, context);
}

}  // namespace plumbline
