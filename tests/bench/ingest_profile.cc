// SPDX-License-Identifier: Apache-2.0
// What one scan costs the collector, stage by stage, on one thread and without a socket or a disk.
//   ingest_profile RULES [--rounds N] [SCAN.json]     default: a simulated host; prints a Markdown table
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file.h"
#include "base/text.h"
#include "base/zstd.h"
#include "collector/ingest/base_cache.h"
#include "collector/judging.h"
#include "rules/fact_values.h"
#include "rules/pack.h"
#include "tests/bench/simulated_scan.h"

using namespace plumbline;

namespace {

constexpr std::size_t kMaxDocument = 16u << 20;
constexpr std::int64_t kTakenAt = 1'795'000'000;

[[noreturn]] void die(const std::string& message) {
  std::fprintf(stderr, "ingest_profile: %s\n", message.c_str());
  std::exit(1);
}

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

void measure(const char* name, std::size_t rounds, const std::function<void()>& stage) {
  const double begun = cpu_us();
  for (std::size_t i = 0; i < rounds; ++i) stage();
  std::printf("| %s | %.1f |\n", name, (cpu_us() - begun) / static_cast<double>(rounds));
}

std::string document_of(const std::string& path) {
  if (path.empty()) return to_json(testing::simulated_scan(std::string(32, 'a'), 1, 1, kTakenAt));
  auto text = read_file(path, kMaxDocument);
  if (!text) die(text.error().message);
  return *text;
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder, path;
  std::size_t rounds = 1000;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--rounds" && i + 1 < argc) rounds = parse_u64(argv[++i]).value_or(rounds);
    else (folder.empty() ? folder : path) = word;
  }
  if (folder.empty()) die("name the folder of the rules");
  const auto loaded = load_rules(folder);
  if (!loaded) die(loaded.error().message);
  const RuleSet& rules = **loaded;
  const std::string document = document_of(path);
  const std::string body = compress_zstd(document);
  const auto scan = read_scan(document);
  if (!scan) die(scan.error().message);
  std::printf("%zu bytes of JSON, %zu of zstd, %zu rules; CPU of one thread\n\n| stage | µs a scan |\n|---|---|\n", document.size(), body.size(), rules.rules.size());
  measure("inflate", rounds, [&] { if (!decompress_zstd(body)) die("inflate"); });
  measure("parse", rounds, [&] { if (!parse_json(document)) die("parse"); });
  measure("parse, check, compare hashes", rounds, [&] { if (!read_scan(document)) die("read"); });
  FactReader reader;
  const auto read_document = [&](std::string_view json) {
    auto read = reader.read_scan(json);
    if (!read) die(read.error().message);
    return *read;
  };
  measure("read into a document", rounds, [&] { read_document(document); });
  cel::Document& facts = *read_document(document);
  measure("derive facts on it", rounds, [&] { derive_facts(facts, rules.catalogue, kTakenAt); });
  measure("judge it", rounds, [&] { judge(rules, facts); });
  measure("a stored scan: inflate, read, derive, judge, pack", rounds, [&] {
    const auto stored = decompress_zstd(body);
    cel::Document& one = *read_document(*stored);
    derive_facts(one, rules.catalogue, kTakenAt);
    pack_judgement(judge(rules, one));
  });
  measure("write the document", rounds, [&] { to_json(*scan); });
  measure("compress", rounds, [&] { compress_zstd(document); });
  measure("estimate its memory", rounds, [&] { approximate_bytes(*scan); });
  measure("all of it", rounds, [&] {
    auto read = read_scan(*decompress_zstd(body));
    judge_for_store(*read, rules, kTakenAt);
    approximate_bytes(*read);
  });
}
