// SPDX-License-Identifier: Apache-2.0
// The scan document: all facts of a host at one time, by section; its canonical bytes and hashes.
//
//   {"schema":1,"host_id":"…","sequence":7,"taken_at":"2026-11-23T19:35:00Z",
//    "agent":{"version":"0.1.0","privileged":true,"cpu_ms":41.2,"peak_memory_bytes":9437184,"took_ms":55.1,
//             "confined":["seccomp","landlock 6"],
//             "probes":{"storage":{"outcome":"time","took_ms":20003,"cpu_ms":1,"strikes":2,"left_out_until":1795466100}}},
//    "sections":{"cpu":{"status":"ok","hash":"<sha256>","took_ms":1.9,
//                       "data":{…facts…},"missing":{"cpu.max_mhz":"not found: /sys/…"}}}}
//
// `hash` is over the canonical JSON of {"data":…,"missing":…,"status":…}: it changes only when a fact does. What travels
// to a collector is less: facts/wire.h.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace plumbline {

inline constexpr int kScanSchema = 1;

/// The collector's own section: what it remembers of the scans before this one. What an agent sends under this name is
/// dropped, and no facts hash counts it.
inline constexpr std::string_view kHistorySection = "history";

enum class SectionStatus { ok, partial, failed };  // partial: some facts are in `missing`; failed: all are

struct Section {
  SectionStatus status = SectionStatus::ok;
  double took_ms = 0;
  nlohmann::json data = nlohmann::json::object();  // nested objects and lists as the catalog's paths say
  std::map<std::string, std::string> missing;      // catalog path → why it could not be read
  std::string hash;                                // 64 hexadecimal digits
};

/// A probe that the agent ended, or left out because it had to be ended before (goal R15).
struct EndedProbe {
  std::string outcome;  // "time", "processor", "memory", "files", "crash" or "left out"
  double took_ms = 0;
  double cpu_ms = 0;
  std::uint64_t strikes = 0;        // in a row, this one counted
  std::int64_t left_out_until = 0;  // UTC seconds; 0 where the next scan tries again
};

struct Scan {
  std::string host_id;  // 32 hexadecimal digits, born at enrolment; empty in a scan that was never enrolled
  std::uint64_t sequence = 0;
  std::int64_t taken_at = 0;  // UTC seconds, the host's clock
  std::string agent_version;
  bool privileged = false;    // whether the agent could read what only root may
  double cpu_ms = 0;
  double took_ms = 0;
  std::uint64_t peak_memory_bytes = 0;
  std::uint64_t dropped_scans = 0;  // lost from the agent's full spool since the last delivered scan
  std::map<std::string, EndedProbe> ended;  // by probe; "probes" of the document's "agent", mostly empty
  std::vector<std::string> confined;        // what held the agent's reader: "seccomp", "landlock 6"
  std::map<std::string, Section> sections;
};

/// Sets every section's hash from its contents.
void hash_sections(Scan& scan);
/// The hash of one section's contents.
std::string hash_of(const Section& section);
/// SHA-256 over the section names and hashes, kHistorySection left out: equal facts, equal hash.
std::string facts_hash(const Scan& scan);

/// The whole document, as files hold it; facts/wire.h has the one that travels.
std::string to_json(const Scan& scan);
/// Whether every fact of the section `name` has the type that the catalog says; the message names the one that has not.
Result<void> check_section(const std::string& name, const Section& section);
/// Reads and checks a document from outside: schema, ids, the type of every field, every fact against the catalog (a
/// wrong type is refused by path; facts the catalog lacks, as a newer agent sends, are kept for a newer collector),
/// hashes compared with the contents.
Result<Scan> read_scan(std::string_view json, const JsonLimits& limits = {});

/// Sections' data merged under their names, what rules are judged on: {"cpu":{…},"memory":{…}}.
nlohmann::json facts_of(const Scan& scan);

/// A host id: 32 hexadecimal digits from the system's generator.
std::string make_host_id();
bool is_host_id(std::string_view text);

}  // namespace plumbline
