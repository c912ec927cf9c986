// SPDX-License-Identifier: Apache-2.0
// Runs cases.txt: expression, facts, answer; and libraries.txt: expressions that give true.
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/rules/cel/case_io.h"

namespace plumbline::cel {
namespace {

constexpr std::string_view kFacts =
    "cpu.cores int, cpu.model string, cpu.features strings, ssh.installed bool, ssh.permit_root_login "
    "string, host.load double,"
    "host.labels labels, os.version string, storage.disks[].class string, storage.disks[].size_bytes int";

struct Case {
  std::string expression, facts, expected;
  int line = 0;
};

std::vector<Case> read_cases() {
  std::ifstream file(PLUMBLINE_SOURCE_DIR "/tests/rules/cel/cases.txt");
  std::vector<Case> out;
  std::vector<std::string> lines;
  int number = 0;
  for (std::string line; std::getline(file, line) || !lines.empty(); line.clear()) {
    ++number;
    if (!line.empty() && line[0] == '#') continue;
    if (!line.empty()) {
      lines.push_back(line);
      continue;
    }
    if (lines.size() == 3)
      out.push_back({lines[0], lines[1], lines[2], number - 3});
    else if (!lines.empty())
      FAIL("cases.txt:" << number << ": a case has three lines");
    lines.clear();
  }
  return out;
}

}  // namespace

TEST_CASE("Every line of libraries.txt gives true, or what stands behind its arrow") {
  std::ifstream file(PLUMBLINE_SOURCE_DIR "/tests/rules/cel/libraries.txt");
  int number = 0, expressions = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    ++expressions;
    const std::size_t arrow = line.find(" => ");
    const std::string expression = line.substr(0, arrow);
    const std::string expected = arrow == std::string::npos ? "true" : line.substr(arrow + 4);
    INFO("libraries.txt:" << number << ": " << expression);
    CHECK(answer(expression, {}, nlohmann::json::object()) == expected);
    if (expected == "true") CHECK(unchecked_answer(expression) == "true");
  }
  CHECK(expressions > 100);
}

TEST_CASE("Every case of cases.txt gives the answer that is written below it") {
  const Declarations declarations = declare(kFacts);
  const auto cases = read_cases();
  CHECK(cases.size() > 100);
  for (const Case& test : cases) {
    INFO("cases.txt:" << test.line << ": " << test.expression);
    CHECK(answer(test.expression, declarations, nlohmann::json::parse(test.facts)) == test.expected);
  }
}

}  // namespace plumbline::cel
