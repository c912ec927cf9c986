// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a whole machine in the form of tests/agent/cases (files, links and answers after lines of "--- "), held in
// memory. Every probe reads it, so every parser of the agent is reached; what comes of it must be a valid document.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>

#include "agent/host.h"
#include "agent/scan.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr int kMaxLinks = 16;

class MemoryHost final : public Host {
 public:
  explicit MemoryHost(std::string_view text) {
    for (std::size_t at = text.find("--- "); at != std::string_view::npos;) {
      const auto end = std::min(text.find('\n', at), text.size());
      const auto next = text.find("\n--- ", at + 4);
      add(text.substr(at + 4, end - at - 4), end < text.size() ? text.substr(end + 1, (next == text.npos ? text.size() : next + 1) - end - 1) : "");
      at = next == std::string_view::npos ? next : next + 1;
    }
  }

  Result<std::string> read(std::string_view path, std::size_t limit) const override {
    const auto found = files_.find(real(path, true));
    if (found == files_.end()) return absent(path);
    if (found->second.size() > limit) return fail(ErrorKind::limit, "too long: " + std::string(path));
    return found->second;
  }
  Result<std::string> read_redacted(std::string_view path, Redact redact, std::size_t limit) const override {
    return read(path, limit).map([redact](const std::string& text) { return redact(text); });
  }
  Result<std::vector<FolderEntry>> list(std::string_view path) const override {
    const std::string folder = real(path, true) + "/";
    std::map<std::string, FileType> names;
    const auto take = [&](const auto& things, FileType type) {
      for (auto one = things.lower_bound(folder); one != things.end() && one->first.starts_with(folder); ++one) {
        const std::string rest = one->first.substr(folder.size());
        const auto slash = rest.find('/');
        if (!rest.empty()) names.emplace(rest.substr(0, slash), slash == std::string::npos ? type : FileType::folder);
      }
    };
    take(files_, FileType::regular);
    take(links_, FileType::link);
    if (names.empty()) return absent(path);
    std::vector<FolderEntry> entries;
    for (const auto& [name, type] : names) entries.push_back({name, type});
    return entries;
  }
  Result<std::string> read_link(std::string_view path) const override {
    const auto found = links_.find(real(path, false));
    if (found == links_.end()) return absent(path);
    return found->second;
  }
  Result<FileStat> stat(std::string_view path, bool follow) const override {
    const std::string place = real(path, follow);
    FileStat stat;
    stat.mode = 0644;
    if (const auto file = files_.find(place); file != files_.end()) {
      stat.type = FileType::regular;
      stat.size_bytes = file->second.size();
    } else if (links_.count(place) != 0) {
      stat.type = FileType::link;
    } else if (list(path)) {
      stat.type = FileType::folder;
    } else {
      return absent(path);
    }
    return stat;
  }
  Result<std::string> ask(std::string_view question) const override {
    const auto found = answers_.find(question);
    if (found == answers_.end()) return absent(question);
    return found->second;
  }

 private:
  static tl::unexpected<Error> absent(std::string_view path) { return fail(ErrorKind::not_found, "not found: " + std::string(path)); }

  void add(std::string_view heading, std::string_view text) {
    const auto arrow = heading.find(" -> ");
    if (heading.starts_with("answer ")) answers_.emplace(heading.substr(7), trim(text));
    else if (!heading.starts_with('/')) return;
    else if (arrow != std::string_view::npos) links_.emplace(heading.substr(0, arrow), heading.substr(arrow + 4));
    else files_.emplace(heading, text);
  }

  /// The path without "." and "..", its links followed; the last one only where it is wanted.
  std::string real(std::string_view path, bool last_too) const {
    std::vector<std::string> open, done;
    const auto push = [&](std::string_view more) {
      const auto steps = split(more, '/');
      for (auto step = steps.rbegin(); step != steps.rend(); ++step) open.emplace_back(*step);
    };
    push(path);
    for (int links = 0; !open.empty();) {
      const std::string step = std::move(open.back());
      open.pop_back();
      if (step.empty() || step == ".") continue;
      if (step == "..") {
        if (!done.empty()) done.pop_back();
        continue;
      }
      done.push_back(step);
      const auto link = links_.find("/" + join(done, "/"));
      if (link == links_.end() || (open.empty() && !last_too) || ++links > kMaxLinks) continue;
      if (link->second.starts_with('/')) done.clear(); else done.pop_back();
      push(link->second);
    }
    return "/" + join(done, "/");
  }

  std::map<std::string, std::string, std::less<>> files_, links_, answers_;
};

}  // namespace
}  // namespace plumbline

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const plumbline::MemoryHost host(std::string_view(reinterpret_cast<const char*>(data), size));
  const auto scan = plumbline::take_scan(host);
  if (!scan || !plumbline::read_scan(plumbline::to_json(*scan))) std::abort();
  return 0;
}
