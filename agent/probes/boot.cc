// SPDX-License-Identifier: Apache-2.0
// Firmware, Secure Boot, TPM and the rights of the boot loader's configuration.
#include <map>
#include <optional>
#include <string>

#include "agent/config/layered.h"
#include "agent/probes/all.h"
#include "agent/redact.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxGrubBytes = 1u << 20;
constexpr std::size_t kMaxUnitBytes = 64u << 10;

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

/// Only that there is a password: "password_pbkdf2 root grub.pbkdf2.…" holds its hash. Red Hat's grub.cfg names a variable
/// that user.cfg fills: "GRUB2_PASSWORD=grub.pbkdf2.…".
std::string keep_password_word(std::string_view text) {
  for (const std::string_view line : lines(text)) {
    const auto parts = words(line);
    if (parts.empty() || contains(line, "${GRUB2_PASSWORD}")) continue;
    if (parts[0] == "password_pbkdf2" || parts[0] == "password") return "password kept out\n";
    if (parts[0].starts_with("GRUB2_PASSWORD=") && parts[0].size() > 15) return "password kept out\n";
  }
  return {};
}

void write_grub_password(const Host& host, Facts& facts) {
  bool found = false;
  bool set = false;
  std::optional<Error> unread;
  for (const std::string path : {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot/grub2/user.cfg"}) {
    const auto text = host.read_redacted(path, keep_password_word, kMaxGrubBytes);
    if (text) {
      found = true;
      set = set || !text->empty();
    } else if (text.error().kind != ErrorKind::not_found) {
      unread = text.error();
    }
  }
  if (set) return facts.set("boot.grub_password", true);
  if (unread) return facts.missing("boot.grub_password", *unread);
  if (found) facts.set("boot.grub_password", false);
}

/// The last ExecStart= counts after those that an empty one took back; "" where the text holds none.
std::string last_start(std::string_view text, std::string before) {
  for (const std::string_view line : lines(text)) {
    if (trim(line).starts_with("ExecStart=")) before = trim(trim(line).substr(10));
  }
  return before;
}

/// systemd asks for root's password through sulogin; another program there gives a shell to whoever sits at the console.
void write_rescue_shells(const Host& host, Facts& facts) {
  std::map<std::string, std::string> shells;
  std::optional<Error> unread;
  const auto note = [&](const Error& why) {
    if (why.kind != ErrorKind::not_found) unread = why;
  };
  for (const std::string name : {"rescue", "emergency"}) {
    const std::string unit = name + ".service";
    std::string start;
    for (const std::string folder : {"/etc/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/"}) {
      const auto text = host.read_redacted(folder + unit, redact_unit, kMaxUnitBytes);
      if (!text) note(text.error());
      if (!text) continue;
      start = last_start(*text, "");
      break;
    }
    const auto fragments = layered_files(host, {"/etc/systemd/system/" + unit + ".d", "/usr/lib/systemd/system/" + unit + ".d"}, ".conf");
    if (fragments.unread) note(*fragments.unread);
    for (const auto& path : fragments.paths) {
      const auto text = host.read_redacted(path, redact_unit, kMaxUnitBytes);
      if (text) start = last_start(*text, start);
      else note(text.error());
    }
    if (!start.empty()) shells[name] = contains(start, "sulogin") ? "password" : "open";
  }
  if (unread) return facts.missing("boot.rescue_shells", *unread);
  facts.set("boot.rescue_shells", shells);
}

}  // namespace

Result<void> probe_boot(const Host& host, Machine&, Facts& facts) {
  const bool uefi = host.stat("/sys/firmware/efi").has_value();
  // a container engine lays an empty folder over /sys/firmware: then nothing is told, whatever DMI says
  const bool firmware_told = uefi || host.stat("/sys/firmware/acpi") || host.stat("/sys/firmware/memmap");
  facts.set("boot.firmware", uefi ? "uefi" : firmware_told ? "bios" : "unknown");
  if (uefi) {
    const auto entries = host.list("/sys/firmware/efi/efivars");
    if (!entries) facts.missing("boot.secure_boot", entries.error());
    bool found = false;
    for (const auto& entry : entries.value_or(std::vector<FolderEntry>{})) {
      if (!entry.name.starts_with("SecureBoot-")) continue;
      found = true;
      const auto bytes = host.read("/sys/firmware/efi/efivars/" + entry.name, 64);
      // Four bytes of attributes stand before the value, which is 0 or 1 (UEFI 2.10, 3.3).
      if (bytes && bytes->size() == 5 && ((*bytes)[4] == 0 || (*bytes)[4] == 1))
        facts.set("boot.secure_boot", (*bytes)[4] == 1);
      else
        facts.missing("boot.secure_boot", bytes ? Error{ErrorKind::invalid, "no such variable of UEFI: " + entry.name} : bytes.error());
    }
    if (entries && !found && !entries->empty())
      facts.set("boot.secure_boot", false);  // firmware without the feature
  }
  const auto version = host.read("/sys/class/tpm/tpm0/tpm_version_major", 64);
  if (version) {
    facts.set("boot.tpm_version", std::string(trim(*version)));
  } else if (version.error().kind != ErrorKind::not_found) {
    facts.missing("boot.tpm_version", version.error());
  } else if (host.stat("/sys/class/tpm/tpm0")) {
    facts.set("boot.tpm_version", "1");  // kernels before 5.6 tell it for version 2 by another file only
  }
  write_grub_config_mode(host, facts);
  write_grub_password(host, facts);
  write_rescue_shells(host, facts);
  return {};
}

}  // namespace plumbline
