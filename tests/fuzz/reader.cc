// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as what a reader tells the agent (agent/manners/channel.h). A reader is where attacker's text is
// parsed, so it may be the attacker; the agent ends it, keeps the other sections, and makes a document that is taken.
#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/manners/guard.h"

namespace {

using namespace plumbline;

std::string_view told;

/// Takes the reader's own socket, the only descriptor it has above the three, and goes.
Result<void> say(const Host&, Machine&, Facts&) {
  for (int socket = STDERR_FILENO + 1; socket < 64; ++socket)
    if (write(socket, told.data(), told.size()) >= 0) break;
  _exit(0);
}

Result<void> quiet(const Host&, Machine&, Facts&) { return {}; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  told = {reinterpret_cast<const char*>(data), size};
  static const std::vector<Probe> probes = {{"os", "rogue", say}, {"memory", "good", quiet}};
  GuardedScan work;
  work.open_host = [](KeepFile, const std::string&) -> Result<std::unique_ptr<Host>> { return live_host(); };
  work.confine = false;
  ProbeHistory history;
  const auto scan = take_guarded_scan(work, probes, history);
  if (!scan) return 0;  // a reader may say that the host cannot be opened
  for (const char* name : {"os", "memory"})
    if (scan->sections.count(name) == 0) std::abort();
  if (!read_scan(to_json(*scan))) std::abort();
  return 0;
}
