// SPDX-License-Identifier: Apache-2.0
// AI in use today: who gets in, which service is the cause of which finding, what is said of the whole fleet, and that a page reads
// no more hosts than it shows.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "collector/report/ai_in_use.h"
#include "collector/report/ai_pages.h"
#include "tests/catch.h"
#include "tests/collector/report/sample.h"

using namespace plumbline;

namespace {

using nlohmann::json;

std::shared_ptr<const RuleSet> shipped() {
  static const auto rules = load_rules(std::string(PLUMBLINE_SOURCE_DIR) + "/rules");
  if (!rules) FAIL(rules.error().message);
  return *rules;
}

/// Hosts with these facts under the section "ai", judged by the shipped rules.
struct AiFleet {
  std::shared_ptr<const RuleSet> rules = shipped();
  std::vector<json> facts;
  Assessment assessment;
  mutable std::size_t read = 0;  // hosts whose facts were asked for

  explicit AiFleet(const json& ai) {
    std::vector<AssessedHost> hosts;
    for (std::size_t at = 0; at < ai.size(); ++at) {
      facts.push_back({{"host", {{"container", "none"}}}});
      if (!ai[at].is_null()) facts.back()["ai"] = ai[at];
      std::string number = std::to_string(at);
      number.insert(0, 4 - number.size(), '0');
      hosts.push_back({"id" + number, "host-" + number, 1'795'464'000, judge(*rules, facts.back())});
    }
    assessment = assess(*rules, hosts, [&](std::size_t at) { return &facts[at]; });
  }

  ReportInput input() const {
    ReportInput input;
    input.rules = rules.get();
    input.assessment = &assessment;
    input.now = assessment.as_of;
    input.facts = [this](std::size_t host) { return ++read, &facts[host]; };
    return input;
  }
};

json service(const char* kind, const char* category, const char* exposure, const char* auth) {
  return {{"kind", kind}, {"category", category}, {"state", "running"}, {"exposure", exposure}, {"auth", auth}, {"port", 8000}};
}

json host_with(json services) {
  return {{"services", std::move(services)}, {"frameworks", json::array()}, {"images", json::array()}, {"model_files", 0}, {"model_bytes", 0}};
}

std::vector<std::string> ids_of(const RuleSet& rules, const std::vector<std::size_t>& indexes) {
  std::vector<std::string> out;
  for (const std::size_t index : indexes) out.push_back(rules.rules[index].id);
  return out;
}

std::string page(const ReportInput& input, const std::string& number = "1") {
  return page_ai(input, {"ada", "viewer", "token", "/ai", {{"page", number}}});
}

}  // namespace

TEST_CASE("who gets in follows from address, login, firewall and proxy; doubt is doubt") {
  struct Row { const char* exposure; const char* auth; json more; AiReach reach; };
  const json proxy_asks = {{"proxy", "nginx"}, {"proxy_exposure", "any"}, {"proxy_auth", "required"}}, proxy_open = {{"proxy", "nginx"}, {"proxy_exposure", "any"}, {"proxy_auth", "none"}},
             proxy_inside = {{"proxy", "nginx"}, {"proxy_exposure", "loopback"}, {"proxy_auth", "none"}}, proxy_unclear = {{"proxy", "nginx"}, {"proxy_exposure", "any"}, {"proxy_auth", "unknown"}};
  const Row rows[] = {{"any", "none", {}, AiReach::open},
                      {"private", "none", {}, AiReach::open},
                      {"any", "required", {}, AiReach::login},
                      {"any", "unknown", {}, AiReach::unclear},
                      {"unknown", "none", {}, AiReach::unclear},
                      {"loopback", "none", {}, AiReach::inside},
                      {"none", "unknown", {}, AiReach::inside},
                      {"any", "none", {{"filtered", true}}, AiReach::shielded},
                      {"any", "none", {{"filtered", false}}, AiReach::open},
                      {"any", "required", {{"filtered", true}}, AiReach::login},
                      {"loopback", "none", proxy_asks, AiReach::login},
                      {"loopback", "none", proxy_open, AiReach::open},
                      {"loopback", "required", proxy_open, AiReach::inside},
                      {"loopback", "unknown", proxy_open, AiReach::unclear},
                      {"loopback", "none", proxy_unclear, AiReach::unclear},
                      {"loopback", "none", proxy_inside, AiReach::inside},
                      {"any", "none", proxy_asks, AiReach::open},
                      {"any", "none", {{"state", "stopped"}}, AiReach::stopped}};
  std::size_t open = 0;
  json services = json::array();
  for (const Row& row : rows) {
    services.push_back(service("ollama", "model_server", row.exposure, row.auth));
    services.back().update(row.more.is_null() ? json::object() : row.more);
    open += row.reach == AiReach::open ? 1 : 0;
  }
  const AiFleet fleet(json::array({host_with(services)}));
  const ReportInput input = fleet.input();
  const AiOnHost found = AiReader(input).read(0);
  REQUIRE(found.services.size() == std::size(rows));
  for (std::size_t at = 0; at < std::size(rows); ++at) {
    INFO(services[at].dump());
    CHECK(to_text(found.services[at].reach) == to_text(rows[at].reach));
  }
  CHECK(survey_ai(input).totals.open == open);  // the packs' measure and the page agree
}

TEST_CASE("a finding stands beside the service, package or image that is its cause, and beside no other") {
  json ai = host_with(json::array({service("ollama", "model_server", "any", "none"), service("vllm", "model_server", "loopback", "none"), service("jupyter", "notebook", "loopback", "required")}));
  ai["services"][0]["version"] = "0.12.3";
  ai["services"][1]["version"] = "0.32.0";
  ai["services"][1]["root"] = true;
  ai["frameworks"] = json::array({{{"name", "torch"}, {"version", "2.5.1"}, {"environment", "/opt/a"}}, {{"name", "torch"}, {"version", "2.9.0"}, {"environment", "/opt/b"}}});
  ai["images"] = json::array({{{"image", "ollama/ollama:0.5.0"}, {"kind", "ollama"}, {"version", "0.5.0"}, {"state", "pulled"}}, {{"image", "n8nio/n8n:2.0"}, {"kind", "n8n"}, {"version", "2.0"}, {"state", "pulled"}}});
  ai["mcp_configs"] = 1;
  ai["agent_gateway_open"] = 1;  // fails without any service
  const AiFleet fleet(json::array({ai}));
  const ReportInput input = fleet.input();
  const AiOnHost found = AiReader(input).read(0);
  CHECK(ids_of(*fleet.rules, found.services[0].rules) == std::vector<std::string>{"ai.endpoint-exposed", "ai.ollama-floor"});
  CHECK(ids_of(*fleet.rules, found.services[1].rules) == std::vector<std::string>{"ai.not-as-root"});
  CHECK(found.services[2].rules.empty());
  CHECK(ids_of(*fleet.rules, found.packages[0].rules) == std::vector<std::string>{"ai.torch-floor"});
  CHECK(found.packages[1].rules.empty());
  CHECK(ids_of(*fleet.rules, found.images[0].rules) == std::vector<std::string>{"ai.images-current"});
  CHECK(found.images[1].rules.empty());
  CHECK(leading_incident(input, found.services[0].rules[1]) == "2026-05, Ollama: Bleeding Llama: strangers read the server's memory, about 300,000 servers exposed (Cyera) (CVE-2026-7482)");
}

TEST_CASE("figures are the whole fleet's, and a host that could not be read is told as such") {
  const AiFleet fleet(json::array({host_with(json::array({service("ollama", "model_server", "any", "none"), service("jupyter", "notebook", "loopback", "required")})), host_with(json::array()),
                                   json(), host_with(json::array({service("vllm", "model_server", "private", "required")}))}));
  const ReportInput input = fleet.input();
  const AiSurvey survey = survey_ai(input);
  const AiTotals& totals = survey.totals;
  CHECK(totals.hosts == 4);
  CHECK(totals.unread_hosts == 1);
  CHECK(totals.services == 3u);
  CHECK(totals.open == 1u);
  CHECK(totals.hosts_in_use == 2u);
  CHECK(ai_sentence(totals) == "AI in use today: 3 services on 2 machines, 1 open to anyone.");
  CHECK(survey.hosts == std::vector<std::size_t>{0, 3});
  const std::string html = page(input);
  CHECK(contains(html, "3 services and jobs on 2 machines, 1 open to anyone."));
  CHECK(contains(html, "On 1 machine it is not known whether AI is in use"));
}

TEST_CASE("where nothing runs, or nothing is known, no sentence claims anything") {
  CHECK(ai_sentence(survey_ai(AiFleet(json::array({host_with(json::array())})).input()).totals).empty());
  const AiFleet unread(json::array({json(), json()}));
  CHECK(ai_sentence(survey_ai(unread.input()).totals).empty());
  CHECK_FALSE(survey_ai(unread.input()).totals.services.has_value());
  CHECK(contains(page(unread.input()), "On 2 machines it is not known"));
  CHECK(contains(page(AiFleet(json::array({host_with(json::array())})).input()), "No AI service or job was found"));
}

TEST_CASE("the page tells product, host, address, evidence, version with its floor, user and what happened elsewhere") {
  const Sample sample = make_sample();
  const std::string html = page(sample.input());
  for (const char* told : {"Ollama", "gpu-01", "all addresses, port 11434", "Asks nobody: it has no login of its own", "0.12.3", "as it answers", "ada", "as root", "Who has a login",
                           "Behind nginx on all addresses (nginx: auth_basic)", "started by hand", "nightly trainer", "Strangers read the server", "https://example.org/bleeding-llama", "Qwen/Qwen3-8B", "pickle",
                           "torch", "2.5.1", "ollama/ollama:0.5.0", "pulled, not used", "1 readable by others"}) {
    INFO(told);
    CHECK(contains(html, told));
  }
}

TEST_CASE("the pages of a finding and of a host tell what happened elsewhere, and the CIO how much runs") {
  const Sample sample = make_sample();
  const ReportInput input = sample.input();
  const std::string finding = page_finding(input, {"ada", "viewer", "token", "/findings/x", {}}, "ai.endpoint-exposed").value_or("");
  CHECK(contains(finding, "What happened elsewhere"));
  CHECK(contains(finding, "<a href=\"https://example.org/bleeding-llama\" rel=\"noreferrer noopener\">CVE-2026-7482</a>"));
  CHECK(contains(finding, "Harbour, May 2026"));
  CHECK_FALSE(contains(page_finding(input, {"ada", "viewer", "token", "/findings/x", {}}, "ssh.root-login").value_or(""), "What happened elsewhere"));
  CHECK(contains(page_host(input, {"ada", "viewer", "token", "/hosts/x", {}}, std::string(32, 'b'), std::nullopt).value_or(""), "2026-05, Ollama: Strangers read the server"));
  const AiFleet fleet(json::array({host_with(json::array({service("ollama", "model_server", "any", "none")}))}));
  CHECK(contains(render_html(fleet.input(), Audience::cio), "AI in use today: 1 service on 1 machine, 1 open to anyone."));
}

TEST_CASE("a page reads the hosts it shows; the rest is a page further, and the CSV names all") {
  json ai = json::array();
  for (int at = 0; at < 250; ++at) ai.push_back(host_with(json::array({service("ollama", "model_server", at == 249 ? "any" : "loopback", "none")})));
  for (int at = 0; at < 50; ++at) ai.push_back(host_with(json::array()));
  const AiFleet fleet(ai);
  const ReportInput input = fleet.input();
  const std::string first = page(input);
  CHECK(fleet.read == 100);
  CHECK(contains(first, "host-0249"));  // the open one leads
  CHECK(contains(first, "Machines 1 to 100 of 250 machines"));
  CHECK(contains(first, "href=\"/ai?page=2\""));
  const std::string last = page(input, "3");
  CHECK(contains(last, "Machines 201 to 250 of 250 machines"));
  CHECK_FALSE(contains(last, "href=\"/ai?page=4\""));
  CHECK(contains(page(input, "999999999999999999999"), "Machines 1 to 100"));
  CHECK(contains(page(input, "99"), "Machines 201 to 250"));
  const json told = ai_json(input, 200, 100);
  CHECK(told["services"].size() == 50);
  CHECK(told["hosts_left_out"] == 0);
  CHECK(ai_json(input, 0, 100)["hosts_left_out"] == 150);
  CHECK(ai_json(input, 5000, 100)["services"].empty());
  CHECK(ai_table(input).rows.size() == 250);
}

TEST_CASE("what a host writes stays text on the page and in the table") {
  const Sample sample = make_sample("<script>x</script>");
  CHECK_FALSE(contains(page(sample.input()), "<script>"));
  json ai = host_with(json::array({service("=cmd()", "model_server", "any", "none")}));
  ai["services"][0]["user"] = "+1";
  const AiFleet fleet(json::array({ai}));
  CHECK(contains(render_ai_csv(fleet.input()), "\"'=cmd()\""));
  CHECK(contains(render_ai_csv(fleet.input()), "\"'+1\""));
}
