// SPDX-License-Identifier: Apache-2.0
// Mandatory access control: SELinux or AppArmor, and whether it enforces.
#include "agent/config/ini.h"
#include "agent/probes/all.h"
#include "base/text.h"

namespace plumbline {
namespace {

/// "/usr/sbin/mariadbd (enforce)"
int enforced_profiles(std::string_view text) {
  int count = 0;
  for (const std::string_view line : lines(text)) {
    if (trim(line).ends_with("(enforce)")) ++count;
  }
  return count;
}

void write_apparmor(const Host& host, Facts& facts) {
  facts.set("mac.system", "apparmor");
  const auto profiles = host.read("/sys/kernel/security/apparmor/profiles");
  if (profiles) {
    const int count = enforced_profiles(*profiles);
    facts.set("mac.apparmor_profiles", count);
    facts.set("mac.enforcing", count > 0);
  } else {
    facts.missing("mac.apparmor_profiles", profiles.error());
    facts.missing("mac.enforcing", profiles.error());
  }
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
  const auto enabled = host.read("/sys/module/apparmor/parameters/enabled", 64);
  if (enabled && trim(*enabled) == "Y") {
    write_apparmor(host, facts);
  } else if (!enabled && enabled.error().kind == ErrorKind::permission_denied) {
    facts.missing("mac.system", enabled.error());
    facts.missing("mac.enforcing", enabled.error());
  } else {
    facts.set("mac.system", "none");
    facts.set("mac.enforcing", false);
    facts.set("mac.apparmor_profiles", 0);
  }
  return {};
}

}  // namespace plumbline
