// SPDX-License-Identifier: Apache-2.0
// A seccomp filter as a list of system calls, compiled to the kernel's classic BPF.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

namespace plumbline {

/// What an argument must be: (argument & mask) equals one of `values`. Only its low 32 bits are looked at;
/// the kernel takes flags, families and descriptors as 32 bit numbers.
struct ArgumentIs {
  unsigned argument = 0;  // 0 … 5
  std::uint32_t mask = 0xffffffffu;
  std::vector<std::uint32_t> values;
};

using AllOf = std::vector<ArgumentIs>;

/// One system call: allowed where all conditions of one alternative hold, or where there is no alternative;
/// else refused with the error `otherwise`.
struct Allowed {
  int call = 0;
  std::vector<AllOf> alternatives;
  int otherwise = 1;  // EPERM
};

/// The program: calls in the order given (often used ones first), anything else EPERM; calls newer than this
/// list, and clone3 whose flags no filter can see, ENOSYS, so that libraries take their older way. Another
/// architecture's calls end the process.
std::vector<sock_filter> compile_filter(const std::vector<Allowed>& calls);
/// Puts the program in force for this thread and its children. False where the kernel refuses.
bool apply_filter(std::vector<sock_filter> program);

}  // namespace plumbline
