// SPDX-License-Identifier: Apache-2.0
// Whether the clock is disciplined, and by what.
#include <algorithm>
#include <array>

#include "agent/config/time_sources.h"
#include "agent/machine.h"
#include "agent/probes/all.h"
#include "agent/services.h"
#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

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

/// "/usr/share/zoneinfo/Europe/Berlin" to "Europe/Berlin"; empty where nothing tells.
Result<std::string> zone_of(const Host& host) {
  const auto link = host.read_link("/etc/localtime");
  if (!link && link.error().kind == ErrorKind::permission_denied) return tl::unexpected<Error>(link.error());
  const std::size_t at = link ? link->find("zoneinfo/") : std::string::npos;
  if (at != std::string::npos) return link->substr(at + 9);
  const auto text = host.read("/etc/timezone", 4096);
  if (!text && text.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(text.error());
  return text ? std::string(trim(*text)) : std::string();
}

void write_service(Machine& machine, Facts& facts) {
  const auto& processes = machine.processes();
  if (!processes) return facts.missing("time.service", processes.error());
  const std::string service = time_service(*processes);
  const auto unseen = service == "none" ? unseen_processes(machine) : std::nullopt;
  if (unseen)
    facts.missing("time.service", *unseen);
  else
    facts.set("time.service", service);
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
  write_service(machine, facts);
  const Layered settings = read_time_settings(host, machine);
  if (settings.unread)
    facts.missing("time.settings", *settings.unread);
  else
    facts.set("time.settings", settings.values);
  if (const auto zone = zone_of(host); !zone || !zone->empty()) facts.set("time.zone", zone);
  return {};
}

}  // namespace plumbline
