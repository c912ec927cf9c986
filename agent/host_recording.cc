// SPDX-License-Identifier: Apache-2.0
// The recording host: the live one, and all it says is kept for replay.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

#include "agent/files.h"
#include "agent/host.h"
#include "agent/recording.h"
#include "base/file.h"
#include "base/text.h"

namespace plumbline {
namespace {

/// Writes without syncing: a recording counts only once recording.json is there, which is written last and
/// synced.
Result<void> write_new_file(const std::string& place, std::string_view text) {
  const Descriptor file(::open(place.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return tl::unexpected<Error>(file_error(errno, place));
  while (!text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      return fail(ErrorKind::io, place + ": cannot be written: " + std::generic_category().message(errno));
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

/// Asks the machine each thing once: a scan that asks twice hears the same twice, as its replay will.
class RecordingHost final : public Host {
 public:
  RecordingHost(std::string folder, KeepFile keep_file, std::string_view before, bool greetings)
      : folder_(std::move(folder)), keep_file_(std::move(keep_file)), live_(live_host(greetings)) {
    auto begun = nlohmann::json::parse(before, nullptr, false);
    if (begun.is_object()) recording_ = std::move(begun);
  }

  Result<std::string> read(std::string_view path, std::size_t limit) const override {
    return read_once("files", folder_, path, limit, [&] { return live_->read(path, limit); });
  }

  Result<std::string> read_redacted(std::string_view path, Redact redact, std::size_t limit) const override {
    const std::string folder = folder_ + std::string(kRedactedFolder);
    return read_once("redacted", folder, path, limit,
                     [&] { return live_->read_redacted(path, redact, limit); });
  }

  Result<std::vector<FolderEntry>> list(std::string_view path) const override {
    if (const auto* entry = kept("folders", path)) return entries_from_json(*entry);
    auto entries = live_->list(path);
    keep("folders", path, entries ? entries_to_json(*entries) : error_to_json(entries.error()));
    return entries;
  }

  Result<std::string> read_link(std::string_view path) const override {
    auto target = live_->read_link(path);
    keep("links", path,
         target ? nlohmann::json{{"target", quote_target(*target)}} : error_to_json(target.error()));
    return target;
  }

  Result<FileStat> stat(std::string_view path, bool follow) const override {
    const char* verb = follow ? "stats" : "own_stats";
    if (const auto* entry = kept(verb, path)) return stat_from_json(*entry);
    auto stat = live_->stat(path, follow);
    keep(verb, path, stat ? stat_to_json(*stat) : error_to_json(stat.error()));
    return stat;
  }

  Result<std::string> ask(std::string_view question) const override {
    if (const auto* entry = kept("answers", question)) {
      if (auto error = error_of(*entry)) return tl::unexpected<Error>(*error);
      return entry->get<std::string>();
    }
    auto answer = live_->ask(question).map([](const std::string& text) { return to_utf8(text); });
    keep("answers", question, answer ? nlohmann::json(*answer) : error_to_json(answer.error()));
    return answer;
  }

  std::vector<Result<std::string>> ask_all(const std::vector<std::string>& questions) const override {
    std::vector<std::string> fresh;
    for (const std::string& question : questions)
      if (kept("answers", question) == nullptr) fresh.push_back(question);
    auto answers = live_->ask_all(fresh);
    for (std::size_t i = 0; i < fresh.size(); ++i)
      keep("answers", fresh[i],
           answers[i] ? nlohmann::json(to_utf8(*answers[i])) : error_to_json(answers[i].error()));
    return Host::ask_all(questions);
  }

  std::string text() const {
    recording_["version"] = 1;
    recording_["complete"] = true;
    return recording_.dump(1) + "\n";
  }
  const std::optional<Error>& failure() const { return failure_; }
  const std::string& folder() const { return folder_; }

 private:
  /// Dots are part of a target's meaning, so only what JSON cannot hold is quoted.
  static std::string quote_target(std::string_view target) {
    if (is_utf8(target) && target.find('%') == std::string_view::npos) return std::string(target);
    return quote_name(target);
  }

  void keep(const char* verb, std::string_view name, nlohmann::json entry) const {
    recording_[verb][quote_name(name)] = std::move(entry);
  }

  const nlohmann::json* kept(const char* verb, std::string_view name) const {
    const auto entries = recording_.find(verb);
    if (entries == recording_.end()) return nullptr;
    const auto entry = entries->find(quote_name(name));
    return entry == entries->end() ? nullptr : &*entry;
  }

  template <class Read>
  Result<std::string> read_once(const char* verb, const std::string& root, std::string_view path,
                                std::size_t limit, Read read_live) const {
    const std::string place = root + quote_name(path);
    if (const auto* entry = kept(verb, path)) {
      if (auto error = error_of(*entry)) return tl::unexpected<Error>(*error);
      return read_file(place, limit);
    }
    Result<std::string> text = read_live();
    keep(verb, path, text ? nlohmann::json{{"size", text->size()}} : error_to_json(text.error()));
    if (!text || failure_) return text;
    if (auto done = keep_file_(place, *text); !done) failure_ = done.error();
    return text;
  }

  std::string folder_;
  KeepFile keep_file_;
  std::unique_ptr<Host> live_;
  mutable nlohmann::json recording_ = nlohmann::json::object();
  mutable std::optional<Error> failure_;  // the first that befell the recording; told by finish()
};

/// True where the folder is not there or has nothing in it.
Result<bool> is_new_or_empty(const std::string& folder) {
  DIR* stream = opendir(folder.c_str());
  if (stream == nullptr) {
    if (errno == ENOENT) return true;
    if (errno == ENOTDIR)
      return fail(ErrorKind::invalid, folder + ": not a folder; name a new one to record into");
    return tl::unexpected<Error>(file_error(errno, folder));
  }
  bool empty = true;
  while (const dirent* entry = readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") empty = false;
  }
  closedir(stream);
  return empty;
}

}  // namespace

Result<void> prepare_recording(const std::string& folder) {
  const auto empty = is_new_or_empty(folder);
  if (!empty) return tl::unexpected<Error>(empty.error());
  if (!*empty)
    return fail(ErrorKind::conflict, folder + ": holds files already; record into a new or empty folder");
  return make_folder(folder);
}

Result<std::unique_ptr<Host>> recording_host(const std::string& folder, bool greetings) {
  if (auto ready = prepare_recording(folder); !ready) return tl::unexpected<Error>(ready.error());
  return recording_host(folder, write_recorded, "", greetings);
}

std::unique_ptr<Host> recording_host(const std::string& folder, KeepFile keep, std::string_view before,
                                     bool greetings) {
  return std::make_unique<RecordingHost>(folder, std::move(keep), before, greetings);
}

std::string recording_text(const Host& host) {
  auto* recording = dynamic_cast<const RecordingHost*>(&host);
  return recording == nullptr ? std::string() : recording->text();
}

Result<void> write_recording(const std::string& folder, std::string_view text) {
  if (auto made = make_folder(folder + "/.plumbline"); !made) return made;
  return write_file_atomic(folder + std::string(kRecordingFile), text, 0600);
}

Result<void> write_recorded(const std::string& place, std::string_view text) {
  if (auto made = make_folder(place.substr(0, place.rfind('/'))); !made) return made;
  return write_new_file(place, text);
}

Result<void> finish_recording(Host& host) {
  auto* recording = dynamic_cast<RecordingHost*>(&host);
  if (recording == nullptr) return fail(ErrorKind::invalid, "recording: this host was not being recorded");
  if (recording->failure()) return tl::unexpected<Error>(*recording->failure());
  return write_recording(recording->folder(), recording->text());
}

}  // namespace plumbline
