// SPDX-License-Identifier: Apache-2.0
// The agent's program as a person meets it: what it prints, what it complains about, how it ends.
#include <sys/wait.h>

#include <array>
#include <cstdio>

#include "base/json.h"
#include "base/text.h"
#include "facts/scan.h"
#include "tests/agent/scratch.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

struct Outcome {
  int code = -1;
  std::string text;
};

/// Standard output, or with "2>&1" in the arguments both.
Outcome run(const std::string& arguments) {
  FILE* pipe = popen((std::string(PLUMBLINE_AGENT) + " " + arguments).c_str(), "r");
  REQUIRE(pipe != nullptr);
  Outcome outcome;
  std::array<char, 4096> buffer;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) outcome.text.append(buffer.data(), count);
  const int status = pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

const std::string kRoot = PLUMBLINE_SOURCE_DIR "/tests/hosts/gpu-server";

}  // namespace

TEST_CASE("A scan is a page without colour when piped, and a document on request") {
  const auto page = run("scan --root " + kRoot);
  CHECK(page.code == 0);
  CHECK(contains(page.text, "Ubuntu 24.04.2 LTS"));
  CHECK(contains(page.text, "2 accelerators"));
  CHECK(contains(page.text, "because /mnt/team: no answer within 2 seconds"));
  CHECK(!contains(page.text, "\x1b"));
  for (const char* flag : {"--json", "--format json"}) {
    const auto document = run("scan --root " + kRoot + " " + flag);
    CHECK(document.code == 0);
    CHECK(read_scan(document.text));
  }
}

TEST_CASE("Only the wanted sections are read") {
  const auto document = run("scan --json --only cpu,memory --root " + kRoot);
  const auto scan = read_scan(document.text);
  REQUIRE(scan);
  CHECK(scan->sections.size() == 2);
  CHECK(contains(run("scan --timings --only cpu --root " + kRoot).text, "timings"));
}

TEST_CASE("A dry run of a host that is not enrolled shows the whole document") {
  Scratch scratch;
  const auto shown = run("scan --json --dry-run --only os --root " + kRoot + " --state " + scratch.path() + "/none");
  CHECK(shown.code == 0);
  CHECK(read_scan(shown.text));
  CHECK(shown.text.back() == '}');
}

TEST_CASE("Mistakes end with a line that says what to do, and with an exit code") {
  Scratch scratch;
  scratch.write("/full/x", "");
  struct Mistake {
    std::string arguments;
    int code;
    std::string words;
  };
  const std::vector<Mistake> mistakes = {
      {"", 2, "subcommand"},
      {"scna", 2, "--help"},
      {"scan --only memroy", 2, "did you mean \"memory\"?"},
      {"scan --only qqqqqqqq", 2, "there are host, os, cpu"},
      {"scan --format xml", 2, "text,json"},
      {"scan --root /no/such/folder", 1, "--root takes the folder of a recorded machine"},
      {"scan --root " + std::string(PLUMBLINE_AGENT), 1, "not a folder"},
      {"scan --record " + scratch.path() + "/full", 1, "new or empty folder"},
      {"scan --record a --root b", 2, "excludes"},
      {"send --state " + scratch.path() + "/none", 1, "plumbline-agent enroll"},
      {"enroll --token x", 2, "--collector"},
      {"run --interval 1", 2, "interval"},
      {"scan --only os --root " + kRoot + " >/dev/full", 1, "could not be written"},
  };
  for (const auto& mistake : mistakes) {
    INFO(mistake.arguments);
    const auto outcome = run("2>&1 " + mistake.arguments);
    INFO(outcome.text);
    CHECK(outcome.code == mistake.code);
    CHECK(contains(outcome.text, mistake.words));
  }
}

TEST_CASE("The catalog is printed as a page and as data, and help has examples") {
  CHECK(contains(run("facts").text, "cpu.threads_effective"));
  CHECK(parse_json(run("facts --format json").text));
  CHECK(run("--version").text.compare(0, 16, "plumbline-agent ") == 0);
  for (const char* command : {"", "scan ", "enroll "}) {
    const auto help = run(std::string(command) + "--help");
    CHECK(help.code == 0);
    CHECK(contains(help.text, "Example"));
  }
}

}  // namespace plumbline
