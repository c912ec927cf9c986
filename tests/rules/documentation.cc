// SPDX-License-Identifier: Apache-2.0
// docs/rules.md is true: every YAML block of it is loaded as the file it says it is, and every case in it comes out.
#include <fstream>
#include <map>
#include <sstream>

#include "base/text.h"
#include "rules/pack.h"
#include "rules/pack_tests.h"
#include "tests/catch.h"
#include "tests/rules/fixture.h"

using namespace plumbline;

namespace {

struct Section {
  std::string title;
  std::map<std::string, std::string> files;  // "packs/ssh/rules.yaml" → text
};

// Blocks belong to the example they stand under; those before and after the examples are the format, one folder together.
std::vector<Section> read_page() {
  std::ifstream page(std::string(PLUMBLINE_SOURCE_DIR) + "/docs/rules.md");
  std::vector<Section> sections = {{"the format", {}}};
  std::string line, name, text;
  bool inside = false;
  while (std::getline(page, line)) {
    if (!inside && line.rfind("## ", 0) == 0 && sections.size() > 1) break;  // behind the examples
    if (!inside && line.rfind("### ", 0) == 0) sections.push_back({line.substr(4), {}});
    if (!inside && line == "```yaml") {
      inside = true;
      std::getline(page, name);
      text.clear();
    } else if (inside && line == "```") {
      inside = false;
      REQUIRE(name.rfind("# ", 0) == 0);  // every block says which file it is
      sections.back().files[name.substr(2)] = text;
    } else if (inside) {
      text += line + "\n";
    }
  }
  return sections;
}

}  // namespace

TEST_CASE("every block of the page on rules loads, and every case of it comes out as it says") {
  std::vector<Section> sections = read_page();
  REQUIRE(sections.size() == 11);  // the format and ten examples
  for (const Section& section : sections) {
    INFO(section.title);
    test::RulesFolder folder;
    bool example = section.files.count("packs/example/rules.yaml") > 0;
    if (example) folder.pack("example", "");
    bool site = false;
    for (const auto& [name, text] : section.files) {
      folder.write(name, text);
      site = site || name.rfind("site/", 0) == 0;
    }
    auto rules = load_rules(folder.path(), site && example ? folder.path() + "/site" : "");
    INFO((rules ? "" : rules.error().message));
    REQUIRE(rules);
    auto report = run_pack_tests(**rules, folder.path());
    INFO((report ? "" : report.error().message));
    REQUIRE(report);
    for (const std::string& failure : report->failures) FAIL_CHECK(failure);
    CHECK(report->untested.empty());
    CHECK(report->cases >= 2);
    if (site) {
      auto with_site = load_rules(folder.path(), folder.path() + "/site");
      INFO((with_site ? "" : with_site.error().message));
      CHECK(with_site);
    }
  }
}
