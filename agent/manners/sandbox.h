// SPDX-License-Identifier: Apache-2.0
// What the agent takes from itself once it has started: a seccomp filter on system calls, and Landlock on
// files and ports where the kernel has it. Both hold for every child, and cannot be taken back.
//
// Landlock cannot be had everywhere: a process under it may not look at /proc/<pid>/exe or /fd of processes
// outside it (the kernel treats that look as tracing), whatever its rights are. Where this agent may
// look there, because it is root, has CAP_SYS_PTRACE or reads its own user's processes, the filter alone
// forbids writing. docs/agent.md says what holds when.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace plumbline {

/// The program that delivers: may write below `writable` and reach a collector. Never executes, traces,
/// listens, mounts, loads modules or signals others (but to end its own children).
struct AgentConfinement {
  std::vector<std::string> writable;  // folders that exist
  bool landlock = true;
};
/// The child that runs the probes: what the agent may not do, and besides it starts no process, opens no
/// file for writing and reaches nothing but TCP and netlink.
struct ReaderConfinement {
  int output = -1;        // the one descriptor, beside standard output and error, that it may write to
  bool greetings = true;  // may connect by TCP
  bool landlock = true;
};

/// Each returns what took hold, as "seccomp", "landlock 6"; the list is short where the kernel has none of
/// it. Call them while one thread runs.
std::vector<std::string> confine_agent(const AgentConfinement& confinement);
std::vector<std::string> confine_reader(const ReaderConfinement& confinement);

/// Whether this process may look at other users' processes, or has processes of its own user to look at:
/// true for root, with CAP_SYS_PTRACE, and for people; false for a service's own user.
bool reads_other_processes();
/// False in builds with sanitizers, which map memory and trace as no agent does.
bool can_be_confined();

}  // namespace plumbline
