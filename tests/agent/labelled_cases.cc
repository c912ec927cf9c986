// SPDX-License-Identifier: Apache-2.0
// Optional: settings that others labelled pass or fail (ComplianceAsCode's scenarios, replayed into roots), in the folder
// that PLUMBLINE_CORPUS names. labelled/rules.tsv maps their rules to conditions on our facts; where we differ, the
// reason stands in labelled/argued.tsv, and a row there that argues nothing any more is a mistake, too.
#include <fnmatch.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/host.h"
#include "agent/scan.h"
#include "base/text.h"
#include "rules/cel/cel.h"
#include "rules/cel/json.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

using nlohmann::json;
using Row = std::map<std::string, std::string>;

std::vector<Row> read_rows(const std::string& path) {
  std::ifstream in(path);
  std::vector<Row> rows;
  std::vector<std::string> names;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with("#")) continue;
    const auto cells = split(line, '\t');
    if (names.empty()) {
      names.assign(cells.begin(), cells.end());
      continue;
    }
    Row row;
    for (std::size_t i = 0; i < cells.size() && i < names.size(); ++i) row[names[i]] = std::string(cells[i]);
    rows.push_back(std::move(row));
  }
  return rows;
}

bool matches(const std::string& pattern, const std::string& text) {
  return fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

/// One line of rules.tsv: which rules, the sections to scan, the condition under which we say "pass".
struct Mapping {
  std::string rules;
  std::string products;
  std::vector<std::string> sections;
  cel::Program passes;
};

std::vector<Mapping> read_mappings() {
  std::vector<Mapping> mappings;
  for (auto& row : read_rows(PLUMBLINE_SOURCE_DIR "/tests/agent/labelled/rules.tsv")) {
    cel::Declarations names;
    const auto any = std::make_shared<const cel::Type>();
    for (const char* name : {"key", "correct", "wrong", "variables", "rule"}) names.emplace_back(name, any);
    std::vector<std::string> sections;
    for (const auto section : split(row["sections"], ' ')) {
      sections.emplace_back(section);
      names.emplace_back(std::string(section), any);
    }
    auto program = cel::compile(row["passes_when"], names);
    INFO(row["rule"] << ": " << row["passes_when"]);
    if (!program) FAIL(program.error().front().message);
    mappings.push_back({row["rule"], row["product"], std::move(sections), std::move(*program)});
  }
  return mappings;
}

/// "a=1 b=x y" to a map; the names hold no blanks.
json variables_of(const std::string& text) {
  json found = json::object();
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos) found[std::string(trim(text.substr(0, equals)))] = std::string(trim(text.substr(equals + 1)));
  return found;
}

/// "pass", "fail" or "unknown: why".
std::string verdict(const Mapping& mapping, Row& row, const std::string& root) {
  const auto host = recorded_host(root);
  REQUIRE(host);
  const auto scan = take_scan(**host, {mapping.sections});
  REQUIRE(scan);
  const json facts = facts_of(*scan);
  const json variables = variables_of(row["variables"]);
  const auto value = mapping.passes.evaluate([&](std::string_view name) -> cel::Value {
    if (name == "key" || name == "correct" || name == "wrong" || name == "rule") return cel::from_json(row[std::string(name)]);
    if (name == "variables") return cel::from_json(variables);
    const auto found = facts.find(std::string(name));
    return cel::from_json(found == facts.end() ? json::object() : *found);
  });
  const json result = cel::to_json(value);
  if (result.is_boolean()) return result.get<bool>() ? "pass" : "fail";
  return "unknown";
}

/// Disagreements that are meant, each row a reason; which of them were needed.
class Argued {
 public:
  Argued() : rows_(read_rows(PLUMBLINE_SOURCE_DIR "/tests/agent/labelled/argued.tsv")), used_(rows_.size()) {}
  bool explain(const std::string& product, Row& row) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (!matches(rows_[i]["product"], product) || !matches(rows_[i]["rule"], row["rule"]) || !matches(rows_[i]["scenario"], row["scenario"] + "." + row["label"])) continue;
      used_[i] = true;
      return !rows_[i]["why"].empty();
    }
    return false;
  }
  std::vector<std::string> idle() const {
    std::vector<std::string> found;
    for (std::size_t i = 0; i < rows_.size(); ++i)
      if (!used_[i]) found.push_back(rows_[i].at("rule") + " " + rows_[i].at("scenario"));
    return found;
  }

 private:
  std::vector<Row> rows_;
  std::vector<bool> used_;
};

struct Tally {
  std::set<std::string> mapped;
  std::set<std::string> unmapped;
  int cases = 0;
  int agreed = 0;
  int argued = 0;
  int left_out = 0;
  std::map<std::string, int> by_family;
};

void replay(const std::string& folder, const std::string& product, const std::vector<Mapping>& mappings, Argued& argued, Tally& tally) {
  const char* only = std::getenv("PLUMBLINE_LABELLED");
  for (auto& row : read_rows(folder + "/index.tsv")) {
    if (only != nullptr && !matches(only, row["rule"])) continue;
    const auto mapping = std::find_if(mappings.begin(), mappings.end(), [&](const Mapping& one) { return matches(one.rules, row["rule"]) && matches(one.products, product); });
    if (mapping == mappings.end()) {
      tally.unmapped.insert(row["rule"]);
      ++tally.left_out;
      continue;
    }
    tally.mapped.insert(row["rule"]);
    ++tally.cases;
    ++tally.by_family[row["family"]];
    const std::string root = folder + "/" + row["rule"] + "/" + row["scenario"] + "." + row["label"] + "/root";
    const std::string ours = verdict(*mapping, row, root);
    if (ours == row["label"])
      ++tally.agreed;
    else if (argued.explain(product, row))
      ++tally.argued;
    else
      std::cerr << product << "\t" << row["rule"] << "\t" << row["scenario"] << "." << row["label"] << "\twe say " << ours << "\n";
  }
}

}  // namespace

TEST_CASE("Settings that others labelled are judged as they label them") {
  const char* corpus = std::getenv("PLUMBLINE_CORPUS");
  const std::string cases = corpus == nullptr ? "" : std::string(corpus) + "/cac/cases";
  if (cases.empty() || !std::filesystem::exists(cases)) {
    std::cerr << "skipped: PLUMBLINE_CORPUS names no folder with cac/cases\n";
    return;
  }
  const auto mappings = read_mappings();
  Argued argued;
  Tally tally;
  for (const char* product : {"rhel9", "ubuntu2404"}) replay(cases + "/" + product, product, mappings, argued, tally);
  std::cerr << "labelled cases: " << tally.mapped.size() << " rules mapped (" << tally.unmapped.size() << " not: we hold no fact for them), "
            << tally.cases << " cases judged (" << tally.left_out << " not), " << tally.agreed << " agreed, " << tally.argued << " argued\n";
  for (const auto& [family, count] : tally.by_family) std::cerr << "  " << family << ": " << count << "\n";
  CHECK(tally.agreed + tally.argued == tally.cases);
  if (std::getenv("PLUMBLINE_LABELLED") != nullptr) {
    for (const auto& rule : tally.unmapped) std::cerr << "  not mapped: " << rule << "\n";
    return;
  }
  for (const auto& row : argued.idle()) FAIL_CHECK("argued.tsv: nothing differs any more at " << row << "; take the row out");
}

}  // namespace plumbline
