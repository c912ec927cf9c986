// SPDX-License-Identifier: Apache-2.0
// What the company says of itself: the questions, their answers with evidence, owner and day, and an attested score that is
// never mixed with the measured one.
#include <algorithm>

#include "base/text.h"
#include "collector/report/people_pages.h"
#include "collector/report/view.h"

namespace plumbline {
namespace {

using Given = std::vector<std::pair<std::string, int>>;

Given given_of(const Decisions& decisions) {
  Given given;
  for (const Answer& answer : decisions.answers) given.emplace_back(answer.question, answer.value);
  return given;
}

const Answer* answer_to(const Decisions& decisions, std::string_view question) {
  for (const Answer& answer : decisions.answers)
    if (answer.question == question) return &answer;
  return nullptr;
}

std::string answered_text(const Attested& attested) {
  return say("organisation.answered", {{"answered", std::to_string(attested.answered)}, {"asked", std::to_string(attested.asked)}});
}

View area_rows(const Questionnaire& questions, const Given& given) {
  View rows = view_list();
  for (const QuestionArea& area : questions.areas) {
    const Attested result = attested(questions, given, area.id);
    View row;
    put_text(row, "area_title", area.title);
    put_text(row, "area_score", result.score ? std::to_string(*result.score) : "–");
    put_text(row, "area_answered", answered_text(result));
    rows.push_back(row);
  }
  return rows;
}

View step_rows(const Questionnaire& questions, const Question& question, const Answer* answer) {
  View rows = view_list();
  for (std::size_t step = 0; step < kAnswerSteps; ++step) {
    View row;
    put_text(row, "step_value", std::to_string(step));
    put_text(row, "step_word", capitalised(questions.scale[step]));
    put_text(row, "step_text", question.scale[step]);
    put_truth(row, "step_chosen", answer != nullptr && answer->value == static_cast<int>(step));
    rows.push_back(row);
  }
  return rows;
}

// "Level 3: an owner is named · Search our own documents: owners of the documents agree"
std::string informs_text(const ReportInput& input, const Question& question) {
  std::vector<std::string> parts;
  for (const Informs& informs : question.informs) {
    std::string what = say("organisation.any_workload");
    if (informs.level > 0) what = say("organisation.level", {{"level", std::to_string(informs.level)}, {"name", level_text(informs.level)}});
    for (const Gate& gate : input.rules->gates)
      if (gate.id == informs.gate) what = gate.title;
    for (const Workload& workload : input.rules->workloads)
      if (workload.id == informs.workload) what = workload.title;
    parts.push_back(what + ": " + informs.as);
  }
  return join(parts, " · ");
}

View question_row(const ReportInput& input, const PageContext& context, const Questionnaire& questions, const Question& question) {
  const Answer* answer = answer_to(*input.decisions, question.id);
  View row;
  put_text(row, "question_id", question.id);
  put_text(row, "question_text", question.text);
  put_text(row, "question_evidence", question.evidence);
  put_text(row, "question_informs", informs_text(input, question));
  put_text(row, "question_function", say("organisation.function_" + question.function));
  put_truth(row, "is_answered", answer != nullptr);
  put_truth(row, "may_change", may_change(context));
  row["steps"] = step_rows(questions, question, answer);
  const Answer none;
  const Answer& shown = answer == nullptr ? none : *answer;
  const auto step = static_cast<std::size_t>(std::clamp(shown.value, 0, kMostAnswer));
  put_text(row, "answer_word", capitalised(questions.scale[step]));
  put_text(row, "answer_text", question.scale[step]);
  put_text(row, "answer_css", shown.value >= 3 ? "ok" : shown.value >= 1 ? "wait" : "bad");
  row["answer_evidence"] = maybe(shown.evidence);
  row["answer_owner"] = maybe(shown.owner);
  put_text(row, "answer_who", answer == nullptr ? "" : say("organisation.who", {{"who", shown.answered_by}, {"date", date_text(shown.answered_at)}}));
  put_text(row, "form_version", std::to_string(shown.version));
  put_text(row, "form_evidence", shown.evidence);
  put_text(row, "form_owner", shown.owner);
  return row;
}

View blocks_of(const ReportInput& input, const PageContext& context, const Questionnaire& questions) {
  View blocks = view_list();
  for (const QuestionArea& area : questions.areas) {
    View rows = view_list();
    for (const Question& question : questions.questions)
      if (question.area == area.id) rows.push_back(question_row(input, context, questions, question));
    View block;
    put_text(block, "block_title", area.title);
    block["rows"] = std::move(rows);
    blocks.push_back(block);
  }
  return blocks;
}

}  // namespace

std::string page_organisation(const ReportInput& input, const PageContext& context, const Questionnaire& questions) {
  const Given given = given_of(*input.decisions);
  const Attested all = attested(questions, given);
  const Score& measured = input.assessment->score;
  View view;
  put_text(view, "attested_score", all.score ? std::to_string(*all.score) : "–");
  put_text(view, "attested_answered", answered_text(all));
  put_text(view, "measured_score", measured.value ? whole_points(*measured.value) : "–");
  put_text(view, "measured_range", measured.value ? score_range(measured) : "");
  view["areas"] = area_rows(questions, given);
  view["blocks"] = blocks_of(input, context, questions);
  View lost = view_list();
  for (const Answer& answer : input.decisions->answers) {
    if (find_question(questions, answer.question) != nullptr) continue;
    View row;
    put_text(row, "lost_question", answer.question);
    put_text(row, "lost_answer", std::string(answer_word(answer.value)));
    lost.push_back(row);
  }
  put_list(view, "lost", std::move(lost));
  return render_page("organisation.html", say("nav.organisation"), std::move(view), input, context);
}

}  // namespace plumbline
