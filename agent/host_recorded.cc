// SPDX-License-Identifier: Apache-2.0
// The recorded host: a folder that stands for a machine's root; nothing leads out of it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "agent/files.h"
#include "agent/host.h"
#include "agent/recording.h"
#include "agent/rpm/database.h"
#include "base/json.h"

namespace plumbline {
namespace {

constexpr JsonLimits kRecordingLimits{64u << 20, 32, 4'000'000, 8u << 20};

class RecordedHost final : public Host {
 public:
  RecordedHost(Descriptor root, nlohmann::json recording)
      : root_(std::move(root)), recording_(std::move(recording)) {
    const auto complete = recording_.find("complete");
    complete_ = complete != recording_.end() && complete->is_boolean() && complete->get<bool>();
  }

  Result<std::string> read(std::string_view path, std::size_t limit) const override {
    if (auto good = check_path(path); !good) return tl::unexpected<Error>(good.error());
    const auto* entry = find("files", path);
    if (entry == nullptr) return complete_ ? absent(path) : read_file_inside(path, path, limit);
    if (auto error = error_of(*entry)) return tl::unexpected<Error>(*error);
    return read_file_inside(quote_name(path), path, limit);
  }

  Result<std::string> read_redacted(std::string_view path, Redact redact, std::size_t limit) const override {
    const auto redacted = [redact](const std::string& text) { return redact(text); };
    const auto* entry = find("redacted", path);
    // A file that an older agent kept as it was is taken from there.
    if (entry == nullptr) return read(path, limit).map(redacted);
    if (auto error = error_of(*entry)) return tl::unexpected<Error>(*error);
    return read_file_inside(std::string(kRedactedFolder) + quote_name(path), path, limit).map(redacted);
  }

  Result<std::vector<FolderEntry>> list(std::string_view path) const override {
    if (auto good = check_path(path); !good) return tl::unexpected<Error>(good.error());
    if (const auto* entry = find("folders", path)) return entries_from_json(*entry);
    if (complete_) return absent(path);
    const int number = open_inside(root_.get(), path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (number < 0) return tl::unexpected<Error>(file_error(-number, path));
    auto entries = list_descriptor(Descriptor(number), path);
    if (entries && path == "/")
      std::erase_if(*entries, [](const auto& entry) { return entry.name == ".plumbline"; });
    return entries;
  }

  Result<std::string> read_link(std::string_view path) const override {
    if (auto good = check_path(path); !good) return tl::unexpected<Error>(good.error());
    if (const auto* entry = find("links", path)) {
      if (auto error = error_of(*entry)) return tl::unexpected<Error>(*error);
      const auto target = entry->is_object() ? entry->find("target") : entry->end();
      if (!entry->is_object() || target == entry->end() || !target->is_string()) {
        return fail(ErrorKind::invalid, "recording: no target for the link " + std::string(path));
      }
      return unquote_name(target->get_ref<const std::string&>());
    }
    if (complete_) return absent(path);
    const Descriptor link(open_inside(root_.get(), path, O_PATH | O_NOFOLLOW));
    if (!link) return tl::unexpected<Error>(file_error(-link.get(), path));
    struct stat native {};
    if (fstat(link.get(), &native) != 0) return tl::unexpected<Error>(file_error(errno, path));
    if (!S_ISLNK(native.st_mode)) return fail(ErrorKind::invalid, "not a link: " + std::string(path));
    return read_link_at(link.get(), "", path);
  }

  Result<FileStat> stat(std::string_view path, bool follow) const override {
    if (auto good = check_path(path); !good) return tl::unexpected<Error>(good.error());
    if (const auto* entry = find(follow ? "stats" : "own_stats", path)) return stat_from_json(*entry);
    if (complete_) return absent(path);
    const Descriptor thing(open_inside(root_.get(), path, O_PATH | (follow ? 0 : O_NOFOLLOW)));
    if (!thing) return tl::unexpected<Error>(file_error(-thing.get(), path));
    struct stat native {};
    if (fstat(thing.get(), &native) != 0) return tl::unexpected<Error>(file_error(errno, path));
    return to_file_stat(native);
  }

  Result<std::string> ask(std::string_view question) const override {
    const auto* entry = find("answers", question);
    if (entry == nullptr && !complete_ && question.starts_with("rpm:"))
      return list_rpm_inside(question.substr(4));
    if (entry == nullptr) return absent(question);
    if (auto error = error_of(*entry)) return tl::unexpected<Error>(*error);
    return entry->is_string() ? entry->get<std::string>() : entry->dump();
  }

 private:
  static tl::unexpected<Error> absent(std::string_view path) {
    return fail(ErrorKind::not_found, "not recorded: " + std::string(path));
  }

  const nlohmann::json* find(const char* verb, std::string_view name) const {
    const auto answers = recording_.find(verb);
    if (answers == recording_.end() || !answers->is_object() || answers->empty()) return nullptr;
    const auto entry = answers->find(quote_name(name));
    return entry == answers->end() ? nullptr : &*entry;
  }

  Result<std::string> list_rpm_inside(std::string_view path) const {
    if (auto good = check_path(path); !good) return tl::unexpected<Error>(good.error());
    const Descriptor thing(open_inside(root_.get(), path, O_PATH));
    if (!thing) return tl::unexpected<Error>(file_error(-thing.get(), path));
    return list_rpm_packages("/proc/self/fd/" + std::to_string(thing.get()), path);
  }

  Result<std::string> read_file_inside(std::string_view place, std::string_view path,
                                       std::size_t limit) const {
    const Descriptor thing(open_inside(root_.get(), place, O_PATH));
    if (!thing) return tl::unexpected<Error>(file_error(-thing.get(), path));
    return read_regular(thing.get(), path, limit);
  }

  Descriptor root_;
  nlohmann::json recording_;
  bool complete_ = false;
};

Result<nlohmann::json> read_recording(int root, const std::string& folder) {
  const Descriptor file(open_inside(root, kRecordingFile, O_PATH));
  if (!file) return nlohmann::json::object();
  const std::string name = folder + std::string(kRecordingFile);
  const auto text = read_regular(file.get(), name, kRecordingLimits.bytes);
  if (!text) return tl::unexpected<Error>(text.error());
  auto recording = parse_json(*text, kRecordingLimits);
  if (!recording) return fail(name, recording.error());
  if (!recording->is_object())
    return fail(ErrorKind::invalid, name + ": not a recording; record the machine again");
  return recording;
}

}  // namespace

Result<std::unique_ptr<Host>> recorded_host(const std::string& folder) {
  Descriptor root(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) {
    if (errno == ENOTDIR)
      return fail(ErrorKind::invalid,
                  folder + ": not a folder; --root takes the folder of a recorded machine");
    Error error = file_error(errno, folder);
    error.message += "; --root takes the folder of a recorded machine";
    return tl::unexpected<Error>(error);
  }
  if (access(folder.c_str(), R_OK | X_OK) != 0) return tl::unexpected<Error>(file_error(errno, folder));
  auto recording = read_recording(root.get(), folder);
  if (!recording) return tl::unexpected<Error>(recording.error());
  return std::make_unique<RecordedHost>(std::move(root), std::move(*recording));
}

}  // namespace plumbline
