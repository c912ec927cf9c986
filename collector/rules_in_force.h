// SPDX-License-Identifier: Apache-2.0
// The rules a running collector judges with: one owner, read again when their files change. Files with mistakes change
// nothing but what the owner says about itself.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "collector/signed_packs.h"
#include "rules/pack.h"

namespace plumbline {

/// Where rules come from, as configured. What can be configured later is a member here and a line in read_rules() and in
/// fingerprint_of().
struct RulesSource {
  std::string folder;                       // holds packs/, workloads/ and catalogue/
  std::string site = {};                    // a site's own packs, overrides and waivers; empty: none
  std::optional<SignedPacks> signed_packs = std::nullopt;  // signatures that must be there
};
/// The folder of that name, or the installed one with the installed site folder where it is empty.
Result<RulesSource> find_rules(const std::string& folder, const std::string& site = {});
/// Everything that is configured, read and checked. The error names the folder and holds every mistake.
Result<std::shared_ptr<const RuleSet>> read_rules(const RulesSource& source);
/// Changes with the name, size, place or time of any file that read_rules() may read; cheap, reads no contents.
std::string fingerprint_of(const RulesSource& source);

/// What differs between two rule sets: ids of rules, sorted, and properties ("pack.name") that have other values.
struct RulesChange {
  std::vector<std::string> added, removed, changed;
  std::vector<std::string> properties;
};
RulesChange change_between(const RuleSet& before, const RuleSet& after);
/// "1 rule added (a.b), 2 removed (c.d, e.f), 1 changed (g.h)"; long lists are cut.
std::string to_text(const RulesChange& change);

/// The rules in force at one moment.
struct RulesState {
  std::shared_ptr<const RuleSet> rules;  // never nullptr
  std::int64_t since = 0;                // in force; UTC seconds
  std::string refused;                   // why newer files are not in force; empty where there is nothing newer
  std::int64_t refused_since = 0;
};

/// Safe from every thread; readers keep the set they took alive.
class RulesInForce {
 public:
  RulesInForce(std::shared_ptr<const RuleSet> rules, std::int64_t now);
  std::shared_ptr<const RuleSet> rules() const;
  RulesState state() const;
  /// What was read: comes into force where it is good and new, else is refused. Writes one line to the log where anything
  /// changed. Gives what was in force before where that was replaced.
  std::shared_ptr<const RuleSet> take(Result<std::shared_ptr<const RuleSet>> read, std::int64_t now);

 private:
  mutable std::mutex mutex_;
  RulesState state_;
};

/// How a watch looks for changes.
struct WatchTimes {
  int look_ms = 2000;   // between two looks
  int quiet_ms = 500;   // files must have stood still for so long before they are read
};

/// Reads the rules again when their files have changed, on a thread of its own; ends when it is destroyed.
class RulesWatch {
 public:
  using Changed = std::function<void(const RuleSet& before, const RuleSet& after)>;
  /// `fingerprint`: taken before the rules in force were read, so that what changed since is seen. `changed` is called on
  /// the watch's thread after other rules came into force.
  RulesWatch(RulesInForce& rules, RulesSource source, std::string fingerprint, Changed changed, WatchTimes times = {});
  RulesWatch(const RulesWatch&) = delete;
  RulesWatch& operator=(const RulesWatch&) = delete;
  ~RulesWatch();
  /// Reads now, changed or not.
  void read_now();

 private:
  void watch();
  bool wait(int milliseconds);
  void look();
  void read();

  RulesInForce& rules_;
  const RulesSource source_;
  const Changed changed_;
  const WatchTimes times_;
  std::string read_;  // the fingerprint of what was read last
  std::string seen_;  // the fingerprint of the last look
  std::mutex mutex_;
  std::condition_variable woken_;
  bool asked_ = false, stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace plumbline
