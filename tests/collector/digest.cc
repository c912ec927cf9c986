// SPDX-License-Identifier: Apache-2.0
// Digests: what they tell, when they are due, how they travel, and that none is sent twice.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/digest/mail.h"
#include "collector/digest/sender.h"
#include "tests/catch.h"
#include "tests/collector/report/sample.h"
#include "tests/collector/stores.h"

using namespace plumbline;

namespace {

std::int64_t at(const char* moment) {
  const auto seconds = parse_iso8601(moment);
  REQUIRE(seconds);
  return *seconds;
}

std::string test_file(const std::string& name) {
  auto text = read_file(std::string(PLUMBLINE_SOURCE_DIR) + "/tests/collector/digest/" + name, 1u << 20);
  REQUIRE(text);
  return *text;
}

/// A folder with settings, a store, a clock and a post office that writes down what it was given.
struct House {
  testing::ScratchFolder folder;
  Sample sample = make_sample();
  std::unique_ptr<Store> store;
  std::shared_ptr<const Decisions> decisions;
  std::int64_t now = at("2026-11-24T12:00:00Z");  // a Tuesday
  std::size_t waiting = 0;
  std::vector<std::pair<Channel, std::string>> sent;  // subject and headline
  DeliveryEnd answer{DeliveryEnd::Outcome::sent, false, 0, "taken", {}};
  std::function<void()> while_sending;
  DigestWorld world;

  explicit House(const std::string& settings = "schedule:\n  weekly: monday 07:00\n  on_gate: true\nslack:\n  webhook_file: slack-webhook\n") {
    auto opened = open_store("sqlite:" + folder.path() + "/store.db");
    REQUIRE(opened);
    store = std::move(*opened);
    write("slack-webhook", "https://hooks.slack.com/services/T0/B0/canary-0123456789\n", 0600);
    write("digest.yaml", settings, 0644);
    world.store = store.get();
    world.state_folder = folder.path();
    world.clock = [this] { return now; };
    world.report = [this] { return std::make_shared<const ReportInput>(input()); };
    world.deliver = [this](const DigestSettings&, Channel channel, const Outgoing& outgoing) {
      sent.emplace_back(channel, outgoing.page.subject + " | " + outgoing.page.headline);
      if (while_sending) while_sending();
      return answer;
    };
  }
  void write(const std::string& name, const std::string& text, unsigned mode) const { REQUIRE(write_file_atomic(folder.path() + "/" + name, text, mode)); }
  ReportInput input() const {
    ReportInput given = sample.input();
    given.decisions = decisions;
    given.hosts_waiting = waiting;
    return given;
  }
  ChannelRecord record() const {
    const auto found = read_channel(*store, Channel::slack);
    REQUIRE(found);
    REQUIRE(*found);
    return **found;
  }
  /// Opens or shuts every gate.
  void shut_gates(bool shut) {
    for (auto& gate : sample.assessment.gates) {
      gate.shut = shut;
      gate.unknown = false;
    }
  }
};

}  // namespace

TEST_CASE("a weekly moment is the last one at or before now, whatever the year") {
  struct Row { const char* weekly; int hour; const char* now; const char* last; const char* next; };
  // 2026-11-23 is a Monday, 2024-02-29 a Thursday, 2026-01-01 a Thursday.
  const Row rows[] = {
      {"monday", 7, "2026-11-23T06:59:59Z", "2026-11-16T07:00:00Z", "2026-11-23T07:00:00Z"},
      {"monday", 7, "2026-11-23T07:00:00Z", "2026-11-23T07:00:00Z", "2026-11-30T07:00:00Z"},
      {"monday", 7, "2026-11-29T23:59:59Z", "2026-11-23T07:00:00Z", "2026-11-30T07:00:00Z"},
      {"thursday", 0, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-08T00:00:00Z"},
      {"friday", 23, "2027-01-01T22:59:59Z", "2026-12-25T23:00:00Z", "2027-01-01T23:00:00Z"},
      {"thursday", 12, "2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z", "2024-03-07T12:00:00Z"},
      {"sunday", 3, "2026-03-29T03:30:00Z", "2026-03-29T03:00:00Z", "2026-04-05T03:00:00Z"},  // clocks change in Europe; UTC does not
      {"wednesday", 0, "1970-01-07T00:00:00Z", "1970-01-07T00:00:00Z", "1970-01-14T00:00:00Z"}};
  for (const Row& row : rows) {
    INFO(row.now);
    DigestSchedule schedule;
    schedule.weekday = weekday_from(row.weekly);
    schedule.hour = row.hour;
    CHECK(to_iso8601(*weekly_moment(schedule, at(row.now))) == row.last);
    CHECK(to_iso8601(*next_weekly_moment(schedule, at(row.now))) == row.next);
  }
  DigestSchedule never;
  never.weekday.reset();
  CHECK_FALSE(weekly_moment(never, at("2026-11-23T07:00:00Z")));
}

TEST_CASE("a digest is due once for its moment, however the clock moves") {
  DigestSchedule schedule;  // Monday 07:00
  DigestMemory memory;
  memory.period = at("2026-11-16T07:00:00Z");
  CHECK(due(schedule, memory, at("2026-11-23T06:59:59Z")) == Due::no);
  CHECK(due(schedule, memory, at("2026-11-23T07:00:00Z")) == Due::weekly);
  CHECK(due(schedule, memory, at("2027-02-10T00:00:00Z")) == Due::weekly);  // after a long sleep: once, as the period then is the last moment
  memory.period = *weekly_moment(schedule, at("2027-02-10T00:00:00Z"));
  CHECK(due(schedule, memory, at("2027-02-10T00:00:00Z")) == Due::no);
  memory.period = at("2026-11-23T07:00:00Z");
  CHECK(due(schedule, memory, at("2026-11-23T06:30:00Z")) == Due::no);  // half an hour back: nothing again
  CHECK(due(schedule, memory, at("2026-11-22T08:00:00Z")) == Due::no);
  CHECK(due(schedule, memory, at("2026-11-10T00:00:00Z")) == Due::clock_went_back);
  memory.retry_at = at("2026-11-23T08:00:00Z");
  CHECK(due(schedule, memory, at("2026-11-23T07:59:59Z")) == Due::no);
  CHECK(due(schedule, memory, at("2026-11-23T08:00:00Z")) == Due::retry);
}

TEST_CASE("a gate is told when it has stood for its minutes, and not again for six hours") {
  DigestSchedule schedule;
  schedule.on_gate = true;
  DigestMemory memory;
  const std::int64_t now = at("2026-11-24T12:00:00Z");
  memory.period = *weekly_moment(schedule, now);
  memory.shut_now = {"open-data"};
  memory.differs_since = now - 15 * 60 + 1;
  CHECK(due(schedule, memory, now) == Due::no);
  memory.differs_since = now - 15 * 60;
  CHECK(due(schedule, memory, now) == Due::gate);
  memory.gate_told_at = now - kGatePauseSeconds + 1;
  CHECK(due(schedule, memory, now) == Due::no);
  memory.gate_told_at = now - kGatePauseSeconds;
  CHECK(due(schedule, memory, now) == Due::gate);
  schedule.on_gate = false;
  CHECK(due(schedule, memory, now) == Due::no);
  schedule.on_gate = true;
  memory.shut_told = memory.shut_now;
  CHECK(due(schedule, memory, now) == Due::no);
}

TEST_CASE("the first look sends nothing; each Monday after it sends one digest") {
  House house;
  DigestSender sender(house.world);
  sender.look();
  sender.look();
  CHECK(house.sent.empty());
  house.now = at("2026-11-30T06:59:00Z");
  sender.look();
  CHECK(house.sent.empty());
  house.now = at("2026-11-30T07:00:10Z");
  sender.look();
  sender.look();
  REQUIRE(house.sent.size() == 1);
  CHECK(house.record().sent_at == house.now);
  CHECK(house.record().trouble.empty());
  house.now = at("2026-12-24T09:00:00Z");  // three Mondays later: one digest
  sender.look();
  sender.look();
  CHECK(house.sent.size() == 2);
  CHECK(sender.notices().empty());
}

TEST_CASE("two collectors on one store send one digest") {
  House house;
  DigestSender one(house.world), two(house.world);
  one.look();
  two.look();
  house.now = at("2026-11-30T07:01:00Z");
  // The other one looks at the very moment at which the first has claimed and is sending.
  house.while_sending = [&] { two.look(); };
  one.look();
  two.look();
  CHECK(house.sent.size() == 1);
}

TEST_CASE("a digest whose collector died while sending is not sent again, and its changes are told by the next one") {
  House house;
  DigestSender sender(house.world);
  sender.look();
  const Told before = *house.record().told;
  ChannelRecord claimed = house.record();
  house.now = at("2026-11-30T07:00:00Z");
  claimed.period = house.now;
  claimed.claimed_at = house.now;  // and then nothing: killed between the claim and the end
  REQUIRE(write_channel(*house.store, Channel::slack, claimed, house.now));
  sender.look();
  CHECK(house.sent.empty());
  house.now += kClaimSeconds;
  sender.look();
  sender.look();
  CHECK(house.sent.empty());
  CHECK(contains(house.record().trouble, "may not have arrived"));
  CHECK(sender.notices().size() == 1);
  CHECK(house.record().told == before);
  house.now = at("2026-12-07T07:00:00Z");
  sender.look();
  REQUIRE(house.sent.size() == 1);
  CHECK(house.record().trouble.empty());
}

TEST_CASE("a digest that was refused is tried again with growing pauses, five times in all") {
  House house;
  DigestSender sender(house.world);
  sender.look();
  house.answer = {DeliveryEnd::Outcome::refused, true, 0, "Slack webhook https://hooks.slack.com/…: it answered 500", {}};
  house.now = at("2026-11-30T07:00:00Z");
  std::vector<std::int64_t> tried;
  for (int minutes = 0; minutes < 3 * 24 * 60; minutes += 5) {
    const std::size_t before = house.sent.size();
    sender.look();
    if (house.sent.size() > before) tried.push_back(minutes);
    house.now += 5 * 60;
  }
  CHECK(tried == std::vector<std::int64_t>{0, 10, 70, 310, 1030});
  CHECK(contains(house.record().trouble, "it answered 500"));
  REQUIRE(sender.notices().size() == 1);
  house.answer = {DeliveryEnd::Outcome::sent, false, 0, "taken", {}};
  house.now = at("2026-12-07T07:00:00Z");
  sender.look();
  CHECK(house.sent.size() == 6);
  CHECK(house.record().trouble.empty());
  CHECK(sender.notices().empty());
}

TEST_CASE("one that may have arrived is not sent again") {
  House house;
  DigestSender sender(house.world);
  sender.look();
  house.answer = {DeliveryEnd::Outcome::unsure, false, 0, "the connection broke", {}};
  house.now = at("2026-11-30T07:00:00Z");
  for (int minutes = 0; minutes < 5 * 24 * 60; minutes += 30) {
    sender.look();
    house.now += 30 * 60;
  }
  CHECK(house.sent.size() == 1);
  CHECK(contains(house.record().trouble, "broke"));
}

TEST_CASE("a gate that shuts is told after its minutes, one that flaps is not") {
  House house;
  house.shut_gates(false);
  DigestSender sender(house.world);
  sender.look();
  REQUIRE_FALSE(house.sample.assessment.gates.empty());
  for (int flap = 0; flap < 6; ++flap) {  // ten minutes shut, ten minutes open
    house.shut_gates(flap % 2 == 0);
    sender.look();
    house.now += 10 * 60;
    sender.look();
  }
  CHECK(house.sent.empty());
  house.shut_gates(true);
  sender.look();
  house.now += 16 * 60;
  sender.look();
  sender.look();
  REQUIRE(house.sent.size() == 1);
  CHECK(contains(house.sent.front().second, "a gate has shut"));
  house.shut_gates(false);
  sender.look();
  house.now += 3600;
  sender.look();
  CHECK(house.sent.size() == 1);  // not within six hours
  house.now += 6 * 3600;
  sender.look();
  REQUIRE(house.sent.size() == 2);
  CHECK(contains(house.sent.back().second, "a gate has opened"));
}

TEST_CASE("nothing is sent while hosts wait for new rules") {
  House house;
  DigestSender sender(house.world);
  sender.look();
  house.waiting = 3;
  house.now = at("2026-11-30T07:00:00Z");
  sender.look();
  CHECK(house.sent.empty());
  house.waiting = 0;
  sender.look();
  CHECK(house.sent.size() == 1);
}

TEST_CASE("settings with mistakes stop digests, are told once they are read, and mended without a restart") {
  House house;
  DigestSender sender(house.world);
  sender.look();
  house.write("digest.yaml", "schedule:\n  weekly: someday\nslack:\n  webhook_file: slack-webhook\n", 0644);
  house.now = at("2026-11-30T07:00:00Z");
  sender.look();
  CHECK(house.sent.empty());
  REQUIRE(sender.notices().size() == 1);
  CHECK(contains(sender.notices().front().lines.front(), "digest.yaml:2:"));
  house.write("digest.yaml", "schedule:\n  weekly: monday 07:00\nslack:\n  webhook_file: slack-webhook\n", 0644);
  sender.look();
  CHECK(house.sent.size() == 1);
  CHECK(sender.notices().empty());
}

TEST_CASE("sent by hand, the digest leaves the schedule as it is") {
  House house;
  const auto settings = read_digest_settings(house.folder.path());
  REQUIRE(settings);
  const ReportInput input = house.input();
  REQUIRE(send_now(house.world, **settings, Channel::slack, input));
  CHECK(house.sent.size() == 1);
  DigestSender sender(house.world);
  sender.look();
  CHECK(house.sent.size() == 1);
  house.now = at("2026-11-30T07:00:00Z");
  sender.look();
  CHECK(house.sent.size() == 2);
  ChannelRecord claimed = house.record();
  claimed.claimed_at = house.now;
  REQUIRE(write_channel(*house.store, Channel::slack, claimed, house.now));
  const auto twice = send_now(house.world, **settings, Channel::slack, input);
  REQUIRE_FALSE(twice);
  CHECK(twice.error().kind == ErrorKind::conflict);
}

TEST_CASE("a damaged record is told, and written anew by hand") {
  House house;
  RecordRow row;
  row.kind = "digest";
  row.id = "slack";
  row.body = R"({"period":"yesterday"})";
  row.changed_by = "somebody";
  REQUIRE(house.store->put_record(row, 0));
  DigestSender sender(house.world);
  house.now = at("2026-11-30T07:00:00Z");
  sender.look();
  CHECK(house.sent.empty());
  REQUIRE(sender.notices().size() == 1);
  CHECK(contains(sender.notices().front().lines.front(), "digest send --to slack"));
  const auto settings = read_digest_settings(house.folder.path());
  REQUIRE(send_now(house.world, **settings, Channel::slack, house.input()));
  sender.look();
  CHECK(sender.notices().empty());
}

TEST_CASE("the digest tells what turned since the last one, small wins first, and what to do next") {
  House house;
  Told before = told_now(house.input(), at("2026-11-16T07:00:00Z"));
  REQUIRE(before.score);
  // Two hosts more failed root-login a week ago, and fewer failed the fullness of disks.
  const auto index_of = [&](const std::string& id) {
    for (std::size_t rule = 0; rule < house.sample.rules->rules.size(); ++rule)
      if (house.sample.rules->rules[rule].id == id) return rule;
    FAIL("no rule " << id);
    return std::size_t{0};
  };
  const Tally root = house.sample.assessment.rules[index_of("ssh.root-login")].tally;
  before.rules["ssh.root-login"] = {root.pass - 1, root.fail + 1, root.unknown};
  const Tally space = house.sample.assessment.rules[index_of("storage.space")].tally;
  REQUIRE(space.fail > 0);
  before.rules["storage.space"] = {space.pass + space.fail, 0, space.unknown};
  *before.score -= 21;
  const Digest digest = make_digest(house.input(), &before, "https://plumbline.example.com:7444/", house.now);
  REQUIRE(digest.passed.size() == 1);
  CHECK(digest.passed.front().title == house.sample.rules->rules[index_of("ssh.root-login")].title);
  REQUIRE(digest.failed.size() == 1);
  CHECK(digest.failed.front().title == house.sample.rules->rules[index_of("storage.space")].title);
  CHECK(contains(digest.failed.front().detail, "was 0"));
  CHECK(digest.next.size() == std::min<std::size_t>(3, house.sample.assessment.actions.size()));
  const DigestPage page = page_of(digest);
  CHECK(contains(page.headline, "up 2.1 since 16 November 2026"));
  CHECK(contains(page.subject, "(+2.1)"));
  std::size_t passed = 99, failed = 99;
  for (std::size_t section = 0; section < page.sections.size(); ++section) {
    if (page.sections[section].title == "Newly passed") passed = section;
    if (page.sections[section].title == "Newly failing") failed = section;
  }
  CHECK(passed < failed);
  CHECK(failed < 99);
  // A rule that could not be read any more has not passed.
  before.rules["ssh.root-login"] = {root.pass, root.fail + 1, root.unknown - 1};
  CHECK(make_digest(house.input(), &before, "", house.now).passed.empty());
}

TEST_CASE("the plan's actions are told as done, reopened and overdue") {
  House house;
  Decisions decisions;
  const std::string open = house.sample.assessment.actions.front().id;
  const auto plan = [&](const std::string& action, const std::string& title, PlanStatus status) -> PlanItem& {
    decisions.plan.emplace_back();
    decisions.plan.back().action = action;
    decisions.plan.back().title = title;
    decisions.plan.back().status = status;
    return decisions.plan.back();
  };
  plan(open, "", PlanStatus::in_progress).due_at = at("2026-11-01T00:00:00Z");
  plan("gone", "Encrypt the backups", PlanStatus::done);
  plan("again", "Close the database", PlanStatus::reopened);
  house.decisions = std::make_shared<const Decisions>(decisions);
  Told before = told_now(house.input(), house.now - 7 * 86400);
  before.plan = {{open, "in_progress"}, {"gone", "planned"}, {"again", "done"}};
  const Digest digest = make_digest(house.input(), &before, "", house.now);
  REQUIRE(digest.done.size() == 1);
  CHECK(digest.done.front().title == "Encrypt the backups");
  REQUIRE(digest.reopened.size() == 1);
  CHECK(digest.reopened.front().title == "Close the database");
  REQUIRE(digest.overdue.size() == 1);
  CHECK(contains(digest.overdue.front().detail, "1 November 2026"));
  CHECK(make_digest(house.input(), nullptr, "", house.now).done.empty());
}

TEST_CASE("the parts of a score's change are told only where they add up to it") {
  House house;
  Told before = told_now(house.input(), house.now);
  before.as_of = 100;
  *before.score -= 30;
  house.sample.history = {{50, 1, 0, 1000, 1, 3, "", ScoreSplit{1000, 0, 0}}, {150, 2, 0, 1000, 1, 3, "", ScoreSplit{10, 5, 0}}, {200, 3, 0, 1000, 1, 3, "", ScoreSplit{20, 0, -5}}};
  const auto split = make_digest(house.input(), &before, "", house.now).split;
  REQUIRE(split);
  CHECK(split->fleet == 30);
  CHECK(split->rules == 5);
  CHECK(split->coverage == -5);
  *before.score -= 1;
  CHECK_FALSE(make_digest(house.input(), &before, "", house.now).split);
}

TEST_CASE("what was told goes into the store and comes back the same") {
  House house;
  const Told told = told_now(house.input(), house.now);
  const auto again = told_from(to_json(told));
  REQUIRE(again);
  CHECK(*again == told);
  CHECK_FALSE(told_from("{}"));
  CHECK_FALSE(told_from(R"({"at":1,"as_of":1,"score":null,"level":1,"rules":{"a":[1,2]},"shut_gates":[],"plan":{}})"));
}

namespace {

/// Every text of a Slack message with its kind, and of a card with its kind.
void collect(const nlohmann::json& value, std::vector<std::pair<std::string, std::string>>& texts) {
  if (value.is_object() && value.contains("text") && value["text"].is_string()) texts.emplace_back(value.value("type", ""), value["text"].get<std::string>());
  if (value.is_structured())
    for (const auto& one : value) collect(one, texts);
}

}  // namespace

TEST_CASE("no name becomes markup in a mail, a Slack message or a card") {
  for (const std::string& payload : xss_payloads()) {
    INFO(payload);
    Sample sample = make_sample(payload);
    ReportInput input = sample.input();
    input.organisation = "Northfield " + payload;
    Told before = told_now(input, input.now - 86400);
    for (auto& [rule, counts] : before.rules) counts = {0, counts[0] + counts[1] + counts[2] + 1, 0};
    before.shut_gates = {};
    const DigestPage page = page_of(make_digest(input, &before, "https://plumbline.example.com:7444/", input.now));
    const std::string html = render_digest_html(page);
    // Everything between tags of ours: no tag but these stands in the mail.
    for (std::size_t tag = 0; (tag = html.find('<', tag)) != std::string::npos; ++tag) {
      const std::string_view rest = std::string_view(html).substr(tag + 1);
      const std::string_view name = rest.substr(0, rest.find_first_of(" >"));
      static const std::vector<std::string_view> kOurs = {"!doctype", "html", "head", "meta", "title", "/title", "/head", "body", "h1", "/h1", "p", "/p", "h2", "/h2", "ul", "/ul", "li", "/li", "b", "/b", "br", "a", "/a", "/body", "/html"};
      CHECK(std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end());
    }
    std::vector<std::pair<std::string, std::string>> texts;
    collect(nlohmann::json::parse(render_digest_slack(page)), texts);
    for (const auto& [kind, text] : texts) {
      if (kind != "mrkdwn") CHECK(text.find_first_of("<>") == std::string::npos);
      if (kind == "mrkdwn") CHECK(text == "<https://plumbline.example.com:7444/|Open Plumbline>");
      CHECK(text.size() <= 3000);
    }
    texts.clear();
    collect(nlohmann::json::parse(render_digest_teams(page)), texts);
    CHECK_FALSE(texts.empty());
    for (const auto& [kind, text] : texts) CHECK(kind == "TextRun");  // TextBlocks and facts read Markdown
  }
}

TEST_CASE("Slack's and Teams' limits hold for the longest names") {
  DigestPage page;
  page.subject = page.headline = page.footer = page.link_text = std::string(5'000, '&');
  page.facts = {std::string(9'000, '<')};
  for (int section = 0; section < 8; ++section) {
    DigestSection one{std::string(500, 'x'), DigestSection::Tone::bad, {}, 7};
    for (std::size_t row = 0; row < kMostDigestLines; ++row) {
      std::string wide;
      for (int character = 0; character < 160; ++character) wide += "漢";
      one.lines.push_back({wide, wide});
    }
    page.sections.push_back(std::move(one));
  }
  page.link = "https://plumbline.example.com/";
  const auto slack = nlohmann::json::parse(render_digest_slack(page));
  CHECK(slack["blocks"].size() <= 50);
  for (const auto& block : slack["blocks"]) {
    if (block["type"] == "header") CHECK(block["text"]["text"].get<std::string>().size() <= 150 * 4);
    std::vector<std::pair<std::string, std::string>> texts;
    collect(block, texts);
    for (const auto& [kind, text] : texts) {
      const auto characters = std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; });
      CHECK(characters <= (block["type"] == "header" ? 150 : 3000));
    }
  }
  CHECK(render_digest_teams(page).size() <= 28 * 1024);
}

TEST_CASE("no name can begin a header, and every line of a message is as long as it may be") {
  std::vector<std::string> names = xss_payloads();
  names.insert(names.end(), {"x\r\nBcc: everybody@example.com", "x\nBcc: y@example.com", "x\r\n\r\n<html>", "\xff\xfe\x00 bad bytes", "Žluťoučký kůň 漢字 " + std::string(3000, 'a'), "=?UTF-8?B?QmNj?=", "", " ", "a\"b <c@d.example>"});
  for (const std::string& name : names) {
    INFO(name);
    MailMessage message;
    message.from = "plumbline@example.com";
    message.from_name = message.subject = message.html = name;
    message.text = name + "\n.\nFrom here\n" + std::string(500, '=');
    message.to = {"ada@example.com", "grace@example.com"};
    message.date = at("2026-11-23T07:00:00Z");
    message.id = "0123";
    const std::string bytes = mail_bytes(message);
    const std::string head = bytes.substr(0, bytes.find("\r\n\r\n"));
    std::vector<std::string> fields;
    std::istringstream rows(head);
    for (std::string row; std::getline(rows, row);) {
      if (!row.empty() && row.back() == '\r') row.pop_back();
      CHECK(row.find('\r') == std::string::npos);
      CHECK(row.size() <= 998);
      if (row.front() != ' ') fields.push_back(row.substr(0, row.find(':')));
    }
    CHECK(fields == std::vector<std::string>{"Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"});
    CHECK(contains(head, "Date: Mon, 23 Nov 2026 07:00:00 +0000"));
    std::size_t start = bytes.find("\r\n\r\n") + 4;
    for (std::size_t end; (end = bytes.find("\r\n", start)) != std::string::npos; start = end + 2) {
      CHECK(end - start <= 78);
      CHECK(bytes.substr(start, end - start).find('\n') == std::string::npos);
      CHECK(std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(start), bytes.begin() + static_cast<std::ptrdiff_t>(end), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
    }
    CHECK(bytes.find('\0') == std::string::npos);
  }
}

TEST_CASE("headers and bodies are encoded as the standards have it") {
  CHECK(encoded_words("Plumbline") == "Plumbline");
  CHECK(encoded_words("Zürich") == "=?UTF-8?B?WsO8cmljaA==?=");        // RFC 2047, by hand: 5A C3 BC 72 69 63 68
  CHECK(encoded_words("a.b") == "=?UTF-8?B?YS5i?=");                   // a dot is no atom
  CHECK(quoted_printable("caf\xc3\xa9 = ok \nx") == "caf=C3=A9 =3D ok=20\r\nx");
  CHECK(quoted_printable(".\n") == "=2E\r\n");
  CHECK(base64_lines("Man") == "TWFu\r\n");
  CHECK(base64_lines("Ma") == "TWE=\r\n");
  CHECK(base64_lines("M") == "TQ==\r\n");
  const std::string wide = encoded_words(std::string(40, 'x') + "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字");
  for (const auto row : split(wide, '\n')) CHECK(row.size() <= 76);
}

TEST_CASE("mistakes in the settings are told with their line, and no secret is") {
  House house;
  const auto cases = nlohmann::json::parse(test_file("wrong_settings.json"));
  REQUIRE(cases.size() > 15);
  for (const auto& one : cases) {
    INFO(one["settings"].get<std::string>());
    house.write("digest.yaml", one["settings"].get<std::string>(), 0644);
    house.write("open-secret", "https://hooks.slack.com/services/canary-0123456789", 0644);
    house.write("two-lines", "https://hooks.slack.com/services/canary-0123456789\nmore", 0600);
    house.write("plain-http", "http://hooks.slack.com/services/canary-0123456789", 0600);
    house.write("hidden-host", "https://hooks.slack.com@evil.example/canary-0123456789", 0600);
    house.write("empty", "\n", 0600);
    const auto settings = read_digest_settings(house.folder.path());
    REQUIRE_FALSE(settings);
    INFO(settings.error().message);
    CHECK(contains(settings.error().message, one["message"].get<std::string>()));
    CHECK_FALSE(contains(settings.error().message, "canary"));
    CHECK(contains(settings.error().message, "digest.yaml:"));
  }
}

TEST_CASE("good settings are read") {
  House house("link: https://plumbline.example.com:7444/\nschedule:\n  weekly: friday 16:00\n  on_gate: true\n  gate_minutes: 30\n"
              "email:\n  server: smtp://mail.example.com:587\n  user: plumbline\n  password_file: mail-password\n  from: plumbline@example.com\n  from_name: Plumbline\n"
              "  to: [ada@example.com, grace.hopper+it@example.co.uk]\n  attach_pdf: true\nteams:\n  webhook_file: slack-webhook\n");
  house.write("mail-password", "hunter2\n", 0600);
  const auto settings = read_digest_settings(house.folder.path());
  if (!settings) FAIL(settings.error().message);
  REQUIRE(*settings);
  const DigestSettings& read = **settings;
  CHECK(read.schedule.weekday == 4);
  CHECK(read.schedule.hour == 16);
  CHECK(read.schedule.gate_minutes == 30);
  REQUIRE(read.mail);
  CHECK(read.mail->password == "hunter2");
  CHECK(read.mail->to.size() == 2);
  CHECK(read.mail->starttls);
  CHECK_FALSE(read.slack);
  CHECK(channels_of(read) == std::vector<Channel>{Channel::email, Channel::teams});
  CHECK(shown_webhook(read.teams->url) == "https://hooks.slack.com/…");
  CHECK_FALSE(*read_digest_settings("/nonexistent"));
}

TEST_CASE("addresses that could carry a header, an option or another address are none") {
  for (const char* good : {"a@b", "ada@example.com", "x+y.z@sub.example.co.uk", "o'brien@example.ie"}) CHECK(is_mail_address(good));
  for (const char* bad : {"", "@", "a@", "@b", "a b@c", "a@b\r\nBcc: c@d", "<a@b>", "a@b>", "a@b@c", "-oX@b", "a@b,c@d", ".a@b", "a.@b", "a@.b", "a..b@c", "\"a\"@b", "a@b c"}) {
    INFO(bad);
    CHECK_FALSE(is_mail_address(bad));
  }
  CHECK(is_loopback("127.0.0.1"));
  CHECK(is_loopback("127.9.9.9"));
  CHECK_FALSE(is_loopback("127.0.0.1.example.com"));
  CHECK_FALSE(is_loopback("127.0.0.999"));
  CHECK(host_of_url("https://Hooks.Slack.com/x") == "hooks.slack.com");
  CHECK(host_of_url("https://a@b/x").empty());
  CHECK(host_of_url("https://a:99999/").empty());
  CHECK(host_of_url("nothing").empty());
}

TEST_CASE("a server that never speaks is left, and whether the message may have arrived is known") {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(socket, 8) == 0);  // the kernel takes connections and what comes over them; nobody answers
  socklen_t size = sizeof address;
  REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const std::string at_port = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  const DeliveryLimits soon{1, 1};
  MailSettings mail;
  mail.server = "smtp://" + at_port;
  mail.from = "a@b.example";
  mail.to = {"c@d.example"};
  const DeliveryEnd silent = send_mail(mail, "Subject: x\r\n\r\ny\r\n", {}, soon);
  CHECK(silent.outcome == DeliveryEnd::Outcome::refused);  // it was not even greeted: nothing left
  CHECK(silent.try_again);
  const DeliveryEnd unsure = post_webhook({"http://" + at_port + "/canary-0123456789", ""}, "Teams", "{}", {}, soon);
  CHECK(unsure.outcome == DeliveryEnd::Outcome::unsure);
  CHECK_FALSE(contains(unsure.message, "canary"));
  const DeliveryEnd stopped = send_mail(mail, "x", [] { return true; });
  CHECK(stopped.outcome == DeliveryEnd::Outcome::refused);
  CHECK_FALSE(stopped.try_again);
  ::close(socket);
}

TEST_CASE("waits grow with full jitter and follow what the other side asks") {
  std::vector<double> waits;
  int calls = 0;
  const auto wait = [&](double seconds) {
    waits.push_back(seconds);
    return true;
  };
  DeliveryEnd refused{DeliveryEnd::Outcome::refused, true, 0, "500", {}};
  const auto end = deliver_patiently([&] { return ++calls < 4 ? refused : DeliveryEnd{DeliveryEnd::Outcome::sent, false, 0, "taken", {}}; }, Patience{5, 2, 60}, wait, [] { return 0.5; });
  CHECK(end.outcome == DeliveryEnd::Outcome::sent);
  CHECK(waits == std::vector<double>{1, 2, 4});
  waits.clear();
  refused.retry_after_seconds = 30;
  deliver_patiently([&] { return refused; }, Patience{3, 2, 60}, wait, [] { return 0.5; });
  CHECK(waits == std::vector<double>{30.5, 30.5});
  waits.clear();
  refused.try_again = false;
  deliver_patiently([&] { return refused; }, Patience{}, wait, [] { return 0.5; });
  CHECK(waits.empty());
}
