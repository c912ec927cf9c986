// SPDX-License-Identifier: Apache-2.0
// Loads a TLS server with client certificates and says what it cost the server: one body posted again and again over
// kept connections, or handshakes alone: each is finished by both sides before the connection ends.
//   wire_load post       --port P --key F --cert F --pid PID[,PID] --body F [--connections N] [--requests N] [--path /sink]
//   wire_load handshakes --port P --key F --cert F --pid PID[,PID] [--connections N] [--requests N]
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "tests/wire/client.h"

using namespace plumbline;

namespace {

struct Options {
  std::string command, path = "/sink", pids, body;
  Identity identity;
  unsigned short port = 0;
  std::size_t connections = 8, requests = 20'000;
};

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "wire_load: %s\n", what.c_str());
  std::exit(1);
}

std::string text_of(const std::string& path) {
  auto text = read_file(path, 64u << 20);
  if (!text) die(text.error().message);
  return *text;
}

Options read_options(int argc, char** argv) {
  Options options;
  if (argc < 2) die("say post or handshakes");
  options.command = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i], value = argv[i + 1];
    const auto number = parse_u64(value).value_or(0);
    if (name == "--port") options.port = static_cast<unsigned short>(number);
    else if (name == "--key") options.identity.private_key_pem = text_of(argv[i + 1]);
    else if (name == "--cert") options.identity.certificate_pem = text_of(argv[i + 1]);
    else if (name == "--body") options.body = text_of(argv[i + 1]);
    else if (name == "--pid") options.pids = value;
    else if (name == "--path") options.path = value;
    else if (name == "--connections") options.connections = number;
    else if (name == "--requests") options.requests = number;
    else die("unknown option " + std::string(name));
  }
  return options;
}

/// User and system time of the processes, seconds; fields 14 and 15 of /proc/PID/stat.
double cpu_seconds(const std::string& pids) {
  double sum = 0;
  for (const std::string_view pid : split(pids, ',')) {
    const std::string text = text_of("/proc/" + std::string(pid) + "/stat");
    const auto fields = words(std::string_view(text).substr(text.rfind(')') + 1));
    sum += static_cast<double>(parse_u64(fields[11]).value_or(0) + parse_u64(fields[12]).value_or(0));
  }
  return sum / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

bool is_good(const WireAnswer& answer) { return answer.status >= 200 && answer.status < 300; }

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  const bool handshakes = options.command == "handshakes";
  std::atomic<std::size_t> left{options.requests}, good{0};
  const auto take = [&] {
    std::size_t seen = left.load();
    while (seen > 0 && !left.compare_exchange_weak(seen, seen - 1)) {
    }
    return seen > 0;
  };
  const auto work = [&] {
    std::unique_ptr<WireClient> kept;
    while (take()) {
      if (handshakes) {
        WireClient client(options.port, &options.identity);
        client.leave();
        if (client.connected()) ++good;
        continue;
      }
      if (!kept) kept = std::make_unique<WireClient>(options.port, &options.identity);
      const WireAnswer answer = kept->ask("POST", options.path, options.body, "Content-Type: application/zstd\r\n");
      if (is_good(answer)) ++good;
      else kept.reset();
    }
  };
  const double cpu_before = cpu_seconds(options.pids);
  const auto begun = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < options.connections; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  const double cpu = cpu_seconds(options.pids) - cpu_before;
  const auto count = static_cast<double>(good.load());
  std::printf("{\"good\":%.0f,\"of\":%zu,\"seconds\":%.2f,\"per_second\":%.0f,\"server_cpu_seconds\":%.2f,\"per_cpu_second\":%.0f}\n", count,
              options.requests, seconds, count / seconds, cpu, cpu > 0 ? count / cpu : 0);
  return good == options.requests ? 0 : 1;
}
