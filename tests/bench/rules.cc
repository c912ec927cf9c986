// SPDX-License-Identifier: Apache-2.0
// Measures the rule engine on a document and a file of rules: compile, read, judge.
//   rules_bench RULES.cel DOCUMENT.json [ROUNDS]      a line a figure: name, value, unit
// The document's shape is declared from the document itself, as the fact catalog declares a host's.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rules/cel/cel.h"
#include "rules/cel/document_reader.h"

namespace {

using namespace plumbline;
using nlohmann::json;
using TypePtr = std::shared_ptr<const cel::Type>;

constexpr int kRepeats = 7;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "rules_bench: cannot read %s\n", path);
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

TypePtr type_of(const json& value);

/// An object whose keys are names is an object with members; one with other keys is a map.
bool is_map(const json& object) {
  for (const auto& [key, member] : object.items())
    if (key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") != std::string::npos) return true;
  return false;
}

json merged(const json& list) {
  json out = json::object();
  for (const json& item : list)
    for (const auto& [key, member] : item.items())
      if (!out.contains(key) || (out[key].is_number_integer() && member.is_number_float()) ||
          (out[key].is_array() && out[key].empty()))
        out[key] = member;
  return out;
}

TypePtr type_of(const json& value) {
  cel::Type type;
  if (value.is_boolean()) type.kind = cel::Type::boolean;
  if (value.is_number_integer()) type.kind = cel::Type::int_type;
  if (value.is_number_float()) type.kind = cel::Type::number;
  if (value.is_string()) type.kind = cel::Type::string;
  if (value.is_array()) {
    type.kind = cel::Type::list;
    if (!value.empty()) type.element = type_of(value[0].is_object() ? merged(value) : value[0]);
  }
  if (value.is_object() && is_map(value)) {
    type.kind = cel::Type::map;
    type.element = type_of(*value.begin());
  } else if (value.is_object()) {
    type.kind = cel::Type::object;
    for (const auto& [key, member] : value.items()) type.members.emplace_back(key, type_of(member));
  }
  return std::make_shared<const cel::Type>(std::move(type));
}

/// Median seconds of one call, from batches that last a few milliseconds.
template <class Work>
double seconds_each(int rounds, Work work) {
  std::vector<double> times;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const double start = cpu_seconds();
    for (int i = 0; i < rounds; ++i) work();
    times.push_back((cpu_seconds() - start) / rounds);
  }
  std::sort(times.begin(), times.end());
  return times[kRepeats / 2];
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "usage: rules_bench RULES.cel DOCUMENT.json [ROUNDS]\n");
    return 2;
  }
  const int rounds = count > 3 ? std::atoi(arguments[3]) : 2000;
  const std::string text = read_file(arguments[2]);
  const json whole = json::parse(text);
  cel::Declarations names;
  for (const auto& [key, member] : whole.items()) names.emplace_back(key, type_of(member));
  cel::CompileOptions options;
  options.layout = cel::Layout::of(names);

  std::vector<std::string> expressions;
  std::ifstream rules(arguments[1]);
  for (std::string line; std::getline(rules, line);)
    if (!line.empty()) expressions.push_back(line);
  std::vector<cel::Program> programs;
  for (const std::string& expression : expressions) {
    auto program = cel::compile(expression, names, options);
    if (!program) {
      std::fprintf(stderr, "rules_bench: %s: %s\n", expression.c_str(), program.error()[0].message.c_str());
      return 1;
    }
    if (!program->is_typed()) std::fprintf(stderr, "rules_bench: not in the fast tier: %s\n", expression.c_str());
    programs.push_back(std::move(*program));
  }

  cel::DocumentReader reader(options.layout);
  auto document = reader.read(text);
  if (!document) {
    std::fprintf(stderr, "rules_bench: %s\n", document.error().message.c_str());
    return 1;
  }
  std::string answers;
  for (const cel::Program& program : programs) {
    const cel::Answer fast = program.decide(**document);
    const cel::Value slow = program.evaluate((*document)->lookup());
    const bool* yes = slow.get_if<bool>();
    if (yes == nullptr || (fast == cel::Answer::yes) != *yes) {
      std::fprintf(stderr, "rules_bench: the tiers differ: %s\n", program.text().c_str());
      return 1;
    }
    answers += *yes ? '1' : '0';
  }
  std::printf("answers %s\n", answers.c_str());

  volatile int sink = 0;
  const auto judge = [&] {
    int held = 0;
    for (const cel::Program& program : programs) held += program.decide(**document) == cel::Answer::yes ? 1 : 0;
    sink = sink + held;
  };
  const double judged = seconds_each(rounds * 5, judge);
  const auto rate = static_cast<double>(programs.size()) / judged;
  std::printf("judge %.0f verdicts/s\njudge_document %.2f us\n", rate, judged * 1e6);
  std::printf("read %.1f us\n", seconds_each(rounds, [&] { sink = sink + (reader.read(text) ? 1 : 0); }) * 1e6);
  std::printf("compile %.1f us\n", seconds_each(20, [&] {
    for (const std::string& expression : expressions) sink = sink + (cel::compile(expression, names, options) ? 1 : 0);
  }) * 1e6 / static_cast<double>(expressions.size()));
  if (std::getenv("RULES_BENCH_EACH") != nullptr)
    for (const cel::Program& program : programs)
      std::printf("%7.1f ns  %s\n", seconds_each(rounds * 5, [&] {
        sink = sink + (program.decide(**document) == cel::Answer::yes ? 1 : 0);
      }) * 1e9, program.text().c_str());
  const cel::Lookup lookup = (*document)->lookup();
  std::printf("evaluator %.0f verdicts/s\n", static_cast<double>(programs.size()) / seconds_each(rounds / 10 + 1, [&] {
    for (const cel::Program& program : programs) sink = sink + (program.evaluate(lookup).is_error() ? 1 : 0);
  }));
  return 0;
}
