// SPDX-License-Identifier: Apache-2.0
#include "agent/delivery/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>

#include "base/log.h"

namespace plumbline {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto kLook = milliseconds(1000);     // a child's end is a signal; this is for one that went astray
constexpr auto kStopTime = milliseconds(20'000);  // what is not done by then is cut: nothing that was taken in is lost

timespec to_timespec(milliseconds time) {
  timespec native{};
  native.tv_sec = static_cast<time_t>(time.count() / 1000);
  native.tv_nsec = static_cast<long>(time.count() % 1000) * 1'000'000;
  return native;
}

milliseconds processor_of(const struct rusage& usage) {
  const auto ms = [](const struct timeval& time) { return time.tv_sec * 1000 + (time.tv_usec + 999) / 1000; };
  return milliseconds(ms(usage.ru_utime) + ms(usage.ru_stime));
}

[[noreturn]] void be_child(pid_t parent, int output, const std::function<std::string()>& work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  std::string said;
  try {
    said = work();
  } catch (const std::exception& failure) {
    log_error(failure.what());
    _exit(1);
  }
  const bool whole = said.size() <= kMostSaidBytes && ::write(output, said.data(), said.size()) == static_cast<ssize_t>(said.size());
  _exit(whole ? 0 : 1);
}

/// No more than a pipe takes without a reader.
std::string read_all(int input) {
  std::array<char, kMostSaidBytes> bytes{};
  const ssize_t count = ::read(input, bytes.data(), bytes.size());
  return count > 0 ? std::string(bytes.data(), static_cast<std::size_t>(count)) : std::string();
}

/// Waits for its end; passes a signal to stop on, and cuts it short where that does not help.
ChildEnd wait_for(pid_t child, const StopSignals& signals) {
  ChildEnd end;
  Clock::time_point latest = Clock::time_point::max();
  for (;;) {
    int status = 0;
    struct rusage usage {};
    const pid_t gone = ::wait4(child, &status, WNOHANG, &usage);
    if (gone == child) {
      end.processor = processor_of(usage);
      if (WIFSIGNALED(status)) end.trouble = "ended by signal " + std::to_string(WTERMSIG(status));
      else if (WEXITSTATUS(status) != 0) end.trouble = "ended with status " + std::to_string(WEXITSTATUS(status));
      return end;
    }
    if (gone < 0 && errno != EINTR) {
      end.trouble = std::strerror(errno);
      return end;
    }
    if (Clock::now() >= latest) ::kill(child, SIGKILL);
    if (!signals.wait_for_child(kLook)) continue;
    end.stopped = true;
    ::kill(child, SIGTERM);
    latest = std::min(latest, Clock::now() + kStopTime);
  }
}

}  // namespace

StopSignals::StopSignals() {
  sigemptyset(&stop_);
  sigaddset(&stop_, SIGTERM);
  sigaddset(&stop_, SIGINT);
  stop_or_child_ = stop_;
  sigaddset(&stop_or_child_, SIGCHLD);
  pthread_sigmask(SIG_BLOCK, &stop_or_child_, &before_);
}

StopSignals::~StopSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool StopSignals::arrived() const {
  sigset_t pending;
  return sigpending(&pending) == 0 && (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

bool StopSignals::wait_until(Clock::time_point when) const {
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(when - Clock::now());
    const timespec time = to_timespec(std::max(left, milliseconds(0)));
    if (sigtimedwait(&stop_, nullptr, &time) > 0) return true;
    if (errno == EAGAIN) return false;
  }
}

bool StopSignals::wait_for_child(milliseconds longest) const {
  const timespec time = to_timespec(longest);
  const int number = sigtimedwait(&stop_or_child_, nullptr, &time);
  return number == SIGTERM || number == SIGINT;
}

Result<ChildEnd> run_in_child(const StopSignals& signals, const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(ErrorKind::io, std::string("no pipe: ") + std::strerror(errno));
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    be_child(parent, ends[1], work);
  }
  const int reason = errno;
  ::close(ends[1]);
  ChildEnd end;
  if (child > 0) {
    end = wait_for(child, signals);
    if (end.trouble.empty()) end.said = read_all(ends[0]);
    if (end.trouble.empty() && end.said.empty()) end.trouble = "it said nothing";
  }
  ::close(ends[0]);
  if (child < 0) return fail(ErrorKind::io, std::string("no process can be started: ") + std::strerror(reason));
  return end;
}

}  // namespace plumbline
