// SPDX-License-Identifier: Apache-2.0
// Rows of system calls to jumps of classic BPF, and prctl or seccomp to put them in force.
#include "agent/manners/filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstddef>

namespace plumbline {
namespace {

// Linux 6.1 ends with futex_waitv and set_mempolicy_home_node; what is newer did not exist for this filter.
constexpr std::uint32_t kNewestKnownCall = 450;
#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kX32Bit = 0x40000000u;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;  // no filter is put in force
#endif
constexpr int kClone3 = 435;  // the same on every architecture

constexpr std::uint32_t kCallOffset = offsetof(seccomp_data, nr);
constexpr std::uint32_t kArchOffset = offsetof(seccomp_data, arch);

sock_filter statement(unsigned code, std::uint32_t value) {
  return {static_cast<std::uint16_t>(code), 0, 0, value};
}

sock_filter jump(unsigned test, std::uint32_t value, std::size_t if_true, std::size_t if_false) {
  assert(if_true < 256 && if_false < 256);
  return {static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), static_cast<std::uint8_t>(if_true),
          static_cast<std::uint8_t>(if_false), value};
}

sock_filter load(std::uint32_t offset) { return statement(BPF_LD | BPF_W | BPF_ABS, offset); }
sock_filter answer(std::uint32_t action) { return statement(BPF_RET | BPF_K, action); }

std::uint32_t refuse(int error_number) {
  return SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error_number) & SECCOMP_RET_DATA);
}

/// Both architectures are little-endian: the low half of a 64 bit argument stands first.
std::uint32_t offset_of(unsigned argument) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
}

std::vector<sock_filter> body_of(const ArgumentIs& condition, std::size_t left) {
  std::vector<sock_filter> body = {load(offset_of(condition.argument)),
                                   statement(BPF_ALU | BPF_AND | BPF_K, condition.mask)};
  const std::size_t count = condition.values.size();
  for (std::size_t i = 0; i < count; ++i) body.push_back(jump(BPF_JEQ, condition.values[i], count - i, 0));
  body.push_back(statement(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(left)));
  return body;
}

/// Allows where all conditions hold; falls out of its end where one does not.
std::vector<sock_filter> body_of(const AllOf& conditions) {
  std::vector<sock_filter> body = {answer(SECCOMP_RET_ALLOW)};
  for (auto condition = conditions.rbegin(); condition != conditions.rend(); ++condition) {
    const auto before = body_of(*condition, body.size());
    body.insert(body.begin(), before.begin(), before.end());
  }
  return body;
}

std::vector<sock_filter> body_of(const Allowed& allowed) {
  if (allowed.alternatives.empty()) return {answer(SECCOMP_RET_ALLOW)};
  std::vector<sock_filter> body;
  for (const auto& conditions : allowed.alternatives) {
    const auto one = body_of(conditions);
    body.insert(body.end(), one.begin(), one.end());
  }
  body.push_back(answer(refuse(allowed.otherwise)));
  return body;
}

}  // namespace

std::vector<sock_filter> compile_filter(const std::vector<Allowed>& calls) {
  std::vector<sock_filter> program = {load(kArchOffset), jump(BPF_JEQ, kArchitecture, 1, 0),
                                      answer(SECCOMP_RET_KILL_PROCESS), load(kCallOffset)};
#if defined(__x86_64__)
  program.push_back(jump(BPF_JGE, kX32Bit, 0, 1));
  program.push_back(answer(SECCOMP_RET_KILL_PROCESS));
#endif
  for (const auto& allowed : calls) {
    const auto body = body_of(allowed);
    program.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(allowed.call), 0, body.size()));
    program.insert(program.end(), body.begin(), body.end());
  }
  program.push_back(jump(BPF_JEQ, kClone3, 1, 0));
  program.push_back(jump(BPF_JGT, kNewestKnownCall, 0, 1));
  program.push_back(answer(refuse(ENOSYS)));
  program.push_back(answer(refuse(EPERM)));
  return program;
}

bool apply_filter(std::vector<sock_filter> program) {
  if (kArchitecture == 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  const sock_fprog native = {static_cast<unsigned short>(program.size()), program.data()};
  // Without this flag kernels before 5.16 slow every process under a filter down.
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &native) == 0) return true;
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &native) == 0;
}

}  // namespace plumbline
