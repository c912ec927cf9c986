// SPDX-License-Identifier: Apache-2.0
// Probes that behave badly on purpose, each beside one that behaves: what the rogue wants is refused or it is ended,
// the scan says so, and the other one's facts arrive.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "agent/asks/within.h"
#include "agent/manners/guard.h"
#include "agent/manners/sandbox.h"
#include "agent/probe.h"
#include "agent/probes/all.h"
#include "agent/probes/hardware.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/agent/scratch.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

using nlohmann::json;
using Run = Result<void> (*)(const Host&, Machine&, Facts&);

constexpr int kGoneQuietly = 3;

/// Limits small enough for a test and far above what the good probe needs.
Limits small_limits() {
  Limits limits;
  limits.memory_bytes = 96u << 20;
  limits.open_files = 128;
  limits.probe_time = std::chrono::seconds(2);
  limits.probe_processor = std::chrono::seconds(1);
  return limits;
}

GuardedScan live_work() {
  GuardedScan work;
  work.open_host = [](KeepFile, const std::string&) -> Result<std::unique_ptr<Host>> { return live_host(); };
  work.limits = small_limits();
  return work;
}

/// Ends nobody by the clock, for what has to use something up first and may wait for a processor meanwhile.
GuardedScan patient_work() {
  GuardedScan work = live_work();
  work.limits.probe_time = std::chrono::minutes(2);
  work.limits.probe_processor = std::chrono::milliseconds(500);
  return work;
}

/// A rogue under the name "mac", before and after a good probe.
std::vector<Probe> beside_good_ones(Run rogue) {
  return {{"os", "good", probe_os}, {"mac", "rogue", rogue}, {"memory", "good", probe_memory}};
}

Scan scan_with(Run rogue, ProbeHistory& history, const GuardedScan& work = live_work()) {
  auto scan = take_guarded_scan(work, beside_good_ones(rogue), history);
  INFO((scan ? std::string() : scan.error().message));
  REQUIRE(scan);
  return *scan;
}

Scan scan_with(Run rogue) {
  ProbeHistory history;
  return scan_with(rogue, history);
}

/// The others told everything, and the whole is a document that a collector takes.
void check_rest(const Scan& scan) {
  REQUIRE(scan.sections.size() == 3);
  CHECK(scan.sections.at("os").data.contains("kernel_release"));
  CHECK(scan.sections.at("memory").data.contains("total_bytes"));
  const auto read = read_scan(to_json(scan));
  INFO((read ? std::string() : read.error().message));
  REQUIRE(read);
  CHECK(read->ended.size() == scan.ended.size());
}

/// The rogue's section is failed and says why, and the scan tells what the rogue cost.
void check_ended(const Scan& scan, const std::string& outcome, const std::string& reason) {
  check_rest(scan);
  const auto& section = scan.sections.at("mac");
  CHECK(section.status == SectionStatus::failed);
  REQUIRE(section.missing.count("mac") == 1);
  CHECK(contains(section.missing.at("mac"), reason));
  REQUIRE(scan.ended.count("mac") == 1);
  CHECK(scan.ended.at("mac").outcome == outcome);
  CHECK(scan.ended.at("mac").strikes == 1);
  CHECK(scan.ended.at("mac").left_out_until == 0);
}

/// A frame as a reader writes it.
std::string frame_of(char kind, std::string_view text) {
  const auto length = static_cast<std::uint32_t>(text.size());
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + kind + std::string(text);
}

/// A rogue that takes the reader's own socket.
[[noreturn]] Result<void> say_and_wait(std::string_view bytes) {
  for (int socket = STDERR_FILENO + 1; socket < 64; ++socket)
    if (write(socket, bytes.data(), bytes.size()) > 0) break;
  for (;;) poll(nullptr, 0, -1);
}

/// What a rogue was answered, for the test to look at: "mac.system" takes any text.
Result<void> tell(Facts& facts, const std::string& text) {
  facts.set("mac.system", text);
  return {};
}

std::string told(const Scan& scan) {
  check_rest(scan);
  CHECK(scan.ended.empty());
  return scan.sections.at("mac").data.value("system", std::string("nothing"));
}

std::string refusal() { return std::strerror(errno); }

bool skipped_without_sandbox() {
  if (can_be_confined()) return false;
  SUCCEED("skipped: this build has sanitizers, and no sandbox");
  return true;
}

}  // namespace

TEST_CASE("A probe that hangs is ended, and the rest of the scan arrives") {
  const auto hang = [](const Host&, Machine&, Facts&) -> Result<void> {
    for (;;) poll(nullptr, 0, -1);
  };
  check_ended(scan_with(hang), "time", "longer than 2 s");
}

TEST_CASE("A probe that ignores every signal and hangs is ended, too") {
  const auto hang = [](const Host&, Machine&, Facts&) -> Result<void> {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    for (;;) poll(nullptr, 0, -1);
  };
  check_ended(scan_with(hang), "time", "longer than 2 s");
}

TEST_CASE("A probe that spins is ended by the processor time it used") {
  const auto spin = [](const Host&, Machine&, Facts&) -> Result<void> {
    for (;;) sched_yield();
  };
  ProbeHistory history;
  const auto scan = scan_with(spin, history, patient_work());
  check_ended(scan, "processor", "processor time");
  CHECK(scan.ended.at("mac").cpu_ms >= 500);
}

TEST_CASE("A probe that allocates without end is ended, and the next one has memory again") {
  if (skipped_without_sandbox()) return;
  const auto allocate = [](const Host&, Machine&, Facts&) -> Result<void> {
    auto* kept = new std::vector<std::string>();
    for (;;) kept->push_back(std::string(1u << 20, 'x'));
  };
  ProbeHistory history;
  auto work = patient_work();
  work.limits.probe_processor = std::chrono::seconds(60);
  check_ended(scan_with(allocate, history, work), "memory", "more memory");
}

TEST_CASE("As it is shipped, agent and reader together stay below 64 MiB whatever a probe wants") {
  if (skipped_without_sandbox()) return;
  const auto allocate = [](const Host&, Machine&, Facts&) -> Result<void> {
    auto* kept = new std::vector<std::string>();
    for (;;) kept->push_back(std::string(1u << 16, 'x'));
  };
  auto work = live_work();
  work.limits = Limits();
  CHECK(work.limits.memory_bytes == 64u << 20);
  work.limits.probe_processor = std::chrono::seconds(60);
  work.limits.probe_time = std::chrono::minutes(2);
  ProbeHistory history;
  const auto scan = scan_with(allocate, history, work);
  check_ended(scan, "memory", "more memory than the agent may have (64 MiB)");
  CHECK(scan.peak_memory_bytes <= 64u << 20);
}

TEST_CASE("As it is shipped, a scan is confined, and says by what") {
  if (skipped_without_sandbox()) return;
  const auto nothing = [](const Host&, Machine&, Facts&) -> Result<void> { return {}; };
  ProbeHistory history;
  GuardedScan work = live_work();
  const auto words = scan_with(nothing, history, work).confined;
  REQUIRE_FALSE(words.empty());
  CHECK(words.front() == "seccomp");
  work.confine = false;
  CHECK(scan_with(nothing, history, work).confined.empty());
}

TEST_CASE("Shared memory, which no limit of the kernel counts, is watched") {
  if (skipped_without_sandbox()) return;
  const auto allocate = [](const Host&, Machine&, Facts&) -> Result<void> {
    constexpr std::size_t kMuch = 256u << 20;
    void* memory = mmap(nullptr, kMuch, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) std::memset(memory, 1, kMuch);
    for (;;) poll(nullptr, 0, -1);
  };
  ProbeHistory history;
  auto work = patient_work();
  work.limits.probe_processor = std::chrono::seconds(60);
  check_ended(scan_with(allocate, history, work), "memory", "more memory");
}

TEST_CASE("A probe that opens files without end runs out of its own, and is told") {
  const auto open_all = [](const Host&, Machine&, Facts& facts) -> Result<void> {
    int count = 0;
    while (open("/proc/self/stat", O_RDONLY) >= 0) ++count;
    return tell(facts, count < 128 ? "refused" : "never refused");
  };
  const auto scan = scan_with(open_all);
  check_rest(scan);
  CHECK(scan.ended.at("mac").outcome == "files");
  CHECK(scan.sections.at("mac").data.at("system") == "refused");
}

TEST_CASE("A probe that crashes costs its own section") {
  const auto crash = [](const Host&, Machine&, Facts&) -> Result<void> {
    raise(SIGSEGV);
    return {};
  };
  check_ended(scan_with(crash), "crash", "crashed");
}

TEST_CASE("A probe that leaves, throws or says nonsense costs its own section") {
  const auto leave = [](const Host&, Machine&, Facts&) -> Result<void> { _exit(kGoneQuietly); };
  check_ended(scan_with(leave), "crash", "crashed");
  const auto garbage = [](const Host&, Machine&, Facts&) -> Result<void> { return say_and_wait("\xff\xff\xff\x7fS{{{"); };
  check_ended(scan_with(garbage), "crash", "crashed");
  const auto foreign = [](const Host&, Machine&, Facts&) -> Result<void> { return say_and_wait(frame_of('B', "many")); };
  check_ended(scan_with(foreign), "crash", "crashed");
  const auto unknown_end = [](const Host&, Machine&, Facts&) -> Result<void> {
    return say_and_wait(frame_of('S', R"({"data":{},"missing":{},"ended":"of old age"})"));
  };
  check_ended(scan_with(unknown_end), "crash", "crashed");
  const auto shut = [](const Host&, Machine&, Facts&) -> Result<void> {
    for (int socket = STDERR_FILENO + 1; socket < 64; ++socket) close(socket);
    for (;;) poll(nullptr, 0, -1);
  };
  check_ended(scan_with(shut), "crash", "crashed");
  const auto cost_in_words = [](const Host&, Machine&, Facts&) -> Result<void> {
    return say_and_wait(frame_of('S', R"({"data":{},"missing":{},"ended":"files","took_ms":"long","cpu_ms":[]})"));
  };
  const auto costly = scan_with(cost_in_words);
  check_rest(costly);
  CHECK(costly.ended.at("mac").outcome == "files");
  CHECK(costly.ended.at("mac").took_ms == 0);
  const auto thrower = [](const Host&, Machine&, Facts&) -> Result<void> { throw std::runtime_error("oh"); };
  const auto scan = scan_with(thrower);
  check_rest(scan);
  CHECK(scan.ended.empty());
  CHECK(scan.sections.at("mac").missing.at("mac") == "mac: oh");
}

TEST_CASE("Every probe of a scan may be a rogue, and the scan still ends") {
  const auto crash = [](const Host&, Machine&, Facts&) -> Result<void> {
    raise(SIGKILL);
    return {};
  };
  std::vector<Probe> all;
  for (const char* name : {"os", "mac", "memory", "boot", "time"}) all.push_back({name, "rogue", crash});
  ProbeHistory history;
  const auto scan = take_guarded_scan(live_work(), all, history);
  REQUIRE(scan);
  CHECK(scan->ended.size() == 5);
  CHECK(read_scan(to_json(*scan)));
}

TEST_CASE("A scan as a whole has an end, and says what it left out") {
  const auto slow = [](const Host&, Machine&, Facts&) -> Result<void> {
    for (;;) poll(nullptr, 0, -1);
  };
  auto work = live_work();
  work.limits.scan_time = std::chrono::seconds(3);
  work.limits.probe_time = std::chrono::minutes(2);
  ProbeHistory history;
  const auto scan = take_guarded_scan(work, beside_good_ones(slow), history);
  REQUIRE(scan);
  CHECK(scan->sections.at("os").status != SectionStatus::failed);
  CHECK(contains(scan->sections.at("memory").missing.at("memory"), "left out"));
  CHECK(scan->ended.empty());
}

TEST_CASE("A scan as a whole has its share of the processor, however many probes spin, and says what it left out") {
  const auto spin = [](const Host&, Machine&, Facts&) -> Result<void> {
    for (;;) sched_yield();
  };
  std::vector<Probe> all;
  for (const char* name : {"os", "mac", "memory", "boot", "time", "kernel"}) all.push_back({name, "rogue", spin});
  auto work = patient_work();
  work.limits.scan_processor = std::chrono::milliseconds(1200);
  ProbeHistory history;
  const auto scan = take_guarded_scan(work, all, history);
  REQUIRE(scan);
  CHECK(scan->sections.size() == all.size());
  CHECK(scan->ended.size() == 2);  // at 500 ms each; the third was at work when the scan's own 1,200 ms were used
  CHECK(scan->cpu_ms >= 1200);
  CHECK(scan->cpu_ms < 1700);  // of processor time: what six of them would use is 3 s
  CHECK(contains(scan->sections.at("kernel").missing.at("kernel"), "more of the processor, than the agent may"));
}

TEST_CASE("A thread that is left behind waiting does not hold the scan up") {
  const auto wait = [](const Host&, Machine&, Facts& facts) -> Result<void> {
    const auto answer = answer_within(std::chrono::seconds(0), "a dead file server", []() -> Result<std::string> {
      for (;;) poll(nullptr, 0, -1);
    });
    return tell(facts, answer ? "answered" : "not answered");
  };
  CHECK(told(scan_with(wait)) == "not answered");
}

TEST_CASE("A probe cannot start a program or a process") {
  if (skipped_without_sandbox()) return;
  const auto execute = [](const Host&, Machine&, Facts& facts) -> Result<void> {
    std::array<char*, 2> arguments = {const_cast<char*>("true"), nullptr};
    execv("/bin/true", arguments.data());
    std::string text = refusal();
    const pid_t child = fork();
    if (child == 0) _exit(0);
    return tell(facts, text + ", " + (child < 0 ? refusal() : "forked"));
  };
  CHECK(told(scan_with(execute)) == "Operation not permitted, Operation not permitted");
}

TEST_CASE("A probe cannot listen, send datagrams or talk to other programs' sockets") {
  if (skipped_without_sandbox()) return;
  const auto listen_to = [](const Host&, Machine&, Facts& facts) -> Result<void> {
    const int tcp = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound = bind(tcp, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0;
    std::string text = tcp < 0 || (bound && listen(tcp, 1) == 0) ? "listens" : refusal();
    text += std::string(", ") + (socket(AF_INET, SOCK_DGRAM, 0) < 0 ? refusal() : "datagrams");
    text += std::string(", ") + (socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? refusal() : "local");
    text += std::string(", ") + (socket(AF_INET, SOCK_RAW, IPPROTO_TCP) < 0 ? refusal() : "raw");
    return tell(facts, text);
  };
  CHECK(told(scan_with(listen_to)) ==
        "Operation not permitted, Operation not permitted, Operation not permitted, Operation not permitted");
}

TEST_CASE("Under Landlock a greeting may come from a port of the kernel's choice, and from no other") {
  if (skipped_without_sandbox()) return;
  const auto bind_to = [](const Host&, Machine&, Facts& facts) -> Result<void> {
    std::string text;
    for (const std::uint16_t port : {std::uint16_t{0}, std::uint16_t{5432}}) {
      const int tcp = socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in place{};
      place.sin_family = AF_INET;
      place.sin_port = htons(port);
      place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      text += bind(tcp, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0 ? "bound " : "refused ";
      text += listen(tcp, 1) == 0 ? "listens " : "";
    }
    return tell(facts, text);
  };
  ProbeHistory history;
  auto work = live_work();
  work.landlock = true;
  const Scan scan = scan_with(bind_to, history, work);
  const bool ports = std::any_of(scan.confined.begin(), scan.confined.end(), [](const std::string& word) {
    return word.starts_with("landlock ") && parse_u64(word.substr(9)).value_or(0) >= 4;
  });
  CHECK(told(scan) == (ports ? "bound refused " : "bound bound "));
}

TEST_CASE("Without greetings a probe has no TCP at all") {
  if (skipped_without_sandbox()) return;
  const auto connect = [](const Host&, Machine&, Facts& facts) -> Result<void> {
    return tell(facts, socket(AF_INET6, SOCK_STREAM, 0) < 0 ? refusal() : "connects");
  };
  ProbeHistory history;
  auto work = live_work();
  CHECK(told(scan_with(connect, history, work)) == "connects");
  work.greetings = false;
  CHECK(told(scan_with(connect, history, work)) == "Operation not permitted");
}

TEST_CASE("A probe cannot write: neither open, nor make, remove, rename, link or change rights") {
  if (skipped_without_sandbox()) return;
  const Scratch scratch;
  scratch.write("/here", "before");
  static std::string folder;
  folder = scratch.path();
  const auto write_all = [](const Host&, Machine&, Facts& facts) -> Result<void> {
    const std::string here = folder + "/here", there = folder + "/there";
    std::string done;
    if (open(here.c_str(), O_WRONLY) >= 0) done += "opened ";
    if (open(here.c_str(), O_RDWR | O_TRUNC) >= 0) done += "truncated ";
    if (open(there.c_str(), O_RDONLY | O_CREAT, 0600) >= 0) done += "created ";
    if (open(folder.c_str(), O_TMPFILE | O_RDWR, 0600) >= 0) done += "temporary ";
    if (truncate(here.c_str(), 0) == 0) done += "truncated ";
    if (unlink(here.c_str()) == 0) done += "unlinked ";
    if (rename(here.c_str(), there.c_str()) == 0) done += "renamed ";
    if (mkdir(there.c_str(), 0700) == 0) done += "folder ";
    if (symlink("x", there.c_str()) == 0) done += "symlink ";
    if (link(here.c_str(), there.c_str()) == 0) done += "link ";
    if (chmod(here.c_str(), 0777) == 0) done += "rights ";
    if (mkfifo(there.c_str(), 0600) == 0) done += "fifo ";
    return tell(facts, "did " + done);
  };
  ProbeHistory history;
  auto work = live_work();
  CHECK(told(scan_with(write_all, history, work)) == "did ");
  work.landlock = true;  // the second layer says the same where the kernel has it
  CHECK(told(scan_with(write_all, history, work)) == "did ");
  CHECK(read_file(scratch.path() + "/here", 64) == "before");
}

TEST_CASE("A probe cannot signal or trace other processes, nor raise its own limits") {
  if (skipped_without_sandbox()) return;
  const auto disturb = [](const Host&, Machine&, Facts& facts) -> Result<void> {
    std::string text = kill(getppid(), 0) == 0 ? "signals" : refusal();
    text += std::string(", ") + (ptrace(PTRACE_SEIZE, getppid(), nullptr, nullptr) == 0 ? "traces" : refusal());
    const struct rlimit more {1u << 20, 1u << 20};
    text += std::string(", ") + (setrlimit(RLIMIT_NOFILE, &more) == 0 ? "raised" : refusal());
    void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    text += std::string(", ") + (page != MAP_FAILED ? "writes code" : refusal());
    return tell(facts, text);
  };
  CHECK(told(scan_with(disturb)) ==
        "Operation not permitted, Operation not permitted, Operation not permitted, Operation not permitted");
}

TEST_CASE("A reader holds no lock and no file of the agent") {
  const Scratch scratch;
  const int lock = open((scratch.path() + "/lock").c_str(), O_RDWR | O_CREAT, 0600);
  REQUIRE(lock >= 0);
  static int number;
  number = lock;
  const auto look = [](const Host&, Machine&, Facts& facts) -> Result<void> {
    return tell(facts, fcntl(number, F_GETFD) < 0 ? "closed" : "open");
  };
  CHECK(told(scan_with(look)) == "closed");
  close(lock);
}

TEST_CASE("Twice in a row ended, a probe is left out, for longer each time, until it ends well") {
  static bool well;
  well = false;
  const auto crash = [](const Host&, Machine&, Facts& facts) -> Result<void> {
    if (!well) raise(SIGABRT);
    return tell(facts, "well");
  };
  const Scratch scratch;
  const std::string path = scratch.path() + "/probes.json";
  const auto history = [&path] { return ProbeHistory::load(path, "1", "boot"); };
  auto first = history();
  check_ended(scan_with(crash, first), "crash", "crashed");
  REQUIRE(first.save());
  auto second = history();
  const auto twice = scan_with(crash, second);
  CHECK(twice.ended.at("mac").strikes == 2);
  CHECK(twice.ended.at("mac").left_out_until == twice.taken_at + 6 * 3600);
  REQUIRE(second.save());
  auto third = history();
  const auto left_out = scan_with(crash, third);
  check_rest(left_out);
  CHECK(left_out.ended.at("mac").outcome == "left out");
  CHECK(contains(left_out.sections.at("mac").missing.at("mac"), "left out until"));
  CHECK(third.left_out("mac", left_out.taken_at + 6 * 3600 + 60) == nullptr);
  CHECK(third.strike("mac", "crash", 1'000'000).skipped_until == 1'000'000 + 12 * 3600);
  for (int i = 0; i < 20; ++i) third.strike("mac", "crash", 1'000'000);
  CHECK(third.strike("mac", "crash", 1'000'000).skipped_until == 1'000'000 + 7 * 86400);
  well = true;
  third.forgive("mac");
  REQUIRE(third.save());
  auto last = history();
  CHECK(told(scan_with(crash, last)) == "well");
}

TEST_CASE("What is remembered of probes ends with a new agent, a new start of the machine, and damage") {
  const Scratch scratch;
  const std::string path = scratch.path() + "/probes.json";
  auto history = ProbeHistory::load(path, "1", "boot");
  for (int i = 0; i < 3; ++i) history.strike("storage", "time", 1'000'000);
  REQUIRE(history.save());
  const auto left_out = [&path](const char* version, const char* boot, std::int64_t now) {
    return ProbeHistory::load(path, version, boot).left_out("storage", now) != nullptr;
  };
  CHECK(left_out("1", "boot", 1'000'001));
  CHECK_FALSE(left_out("2", "boot", 1'000'001));
  CHECK_FALSE(left_out("1", "other", 1'000'001));
  CHECK_FALSE(left_out("1", "boot", 1));  // a clock set back by years waits for nothing
  CHECK_FALSE(left_out("1", "boot", 1'000'000 + 8 * 86400));
  for (const char* text : {"", "{", "[]", "{\"agent\":\"1\",\"boot\":\"boot\",\"probes\":[]}",
                           "{\"agent\":\"1\",\"boot\":\"boot\",\"probes\":{\"storage\":{\"strikes\":-1,\"until\":\"x\"}}}",
                           "{\"agent\":\"1\",\"boot\":\"boot\",\"probes\":{\"storage\":{\"strikes\":1e99,\"until\":18446744073709551615}}}"}) {
    INFO(text);
    scratch.write("/probes.json", text);
    CHECK_FALSE(left_out("1", "boot", 1'000'001));
  }
}

TEST_CASE("A recording is whole although one of its probes crashed, and replays to the same facts") {
  const auto crash = [](const Host& host, Machine&, Facts&) -> Result<void> {
    (void)host.read("/proc/meminfo");
    raise(SIGSEGV);
    return {};
  };
  const Scratch scratch;
  auto work = live_work();
  work.record = scratch.path() + "/recording";
  REQUIRE(prepare_recording(work.record));
  work.open_host = [folder = work.record](KeepFile keep, const std::string& before) -> Result<std::unique_ptr<Host>> {
    return recording_host(folder, std::move(keep), before);
  };
  ProbeHistory history;
  const auto scan = scan_with(crash, history, work);
  check_ended(scan, "crash", "crashed");
  auto replay = live_work();
  replay.landlock = true;
  replay.open_host = [folder = work.record](KeepFile, const std::string&) { return recorded_host(folder); };
  const auto again = take_guarded_scan(replay, {{"os", "good", probe_os}, {"memory", "good", probe_memory}}, history);
  REQUIRE(again);
  CHECK(again->sections.at("os").hash == scan.sections.at("os").hash);
  CHECK(again->sections.at("memory").hash == scan.sections.at("memory").hash);
}

TEST_CASE("A host that cannot be opened is an error with its own words") {
  auto work = live_work();
  work.open_host = [](KeepFile, const std::string&) { return recorded_host("/there/is/no/such/folder"); };
  ProbeHistory history;
  const auto scan = take_guarded_scan(work, probes(), history);
  REQUIRE_FALSE(scan);
  CHECK(scan.error().kind == ErrorKind::not_found);
  CHECK(contains(scan.error().message, "/there/is/no/such/folder"));
  work.options.only = {"memry"};
  const auto misspelt = take_guarded_scan(work, probes(), history);
  REQUIRE_FALSE(misspelt);
  CHECK(contains(misspelt.error().message, "did you mean \"memory\"?"));
}

TEST_CASE("A guarded scan of a recorded machine finds what a plain one finds") {
  const std::string root = PLUMBLINE_SOURCE_DIR "/tests/hosts/gpu-server";
  const auto host = recorded_host(root);
  REQUIRE(host);
  const auto plain = take_scan(**host);
  REQUIRE(plain);
  auto work = live_work();
  work.limits = Limits();
  work.landlock = true;
  work.open_host = [root](KeepFile, const std::string&) { return recorded_host(root); };
  ProbeHistory history;
  const auto guarded = take_guarded_scan(work, probes(), history);
  REQUIRE(guarded);
  CHECK(guarded->ended.empty());
  CHECK(guarded->taken_at == plain->taken_at);
  CHECK(guarded->privileged == plain->privileged);
  for (const auto& [name, section] : plain->sections) {
    INFO(name);
    CHECK(guarded->sections.at(name).data == section.data);
    CHECK(guarded->sections.at(name).hash == section.hash);
  }
}

TEST_CASE("A service that is told to stop ends its reader at once") {
  const auto hang = [](const Host&, Machine&, Facts&) -> Result<void> {
    for (;;) poll(nullptr, 0, -1);
  };
  sigset_t stop, before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  REQUIRE(sigprocmask(SIG_BLOCK, &stop, &before) == 0);
  raise(SIGTERM);
  auto work = live_work();
  work.limits.probe_time = std::chrono::minutes(5);
  ProbeHistory history;
  const auto scan = take_guarded_scan(work, beside_good_ones(hang), history);
  const struct timespec now {};
  CHECK(sigtimedwait(&stop, nullptr, &now) == SIGTERM);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  REQUIRE_FALSE(scan);
  CHECK(scan.error().kind == ErrorKind::unavailable);
}

}  // namespace plumbline
