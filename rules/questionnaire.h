// SPDX-License-Identifier: Apache-2.0
// The questions that no scan can answer: rules/questionnaire/questions.yaml. Answers are attested and scored apart from
// what is measured.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plumbline {

inline constexpr std::size_t kAnswerSteps = 5;      // 0 no, 1 planned, 2 partly, 3 in place, 4 measured
inline constexpr std::size_t kMostQuestions = 200;
inline constexpr std::size_t kMaxQuestionnaireBytes = 1u << 20;

/// What an answer stands beside: exactly one of level, gate and workload is set; "any" is every workload.
struct Informs {
  int level = 0;
  std::string gate, workload;
  std::string as;  // "an owner is named"
};

struct Question {
  std::string id;                                // "Q13"
  std::string area;                              // id of an area
  std::string text;
  std::array<std::string, kAnswerSteps> scale;   // what each answer means here
  std::string evidence;                          // what to show
  std::string function;                          // of the NIST AI RMF: govern, map, measure, manage
  std::vector<Informs> informs;
};

struct QuestionArea {
  std::string id, title;
};

struct Questionnaire {
  std::string title;
  std::array<std::string, kAnswerSteps> scale;   // "no", "planned", …
  std::vector<QuestionArea> areas;               // in the order shown
  std::vector<Question> questions;
};

/// Reads questionnaire/questions.yaml of a rules folder. The error holds every mistake with its place.
Result<Questionnaire> load_questionnaire(const std::string& rules_folder);
/// Of a rules folder, or the installed one where that folder has none: a folder of somebody's own packs needs no questions.
Result<Questionnaire> find_questionnaire(const std::string& rules_folder);
/// The same from a text; `name` stands in messages.
Result<Questionnaire> read_questionnaire(const std::string& name, std::string text);
/// The question of this id, or nullptr.
const Question* find_question(const Questionnaire& questionnaire, std::string_view id);

/// An attested score of its own: of what was answered alone, with how much that is.
struct Attested {
  std::optional<int> score;      // 0..100, the mean of the answers; nothing where there is none
  std::size_t answered = 0, asked = 0;
};
/// `answers` are ids with 0..4; what is not asked is left out. Of one area, or of all where it is empty.
Attested attested(const Questionnaire& questionnaire, const std::vector<std::pair<std::string, int>>& answers, std::string_view area = {});

}  // namespace plumbline
