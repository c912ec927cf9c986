// SPDX-License-Identifier: Apache-2.0
// Between the two system calls that make a process and its program only async-signal-safe functions run: other threads
// may hold any lock at that moment.
#include "collector/report/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/text.h"

namespace plumbline {
namespace {

constexpr int kTickMilliseconds = 20;
constexpr int kNotStarted = 127;
constexpr std::string_view kWithoutNetwork = "\x01", kWithNetwork = "\x02";  // the first byte the child writes

/// All that the new process needs, made before it exists: it may not allocate.
struct Launch {
  const char* program = nullptr;
  std::vector<char*> arguments, environment;
  const char* folder = nullptr;
  int output = -1, nothing = -1;  // its standard output and error; /dev/null
  rlimit files{}, memory{};
  pid_t parent = 0;
  char user_map[64] = {}, group_map[64] = {};
};

void write_text(const char* path, const char* text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(file, text, std::strlen(text));  // without it the ids look odd, and no more
  ::close(file);
}

/// A network namespace without any interface that is up. Who is not root needs a user namespace for it; where the system
/// allows none, the program keeps the network, and refuses it by its own means.
bool leave_network(const Launch& launch) {
  if (::unshare(CLONE_NEWNET) == 0) return true;
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  write_text("/proc/self/setgroups", "deny");
  write_text("/proc/self/uid_map", launch.user_map);
  write_text("/proc/self/gid_map", launch.group_map);
  return true;
}

[[noreturn]] void become(const Launch& launch) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != launch.parent) ::_exit(kNotStarted);  // it ended before the line above
  sigset_t none;
  sigemptyset(&none);
  for (const int number : {SIGPIPE, SIGXFSZ, SIGTERM, SIGINT, SIGHUP}) ::signal(number, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const std::string_view mark = leave_network(launch) ? kWithoutNetwork : kWithNetwork;
  if (::write(launch.output, mark.data(), mark.size()) < 0) ::_exit(kNotStarted);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::setrlimit(RLIMIT_FSIZE, &launch.files);
  if (launch.memory.rlim_cur > 0) ::setrlimit(RLIMIT_AS, &launch.memory);
  ::umask(077);
  if (::chdir(launch.folder) != 0 || ::dup2(launch.nothing, 0) < 0 || ::dup2(launch.output, 1) < 0 || ::dup2(launch.output, 2) < 0)
    ::_exit(kNotStarted);
  ::syscall(SYS_close_range, 3u, UINT_MAX, 0u);
  ::execve(launch.program, launch.arguments.data(), launch.environment.data());
  constexpr std::string_view kSay = "it could not be started";
  if (::write(2, kSay.data(), kSay.size()) < 0) ::_exit(kNotStarted);
  ::_exit(kNotStarted);
}

/// Keeps the end of what the program says. False at the end of the pipe.
bool take(int pipe, std::string& said) {
  char bytes[4096];
  for (;;) {
    const ssize_t got = ::read(pipe, bytes, sizeof bytes);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    said.append(bytes, static_cast<std::size_t>(got));
    if (said.size() > 4 * kMostComplaintBytes) said.erase(1, said.size() - 1 - kMostComplaintBytes);  // the mark stays first
  }
}

enum class Wait { ended, timed_out, stopped };

/// Until it has ended, is to stop or its time is over; it is not reaped yet, so that its group still is its own.
Wait await_end(pid_t child, int pipe, const ChildProgram& limits, std::string& said) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(limits.most_seconds);
  bool open = true;
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child) return Wait::ended;
    if (std::chrono::steady_clock::now() >= until) return Wait::timed_out;
    if (limits.stop && limits.stop()) return Wait::stopped;
    pollfd watched{pipe, POLLIN, 0};
    ::poll(&watched, open ? 1 : 0, kTickMilliseconds);
    if (open && watched.revents != 0) open = take(pipe, said);
  }
}

ChildEnd end_of(pid_t child, int pipe, Wait how, std::string said) {
  ::kill(-child, SIGKILL);  // what it left behind; itself too, where its time is over
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  take(pipe, said);
  ChildEnd end;
  end.timed_out = how == Wait::timed_out;
  end.stopped = how == Wait::stopped;
  end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  end.without_network = said.starts_with(kWithoutNetwork);
  if (!said.empty()) said.erase(0, 1);
  if (said.size() > kMostComplaintBytes) said.erase(0, said.size() - kMostComplaintBytes);
  end.complaint = printable(trim(said));
  return end;
}

/// Texts that outlive the call, and pointers to them as the kernel wants them.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (auto& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

void fill_limits(Launch& launch, const ChildProgram& child) {
  launch.files = {child.most_file_bytes, child.most_file_bytes};
  launch.memory = {child.most_memory_bytes, child.most_memory_bytes};
  std::snprintf(launch.user_map, sizeof launch.user_map, "%u %u 1", ::geteuid(), ::geteuid());
  std::snprintf(launch.group_map, sizeof launch.group_map, "%u %u 1", ::getegid(), ::getegid());
  launch.parent = ::getpid();
}

}  // namespace

Result<ChildEnd> run_child(const ChildProgram& child) {
  std::vector<std::string> arguments = {child.program};
  arguments.insert(arguments.end(), child.arguments.begin(), child.arguments.end());
  // A proxy that answers nobody: what asks the environment for one gets no further than this.
  std::vector<std::string> environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + child.folder, "TMPDIR=" + child.folder,
                                          "XDG_CACHE_HOME=" + child.folder + "/cache", "XDG_CONFIG_HOME=" + child.folder + "/config",
                                          "XDG_RUNTIME_DIR=" + child.folder, "http_proxy=http://127.0.0.1:9", "https_proxy=http://127.0.0.1:9", "all_proxy=http://127.0.0.1:9"};
  Launch launch;
  launch.program = child.program.c_str();
  launch.arguments = pointers(arguments);
  launch.environment = pointers(environment);
  launch.folder = child.folder.c_str();
  fill_limits(launch, child);
  int pipe[2] = {-1, -1};
  launch.nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (launch.nothing < 0 || ::pipe2(pipe, O_CLOEXEC) != 0) {
    if (launch.nothing >= 0) ::close(launch.nothing);
    return fail(ErrorKind::io, child.program + ": it could not be started: " + std::strerror(errno));
  }
  ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
  launch.output = pipe[1];
  const pid_t started = ::fork();
  if (started == 0) become(launch);
  const int reason = errno;
  ::close(pipe[1]);
  ::close(launch.nothing);
  if (started < 0) {
    ::close(pipe[0]);
    return fail(ErrorKind::io, child.program + ": it could not be started: " + std::strerror(reason));
  }
  ::setpgid(started, started);  // whoever comes first, it or we
  std::string said;
  const Wait how = await_end(started, pipe[0], child, said);
  ChildEnd end = end_of(started, pipe[0], how, std::move(said));
  ::close(pipe[0]);
  return end;
}

std::string find_program(const std::vector<std::string>& names) {
  for (const auto& name : names)
    for (const char* folder : {"/usr/local/bin/", "/usr/bin/", "/bin/"})
      if (const std::string path = folder + name; ::access(path.c_str(), X_OK) == 0) return path;
  return {};
}

Result<PrivateFolder> PrivateFolder::make() {
  const char* folder = std::getenv("TMPDIR");
  std::string path = std::string(folder != nullptr && *folder == '/' ? folder : "/tmp") + "/plumbline-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr)
    return fail(ErrorKind::io, path + ": no temporary folder could be made (" + std::strerror(errno) + "); set TMPDIR to one that can be written");
  return PrivateFolder(std::move(path));
}

PrivateFolder::~PrivateFolder() {
  if (path_.empty()) return;
  std::error_code ignored;  // nothing can be done about it, and nothing depends on it
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace plumbline
