// SPDX-License-Identifier: Apache-2.0
// A collector for tests of the agent: the real listener, authority and store; scans are kept in memory by the rules of
// docs/protocol.md, so that a test sees what arrived and may misbehave on purpose.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "collector/pki/routes.h"
#include "facts/wire.h"

namespace plumbline {

class TestCollector {
 public:
  TestCollector();
  ~TestCollector();
  TestCollector(const TestCollector&) = delete;
  TestCollector& operator=(const TestCollector&) = delete;

  /// Listens, on the port it had before where there was one.
  void start();
  void stop();
  std::string url() const { return "https://localhost:" + std::to_string(port_); }
  unsigned short port() const { return port_; }
  std::string token();
  void deny(const std::string& host_id);

  struct Arrival {
    std::uint64_t sequence = 0, dropped = 0;
    std::size_t body_bytes = 0, sections_with_data = 0;
    std::string result;  // "accepted", "duplicate", "need", "stale"
  };
  std::vector<Arrival> arrivals();
  int accepted(std::uint64_t sequence);

  std::filesystem::path folder;
  std::int64_t clock;
  std::unique_ptr<Store> store;
  std::unique_ptr<Pki> pki;
  std::vector<std::string> server_names = {"localhost", "127.0.0.1"};
  int answer_instead = 0;     // a status given to every scan; 0: none
  bool forget_bases = false;  // the next scan that is not whole gets a 409

 private:
  Response take(const Request& request);

  std::mutex mutex_;
  std::unique_ptr<Server> server_;
  unsigned short port_ = 0;
  std::map<std::string, std::uint64_t> last_;  // sequence by host
  std::map<std::string, std::string> facts_;   // hash of the last facts by host
  std::vector<Arrival> arrivals_;
};

}  // namespace plumbline
