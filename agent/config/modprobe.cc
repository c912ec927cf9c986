// SPDX-License-Identifier: Apache-2.0
// Reads modprobe.d(5).
#include "agent/config/modprobe.h"

#include <algorithm>
#include <array>

#include "agent/config/layered.h"
#include "agent/config/shell_words.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxModprobeBytes = 1u << 20;
constexpr std::size_t kMaxModules = 200;

constexpr std::array<std::string_view, 44> kNamedByGuides = {
    "adfs",     "af_802154", "appletalk", "atm",       "ax25",      "befs",     "bluetooth",   "can",          "ceph",
    "cfg80211", "cifs",      "cramfs",    "dccp",      "decnet",    "efs",      "exofs",       "firewire-core", "freevxfs",
    "gfs2",     "hfs",       "hfsplus",   "hpfs",      "iwlmvm",    "iwlwifi",  "jffs2",       "jfs",          "mac80211",
    "minix",    "netrom",    "nfsd",      "overlayfs", "rds",       "reiserfs", "rose",        "sctp",         "smbfs_common",
    "squashfs", "tipc",      "udf",       "ufs",       "usb-storage", "uvcvideo", "vfat",      "x25"};

/// One name for "usb-storage" and "usb_storage".
std::string folded(std::string_view name) {
  std::string out(name);
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

bool does_nothing(std::string_view command) {
  const std::size_t slash = command.rfind('/');
  const std::string_view program = slash == std::string_view::npos ? command : command.substr(slash + 1);
  return program == "false" || program == "true" || command == ":";
}

struct Blocked {
  std::string name;
  bool install = false;
  bool blacklist = false;
};

// "install usb-storage /bin/false", "blacklist usb-storage"; a "\" at the end goes on in the next line
void read_lines(std::string_view text, std::map<std::string, Blocked>& found) {
  for (const std::string& line : joined_lines(text)) {
    const auto parts = words(line);
    const bool install = parts.size() > 2 && parts[0] == "install";
    const bool blacklist = parts.size() > 1 && parts[0] == "blacklist";
    if ((install || blacklist) && found.size() < kMaxModules) {
      Blocked& one = found[folded(parts[1])];
      if (one.name.empty()) one.name = to_utf8(parts[1].substr(0, 64));
      // The last install line of a module counts.
      if (install) one.install = does_nothing(parts[2]);
      if (blacklist) one.blacklist = true;
    }
  }
}

}  // namespace

std::map<std::string, std::string> blocked_modules(const Host& host) {
  std::map<std::string, Blocked> found;
  for (const auto& path :
       layered_files(host, {"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"},
                     ".conf").paths) {
    if (const auto text = host.read(path, kMaxModprobeBytes)) read_lines(*text, found);
  }
  std::map<std::string, std::string> blocked;
  for (const auto& [key, one] : found) {
    const bool named = std::any_of(kNamedByGuides.begin(), kNamedByGuides.end(),
                                   [&key = key](auto name) { return folded(name) == key; });
    if (one.install)
      blocked[one.name] = one.blacklist ? "install+blacklist" : "install";
    else if (one.blacklist && named)
      blocked[one.name] = "blacklist";
  }
  return blocked;
}

}  // namespace plumbline
