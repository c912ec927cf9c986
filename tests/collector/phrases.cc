// SPDX-License-Identifier: Apache-2.0
// The catalogue of texts: what a translator may write, what is told where it is wrong, and that code, templates and
// catalogue agree about every key.
#include "collector/report/phrases.h"

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "collector/report/page_template.h"
#include "collector/report/templates.h"
#include "tests/catch.h"

using namespace plumbline;

namespace {

std::string error_of(std::string_view text) {
  const auto read = Phrases::read("xx.txt", text, &english());
  return read ? std::string() : read.error().message;
}

/// Every source file that may say something, with its text.
std::vector<std::pair<std::string, std::string>> sources() {
  std::vector<std::pair<std::string, std::string>> files;
  for (const char* folder : {"collector", "rules"})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(PLUMBLINE_SOURCE_DIR) + "/" + folder)) {
      const std::string path = entry.path().string(), end = entry.path().extension().string();
      if (end != ".cc" && end != ".h" && end != ".html") continue;
      files.emplace_back(path, read_file(path, 4u << 20).value_or(""));
    }
  std::sort(files.begin(), files.end());
  return files;
}

std::string_view without_form(std::string_view key) {
  for (const std::string_view form : {".one", ".two", ".few", ".many", ".zero", ".none"})
    if (key.size() > form.size() && key.substr(key.size() - form.size()) == form) return key.substr(0, key.size() - form.size());
  return key;
}

/// Restores English whatever a test did.
struct English {
  ~English() { use_english(); }
};

}  // namespace

TEST_CASE("a translation's mistakes are told with the line they are on") {
  CHECK(error_of("nav.hosts Rechner") == "xx.txt:1: no '=' here; a line is \"area.key = Text\"");
  CHECK(error_of("# Seiten\n\nNav.Hosts = Rechner") == "xx.txt:3: \"Nav.Hosts\" is no key: small letters, digits and _ with a dot between, as area.key");
  CHECK(error_of("nav.hosts = ") == "xx.txt:1: nav.hosts has no text");
  CHECK(error_of("nav.hosts = A\nnav.hosts = B") == "xx.txt:2: nav.hosts stands twice");
  CHECK(error_of("error.status = Status {state}") == "xx.txt:1: error.status has no slot {state}; the English text is \"Status {status}\"");
  CHECK(error_of("error.status = Status {status") == "xx.txt:1: error.status: a { without its }");
  CHECK(error_of("error.status = Status status}") == "xx.txt:1: error.status: a } without its {");
  CHECK(error_of("error.status = {{{status}}}") == "xx.txt:1: error.status: {{{status} is no slot: small letters, digits and _ only");
  CHECK(error_of("error.status = \xff") == "xx.txt:1: error.status holds a byte that is no text; the file must be UTF-8");
  CHECK(error_of("language.plurals = german") == "xx.txt: language.plurals is \"german\"; choose one-other, none, zero-one, slavic, polish, czech or arabic");
  CHECK(contains(error_of("nav.hosts = " + std::string(kMostPhraseBytes + 1, 'x')), "xx.txt:1: nav.hosts is longer than 4000 bytes"));
}

TEST_CASE("a key nobody asks for is told with the key that was meant, and a missing one falls back to English") {
  const auto read = Phrases::read("de.txt", "language.code = de\nnav.hots = Rechner\nnav.reports = Berichte\n", &english());
  REQUIRE(read);
  REQUIRE(read->unused().size() == 1);
  CHECK(read->unused()[0] == "de.txt:2: nav.hots is not a text of this program; did you mean nav.hosts?");
  CHECK(*read->find("nav.reports") == "Berichte");
  CHECK(*read->find("nav.hosts") == "Hosts");
  CHECK(std::find(read->missing().begin(), read->missing().end(), "nav.hosts") != read->missing().end());
  CHECK(std::find(read->missing().begin(), read->missing().end(), "nav.reports") == read->missing().end());
}

TEST_CASE("each language counts in its own forms") {
  const auto form = [](const char* family, std::size_t number) {
    const auto read = Phrases::read("x", "language.plurals = " + std::string(family), &english());
    return std::string(read ? read->form_of(number) : "unread");
  };
  // Unicode CLDR, plural rules for cardinals.
  CHECK(form("one-other", 1) == "one");
  CHECK(form("one-other", 0).empty());
  CHECK(form("none", 1).empty());
  CHECK(form("zero-one", 0) == "one");
  CHECK(form("zero-one", 2).empty());
  for (const std::size_t n : {1u, 21u, 101u}) CHECK(form("slavic", n) == "one");
  for (const std::size_t n : {2u, 4u, 22u, 104u}) CHECK(form("slavic", n) == "few");
  for (const std::size_t n : {0u, 5u, 11u, 12u, 14u, 111u, 112u}) CHECK(form("slavic", n) == "many");
  CHECK(form("polish", 21) == "many");
  CHECK(form("polish", 22) == "few");
  CHECK(form("czech", 3) == "few");
  CHECK(form("czech", 5).empty());
  CHECK(form("arabic", 0) == "zero");
  CHECK(form("arabic", 2) == "two");
  CHECK(form("arabic", 103) == "few");
  CHECK(form("arabic", 111) == "many");
  CHECK(form("arabic", 100).empty());
}

TEST_CASE("a translation without a form for one says what it has, never an English form") {
  const English restored;
  auto read = Phrases::read("ja", "language.plurals = none\ncount.hosts = {count} 台\n", &english());
  REQUIRE(read);
  use_phrases(std::move(*read));
  CHECK(say_count("count.hosts", 1) == "1 台");
  CHECK(say_count("count.hosts", 1204) == "1,204 台");
}

TEST_CASE("a slot's value is put in once: what looks like a slot stays text") {
  CHECK(say("error.status", {{"status", "{status} {x}"}}) == "Status {status} {x}");
}

TEST_CASE("a text is safe in a template whatever a translator writes") {
  const English restored;
  auto read = Phrases::read("x", "nav.hosts = <script>&\"\nerror.status = <b>{status}</b>", &english());
  REQUIRE(read);
  use_phrases(std::move(*read));
  CHECK(with_phrases("t.html", "<p title=\"[[nav.hosts]]\">").value() == "<p title=\"&lt;script&gt;&amp;&quot;\">");
  CHECK(with_phrases("t.html", "[[error.status]]").value() == "&lt;b&gt;{{status}}&lt;/b&gt;");
}

TEST_CASE("a template that asks for an unknown text is refused with its line") {
  CHECK(with_phrases("t.html", "<p>\n[[nav.hots]]").error().message == "t.html:2: [[nav.hots]] is not in the catalogue of texts");
  CHECK(with_phrases("t.html", "[[nav.hosts").error().message == "t.html:1: a [[ without its ]]");
}

TEST_CASE("every template reads, and every key that code or templates ask for is in the catalogue") {
  for (const auto& file : template_files())
    if (file.name != "en.txt") CHECK(with_phrases(file.name, file.text).has_value());
  const std::regex asked("say(?:_count)?\\(\\s*\"([^\"]+)\"");
  for (const auto& [path, text] : sources())
    for (std::sregex_iterator at(text.begin(), text.end(), asked), end; at != end; ++at) {
      INFO(path + ": " + (*at)[1].str());
      const std::string key = (*at)[1].str();
      if (key == "area.key") continue;  // the header's example
      // A key whose last part is computed: a family of texts.
      const auto keys = english().keys();
      const bool family = (key.back() == '.' || key.back() == '_') && std::any_of(keys.begin(), keys.end(), [&](const std::string& one) { return one.rfind(key, 0) == 0; });
      CHECK((family || english().find(key) != nullptr));
    }
}

TEST_CASE("every text of the catalogue is asked for somewhere") {
  std::string all;
  std::set<std::string> stems;  // "sheet.column." and "date.month_": the rest of the key is computed
  const std::regex stem("\"([a-z_]+\\.(?:[a-z0-9_.]*[._])?)\"");
  for (const auto& [path, text] : sources()) {
    all += text;
    for (std::sregex_iterator at(text.begin(), text.end(), stem), end; at != end; ++at) stems.insert((*at)[1].str());
  }
  for (const std::string& key : english().keys()) {
    const std::string base(without_form(key));
    const bool family = std::any_of(stems.begin(), stems.end(), [&](const std::string& one) { return base.size() > one.size() && base.rfind(one, 0) == 0; });
    INFO(key);
    const auto asked = [&](const std::string& one) { return contains(all, "\"" + one + "\"") || contains(all, "[[" + one + "]]"); };
    CHECK((family || asked(base) || asked(key)));
  }
}
