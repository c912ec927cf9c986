// SPDX-License-Identifier: Apache-2.0
// Optional: effective values of sshd, told by sshd -T on configurations that others made, in the folder that
// PLUMBLINE_CORPUS names; and databases whose own answers were kept beside a recording.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/host.h"
#include "agent/scan.h"
#include "base/text.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

using nlohmann::json;

const std::map<std::string, std::string> kFacts = {
    {"permitrootlogin", "permit_root_login"}, {"passwordauthentication", "password_authentication"}, {"kbdinteractiveauthentication", "keyboard_interactive"},
    {"permitemptypasswords", "permit_empty_passwords"}, {"maxauthtries", "max_auth_tries"}, {"logingracetime", "login_grace_seconds"}, {"clientaliveinterval", "client_alive_interval_seconds"},
    {"clientalivecountmax", "client_alive_count_max"}, {"usepam", "use_pam"}, {"x11forwarding", "x11_forwarding"}, {"ignorerhosts", "ignore_rhosts"},
    {"hostbasedauthentication", "hostbased_authentication"}, {"permituserenvironment", "permit_user_environment"}, {"loglevel", "log_level"}};

/// A fact as sshd -T writes it.
std::string as_sshd_writes(const json& fact) {
  if (fact.is_boolean()) return fact.get<bool>() ? "yes" : "no";
  if (fact.is_number()) return fact.dump();
  const std::string text = fact.get<std::string>();
  return text == "prohibit-password" ? "without-password" : text;
}

}  // namespace

TEST_CASE("Effective values of sshd are those that sshd itself tells") {
  const char* corpus = std::getenv("PLUMBLINE_CORPUS");
  if (corpus == nullptr || !std::filesystem::exists(std::string(corpus) + "/cac/cases")) {
    std::cout << "skipped: PLUMBLINE_CORPUS names no folder with cac/cases\n";
    return;
  }
  int total = 0;
  int agreed = 0;
  for (const auto& product : std::filesystem::directory_iterator(std::string(corpus) + "/cac/cases")) {
    for (const auto& rule : std::filesystem::directory_iterator(product.path())) {
      if (!rule.is_directory()) continue;
      for (const auto& scenario : std::filesystem::directory_iterator(rule.path())) {
        std::ifstream told(scenario.path() / "sshd_T.txt");
        if (!told || !std::filesystem::exists(scenario.path() / "root/etc/ssh")) continue;
        const auto host = recorded_host((scenario.path() / "root").string());
        REQUIRE(host);
        const auto scan = take_scan(**host, {{"ssh"}});
        REQUIRE(scan);
        const json facts = facts_of(*scan)["ssh"];
        for (std::string line; std::getline(told, line);) {
          const std::size_t blank = line.find(' ');
          const auto row = kFacts.find(line.substr(0, blank));
          if (row == kFacts.end() || blank == std::string::npos) continue;
          ++total;
          const std::string got = facts.contains(row->second) ? as_sshd_writes(facts[row->second]) : "missing";
          if (got == line.substr(blank + 1)) ++agreed;
          else std::cout << scenario.path().string() << ": " << line << " but " << got << "\n";
        }
      }
    }
  }
  std::cout << "sshd: " << agreed << " of " << total << " effective values agree\n";
  CHECK(agreed == total);
}

TEST_CASE("A recorded database host tells what its services told of themselves") {
  const char* corpus = std::getenv("PLUMBLINE_CORPUS");
  const std::string root = corpus == nullptr ? "" : std::string(corpus) + "/dbhost/stock/root";
  if (root.empty() || !std::filesystem::exists(root)) {
    std::cout << "skipped: PLUMBLINE_CORPUS names no folder with dbhost/stock\n";
    return;
  }
  const auto host = recorded_host(root);
  REQUIRE(host);
  const auto scan = take_scan(**host);
  REQUIRE(scan);
  const json facts = facts_of(*scan);
  std::map<std::string, json> stores;
  for (const auto& one : facts["data_stores"]["instances"]) stores[one["kind"]] = one;
  CHECK(stores.size() == 6);
  CHECK(stores["redis"]["version"] == "7.0.15");
  CHECK(stores["redis"]["auth"] == "none");
  CHECK(stores["redis"]["exposure"] == "loopback");
  CHECK(stores["mariadb"]["version"] == "10.11.19");
  CHECK(stores["mariadb"]["tls"] == "off");
  CHECK(stores["mariadb"]["archiving"] == "off");
  CHECK(stores["mariadb"]["exposure"] == "loopback");
  CHECK(stores["postgresql"]["version"] == "15.20");
  CHECK(stores["postgresql"]["tls"] == "on");
  CHECK(stores["postgresql"]["auth"] == "required");
  CHECK(stores["postgresql"]["archiving"] == "off");
  CHECK(stores["postgresql"]["data_folder"] == "/var/lib/postgresql/15/main");
  CHECK(stores["rabbitmq"]["exposure"] == "any");
  CHECK(stores["rabbitmq"]["port"] == 5672);
  CHECK(stores["etcd"]["root"] == true);
  CHECK(stores["memcached"]["auth"] == "none");
  CHECK(facts["ssh"]["password_authentication"] == true);
  CHECK(facts["listeners"]["sockets"].size() == 16);
  for (const auto& socket : facts["listeners"]["sockets"]) CHECK(socket["service"] != "");
}

}  // namespace plumbline
