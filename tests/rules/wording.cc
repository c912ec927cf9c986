// SPDX-License-Identifier: Apache-2.0
// What the shipped packs say to a board, to a head of IT and to an engineer keeps the promises of docs/rules.md.
#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "rules/pack.h"
#include "tests/catch.h"

using namespace plumbline;

namespace {

constexpr std::size_t kMostWordsToABoard = 25;
constexpr std::size_t kMostWordsOfAnAction = 20;

const RuleSet& shipped() {
  static const auto rules = load_rules(std::string(PLUMBLINE_SOURCE_DIR) + "/rules");
  if (!rules) FAIL(rules.error().message);
  return **rules;
}

/// Runs of letters and digits in lower case; "{failing}" gives "failing".
std::vector<std::string> plain_words(std::string_view text) {
  std::vector<std::string> out(1);
  for (char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) out.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!out.back().empty()) out.emplace_back();
  }
  if (out.back().empty()) out.pop_back();
  return out;
}

/// Words in capitals that a board would have to look up. "AI" is the subject.
std::vector<std::string> abbreviations(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  for (char c : std::string(text) + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += c;
      continue;
    }
    const auto capitals = std::count_if(word.begin(), word.end(), [](unsigned char letter) { return std::isupper(letter) != 0; });
    if (capitals > 1 && word != "AI") out.push_back(word);
    word.clear();
  }
  return out;
}

const std::set<std::string> kProducts = {
    "amd", "apache", "chroma", "cuda", "debian", "docker", "elasticsearch", "grub", "intel", "jupyter", "kafka", "kernel",
    "kubernetes", "langflow", "linux", "litellm", "milvus", "mlflow", "mongodb", "mysql", "nvidia", "nvme", "ollama",
    "postgresql", "python", "pytorch", "qdrant", "ray", "redis", "rocm", "root", "ssh", "sudo", "systemd", "ubuntu", "vllm"};

std::vector<std::string> products(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string& word : plain_words(text))
    if (kProducts.count(word) > 0) out.push_back(word);
  return out;
}

/// Slots and runs of digits.
std::size_t numbers(std::string_view text) {
  std::size_t out = 0;
  bool in_number = false;
  for (char c : text) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (c == '{' || (digit && !in_number)) ++out;
    in_number = digit;
  }
  return out;
}

bool has_all(std::string_view text, const std::vector<std::string_view>& slots) {
  return std::all_of(slots.begin(), slots.end(), [&](std::string_view slot) { return text.find(slot) != std::string_view::npos; });
}

/// What a report shows as the title of an action.
std::string first_sentence_of(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool ends = text[i] == '.' || text[i] == ';';
    if (ends && (i + 1 == text.size() || text[i + 1] == ' ')) return text.substr(0, i);
  }
  return text;
}

void check_board_text(const std::string& text) {
  INFO(text);
  CHECK_FALSE(text.empty());
  CHECK(words(text).size() <= kMostWordsToABoard);
  CHECK(abbreviations(text) == std::vector<std::string>{});
  CHECK(products(text) == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("a board reads at most 25 words, one number, no product and no abbreviation a finding") {
  for (const Rule& rule : shipped().rules) {
    INFO(rule.id);
    check_board_text(rule.fail.ceo);
    CHECK(numbers(rule.fail.ceo) <= 1);
    if (!rule.fleet) CHECK(has_all(rule.fail.ceo, {"{failing}"}));
  }
}

TEST_CASE("an engineer reads host, observed and expected; a head of IT reads how many of how many") {
  for (const Rule& rule : shipped().rules) {
    INFO(rule.id);
    if (rule.fleet) {
      CHECK(has_all(rule.fail.it, {"{observed}", "{expected}"}));
    } else {
      CHECK(has_all(rule.fail.it, {"{host}", "{observed}", "{expected}"}));
      CHECK(has_all(rule.fail.cio, {"{failing}", "{applicable}"}));
    }
  }
}

TEST_CASE("the title of an action is short and readable to a board") {
  for (const Rule& rule : shipped().rules) {
    const std::string title = first_sentence_of(rule.fix.text);
    INFO(rule.id << ": " << title);
    CHECK(words(title).size() <= kMostWordsOfAnAction);
    CHECK(abbreviations(title) == std::vector<std::string>{});
    CHECK(products(title) == std::vector<std::string>{});
  }
}

TEST_CASE("every remediation has commands to copy, for any system or for the large families") {
  for (const Rule& rule : shipped().rules) {
    INFO(rule.id);
    const auto& commands = rule.fix.commands;
    CHECK((commands.count("any") > 0 || (commands.count("debian") > 0 && commands.count("rhel") > 0)));
    for (const auto& [family, lines] : commands) CHECK_FALSE(lines.empty());
    CHECK(rule.fix.effort_days > 0);
  }
}

TEST_CASE("a critical finding never leaves the level above one") {
  std::set<std::string> gated;
  for (const Gate& gate : shipped().gates) {
    INFO(gate.id);
    check_board_text(gate.ceo);
    if (gate.level == 1) gated.insert(gate.rules.begin(), gate.rules.end());
  }
  for (const Rule& rule : shipped().rules) {
    INFO(rule.id);
    if (rule.severity == Severity::critical) CHECK(gated.count(rule.id) > 0);
  }
}

TEST_CASE("a workload speaks to a board throughout") {
  for (const Workload& workload : shipped().workloads) {
    INFO(workload.id);
    check_board_text(workload.title);
    check_board_text(workload.outcome);
    check_board_text(workload.decision);
    check_board_text(workload.threshold);
    CHECK_FALSE(workload.kpis.empty());
    CHECK_FALSE(workload.security_rules.empty());
    for (const auto* list : {&workload.minimum, &workload.recommended}) {
      CHECK_FALSE(list->empty());
      for (const Requirement& requirement : *list) check_board_text(requirement.ceo);
    }
  }
}
