// SPDX-License-Identifier: Apache-2.0
// Looks at the rights of ~/.ssh and ~/.ssh/authorized_keys in every home; contents stay unread.
#include "agent/authorized_keys.h"

#include <optional>
#include <string>
#include <vector>

namespace plumbline {
namespace {

constexpr std::size_t kMaxHomes = 200;

}  // namespace

void write_authorized_keys(const Host& host, Machine& machine, Facts& facts) {
  int open = 0;
  std::optional<Error> unread;
  const std::vector<std::string>& homes = machine.homes();
  for (std::size_t at = 0; at < homes.size() && at < kMaxHomes; ++at) {
    bool writable = false;
    for (const std::string& path : {homes[at] + "/.ssh", homes[at] + "/.ssh/authorized_keys"}) {
      const auto stat = host.stat(path);
      if (stat) writable = writable || (stat->mode & 0022u) != 0;
      else if (stat.error().kind != ErrorKind::not_found) unread = stat.error();
    }
    if (writable) ++open;
  }
  // One that is open is a finding whatever else could not be read.
  if (open == 0 && unread) facts.missing("ssh.authorized_keys_too_open", *unread);
  else facts.set("ssh.authorized_keys_too_open", open);
}

}  // namespace plumbline
