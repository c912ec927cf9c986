// SPDX-License-Identifier: Apache-2.0
// The two lists of system calls, and where Landlock joins them.
#include "agent/manners/sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "agent/manners/filter.h"
#include "agent/manners/landlock.h"

namespace plumbline {
namespace {

constexpr unsigned kTracingCapability = 19;  // CAP_SYS_PTRACE
constexpr unsigned kFirstPersonsUid = 1000;  // as adduser and useradd count
constexpr const char* kNvidiaDevice = "/dev/nvidiactl";
constexpr std::uint32_t kSocketTypes = 0xf;  // the low bits of socket(2)'s type; the rest are flags
constexpr std::uint32_t kNamespaceFlags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                          CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint32_t kConnectWhileSending = MSG_FASTOPEN;

void add(std::vector<Allowed>& calls, std::initializer_list<long> more) {
  for (const long call : more) calls.push_back({static_cast<int>(call), {}, EPERM});
}

/// Memory is never both writable and executable.
void add_memory(std::vector<Allowed>& calls) {
  add(calls, {SYS_munmap, SYS_brk, SYS_mremap, SYS_madvise});
  const std::uint32_t both = PROT_WRITE | PROT_EXEC;
  const ArgumentIs not_both{2, both, {0, PROT_WRITE, PROT_EXEC}};
  for (const long call : {SYS_mmap, SYS_mprotect}) calls.push_back({static_cast<int>(call), {{not_both}}, EPERM});
}

/// What reading, timing, threads and the C library need.
void add_common(std::vector<Allowed>& calls) {
  add(calls, {SYS_read, SYS_close, SYS_fstat, SYS_newfstatat, SYS_getdents64, SYS_readlinkat, SYS_lseek,
              SYS_pread64, SYS_readv, SYS_statx, SYS_statfs, SYS_fstatfs, SYS_faccessat, SYS_fcntl, SYS_dup,
              SYS_dup3, SYS_pipe2, SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait,
              SYS_eventfd2, SYS_getcwd, SYS_fadvise64});
  add(calls, {SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday,
              SYS_adjtimex, SYS_clock_adjtime, SYS_uname, SYS_sysinfo, SYS_getrusage, SYS_times, SYS_getrandom,
              SYS_capget, SYS_prctl, SYS_sched_getaffinity, SYS_sched_yield, SYS_membarrier});
  add(calls, {SYS_getpid, SYS_getppid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
              SYS_getgroups, SYS_getresuid, SYS_getresgid, SYS_getpriority});
  add(calls, {SYS_futex, SYS_set_robust_list, SYS_get_robust_list, SYS_set_tid_address, SYS_rt_sigaction,
              SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_rt_sigpending, SYS_sigaltstack,
              SYS_restart_syscall, SYS_exit, SYS_exit_group, SYS_wait4, SYS_waitid});
  add(calls, {SYS_rseq, SYS_faccessat2});
#if defined(__x86_64__)
  add(calls, {SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_poll, SYS_select, SYS_epoll_wait, SYS_dup2,
              SYS_pipe, SYS_time, SYS_arch_prctl});
#endif
  add_memory(calls);
}

void add_sockets(std::vector<Allowed>& calls) {
  add(calls, {SYS_connect, SYS_recvfrom, SYS_recvmsg, SYS_sendmsg, SYS_getsockopt, SYS_setsockopt,
              SYS_getsockname, SYS_getpeername, SYS_shutdown});
  // bind: netlink sockets want it; without listen(2) it opens no TCP port, and a reader gets no UDP socket.
  add(calls, {SYS_bind});
  calls.push_back({SYS_sendto, {{{3, kConnectWhileSending, {0}}}}, EPERM});
}

/// Netlink (sock_diag, addresses, firewall) always; TCP where greetings are on. No UDP, no raw packets, no UNIX
/// sockets.
void add_reader_sockets(std::vector<Allowed>& calls, bool greetings) {
  std::vector<AllOf> families = {{{0, 0xffffffffu, {AF_NETLINK}}}};
  if (greetings) families.push_back({{0, 0xffffffffu, {AF_INET, AF_INET6}}, {1, kSocketTypes, {SOCK_STREAM}}});
  calls.push_back({SYS_socket, families, EPERM});
  add_sockets(calls);
}

/// Threads but no processes: a hung file server is asked by a thread.
Allowed threads_only() { return {SYS_clone, {{{0, CLONE_THREAD, {CLONE_THREAD}}}}, EPERM}; }
Allowed processes_without_namespaces() { return {SYS_clone, {{{0, kNamespaceFlags, {0}}}}, EPERM}; }

bool has_nvidia_driver() {
  struct stat native {};
  return stat(kNvidiaDevice, &native) == 0;
}

/// NVIDIA's library opens its devices for reading and writing; nothing else does, and nothing makes a file.
Allowed open_for_reading(long call, unsigned flags_argument, bool devices) {
  constexpr std::uint32_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
  std::vector<std::uint32_t> fine = {O_RDONLY};
  if (devices) fine.push_back(O_RDWR);
  return {static_cast<int>(call), {{{flags_argument, kWriting, fine}}}, EACCES};
}

std::vector<Allowed> reader_calls(const ReaderConfinement& confinement) {
  const bool devices = has_nvidia_driver();
  std::vector<Allowed> calls = {open_for_reading(SYS_openat, 2, devices)};
  const std::uint32_t output = static_cast<std::uint32_t>(confinement.output);
  for (const long call : {SYS_write, SYS_writev})
    calls.push_back({static_cast<int>(call), {{{0, 0xffffffffu, {output, STDERR_FILENO}}}}, EPERM});
  add_common(calls);
  add_reader_sockets(calls, confinement.greetings);
  calls.push_back({SYS_ioctl, {{{1, 0xffffffffu, {TCGETS, FIONREAD, FIONBIO}}}}, EPERM});
  if (devices) calls.back() = {SYS_ioctl, {}, EPERM};
  calls.push_back(threads_only());
  calls.push_back({SYS_tgkill, {{{0, 0xffffffffu, {static_cast<std::uint32_t>(getpid())}}}}, EPERM});
  calls.push_back({SYS_prlimit64, {{{2, 0xffffffffu, {0}}}}, EPERM});  // may look, may not set
#if defined(__x86_64__)
  calls.push_back(open_for_reading(SYS_open, 1, devices));
#endif
  return calls;
}

/// All that the reader may do, for filters add up, and: write files, start the reader, end it, talk.
std::vector<Allowed> agent_calls() {
  std::vector<Allowed> calls;
  add(calls, {SYS_openat, SYS_write, SYS_writev, SYS_pwrite64});
  add_common(calls);
  const std::vector<AllOf> families = {{{0, 0xffffffffu, {AF_NETLINK, AF_UNIX}}},
                                       {{0, 0xffffffffu, {AF_INET, AF_INET6}}, {1, kSocketTypes, {SOCK_STREAM, SOCK_DGRAM}}}};
  calls.push_back({SYS_socket, families, EPERM});
  add_sockets(calls);
  add(calls, {SYS_socketpair, SYS_sendmmsg, SYS_recvmmsg, SYS_ioctl, SYS_close_range, SYS_prlimit64, SYS_setpriority,
              SYS_sched_setscheduler, SYS_flock, SYS_fsync, SYS_fdatasync, SYS_ftruncate, SYS_fchmod, SYS_fchmodat,
              SYS_umask, SYS_renameat, SYS_renameat2, SYS_unlinkat, SYS_mkdirat, SYS_seccomp, SYS_tgkill});
  add(calls, {444, 445, 446});  // Landlock, for the reader
  calls.push_back(processes_without_namespaces());
  calls.push_back({SYS_kill, {{{1, 0xffffffffu, {SIGKILL, SIGTERM, 0}}}}, EPERM});
#if defined(__x86_64__)
  add(calls, {SYS_open, SYS_rename, SYS_unlink, SYS_mkdir, SYS_rmdir, SYS_chmod});
#endif
  return calls;
}

/// The device files of NVIDIA's driver, which its library opens for writing: /dev/nvidia0, /dev/nvidia-caps/….
std::vector<std::string> nvidia_devices() {
  std::vector<std::string> devices;
  if (!has_nvidia_driver()) return devices;
  DIR* folder = opendir("/dev");
  if (folder == nullptr) return devices;
  while (const dirent* entry = readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name.substr(0, 6) == "nvidia") devices.push_back("/dev/" + std::string(name));
  }
  closedir(folder);
  return devices;
}

std::vector<std::string> in_words(int landlock, bool filtered) {
  std::vector<std::string> words;
  if (filtered) words.emplace_back("seccomp");
  if (landlock > 0) words.push_back("landlock " + std::to_string(landlock));
  return words;
}

}  // namespace

std::vector<std::string> confine_agent(const AgentConfinement& confinement) {
  if (!can_be_confined()) return {};
  const int landlock =
      confinement.landlock ? restrict_writing(confinement.writable, nvidia_devices()) : 0;
  return in_words(landlock, apply_filter(compile_filter(agent_calls())));
}

std::vector<std::string> confine_reader(const ReaderConfinement& confinement) {
  if (!can_be_confined()) return {};
  const int landlock = confinement.landlock ? restrict_writing({}, nvidia_devices()) : 0;
  return in_words(landlock, apply_filter(compile_filter(reader_calls(confinement))));
}

bool reads_other_processes() {
  if (geteuid() == 0 || geteuid() >= kFirstPersonsUid) return true;
  struct __user_cap_header_struct header {};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  std::array<struct __user_cap_data_struct, 2> data{};
  return syscall(SYS_capget, &header, data.data()) == 0 && (data[0].effective >> kTracingCapability & 1u) != 0;
}

bool can_be_confined() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
  return false;
#else
  return true;
#endif
#else
  return true;
#endif
}

}  // namespace plumbline
