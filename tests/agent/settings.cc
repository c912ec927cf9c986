// SPDX-License-Identifier: Apache-2.0
// The settings file says what is wrong with it, and what it keeps on the host stays there.
#include "agent/manners/settings.h"

#include <fstream>
#include <iterator>

#include "agent/manners/privacy.h"
#include "base/text.h"
#include "facts/scan.h"
#include "tests/agent/scratch.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

using nlohmann::json;

std::string complaint(const std::string& text) {
  const auto settings = parse_settings(text, "agent.yaml");
  return settings ? "fine" : settings.error().message;
}

/// A host with names, addresses and a home folder in a text and in a reason.
Scan sample() {
  Scan scan;
  scan.sections["host"].data = {{"name", "db01.example.org"}, {"virtualization", "kvm"}};
  scan.sections["network"].data = {{"dns_servers", {"10.0.0.53", "127.0.0.53"}},
                                   {"interfaces", {{{"name", "eth0"}, {"addresses", {"10.0.0.5/24", "2001:db8::5/64"}}}}}};
  scan.sections["listeners"].data = {{"sockets",
                                      {{{"address", "10.0.0.5"}, {"port", 5432}, {"user", "anna"}},
                                       {{"address", "0.0.0.0"}, {"port", 22}, {"user", "root"}}}}};
  scan.sections["storage"].data = {{"filesystems", {{{"mount", "/"}, {"type", "ext4"}}, {{"mount", "/srv/customers"}, {"type", "xfs"}}}}};
  scan.sections["ai"].missing["ai.ollama_models"] = "permission denied: /home/anna/.ollama";
  return scan;
}

Scan told(Disclosure how) {
  Scan scan = sample();
  apply_privacy(scan, {how, how, how, how, "a key that nobody guesses"});
  hash_sections(scan);
  const auto read = read_scan(to_json(scan));
  INFO((read ? std::string() : read.error().message));
  REQUIRE(read);
  return *read;
}

/// Every setting there is, as the complaint about one that there is not lists them.
std::vector<std::string> all_settings() {
  const std::string text = complaint("zzzzzzzzzzzz: 1\n");
  const auto begin = text.find("there are ");
  REQUIRE(begin != std::string::npos);
  std::vector<std::string> names;
  for (const auto name : split(std::string_view(text).substr(begin + 10), ',')) names.emplace_back(trim(name));
  return names;
}

}  // namespace

TEST_CASE("docs/agent.md tells every setting") {
  std::ifstream file(PLUMBLINE_SOURCE_DIR "/docs/agent.md");
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  const auto names = all_settings();
  CHECK(names.size() > 10);
  for (const std::string& name : names) {
    INFO(name);
    CHECK((name == "limits" || name == "privacy" || contains(page, "`" + name + "`")));
  }
}

TEST_CASE("A settings file sets what it names and leaves the rest as it was") {
  const auto settings = parse_settings(
      "# Plumbline\n---\ninterval: 30m   # often\ngreetings: off\nstate: \"/srv/plumb # line\"\n"
      "limits:\n  memory_mib: 48\n  probe_seconds: 5\n\nprivacy:\n    host_names: hash\n    addresses: 'drop'\nsandbox: on\r\n",
      "agent.yaml");
  REQUIRE(settings);
  CHECK(settings->interval_seconds == 1800);
  CHECK_FALSE(settings->greetings);
  CHECK(settings->sandbox);
  CHECK(settings->state == "/srv/plumb # line");
  CHECK(settings->limits.memory_bytes == 48u << 20);
  CHECK(settings->limits.probe_time == std::chrono::seconds(5));
  CHECK(settings->limits.open_files == Limits().open_files);
  CHECK(settings->privacy.host_names == Disclosure::hash);
  CHECK(settings->privacy.user_names == Disclosure::keep);
  CHECK(settings->privacy.addresses == Disclosure::drop);
  REQUIRE(parse_settings("", "agent.yaml"));
  CHECK_FALSE(parse_settings("", "agent.yaml")->privacy.changes_anything());
}

TEST_CASE("A mistake in the settings is told with its line and with what is allowed") {
  CHECK(complaint("privacy:\n  adresses: drop\n") ==
        "agent.yaml:2: no setting \"privacy.adresses\"; did you mean \"privacy.addresses\"?");
  CHECK(complaint("privacy:\n  addresses: never\n") == "agent.yaml:2: privacy.addresses: \"never\" is not keep, hash or drop");
  CHECK(complaint("addresses: drop\n") ==
        "agent.yaml:1: no setting \"addresses\"; there are limits, privacy, interval, state, greetings, sandbox, "
        "limits.memory_mib, limits.open_files, limits.probe_seconds, limits.probe_processor_seconds, limits.scan_seconds, "
        "limits.scan_processor_seconds, privacy.host_names, privacy.user_names, privacy.names, privacy.addresses, privacy.key");
  CHECK(complaint("interval: 10s") == "agent.yaml:1: interval: \"10s\" is not a time from 60s to 7d, as 90s, 30m, 1h or 1d");
  CHECK(complaint("interval:") == "agent.yaml:1: interval: \"\" is not a time from 60s to 7d, as 90s, 30m, 1h or 1d");
  CHECK(complaint("interval: 99999999999999999999d") != "fine");
  CHECK(complaint("sandbox: yes") == "agent.yaml:1: sandbox: \"yes\" is not on or off");
  CHECK(complaint("sandbox: on\nsandbox: off") == "agent.yaml:2: sandbox is set twice");
  CHECK(complaint("  sandbox: on") == "agent.yaml:1: a setting that is set in but belongs to nothing");
  CHECK(complaint("limits:\n\tmemory_mib: 64") == "agent.yaml:2: a tab before a setting; use spaces");
  CHECK(complaint("limits: 5") == "agent.yaml:1: \"limits\" holds settings of its own, two spaces in, below it");
  CHECK(complaint("limits:\n  memory_mib: 1") == "agent.yaml:2: limits.memory_mib: \"1\" is not whole MiB, 32 to 4096");
  CHECK(complaint("just words") == "agent.yaml:1: not \"setting: value\": just words");
  CHECK_FALSE(contains(complaint("privacy:\n  key: short"), "short"));
  CHECK(read_settings("/there/is/none.yaml").error().kind == ErrorKind::not_found);
}

TEST_CASE("Without privacy settings nothing is changed") {
  Scan scan = sample();
  apply_privacy(scan, {});
  CHECK(to_json(scan) == to_json(sample()));
}

TEST_CASE("What is dropped is unknown with its reason, and appears nowhere in the document") {
  const auto scan = told(Disclosure::drop);
  const std::string text = to_json(scan);
  for (const char* secret : {"db01", "anna", "10.0.0.5", "2001:db8", "customers"}) {
    INFO(secret);
    CHECK_FALSE(contains(text, secret));
  }
  CHECK(scan.sections.at("host").missing.at("host.name") == "left out, as this host's privacy settings say");
  CHECK(scan.sections.at("host").status == SectionStatus::partial);
  CHECK(scan.sections.at("host").data.at("virtualization") == "kvm");
  CHECK(scan.sections.at("listeners").missing.count("listeners.sockets[].address") == 1);
  CHECK(scan.sections.at("listeners").data.at("sockets").at(0).at("port") == 5432);
  CHECK(scan.sections.at("ai").missing.at("ai.ollama_models") == "permission denied: /home/…/.ollama");
}

TEST_CASE("What is hashed stays the same wherever it stands, and what names nobody stays as it is") {
  const auto scan = told(Disclosure::hash);
  const std::string text = to_json(scan);
  for (const char* secret : {"db01", "anna", "10.0.0.5", "2001:db8", "customers"}) {
    INFO(secret);
    CHECK_FALSE(contains(text, secret));
  }
  const auto& sockets = scan.sections.at("listeners").data.at("sockets");
  const auto& interfaces = scan.sections.at("network").data.at("interfaces");
  const std::string address = sockets.at(0).at("address").get<std::string>();
  CHECK(address.substr(0, 5) == "hash-");
  CHECK(interfaces.at(0).at("addresses").at(0) == address + "/24");
  CHECK(sockets.at(1).at("address") == "0.0.0.0");
  CHECK(sockets.at(1).at("user") == "root");
  CHECK(scan.sections.at("network").data.at("dns_servers").at(1) == "127.0.0.53");
  CHECK(scan.sections.at("storage").data.at("filesystems").at(0).at("mount") == "/");
  const std::string user = sockets.at(0).at("user").get<std::string>();
  CHECK(scan.sections.at("ai").missing.at("ai.ollama_models") == "permission denied: /home/" + user + "/.ollama");
  Scan other = sample();
  apply_privacy(other, {Disclosure::hash, Disclosure::hash, Disclosure::hash, Disclosure::hash, "another key"});
  CHECK(other.sections.at("host").data.at("name") != scan.sections.at("host").data.at("name"));
}

TEST_CASE("The key of hashes is made once and is readable by its owner only") {
  const Scratch scratch;
  const auto key = privacy_key(scratch.path());
  CHECK(key.size() == 64);
  CHECK(privacy_key(scratch.path()) == key);
  CHECK((std::filesystem::status(scratch.path() + "/privacy.key").permissions() & std::filesystem::perms::mask) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(privacy_key("/there/is/no/state") != key);
}

}  // namespace plumbline
