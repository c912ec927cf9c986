// SPDX-License-Identifier: Apache-2.0
// The agent's side of a guarded scan: starts readers, takes what they tell, ends those that go too far.
#include "agent/manners/guard.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/files.h"
#include "agent/manners/channel.h"
#include "agent/manners/reader.h"
#include "agent/read.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"

namespace plumbline {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr auto kTick = milliseconds(50);         // how often a slow reader is looked at; a quick one never is
constexpr auto kReapingTime = milliseconds(500);  // a killed child that is not gone by then is abandoned
constexpr std::int64_t kLastSecond = 253402300799;  // of the year 9999, the last that a document can name
/// A section lies two levels deeper in a document.
constexpr JsonLimits kSectionLimits{JsonLimits().bytes, JsonLimits().depth - 2, JsonLimits().values, JsonLimits().string_bytes};
constexpr const char* kScanLimit = "scan";       // the word where the scan as a whole went too far

double to_ms(Clock::duration time) {
  return std::round(std::chrono::duration<double, std::micro>(time).count()) / 1000;
}

double processor_ms(int whose) {
  struct rusage usage {};
  getrusage(whose, &usage);
  const auto ms = [](const struct timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

/// What a reader says of a number; 0 where it says none.
double number_in(const json& told, const char* key) {
  const auto found = told.find(key);
  return found != told.end() && found->is_number() ? found->get<double>() : 0;
}

double rounded(double ms) { return std::round(ms * 1000) / 1000; }

/// The agent blocks SIGTERM and SIGINT while it scans as a service; then they wait here.
bool told_to_stop() {
  sigset_t waiting;
  return sigpending(&waiting) == 0 &&
         (sigismember(&waiting, SIGTERM) == 1 || sigismember(&waiting, SIGINT) == 1);
}

/// Why a probe was ended, for the person who reads the scan.
std::string in_words(std::string_view outcome, const Limits& limits) {
  const auto seconds = [](milliseconds time) { return std::to_string(time.count() / 1000) + " s"; };
  if (outcome == "time") return "ended: it took longer than " + seconds(limits.probe_time);
  if (outcome == "processor") return "ended: it used more than " + seconds(limits.probe_processor) + " of processor time";
  if (outcome == "memory")
    return "ended: it wanted more memory than the agent may have (" + std::to_string(limits.memory_bytes >> 20) + " MiB)";
  if (outcome == "files") return "ended: it left too many files open";
  return "ended: it crashed";
}

/// A child and what is left of it. Kills it when it goes out of scope.
class Child {
 public:
  Child() = default;
  Child(pid_t process, Descriptor socket) : process_(process), socket_(std::move(socket)) {}
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int socket() const { return socket_.get(); }

  double processor_ms() const {
    clockid_t clock{};
    struct timespec time {};
    if (clock_getcpuclockid(process_, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
  }

  std::uint64_t resident_bytes() const {
    const auto text = live_host()->read("/proc/" + std::to_string(process_) + "/statm", 256);
    const auto words = text ? split(*text, ' ') : std::vector<std::string_view>();
    const auto pages = words.size() > 1 ? parse_u64(words[1]) : std::nullopt;
    return pages.value_or(0) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  }

  /// Its exit status once it is gone; none where even SIGKILL does not end it: it hangs in the kernel, holds
  /// neither locks nor connections of ours, and is left behind.
  std::optional<int> end() {
    if (process_ <= 0) return status_;
    kill(process_, SIGKILL);
    return wait_for(kReapingTime);
  }

  std::optional<int> wait_for(milliseconds longest) {
    const auto until = Clock::now() + longest;
    while (process_ > 0) {
      int status = 0;
      const pid_t gone = waitpid(process_, &status, WNOHANG);
      if (gone == process_ || (gone < 0 && errno == ECHILD)) {
        process_ = 0;
        if (gone > 0) status_ = status;
      } else if (Clock::now() >= until) {
        break;
      } else {
        poll(nullptr, 0, 1);
      }
    }
    return status_;
  }

 private:
  pid_t process_ = 0;
  Descriptor socket_;
  std::optional<int> status_;
};

/// What this process holds beside the reader: program and libraries are shared with it.
std::uint64_t own_memory_bytes() {
  const auto status = live_host()->read("/proc/self/status");
  return status ? meminfo_bytes(*status, "RssAnon").value_or(0) : 0;
}

/// A probe that a reader is at.
struct Running {
  std::size_t row = 0;
  Clock::time_point since;
  double processor_ms_before = 0;
};

class Guard {
 public:
  Guard(const GuardedScan& work, const std::vector<Probe>& probes, ProbeHistory& history)
      : work_(work), probes_(probes), history_(history) {}

  Result<Scan> run() {
    if (auto good = check_wanted(work_.options.only, probes_); !good) return tl::unexpected<Error>(good.error());
    const double own_before = processor_ms(RUSAGE_SELF);
    scan_.agent_version = PLUMBLINE_VERSION;
    scan_.taken_at = now_seconds();
    choose_rows();
    while (!rows_.empty()) {
      if (auto read = read_once(); !read) return tl::unexpected<Error>(read.error());
    }
    if (auto kept = finish_recording(); !kept) return tl::unexpected<Error>(kept.error());
    hash_sections(scan_);
    scan_.took_ms = to_ms(Clock::now() - start_);
    scan_.cpu_ms = rounded(processor_ms(RUSAGE_SELF) - own_before + processor_ms(RUSAGE_CHILDREN) - children_before_ms_);
    scan_.peak_memory_bytes = reader_peak_bytes_ + own_memory_bytes();
    return std::move(scan_);
  }

 private:
  void choose_rows() {
    for (std::size_t row = 0; row < probes_.size(); ++row) {
      const auto name = probes_[row].name;
      if (!is_wanted(work_.options.only, name)) continue;
      const Strikes* strikes = history_.left_out(name, scan_.taken_at);
      if (strikes == nullptr) {
        rows_.insert(row);
        continue;
      }
      fail_section(row, "left out until " + to_iso8601(strikes->skipped_until) + ": it had to be ended " +
                            std::to_string(strikes->count) + " times in a row (" + strikes->outcome + ")");
      scan_.ended[std::string(name)] = {"left out", 0, 0, strikes->count, strikes->skipped_until};
    }
  }

  /// One reader from its start to its end; there are fewer rows after it, or it fails.
  Result<void> read_once() {
    const std::size_t rows_before = rows_.size();
    running_.reset();
    done_ = false;
    auto child = start_reader();
    if (!child) return tl::unexpected<Error>(child.error());
    const std::string word = watch(**child);
    if (failure_) return tl::unexpected<Error>(*failure_);
    if (word == kScanLimit) {
      give_up("left out: the scan as a whole took longer, or more of the processor, than the agent may");
    } else if (running_) {
      settle(**child, word);
    } else if (done_) {
      (*child)->wait_for(kReapingTime);
      give_up("left out: the reader did not tell");
    } else if (rows_.size() == rows_before) {
      return fail(ErrorKind::io, "reader: it ended before it had read anything; try: plumbline-agent scan --no-sandbox");
    }
    return {};
  }

  Result<std::unique_ptr<Child>> start_reader() {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
      return fail(ErrorKind::io, std::string("reader: no socket: ") + std::strerror(errno));
    Descriptor mine(pair[0]), theirs(pair[1]);
    const ReaderWork work{work_.open_host, &probes_, rows_, work_.limits, work_.confine, work_.landlock,
                          work_.greetings, !work_.record.empty(), recording_};
    const pid_t process = fork();
    if (process == 0) run_reader(work, theirs.get());
    if (process < 0) return fail(ErrorKind::io, std::string("reader: cannot be started: ") + std::strerror(errno));
    return std::make_unique<Child>(process, std::move(mine));
  }

  /// Until the reader has said all, is gone, or must be ended; then the word for why.
  std::string watch(Child& child) {
    FrameBuffer frames;
    const auto since = Clock::now();
    for (;;) {
      pollfd ready{child.socket(), POLLIN, 0};
      const int count = poll(&ready, 1, static_cast<int>(kTick.count()));
      if (count > 0) {
        const auto state = frames.read_from(child.socket());
        while (auto frame = frames.next())
          if (!take(*frame, child)) return "crash";
        if (done_ || failure_) return "";
        if (state != FrameBuffer::State::open || frames.is_broken()) return "crash";
      }
      if (Clock::now() - start_ > work_.limits.scan_time) return kScanLimit;
      if (count == 0)
        if (const auto word = too_far(child, since); !word.empty()) return word;
    }
  }

  /// The limit that a reader is over which has been silent for a while, "" where none. Looking costs something,
  /// so one that speaks is not looked at.
  std::string too_far(const Child& child, Clock::time_point reader_since) {
    if (told_to_stop()) failure_ = Error{ErrorKind::unavailable, "scan: stopped, as told"};
    if (failure_) return "stop";
    const double used_ms = child.processor_ms();
    const auto over = [](double ms, milliseconds limit) { return ms > static_cast<double>(limit.count()); };
    if (over(used_ms + processor_ms(RUSAGE_CHILDREN) - children_before_ms_, work_.limits.scan_processor)) return kScanLimit;
    const auto now = Clock::now();
    if (!running_) return now - reader_since > work_.limits.probe_time ? "time" : "";
    if (over(used_ms - running_->processor_ms_before, work_.limits.probe_processor)) return "processor";
    if (now - running_->since > work_.limits.probe_time) return "time";
    return child.resident_bytes() > work_.limits.memory_bytes ? "memory" : "";
  }

  /// False where the frame is none that a reader sends here.
  bool take(const Frame& frame, const Child& child) {
    switch (frame.kind) {
      case FrameKind::head: return take_head(frame.text);
      case FrameKind::begin: return take_begin(frame.text, child);
      case FrameKind::section: return take_section(frame.text);
      case FrameKind::file: return take_file(frame.text, child);
      case FrameKind::recording: recording_ = frame.text; return true;
      case FrameKind::error: return take_error(frame.text);
      case FrameKind::end: return take_end(frame.text);
    }
    return false;
  }

  bool take_head(const std::string& text) {
    const auto head = parse_json(text);
    if (!head || !head->is_object()) return false;
    const auto taken_at = head->value("taken_at", json());
    if (taken_at.is_number_unsigned() && taken_at <= kLastSecond) scan_.taken_at = taken_at.get<std::int64_t>();
    scan_.privileged = head->value("privileged", json()) == json(true);
    scan_.confined.clear();
    for (const auto& word : head->value("confined", json::array()))
      if (word.is_string()) scan_.confined.push_back(word.get<std::string>());
    return true;
  }

  bool take_begin(const std::string& text, const Child& child) {
    const auto row = parse_u64(text);
    if (running_ || !row || rows_.count(*row) == 0) return false;
    running_ = Running{*row, Clock::now(), child.processor_ms()};
    return true;
  }

  bool take_section(const std::string& text) {
    auto told = parse_json(text, kSectionLimits);
    if (!running_ || !told || !told->is_object()) return false;
    const auto name = probes_[running_->row].name;
    const auto section = section_from(*told);
    if (!section || !check_section(std::string(name), *section)) return false;
    const auto ended = told->value("ended", json(""));
    if (ended != "" && ended != "memory" && ended != "files") return false;
    if (ended != "") {
      strike(ended.get<std::string>(), number_in(*told, "took_ms"), number_in(*told, "cpu_ms"));
      if (ended == "memory") fail_section(running_->row, in_words("memory", work_.limits));
      else scan_.sections[std::string(name)] = *section;
    } else {
      scan_.sections[std::string(name)] = *section;
      history_.forgive(name);
    }
    rows_.erase(running_->row);
    running_.reset();
    return true;
  }

  static std::optional<Section> section_from(json& told) {
    Section section;
    const auto status = told.value("status", json());
    section.status = status == "ok" ? SectionStatus::ok : status == "partial" ? SectionStatus::partial : SectionStatus::failed;
    section.took_ms = number_in(told, "took_ms");
    const auto data = told.find("data"), missing = told.find("missing");
    if (data == told.end() || !data->is_object() || missing == told.end() || !missing->is_object()) return std::nullopt;
    section.data = std::move(*data);
    for (const auto& [fact, reason] : missing->items()) {
      if (!reason.is_string()) return std::nullopt;
      section.missing.emplace(fact, reason.get<std::string>());
    }
    return section;
  }

  /// "PLACE\0BYTES", written below the folder of the recording and nowhere else.
  bool take_file(const std::string& text, const Child& child) {
    const auto end = text.find('\0');
    if (work_.record.empty() || end == std::string::npos) return false;
    const std::string place = text.substr(0, end);
    const bool inside = place.compare(0, work_.record.size() + 1, work_.record + "/") == 0 && !contains(place + "/", "/../");
    const auto written = inside ? write_recorded(place, std::string_view(text).substr(end + 1))
                                : fail(ErrorKind::invalid, place + ": not a place in the recording");
    if (!written && !recording_failure_) recording_failure_ = written.error();
    return send(child.socket(), written ? "+" : "-", 1, MSG_NOSIGNAL) == 1;
  }

  bool take_error(const std::string& text) {
    const auto told = parse_json(text);
    if (!told || !told->is_object()) return false;
    const auto kind = told->value("kind", json());
    const auto message = told->value("message", json());
    if (!kind.is_number_integer() || !message.is_string()) return false;
    const bool known = kind >= static_cast<int>(ErrorKind::invalid) && kind <= static_cast<int>(ErrorKind::io);
    failure_ = Error{known ? static_cast<ErrorKind>(kind.get<int>()) : ErrorKind::io, message.get<std::string>()};
    return true;
  }

  bool take_end(const std::string& text) {
    const auto told = parse_json(text);
    if (running_ || !told || !told->is_object()) return false;
    const auto peak = told->value("peak_memory_bytes", json());
    if (peak.is_number_unsigned()) reader_peak_bytes_ = std::max(reader_peak_bytes_, peak.get<std::uint64_t>());
    done_ = true;
    return true;
  }

  /// The probe at which a reader was ended, or ended itself.
  void settle(Child& child, std::string word) {
    const double took = to_ms(Clock::now() - running_->since);
    const double used = rounded(child.processor_ms() - running_->processor_ms_before);
    const auto status = child.end();
    if (word == "crash" && status && WIFSIGNALED(*status) && WTERMSIG(*status) == SIGXCPU) word = "processor";
    if (word == "crash" && status && WIFEXITED(*status) && WEXITSTATUS(*status) == kExitOutOfMemory) word = "memory";
    std::string reason = in_words(word, work_.limits);
    if (word == "crash" && status && WIFSIGNALED(*status)) reason += " (" + signal_name(WTERMSIG(*status)) + ")";
    if (!status) reason += "; it hangs in the kernel and was left behind";
    strike(word, took, std::max(used, 0.0));
    fail_section(running_->row, reason);
    scan_.sections[std::string(probes_[running_->row].name)].took_ms = took;
    rows_.erase(running_->row);
  }

  static std::string signal_name(int number) {
    if (number == SIGSEGV) return "SIGSEGV";
    if (number == SIGABRT) return "SIGABRT";
    if (number == SIGBUS) return "SIGBUS";
    if (number == SIGSYS) return "SIGSYS";
    if (number == SIGKILL) return "SIGKILL";
    return "signal " + std::to_string(number);
  }

  void strike(const std::string& word, double took, double used) {
    const auto name = probes_[running_->row].name;
    const Strikes& strikes = history_.strike(name, word, scan_.taken_at);
    scan_.ended[std::string(name)] = {word, took, used, strikes.count, strikes.skipped_until};
  }

  void fail_section(std::size_t row, const std::string& reason) {
    const std::string name(probes_[row].name);
    Section section;
    section.status = SectionStatus::failed;
    section.missing.emplace(name, name + ": " + reason);
    scan_.sections[name] = std::move(section);
  }

  /// What no reader will be asked for any more.
  void give_up(const std::string& reason) {
    for (const std::size_t row : rows_) fail_section(row, reason);
    rows_.clear();
  }

  Result<void> finish_recording() const {
    if (work_.record.empty()) return {};
    if (recording_failure_) return tl::unexpected<Error>(*recording_failure_);
    return write_recording(work_.record, recording_);
  }

  const GuardedScan& work_;
  const std::vector<Probe>& probes_;
  ProbeHistory& history_;
  Scan scan_;
  std::set<std::size_t> rows_;  // still to be read
  std::optional<Running> running_;
  bool done_ = false;
  std::optional<Error> failure_;
  std::string recording_;
  std::optional<Error> recording_failure_;  // the first
  std::uint64_t reader_peak_bytes_ = 0;
  const Clock::time_point start_ = Clock::now();
  const double children_before_ms_ = processor_ms(RUSAGE_CHILDREN);
};

}  // namespace

Result<Scan> take_guarded_scan(const GuardedScan& work, const std::vector<Probe>& probes, ProbeHistory& history) {
  return Guard(work, probes, history).run();
}

}  // namespace plumbline
