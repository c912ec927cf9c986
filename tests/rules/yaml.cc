// SPDX-License-Identifier: Apache-2.0
// YAML with places: the fast reader agrees with yaml-cpp wherever it answers, mistakes stand where they were made.
#include "rules/yaml.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "rules/plain_yaml.h"
#include "tests/catch.h"

using namespace plumbline;

namespace {

// Structure and texts; places of scalars too.
std::string dump(const YamlNode& node) {
  std::string out;
  switch (node.kind) {
    case YamlNode::null: return "~";
    case YamlNode::scalar:
      return (node.quoted ? "'" : "") + node.text + (node.quoted ? "'" : "") + "@" + std::to_string(node.offset);
    case YamlNode::list:
      for (const YamlNode& item : node.items) out += dump(item) + ",";
      return "[" + out + "]";
    case YamlNode::map:
      for (const auto& [key, value] : node.entries) out += dump(key) + ":" + dump(value) + ",";
      return "{" + out + "}";
  }
  return out;
}

// Empty where both agree, or the fast one gave up; else what each of them says.
std::string disagreement(const std::string& text) {
  auto fast = read_plain_yaml(text);
  if (!fast) return "";
  Mistakes mistakes;
  std::string whole = dump(read_whole_yaml({"x.yaml", text}, mistakes));
  if (!mistakes.empty()) return "fast: " + dump(*fast) + "\nwhole: " + mistakes.text();
  return dump(*fast) == whole ? "" : "fast:  " + dump(*fast) + "\nwhole: " + whole;
}

std::vector<std::string> shipped_files() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(PLUMBLINE_SOURCE_DIR) + "/rules")) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream in(entry.path());
    std::stringstream text;
    text << in.rdbuf();
    out.push_back(text.str());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string mistakes_of(const std::string& text) {
  Mistakes mistakes;
  read_yaml({"x.yaml", text}, mistakes);
  return mistakes.empty() ? "" : mistakes.text();
}

}  // namespace

TEST_CASE("the fast reader and yaml-cpp agree on every kind of text that packs use") {
  const char* texts[] = {
      "a: 1\n", "a:\n  b: x\n  c: y\nd: z\n", "- a\n- b\n", "a:\n- x\n- y\nb: z\n", "a:\n  - id: x\n    title: y\n  - id: z\n",
      "a: >-\n  one\n  two\n\n  three\nb: |\n  x\n    y\n\n  z\nc: 1\n", "a: 'it''s'\nb: \"q \\\" \\\\ \\n\"\n",
      "a: [x, 'y', \"z\", 1.5]\nb: {c: d, e: [f, {g: h}], i: }\n", "a: one\n  two\n  three\nb: x # comment\n# comment\nc: y\n",
      "a: [x,\n    y]\nb: z\n", "a: ~\nb: null\nc:\nd: \"\"\n", "a: x#y\nb: x:y\nc: -1\n", "- - a\n  - b\n- c\n",
      "a:\n  text\n  more\nb: 1\n", "a: >\n  folded\nb: |-\n  kept\n", "a: {facts: {ssh: {installed: true}}, verdict: fail}\n",
      "rules:\n  - id: x\n    check: a.b != \"c\" && d[0] == 'e'\n", "a: |\n  x\n", "a: >-\n  x\n  # no comment\nb: 1\n",
      "a: [\n  x, # why\n  y\n  ]\n", "a: x\n\n\nb: y\n", "a:\n\n  b: c\n", "# only\na: 1", "a:   # c\n  b: 1\n"};
  for (const char* text : texts) {
    INFO(text);
    CHECK(read_plain_yaml(text).has_value());
    CHECK(disagreement(text) == "");
  }
}

TEST_CASE("the fast reader reads every shipped file, as yaml-cpp does") {
  for (const std::string& text : shipped_files()) {
    INFO(text.substr(0, 300));
    CHECK(disagreement(text) == "");
    CHECK(read_plain_yaml(text).has_value());
  }
}

TEST_CASE("the fast reader gives up on what it does not know") {
  for (const char* text : {"a: &x 1\nb: *x\n", "a: !tag 1\n", "? a\n: b\n", "a: 1\na: 2\n", "--- \na: 1\n", "a:\tb\n", "%YAML 1.2\n---\na: 1\n",
                           "a: 'x\n  y'\n", "a: b: c\n", "a: [x\n", "a: {x\n", "a: |2\n   x\n", "a: |+\n  x\n\n", "a: \"\\x41\"\n", "",
                           "a: >-\n  x\n    y\n", "a: @x\n", "a: 1\n b: 2\n", "  a: 1\nb: 2\n", "- a\nb: 1\n", "a: - b\n", "a: b\n  # c\nd: e\n"}) {
    INFO(text);
    CHECK_FALSE(read_plain_yaml(text).has_value());
  }
}

TEST_CASE("whatever is done to a pack, the fast reader never says other than yaml-cpp") {
  std::vector<std::string> files = shipped_files();
  std::mt19937 random(20261123);
  auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random()) % bound; };
  const std::string pieces[] = {":", " ", "\n", "  ", "- ", "#", " #", "'", "\"", "[", "]", "{", "}", ",", "|", ">", ">-\n", "?", "&a", "*a", "!",
                                ": ", "\n\n", "a", "null", "~", "---\n", "%", "@", "-"};
  int answered = 0;
  for (int round = 0; round < 6000 && !files.empty(); ++round) {
    const std::string& file = files[below(files.size())];
    if (file.empty()) continue;
    std::size_t from = below(file.size());
    std::size_t line = file.rfind("\n  - ", from);
    from = line == std::string::npos ? 0 : line + 1;
    std::string text = file.substr(from, 20 + below(700));
    for (std::size_t changes = below(4); changes > 0; --changes) {
      std::size_t at = below(text.size());
      if (below(3) == 0) text.erase(at, 1 + below(4));
      else text.insert(at, pieces[below(std::size(pieces))]);
      if (text.empty()) text = "a";
    }
    if (read_plain_yaml(text)) ++answered;
    std::string said = disagreement(text);
    if (!said.empty()) {
      INFO(text);
      CHECK(said == "");
      break;
    }
  }
  CHECK((files.empty() || answered > 500));
}

TEST_CASE("anchors, aliases, tags, second documents, twice-written keys and depth are refused with their place") {
  CHECK(mistakes_of("a: &x 1\nb: *x\n") ==
        "x.yaml:1:4: error: anchors (&name) are not allowed in packs\n  a: &x 1\n     ^\n"
        "x.yaml:2:4: error: aliases (*name) are not allowed in packs; write the value out\n  b: *x\n     ^\n2 mistakes");
  CHECK(mistakes_of("a: !!str 1\n").find("tags") != std::string::npos);
  CHECK(mistakes_of("a: 1\n---\nb: 2\n").find("second document") != std::string::npos);
  CHECK(mistakes_of("a: 1\na: 2\n") ==
        "x.yaml:2:1: error: key 'a' is written twice; first near line 1\n  a: 2\n  ^\n1 mistake");
  CHECK(mistakes_of(std::string(100, '[') + std::string(100, ']')).find("nested deeper than 32 levels") != std::string::npos);
  CHECK(mistakes_of(std::string(100'000, '[')).find("x.yaml:1:") == 0);
  CHECK(mistakes_of("a: [1, 2\n").find("not valid YAML") != std::string::npos);
  CHECK(mistakes_of("a: \x01\n").find("control character") != std::string::npos);
  CHECK(mistakes_of("a: \xff\n").find("UTF-8") != std::string::npos);
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "k" + std::to_string(i) + ": 1\n";
  CHECK(mistakes_of(many).find("more than 1000 keys") != std::string::npos);
}

TEST_CASE("a bomb of aliases costs nothing") {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'z'; ++c) {
    std::string before(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + std::string(1, c) + " [";
    for (int i = 0; i < 9; ++i) bomb += "*" + before + (i < 8 ? "," : "");
    bomb += "]\n";
  }
  CHECK(mistakes_of(bomb).find("aliases") != std::string::npos);
}

TEST_CASE("a place in a scalar is exact for plain, quoted and block texts") {
  auto place = [](const std::string& text, std::size_t index) {
    SourceFile file{"x.yaml", text};
    Mistakes mistakes;
    YamlNode root = read_yaml(file, mistakes);
    REQUIRE(mistakes.empty());
    Place at = place_of(text, offset_in_scalar(file, *root.find("check"), index));
    return std::to_string(at.line) + ":" + std::to_string(at.column);
  };
  CHECK(place("check: ssh.port == 1\n", 4) == "1:12");
  CHECK(place("check: \"ssh.port == 1\"\n", 4) == "1:13");
  CHECK(place("check: 'a == ''b'' || c'\n", 12) == "1:23");
  CHECK(place("check: >-\n    a &&\n    bee\n", 5) == "3:5");
  CHECK(place("check: |\n    a &&\n      bee\n", 7) == "3:7");
  CHECK(place("check: a &&\n  bee\n", 5) == "2:3");
}
