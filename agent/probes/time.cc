// SPDX-License-Identifier: Apache-2.0
// Whether the clock is disciplined, and by what.
#include <algorithm>
#include <array>

#include "agent/config/time_sources.h"
#include "agent/machine.h"
#include "agent/probes/all.h"
#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxTimeBytes = 1u << 20;

std::string time_service(const std::vector<Process>& processes) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> services = {
      {{"chronyd", "chrony"},
       {"systemd-timesyn", "systemd-timesyncd"},
       {"ntpd", "ntpd"},
       {"ntpsec", "ntpd"},
       {"openntpd", "ntpd"},
       {"ptp4l", "ptp"}}};
  for (const auto& [process, service] : services) {
    if (std::any_of(processes.begin(), processes.end(),
                    [name = process](const Process& one) { return one.name == name; }))
      return std::string(service);
  }
  return "none";
}

/// "/usr/share/zoneinfo/Europe/Berlin" to "Europe/Berlin".
std::string zone_of(const Host& host) {
  if (const auto link = host.read_link("/etc/localtime")) {
    const std::size_t at = link->find("zoneinfo/");
    if (at != std::string::npos) return link->substr(at + 9);
  }
  const auto text = host.read("/etc/timezone", 4096);
  return text ? std::string(trim(*text)) : std::string();
}

}  // namespace

Result<void> probe_time(const Host& host, Machine& machine, Facts& facts) {
  const auto answer = host.ask("adjtimex");
  const auto json =
      answer ? parse_json(*answer) : Result<nlohmann::json>(tl::unexpected<Error>(answer.error()));
  if (json && json->is_object() && json->contains("synchronized") && json->at("synchronized").is_boolean()) {
    facts.set("time.synchronized", json->at("synchronized").get<bool>());
  } else if (host.stat("/run/systemd/timesync/synchronized")) {
    facts.set("time.synchronized", true);
  } else {
    facts.missing(
        "time.synchronized",
        json ? Error{ErrorKind::invalid, "adjtimex: an answer without 'synchronized'"} : json.error());
  }
  const auto& processes = machine.processes();
  if (processes)
    facts.set("time.service", time_service(*processes));
  else
    facts.missing("time.service", processes.error());
  for (const char* path : {"/etc/chrony/chrony.conf", "/etc/chrony.conf", "/etc/ntpsec/ntp.conf", "/etc/ntp.conf"}) {
    const auto text = host.read_redacted(path, redact_time_sources, kMaxTimeBytes);
    if (!text && text.error().kind != ErrorKind::not_found) facts.missing("time.settings", text.error());
  }
  facts.set("time.settings", read_time_settings(host, machine).values);
  if (const std::string zone = zone_of(host); !zone.empty()) facts.set("time.zone", zone);
  return {};
}

}  // namespace plumbline
