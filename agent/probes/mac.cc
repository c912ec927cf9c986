// SPDX-License-Identifier: Apache-2.0
// Mandatory access control: SELinux or AppArmor, and whether it enforces.
#include "agent/config/ini.h"
#include "agent/probes/all.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::string_view kEnabled = "/sys/module/apparmor/parameters/enabled";
constexpr std::string_view kProfiles = "/sys/kernel/security/apparmor/profiles";

/// "/usr/sbin/mariadbd (enforce)"; invalid where a line is no profile.
Result<int> enforced_profiles(std::string_view text) {
  int count = 0;
  for (const std::string_view raw : lines(text)) {
    const std::string_view line = trim(raw);
    if (line.empty()) continue;
    if (!line.ends_with(')')) return fail(ErrorKind::invalid, "no profile of AppArmor: " + std::string(kProfiles));
    if (line.ends_with("(enforce)")) ++count;
  }
  return count;
}

/// "Y"
Result<bool> apparmor_is_on(const Host& host) {
  const auto text = host.read(kEnabled, 64);
  if (!text && text.error().kind == ErrorKind::not_found) return false;
  if (!text) return tl::unexpected<Error>(text.error());
  if (trim(*text) != "Y" && trim(*text) != "N") return fail(ErrorKind::invalid, "neither Y nor N: " + std::string(kEnabled));
  return trim(*text) == "Y";
}

void write_apparmor(const Host& host, Facts& facts) {
  facts.set("mac.system", "apparmor");
  const auto profiles = host.read(kProfiles);
  const auto count = profiles ? enforced_profiles(*profiles) : Result<int>(tl::unexpected<Error>(profiles.error()));
  facts.set("mac.apparmor_profiles", count);
  if (count) facts.set("mac.enforcing", *count > 0);
  else facts.missing("mac.enforcing", count.error());
}

}  // namespace

Result<void> probe_mac(const Host& host, Machine&, Facts& facts) {
  if (const auto enforce = host.read("/sys/fs/selinux/enforce", 64)) {
    facts.set("mac.system", "selinux");
    facts.set("mac.enforcing", trim(*enforce) == "1");
    return {};
  } else if (enforce.error().kind == ErrorKind::permission_denied) {
    facts.set("mac.system", "selinux");
    facts.missing("mac.enforcing", enforce.error());
    return {};
  }
  const auto enabled = apparmor_is_on(host);
  if (enabled && *enabled) {
    write_apparmor(host, facts);
  } else if (!enabled) {
    facts.missing("mac.system", enabled.error());
    facts.missing("mac.enforcing", enabled.error());
    facts.missing("mac.apparmor_profiles", enabled.error());
  } else {
    facts.set("mac.system", "none");
    facts.set("mac.enforcing", false);
    facts.set("mac.apparmor_profiles", 0);
  }
  return {};
}

}  // namespace plumbline
