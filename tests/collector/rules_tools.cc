// SPDX-License-Identifier: Apache-2.0
// What the rules commands are made of: two rule sets over the same hosts, pages of rules, the memory of signed versions.
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/report/rule_pages.h"
#include "collector/rules_compare.h"
#include "collector/rules_in_force.h"
#include "collector/signed_packs.h"
#include "rules/trust.h"
#include "tests/collector/scans.h"
#include "tests/rules/fixture.h"

using namespace plumbline;
using namespace plumbline::testing;
using plumbline::test::RulesFolder;

namespace {

constexpr std::int64_t kNow = 1'795'460'400;  // 2026-11-23T19:00:00Z

std::shared_ptr<const RuleSet> rules_of(const std::string& text) {
  RulesFolder folder;
  folder.pack("a", "rules:\n" + text);
  return get(load_rules(folder.path()));
}

std::string root_rule(const std::string& check) { return RulesFolder::rule("a.root", check); }

// Signs a pack as it stands.
void sign(const RulesFolder& folder, const SecretKey& key, const std::string& version) {
  const std::string path = folder.path() + "/packs/a/";
  get(write_file_atomic(path + "pack.yaml", "pack: a\nversion: " + version + "\ndate: 2026-11-23\nlicence: Apache-2.0\ntitle: Test\n"));
  const auto manifest = get(list_files({"a", version, kNow, kNow + 86400, {}}, get(read_pack_files(path))));
  get(write_file_atomic(path + "pack.manifest", manifest_text(manifest)));
  get(write_file_atomic(path + "pack.manifest.minisig", get(make_signature(manifest_text(manifest), key, "test"))));
}

}  // namespace

TEST_CASE("a comparison tells rules that came, went and changed, and the hosts whose verdicts turn") {
  const auto before = rules_of(root_rule("ssh.permit_root_login != \"yes\"") + RulesFolder::rule("a.gone", "cpu.cores > 1") + RulesFolder::rule("a.same", "cpu.cores > 1"));
  const auto after = rules_of(root_rule("ssh.permit_root_login == \"no\"") + RulesFolder::rule("a.new", "cpu.cores > 100") + RulesFolder::rule("a.same", "cpu.cores > 1"));
  const auto compared = compare_rules(*before, *after, {small_scan(kHostA, 1, "prohibit-password"), small_scan(kHostB, 1, "no")});
  REQUIRE(compared.rules.size() == 3);
  CHECK(compared.hosts == 2);
  CHECK(compared.rules[0].id == "a.gone");
  CHECK(compared.rules[0].kind == ComparedRule::removed);
  CHECK(compared.rules[0].tally.pass == 2);
  CHECK(compared.rules[1].id == "a.new");
  CHECK(compared.rules[1].kind == ComparedRule::added);
  CHECK(compared.rules[1].tally.fail == 2);
  const ComparedRule& root = compared.rules[2];
  CHECK(root.kind == ComparedRule::changed);
  CHECK(root.parts == std::vector<std::string>{"check"});
  REQUIRE(root.turned.size() == 1);
  CHECK(root.turned[0].host_id == kHostA);
  CHECK(root.turned[0].host_name == "host-a");
  CHECK(root.turned[0].before == Verdict::pass);
  CHECK(root.turned[0].after == Verdict::fail);
  // Three rules of one weight that all pass; then root half, new not at all, same whole: (0.5 + 0 + 1) / 3.
  CHECK(compared.before.value == 1000);
  CHECK(compared.after.value == 500);
  const auto json = to_json(compared);
  CHECK(json["score_before"]["value"] == "100.0");
  CHECK(json["score_after"]["value"] == "50.0");
  CHECK(json["rules"][2]["turned"][0]["after"] == "fail");
  const std::string text = to_text(compared, 10);
  CHECK(contains(text, "host-a: pass -> fail"));
  CHECK(contains(text, "Score 100.0 -> 50.0"));
}

TEST_CASE("a comparison of a rule set with itself has nothing to tell") {
  const auto rules = small_rules();
  const auto compared = compare_rules(*rules, *rules, {small_scan(kHostA, 1), small_scan(kHostB, 1, "yes", 2)});
  CHECK(compared.rules.empty());
  CHECK(contains(to_text(compared, 10), "No rule differs and no verdict turns."));
}

TEST_CASE("a fleet rule that turns is told once, and hosts beyond the limit are counted") {
  const auto fleet = [](const std::string& least) {
    return "  - id: a.fleet\n    title: t\n    why: w\n    pillar: compute\n    severity: low\n    scope: fleet\n    check: fleet.cores > " + least +
           "\n    expected: e\n    fail: {it: a, cio: b, ceo: c}\n    fix: {text: d, effort_days: 1, cost: C0, owner: Head of IT}\nmeasures:\n"
           "  - {id: cores, title: Cores, value: double(cpu.cores), aggregate: sum}\n";
  };
  std::vector<Scan> scans;
  for (char c = 'a'; c < 'f'; ++c) scans.push_back(small_scan(std::string(32, c), 1, "no", 4));
  const auto compared = compare_rules(*rules_of(RulesFolder::rule("a.cores", "cpu.cores > 1") + fleet("19.0")), *rules_of(RulesFolder::rule("a.cores", "cpu.cores > 8") + fleet("20.0")), scans);
  REQUIRE(compared.rules.size() == 2);
  REQUIRE(compared.rules[1].turned.size() == 1);
  CHECK(compared.rules[1].turned[0].host_name == "fleet");
  const std::string text = to_text(compared, 2);
  INFO(text);
  CHECK(contains(text, "fleet: pass -> fail"));
  CHECK(contains(text, "and 3 more hosts"));
}

TEST_CASE("of several scans of one host the newest is compared") {
  const auto newest = newest_of_each({small_scan(kHostA, 2, "yes"), small_scan(kHostB, 1), small_scan(kHostA, 3, "no"), small_scan(kHostA, 1)});
  REQUIRE(newest.size() == 2);
  CHECK(newest[0].sequence == 3);
}

TEST_CASE("whatever a pack says stays text on its pages") {
  const std::string nasty = "</code></pre><script>x</script> `` ``` *b* _i_ [l](javascript:1) ![p](x) <b> &amp; # h | c";
  auto rules = *rules_of(RulesFolder::rule("a.one", "cpu.cores > 1"));
  Rule& rule = rules.rules[0];
  for (std::string* text : {&rule.title, &rule.why, &rule.expected, &rule.fix.text, &rule.fix.owner, &rule.pack}) *text = nasty;
  rule.references = {nasty, "https://example.com/a_b", "https://example.com/a b>c"};
  rule.tags = {nasty};
  rule.fix.commands["any"] = {nasty, "````"};
  const RuleCases cases = {{"a.one", {{nasty, nasty}}}};
  const std::string html = rule_html(rules, cases);
  CHECK_FALSE(contains(html, "<script"));
  CHECK_FALSE(contains(html, "<b> &amp;"));
  CHECK(contains(html, "&lt;script&gt;"));
  const auto files = rule_markdown_files(rules, cases);
  REQUIRE(files.size() == 3);
  CHECK(files[2].first == "a.one.md");
  std::string page = files[2].second;
  // The fence of the commands is longer than any in them; outside of it every mark is taken back.
  const std::size_t open = page.find("`````sh\n"), close = page.find("\n`````\n", open);
  REQUIRE(open != std::string::npos);
  REQUIRE(close != std::string::npos);
  page.erase(open, close - open);
  for (const char* mark : {"><script", " <b>", " [l]", " ![p]", " *b*", " _i_", " ``` "}) {
    INFO(mark);
    CHECK_FALSE(contains(page, mark));
  }
  CHECK(contains(page, "- <https://example.com/a_b>\n"));
  CHECK_FALSE(contains(page, "<https://example.com/a b"));
}

TEST_CASE("a line that begins like a list or a heading stays a paragraph") {
  CHECK(escape_markdown("- a") == "\\- a");
  CHECK(escape_markdown("# a") == "\\# a");
  CHECK(escape_markdown("a - b") == "a - b");
  CHECK(escape_markdown("a\nb") == "a b");
}

TEST_CASE("cases of tests.yaml are told as facts and verdict") {
  RulesFolder folder;
  folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", "cpu.cores > 1"));
  folder.write("packs/a/tests.yaml",
               "tests:\n  - rule: a.one\n    cases:\n      - {facts: {cpu: {cores: 4, features: [a, b]}}, verdict: pass}\n"
               "      - {as_of: 2026-11-23, facts: {}, verdict: unknown}\n      - {fleet: {cores: 2}, verdict: fail}\n      - {fleet: {}, verdict: unknown}\n");
  const auto cases = read_pack_cases(folder.path()).at("a.one");
  REQUIRE(cases.size() == 4);
  CHECK(cases[0].given == "cpu.cores is 4, cpu.features is [a, b]");
  CHECK(cases[0].verdict == "pass");
  CHECK(cases[1].given == "on 2026-11-23");
  CHECK(cases[2].given == "fleet.cores is 2");
  CHECK(cases[3].given == "nothing is known");
}

TEST_CASE("the memory of signed versions comes back as it was written, and nothing else does") {
  const SeenPacks seen = {{"ssh", {{"0123456789ABCDEF", {"2026.11.0", kNow}}, {"FEDCBA9876543210", {"1.0", kNow - 5}}}}, {"backup", {{"0123456789ABCDEF", {"2", kNow}}}}};
  CHECK(seen_text(get(read_seen(seen_text(seen)))) == seen_text(seen));
  CHECK(get(read_seen(seen_text({}))).empty());
  for (const char* bad : {"", "[]", "{}", "{\"packs\":[]}", "{\"packs\":{\"a\":1}}", "{\"packs\":{\"a\":{\"k\":{\"version\":\"1\"}}}}",
                          "{\"packs\":{\"a\":{\"k\":{\"version\":\"x\",\"signed\":\"2026-11-23T19:00:00Z\"}}}}", "{\"packs\":{\"a\":{\"k\":{\"version\":\"1\",\"signed\":\"now\"}}}}"}) {
    INFO(bad);
    CHECK_FALSE(read_seen(bad));
  }
}

TEST_CASE("rules in force stay when a signed pack is attacked, and a version counts only once all of it was good") {
  RulesFolder folder, keys;
  const SecretKey key = make_secret_key();
  keys.write("trusted.pub", public_key_text(public_half(key)));
  folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", "cpu.cores > 1"));
  sign(folder, key, "1.0");
  const RulesSource source{folder.path(), "", SignedPacks{keys.path() + "/trusted.pub", keys.path() + "/seen.json", false}};
  const auto read = [&] { return load_signed_rules(source.folder, source.site, *source.signed_packs, kNow); };
  RulesInForce in_force(get(read()), kNow);
  const std::string hash = in_force.rules()->hash, seen = get(read_file(keys.path() + "/seen.json", 4096));
  CHECK(contains(seen, "\"1.0\""));

  folder.write("packs/a/more.yaml", "rules: []\n");  // nobody signed it
  CHECK(in_force.take(read(), kNow) == nullptr);
  CHECK(in_force.rules()->hash == hash);
  CHECK(contains(in_force.state().refused, "more.yaml: not in the signed manifest"));

  std::filesystem::remove(folder.path() + "/packs/a/more.yaml");
  folder.write("packs/a/rules.yaml", "rules:\n" + RulesFolder::rule("a.one", "cpu.coers > 1"));
  sign(folder, key, "2.0");  // well signed, but with a mistake: refused, and not remembered
  CHECK(in_force.take(read(), kNow) == nullptr);
  CHECK(contains(in_force.state().refused, "cpu.coers"));
  CHECK(get(read_file(keys.path() + "/seen.json", 4096)) == seen);

  folder.write("packs/a/rules.yaml", "rules:\n" + RulesFolder::rule("a.one", "cpu.cores > 2"));
  sign(folder, key, "1.5");
  CHECK(in_force.take(read(), kNow) != nullptr);
  CHECK(in_force.rules()->hash != hash);
  CHECK(contains(get(read_file(keys.path() + "/seen.json", 4096)), "\"1.5\""));

  keys.write("seen.json", "{");  // without the memory a rollback would not be seen
  const auto blind = read();
  REQUIRE_FALSE(blind);
  CHECK(contains(blind.error().message, "seen.json"));
}

TEST_CASE("a key that changes is seen, as are the site's files") {
  RulesFolder folder, keys, site;
  keys.write("a.pub", "x");
  const RulesSource source{folder.path(), site.path(), SignedPacks{keys.path() + "/a.pub", "", false}};
  const std::string before = fingerprint_of(source);
  CHECK(fingerprint_of(source) == before);
  keys.write("a.pub", "longer");
  const std::string after = fingerprint_of(source);
  CHECK(after != before);
  site.write("site.yaml", "x");
  CHECK(fingerprint_of(source) != after);
}
