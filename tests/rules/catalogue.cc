// SPDX-License-Identifier: Apache-2.0
// Models and prices of the catalogue: what is read, what is refused, and that shipped cards have the figures the serving model
// was checked with. The block `serving` and a site's people, with their mistakes.
#include "rules/catalogue.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "rules/csv.h"
#include "rules/pack.h"
#include "rules/serving_plan.h"
#include "tests/catch.h"
#include "tests/rules/fixture.h"

namespace plumbline {
namespace {

using test::RulesFolder;

const char* const kModels =
    "id,title,parameters_b,active_b,layers,kv_heads,head_dim,experts,experts_active,sliding_share,window,latent_dim,half_gb,eight_bit_gb,four_bit_gb\n";
const char* const kPrices = "kind,name,low,high,unit,date,source\n";
const char* const kModel = "small,Small,8,8,32,8,128,,,,,,16,8,4.8\n";

RulesFolder& with_pack(RulesFolder& folder) { return folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", "ssh.installed")); }

std::string said(RulesFolder& folder) {
  auto rules = load_rules(folder.path(), folder.path() + "/site");
  return rules ? "" : rules.error().message;
}

std::string said_of_models(const std::string& rows) {
  RulesFolder folder;
  with_pack(folder).write("catalogue/models.csv", kModels + rows).write("site/site.yaml", "waivers: []\n");
  return said(folder);
}
std::string said_of_prices(const std::string& rows) {
  RulesFolder folder;
  with_pack(folder).write("catalogue/prices.csv", kPrices + rows).write("site/site.yaml", "waivers: []\n");
  return said(folder);
}

const std::string kHead = "workload: chat\ntitle: t\noutcome: o\nminimum: []\ndecision: d\nthreshold: t\n";
const std::string kServing =
    "serving:\n  models: [{model: small, precision: 4-bit}]\n  prompt_tokens: 1500\n  answer_tokens: 300\n  tokens_per_second: 8\n"
    "  longest_wait_seconds: 1\n  slots_per_person: 0.06\n  questions_per_hour: 3.6\n  people: 200\n  basis: [b]\n";

std::string said_of_serving(std::string serving, const std::string& site = "waivers: []\n") {
  RulesFolder folder;
  with_pack(folder).write("catalogue/models.csv", std::string(kModels) + kModel).write("workloads/chat.yaml", kHead + serving).write("site/site.yaml", site);
  return said(folder);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a broken row of models is told") {
  CHECK(said_of_models(kModel) == "");
  CHECK(contains(said_of_models(std::string(kModel) + kModel), "catalogue/models.csv:3:1: error: the model 'small' stands here twice"));
  CHECK(contains(said_of_models("x,X,8,9,32,8,128,,,,,,16,8,4\n"), "active_b is more than parameters_b"));
  CHECK(contains(said_of_models("x,X,8,8,0,8,128,,,,,,16,8,4\n"), "layers must be above 0"));
  CHECK(contains(said_of_models("x,X,8,8,32.5,8,128,,,,,,16,8,4\n"), "layers is no whole number"));
  CHECK(contains(said_of_models("x,X,8,8,32,,,,,,,,16,8,4\n"), "kv_heads and head_dim must be above 0, or latent_dim given"));
  CHECK(said_of_models("x,X,8,8,32,,,,,,,576,16,8,4\n") == "");
  CHECK(contains(said_of_models("x,X,8,2,32,8,128,8,9,,,,16,8,4\n"), "experts_active is more than experts"));
  CHECK(contains(said_of_models("x,X,8,8,32,8,128,,,1.5,100,,16,8,4\n"), "sliding_share is a share up to 1"));
  CHECK(contains(said_of_models("x,X,8,8,32,8,128,,,0.5,,,16,8,4\n"), "sliding_share needs window"));
  CHECK(contains(said_of_models("x,X,8,8,32,8,128,,,,,,,,\n"), "none of half_gb, eight_bit_gb and four_bit_gb"));
  CHECK(contains(said_of_models(",X,8,8,32,8,128,,,,,,16,8,4\n"), "id and title must not be empty"));
  CHECK(contains(said_of_models("x,X,nan,8,32,8,128,,,,,,16,8,4\n"), "parameters_b"));
}

TEST_CASE("a broken row of prices is told") {
  CHECK(said_of_prices("card,NVIDIA L4,1,2,USD,2026-11-23,judgement\n") == "");
  CHECK(contains(said_of_prices("crad,NVIDIA L4,1,2,USD,2026-11-23,judgement\n"), "no kind 'crad'; one of card, host"));
  CHECK(contains(said_of_prices("card,NVIDIA L4,3,2,USD,2026-11-23,judgement\n"), "low is above high"));
  CHECK(contains(said_of_prices("card,NVIDIA L4,,2,USD,2026-11-23,judgement\n"), "low and high must be numbers"));
  CHECK(contains(said_of_prices("card,NVIDIA L4,-1,2,USD,2026-11-23,judgement\n"), "low '-1' is no number"));
  CHECK(contains(said_of_prices("card,NVIDIA L4,1,2,USD,2026-11-23,\n"), "source is empty"));
  CHECK(contains(said_of_prices("card,NVIDIA L4,1,2,USD,,x\n"), "date is empty"));
  CHECK(contains(said_of_prices("card,NVIDIA L4,1,2,USD,soon,x\n"), "date 'soon' is no date"));
  CHECK(contains(said_of_prices("host,3,1,2,USD,2026-11-23,x\n"), "no host '3' is asked for"));
  CHECK(contains(said_of_prices("assumption,month,1,2,USD,2026-11-23,x\n"), "did you mean 'months'?"));
  CHECK(contains(said_of_prices("assumption,months,0,2,months,2026-11-23,x\n"), "'months' must be above 0"));
  CHECK(contains(said_of_prices("card,A,1,2,USD,2026-11-23,x\ncard,A,1,2,USD,2026-11-23,x\n"), "card A stands here twice"));
}

TEST_CASE("a site adds models and replaces prices") {
  RulesFolder folder;
  with_pack(folder).write("catalogue/models.csv", std::string(kModels) + kModel).write("catalogue/prices.csv", std::string(kPrices) + "card,L4,1,2,USD,2026-11-23,x\n");
  folder.write("site/catalogue/models.csv", std::string(kModels) + "small,Ours,9,9,32,8,128,,,,,,18,9,5\nother,Other,8,8,32,8,128,,,,,,16,8,4\n");
  folder.write("site/catalogue/prices.csv", std::string(kPrices) + "card,L4,5,6,USD,2026-12-01,ours\npower,electricity,0.3,0.3,USD,2026-12-01,ours\n");
  const auto rules = load_rules(folder.path(), folder.path() + "/site");
  INFO((rules ? "" : rules.error().message));
  REQUIRE(rules);
  const Catalogue& catalogue = (*rules)->catalogue;
  REQUIRE(catalogue.models.size() == 2);
  CHECK(catalogue.models[0].title == "Ours");
  REQUIRE(catalogue.prices.size() == 2);
  CHECK(find_price(catalogue.prices, PriceKind::card, "L4")->high == 6);
  CHECK(find_price(catalogue.prices, PriceKind::card, "L5") == nullptr);
}

TEST_CASE("a broken row of incidents is told") {
  const auto said_of = [](const std::string& rows) {
    RulesFolder folder;
    with_pack(folder).write("catalogue/incidents.csv", "id,product,date,title,fixed_in,link\n" + rows).write("site/site.yaml", "waivers: []\n");
    return said(folder);
  };
  const std::string good = "CVE-1,A,2026-05,It leaks,1.2,https://example.org/1\n";
  CHECK(said_of(good) == "");
  CHECK(said_of("CVE-1,A,2026,It leaks,,https://example.org/1\n") == "");
  CHECK(contains(said_of(good + good), "catalogue/incidents.csv:3:1: error: CVE-1 stands here twice"));
  CHECK(contains(said_of(",A,2026,It leaks,,https://x\n"), "id, product and title must not be empty"));
  CHECK(contains(said_of("CVE-1,A,May 2026,It leaks,,https://x\n"), "date 'May 2026' is none of 2026, 2026-05 and 2026-05-13"));
  CHECK(contains(said_of("CVE-1,A,2026-5,It leaks,,https://x\n"), "date '2026-5'"));
  CHECK(contains(said_of("CVE-1,A,2026,It leaks,,javascript:x\n"), "link 'javascript:x' does not begin with https://"));
  RulesFolder folder;
  with_pack(folder).write("catalogue/incidents.csv", "id,product,date,title,fixed_in\n").write("site/site.yaml", "waivers: []\n");
  CHECK(contains(said(folder), "link"));
}

TEST_CASE("a site replaces an incident, and a rule's incidents come in the order of its references") {
  RulesFolder folder;
  folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", "ssh.installed", "    references: [Lynis X, CVE-2, CVE-1]\n"));
  const std::string head = "id,product,date,title,fixed_in,link\n";
  folder.write("catalogue/incidents.csv", head + "CVE-1,A,2026,One,,https://x/1\nCVE-2,A,2026,Two,,https://x/2\n");
  folder.write("site/catalogue/incidents.csv", head + "CVE-2,A,2026-11-30,Ours,,https://x/3\n");
  const auto rules = load_rules(folder.path(), folder.path() + "/site");
  INFO((rules ? "" : rules.error().message));
  REQUIRE(rules);
  const auto incidents = incidents_of(**rules, (*rules)->rules.front());
  REQUIRE(incidents.size() == 2);
  CHECK(show_incident(*incidents[0]) == "2026-11-30, A: Ours (CVE-2)");
  CHECK(incidents[1]->id == "CVE-1");
}

TEST_CASE("every flaw that shipped rules about AI, stores and containers name is told as an incident, and no incident is told by nobody") {
  const auto rules = load_rules(std::string(PLUMBLINE_SOURCE_DIR) + "/rules");
  INFO((rules ? "" : rules.error().message));
  REQUIRE(rules);
  std::set<std::string> named;
  for (const Rule& rule : (*rules)->rules) {
    named.insert(rule.references.begin(), rule.references.end());
    INFO(rule.id);
    if (rule.pack == "ai-exposure") CHECK_FALSE(incidents_of(**rules, rule).empty());
    if (rule.pack != "ai-exposure" && rule.pack != "data-stores" && rule.pack != "containers") continue;
    for (const Reference& reference : rule.sources) {
      INFO(reference.text);
      const auto& all = (*rules)->catalogue.incidents;
      if (reference.kind == ReferenceKind::cve) CHECK(std::any_of(all.begin(), all.end(), [&](const Incident& one) { return one.id == reference.text; }));
    }
  }
  for (const Incident& incident : (*rules)->catalogue.incidents) {
    INFO(incident.id);
    CHECK(named.count(incident.id) == 1);
  }
}

TEST_CASE("mistakes in serving are told with their place") {
  CHECK(said_of_serving(kServing) == "");
  CHECK(contains(said_of_serving(replaced(kServing, "model: small", "model: smal")), "workloads/chat.yaml:8:20: error: no model 'smal' in catalogue/models.csv; did you mean 'small'?"));
  CHECK(contains(said_of_serving(replaced(kServing, "4-bit", "5-bit")), "no precision '5-bit'; one of 16-bit, 8-bit, 4-bit"));
  CHECK(contains(said_of_serving(replaced(kServing, "people: 200", "people: 0")), "'people' must be a number from 1 to"));
  CHECK(contains(said_of_serving(replaced(kServing, "people: 200", "people: 2.5")), "'people' must be a whole number"));
  CHECK(contains(said_of_serving(replaced(kServing, "  prompt_tokens: 1500\n", "")), "'serving' lacks 'prompt_tokens'"));
  CHECK(contains(said_of_serving(replaced(kServing, "prompt_tokens", "prompt_token")), "no key 'prompt_token' in 'serving'; did you mean 'prompt_tokens'?"));
  CHECK(contains(said_of_serving(replaced(kServing, "[{model: small, precision: 4-bit}]", "[]")), "'models' is empty"));
  CHECK(contains(said_of_serving("serving: soon\n"), "'serving' must be a mapping"));
}

TEST_CASE("a model that does not come in a precision is refused where it is asked for") {
  RulesFolder folder;
  with_pack(folder).write("catalogue/models.csv", std::string(kModels) + "small,Small,8,8,32,8,128,,,,,,16,,\n").write("workloads/chat.yaml", kHead + kServing);
  folder.write("site/site.yaml", "waivers: []\n");
  CHECK(contains(said(folder), "'small' does not come in 4-bit"));
}

TEST_CASE("people of a site are checked against the workloads") {
  CHECK(said_of_serving(kServing, "people: {company: 300, chat: 20}\n") == "");
  CHECK(contains(said_of_serving(kServing, "people: {chatt: 20}\n"), "site.yaml:1:10: error: no workload 'chatt' that serves people; did you mean 'chat'?"));
  CHECK(contains(said_of_serving(kServing, "people: {company: many}\n"), "'company' must be a number from 1 to"));
  CHECK(contains(said_of_serving(kServing, "people: 300\n"), "'people' must be a mapping"));
  CHECK(contains(said_of_serving("", "people: {chat: 20}\n"), "no workload 'chat' that serves people"));
}

TEST_CASE("shipped cards have the figures that the serving model was checked with") {
  const auto catalogue = load_catalogue(PLUMBLINE_SOURCE_DIR "/rules");
  REQUIRE(catalogue);
  SourceFile file{PLUMBLINE_SOURCE_DIR "/tests/rules/capacity/people.csv", ""};
  file.text = read_file(file.name, 1u << 20).value();
  Mistakes mistakes;
  const CsvTable table = read_csv(file, {"card"}, mistakes);
  const std::map<std::string, std::string, std::less<>> names = {{"T4", "NVIDIA T4"}, {"L4", "NVIDIA L4"}, {"A10", "NVIDIA A10"}, {"RTX 4090", "NVIDIA GeForce RTX 4090"},
      {"L40S", "NVIDIA L40S"}, {"RTX PRO 6000", "NVIDIA RTX PRO 6000 Blackwell"}, {"A100 80", "NVIDIA A100 80GB PCIe"}, {"H100 80", "NVIDIA H100 SXM5"},
      {"2 x H100 80", "NVIDIA H100 SXM5"}, {"H200 141", "NVIDIA H200 SXM"}, {"MI300X 192", "AMD Instinct MI300X"}};
  int compared = 0;
  for (const auto& row : table.rows) {
    const std::string card(table.cell(row, "card"));
    const auto name = names.find(card);
    INFO(card);
    REQUIRE(name != names.end());
    const auto figures = serving_card(*catalogue, name->second);
    REQUIRE(figures);
    ++compared;
    CHECK(figures->bandwidth_gbs == parse_double(table.cell(row, "bandwidth")));
    CHECK(figures->half_tflops == parse_double(table.cell(row, "half")));
    CHECK(figures->efficiency == parse_double(table.cell(row, "efficiency")));
    // The check of T4 and A100 names their INT8, which the model of serving does not compute with.
    if (figures->eight_bit_tflops > 0) CHECK(figures->eight_bit_tflops == parse_double(table.cell(row, "eight")));
  }
  CHECK(compared == 14);
}

TEST_CASE("a card is counted only with every figure, and what may be two things only where both agree") {
  const auto catalogue = load_catalogue(PLUMBLINE_SOURCE_DIR "/rules");
  REQUIRE(catalogue);
  CHECK(serving_card(*catalogue, "NVIDIA L40S"));
  CHECK(serving_card(*catalogue, "NVIDIA A2 or NVIDIA A16"));
  CHECK_FALSE(serving_card(*catalogue, "NVIDIA L40S or NVIDIA L4"));
  CHECK_FALSE(serving_card(*catalogue, "NVIDIA H200 NVL"));
  CHECK_FALSE(serving_card(*catalogue, "NVIDIA GB10"));
  CHECK_FALSE(serving_card(*catalogue, "nobody's"));
  CHECK_FALSE(serving_card(*catalogue, ""));
}

TEST_CASE("every price of a card or a model names one of the catalogue, and says where it comes from") {
  const auto catalogue = load_catalogue(PLUMBLINE_SOURCE_DIR "/rules");
  REQUIRE(catalogue);
  REQUIRE(catalogue->prices.size() > 50);
  for (const Price& price : catalogue->prices) {
    INFO(to_text(price.kind) << " " << price.name);
    CHECK(price.source.size() > 5);
    if (price.kind == PriceKind::tokens_in || price.kind == PriceKind::tokens_out) CHECK(find_served_model(*catalogue, price.name));
    if (price.kind == PriceKind::card || price.kind == PriceKind::rent) {
      const auto same = [&](const AcceleratorModel& model) { return model.name == price.name; };
      CHECK(std::any_of(catalogue->accelerators.begin(), catalogue->accelerators.end(), same));
    }
  }
}

}  // namespace plumbline
