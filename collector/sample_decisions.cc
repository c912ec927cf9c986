// SPDX-License-Identifier: Apache-2.0
// Reads the sample company's decisions. Days stand as numbers: `days_ago` before the end of the story, `in_days` after it,
// below 0 before it.
//
//   steps:
//     - days_ago: 84
//       by: Marta Feld
//       plan:
//         - {action: backup, owner: Jonas Petri, in_days: -20, status: planned, kpi: "stores with a restore this quarter"}
//       review: {audience: it, note: Backup comes first}
#include "collector/sample_decisions.h"

#include "base/file.h"
#include "collector/decisions/records.h"
#include "collector/decisions/reviews.h"
#include "collector/decisions/text.h"
#include "rules/fields.h"

namespace plumbline {
namespace {

constexpr std::int64_t kDaySeconds = 86400;
constexpr double kMostDays = 3660;
constexpr std::size_t kMaxFileBytes = 1u << 20;

class StepReader {
 public:
  StepReader(const SourceFile& file, Mistakes& mistakes, std::int64_t end) : file_(file), mistakes_(mistakes), end_(end / kDaySeconds * kDaySeconds) {}

  SampleStep read(const YamlNode& node) {
    Fields fields(mistakes_, file_, node, "step");
    SampleStep step;
    step.days_ago = static_cast<int>(fields.number("days_ago", 0, kMostDays));
    step.by = fields.text("by");
    for (const YamlNode* plan : fields.mappings("plan")) step.plan.push_back(read_plan(*plan));
    for (const YamlNode* answer : fields.mappings("answers")) step.answers.push_back(read_answer(*answer));
    if (const YamlNode* goals = fields.node("goals", YamlNode::map, Need::optional)) step.goals.push_back(read_goals(*goals));
    for (const YamlNode* review : fields.mappings("reviews")) step.reviews.push_back(read_review(*review));
    fields.finish();
    return step;
  }

 private:
  std::optional<std::int64_t> date(Fields& fields) {
    if (!fields.has("in_days")) return std::nullopt;
    return end_ + static_cast<std::int64_t>(fields.number("in_days", -kMostDays, kMostDays)) * kDaySeconds;
  }
  static std::optional<std::string> text(Fields& fields, const char* key) {
    const bool there = fields.has(key);
    const std::string value = fields.text(key, Need::optional);
    return there ? std::optional(value) : std::nullopt;
  }
  static std::optional<double> number(Fields& fields, const char* key) {
    if (!fields.has(key)) return std::nullopt;
    return fields.number(key, -kMostKpiValue, kMostKpiValue);
  }
  PlanEdit read_plan(const YamlNode& node) {
    Fields fields(mistakes_, file_, node, "plan");
    PlanEdit edit;
    edit.action = fields.text("action");
    edit.owner = text(fields, "owner");
    if (const auto due = date(fields)) edit.due = iso_date(*due);
    edit.status = text(fields, "status");
    edit.kpi = text(fields, "kpi");
    edit.note = text(fields, "note");
    fields.finish();
    return edit;
  }
  AnswerEdit read_answer(const YamlNode& node) {
    Fields fields(mistakes_, file_, node, "answer");
    AnswerEdit edit{fields.text("question"), fields.text("value"), fields.text("evidence"), fields.text("owner"), {}};
    fields.finish();
    return edit;
  }
  KpiGoal read_kpi(const YamlNode& node) {
    Fields fields(mistakes_, file_, node, "KPI");
    KpiGoal kpi{fields.text("name"), fields.text("unit", Need::optional), number(fields, "baseline"), number(fields, "target"), number(fields, "now"), 0};
    kpi.now_at = date(fields).value_or(0);
    fields.finish();
    return kpi;
  }
  Goals read_goals(const YamlNode& node) {
    Fields fields(mistakes_, file_, node, "goals");
    Goals goals;
    if (fields.has("score")) goals.score = static_cast<int>(fields.number("score", 0, 100));
    goals.score_by = date(fields);
    for (const YamlNode* workload : fields.mappings("workloads", Need::required)) {
      Fields one(mistakes_, file_, *workload, "workload");
      WorkloadGoal goal;
      goal.workload = one.text("workload");
      goal.by = date(one);
      if (one.has("people")) goal.people = static_cast<int>(one.number("people", 0, kMostPeople));
      goal.owner = one.text("owner", Need::optional);
      for (const YamlNode* kpi : one.mappings("kpis")) goal.kpis.push_back(read_kpi(*kpi));
      one.finish();
      goals.workloads.push_back(std::move(goal));
    }
    fields.finish();
    return goals;
  }
  SampleReview read_review(const YamlNode& node) {
    Fields fields(mistakes_, file_, node, "review");
    SampleReview review{fields.text("audience"), fields.text("note", Need::optional)};
    fields.finish();
    return review;
  }

  const SourceFile& file_;
  Mistakes& mistakes_;
  std::int64_t end_;
};

Result<std::int64_t> version_of_goals(Store& store) {
  const auto row = store.record(kGoalsKind, "goals");
  if (!row) return tl::unexpected(row.error());
  return *row ? (*row)->version : 0;
}

}  // namespace

Result<std::vector<SampleStep>> read_sample_decisions(const std::string& folder, std::int64_t end) {
  auto text = read_file(folder + "/decisions.yaml", kMaxFileBytes);
  if (!text) return tl::unexpected(text.error());
  const SourceFile file{"decisions.yaml", std::move(*text)};
  Mistakes mistakes;
  const YamlNode tree = read_yaml(file, mistakes);
  std::vector<SampleStep> steps;
  StepReader reader(file, mistakes, end);
  Fields fields(mistakes, file, tree, "file of decisions");
  for (const YamlNode* node : fields.mappings("steps", Need::required)) {
    steps.push_back(reader.read(*node));
    if (steps.size() > 1 && steps[steps.size() - 2].days_ago < steps.back().days_ago) mistakes.add(file, node->offset, "steps stand oldest first");
  }
  fields.finish();
  if (!mistakes.empty()) return fail(ErrorKind::invalid, folder + ":\n" + mistakes.text());
  return steps;
}

Result<void> keep_sample_step(Store& store, const SampleStep& step, const RuleSet& rules, const Questionnaire& questions,
                              const Assessment& assessment, std::int64_t now) {
  const Editor editor{step.by, now};
  for (const PlanEdit& edit : step.plan)
    if (auto kept = edit_plan(store, edit, editor); !kept) return fail("decisions.yaml, " + edit.action, kept.error());
  for (const AnswerEdit& edit : step.answers)
    if (auto kept = edit_answer(store, questions, edit, editor); !kept) return fail("decisions.yaml", kept.error());
  for (Goals goals : step.goals) {
    const auto version = version_of_goals(store);
    if (!version) return tl::unexpected(version.error());
    goals.version = *version;
    if (auto kept = edit_goals(store, rules, std::move(goals), editor); !kept) return fail("decisions.yaml", kept.error());
  }
  for (const SampleReview& review : step.reviews)
    if (auto kept = record_review(store, rules, assessment, review.audience, review.note, step.by, now); !kept) return fail("decisions.yaml", kept.error());
  return {};
}

}  // namespace plumbline
