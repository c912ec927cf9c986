// SPDX-License-Identifier: Apache-2.0
// Style as a test: floors, sizes, sources missing from CMake, unfinished marks, Beast and TLS outside their files,
// facts that no probe fills or no catalog lists.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "facts/catalog.h"
#include "tests/catch.h"

namespace fs = std::filesystem;
using namespace plumbline;

namespace {

const fs::path kRoot = PLUMBLINE_SOURCE_DIR;
const std::vector<std::string> kFloors = {"base", "facts", "agent", "rules", "collector"};

struct Source {
  std::string path;  // relative to the repository
  std::string text;
};

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Source> sources(const std::vector<std::string>& folders, const std::set<std::string>& extensions) {
  std::vector<Source> found;
  for (const auto& folder : folders)
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder))
      if (entry.is_regular_file() && extensions.count(entry.path().extension().string()) > 0)
        found.push_back({fs::relative(entry.path(), kRoot).string(), read(entry.path())});
  std::sort(found.begin(), found.end(), [](const Source& a, const Source& b) { return a.path < b.path; });
  return found;
}

const std::vector<Source>& product() {
  static const auto all = sources(kFloors, {".h", ".cc"});
  return all;
}

std::string floor_of(std::string_view path) {
  if (path.starts_with("rules/cel/")) return "rules/cel";
  return std::string(path.substr(0, path.find('/')));
}

std::vector<std::string> own_includes(const std::string& text) {
  static const std::regex include(R"(^\s*#\s*include\s+"([^"]+)\")", std::regex::multiline);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), include), end; it != end; ++it) found.push_back((*it)[1]);
  return found;
}

}  // namespace

TEST_CASE("includes only point down") {
  const std::map<std::string, std::set<std::string>> may = {
      {"base", {"base"}},
      {"facts", {"facts", "base"}},
      {"agent", {"agent", "facts", "base"}},
      {"rules/cel", {"rules/cel", "base"}},
      {"rules", {"rules", "rules/cel", "facts", "base"}},
      {"collector", {"collector", "rules", "rules/cel", "facts", "base"}}};
  for (const auto& source : product())
    for (const auto& include : own_includes(source.text)) {
      INFO(source.path << " includes " << include);
      CHECK(may.at(floor_of(source.path)).count(floor_of(include)) == 1);
    }
}

TEST_CASE("every file begins with its licence and says what it is for") {
  for (const auto& source : product()) {
    INFO(source.path);
    CHECK(source.text.starts_with("// SPDX-License-Identifier: Apache-2.0\n"));
    if (source.path.ends_with(".h")) CHECK(contains(source.text, "// SPDX-License-Identifier: Apache-2.0\n// "));
  }
}

TEST_CASE("every source stands in a CMakeLists.txt") {
  std::map<std::string, std::string> lists;
  for (const auto& floor : kFloors) lists[floor] = read(kRoot / floor / "CMakeLists.txt");
  for (const auto& source : product()) {
    if (!source.path.ends_with(".cc")) continue;
    const std::string top = source.path.substr(0, source.path.find('/'));
    INFO(source.path);
    CHECK(contains(lists.at(top), source.path.substr(top.size() + 1)));
  }
}

TEST_CASE("files stay small enough to read") {
  constexpr long kMostLines = 800;
  const std::set<std::string> tables = {"facts/catalog_rows.cc"};  // data, one row a line
  for (const auto& source : product()) {
    if (tables.count(source.path) > 0) continue;
    INFO(source.path);
    CHECK(std::count(source.text.begin(), source.text.end(), '\n') <= kMostLines);
  }
}

TEST_CASE("functions stay short enough to read") {
  constexpr int kMostLines = 90;
  for (const auto& source : product()) {
    if (!source.path.ends_with(".cc") || source.path == "facts/catalog_rows.cc") continue;
    int start = 0, number = 0;
    for (const auto line : lines(source.text)) {
      ++number;
      // A definition at file scope: a line that begins at the margin and opens a brace, to the brace at the margin.
      if (!line.empty() && line[0] != ' ' && line[0] != '}' && line[0] != '/' && line[0] != '#' && line.ends_with("{") &&
          contains(line, "(") && !contains(line, "TEST_CASE"))
        start = number;
      if (line == "}" && start > 0) {
        INFO(source.path << ":" << start);
        CHECK(number - start <= kMostLines);
        start = 0;
      }
    }
  }
}

TEST_CASE("nothing is marked as unfinished") {
  const std::regex marks(R"(\b(TODO|FIXME|XXX|HACK)\b)");
  for (const auto& source : product()) {
    INFO(source.path);
    CHECK_FALSE(std::regex_search(source.text, marks));
  }
}

TEST_CASE("Beast, Asio and TLS streams stay in the server, other libraries behind their own doors") {
  const std::vector<std::pair<std::string, std::set<std::string>>> doors = {
      {"<boost/", {"collector/http/"}},
      {"<openssl/", {"base/tls.cc", "base/hash.cc", "collector/http/", "collector/pki/", "agent/probes/certificates.cc"}},
      {"<sqlite3.h>", {"collector/store/"}},
      {"<libpq-fe.h>", {"collector/store/"}},
      {"<curl/", {"agent/delivery/", "collector/digest/"}},
      {"<yaml-cpp/", {"rules/"}},
      {"<re2/", {"rules/cel/"}},
      {"<zstd", {"base/zstd.cc"}},
      {"<sodium.h>", {"collector/web/", "rules/signature.cc"}},
      {"<kainjow/", {"collector/report/"}},
      {"<xlsxwriter.h>", {"collector/report/"}},
      {"<spdlog/", {"base/log.cc"}},
      {"<dlfcn.h>", {"agent/"}}};
  for (const auto& source : product())
    for (const auto& [header, homes] : doors) {
      if (!contains(source.text, "#include " + header)) continue;
      INFO(source.path << " includes " << header);
      CHECK(std::any_of(homes.begin(), homes.end(), [&](const auto& home) { return source.path.starts_with(home); }));
      // The headers that other floors or rooms read hold no type of these libraries.
      if (header != "<kainjow/") CHECK_FALSE(source.path.ends_with(".h"));
    }
}

TEST_CASE("one file alone starts another program, never through a shell, and no unbounded C string function is called") {
  const std::regex starts(R"(\b(execve?|execl[ep]?|execvp|posix_spawn)\s*\()");
  const std::regex forks(R"(\bv?fork\s*\()");
  const std::set<std::string> may_fork = {"collector/report/child_program.cc", "agent/manners/guard.cc",
                                          "agent/delivery/child.cc"};  // the agent's children are itself
  const std::regex banned(R"(\b(system|popen|sprintf|strcpy|strcat|gets)\s*\()");
  for (const auto& source : product()) {
    INFO(source.path);
    std::smatch match;
    CHECK_FALSE(std::regex_search(source.text, match, banned));
    if (source.path != "collector/report/child_program.cc") CHECK_FALSE(std::regex_search(source.text, match, starts));
    if (may_fork.count(source.path) == 0) CHECK_FALSE(std::regex_search(source.text, match, forks));
  }
}

TEST_CASE("no loop goes over parts of a text that is gone before its first round") {
  // for (std::string_view part : split(last_of(settings, "listeners"), ',')): the list lives as long as the loop, its text does not.
  const std::regex made_on_the_way(R"(for \([^;{]*: (split|words|lines)\((last_of|option_value|lower|upper|join|to_utf8|read_config)\()");
  const std::regex made_by_default(R"(for \([^;{]*: (split|words|lines)\([^;{]*\.value_or\()");
  for (const auto& source : product()) {
    INFO(source.path);
    CHECK_FALSE(std::regex_search(source.text, made_on_the_way));
    CHECK_FALSE(std::regex_search(source.text, made_by_default));
  }
}

TEST_CASE("every fact of the catalog is filled by a probe or derived, and every fact a probe fills is in the catalog") {
  std::string probes, derive;
  for (const auto& source : product()) {
    if (source.path.starts_with("agent/")) probes += source.text;
    if (source.path.starts_with("rules/") || source.path == "collector/history.cc") derive += source.text;
  }
  const std::regex named(R"re("((?:[a-z0-9_]+)(?:\.[a-z0-9_]+)+)")re");
  std::set<std::string> sections_known;
  for (const auto name : sections()) sections_known.insert(std::string(name));
  for (const Fact& fact : catalog()) {
    INFO(fact.path);
    const std::string leaf(fact.path.substr(fact.path.rfind('.') + 1));
    const bool derived_only = fact.source == "derived" || fact.source.starts_with("derived: catalogue") || fact.source.starts_with("derived: package") ||
                              fact.source.starts_with("derived: sum") || fact.source.starts_with("derived: maximum") || fact.source.starts_with("derived: earlier");
    CHECK(contains(derived_only ? derive : probes, leaf));
  }
  const std::regex set_call(R"re((?:set|missing)\("([a-z_]+\.[a-z0-9_.]+)")re");
  for (std::sregex_iterator it(probes.begin(), probes.end(), set_call), end; it != end; ++it) {
    const std::string path = (*it)[1];
    if (sections_known.count(path.substr(0, path.find('.'))) == 0) continue;
    INFO(path);
    CHECK(find_fact(path) != nullptr);
  }
}

TEST_CASE("documents name no place of the machine they were written on") {
  for (const auto& source : sources({"docs", "packaging", "rules", "collector", "agent", "base", "facts"}, {".md", ".sh", ".yaml", ".html", ".h", ".cc"})) {
    INFO(source.path);
    CHECK_FALSE(contains(source.text, std::string("/wo") + "rk/"));
  }
}
