// SPDX-License-Identifier: Apache-2.0
// The exact text a rule's author sees for a mistake in an expression.
#include "base/source.h"
#include "tests/catch.h"
#include "tests/rules/cel/case_io.h"

namespace plumbline::cel {
namespace {

const Declarations& facts() {
  static const Declarations declarations =
      declare("ssh.permit_root_login string, cpu.cores int, os.name string");
  return declarations;
}

/// Every mistake as it is printed.
std::string printed(std::string_view text) {
  const auto program = compile(text, facts());
  REQUIRE(!program);
  std::string out;
  for (const Issue& issue : program.error())
    out += point_at("ssh.yaml", text, place_of(text, issue.offset), issue.message) + "\n";
  return out;
}

}  // namespace

TEST_CASE("A misspelt fact is shown with its line, a caret and the name that was meant") {
  CHECK(printed("ssh.permit_rootlogin != \"yes\"") ==
        "ssh.yaml:1:5: error: no name 'ssh.permit_rootlogin'; did you mean 'ssh.permit_root_login'?\n"
        "  ssh.permit_rootlogin != \"yes\"\n"
        "      ^\n");
}

TEST_CASE("Every mistake of an expression is reported, in order of place") {
  CHECK(printed("cpu.cores + \"1\" == 2 &&\n  os.nmae.startswith(\"Debian\") && cpu.cores") ==
        "ssh.yaml:1:11: error: no operator + for int and string\n"
        "  cpu.cores + \"1\" == 2 &&\n"
        "            ^\n"
        "ssh.yaml:2:6: error: no name 'os.nmae'; did you mean 'os.name'?\n"
        "    os.nmae.startswith(\"Debian\") && cpu.cores\n"
        "       ^\n"
        "ssh.yaml:2:11: error: no function 'startswith'; did you mean 'startsWith'?\n"
        "    os.nmae.startswith(\"Debian\") && cpu.cores\n"
        "            ^\n"
        "ssh.yaml:2:39: error: each side of && must be true or false, not int\n"
        "    os.nmae.startswith(\"Debian\") && cpu.cores\n"
        "                                        ^\n");
}

TEST_CASE("A caret stands under the right character where others take several bytes") {
  CHECK(printed("\"größe\" + 4") ==
        "ssh.yaml:1:9: error: no operator + for string and int\n"
        "  \"größe\" + 4\n"
        "          ^\n");
}

TEST_CASE("What is not UTF-8 is refused") {
  CHECK(compile("\"\xff\"", facts()).error()[0].message == "the expression is not UTF-8");
}

}  // namespace plumbline::cel
