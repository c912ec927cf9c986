// SPDX-License-Identifier: Apache-2.0
// Writes what people decided.
#include "collector/decisions/edits.h"

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "base/text.h"
#include "collector/decisions/records.h"
#include "collector/decisions/text.h"

namespace plumbline {
namespace {

constexpr int kMostTries = 5;  // against the collector, which notes what scans prove
constexpr std::size_t kSeenDigits = 16;
constexpr std::size_t kMostDetail = 200;

// "owner: Ada; due: 2026-12-01", as the audit log tells a change; long texts are cut at a character.
class Told {
 public:
  void add(std::string_view name, std::string_view before, std::string_view after) {
    if (before == after) return;
    if (!text_.empty()) text_ += "; ";
    text_ += std::string(name) + ": " + (after.empty() ? std::string("none") : printable(cut(after)));
  }
  const std::string& text() const { return text_; }

 private:
  static std::string_view cut(std::string_view text) {
    if (text.size() <= kMostDetail) return text;
    std::size_t end = kMostDetail;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
  }
  std::string text_;
};

std::string due_text(const std::optional<std::int64_t>& due) { return due ? iso_date(*due) : std::string(); }

Result<void> set_text(std::string& value, const std::optional<std::string>& given, std::string_view what, std::size_t limit, Lines lines) {
  if (!given) return {};
  auto clean = clean_text(what, *given, limit, lines);
  if (!clean) return tl::unexpected(clean.error());
  value = std::move(*clean);
  return {};
}

// People move an action before it is done; from reopened they may plan it again, and leaving it as it is changes nothing.
Result<void> set_status(PlanItem& item, const std::optional<std::string>& given) {
  if (!given) return {};
  const std::string_view text = trim(*given);
  const auto status = plan_status_from(text);
  if (status && *status == item.status) return {};
  if (!status || *status == PlanStatus::done || *status == PlanStatus::reopened)
    return fail(ErrorKind::invalid, "status: '" + printable(text.substr(0, 40)) +
                                        "' cannot be set by hand: a scan that proves it sets done and reopened; choose proposed, planned or in_progress");
  if (item.status == PlanStatus::done)
    return fail(ErrorKind::invalid, "status: a scan has proved this action done; it is reopened by itself when one of its checks fails again");
  item.status = *status;
  return {};
}

Result<void> apply(PlanItem& item, const PlanEdit& edit) {
  if (edit.due) {
    const auto due = clean_date("due date", *edit.due);
    if (!due) return tl::unexpected(due.error());
    item.due_at = *due;
  }
  auto done = set_text(item.owner, edit.owner, "owner", kMaxPlanName, Lines::one);
  if (done) done = set_text(item.kpi, edit.kpi, "KPI", kMaxPlanName, Lines::one);
  if (done) done = set_text(item.note, edit.note, "note", kMaxPlanText, Lines::many);
  return done ? set_status(item, edit.status) : done;
}

std::string told(const PlanItem& before, const PlanItem& after) {
  Told told;
  told.add("owner", before.owner, after.owner);
  told.add("due", due_text(before.due_at), due_text(after.due_at));
  told.add("status", to_text(before.status), to_text(after.status));
  told.add("KPI", before.kpi, after.kpi);
  told.add("note", before.note, after.note);
  return told.text();
}

Error changed_meanwhile(const PlanItem& item) {
  return {ErrorKind::conflict, "plan " + printable(item.action) + ": " + (item.edited_by.empty() ? std::string("somebody") : printable(item.edited_by)) +
                                   " changed it meanwhile; look at it again and repeat your change"};
}

bool is_asked(const Questionnaire& questions, std::string_view id) {
  return std::any_of(questions.questions.begin(), questions.questions.end(), [&](const Question& question) { return question.id == id; });
}

Error not_asked(const Questionnaire& questions, std::string_view id) {
  std::vector<std::string> ids;
  for (const Question& question : questions.questions) ids.push_back(question.id);
  const auto near = did_you_mean(id, ids);
  return {ErrorKind::not_found, "answer: there is no question '" + printable(id.substr(0, 40)) + "'" + (near ? "; did you mean " + *near + "?" : "")};
}

Result<Answer> clean_answer(const AnswerEdit& edit, int value) {
  Answer answer;
  answer.question = edit.question;
  answer.value = value;
  auto done = set_text(answer.evidence, edit.evidence, "evidence", kMaxPlanText, Lines::many);
  if (done) done = set_text(answer.owner, edit.owner, "owner", kMaxPlanName, Lines::one);
  if (!done) return tl::unexpected(done.error());
  return answer;
}

bool same_answer(const Answer& a, const Answer& b) { return a.value == b.value && a.evidence == b.evidence && a.owner == b.owner; }

std::string told(const Answer& answer) {
  Told told;
  told.add("value", "", std::to_string(answer.value));
  told.add("owner", "", answer.owner);
  told.add("evidence", "", answer.evidence);
  return told.text();
}

Result<void> take_back(Store& store, const AnswerEdit& edit, const std::optional<RecordRow>& there, const Editor& editor) {
  if (!there) return {};
  if (auto gone = store.remove_record(kAnswerKind, edit.question, edit.version.value_or(there->version)); !gone) return gone;
  return store.add_audit(editor.name, "answer.remove", edit.question, "", editor.now);
}

Result<KpiGoal> clean_kpi(KpiGoal kpi, const Editor& editor) {
  auto done = set_text(kpi.name, kpi.name, "KPI", kMaxPlanName, Lines::one);
  if (done) done = set_text(kpi.unit, kpi.unit, "unit", kMaxUnit, Lines::one);
  if (!done) return tl::unexpected(done.error());
  if (kpi.name.empty()) return fail(ErrorKind::invalid, "goals: a KPI needs a name");
  if (kpi.now && kpi.now_at == 0) kpi.now_at = editor.now;
  if (!kpi.now) kpi.now_at = 0;
  return kpi;
}

// `kept` are workloads of the goals that are stored: one whose pack is gone may stay.
Result<WorkloadGoal> clean_workload(const RuleSet& rules, const std::vector<std::string>& kept, WorkloadGoal goal, const Editor& editor) {
  std::vector<std::string> ids = kept;
  for (const Workload& workload : rules.workloads) ids.push_back(workload.id);
  if (std::find(ids.begin(), ids.end(), goal.workload) == ids.end()) {
    const auto near = did_you_mean(goal.workload, ids);
    return fail(ErrorKind::not_found, "goals: there is no workload '" + printable(goal.workload.substr(0, 60)) + "'" + (near ? "; did you mean " + *near + "?" : ""));
  }
  if (auto done = set_text(goal.owner, goal.owner, "owner", kMaxPlanName, Lines::one); !done) return tl::unexpected(done.error());
  if (goal.people && (*goal.people < 0 || *goal.people > kMostPeople)) return fail(ErrorKind::invalid, "goals: people: from 0 to 10000000");
  if (goal.kpis.size() > kMostKpiGoals) return fail(ErrorKind::limit, "goals: more than 20 KPIs of one workload");
  for (KpiGoal& kpi : goal.kpis) {
    auto clean = clean_kpi(std::move(kpi), editor);
    if (!clean) return tl::unexpected(clean.error());
    kpi = std::move(*clean);
  }
  return goal;
}

std::string told(const Goals& goals) {
  std::vector<std::string> ids;
  for (const WorkloadGoal& goal : goals.workloads) ids.push_back(goal.workload);
  std::string text = ids.empty() ? "no workloads" : "workloads: " + join(ids, ", ");
  if (goals.score) text += "; score " + std::to_string(*goals.score) + (goals.score_by ? " by " + iso_date(*goals.score_by) : "");
  return text;
}

}  // namespace

std::string seen_of(const PlanItem& item) {
  std::string all;
  for (const std::string& part : {item.owner, due_text(item.due_at), std::string(to_text(item.status)), item.kpi, item.note})
    all += std::to_string(part.size()) + ' ' + part + '\n';
  return sha256_hex(all).substr(0, kSeenDigits);
}

Result<PlanItem> edit_plan(Store& store, const PlanEdit& edit, const Editor& editor) {
  for (int tries = 1;; ++tries) {
    const auto row = store.record(kPlanKind, edit.action);
    if (!row) return tl::unexpected(row.error());
    if (!*row)
      return fail(ErrorKind::not_found, "plan: there is no action '" + printable(edit.action.substr(0, 80)) + "'; list them with: plumbline-collector plan list");
    auto before = plan_item_of(**row);
    if (!before) return before;
    if (edit.seen && *edit.seen != seen_of(*before)) return tl::unexpected(changed_meanwhile(*before));
    PlanItem item = *before;
    if (auto applied = apply(item, edit); !applied) return tl::unexpected(applied.error());
    const std::string what = told(*before, item);
    if (what.empty()) return item;
    item.edited_by = printable(editor.name).substr(0, kMaxPlanName);
    item.edited_at = editor.now;
    const auto put = store.put_records({row_of(item, editor.name, editor.now)});
    // What scans noted meanwhile is read again; what a person changed is told above.
    if (!put && put.error().kind == ErrorKind::conflict && tries < kMostTries) continue;
    if (!put) return tl::unexpected(put.error());
    item.version = *put;
    if (auto noted = store.add_audit(editor.name, "plan.change", item.action, what, editor.now); !noted) return tl::unexpected(noted.error());
    return item;
  }
}

Result<void> edit_answer(Store& store, const Questionnaire& questions, const AnswerEdit& edit, const Editor& editor) {
  if (!is_asked(questions, edit.question)) return tl::unexpected(not_asked(questions, edit.question));
  const auto there = store.record(kAnswerKind, edit.question);
  if (!there) return tl::unexpected(there.error());
  const std::string_view given = trim(edit.value);
  if (given.empty()) return take_back(store, edit, *there, editor);
  const auto value = parse_u64(given);
  if (!value || *value > static_cast<std::uint64_t>(kMostAnswer))
    return fail(ErrorKind::invalid, "answer " + edit.question + ": '" + printable(given.substr(0, 40)) + "' is none of 0, 1, 2, 3, 4");
  auto answer = clean_answer(edit, static_cast<int>(*value));
  if (!answer) return fail("answer " + edit.question, answer.error());
  if (*there)
    if (const auto before = answer_of(**there); before && same_answer(*before, *answer) && edit.version.value_or((*there)->version) == (*there)->version) return {};
  answer->answered_by = printable(editor.name).substr(0, kMaxPlanName);
  answer->answered_at = editor.now;
  answer->version = edit.version.value_or(*there ? (*there)->version : 0);
  if (const auto put = store.put_records({row_of(*answer, editor.name, editor.now)}); !put) return tl::unexpected(put.error());
  return store.add_audit(editor.name, "answer.change", edit.question, told(*answer), editor.now);
}

Result<std::size_t> import_answers(Store& store, const Questionnaire& questions, const std::vector<Answer>& answers, const Editor& editor) {
  const auto there = store.records(kAnswerKind);
  if (!there) return tl::unexpected(there.error());
  std::vector<RecordRow> rows;
  std::vector<Answer> changed;
  for (const Answer& given : answers) {
    if (!is_asked(questions, given.question)) return tl::unexpected(not_asked(questions, given.question));
    Answer answer = given;
    const auto row = std::find_if(there->begin(), there->end(), [&](const RecordRow& known) { return known.id == given.question; });
    if (row != there->end()) {
      const auto before = answer_of(*row);
      if (before && same_answer(*before, answer)) continue;
      answer.version = row->version;
    } else {
      answer.version = 0;
    }
    answer.answered_by = printable(editor.name).substr(0, kMaxPlanName);
    answer.answered_at = editor.now;
    rows.push_back(row_of(answer, editor.name, editor.now));
    changed.push_back(std::move(answer));
  }
  if (rows.empty()) return std::size_t{0};
  if (const auto put = store.put_records(rows); !put) return tl::unexpected(put.error());
  for (const Answer& answer : changed)
    if (auto noted = store.add_audit(editor.name, "answer.change", answer.question, told(answer), editor.now); !noted) return tl::unexpected(noted.error());
  return rows.size();
}

Result<Goals> edit_goals(Store& store, const RuleSet& rules, Goals goals, const Editor& editor) {
  if (goals.workloads.size() > kMostWorkloadGoals) return fail(ErrorKind::limit, "goals: more than 40 workloads");
  if (goals.score && (*goals.score < 0 || *goals.score > 100)) return fail(ErrorKind::invalid, "goals: score: from 0 to 100");
  if (goals.score_by && !goals.score) return fail(ErrorKind::invalid, "goals: score: a date needs a score to be reached by it");
  std::vector<std::string> kept;
  if (const auto there = store.record(kGoalsKind, "goals"); there && *there)
    if (const auto before = goals_of(**there))
      for (const WorkloadGoal& goal : before->workloads) kept.push_back(goal.workload);
  std::set<std::string> seen;
  for (WorkloadGoal& goal : goals.workloads) {
    auto clean = clean_workload(rules, kept, std::move(goal), editor);
    if (!clean) return tl::unexpected(clean.error());
    goal = std::move(*clean);
    if (!seen.insert(goal.workload).second) return fail(ErrorKind::invalid, "goals: workload '" + goal.workload + "' is there twice");
  }
  const auto put = store.put_records({row_of(goals, editor.name, editor.now)});
  if (!put) return tl::unexpected(put.error());
  goals.version = *put;
  if (auto noted = store.add_audit(editor.name, "goals.change", "goals", told(goals), editor.now); !noted) return tl::unexpected(noted.error());
  return goals;
}

}  // namespace plumbline
