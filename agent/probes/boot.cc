// SPDX-License-Identifier: Apache-2.0
// Firmware, Secure Boot, TPM and the rights of the boot loader's configuration.
#include <optional>

#include "agent/probes/all.h"
#include "base/text.h"

namespace plumbline {
namespace {

/// "none" only where both places could be looked at: /boot/grub2 is often closed to all but root.
void write_grub_config_mode(const Host& host, Facts& facts) {
  std::optional<Error> unread;
  for (const std::string path : {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"}) {
    const auto stat = host.stat(path);
    if (!stat) {
      if (stat.error().kind != ErrorKind::not_found) unread = stat.error();
      continue;
    }
    std::string mode;
    for (int shift = 9; shift >= 0; shift -= 3) mode += static_cast<char>('0' + ((stat->mode >> shift) & 7u));
    facts.set("boot.grub_config_mode", mode);
    return;
  }
  if (unread)
    facts.missing("boot.grub_config_mode", *unread);
  else
    facts.set("boot.grub_config_mode", "none");
}

}  // namespace

Result<void> probe_boot(const Host& host, Machine&, Facts& facts) {
  const bool uefi = host.stat("/sys/firmware/efi").has_value();
  const bool firmware_told = uefi || host.stat("/sys/firmware/acpi") || host.stat("/sys/class/dmi/id");
  facts.set("boot.firmware", uefi ? "uefi" : firmware_told ? "bios" : "unknown");
  if (uefi) {
    const auto entries = host.list("/sys/firmware/efi/efivars");
    if (!entries) facts.missing("boot.secure_boot", entries.error());
    bool found = false;
    for (const auto& entry : entries.value_or(std::vector<FolderEntry>{})) {
      if (!entry.name.starts_with("SecureBoot-")) continue;
      found = true;
      const auto bytes = host.read("/sys/firmware/efi/efivars/" + entry.name, 64);
      // Four bytes of attributes stand before the value.
      if (bytes && bytes->size() >= 5)
        facts.set("boot.secure_boot", (*bytes)[4] == 1);
      else if (!bytes)
        facts.missing("boot.secure_boot", bytes.error());
    }
    if (entries && !found && !entries->empty())
      facts.set("boot.secure_boot", false);  // firmware without the feature
  }
  if (const auto version = host.read("/sys/class/tpm/tpm0/tpm_version_major", 64)) {
    facts.set("boot.tpm_version", std::string(trim(*version)));
  } else if (host.stat("/sys/class/tpm/tpm0")) {
    facts.set("boot.tpm_version", "1");  // kernels before 5.6 tell it for version 2 by another file only
  }
  write_grub_config_mode(host, facts);
  return {};
}

}  // namespace plumbline
