// SPDX-License-Identifier: Apache-2.0
// docs/conditions.md names every function of the table.
#include <fstream>
#include <sstream>

#include "rules/cel/functions.h"
#include "tests/catch.h"

namespace plumbline::cel {

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
