// SPDX-License-Identifier: Apache-2.0
// Writes and reads the YAML of answers and goals.
//
//   answers:
//     - question: Q2
//       value: 3
//       owner: "Chief Financial Officer"
//       evidence: "Budget line 4711, approved 2 September"
#include "collector/decisions/decision_files.h"

#include <algorithm>

#include "base/text.h"
#include "collector/decisions/text.h"
#include "rules/fields.h"

namespace plumbline {
namespace {

// A YAML text in double quotes: what stands between is JSON's, and no text can end it.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\', out += c;
    else if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else out += c;
  }
  return out + '"';
}

// Text of a pack in a comment: one line, whatever is in it.
std::string comment(std::string_view text) {
  std::string out = printable(text);
  std::replace(out.begin(), out.end(), '\n', ' ');
  return out;
}

void add_comment(std::string& out, std::string_view indent, std::string_view text) { out += std::string(indent) + "# " + comment(text) + '\n'; }

// A key that stands there without a value is as good as none.
std::string text_or_nothing(Fields& fields, std::string_view key) {
  const YamlNode* value = fields.any(key, Need::optional);
  return value == nullptr || value->kind == YamlNode::null ? std::string() : fields.text(key, Need::optional);
}

// Checks a text of a file as the form's texts are checked; the mistake stands at its place.
std::string clean(Fields& fields, std::string_view key, std::size_t limit, Lines lines) {
  const std::string text = text_or_nothing(fields, key);
  auto result = clean_text(key, text, limit, lines);
  if (result) return std::move(*result);
  fields.mistake(key, result.error().message);
  return {};
}

std::optional<std::int64_t> date_of(Fields& fields, std::string_view key) {
  const auto date = clean_date(key, text_or_nothing(fields, key));
  if (date) return *date;
  fields.mistake(key, date.error().message);
  return std::nullopt;
}

std::optional<double> number_of(Fields& fields, std::string_view key) {
  const auto number = clean_number(key, text_or_nothing(fields, key));
  if (number) return *number;
  fields.mistake(key, number.error().message);
  return std::nullopt;
}

std::optional<int> whole_of(Fields& fields, std::string_view key, int most) {
  const std::string text = text_or_nothing(fields, key);
  if (trim(text).empty()) return std::nullopt;
  const auto number = parse_u64(trim(text));
  if (number && *number <= static_cast<std::uint64_t>(most)) return static_cast<int>(*number);
  fields.mistake(key, "'" + std::string(key) + "' must be a whole number from 0 to " + std::to_string(most));
  return std::nullopt;
}

template <class T, class Read>
Result<T> read_file_text(const std::string& name, std::string text, Read read) {
  if (text.size() > kMaxDecisionFileBytes) return fail(ErrorKind::limit, name + ": larger than 1 MiB");
  Mistakes mistakes;
  const SourceFile file{name, std::move(text)};
  const YamlNode tree = read_yaml(file, mistakes);
  if (!mistakes.empty()) return fail(ErrorKind::invalid, mistakes.text());
  T value = read(tree, file, mistakes);
  if (!mistakes.empty()) return fail(ErrorKind::invalid, mistakes.text());
  return value;
}

std::vector<std::string> ids_of(const Questionnaire& questions) {
  std::vector<std::string> ids;
  for (const Question& question : questions.questions) ids.push_back(question.id);
  return ids;
}

std::vector<std::string> ids_of(const RuleSet& rules) {
  std::vector<std::string> ids;
  for (const Workload& workload : rules.workloads) ids.push_back(workload.id);
  return ids;
}

void add_question(std::string& out, const Question& question, const Answer* answer) {
  out += '\n';
  add_comment(out, "  ", question.id + ": " + question.text);
  for (std::size_t step = 0; step < kAnswerSteps; ++step) add_comment(out, "  ", "  " + std::to_string(step) + "  " + question.scale[step]);
  add_comment(out, "  ", "  evidence: " + question.evidence);
  out += "  - question: " + question.id + '\n';
  out += "    value:" + (answer == nullptr ? std::string() : " " + std::to_string(answer->value)) + '\n';
  out += "    owner: " + quoted(answer == nullptr ? std::string() : answer->owner) + '\n';
  out += "    evidence: " + quoted(answer == nullptr ? std::string() : answer->evidence) + '\n';
}

std::optional<Answer> read_answer(const YamlNode& node, const SourceFile& file, const Questionnaire& questions, Mistakes& mistakes) {
  Fields fields(mistakes, file, node, "answer");
  Answer answer;
  answer.question = fields.text("question");
  const auto ids = ids_of(questions);
  if (std::find(ids.begin(), ids.end(), answer.question) == ids.end() && fields.has("question"))
    fields.mistake("question", "there is no question '" + answer.question.substr(0, 60) + "'" + suggestion(answer.question, ids));
  answer.owner = clean(fields, "owner", kMaxPlanName, Lines::one);
  answer.evidence = clean(fields, "evidence", kMaxPlanText, Lines::many);
  const auto value = whole_of(fields, "value", kMostAnswer);
  if (!value && (!answer.owner.empty() || !answer.evidence.empty())) fields.mistake("value", "an answer with an owner or evidence needs a value from 0 to 4");
  fields.finish();
  if (!value) return std::nullopt;
  answer.value = *value;
  return answer;
}

void add_kpi(std::string& out, const KpiGoal& kpi) {
  out += "      - name: " + quoted(kpi.name) + '\n';
  if (!kpi.unit.empty()) out += "        unit: " + quoted(kpi.unit) + '\n';
  const auto add = [&](const char* key, const std::optional<double>& value) {
    if (value) out += std::string("        ") + key + ": " + exact_number(*value) + '\n';
  };
  add("baseline", kpi.baseline);
  add("target", kpi.target);
  add("now", kpi.now);
  if (kpi.now) out += "        now_at: " + iso_date(kpi.now_at) + '\n';
}

void add_workload(std::string& out, const RuleSet& rules, const WorkloadGoal& goal) {
  const auto about = std::find_if(rules.workloads.begin(), rules.workloads.end(), [&](const Workload& workload) { return workload.id == goal.workload; });
  out += '\n';
  if (about != rules.workloads.end()) {
    add_comment(out, "  ", about->title + ": " + about->outcome);
    for (const std::string& kpi : about->kpis) add_comment(out, "  ", "  KPI: " + kpi);
  }
  out += "  - workload: " + quoted(goal.workload) + '\n';
  if (goal.by) out += "    by: " + iso_date(*goal.by) + '\n';
  if (goal.people) out += "    people: " + std::to_string(*goal.people) + '\n';
  if (!goal.owner.empty()) out += "    owner: " + quoted(goal.owner) + '\n';
  if (goal.kpis.empty()) return;
  out += "    kpis:\n";
  for (const KpiGoal& kpi : goal.kpis) add_kpi(out, kpi);
}

KpiGoal read_kpi(const YamlNode& node, const SourceFile& file, Mistakes& mistakes) {
  Fields fields(mistakes, file, node, "KPI");
  KpiGoal kpi;
  kpi.name = clean(fields, "name", kMaxPlanName, Lines::one);
  if (kpi.name.empty()) fields.mistake("name", "a KPI needs a name");
  kpi.unit = clean(fields, "unit", kMaxUnit, Lines::one);
  kpi.baseline = number_of(fields, "baseline");
  kpi.target = number_of(fields, "target");
  kpi.now = number_of(fields, "now");
  kpi.now_at = date_of(fields, "now_at").value_or(0);
  fields.finish();
  return kpi;
}

WorkloadGoal read_workload(const YamlNode& node, const SourceFile& file, const RuleSet& rules, Mistakes& mistakes) {
  Fields fields(mistakes, file, node, "workload");
  WorkloadGoal goal;
  goal.workload = fields.text("workload");
  const auto ids = ids_of(rules);
  if (std::find(ids.begin(), ids.end(), goal.workload) == ids.end() && fields.has("workload"))
    fields.mistake("workload", "there is no workload '" + goal.workload.substr(0, 60) + "'" + suggestion_or_list(goal.workload, ids));
  goal.by = date_of(fields, "by");
  goal.people = whole_of(fields, "people", kMostPeople);
  goal.owner = clean(fields, "owner", kMaxPlanName, Lines::one);
  const auto kpis = fields.mappings("kpis");
  if (kpis.size() > kMostKpiGoals) fields.mistake("kpis", "more than 20 KPIs of one workload");
  for (std::size_t i = 0; i < kpis.size() && i < kMostKpiGoals; ++i) goal.kpis.push_back(read_kpi(*kpis[i], file, mistakes));
  fields.finish();
  return goal;
}

Goals read_goals_tree(const YamlNode& tree, const SourceFile& file, const RuleSet& rules, Mistakes& mistakes) {
  Fields fields(mistakes, file, tree, "goals");
  Goals goals;
  goals.score = whole_of(fields, "score", 100);
  goals.score_by = date_of(fields, "score_by");
  if (goals.score_by && !goals.score) fields.mistake("score_by", "a date needs a score to be reached by it");
  const YamlNode* list = fields.any("workloads", Need::optional);
  if (list != nullptr && list->kind != YamlNode::null) list = fields.node("workloads", YamlNode::list);
  for (const YamlNode& node : list == nullptr ? std::vector<YamlNode>() : list->items) {
    if (goals.workloads.size() == kMostWorkloadGoals) {
      fields.mistake("workloads", "more than 40 workloads");
      break;
    }
    goals.workloads.push_back(read_workload(node, file, rules, mistakes));
    const std::string& id = goals.workloads.back().workload;
    if (std::count_if(goals.workloads.begin(), goals.workloads.end(), [&](const WorkloadGoal& goal) { return goal.workload == id; }) > 1)
      mistakes.add(file, node.offset, "the workload '" + id.substr(0, 60) + "' is there already");
  }
  fields.finish();
  return goals;
}

}  // namespace

std::string answers_yaml(const Questionnaire& questions, const std::vector<Answer>& answers) {
  std::string out = "# " + comment(questions.title) +
                    "\n# value: 0 no, 1 planned, 2 partly, 3 in place, 4 measured; left empty: not answered.\n"
                    "# Read it back with: plumbline-collector answers import FILE\nanswers:\n";
  for (const QuestionArea& area : questions.areas) {
    out += "\n  # " + comment(area.title) + '\n';
    for (const Question& question : questions.questions) {
      if (question.area != area.id) continue;
      const auto answer = std::find_if(answers.begin(), answers.end(), [&](const Answer& given) { return given.question == question.id; });
      add_question(out, question, answer == answers.end() ? nullptr : &*answer);
    }
  }
  return out;
}

Result<std::vector<Answer>> read_answers_yaml(const std::string& name, std::string text, const Questionnaire& questions) {
  return read_file_text<std::vector<Answer>>(name, std::move(text), [&](const YamlNode& tree, const SourceFile& file, Mistakes& mistakes) {
    std::vector<Answer> answers;
    std::vector<std::string> seen;
    Fields fields(mistakes, file, tree, "file of answers");
    for (const YamlNode* node : fields.mappings("answers", Need::required)) {
      auto answer = read_answer(*node, file, questions, mistakes);
      const YamlNode* id = node->find("question");
      if (id != nullptr && std::find(seen.begin(), seen.end(), id->text) != seen.end()) mistakes.add(file, id->offset, "the question '" + id->text.substr(0, 60) + "' is answered already");
      if (id != nullptr) seen.push_back(id->text);
      if (answer) answers.push_back(std::move(*answer));
    }
    fields.finish();
    return answers;
  });
}

std::string goals_yaml(const RuleSet& rules, const Goals& goals) {
  std::string out = "# What the company wants, the most important workload first. Dates as 2026-12-01.\n"
                    "# Read it back with: plumbline-collector goals import FILE\n";
  out += "score:" + (goals.score ? " " + std::to_string(*goals.score) : std::string()) + "       # wanted, 0 to 100\n";
  out += "score_by:" + (goals.score_by ? " " + iso_date(*goals.score_by) : std::string()) + '\n';
  out += "workloads:\n";
  for (const WorkloadGoal& goal : goals.workloads) add_workload(out, rules, goal);
  out += "\n# An entry:\n#  - workload: doc-rag\n#    by: 2027-03-31\n#    people: 120\n#    owner: \"Head of Sales\"\n#    kpis:\n"
         "#      - name: \"time to find an answer\"\n#        unit: \"minutes\"\n#        baseline: 12\n#        target: 4\n#        now: 9\n#        now_at: 2026-11-20\n"
         "# Workloads to choose from:\n";
  for (const Workload& workload : rules.workloads) out += "#  " + comment(workload.id) + ": " + comment(workload.title) + '\n';
  return out;
}

Result<Goals> read_goals_yaml(const std::string& name, std::string text, const RuleSet& rules) {
  return read_file_text<Goals>(name, std::move(text), [&](const YamlNode& tree, const SourceFile& file, Mistakes& mistakes) { return read_goals_tree(tree, file, rules, mistakes); });
}

}  // namespace plumbline
