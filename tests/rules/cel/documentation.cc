// SPDX-License-Identifier: Apache-2.0
// docs/conditions.md names every function of the table, and its examples hold.
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "rules/cel/functions.h"
#include "tests/catch.h"
#include "tests/rules/cel/case_io.h"

namespace plumbline::cel {

TEST_CASE("Every example of the page on conditions is true") {
  std::ifstream file(PLUMBLINE_SOURCE_DIR "/docs/conditions.md");
  bool inside = false;
  int examples = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = line == "```cel";
    } else if (inside) {
      INFO(line);
      ++examples;
      CHECK(answer(line, {}, nlohmann::json::object()) == "true");
    }
  }
  CHECK(examples >= 10);
}

TEST_CASE("The page on conditions names every function and macro") {
  std::ifstream file(PLUMBLINE_SOURCE_DIR "/docs/conditions.md");
  std::stringstream page;
  page << file.rdbuf();
  for (const std::string& name : function_names()) {
    INFO(name);
    CHECK(page.str().find(name + "(") != std::string::npos);
  }
}

}  // namespace plumbline::cel
