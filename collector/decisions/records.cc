// SPDX-License-Identifier: Apache-2.0
// Reads and writes the JSON of records. Everything in a record may have been written by hand or by another version: each
// value is checked as if it came from a stranger.
#include "collector/decisions/records.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/decisions/text.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::int64_t kLastMoment = 253'402'300'799;  // 9999-12-31T23:59:59Z
constexpr int kMostReopened = 1'000'000;

/// One object of a record: every key asked for is known, the first mistake sticks.
class Members {
 public:
  Members(std::string subject, const json& value) : subject_(std::move(subject)), value_(value) {
    if (!value_.is_object()) mistake("an object is needed");
  }

  std::string text(const char* key, std::size_t limit, Lines lines = Lines::one) {
    const json* found = find(key);
    if (found == nullptr) return {};
    if (!found->is_string()) return mistake(key, "a text is needed"), std::string();
    auto clean = clean_text(key, found->get_ref<const std::string&>(), limit, lines);
    if (clean) return std::move(*clean);
    mistake(clean.error().message);
    return {};
  }
  std::int64_t integer(const char* key, std::int64_t least, std::int64_t most) { return optional_integer(key, least, most).value_or(least); }
  std::optional<std::int64_t> optional_integer(const char* key, std::int64_t least, std::int64_t most) {
    const json* found = find(key);
    if (found == nullptr) return std::nullopt;
    const bool fits = found->is_number_integer() && (!found->is_number_unsigned() || found->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX));
    const std::int64_t number = fits ? found->get<std::int64_t>() : 0;
    if (fits && number >= least && number <= most) return number;
    mistake(key, "a whole number from " + std::to_string(least) + " to " + std::to_string(most) + " is needed");
    return std::nullopt;
  }
  std::optional<double> number(const char* key) {
    const json* found = find(key);
    if (found == nullptr) return std::nullopt;
    if (found->is_number() && std::abs(found->get<double>()) <= kMostKpiValue) return found->get<double>();
    mistake(key, "a number is needed");
    return std::nullopt;
  }
  bool boolean(const char* key) {
    const json* found = find(key);
    if (found == nullptr) return false;
    if (!found->is_boolean()) mistake(key, "true or false is needed");
    return found->is_boolean() && found->get<bool>();
  }
  const json& list(const char* key, std::size_t most) {
    static const json kNone = json::array();
    const json* found = find(key);
    if (found == nullptr) return kNone;
    if (found->is_array() && found->size() <= most) return *found;
    mistake(key, "a list of up to " + std::to_string(most) + " is needed");
    return kNone;
  }
  void mistake(const std::string& what) {
    if (!error_) error_ = Error{ErrorKind::invalid, subject_ + ": " + what};
  }
  void mistake(const char* key, const std::string& what) { mistake(std::string(key) + ": " + what); }
  void take(const Members& inner) {
    if (!error_) error_ = inner.error_;
  }
  /// Reports keys nobody asked for.
  void finish() {
    if (!value_.is_object()) return;
    for (const auto& [key, member] : value_.items())
      if (!known_.contains(key)) mistake("'" + printable(key) + "' is not known to this version");
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const json* find(const char* key) {
    known_.insert(key);
    const auto found = value_.is_object() ? value_.find(key) : value_.end();
    return found == value_.end() || found->is_null() ? nullptr : &*found;
  }

  std::string subject_;
  const json& value_;
  std::set<std::string, std::less<>> known_;
  std::optional<Error> error_;
};

Result<json> body_of(const RecordRow& row) {
  JsonLimits limits;
  limits.bytes = kMaxRecordBody;
  limits.depth = 8;
  limits.string_bytes = kMaxRecordBody;
  auto value = parse_json(row.body, limits);
  if (!value) return fail(row.kind + " " + printable(row.id), value.error());
  return value;
}

template <class T>
Result<T> finished(Members& members, T value) {
  members.finish();
  if (members.error()) return tl::unexpected(*members.error());
  return value;
}

template <class Value>
void put(json& to, const char* key, const std::optional<Value>& value) {
  if (value) to[key] = *value;
}

RecordRow make_row(std::string_view kind, std::string id, const json& body, std::string_view by, std::int64_t now, std::int64_t version) {
  return {std::string(kind), std::move(id), canonical_json(body), now, std::string(by), version};
}

json json_of(const KpiGoal& kpi) {
  json value = {{"name", kpi.name}, {"unit", kpi.unit}, {"now_at", kpi.now_at}};
  put(value, "baseline", kpi.baseline);
  put(value, "target", kpi.target);
  put(value, "now", kpi.now);
  return value;
}

KpiGoal kpi_of(const json& value, Members& outer) {
  Members members("a KPI", value);
  KpiGoal kpi;
  kpi.name = members.text("name", kMaxPlanName);
  kpi.unit = members.text("unit", kMaxUnit);
  kpi.baseline = members.number("baseline");
  kpi.target = members.number("target");
  kpi.now = members.number("now");
  kpi.now_at = members.integer("now_at", 0, kLastMoment);
  members.finish();
  outer.take(members);
  return kpi;
}

WorkloadGoal workload_of(const json& value, Members& outer) {
  Members members("a workload's goal", value);
  WorkloadGoal goal;
  goal.workload = members.text("workload", kMaxPlanName);
  if (goal.workload.empty()) members.mistake("workload", "a workload's id is needed");
  goal.by = members.optional_integer("by", 0, kLastMoment);
  if (const auto people = members.optional_integer("people", 0, kMostPeople)) goal.people = static_cast<int>(*people);
  goal.owner = members.text("owner", kMaxPlanName);
  for (const json& kpi : members.list("kpis", kMostKpiGoals)) goal.kpis.push_back(kpi_of(kpi, members));
  members.finish();
  outer.take(members);
  return goal;
}

template <class T>
Result<void> read_kind(Store& store, std::string_view kind, Result<T> (*read)(const RecordRow&), std::vector<T>& into, std::vector<std::string>& unreadable) {
  const auto rows = store.records(kind);
  if (!rows) return tl::unexpected(rows.error());
  for (const RecordRow& row : *rows) {
    auto value = read(row);
    if (value) into.push_back(std::move(*value));
    else unreadable.push_back(value.error().message);
  }
  return {};
}

}  // namespace

RecordRow row_of(const PlanItem& item, std::string_view changed_by, std::int64_t now) {
  json body = {{"owner", item.owner}, {"status", to_text(item.status)}, {"kpi", item.kpi}, {"note", item.note}, {"title", item.title},
               {"first_seen_at", item.first_seen_at}, {"times_reopened", item.times_reopened}, {"gain", item.gain}, {"gain_at", item.gain_at},
               {"unverified", item.unverified}, {"edited_by", item.edited_by}, {"edited_at", item.edited_at}};
  put(body, "due_at", item.due_at);
  put(body, "done_at", item.done_at);
  put(body, "reopened_at", item.reopened_at);
  return make_row(kPlanKind, item.action, body, changed_by, now, item.version);
}

RecordRow row_of(const Goals& goals, std::string_view changed_by, std::int64_t now) {
  json workloads = json::array();
  for (const WorkloadGoal& goal : goals.workloads) {
    json value = {{"workload", goal.workload}, {"owner", goal.owner}, {"kpis", json::array()}};
    put(value, "by", goal.by);
    put(value, "people", goal.people);
    for (const KpiGoal& kpi : goal.kpis) value["kpis"].push_back(json_of(kpi));
    workloads.push_back(std::move(value));
  }
  json body = {{"workloads", std::move(workloads)}};
  put(body, "score", goals.score);
  put(body, "score_by", goals.score_by);
  return make_row(kGoalsKind, "goals", body, changed_by, now, goals.version);
}

RecordRow row_of(const Answer& answer, std::string_view changed_by, std::int64_t now) {
  const json body = {{"value", answer.value}, {"evidence", answer.evidence}, {"owner", answer.owner},
                     {"answered_by", answer.answered_by}, {"answered_at", answer.answered_at}};
  return make_row(kAnswerKind, answer.question, body, changed_by, now, answer.version);
}

RecordRow row_of(const Review& review, std::string_view changed_by, std::int64_t now) {
  json body = {{"audience", review.audience}, {"at", review.at}, {"level", review.level}, {"by", review.by}, {"note", review.note}};
  put(body, "score", review.score);
  return make_row(kReviewKind, to_iso8601(review.at) + " " + review.audience, body, changed_by, now, 0);
}

Result<PlanItem> plan_item_of(const RecordRow& row) {
  const auto body = body_of(row);
  if (!body) return tl::unexpected(body.error());
  Members members(row.kind + " " + printable(row.id), *body);
  PlanItem item;
  item.action = row.id;
  item.version = row.version;
  item.owner = members.text("owner", kMaxPlanName);
  item.due_at = members.optional_integer("due_at", 0, kLastMoment);
  const std::string status = members.text("status", kMaxPlanName);
  const auto known = plan_status_from(status);
  if (!known) members.mistake("status", "'" + status + "' is no status");
  item.status = known.value_or(PlanStatus::proposed);
  item.kpi = members.text("kpi", kMaxPlanName);
  item.note = members.text("note", kMaxPlanText, Lines::many);
  item.title = members.text("title", kMaxPlanText);
  item.first_seen_at = members.integer("first_seen_at", 0, kLastMoment);
  item.done_at = members.optional_integer("done_at", 0, kLastMoment);
  item.reopened_at = members.optional_integer("reopened_at", 0, kLastMoment);
  item.times_reopened = static_cast<int>(members.integer("times_reopened", 0, kMostReopened));
  item.gain = static_cast<Tenths>(members.integer("gain", -1000, 1000));
  item.gain_at = members.integer("gain_at", 0, kLastMoment);
  item.unverified = members.boolean("unverified");
  item.edited_by = members.text("edited_by", kMaxPlanName);
  item.edited_at = members.integer("edited_at", 0, kLastMoment);
  return finished(members, std::move(item));
}

Result<Goals> goals_of(const RecordRow& row) {
  const auto body = body_of(row);
  if (!body) return tl::unexpected(body.error());
  Members members(row.kind, *body);
  Goals goals;
  goals.version = row.version;
  for (const json& value : members.list("workloads", kMostWorkloadGoals)) goals.workloads.push_back(workload_of(value, members));
  if (const auto score = members.optional_integer("score", 0, 100)) goals.score = static_cast<int>(*score);
  goals.score_by = members.optional_integer("score_by", 0, kLastMoment);
  return finished(members, std::move(goals));
}

Result<Answer> answer_of(const RecordRow& row) {
  const auto body = body_of(row);
  if (!body) return tl::unexpected(body.error());
  Members members(row.kind + " " + printable(row.id), *body);
  Answer answer;
  answer.question = row.id;
  answer.version = row.version;
  const auto value = members.optional_integer("value", 0, kMostAnswer);
  if (!value) members.mistake("value", "an answer from 0 to 4 is needed");
  answer.value = static_cast<int>(value.value_or(0));
  answer.evidence = members.text("evidence", kMaxPlanText, Lines::many);
  answer.owner = members.text("owner", kMaxPlanName);
  answer.answered_by = members.text("answered_by", kMaxPlanName);
  answer.answered_at = members.integer("answered_at", 0, kLastMoment);
  return finished(members, std::move(answer));
}

Result<Review> review_of(const RecordRow& row) {
  const auto body = body_of(row);
  if (!body) return tl::unexpected(body.error());
  Members members(row.kind + " " + printable(row.id), *body);
  Review review;
  review.audience = members.text("audience", kMaxPlanName);
  if (review.audience != kItReview && review.audience != kBoardReview) members.mistake("audience", "it or board is needed");
  review.at = members.integer("at", 0, kLastMoment);
  if (const auto score = members.optional_integer("score", 0, 1000)) review.score = static_cast<Tenths>(*score);
  review.level = static_cast<int>(members.integer("level", 1, 5));
  review.by = members.text("by", kMaxPlanName);
  review.note = members.text("note", kMaxPlanText, Lines::many);
  return finished(members, std::move(review));
}

Result<Decisions> read_decisions(Store& store) {
  Decisions decisions;
  std::vector<Goals> goals;
  auto read = read_kind(store, kPlanKind, plan_item_of, decisions.plan, decisions.unreadable);
  if (read) read = read_kind(store, kGoalsKind, goals_of, goals, decisions.unreadable);
  if (read) read = read_kind(store, kAnswerKind, answer_of, decisions.answers, decisions.unreadable);
  if (read) read = read_kind(store, kReviewKind, review_of, decisions.reviews, decisions.unreadable);
  if (!read) return tl::unexpected(read.error());
  if (!goals.empty()) decisions.goals = std::move(goals.front());
  std::stable_sort(decisions.reviews.begin(), decisions.reviews.end(), [](const Review& a, const Review& b) { return a.at < b.at; });
  return decisions;
}

}  // namespace plumbline
