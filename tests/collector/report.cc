// SPDX-License-Identifier: Apache-2.0
// Pages and exports of the sample fleet: what they say, that they add up, and that nothing a host says becomes markup.
#include <set>
#include <sstream>

#include "base/text.h"
#include "base/time.h"
#include "collector/report/chart.h"
#include "collector/report/reports.h"
#include "collector/report/wording.h"
#include "tests/catch.h"
#include "tests/collector/report/sample.h"

using namespace plumbline;

namespace {

/// What a page's markup is made of: "a[href]", "td[class,data-label]", and the values of addresses.
struct Markup {
  std::set<std::string> shapes;
  std::vector<std::string> addresses;
  std::vector<std::string> mistakes;
};

bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == ':'; }

/// Reads markup as strictly as we write it: every attribute in double quotes, every < the start of a tag.
Markup read_markup(const std::string& page) {
  Markup markup;
  for (std::size_t at = 0; at < page.size(); ++at) {
    if (page[at] != '<') continue;
    std::size_t end = at + 1;
    if (page.compare(at, 7, "<style>") == 0) {
      at = page.find("</style>", at) + 7;
      continue;
    }
    const std::size_t name_at = end;  // "/td" of a closing tag, "!doctype"
    if (end < page.size() && (page[end] == '/' || page[end] == '!')) ++end;
    while (end < page.size() && is_name(page[end])) ++end;
    std::string shape = page.substr(name_at, end - name_at);
    if (shape.empty()) markup.mistakes.push_back("a stray < at " + page.substr(at, 40));
    while (end < page.size() && page[end] != '>') {
      if (page[end] == ' ' || page[end] == '/' || page[end] == '\n') {
        ++end;
        continue;
      }
      const std::size_t key_at = end;
      while (end < page.size() && is_name(page[end])) ++end;
      const std::string key = page.substr(key_at, end - key_at);
      if (key.empty()) {
        markup.mistakes.push_back("a stray character at " + page.substr(end, 40));
        ++end;
        continue;
      }
      shape += " " + key;
      if (page[end] != '=') continue;
      if (page[end + 1] != '"') {
        markup.mistakes.push_back("an unquoted attribute at " + page.substr(key_at, 40));
        break;
      }
      const std::size_t close = page.find('"', end + 2);
      if (key == "href" || key == "src" || key == "action") markup.addresses.push_back(page.substr(end + 2, close - end - 2));
      end = close + 1;
    }
    markup.shapes.insert(shape);
    at = end;
  }
  return markup;
}

std::string page_of(const std::vector<std::pair<std::string, std::string>>& pages, const std::string& name) {
  for (const auto& [page, html] : pages)
    if (page == name) return html;
  return {};
}

}  // namespace

TEST_CASE("counts agree with their nouns and verbs") {
  CHECK(count_of(0, "host") == "no hosts");
  CHECK(count_of(1, "host") == "1 host");
  CHECK(count_of(1204, "host") == "1,204 hosts");
  CHECK(count_of(2, "entry", "entries") == "2 entries");
  CHECK(fill_slots("{failing} servers are open", {{"failing", "1"}}) == "1 server is open");
  CHECK(fill_slots("{failing} of {applicable} servers let anyone in", {{"failing", "1"}, {"applicable", "14"}}) == "1 of 14 servers lets anyone in");
  CHECK(fill_slots("{failing} of {applicable} servers let anyone in", {{"failing", "1"}, {"applicable", "1"}}) == "1 of 1 server lets anyone in");
  CHECK(fill_slots("{failing} of {applicable} servers let anyone in", {{"failing", "3"}, {"applicable", "14"}}) == "3 of 14 servers let anyone in");
  CHECK(fill_slots("Servers that wait: {failing}.", {{"failing", "1"}}) == "Servers that wait: 1.");
}

TEST_CASE("a value that looks like a slot stays text") {
  CHECK(fill_slots("{host} is {observed}", {{"host", "{observed}"}, {"observed", "x"}}) == "{observed} is x");
  CHECK(fill_slots("{unknown} and {open", {}) == "{unknown} and {open");
}

TEST_CASE("numbers read calmly") {
  CHECK(effort_text(0.1) == "1 hour");
  CHECK(effort_text(0.5) == "half a day");
  CHECK(effort_text(1) == "1 day");
  CHECK(effort_text(1.5) == "1.5 days");
  CHECK(effort_text(12.4) == "12 days");
  CHECK(bytes_text(48305799168.0) == "48.3 GB");
  CHECK(bytes_text(999'999'999) == "1 GB");
  CHECK(bytes_text(0) == "0 bytes");
  CHECK(percent(0.999) == "99%");
  CHECK(percent(1.0) == "100%");
  CHECK(percent(0.001) == "1%");
  CHECK(whole_points(499) == "49");
  CHECK(whole_points_up(531) == "54");
  CHECK(listed({"a", "b", "c", "d", "e"}, 2) == "a, b and 3 more");
  CHECK(listed({"a", "b"}, 3) == "a and b");
  CHECK(first_sentence("Set x no. Keep a session open.") == "Set x no");
  CHECK(first_sentence("Upgrade to 1.18.2 now") == "Upgrade to 1.18.2 now");
}

TEST_CASE("the points shown on the overview add up to the score") {
  const Sample sample = make_sample();
  Tenths sum = 0, of_rules = 0;
  for (const auto& pillar : sample.assessment.score.pillars) sum += pillar.contribution;
  for (const auto& rule : sample.assessment.rules) of_rules += rule.contribution;
  REQUIRE(sample.assessment.score.value);
  CHECK(sum == *sample.assessment.score.value);
  CHECK(of_rules == *sample.assessment.score.value);
  const std::string page = page_of(all_pages(sample), "overview");
  for (const auto& pillar : sample.assessment.score.pillars)
    if (pillar.value) CHECK(contains(page, "<b>" + show_points(pillar.contribution) + "</b>"));
  CHECK(contains(page, "<span class=\"big\">" + show_points(*sample.assessment.score.value) + "</span>"));
}

TEST_CASE("the overview says what changed before anything else") {
  const std::string page = page_of(all_pages(make_sample()), "overview");
  const auto won = page.find("Newly passed since 3 November 2026"), lost = page.find("Newly failing since"), score = page.find("Readiness</h2>");
  REQUIRE(won != std::string::npos);
  CHECK(won < lost);
  CHECK(lost < score);
}

TEST_CASE("a finding shows why, three altitudes, commands, observed and expected, and the hosts") {
  const std::string page = page_of(all_pages(make_sample()), "finding-ssh.root-login");
  for (const char* text : {"A guessed root password", "For IT", "For the CIO", "For the CEO", "1 of 3 servers lets the administrator log in with a password: db-01",
                           "1 server can be taken over", "sshd -t &amp;&amp; systemctl reload ssh", "Any distribution", "no, or prohibit-password", "href=\"/hosts/" , "Where it is unknown", "ssh.permit_root_login", "https://example.org/ssh"})
    CHECK(contains(page, text));
}

TEST_CASE("the page of a host shows facts with units, what is missing and why, and what the scan cost") {
  const std::string page = page_of(all_pages(make_sample()), "host-a");
  for (const char* text : {"67.1 GB", "41.2 ms", "9.4 MB", "not found: /sys/x", "without root", "memory.total_bytes"}) CHECK(contains(page, text));
}

TEST_CASE("findings can be filtered and ordered, and what is not ours in the address is not shown") {
  const Sample sample = make_sample();
  PageContext context{"ada", "viewer", "t", "/findings", {{"pillar", "data"}, {"severity", "critical"}}};
  const std::string page = page_findings(sample.input(), context);
  CHECK(contains(page, "data.store-auth"));
  CHECK_FALSE(contains(page, "ssh.root-login"));
  context.query = {{"pillar", "\"><script>"}, {"sort", "<b>"}, {"state", "'"}};
  CHECK(contains(page_findings(sample.input(), context), "ssh.root-login"));
  CHECK_FALSE(contains(page_findings(sample.input(), context), "<script>"));
}

TEST_CASE("an assessment of no host is pages that say so") {
  Sample sample = make_sample();
  sample.assessment = assess(*sample.rules, {}, [](std::size_t) { return nullptr; });
  sample.before.clear();
  sample.history.clear();
  CHECK(contains(page_of(all_pages(sample), "overview"), "No host has reported yet"));
  CHECK(contains(page_of(all_pages(sample), "report-ceo"), "We have not measured a single machine yet."));
}

TEST_CASE("facts that are gone are told as gone") {
  const Sample sample = make_sample();
  ReportInput input = sample.input();
  input.facts = [](std::size_t) { return nullptr; };
  CHECK(contains(*page_finding(input, {"a", "viewer", "", "/findings/x", {}}, "ssh.root-login"), "no longer kept"));
  CHECK_FALSE(render_html(input, Audience::cio).empty());
  CHECK(page_host(input, {"a", "viewer", "", "/hosts/x", {}}, sample.assessment.hosts[0].id, std::nullopt));
}

TEST_CASE("there is no page of an unknown rule or host") {
  const Sample sample = make_sample();
  CHECK_FALSE(page_finding(sample.input(), {}, "no.such"));
  CHECK_FALSE(page_host(sample.input(), {}, "../etc/passwd", std::nullopt));
}

TEST_CASE("no payload becomes markup on any page") {
  CHECK(xss_payloads().size() >= 200);
  std::set<std::string> shapes;
  // A harmless text in every place gives the markup that payloads may have: with it plans, goals and answers are there, too.
  for (const Sample& sample : {make_sample(), make_sample("plain")})
    for (const auto& [name, page] : all_pages(sample)) {
      const Markup markup = read_markup(page);
      for (const auto& mistake : markup.mistakes) FAIL_CHECK(name << ": " << mistake);
      shapes.insert(markup.shapes.begin(), markup.shapes.end());
    }
  shapes.insert({"a href rel", "p", "ul", "li", "span class", "p class", "h3", "h3 class", "details", "summary", "section class", "section class id"});
  for (const auto& payload : xss_payloads())
    for (const auto& [name, page] : all_pages(make_sample(payload))) {
      const Markup markup = read_markup(page);
      for (const auto& mistake : markup.mistakes) FAIL_CHECK(name << " with " << payload << ": " << mistake);
      for (const auto& shape : markup.shapes)
        if (shapes.count(shape) == 0) FAIL_CHECK(name << " with " << payload << ": new markup " << shape);
      for (const auto& address : markup.addresses)
        if (address.rfind("/", 0) != 0 && address.rfind("#", 0) != 0 && address.rfind("https://", 0) != 0) FAIL_CHECK(name << " with " << payload << ": address " << address);
    }
}

TEST_CASE("no page carries script, a style attribute or an event handler") {
  for (const auto& [name, page] : all_pages(make_sample()))
    for (const auto& shape : read_markup(page).shapes) {
      CHECK(shape.rfind("script", 0) != 0);
      CHECK_FALSE(contains(shape, " style"));
      CHECK_FALSE(contains(shape, " on"));
    }
}

TEST_CASE("headings do not skip the first level and every table head names its scope") {
  for (const auto& [name, page] : all_pages(make_sample())) {
    INFO(name);
    CHECK(contains(page, "<h1"));
    CHECK(contains(page, "<html lang=\"en\">"));
    CHECK(contains(page, "<main id=\"main\""));
    for (const auto& shape : read_markup(page).shapes)
      if (shape.rfind("th", 0) == 0 && shape.rfind("thead", 0) != 0) CHECK(contains(shape, " scope"));
  }
}

TEST_CASE("a file stands alone: its style is inside and nothing is loaded") {
  const std::string file = render_html(make_sample().input(), Audience::cio);
  CHECK(contains(file, "Content-Security-Policy"));
  CHECK(contains(file, "style-src 'sha256-"));
  CHECK_FALSE(contains(file, "<link"));
  CHECK_FALSE(contains(file, "<img"));
}

TEST_CASE("the same assessment gives the same bytes") {
  for (const Audience audience : {Audience::it, Audience::cio, Audience::ceo}) CHECK(render_html(make_sample().input(), audience) == render_html(make_sample().input(), audience));
}

TEST_CASE("no cell of the CSV begins like a formula") {
  for (const std::string payload : {"=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "\"quoted\",cell"}) {
    Sample sample = make_sample();
    for (auto& host : sample.assessment.hosts) host.name = payload;
    for (auto& rule : sample.rules->rules) rule.title = payload;
    const std::string csv = render_findings_csv(sample.input());
    for (std::size_t at = 0; (at = csv.find('"', at)) != std::string::npos;) {
      const char first = csv[at + 1];
      CHECK(std::string("=+-@\t\r\n").find(first) == std::string::npos);
      for (++at; csv[at] != '"' || csv[at + 1] == '"'; ++at)
        if (csv[at] == '"') ++at;
      ++at;
    }
  }
  const std::string csv = render_findings_csv(make_sample().input());
  CHECK(contains(csv, "\"ssh.root-login\""));
  CHECK(contains(csv, "\"db-01\""));
  CHECK(contains(csv, "\"Unknown\""));
}

TEST_CASE("the workbook is a zip with the findings") {
  const auto book = render_findings_xlsx(make_sample().input());
  REQUIRE(book);
  CHECK(book->substr(0, 2) == "PK");
}

TEST_CASE("the terminal text fits 96 columns and no control character of a host reaches it") {
  const Sample sample = make_sample("\x1b[31mred\x07");
  for (const Audience audience : {Audience::it, Audience::cio, Audience::ceo}) {
    const std::string text = render_text(sample.input(), audience, false);
    CHECK_FALSE(contains(text, "\x1b"));
    CHECK_FALSE(contains(text, "\x07"));
    for (const auto line : lines(text)) {
      const auto width = std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; });
      INFO(line);
      CHECK(width <= 96);
    }
  }
  CHECK(contains(render_text(sample.input(), Audience::it, true), "\x1b[1m"));
}

TEST_CASE("an accepted risk is shown with its price, its owner, its reason and its last day, wherever the rule is") {
  Sample sample = make_sample();
  Waiver waiver{"ssh.root-login", "*", "Head of <i>IT</i>", "Rebuilt <script>alert(1)</script>", "2099-03-31", 4078512000, "site.yaml", {}};
  waiver.ends = *parse_date("2099-04-01");
  sample.rules->waivers.push_back(waiver);
  waiver.until = "2020-01-31";
  waiver.ends = *parse_date("2020-02-01");
  waiver.rule = "compute.memory";
  sample.rules->waivers.push_back(waiver);
  sample.rules->disabled.push_back({"a.b", "a", "Something holds", "We have <b>none</b>", "site.yaml", {}});
  const auto rule = std::find_if(sample.rules->rules.begin(), sample.rules->rules.end(), [](const Rule& one) { return one.id == "ssh.root-login"; });
  rule->site_changes = {"severity high instead of <low>"};
  sample.assessment = assess(*sample.rules, sample.assessment.hosts, [&](std::size_t at) { return &sample.facts[at]; });
  const RuleResult& result = sample.assessment.rules[static_cast<std::size_t>(rule - sample.rules->rules.begin())];
  REQUIRE(result.tally.waived > 0);
  const std::string price = "accepted risk: " + show_points(result.accepted) + " points until 31 March 2099";
  const std::string page = page_of(all_pages(sample), "finding-ssh.root-login");
  CHECK(contains(page, price));
  CHECK(contains(page, "Head of &lt;i&gt;IT&lt;/i&gt;"));
  CHECK(contains(page, "severity high instead of &lt;low&gt;"));
  CHECK_FALSE(contains(page, "<script>alert"));
  CHECK(contains(render_html(sample.input(), Audience::cio), price));
  const std::string terminal = render_text(sample.input(), Audience::it, false);
  CHECK(contains(terminal, show_points(result.accepted) + " points until 31 March 2099"));
  CHECK(contains(terminal, "Head of <i>IT</i>: Rebuilt"));
  PageContext context{"ada", "viewer", "", "/findings", {{"state", "waived"}}};
  const std::string findings = page_findings(sample.input(), context);
  CHECK(contains(findings, std::to_string(result.tally.waived) + " accepted, " + show_points(result.accepted) + " points"));
  CHECK(contains(findings, "We have &lt;b&gt;none&lt;/b&gt;"));
  const auto host = page_host(sample.input(), context, sample.assessment.hosts[result.waived[0]].id, std::nullopt);
  REQUIRE(host);
  CHECK(contains(*host, "accepted by Head of &lt;i&gt;IT&lt;/i&gt; until 31 March 2099: Rebuilt "));
}
