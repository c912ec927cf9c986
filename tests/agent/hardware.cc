// SPDX-License-Identifier: Apache-2.0
// Cases of cases/*.txt: files of a machine in, facts out. The form:
//
//   === A sentence that names the case
//   --- /proc/meminfo
//   …text…
//   --- /sys/block/sda -> ../devices/…/sda        (a link)
//   --- /proc/12/cmdline                           (one argument a line; environ too)
//   --- answer now
//   1795466100
//   --- expect
//   memory.total_bytes 1024                        (JSON; "missing" for a fact told to be unknown, "absent" for none)
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "agent/host.h"
#include "agent/scan.h"
#include "base/text.h"
#include "tests/agent/scratch.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

using nlohmann::json;

struct Expectation {
  std::string path;
  std::string value;
};

struct Case {
  std::string name;
  std::vector<std::pair<std::string, std::string>> parts;  // heading after "--- ", text
  std::vector<Expectation> expectations;
};

std::vector<Case> read_cases(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<Case> cases;
  bool expecting = false;
  for (std::string line; std::getline(in, line);) {
    if (line.compare(0, 4, "=== ") == 0) {
      cases.push_back({line.substr(4), {}, {}});
      expecting = false;
    } else if (line == "--- expect") {
      expecting = true;
    } else if (line.compare(0, 4, "--- ") == 0) {
      cases.back().parts.emplace_back(line.substr(4), "");
    } else if (cases.empty() || line.compare(0, 2, "##") == 0) {
      continue;
    } else if (!expecting) {
      if (!cases.back().parts.empty()) cases.back().parts.back().second += line + "\n";
    } else if (!line.empty()) {
      const auto blank = line.find(' ');
      cases.back().expectations.push_back({line.substr(0, blank), line.substr(blank + 1)});
    }
  }
  return cases;
}

/// /proc/<pid>/cmdline and environ stand one argument a line.
bool is_list_of_arguments(std::string_view heading) {
  return heading.substr(0, 6) == "/proc/" && heading.find_first_of("0123456789") == 6 && (heading.ends_with("/cmdline") || heading.ends_with("/environ"));
}

std::string with_nul(std::string text) {
  std::replace(text.begin(), text.end(), '\n', '\0');
  return text;
}

void lay_out(const Case& item, const Scratch& scratch) {
  json answers = json::object();
  for (const auto& [heading, text] : item.parts) {
    const auto arrow = heading.find(" -> ");
    if (heading.compare(0, 7, "answer ") == 0) answers[heading.substr(7)] = std::string(trim(text));
    else if (arrow != std::string::npos) scratch.link(heading.substr(0, arrow), heading.substr(arrow + 4));
    else if (heading.back() == '/') scratch.folder(heading);
    else scratch.write(heading, is_list_of_arguments(heading) ? with_nul(text) : text);
  }
  if (!answers.empty()) scratch.write("/.plumbline/recording.json", json{{"answers", answers}}.dump());
}

/// "cpu.cores", "storage.disks[1].class"
const json* find(const json& facts, std::string_view path) {
  const json* place = &facts;
  for (const auto step : split(path, '.')) {
    const auto bracket = step.find('[');
    const std::string key(step.substr(0, bracket));
    if (!place->is_object() || !place->contains(key)) return nullptr;
    place = &(*place)[key];
    if (bracket == std::string_view::npos) continue;
    const auto index = parse_u64(step.substr(bracket + 1, step.size() - bracket - 2));
    if (!index || !place->is_array() || *index >= place->size()) return nullptr;
    place = &(*place)[*index];
  }
  return place;
}

/// Notes which texts leave memory with a secret in them: cases write CANARY where there is one.
class WatchedHost final : public Host {
 public:
  explicit WatchedHost(const Host& host) : host_(host) {}
  Result<std::string> read(std::string_view path, std::size_t limit) const override { return watched(path, host_.read(path, limit)); }
  Result<std::string> read_redacted(std::string_view path, Redact redact, std::size_t limit) const override { return watched(path, host_.read_redacted(path, redact, limit)); }
  Result<std::vector<FolderEntry>> list(std::string_view path) const override { return host_.list(path); }
  Result<std::string> read_link(std::string_view path) const override { return host_.read_link(path); }
  Result<FileStat> stat(std::string_view path, bool follow) const override { return host_.stat(path, follow); }
  Result<std::string> ask(std::string_view question) const override { return host_.ask(question); }
  const std::set<std::string>& leaks() const { return leaks_; }

 private:
  Result<std::string> watched(std::string_view path, Result<std::string> text) const {
    if (text && contains(*text, "CANARY")) leaks_.emplace(path);
    return text;
  }
  const Host& host_;
  mutable std::set<std::string> leaks_;
};

void check(const Case& item) {
  Scratch scratch;
  lay_out(item, scratch);
  const auto host = recorded_host(scratch.path());
  REQUIRE(host);
  std::set<std::string> wanted;
  for (const auto& expectation : item.expectations) wanted.insert(expectation.path.substr(0, expectation.path.find('.')));
  const WatchedHost watched(**host);
  const auto scan = take_scan(watched, {{wanted.begin(), wanted.end()}});
  REQUIRE(scan);
  CHECK_FALSE(contains(to_json(*scan), "CANARY"));
  CHECK(watched.leaks() == std::set<std::string>{});
  const auto valid = read_scan(to_json(*scan));
  INFO((valid ? std::string() : valid.error().message));
  CHECK(valid);
  const json facts = facts_of(*scan);
  for (const auto& [path, value] : item.expectations) {
    INFO(path << " should be " << value);
    const json* found = find(facts, path);
    const auto& missing = scan->sections.at(path.substr(0, path.find('.'))).missing;
    if (value == "missing") {
      CHECK(found == nullptr);
      CHECK(missing.count(path) == 1);
    } else if (value == "absent") {
      CHECK(found == nullptr);
      CHECK(missing.count(path) == 0);
    } else {
      REQUIRE(found != nullptr);
      CHECK(found->dump() == json::parse(value).dump());
    }
  }
}

}  // namespace

TEST_CASE("Facts are what the files say, on every kind of machine") {
  const std::filesystem::path folder = std::filesystem::path(PLUMBLINE_SOURCE_DIR) / "tests/agent/cases";
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    for (const auto& item : read_cases(file.path())) {
      INFO(file.path().filename().string() << ": " << item.name);
      REQUIRE(!item.expectations.empty());
      check(item);
      ++count;
    }
  }
  CHECK(count >= 40);
}

}  // namespace plumbline
