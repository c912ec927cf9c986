// SPDX-License-Identifier: Apache-2.0
// `plan` and `review`: who does what until when, and when people looked.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/commands/people.h"
#include "collector/decisions/edits.h"
#include "collector/decisions/plan.h"
#include "collector/decisions/records.h"
#include "collector/decisions/reviews.h"
#include "collector/decisions/text.h"
#include "collector/report/view.h"

namespace plumbline {
namespace {

using nlohmann::json;

json date_or_null(const std::optional<std::int64_t>& date) { return date ? json(iso_date(*date)) : json(); }

const Action* open_action(const DecidedFleet& fleet, const std::string& id) {
  for (const Action& action : fleet.open.view->assessment().actions)
    if (action.id == id) return &action;
  return nullptr;
}

json item_json(const DecidedFleet& fleet, const PlanItem& item, std::int64_t now) {
  const Action* action = open_action(fleet, item.action);
  json value = {{"action", item.action}, {"title", item.title}, {"status", to_text(item.status)}, {"owner", item.owner}, {"kpi", item.kpi}, {"note", item.note},
                {"due", date_or_null(item.due_at)}, {"overdue", is_overdue(item, now)}, {"first_seen", iso_date(item.first_seen_at)},
                {"done", date_or_null(item.done_at)}, {"reopened", date_or_null(item.reopened_at)}, {"times_reopened", item.times_reopened}, {"unverified", item.unverified},
                {"standing", to_text(standing_of(fleet.open.view->rules(), fleet.open.view->assessment(), item.action))}, {"gain_points", item.gain / 10.0}};
  if (action == nullptr) return value;
  value["gain_points"] = action->gain / 10.0;
  value["proposed_owner"] = action->owner;
  value["phase"] = action->phase;
  return value;
}

// The open actions in the order of the roadmap, then the others by status and action.
std::vector<const PlanItem*> in_order(const DecidedFleet& fleet) {
  std::vector<const PlanItem*> items;
  for (const std::size_t at : actions_in_order(fleet.input))
    if (const PlanItem* item = plan_item(fleet.decisions, fleet.open.view->assessment().actions[at].id)) items.push_back(item);
  for (const PlanItem& item : fleet.decisions.plan)
    if (open_action(fleet, item.action) == nullptr) items.push_back(&item);
  return items;
}

std::string item_line(const DecidedFleet& fleet, const PlanItem& item, std::int64_t now) {
  const Action* action = open_action(fleet, item.action);
  const std::string owner = !item.owner.empty() ? item.owner : action != nullptr && !action->owner.empty() ? "(" + action->owner + ")" : "-";
  std::string when = item.due_at ? iso_date(*item.due_at) : std::string("-");
  if (item.status == PlanStatus::done && item.done_at) when = iso_date(*item.done_at);
  return fmt::format("{:<11} {:<10} {} {:<24} {:>5}  {:<34} {}\n", to_text(item.status), when, is_overdue(item, now) ? '!' : ' ', printable(owner),
                     action != nullptr ? show_points(action->gain) : "", item.action, printable(item.title));
}

std::string since_lines(const DecidedFleet& fleet, std::string_view audience) {
  const auto since = since_last_review(*fleet.open.store, fleet.decisions.reviews, audience, fleet.open.view->rules(), fleet.open.view->assessment());
  if (!since || !*since || !(*since)->known) return {};
  return fmt::format("Since the review of {} ({}): {} checks newly pass, {} newly fail.\n", iso_date((*since)->at), audience, (*since)->newly_passing, (*since)->newly_failing);
}

json review_json(const Review& review) {
  return {{"audience", review.audience}, {"at", to_iso8601(review.at)}, {"level", review.level}, {"by", review.by}, {"note", review.note},
          {"score", review.score ? json(*review.score / 10.0) : json()}};
}

json next_json(const std::vector<Review>& reviews, std::int64_t now) {
  json next = json::object();
  for (const std::string_view audience : {kItReview, kBoardReview}) {
    const auto due = next_review(reviews, audience);
    next[std::string(audience)] = {{"due", date_or_null(due)}, {"overdue", !due || *due <= now}};
  }
  return next;
}

}  // namespace

Result<DecidedFleet> open_decided_fleet(const StateOptions& options) {
  auto open = open_fleet(options);
  if (!open) return tl::unexpected(open.error());
  auto decisions = read_decisions(*open->store);
  if (!decisions) return tl::unexpected(decisions.error());
  DecidedFleet fleet{std::move(*open), std::move(*decisions), {}};
  fleet.input = fleet.open.view->report_input(0);
  const auto changes = reconcile(fleet.decisions.plan, fleet.open.view->rules(), fleet.open.view->assessment(),
                                 [&](const Action& action) { return action_title(fleet.input, action); });
  fleet.decisions.plan = with_changes(std::move(fleet.decisions.plan), changes);
  fleet.input.decisions = std::make_shared<const Decisions>(fleet.decisions);
  return fleet;
}

int run_plan_list(const StateOptions& options) {
  const auto fleet = open_decided_fleet(options);
  if (!fleet) return report_error(fleet.error());
  const std::int64_t now = now_seconds();
  json list = json::array();
  std::string text;
  for (const PlanItem* item : in_order(*fleet)) {
    if (options.json) list.push_back(item_json(*fleet, *item, now));
    else text += item_line(*fleet, *item, now);
  }
  if (options.json) {
    print(canonical_json({{"plan", std::move(list)}, {"unreadable", fleet->decisions.unreadable}}) + "\n");
    return kExitOk;
  }
  for (const std::string& why : fleet->decisions.unreadable) text += "not understood, left as it is: " + printable(why) + "\n";
  const std::string head = since_lines(*fleet, kItReview);
  print(text.empty() ? "No action was ever needed, or no host has reported yet.\n"
                     : head + fmt::format("{:<11} {:<10}   {:<24} {:>5}  {:<34} {}\n", "STATUS", "DUE, DONE", "OWNER", "GAIN", "ACTION", "TITLE") + text);
  return kExitOk;
}

int run_plan_set(const PlanSetOptions& options) {
  if (!options.owner && !options.due && !options.status && !options.kpi && !options.note)
    return report_usage("plan set needs at least one of --owner, --due, --status, --kpi, --note");
  const auto fleet = open_decided_fleet(options.common);
  if (!fleet) return report_error(fleet.error());
  const std::int64_t now = now_seconds();
  const auto kept = keep_plan(*fleet->open.store, fleet->open.view->rules(), fleet->open.view->assessment(),
                              [&](const Action& action) { return action_title(fleet->input, action); }, now);
  if (!kept) return report_error(kept.error());
  const auto item = edit_plan(*fleet->open.store, {options.action, options.owner, options.due, options.status, options.kpi, options.note, {}}, {local_actor(), now});
  if (!item) return report_error(item.error());
  if (options.common.json) print(canonical_json(item_json(*fleet, *item, now)) + "\n");
  else print(item_line(*fleet, *item, now));
  return kExitOk;
}

int run_review_record(const ReviewOptions& options) {
  const auto fleet = open_decided_fleet(options.common);
  if (!fleet) return report_error(fleet.error());
  const std::string since = since_lines(*fleet, options.audience);
  const auto review = record_review(*fleet->open.store, fleet->open.view->rules(), fleet->open.view->assessment(), options.audience, options.note, local_actor(), now_seconds());
  if (!review) return report_error(review.error());
  if (options.common.json) print(canonical_json(review_json(*review)) + "\n");
  else print(since + fmt::format("Recorded: {}, score {}, level {}. Next one due {}.\n", review->audience, review->score ? show_points(*review->score) : "none", review->level, iso_date(*next_review({*review}, review->audience))));
  return kExitOk;
}

int run_review_list(const StateOptions& options) {
  const auto store = open_state_store(options.state, options.store_url);
  if (!store) return report_error(store.error());
  const auto decisions = read_decisions(**store);
  if (!decisions) return report_error(decisions.error());
  const std::int64_t now = now_seconds();
  if (options.json) {
    json list = json::array();
    for (const Review& review : decisions->reviews) list.push_back(review_json(review));
    print(canonical_json({{"reviews", std::move(list)}, {"next", next_json(decisions->reviews, now)}}) + "\n");
    return kExitOk;
  }
  std::string text;
  for (const Review& review : decisions->reviews)
    text += fmt::format("{}  {:<6} {:>5}  level {}  {:<20} {}\n", iso_date(review.at), review.audience, review.score ? show_points(*review.score) : "-", review.level, printable(review.by), printable(review.note));
  for (const std::string_view audience : {kItReview, kBoardReview}) {
    const auto due = next_review(decisions->reviews, audience);
    text += fmt::format("{}: {}\n", audience, !due ? std::string("no review yet") : (*due <= now ? "was due " : "next due ") + iso_date(*due));
  }
  print(text);
  return kExitOk;
}

}  // namespace plumbline
