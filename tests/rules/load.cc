// SPDX-License-Identifier: Apache-2.0
// Loading packs: every mistake of every file at once, each at its place.
#include "rules/pack.h"

#include <filesystem>

#include "base/text.h"
#include "rules/judge.h"
#include "tests/catch.h"
#include "tests/rules/fixture.h"

using namespace plumbline;
using plumbline::test::RulesFolder;

namespace {

// What loading says, without the folder's name.
std::string said(const RulesFolder& folder) {
  auto rules = load_rules(folder.path());
  if (rules) return "";
  std::string out;
  std::string text = rules.error().message;
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, folder.path().size() + 1, folder.path() + "/") == 0) {
      at += folder.path().size() + 1;
    } else {
      out += text[at++];
    }
  }
  return out;
}

bool says(const RulesFolder& folder, const std::string& part) {
  std::string text = said(folder);
  INFO(text);
  INFO("expected: " << part);
  bool found = contains(text, part);
  CHECK(found);
  return found;
}

const std::string kGood = "rules:\n" + RulesFolder::rule("a.one", "ssh.installed");

}  // namespace

TEST_CASE("a misspelt fact is told with its place, a caret and the nearest name") {
  RulesFolder folder;
  folder.pack("ssh", "rules:\n" + RulesFolder::rule("ssh.root", "ssh.permit_root_logn != \"yes\""));
  std::string text = said(folder);
  INFO(text);
  CHECK(text.find("packs/ssh/rules.yaml:7:16: error: ") == 0);
  CHECK(contains(text, "permit_root_logn"));
  CHECK(contains(text, "permit_root_login"));
  CHECK(contains(text, "\n                 ^"));
  CHECK(contains(text, "1 mistake"));
}

TEST_CASE("all mistakes of all files come at once, in order of file and line") {
  RulesFolder folder;
  folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", "ssh.installd"));
  folder.pack("b", "rules:\n" + RulesFolder::rule("b.one", "ssh.installed", "    colour: red\n") +
                       RulesFolder::rule("b.two", "1 + 1"));
  std::string text = said(folder);
  INFO(text);
  std::size_t first = text.find("packs/a/rules.yaml:7:");
  std::size_t second = text.find("packs/b/rules.yaml:11:5: error: no key 'colour' in the rule");
  std::size_t third = text.find("packs/b/rules.yaml:17:12: error: 'check' must give a Boolean (true or false), but gives int");
  CHECK(first == 0);
  CHECK(second != std::string::npos);
  CHECK(third != std::string::npos);
  CHECK(first < second);
  CHECK(second < third);
  CHECK(contains(text, "3 mistakes"));
}

TEST_CASE("keys, pillars, severities, costs and placeholders that are not there name the nearest that is") {
  RulesFolder folder;
  std::string rules = kGood;
  auto change = [&](const std::string& from, const std::string& to) {
    std::string text = rules;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  folder.pack("a", change("pillar: security", "pillar: securty"));
  says(folder, "no pillar 'securty'; one of accelerators, data, security, compute, storage_network, platform; did you mean 'security'?");
  folder.pack("a", change("severity: high", "severity: hihg"));
  says(folder, "did you mean 'high'?");
  folder.pack("a", change("cost: C0", "cost: C9"));
  says(folder, "no cost 'C9'; one of C0, C1, C2, C3, C4");
  folder.pack("a", change("    expected: so\n", ""));
  says(folder, "the rule lacks 'expected'");
  folder.pack("a", change("{host} {observed}", "{hots} {observed}"));
  says(folder, "no placeholder {hots}");
  folder.pack("a", change("effort_days: 1", "effort_days: soon"));
  says(folder, "'effort_days' must be a number from 0 to 1000");
  folder.pack("a", change("    why: Because.\n", "    why: [Because]\n"));
  says(folder, "'why' must be a text, not a list");
  folder.pack("a", change("id: a.one", "id: A one"));
  says(folder, "is no id");
  folder.pack("a", change("    title:", "    titel: x\n    title:"));
  says(folder, "no key 'titel' in the rule; did you mean 'title'?");
}

TEST_CASE("a condition that could use up its budget on an ordinary host is a mistake; two loops within each other are none") {
  RulesFolder folder;
  const std::string deep =
      "storage.disks.all(a, storage.disks.all(b, storage.disks.all(c, storage.disks.all(d, storage.disks.exists(e, "
      "e.size_bytes > a.size_bytes + b.size_bytes + c.size_bytes + d.size_bytes)))))";
  folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", deep));
  says(folder, "packs/a/rules.yaml:7:12: error: the condition may cost ");
  says(folder, "units on a host with 20 entries in each list");
  folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", "storage.disks.all(a, storage.disks.exists(b, b.size_bytes >= a.size_bytes))"));
  CHECK(said(folder) == "");
}

TEST_CASE("references between parts are resolved when the packs load") {
  RulesFolder folder;
  folder.pack("a", kGood + "gates:\n  - {id: g, title: t, ceo: c, level: 1, rules: [a.onne]}\n"
                           "measures:\n  - {id: m, title: t, value: cpu.cores, aggregate: sum}\n");
  folder.write("workloads/w.yaml",
               "workload: w\ntitle: t\noutcome: o\nminimum:\n  - {id: m, text: t, ceo: c, check: cpu.cores > 1, effort_days: 1, cost: C0}\n"
               "security: [a.two]\ndecision: d\nthreshold: t\n");
  std::string text = said(folder);
  INFO(text);
  CHECK(contains(text, "no rule 'a.onne'; did you mean 'a.one'?"));
  CHECK(contains(text, "workloads/w.yaml:6:12: error: no rule 'a.two'"));
}

TEST_CASE("an id used twice names the place of the first") {
  RulesFolder folder;
  folder.pack("a", kGood);
  folder.pack("b", kGood);
  says(folder, "packs/b/rules.yaml:2:9: error: another rule has the id 'a.one': ");
  says(folder, "packs/a/rules.yaml:2");
}

TEST_CASE("a fleet rule reads aggregates only, a host rule facts only, and each mistake says so") {
  RulesFolder folder;
  folder.pack("a", "measures:\n  - {id: disks, title: t, value: size(storage.disks), aggregate: sum}\nrules:\n" +
                       RulesFolder::rule("a.one", "cpu.cores > 1", "    scope: fleet\n") +
                       RulesFolder::rule("a.two", "fleet.disks > 1.0"));
  says(folder, "(a fleet rule reads fleet.<measure> only)");
  says(folder, "(add 'scope: fleet' to read aggregates)");
  folder.pack("a", "measures:\n  - {id: disks, title: t, value: size(storage.disks), aggregate: sum}\nrules:\n" +
                       RulesFolder::rule("a.one", "fleet.disks > 1.0", "    scope: fleet\n"));
  CHECK(said(folder) == "");
}

TEST_CASE("the hash follows names and contents, and nothing else") {
  RulesFolder one, two;
  one.pack("a", kGood).pack("b", "rules: []\n");
  two.pack("b", "rules: []\n").pack("a", kGood);
  auto first = load_rules(one.path()), second = load_rules(two.path());
  REQUIRE(first);
  REQUIRE(second);
  CHECK((*first)->hash == (*second)->hash);
  two.write("packs/a/tests.yaml", "tests: []\n");  // tests judge nothing
  CHECK((*load_rules(two.path()))->hash == (*first)->hash);
  two.write("packs/b/rules.yaml", "rules: [] # changed\n");
  CHECK((*load_rules(two.path()))->hash != (*first)->hash);
}

TEST_CASE("links out of the folder, oversized files and broken folders are refused with a reason") {
  RulesFolder folder;
  folder.pack("a", kGood);
  std::filesystem::create_symlink("/etc/passwd", folder.path() + "/packs/a/more.yaml");
  says(folder, "packs/a/more.yaml: a link leads out of the folder");
  std::filesystem::remove(folder.path() + "/packs/a/more.yaml");
  folder.write("packs/a/big.yaml", std::string((1u << 20) + 1, '#'));
  says(folder, "packs/a/big.yaml: longer than 1048576 bytes; split it");
  std::filesystem::remove(folder.path() + "/packs/a/big.yaml");
  folder.write("packs/b/rules.yaml", "rules: []\n");
  says(folder, "packs/b/pack.yaml: not there; a pack tells its id, version, date, licence and title in it");
  std::filesystem::remove_all(folder.path() + "/packs");
  says(folder, "no folder packs/ in it");
  CHECK(contains(load_rules("/nowhere/at/all").error().message, "no such folder"));
}

TEST_CASE("too many rules are refused") {
  RulesFolder folder;
  std::string rules = "rules:\n";
  for (int i = 0; i < 1001; ++i) rules += "  - {id: a." + std::to_string(i) + "}\n";
  folder.pack("a", rules);
  says(folder, "more than 1000 rules");
}

TEST_CASE("a broken table of the catalogue is told by row") {
  RulesFolder folder;
  folder.pack("a", kGood);
  folder.write("catalogue/gpus.csv",
               "# snapshot 2026-11-23\nname,vendor_id,device_ids,memory_gb,bandwidth_gbs,compute_capability,architecture,tdp_watts,status,consumer\n"
               "\"L4, PCIe\",10de,27b8,24,300,8.9,Ada,72,current,false\nX,10de,27bz,many,300,8.9,Ada,72,curent,maybe\nY,10de\n");
  std::string text = said(folder);
  INFO(text);
  CHECK(contains(text, "catalogue/gpus.csv:4:1: error: device id '27bz' is not four hexadecimal digits"));
  CHECK(contains(text, "memory_gb 'many' is no number"));
  CHECK(contains(text, "no status 'curent'; one of current, legacy, sunset, dead; did you mean 'current'?"));
  CHECK(contains(text, "catalogue/gpus.csv:5:1: error: this row has 2 cells, the header has 10"));
  folder.write("catalogue/gpus.csv",
               "# snapshot 2026-11-23\nname,vendor_id,device_ids,memory_gb,bandwidth_gbs,compute_capability,architecture,tdp_watts,status,consumer\n"
               "\"L4, PCIe\",10de,27b8,24,300,8.9,Ada,72,current,false\n");
  auto catalogue = load_catalogue(folder.path());
  REQUIRE(catalogue);
  CHECK(catalogue->date == "2026-11-23");
  CHECK(catalogue->accelerators[0].name == "L4, PCIe");
}
