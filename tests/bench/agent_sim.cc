// SPDX-License-Identifier: Apache-2.0
// Many agents in one process, each with its own key, certificate and connection; seeded and bounded.
//   agent_sim enroll  --port P --dir DIR --tokens FILE              one agent a line of FILE
//   agent_sim load    --port P --dir DIR [--agents N] [--scans N] [--body full|changed|unchanged]
//                     [--path /v1/scans]                            prints rates and latencies as JSON
//   agent_sim deliver --port P --dir DIR --ledger FILE [--scans N]  sends each scan until it is acknowledged, through
//                     every outage, and writes a line for each acknowledgement; ends after N scans or on SIGTERM
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "base/tls.h"
#include "base/zstd.h"
#include "facts/wire.h"
#include "tests/bench/simulated_scan.h"
#include "tests/wire/client.h"

using namespace plumbline;
using plumbline::testing::simulated_scan;

namespace {

constexpr std::size_t kMostAgents = 1000;
constexpr std::size_t kMaxFile = 1u << 20;
std::atomic<bool> g_stop{false};

struct Options {
  std::string command, dir, tokens, ledger, body = "full", path = "/v1/scans";
  unsigned short port = 0;
  std::size_t agents = kMostAgents, scans = 100;
};

struct Agent {
  std::string host_id;
  Identity identity;
  std::uint64_t seed = 0;
  std::uint64_t sequence = 0;                // the last one acknowledged
  std::map<std::string, std::string> known;  // hashes the collector has
  std::unique_ptr<WireClient> connection;
};

[[noreturn]] void die(const std::string& message) {
  std::fprintf(stderr, "agent_sim: %s\n", message.c_str());
  std::exit(1);
}

Options read_options(int argc, char** argv) {
  Options options;
  if (argc < 2) die("name a command: enroll, load or deliver");
  options.command = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    const auto number = parse_u64(value).value_or(0);
    if (name == "--port") options.port = static_cast<unsigned short>(number);
    else if (name == "--dir") options.dir = value;
    else if (name == "--tokens") options.tokens = value;
    else if (name == "--ledger") options.ledger = value;
    else if (name == "--body") options.body = value;
    else if (name == "--path") options.path = value;
    else if (name == "--agents") options.agents = std::min<std::size_t>(number, kMostAgents);
    else if (name == "--scans") options.scans = number;
    else die("unknown option " + name);
  }
  return options;
}

std::string read_or_die(const std::string& path) {
  auto text = read_file(path, kMaxFile);
  if (!text) die(text.error().message);
  return *text;
}

void write_or_die(const std::string& path, const std::string& text) {
  if (auto written = write_file_atomic(path, text, 0600); !written) die(written.error().message);
}

void enroll_one(const Options& options, const std::string& token, std::size_t number) {
  const auto key = make_private_key();
  if (!key) die(key.error().message);
  const auto request = make_certificate_request(*key, "agent");
  if (!request) die(request.error().message);
  WireClient client(options.port);
  const nlohmann::json body = {{"token", token}, {"csr", *request}, {"name", "sim-" + std::to_string(number)}, {"version", "0.1.0"}};
  const WireAnswer answer = client.ask("POST", "/v1/enroll", body.dump(), "Content-Type: application/json\r\n");
  if (answer.status != 200) die("enrolment answered " + std::to_string(answer.status) + ": " + answer.body);
  const auto enrolled = nlohmann::json::parse(answer.body);
  const std::string base = options.dir + "/" + std::to_string(number);
  write_or_die(base + ".key", *key);
  write_or_die(base + ".pem", enrolled["certificate"].get<std::string>());
  write_or_die(base + ".id", enrolled["host_id"].get<std::string>());
}

int enroll(const Options& options) {
  if (auto made = make_folder(options.dir); !made) die(made.error().message);
  const std::string text = read_or_die(options.tokens);
  std::size_t number = 0;
  for (const std::string_view token : lines(text)) enroll_one(options, std::string(token), number++);
  std::printf("%zu agents enrolled\n", number);
  return 0;
}

std::vector<Agent> read_agents(const Options& options) {
  std::vector<Agent> agents;
  for (std::size_t number = 0; number < options.agents; ++number) {
    const std::string base = options.dir + "/" + std::to_string(number);
    if (!std::filesystem::exists(base + ".id")) break;
    Agent agent;
    agent.host_id = read_or_die(base + ".id");
    agent.identity = {read_or_die(base + ".key"), read_or_die(base + ".pem")};
    agent.seed = number + 1;
    agents.push_back(std::move(agent));
  }
  if (agents.empty()) die("no agents in " + options.dir + "; enrol some first");
  return agents;
}

WireAnswer post(Agent& agent, const Options& options, const std::string& body) {
  if (agent.connection == nullptr || !agent.connection->connected())
    agent.connection = std::make_unique<WireClient>(options.port, &agent.identity);
  WireAnswer answer;
  if (agent.connection->connected()) answer = agent.connection->ask("POST", options.path, body, "Content-Type: application/zstd\r\n");
  if (answer.status == 0) agent.connection.reset();
  return answer;
}

std::map<std::string, std::string> hashes_of(const Scan& scan) {
  std::map<std::string, std::string> hashes;
  for (const auto& [name, section] : scan.sections) hashes[name] = section.hash;
  return hashes;
}

/// Learns the last sequence the collector has: a scan that is refused for its sequence names it.
void learn_sequence(Agent& agent, const Options& options) {
  const WireAnswer answer = post(agent, options, compress_zstd(to_wire(simulated_scan(agent.host_id, agent.seed, 0, now_seconds()))));
  if (answer.status != 409) return;
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  if (body.is_object()) agent.sequence = body.value("sequence", std::uint64_t{0});
}

struct Tally {
  std::vector<double> milliseconds;
  std::map<int, std::size_t> statuses;
  std::size_t bytes = 0;
};

/// Bodies are made before the clock starts, so that making them costs the measured server nothing.
std::vector<std::string> prepare(Agent& agent, const Options& options) {
  std::vector<std::string> bodies;
  std::map<std::string, std::string> known;
  for (std::size_t i = 1; i <= options.scans; ++i) {
    const std::uint64_t facts = options.body == "unchanged" ? 0 : i;
    Scan scan = simulated_scan(agent.host_id, agent.seed, facts, now_seconds());
    scan.sequence = agent.sequence + i;
    bodies.push_back(compress_zstd(to_wire(scan, options.body == "full" ? std::map<std::string, std::string>{} : known)));
    known = hashes_of(scan);
  }
  return bodies;
}

void send_all(Agent& agent, const Options& options, const std::vector<std::string>& bodies, Tally& tally) {
  for (const std::string& body : bodies) {
    const auto begun = std::chrono::steady_clock::now();
    const WireAnswer answer = post(agent, options, body);
    tally.milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count());
    ++tally.statuses[answer.status];
    tally.bytes += body.size();
  }
}

void print_load(std::vector<Tally>& tallies, double seconds) {
  Tally sum;
  for (Tally& tally : tallies) {
    sum.milliseconds.insert(sum.milliseconds.end(), tally.milliseconds.begin(), tally.milliseconds.end());
    for (const auto& [status, count] : tally.statuses) sum.statuses[status] += count;
    sum.bytes += tally.bytes;
  }
  std::sort(sum.milliseconds.begin(), sum.milliseconds.end());
  const std::size_t count = sum.milliseconds.size();
  nlohmann::json statuses = nlohmann::json::object();
  for (const auto& [status, number] : sum.statuses) statuses[std::to_string(status)] = number;
  const nlohmann::json result = {{"agents", tallies.size()}, {"requests", count}, {"seconds", seconds}, {"per_second", static_cast<double>(count) / seconds},
                                 {"mean_body_bytes", sum.bytes / std::max<std::size_t>(count, 1)}, {"statuses", statuses},
                                 {"p50_ms", sum.milliseconds[count / 2]}, {"p99_ms", sum.milliseconds[count * 99 / 100]}};
  std::puts(result.dump(1).c_str());
}

int load(const Options& options) {
  std::vector<Agent> agents = read_agents(options);
  std::vector<std::vector<std::string>> bodies(agents.size());
  std::vector<Tally> tallies(agents.size());
  for (std::size_t i = 0; i < agents.size(); ++i) {
    if (options.path == "/v1/scans") learn_sequence(agents[i], options);
    bodies[i] = prepare(agents[i], options);
  }
  const auto begun = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < agents.size(); ++i) threads.emplace_back([&, i] { send_all(agents[i], options, bodies[i], tallies[i]); });
  for (std::thread& thread : threads) thread.join();
  print_load(tallies, std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  return 0;
}

/// One agent's life: each scan until it is acknowledged, then a line in the ledger. An agent learns nothing from a
/// connection that broke: it sends the same bytes again, as one with a spool does.
void live(Agent& agent, const Options& options, std::FILE* ledger, std::mutex& ledger_mutex) {
  std::mt19937_64 jitter(agent.seed);
  for (std::size_t done = 0; done < options.scans && !g_stop;) {
    const Scan scan = simulated_scan(agent.host_id, agent.seed, agent.sequence + 1, now_seconds());
    std::string body = compress_zstd(to_wire(scan, agent.known));
    while (!g_stop) {
      const WireAnswer answer = post(agent, options, body);
      if (answer.status == 409 && contains(answer.body, "\"need\"")) {
        body = compress_zstd(to_wire(scan));
        continue;
      }
      if (answer.status == 200) {
        const std::lock_guard lock(ledger_mutex);
        std::fprintf(ledger, "%s %llu %s\n", agent.host_id.c_str(), static_cast<unsigned long long>(scan.sequence), facts_hash(scan).c_str());
        std::fflush(ledger);
        break;
      }
      if (answer.status != 0 && answer.status != 503 && answer.status != 429)
        die("agent " + std::to_string(agent.seed) + " scan " + std::to_string(scan.sequence) + " got " + std::to_string(answer.status) + ": " + answer.body);
      constexpr std::uint64_t kMostWaitMilliseconds = 60;
      std::this_thread::sleep_for(std::chrono::milliseconds(jitter() % kMostWaitMilliseconds));
    }
    if (g_stop) return;
    agent.known = hashes_of(scan);
    agent.sequence = scan.sequence;
    ++done;
  }
}

int deliver(const Options& options) {
  std::vector<Agent> agents = read_agents(options);
  std::FILE* ledger = std::fopen(options.ledger.c_str(), "w");
  if (ledger == nullptr) die("cannot write " + options.ledger);
  std::mutex ledger_mutex;
  std::vector<std::thread> threads;
  for (Agent& agent : agents) threads.emplace_back([&] { live(agent, options, ledger, ledger_mutex); });
  for (std::thread& thread : threads) thread.join();
  std::fclose(ledger);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGTERM, [](int) { g_stop = true; });
  const Options options = read_options(argc, argv);
  if (options.command == "enroll") return enroll(options);
  if (options.command == "load") return load(options);
  if (options.command == "deliver") return deliver(options);
  die("unknown command " + options.command);
}
