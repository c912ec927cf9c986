// SPDX-License-Identifier: Apache-2.0
// The memory of probes that had to be ended, as a small JSON file in the state folder.
#include "agent/manners/history.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxFileBytes = 64u << 10;
constexpr std::size_t kMaxProbes = 64;
constexpr std::uint64_t kStrikesBeforeWait = 2;
constexpr std::int64_t kFirstWaitSeconds = 6 * 3600;
constexpr std::int64_t kLongestWaitSeconds = 7 * 86400;

std::int64_t wait_after(std::uint64_t strikes) {
  if (strikes < kStrikesBeforeWait) return 0;
  const auto doublings = std::min<std::uint64_t>(strikes - kStrikesBeforeWait, 10);
  return std::min(kFirstWaitSeconds << doublings, kLongestWaitSeconds);
}

Strikes read_strikes(const json& entry) {
  Strikes strikes;
  if (!entry.is_object()) return strikes;
  const auto number = [&](const char* key) {
    const auto found = entry.find(key);
    return found != entry.end() && found->is_number_unsigned()
               ? std::min<std::uint64_t>(found->get<std::uint64_t>(), INT64_MAX / 2)
               : 0;
  };
  strikes.count = number("strikes");
  strikes.skipped_until = static_cast<std::int64_t>(number("until"));
  if (const auto outcome = entry.find("outcome"); outcome != entry.end() && outcome->is_string())
    strikes.outcome = outcome->get<std::string>();
  return strikes;
}

}  // namespace

ProbeHistory ProbeHistory::load(std::string path, std::string agent_version, std::string boot) {
  ProbeHistory history;
  history.path_ = std::move(path);
  history.agent_version_ = std::move(agent_version);
  history.boot_ = std::move(boot);
  const auto text = read_file(history.path_, kMaxFileBytes);
  const auto document = text ? parse_json(*text) : Result<json>(json());
  if (!document || !document->is_object()) return history;
  if (document->value("agent", json()) != history.agent_version_ ||
      document->value("boot", json()) != history.boot_)
    return history;
  const auto probes = document->find("probes");
  if (probes == document->end() || !probes->is_object() || probes->size() > kMaxProbes) return history;
  for (const auto& [name, entry] : probes->items()) {
    const auto strikes = read_strikes(entry);
    if (strikes.count > 0) history.strikes_.emplace(name, strikes);
  }
  return history;
}

const Strikes* ProbeHistory::left_out(std::string_view probe, std::int64_t now) const {
  const auto found = strikes_.find(probe);
  if (found == strikes_.end() || now >= found->second.skipped_until) return nullptr;
  const bool set_back = found->second.skipped_until - now > kLongestWaitSeconds;
  return set_back ? nullptr : &found->second;
}

const Strikes& ProbeHistory::strike(std::string_view probe, std::string_view outcome, std::int64_t now) {
  changed_ = true;
  auto& strikes = strikes_[std::string(probe)];
  ++strikes.count;
  strikes.outcome = std::string(outcome);
  const auto wait = wait_after(strikes.count);
  strikes.skipped_until = wait > 0 ? now + wait : 0;
  return strikes;
}

void ProbeHistory::forgive(std::string_view probe) {
  const auto found = strikes_.find(probe);
  if (found == strikes_.end()) return;
  strikes_.erase(found);
  changed_ = true;
}

Result<void> ProbeHistory::save() {
  if (path_.empty() || !changed_) return {};
  json probes = json::object();
  for (const auto& [name, strikes] : strikes_)
    probes[name] = {{"strikes", strikes.count}, {"until", strikes.skipped_until}, {"outcome", strikes.outcome}};
  const json document = {{"agent", agent_version_}, {"boot", boot_}, {"probes", std::move(probes)}};
  auto written = write_file_atomic(path_, document.dump(1) + "\n", 0600);
  if (written) changed_ = false;
  return written;
}

}  // namespace plumbline
