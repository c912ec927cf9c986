// SPDX-License-Identifier: Apache-2.0
// Reads the questionnaire and scores answers.
#include "rules/questionnaire.h"

#include <algorithm>
#include <map>

#include "base/file.h"
#include "rules/fields.h"
#include "rules/pack.h"

namespace plumbline {
namespace {

constexpr int kLeastLevel = 2, kMostLevel = 5;
constexpr std::size_t kMostAreas = 20;
constexpr std::string_view kIdCharacters = "-_.ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const std::vector<std::string> kFunctions = {"govern", "map", "measure", "manage"};

std::array<std::string, kAnswerSteps> read_scale(Fields& fields) {
  std::array<std::string, kAnswerSteps> scale;
  const std::vector<std::string> texts = fields.texts("scale", Need::required);
  if (texts.size() != kAnswerSteps) {
    if (fields.has("scale")) fields.mistake("scale", "five texts are needed, for the answers 0 to 4");
    return scale;
  }
  std::copy(texts.begin(), texts.end(), scale.begin());
  return scale;
}

Informs read_informs(const YamlNode& node, const SourceFile& file, Mistakes& mistakes) {
  Fields fields(mistakes, file, node, "what the question informs");
  Informs informs;
  informs.as = fields.text("as");
  int targets = 0;
  for (const char* key : {"level", "gate", "workload"}) targets += fields.has(key) ? 1 : 0;
  if (targets != 1) fields.mistake("as", "exactly one of level, gate and workload is needed beside 'as'");
  if (fields.has("level")) informs.level = static_cast<int>(fields.number("level", kLeastLevel, kMostLevel));
  informs.gate = fields.text("gate", Need::optional);
  informs.workload = fields.text("workload", Need::optional);
  fields.finish();
  return informs;
}

Question read_question(const YamlNode& node, const std::vector<std::string>& areas, const SourceFile& file, Mistakes& mistakes) {
  Fields fields(mistakes, file, node, "question");
  Question question;
  question.id = fields.id("id", kIdCharacters);
  if (!areas.empty()) question.area = areas[fields.choice("area", areas)];
  question.text = fields.text("text");
  question.scale = read_scale(fields);
  question.evidence = fields.text("evidence");
  question.function = kFunctions[fields.choice("function", kFunctions)];
  for (const YamlNode* informs : fields.mappings("informs", Need::required)) question.informs.push_back(read_informs(*informs, file, mistakes));
  fields.finish();
  return question;
}

QuestionArea read_area(const YamlNode& node, const SourceFile& file, Mistakes& mistakes) {
  Fields fields(mistakes, file, node, "area");
  QuestionArea area{fields.id("id", kIdCharacters), fields.text("title")};
  fields.finish();
  return area;
}

Questionnaire read_tree(const YamlNode& tree, const SourceFile& file, Mistakes& mistakes) {
  Questionnaire questionnaire;
  Fields fields(mistakes, file, tree, "questionnaire");
  questionnaire.title = fields.text("title");
  questionnaire.scale = read_scale(fields);
  std::vector<std::string> areas;
  for (const YamlNode* node : fields.mappings("areas", Need::required)) {
    if (areas.size() == kMostAreas) break;
    questionnaire.areas.push_back(read_area(*node, file, mistakes));
    const std::string& id = questionnaire.areas.back().id;
    if (std::find(areas.begin(), areas.end(), id) != areas.end()) mistakes.add(file, node->offset, "the area '" + id + "' is there already");
    areas.push_back(id);
  }
  const auto nodes = fields.mappings("questions", Need::required);
  if (nodes.size() > kMostQuestions) fields.mistake("questions", "more than 200 questions");
  for (std::size_t i = 0; i < nodes.size() && i < kMostQuestions; ++i) {
    questionnaire.questions.push_back(read_question(*nodes[i], areas, file, mistakes));
    const std::string& id = questionnaire.questions.back().id;
    for (std::size_t j = 0; j < i; ++j)
      if (questionnaire.questions[j].id == id) mistakes.add(file, nodes[i]->offset, "the question '" + id + "' is there already");
  }
  fields.finish();
  return questionnaire;
}

}  // namespace

Result<Questionnaire> read_questionnaire(const std::string& name, std::string text) {
  if (text.size() > kMaxQuestionnaireBytes) return fail(ErrorKind::limit, name + ": larger than 1 MiB");
  Mistakes mistakes;
  const SourceFile file{name, std::move(text)};
  const YamlNode tree = read_yaml(file, mistakes);
  if (!mistakes.empty()) return fail(ErrorKind::invalid, mistakes.text());
  Questionnaire questionnaire = read_tree(tree, file, mistakes);
  if (!mistakes.empty()) return fail(ErrorKind::invalid, mistakes.text());
  return questionnaire;
}

Result<Questionnaire> load_questionnaire(const std::string& rules_folder) {
  const std::string name = "questionnaire/questions.yaml";
  auto text = read_file(rules_folder + "/" + name, kMaxQuestionnaireBytes);
  if (!text) return fail(text.error().kind, text.error().message + "; it comes with the rules: install them again");
  return read_questionnaire(name, std::move(*text));
}

Result<Questionnaire> find_questionnaire(const std::string& rules_folder) {
  auto own = load_questionnaire(rules_folder);
  if (own || own.error().kind != ErrorKind::not_found) return own;
  const auto installed = find_rules_folder();
  return installed ? load_questionnaire(*installed) : own;
}

const Question* find_question(const Questionnaire& questionnaire, std::string_view id) {
  for (const Question& question : questionnaire.questions)
    if (question.id == id) return &question;
  return nullptr;
}

Attested attested(const Questionnaire& questionnaire, const std::vector<std::pair<std::string, int>>& answers, std::string_view area) {
  const std::map<std::string, int> given(answers.begin(), answers.end());
  Attested result;
  int sum = 0;
  for (const Question& question : questionnaire.questions) {
    if (!area.empty() && question.area != area) continue;
    ++result.asked;
    const auto answer = given.find(question.id);
    if (answer == given.end()) continue;
    ++result.answered;
    sum += answer->second;
  }
  if (result.answered == 0) return result;
  const int most = static_cast<int>(result.answered * (kAnswerSteps - 1));
  result.score = (sum * 200 + most) / (2 * most);  // rounded to the nearest
  return result;
}

}  // namespace plumbline
