// SPDX-License-Identifier: Apache-2.0
// One scan: each probe in its turn, timed, with its own failures.
#include "agent/scan.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <new>
#include <nlohmann/json.hpp>

#include "agent/container.h"
#include "agent/machine.h"
#include "agent/probe.h"
#include "agent/read.h"
#include "base/text.h"
#include "base/time.h"

namespace plumbline {
namespace {

constexpr const char* kOutOfMemory = "out of memory";
constexpr unsigned kReadSearchCapability = 2;  // CAP_DAC_READ_SEARCH: reads every file

using Clock = std::chrono::steady_clock;

double to_ms(Clock::duration time) {
  return std::round(std::chrono::duration<double, std::micro>(time).count()) / 1000;
}

double cpu_ms() {
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const struct timeval& time) {
    return static_cast<double>(time.tv_sec) * 1000 + static_cast<double>(time.tv_usec) / 1000;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

/// Whether the host lets this agent read what only root may.
bool is_privileged(const Host& host) {
  const auto answer = host.ask("privileges");
  const auto privileges = answer ? nlohmann::json::parse(*answer, nullptr, false) : nlohmann::json();
  if (!privileges.is_object()) return false;
  const auto capabilities = privileges.find("capabilities");
  if (capabilities == privileges.end() || !capabilities->is_string()) return false;
  return (parse_hex(capabilities->get_ref<const std::string&>()).value_or(0) >> kReadSearchCapability & 1u) !=
         0;
}

/// The seam where an exception of a library (out of memory, a wrong type in JSON) ends: it costs one section.
Result<void> run_safely(const Probe& probe, const Host& host, Machine& machine, Facts& facts) {
  try {
    return probe.run(host, machine, facts);
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::limit, kOutOfMemory);
  } catch (const std::exception& failure) {
    return fail(ErrorKind::io, std::string(probe.name) + ": " + failure.what());
  }
}

}  // namespace

Result<void> check_wanted(const std::vector<std::string>& only, const std::vector<Probe>& among) {
  std::vector<std::string> known;
  for (const auto& probe : among) known.emplace_back(probe.name);
  for (const auto& name : only) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto near = did_you_mean(name, known);
    return fail(ErrorKind::invalid,
                "no section \"" + printable(name) + "\"; " +
                    (near ? "did you mean \"" + *near + "\"?" : "there are " + join(known, ", ")));
  }
  return {};
}

bool is_wanted(const std::vector<std::string>& only, std::string_view name) {
  return only.empty() || std::find(only.begin(), only.end(), name) != only.end();
}

nlohmann::json head_json(const Host& host) {
  const auto now = host.ask("now");
  const auto seconds = now ? parse_i64(trim(*now)) : std::nullopt;
  return {{"taken_at", seconds.value_or(0) != 0 ? *seconds : now_seconds()}, {"privileged", is_privileged(host)}};
}

ProbeRun run_probe(const Probe& probe, const Host& host, Machine& machine) {
  ProbeRun run;
  const auto start = Clock::now();
  Facts facts(run.section);
  if (const auto done = run_safely(probe, host, machine, facts); !done) {
    run.section.data = nlohmann::json::object();
    facts.missing(probe.name, done.error());
    run.section.status = SectionStatus::failed;
    run.out_of_memory = done.error().kind == ErrorKind::limit && done.error().message == kOutOfMemory;
  }
  hide_what_containers_hide(host, machine, probe.name, run.section);
  run.section.took_ms = to_ms(Clock::now() - start);
  return run;
}

std::uint64_t peak_memory_bytes() {
  // getrusage would tell the peak of whoever started us, if that was larger: it survives exec
  if (const auto status = live_host()->read("/proc/self/status")) {
    if (const auto peak = meminfo_bytes(*status, "VmHWM")) return *peak;
  }
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

Result<Scan> take_scan(const Host& host, const ScanOptions& options) {
  if (const auto good = check_wanted(options.only, probes()); !good) return tl::unexpected<Error>(good.error());
  const auto start = Clock::now();
  const double cpu_before = cpu_ms();
  Scan scan;
  scan.agent_version = PLUMBLINE_VERSION;
  Machine machine(host);
  scan.taken_at = machine.now() != 0 ? machine.now() : now_seconds();
  scan.privileged = is_privileged(host);
  for (const auto& probe : probes()) {
    if (is_wanted(options.only, probe.name))
      scan.sections.emplace(probe.name, run_probe(probe, host, machine).section);
  }
  hash_sections(scan);
  scan.took_ms = to_ms(Clock::now() - start);
  scan.cpu_ms = std::round((cpu_ms() - cpu_before) * 1000) / 1000;
  scan.peak_memory_bytes = peak_memory_bytes();
  return scan;
}

}  // namespace plumbline
