// SPDX-License-Identifier: Apache-2.0
// Goal P6: how long it takes to judge a stored fleet again, and what it costs by stage.
//   rejudge_bench fill URL HOSTS RULES     fills an empty store; 2,000 different hosts, each as often as it takes
//   rejudge_bench run URL RULES [THREADS]  judges everything again as `serve` does; prints a Markdown table
//   rejudge_bench stages URL RULES         the same on one thread, stage by stage; writes into the store as well
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "base/file.h"
#include "base/text.h"
#include "collector/judging.h"
#include "collector/rejudging.h"
#include "tests/bench/simulated_scan.h"

using namespace plumbline;

namespace {

constexpr std::size_t kDifferentHosts = 2000;
constexpr std::size_t kGroup = 256;
constexpr std::int64_t kTakenAt = 1'795'000'000;
constexpr std::size_t kChecked = 50;  // hosts whose new judgement is compared with a fresh one

[[noreturn]] void die(const std::string& message) {
  std::fprintf(stderr, "rejudge_bench: %s\n", message.c_str());
  std::exit(1);
}

template <class T>
T need(Result<T> result) {
  if (!result) die(result.error().message);
  return std::move(*result);
}
void need(Result<void> result) {
  if (!result) die(result.error().message);
}

double seconds_now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// From here on peak_mib() is the most memory used since this call.
void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }
double memory_mib(std::string_view key) {
  const std::string status = need(read_file("/proc/self/status", 1u << 20));
  for (const std::string_view line : lines(status))  // "VmHWM:     12345 kB"
    if (line.substr(0, key.size()) == key) return static_cast<double>(parse_u64(words(line)[1]).value_or(0)) / 1024;
  return 0;
}

std::string host_id(std::size_t number) {
  constexpr std::size_t kIdDigits = 32;
  std::string digits = std::to_string(number);
  return std::string(kIdDigits - digits.size(), '0') + digits;
}

// The rules' own hash is never this: everything filled in is to be judged again.
const std::string kEarlierRules(64, '0');

void fill(const std::string& url, std::size_t hosts, const RuleSet& rules) {
  auto store = need(open_store(url));
  if (!need(store->hosts()).empty()) die("the store is not empty");
  std::vector<StoredScan> different, group;
  for (std::size_t i = 0; i < std::min(hosts, kDifferentHosts); ++i) {
    different.push_back(judge_for_store(testing::simulated_scan(host_id(i), i + 1, 1, kTakenAt), rules, kTakenAt));
    different.back().rules_hash = kEarlierRules;
  }
  for (std::size_t i = 0; i < hosts; ++i) {
    need(store->add_host(host_id(i), "sim-" + std::to_string(i), kTakenAt));
    group.push_back(different[i % different.size()]);
    group.back().host_id = host_id(i);
    if (group.size() < kGroup && i + 1 < hosts) continue;
    need(store->accept(group));
    group.clear();
  }
  std::printf("%zu hosts, %zu bytes of compressed scan each (the first)\n", hosts, different.front().document_zstd.size());
}

// What the background wrote is what a fresh judgement gives.
void check(Store& store, const RuleSet& rules, const std::vector<HostRow>& rows) {
  StoredJudge judge;
  for (std::size_t i = 0; i < rows.size(); i += std::max<std::size_t>(1, rows.size() / kChecked)) {
    const auto scan = need(store.latest_scan(rows[i].id));
    if (!scan || scan->rules_hash != rules.hash) die("host " + rows[i].id + " was not judged again");
    if (scan->judgement != need(judge.judge({scan->host_id, scan->sequence, scan->taken_at, scan->document_zstd}, rules)))
      die("host " + rows[i].id + " has another judgement than a fresh one");
  }
}

void run(const std::string& url, const std::shared_ptr<const RuleSet>& rules, unsigned threads) {
  auto store = need(open_store(url));
  const std::size_t before = need(store->count_to_rejudge(rules->hash));
  const RulesInForce in_force(rules, kTakenAt);
  RejudgingOptions options;
  options.threads = threads;
  options.nice = 0;
  const double memory = memory_mib("VmRSS:");
  forget_peak();
  const double cpu = cpu_seconds(), begun = seconds_now();
  Rejudging rejudging(*store, in_force, options);
  rejudging.finish();
  const double took = seconds_now() - begun, used = cpu_seconds() - cpu, peak = memory_mib("VmHWM:");
  if (rejudging.progress().done != before || need(store->count_to_rejudge(rules->hash)) != 0) die("something was left out");
  if (rejudging.progress().unreadable > 0) die("some scans could not be read");
  check(*store, *rules, need(store->hosts()));
  std::printf("| hosts | rules | threads | seconds | hosts/s | CPU s | µs of CPU a host | memory before, MiB | peak, MiB |\n|---|---|---|---|---|---|---|---|---|\n");
  std::printf("| %zu | %zu | %u | %.1f | %.0f | %.1f | %.0f | %.0f | %.0f |\n", before, rules->rules.size(), threads, took,
              static_cast<double>(before) / took, used, used * 1e6 / static_cast<double>(before), memory, peak);
}

void stages(const std::string& url, const RuleSet& rules) {
  auto store = need(open_store(url));
  double read = 0, inflate = 0, parse = 0, derive = 0, judging = 0, pack = 0, write = 0;
  const auto timed = [](double& total, auto&& work) {
    const double begun = cpu_seconds();
    work();
    total += cpu_seconds() - begun;
  };
  ZstdReader zstd;
  FactReader reader;
  std::size_t hosts = 0;
  std::string after;
  std::vector<Rejudged> group;
  for (;;) {
    std::vector<StoredDocument> page;
    timed(read, [&] { page = need(store->scans_to_rejudge(rules.hash, Which::latest, after, {})); });
    for (const StoredDocument& stored : page) {
      std::string_view text;
      cel::Document* facts = nullptr;
      Judgement judgement;
      timed(inflate, [&] { text = need(zstd.read(stored.document_zstd)); });
      timed(parse, [&] { facts = need(reader.read_scan(text)); });
      timed(derive, [&] { derive_facts(*facts, rules.catalogue, stored.taken_at); });
      timed(judging, [&] { judgement = judge(rules, *facts); });
      timed(pack, [&] { group.push_back({stored.host_id, stored.sequence, pack_judgement(judgement)}); });
    }
    hosts += page.size();
    if (!page.empty()) after = page.back().host_id;
    if (group.size() + PageLimits().scans <= kMostRejudged && !page.empty()) continue;
    timed(write, [&] { need(store->rejudge_many(rules.hash, group)); });
    group.clear();
    if (page.empty()) break;
  }
  if (hosts == 0) die("nothing is left to judge again in this store; fill another");
  std::printf("| stage | µs of CPU a host |\n|---|---|\n");
  for (const auto& [name, total] : {std::pair{"read a page", read}, {"inflate", inflate}, {"read into cells", parse}, {"derive facts", derive},
                                    {"judge", judging}, {"pack", pack}, {"write a group", write}})
    std::printf("| %s | %.1f |\n", name, total * 1e6 / static_cast<double>(hosts));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 3) die("name fill, run or stages, the store's URL and the folder of the rules");
  const auto rules = need(load_rules(words.at(words[0] == "fill" && words.size() > 3 ? 3 : 2)));
  if (words[0] == "fill" && words.size() > 3) return fill(words[1], parse_u64(words[2]).value_or(0), *rules), 0;
  constexpr unsigned kThreads = 2;
  if (words[0] == "run") return run(words[1], rules, words.size() > 3 ? static_cast<unsigned>(parse_u64(words[3]).value_or(kThreads)) : kThreads), 0;
  if (words[0] == "stages") return stages(words[1], *rules), 0;
  die("unknown command " + words[0]);
}
