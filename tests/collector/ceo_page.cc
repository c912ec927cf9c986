// SPDX-License-Identifier: Apache-2.0
// The CEO page obeys U2: one A4, at most 250 words, reading grade at most 9, no host names, no unexplained abbreviation.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "collector/report/reports.h"
#include "collector/report/wording.h"
#include "tests/catch.h"
#include "tests/collector/report/sample.h"

using namespace plumbline;

namespace {

std::string ceo_text(const Sample& sample) { return visible_text(render_html(sample.input(), Audience::ceo)); }

/// Words of two and more capitals that a board does not know.
std::set<std::string> abbreviations(const std::string& text) {
  static const std::set<std::string> kKnown = {"AI", "IT", "CEO", "CIO"};
  std::set<std::string> found;
  for (const auto word : words(text)) {
    std::string letters;
    for (char c : word)
      if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) letters += c;
    if (letters.size() >= 2 && std::all_of(letters.begin(), letters.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) && kKnown.count(letters) == 0) found.insert(letters);
  }
  return found;
}

/// Runs a program found on PATH and gives its standard output; nothing where it is not installed.
std::optional<std::string> output_of(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  char block[4096];
  for (std::size_t got; (got = std::fread(block, 1, sizeof block, pipe)) > 0;) text.append(block, got);
  return ::pclose(pipe) == 0 ? std::optional(text) : std::nullopt;
}

}  // namespace

TEST_CASE("the CEO page has at most 250 words at a reading grade of at most 9") {
  const Readability ease = read_ease(ceo_text(make_sample()));
  INFO(ceo_text(make_sample()));
  CHECK(ease.words > 60);
  CHECK(ease.words <= kMostWordsOnCeoPage);
  CHECK(ease.grade <= 9.0);
}

TEST_CASE("long wordings of packs are cut until the page holds 250 words") {
  const std::string long_text = " and " + std::string([] {
    std::string text;
    for (int at = 0; at < 60; ++at) text += "every word counts here ";
    return text;
  }());
  const Readability ease = read_ease(ceo_text(make_sample(long_text)));
  CHECK(ease.words <= kMostWordsOnCeoPage);
}

TEST_CASE("the CEO page names no host") {
  const std::string text = ceo_text(make_sample());
  for (const char* name : {"db-01", "gpu-01", "web-01"}) CHECK_FALSE(contains(text, name));
}

TEST_CASE("the CEO page has no abbreviation a board does not know") {
  for (const auto& word : abbreviations(ceo_text(make_sample()))) FAIL_CHECK(word);
}

TEST_CASE("the CEO page begins with the decision in a sentence and ends with what is not known") {
  const std::string page = render_html(make_sample().input(), Audience::ceo);
  const auto headline = page.find("<h1>"), ask = page.find("Decision we ask for"), unknown = page.find("What we do not know");
  CHECK(headline < ask);
  CHECK(ask < unknown);
  CHECK(unknown != std::string::npos);
}

TEST_CASE("the CEO page prints on exactly one A4 page") {
  if (!output_of("command -v weasyprint && command -v pdfinfo")) {
    std::cout << "skipped: weasyprint or pdfinfo is not installed\n";
    return;
  }
  std::string folder = "/tmp/plumbline-ceo-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string html = folder + "/ceo.html", pdf = folder + "/ceo.pdf";
  REQUIRE(write_file_atomic(html, render_html(make_sample().input(), Audience::ceo)));
  CHECK(output_of("weasyprint " + html + " " + pdf));
  const std::string info = output_of("pdfinfo " + pdf).value_or("");
  INFO(info);
  CHECK(contains(info, "Pages:           1\n"));
  CHECK(contains(info, "(A4)"));
  output_of("rm -r " + folder);
}

TEST_CASE("reading grade is Flesch-Kincaid") {
  // 0.39 × words/sentences + 11.8 × syllables/words − 15.59, counted by hand: 6 words, 1 sentence, 7 syllables.
  const Readability ease = read_ease("The cat sat on the table.");
  CHECK(ease.words == 6);
  CHECK(ease.sentences == 1);
  CHECK(ease.grade == Approx(0.39 * 6 + 11.8 * 7 / 6 - 15.59));
}
