// SPDX-License-Identifier: Apache-2.0
// Files made to do harm, or to read differently for a reviewer than for the reader: each is refused with a clear reason,
// and none costs more than its size.
#include <string>
#include <vector>

#include "base/text.h"
#include "rules/pack.h"
#include "rules/yaml.h"
#include "tests/catch.h"
#include "tests/rules/fixture.h"

using namespace plumbline;

namespace {

struct Hostile {
  const char* name;
  std::string text;
  const char* said;  // part of the message, with its place where that matters
};

std::string times(int count, const std::string& text) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

// Nine aliases of nine aliases, twenty-four deep: 9^24 values for who expands them.
std::string alias_bomb() {
  std::string out = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'z'; ++c) {
    std::string before = "*" + std::string(1, static_cast<char>(c - 1));
    out += std::string(1, c) + ": &" + std::string(1, c) + " [" + times(8, before + ", ") + before + "]\n";
  }
  return out;
}

// A mapping a level, then its value, properly indented: block style instead of brackets.
std::string deep_block(int levels) {
  std::string out;
  for (int i = 0; i < levels; ++i) out += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  return out + std::string(static_cast<std::size_t>(levels), ' ') + "b\n";
}

std::string many_keys(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += "k" + std::to_string(i) + ": 1\n";
  return out;
}

std::vector<Hostile> hostile_files() {
  return {
      {"alias bomb", alias_bomb(), "aliases (*name) are not allowed in packs; write the value out"},
      {"anchor alone", "rules: &r []\n", "x.yaml:1:8: error: anchors (&name) are not allowed"},
      {"merge key", "a: &a {b: 1}\nc:\n  <<: *a\n", "x.yaml:3:7: error: aliases (*name) are not allowed"},
      {"anchor that holds itself", "a: &a [*a]\n", "anchors (&name) are not allowed"},
      {"depth in flow style", times(60, "[") + times(60, "]"), "x.yaml:1:33: error: nested deeper than 32 levels"},
      {"depth in block style", deep_block(60), "nested deeper than 32 levels"},
      {"depth of mappings", times(60, "{a: ") + "1" + times(60, "}"), "nested deeper than 32 levels"},
      {"depth that never ends", times(200'000, "["), "x.yaml:1:"},
      {"depth by dashes", times(60, "- ") + "x\n", "nested deeper than 32 levels"},
      {"depth by question marks", times(60, "? ") + "x\n", "x.yaml:1:"},
      {"more values than may be", "a: [" + times(200'001, "1,") + "1]\n", "more than 200000 values"},
      {"more keys than may be", many_keys(1'001), "x.yaml:1001:1: error: more than 1000 keys in one mapping"},
      {"key twice", "severity: high\nseverity: low\n", "x.yaml:2:1: error: key 'severity' is written twice; first near line 1"},
      {"key twice, quoted once", "check: \"true\"\n\"check\": \"false\"\n", "key 'check' is written twice"},
      {"key twice in flow style", "a: {b: 1, c: 2, b: 3}\n", "x.yaml:1:17: error: key 'b' is written twice"},
      {"key that is a list", "[a, b]: 1\n", "a key must be a word"},
      {"key that is a mapping", "? {a: 1}\n: 2\n", "a key must be a word"},
      {"tag of another language", "a: !!python/object/apply:os.system [\"id\"]\n", "tags (tag:yaml.org,2002:python/object/apply:os.system) are not allowed in packs"},
      {"local tag", "a: !env HOME\n", "x.yaml:1:4: error: tags (!env) are not allowed in packs"},
      {"tag of a text", "a: !!str 1\n", "tags"},
      {"binary", "a: !!binary aGVsbG8=\n", "tags"},
      {"tag by directive", "%TAG ! tag:example.com,2000:app/\n---\na: !foo 1\n", "tags (tag:example.com,2000:app/foo)"},
      {"second document", "a: 1\n---\nb: 2\n", "x.yaml:3:1: error: a second document begins here; a file holds one"},
      {"second document behind an end", "a: 1\n...\n---\nb: 2\n", "a second document begins here"},
      {"empty document before", "---\n---\na: 1\n", "a second document begins here"},
      {"byte order mark", "\xef\xbb\xbf" "a: 1\n", "x.yaml:1:1: error: a byte order mark stands here; save the file as UTF-8 without one"},
      {"byte order mark inside", "a: 1\n\xef\xbb\xbf" "b: 2\n", "x.yaml:2:1: error: a byte order mark"},
      {"UTF-16", std::string("\xff\xfe" "a\0:\0 \0001\0", 10), "not UTF-8 text"},
      {"a lone carriage return hides a line", "a: 1 # ok\rcheck: true\n", "x.yaml:1:10: error: a carriage return without a line feed stands here"},
      {"carriage return before a carriage return", "a: 1\r\r\nb: 2\n", "x.yaml:1:5: error: a carriage return without a line feed"},
      {"next line", "a: 1\xc2\x85" "b: 2\n", "a control character stands here"},
      {"line separator", "a: x\xe2\x80\xa8" "b: 2\n", "a line separator that only some programs see"},
      {"paragraph separator", "a: x\xe2\x80\xa9" "b: 2\n", "a line separator that only some programs see"},
      {"text that runs backwards", "check: \"\xe2\x80\xae" "eurt\"\n", "x.yaml:1:9: error: an invisible character that turns the direction of text"},
      {"isolate", "check: \"\xe2\x81\xa6" "a\"\n", "an invisible character that turns the direction"},
      {"end of file in the middle", std::string("a: 1\n\x04\nb: 2\n"), "x.yaml:2:1: error: a control character stands here"},
      {"zero byte", std::string("a: 1\n\0b: 2\n", 12), "a control character stands here"},
      {"escape sequence of a terminal", "a: \x1b[2Jx\n", "a control character stands here"},
      {"overlong UTF-8", "a: \xc0\xaf\n", "not UTF-8 text"},
      {"half a surrogate", "a: \xed\xa0\x80\n", "not UTF-8 text"},
      {"tab as indentation", "a:\n\tb: 1\n", "not valid YAML"},
      {"open quote", "a: \"x\nb: 1\n", "x.yaml:1:4: error: a quoted text begins here and never ends"},
      {"open quote behind others", "a: ['it''s', \"\\\"\", 'x\n", "a quoted text begins here and never ends"},
      {"open bracket", "a: [1, 2\n", "not valid YAML"},
      {"bracket that closes another", "a: [1}\n", "not valid YAML"},
      {"two values for a key", "a: b: c\n", "put the text on the next line after '>-'"},
      {"colon in a plain text", "check: a ? b : c\n", "put the text on the next line after '>-'"},
      {"reserved indicator", "a: @x\n", "not valid YAML"},
      {"bad escape", "a: \"\\q\"\n", "not valid YAML"},
      {"version of the future", "%YAML 9.9\n---\na: 1\n", "not valid YAML"},
  };
}

}  // namespace

TEST_CASE("every hostile file is refused with its reason") {
  for (const Hostile& hostile : hostile_files()) {
    Mistakes mistakes;
    read_yaml({"x.yaml", hostile.text}, mistakes);
    INFO(hostile.name);
    INFO((mistakes.empty() ? "nothing was said" : mistakes.text().substr(0, 500)));
    CHECK(contains(mistakes.text(), hostile.said));
  }
}

TEST_CASE("what hostile files do is refused in packs, too: the reason reaches the person who loads them") {
  for (const Hostile& hostile : hostile_files()) {
    test::RulesFolder folder;
    folder.pack("a", hostile.text);
    auto rules = load_rules(folder.path());
    INFO(hostile.name);
    REQUIRE_FALSE(rules);
    CHECK(contains(rules.error().message, "packs/a/rules.yaml"));
  }
}

TEST_CASE("one line as long as a file may be is read in one go") {
  Mistakes mistakes;
  YamlNode root = read_yaml({"x.yaml", "a: [" + times(190'000, "1, ") + "1]\nb: {" + times(1, "c: 1") + "}\n"}, mistakes);
  CHECK(mistakes.empty());
  CHECK(root.find("a")->items.size() == 190'001);
  CHECK(root.find("b") != nullptr);
}

TEST_CASE("a mistake in every value is counted, and costs no more than reading the file") {
  Mistakes mistakes;
  read_yaml({"x.yaml", "a: &a 1\nb: [" + times(150'000, "*a,") + "*a]\n"}, mistakes);
  CHECK(mistakes.count() == 150'002);  // the anchor, and every alias
  CHECK(contains(mistakes.text(), "… and 149902 more\n150002 mistakes"));
}

TEST_CASE("harmless files of other habits are read") {
  const char* texts[] = {
      "a: 1\r\nb: 2\r\n",                    // lines as Windows ends them
      "a: \"\xe2\x80\x9cquoted\xe2\x80\x9d\"\n",  // typographic quotes
      "a: caf\xc3\xa9 \xe2\x82\xac 5\n",     // letters and signs beyond ASCII
      "a: \xf0\x9f\x94\x92\n",               // beyond 16 bits
      "---\na: 1\n",                         // one document with its mark
      "a: 1\n...\n",                         // and with its end
      "# only a comment\na: 1",              // no line end at the end
      "a: x\tb\n",                           // a tab within a text
  };
  for (const char* text : texts) {
    Mistakes mistakes;
    YamlNode root = read_yaml({"x.yaml", text}, mistakes);
    INFO(text);
    INFO((mistakes.empty() ? "" : mistakes.text()));
    CHECK(mistakes.empty());
    CHECK(root.find("a") != nullptr);
  }
}

TEST_CASE("files and folders over their limits are refused") {
  test::RulesFolder folder;
  folder.pack("a", "rules: []\n" + std::string(1u << 20, '#'));
  auto large = load_rules(folder.path());
  REQUIRE_FALSE(large);
  CHECK(contains(large.error().message, "longer than 1048576 bytes; split it"));
  test::RulesFolder many;
  many.pack("a", "rules: []\n");
  for (int i = 0; i < 201; ++i) many.write("packs/a/f" + std::to_string(i) + ".yaml", "rules: []\n");
  auto crowded = load_rules(many.path());
  REQUIRE_FALSE(crowded);
  CHECK(contains(crowded.error().message, "more than 200 files; split the pack"));
}
