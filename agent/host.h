// SPDX-License-Identifier: Apache-2.0
// The whole outside world of a probe: five verbs. Live machine, recorded folder, and live while recording.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plumbline {

enum class FileType { regular, folder, link, other };

struct FileStat {
  FileType type = FileType::other;
  unsigned mode = 0;  // permission bits, 07777
  unsigned uid = 0;
  unsigned gid = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t modified = 0;  // UTC seconds
  std::uint64_t device = 0;
};

struct FolderEntry {
  std::string name;
  FileType type = FileType::other;  // `link` is not followed
};

/// Takes the text of a file that may hold secrets and gives what may leave memory: keys and structure without
/// the values. It must be idempotent, for a recording holds redacted text and is redacted again on replay.
using Redact = std::string (*)(std::string_view text);

inline constexpr std::size_t kMaxFileBytes = 8u << 20;
inline constexpr std::size_t kMaxFolderEntries = 200'000;

/// Paths are absolute paths of the observed machine. Nothing leads outside its root: links are followed
/// inside it (openat2 RESOLVE_IN_ROOT for a recorded one). Errors are not_found, permission_denied, limit,
/// invalid or io, their message is "permission denied: /etc/shadow". All verbs may be called from one thread
/// at a time.
class Host {
 public:
  virtual ~Host() = default;
  /// The file's bytes, up to `limit`; longer is an error of kind limit.
  virtual Result<std::string> read(std::string_view path, std::size_t limit = kMaxFileBytes) const = 0;
  /// The same for a file that may hold secrets: only `redact`ed text is returned and recorded.
  virtual Result<std::string> read_redacted(std::string_view path, Redact redact,
                                            std::size_t limit = kMaxFileBytes) const = 0;
  /// Entries sorted by name, without "." and "..".
  virtual Result<std::vector<FolderEntry>> list(std::string_view path) const = 0;
  /// The target of a link as it is written.
  virtual Result<std::string> read_link(std::string_view path) const = 0;
  /// Of the thing itself where `follow` is false, of what a link leads to where it is true.
  virtual Result<FileStat> stat(std::string_view path, bool follow = true) const = 0;
  /// A named question; the answers are listed below the class. A recorded machine that was never asked
  /// answers not_found.
  virtual Result<std::string> ask(std::string_view question) const = 0;
  /// Several questions, each answered as by ask(), in their order. A live machine asks its own listeners all
  /// at once (greeting:…), so that slow ones cost their time once.
  virtual std::vector<Result<std::string>> ask_all(const std::vector<std::string>& questions) const {
    std::vector<Result<std::string>> answers;
    answers.reserve(questions.size());
    for (const std::string& question : questions) answers.push_back(ask(question));
    return answers;
  }
};

// Questions and the shape of their answers (JSON unless told otherwise):
//   now          text, UTC seconds: "1795466100"
//   uname        {"sysname":"Linux","nodename":"db01","release":"6.1.0-25-amd64","version":"#1 SMP
//   …","machine":"x86_64"} statvfs:/x
//   {"block_bytes":4096,"blocks":…,"blocks_free":…,"blocks_available":…,"files":…,"files_free":…}
//   statvfs_remote:/x   the same, given up after two seconds: network and FUSE file systems may hang for ever
//   head:/x      the first 64 bytes of a regular file as hexadecimal digits
//   rpm:/x       text, the packages in rpm's database /x, one a line: "openssl<tab>1:3.0.7-27.el9<tab>Rocky
//   …". A
//                recorded root that holds the file /x answers from it where it has no answer of its own
//   usage:/x     {"bytes":…,"files":…,"oldest":…,"newest":…,"complete":true}: what the files of a folder take on disk and
//                when those that hold something were written (UTC seconds); complete is false where the walk was
//                ended by its limits or a refusal
//   adjtimex     {"synchronized":true,"status":…,"max_error_us":…,"estimated_error_us":…}
//   sockets      listening TCP and unconnected bound UDP sockets,
//   [{"protocol":"tcp","address":"::","port":22,
//                "inode":15500,"uid":0,"v6only":false}] sorted by protocol, port, address
//   addresses    [{"interface":"eth0","family":"ipv4","address":"10.0.0.5","prefix":24}] sorted
//   affinity     text, the CPUs this process may run on: "0-3,8"
//   privileges   {"uid":0,"effective_uid":0,"capabilities":"000001ffffffffff"} (effective ones)
//   hypervisor   text, CPUID's signature: "KVMKVMKVM"; empty on bare metal
//   nvml         what the NVIDIA library tells (agent/asks/nvml.h)
//   greeting:PROTOCOL:ADDRESS:PORT   {"protocol":"redis","version":"7.0.15","auth":"required|none|unknown",
//                "tls":"on|off|unknown","evidence":"…","took_ms":2}: what a listener of this host said to a
//                greeting that logs in nowhere and writes nothing (docs/greetings.md). ADDRESS is one that the
//                answer "sockets" shows with that port, IPv6 in brackets, or, where it shows the port on every
//                address, one of the answer "addresses"; anything else is refused before a byte is sent. Version
//                and "product" are absent where it does not tell them

/// This machine. Without `greetings` it answers every greeting:… with unavailable and sends nothing.
std::unique_ptr<Host> live_host(bool greetings = true);
/// A folder laid out as a root: plain (foreign captures) or with `.plumbline/recording.json` beside its files
/// (answers, modes, owners, times, refusals of the machine it was recorded on). What recording.json says goes
/// before the files; where it says {"complete":true}, as those made by recording_host do, nothing else is
/// there. A root made by hand may hold {"answers":{"now":"1795466100","sockets":"[…]"}} alone and plain files
/// for the rest.
Result<std::unique_ptr<Host>> recorded_host(const std::string& folder);
/// Live, and everything it answers is kept under `folder`, which must be new or empty.
Result<std::unique_ptr<Host>> recording_host(const std::string& folder, bool greetings = true);
/// Takes one file of a recording: where it belongs, under the recording's folder, and its bytes.
using KeepFile = std::function<Result<void>(const std::string& place, std::string_view text)>;
/// The same for a process that may not write: `keep` does, at once. It goes on where `before`, the
/// recording_text() of another host, ended; "" begins. Make the folder with prepare_recording().
std::unique_ptr<Host> recording_host(const std::string& folder, KeepFile keep, std::string_view before,
                                     bool greetings = true);
/// Makes the folder; fails with conflict where it holds anything.
Result<void> prepare_recording(const std::string& folder);
/// What a recording host has heard so far, as recording.json tells it; "" of any other host.
std::string recording_text(const Host& host);
/// The last step, that makes a recording whole.
Result<void> write_recording(const std::string& folder, std::string_view text);
/// Writes one file of a recording, and makes the folders above it.
Result<void> write_recorded(const std::string& place, std::string_view text);
/// Writes what a recording host has heard; the recording is whole only after this succeeded.
Result<void> finish_recording(Host& host);

}  // namespace plumbline
