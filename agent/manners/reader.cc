// SPDX-License-Identifier: Apache-2.0
// The child's life: limits, sandbox, probes one after the other, each told as soon as it is done.
#include "agent/manners/reader.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <exception>
#include <new>
#include <nlohmann/json.hpp>

#include "agent/machine.h"
#include "agent/manners/channel.h"
#include "agent/manners/sandbox.h"
#include "agent/scan.h"
#include "base/json.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr int kNiceness = 10;
constexpr std::size_t kThreadStackBytes = 1u << 20;  // eight times less than usual: memory is capped
constexpr unsigned kHighestUsualDescriptor = 1024;

/// Locks of the state folder and connections stay with the agent: a reader that hangs must not hold them.
void close_all_but(int socket) {
  const auto number = static_cast<unsigned>(socket);
  const auto close_span = [](unsigned from, unsigned to) {
    if (from > to || syscall(SYS_close_range, from, to, 0) == 0) return;
    for (unsigned i = from; i <= std::min(to, kHighestUsualDescriptor); ++i) ::close(static_cast<int>(i));
  };
  close_span(STDERR_FILENO + 1, number - 1);
  close_span(number + 1, ~0u);
}

void set_limit(__rlimit_resource which, std::uint64_t value) {
  struct rlimit limit {};
  if (getrlimit(which, &limit) != 0) return;
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, value);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(which, &limit);
}

/// Private writable memory is what a process costs its host; address space alone costs nothing, and NVIDIA's
/// library reserves much of it.
void set_limits(const Limits& limits) {
  if (can_be_confined()) set_limit(RLIMIT_DATA, limits.memory_bytes - std::min(limits.memory_bytes / 2, kAgentMemoryBytes));
  set_limit(RLIMIT_NOFILE, limits.open_files);
  set_limit(RLIMIT_CORE, 0);
  // Whole seconds, and later than the agent, which ends the reader with a better word for it.
  set_limit(RLIMIT_CPU, static_cast<std::uint64_t>(limits.scan_processor.count() / 1000 + 2));
  pthread_attr_t threads;
  if (pthread_attr_init(&threads) == 0) {
    pthread_attr_setstacksize(&threads, kThreadStackBytes);
    pthread_setattr_default_np(&threads);
    pthread_attr_destroy(&threads);
  }
}

void prepare(const ReaderWork& work, int socket) {
  close_all_but(socket);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTERM, SIGINT}) signal(number, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  setpriority(PRIO_PROCESS, 0, kNiceness);
  set_limits(work.limits);
}

double processor_ms() {
  struct timespec time {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

/// A probe that leaves files open takes them from those after it.
bool files_run_out(const Limits& limits) {
  const int lowest_free = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
  if (lowest_free < 0) return errno == EMFILE;
  close(lowest_free);
  return static_cast<std::uint64_t>(lowest_free) > limits.open_files * 3 / 4;
}

std::string_view to_word(SectionStatus status) {
  return status == SectionStatus::ok ? "ok" : status == SectionStatus::partial ? "partial" : "failed";
}

struct Reader {
  const ReaderWork& work;
  int socket;

  bool tell(FrameKind kind, const json& value) const { return send_frame(socket, kind, value.dump()); }

  [[noreturn]] void fail_with(const Error& error) const {
    tell(FrameKind::error, {{"kind", static_cast<int>(error.kind)}, {"message", error.message}});
    _exit(0);
  }

  /// The agent writes; it answers once the file is there, for a scan may read it again.
  Result<void> keep(const std::string& place, std::string_view text) const {
    char answer = 0;
    const bool kept = send_frame(socket, FrameKind::file, place + '\0' + std::string(text)) &&
                      ::read(socket, &answer, 1) == 1 && answer == '+';
    if (!kept) return fail(ErrorKind::io, place + ": cannot be written");
    return {};
  }

  /// What ended with the probe: "" where nothing did.
  std::string_view run(std::size_t row, const Host& host, Machine& machine) const {
    tell(FrameKind::begin, row);
    const double before = processor_ms();
    auto done = run_probe((*work.probes)[row], host, machine);
    const std::string_view ended = done.out_of_memory ? "memory" : files_run_out(work.limits) ? "files" : "";
    tell(FrameKind::section, {{"probe", row}, {"status", to_word(done.section.status)}, {"took_ms", done.section.took_ms},
                              {"cpu_ms", processor_ms() - before}, {"data", std::move(done.section.data)},
                              {"missing", done.section.missing}, {"ended", ended}});
    return ended;
  }

  void run_all(const Host& host) const {
    Machine machine(host);
    for (const std::size_t row : work.rows) {
      const bool ended = !run(row, host, machine).empty();
      if (work.records) send_frame(socket, FrameKind::recording, recording_text(host));
      if (ended) _exit(0);  // its memory or files are gone; a new reader takes over
    }
    tell(FrameKind::end, {{"peak_memory_bytes", peak_memory_bytes()}});
  }
};

json confined(const ReaderWork& work, int socket) {
  if (!work.confine) return json::array();
  return confine_reader({socket, work.greetings, work.landlock});
}

}  // namespace

void run_reader(const ReaderWork& work, int socket) {
  prepare(work, socket);
  const Reader reader{work, socket};
  try {
    const json sandbox = confined(work, socket);
    const auto host = work.open_host(
        [&reader](const std::string& place, std::string_view text) { return reader.keep(place, text); }, work.recording);
    if (!host) reader.fail_with(host.error());
    json head = head_json(**host);
    head["confined"] = sandbox;
    reader.tell(FrameKind::head, head);
    reader.run_all(**host);
  } catch (const std::bad_alloc&) {
    _exit(kExitOutOfMemory);
  } catch (const std::exception& failure) {
    reader.fail_with({ErrorKind::io, std::string("reader: ") + failure.what()});
  }
  _exit(0);
}

}  // namespace plumbline
