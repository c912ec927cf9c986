// SPDX-License-Identifier: Apache-2.0
// Reads what workloads need to be served, and whom a site wants served.
#include "rules/serving_need.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "rules/drafts.h"
#include "rules/fields.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxChoices = 32;
constexpr double kMaxPromptTokens = 1'000'000, kMaxAnswerTokens = 100'000, kMaxPeople = 10'000'000;
constexpr std::string_view kCompany = "company";

const std::vector<std::string>& precision_words() {
  static const std::vector<std::string> words = {"16-bit", "8-bit", "4-bit"};
  return words;
}

int whole(Fields& fields, std::string_view key, double most) {
  const double value = fields.number(key, 1, most);
  if (value != std::floor(value)) fields.mistake(key, "'" + std::string(key) + "' must be a whole number");
  return static_cast<int>(value);
}

std::optional<ServingChoice> read_choice(const SourceFile& file, const YamlNode& node, const Catalogue& catalogue, bool incomplete,
                                         Mistakes& mistakes) {
  Fields fields(mistakes, file, node, "the model to serve");
  const std::string id = fields.text("model");
  const auto precision = static_cast<Precision>(fields.choice("precision", precision_words()));
  fields.finish();
  if (id.empty()) return std::nullopt;
  const auto model = find_served_model(catalogue, id);
  if (!model) {
    std::vector<std::string> known;
    for (const ServedModel& one : catalogue.models) known.push_back(one.id);
    if (!incomplete) fields.mistake("model", "no model '" + id + "' in catalogue/models.csv" + suggestion(id, known));
    return std::nullopt;
  }
  if (!weights_gb(catalogue.models[*model], precision))
    fields.mistake("precision", "'" + id + "' does not come in " + std::string(to_text(precision)) + ": catalogue/models.csv has no size for it");
  return ServingChoice{*model, precision};
}

}  // namespace

std::string_view to_text(Precision precision) { return precision_words()[static_cast<std::size_t>(precision)]; }

std::optional<ServingNeed> read_serving(Fields& workload, const Catalogue& catalogue, bool incomplete, Mistakes& mistakes) {
  const YamlNode* node = workload.node("serving", YamlNode::map, Need::optional);
  if (!node) return std::nullopt;
  Fields fields(mistakes, workload.file(), *node, "'serving'");
  ServingNeed out;
  for (const YamlNode* item : fields.mappings("models", Need::required)) {
    if (const auto choice = read_choice(workload.file(), *item, catalogue, incomplete, mistakes)) out.models.push_back(*choice);
    if (out.models.size() <= kMaxChoices) continue;
    mistakes.add(workload.file(), item->offset, "more than " + std::to_string(kMaxChoices) + " models to serve");
    break;
  }
  const YamlNode* models = node->find("models");
  if (models && models->kind == YamlNode::list && models->items.empty()) fields.mistake("models", "'models' is empty");
  out.load.prompt_tokens = whole(fields, "prompt_tokens", kMaxPromptTokens);
  out.load.answer_tokens = whole(fields, "answer_tokens", kMaxAnswerTokens);
  out.load.least_tokens_per_second = fields.number("tokens_per_second", 0.1, 1000);
  out.load.longest_wait_seconds = fields.number("longest_wait_seconds", 0.01, 3600);
  out.slots_per_person = fields.number("slots_per_person", 0.0001, 10);
  out.questions_per_hour = fields.number("questions_per_hour", 0.001, 10'000);
  out.people = whole(fields, "people", kMaxPeople);
  out.everybody = fields.boolean("everybody");
  out.basis = fields.texts("basis", Need::required);
  fields.finish();
  return out;
}

void read_people(const Drafts& drafts, RuleSet& rules, Mistakes& mistakes) {
  std::vector<std::string> known = {std::string(kCompany)};
  for (const Workload& workload : rules.workloads)
    if (workload.serving) known.push_back(workload.id);
  for (const Draft& draft : drafts.people) {
    Fields fields(mistakes, *draft.file, *draft.node, "'people'");
    for (const auto& [key, value] : draft.node->entries) {
      const bool is_known = std::find(known.begin(), known.end(), key.text) != known.end();
      if (!is_known && !drafts.incomplete)
        mistakes.add(*draft.file, key.offset, "no workload '" + key.text + "' that serves people" + suggestion_or_list(key.text, known));
      const int count = whole(fields, key.text, kMaxPeople);
      if (key.text == kCompany) rules.people = count;
      for (Workload& workload : rules.workloads) {
        if (workload.id != key.text || !workload.serving) continue;
        workload.serving->people = count;
        workload.serving->people_of_site = true;
      }
    }
  }
  for (Workload& workload : rules.workloads) {
    if (rules.people == 0 || !workload.serving || !workload.serving->everybody || workload.serving->people_of_site) continue;
    workload.serving->people = rules.people;
    workload.serving->people_of_site = true;
  }
}

}  // namespace plumbline
