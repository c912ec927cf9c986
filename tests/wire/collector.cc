// SPDX-License-Identifier: Apache-2.0
#include "tests/wire/collector.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/text.h"
#include "base/time.h"
#include "base/zstd.h"

namespace plumbline {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "test collector: %s\n", result.error().message.c_str());
    std::abort();
  }
  return std::move(*result);
}

Response answer(int status, const nlohmann::json& body) { return {status, "application/json", body.dump(), {}}; }

}  // namespace

TestCollector::TestCollector()
    : folder(std::filesystem::temp_directory_path() / ("plumbline-collector-" + hex(random_bytes(6)))), clock(now_seconds()) {
  std::filesystem::create_directories(folder);
  store = must(open_store("sqlite:" + (folder / "store.db").string()));
  pki.reset(new Pki{*store, must(make_authority("Test Ltd", clock)), [this] { return clock; }});
}

TestCollector::~TestCollector() {
  stop();
  pki.reset();
  store.reset();
  std::filesystem::remove_all(folder);
}

void TestCollector::start() {
  const Identity identity = must(issue_server(pki->authority, server_names, clock));
  ServerOptions options;
  options.port = port_;
  options.certificate_pem = identity.certificate_pem;
  options.private_key_pem = identity.private_key_pem;
  options.client_ca_pem = pki->authority.certificate_pem;
  options.routes = pki_routes(*pki);
  options.routes.push_back({"POST", "/v1/scans", Permission::agent, at_once([this](const Request& request) { return take(request); }), kMaxWireBytes});
  options.identify = [this](Request& request) { identify_agent(*pki, request); };
  options.refused = [this](const std::string& peer, const std::string& reason) { audit_refusal(*pki, peer, reason); };
  server_ = must(start_server(std::move(options)));
  port_ = server_->port();
}

void TestCollector::stop() { server_.reset(); }

std::string TestCollector::token() { return must(create_token(*store, pki->authority, "admin", clock)); }

void TestCollector::deny(const std::string& host_id) {
  if (!store->set_denied(host_id, true)) std::abort();
}

Response TestCollector::take(const Request& request) {
  const std::lock_guard lock(mutex_);
  if (answer_instead != 0) return problem(answer_instead, "as the test wishes");
  const auto json = decompress_zstd(request.body);
  const auto arrived = json ? read_wire(*json) : Result<Arrived>(tl::unexpected(json.error()));
  if (!arrived) return problem(400, arrived.error().message);
  const Scan* const scan = &arrived->scan;
  if (scan->host_id != request.agent_id) return problem(403, "the scan is of another host");
  Arrival arrival{scan->sequence, scan->dropped_scans, request.body.size(), scan->sections.size(), "accepted"};
  auto& last = last_[scan->host_id];
  const std::string& facts = arrived->facts;
  if (scan->sequence == last && facts == facts_[scan->host_id]) arrival.result = "duplicate";
  else if (scan->sequence <= last) arrival.result = "stale";
  else if (!arrived->base.empty() && (forget_bases || arrived->base != facts_[scan->host_id])) arrival.result = "need";
  arrivals_.push_back(arrival);
  if (arrival.result == "stale") return answer(409, {{"error", "the sequence is not above the last"}, {"sequence", last}});
  if (arrival.result == "need") {
    forget_bases = false;
    return answer(409, {{"error", "another base"}, {"need", "everything"}});
  }
  last = scan->sequence;
  facts_[scan->host_id] = facts;
  return answer(200, {{"sequence", scan->sequence}, {"result", arrival.result}});
}

std::vector<TestCollector::Arrival> TestCollector::arrivals() {
  const std::lock_guard lock(mutex_);
  return arrivals_;
}

int TestCollector::accepted(std::uint64_t sequence) {
  const auto all = arrivals();
  return static_cast<int>(std::count_if(all.begin(), all.end(), [&](const Arrival& arrival) { return arrival.sequence == sequence && arrival.result == "accepted"; }));
}

}  // namespace plumbline
