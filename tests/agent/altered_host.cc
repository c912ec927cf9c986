// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/altered_host.h"

#include <utility>


namespace plumbline {

template <class Value, class Key, class Ask>
Result<Value> RememberingHost::remember(std::map<Key, Result<Value>>& answers, const Key& key, std::string_view path, Ask ask) const {
  auto found = answers.find(key);
  if (found == answers.end()) found = answers.emplace(key, ask()).first;
  if (found->second) answered_.emplace(path);
  return found->second;
}

Result<std::string> RememberingHost::read(std::string_view path, std::size_t limit) const {
  return remember(texts_, Text(path, limit, nullptr), path, [&] { return host_.read(path, limit); });
}

Result<std::string> RememberingHost::read_redacted(std::string_view path, Redact redact, std::size_t limit) const {
  return remember(texts_, Text(path, limit, redact), path, [&] { return host_.read_redacted(path, redact, limit); });
}

Result<std::vector<FolderEntry>> RememberingHost::list(std::string_view path) const {
  return remember(folders_, std::string(path), path, [&] { return host_.list(path); });
}

Result<std::string> RememberingHost::read_link(std::string_view path) const {
  return remember(links_, std::string(path), path, [&] { return host_.read_link(path); });
}

Result<FileStat> RememberingHost::stat(std::string_view path, bool follow) const {
  return remember(stats_, std::pair(std::string(path), follow), path, [&] { return host_.stat(path, follow); });
}

Result<std::string> RememberingHost::ask(std::string_view question) const {
  return remember(answers_, std::string(question), question, [&] { return host_.ask(question); });
}

std::set<std::string> RememberingHost::take_answered() const { return std::exchange(answered_, {}); }

std::string alter(std::string text, Change change) {
  switch (change) {
    case Change::gone:
    case Change::refused: break;
    case Change::cut: text.resize(text.size() / 2); break;
    case Change::noise:
      for (char& c : text) c = c == '\n' ? c : static_cast<char>(0xff - (static_cast<unsigned char>(c) & 1));
      break;
    case Change::letters:
      for (char& c : text) c = c >= '0' && c <= '9' ? static_cast<char>('q' + (c - '0')) : c;  // no hexadecimal digit, either
      break;
  }
  return text;
}

bool AlteredHost::is_below(std::string_view path) const {
  return path.size() > path_.size() && path.starts_with(path_) && (path[path_.size()] == '/' || path_ == "/");
}

std::optional<Error> AlteredHost::denial(std::string_view path) const {
  if (path != path_ && !is_below(path)) return std::nullopt;
  if (change_ == Change::gone) return Error{ErrorKind::not_found, "not found: " + std::string(path)};
  if (change_ == Change::refused) return Error{ErrorKind::permission_denied, "permission denied: " + std::string(path)};
  return std::nullopt;
}

Result<std::string> AlteredHost::altered(std::string_view path, Result<std::string> text) const {
  if (path == path_ && text) *text = alter(std::move(*text), change_);
  return text;
}

Result<std::string> AlteredHost::read(std::string_view path, std::size_t limit) const {
  if (auto why = denial(path)) return tl::unexpected<Error>(*why);
  return altered(path, host_.read(path, limit));
}

Result<std::string> AlteredHost::read_redacted(std::string_view path, Redact redact, std::size_t limit) const {
  if (auto why = denial(path)) return tl::unexpected<Error>(*why);
  auto text = altered(path, host_.read_redacted(path, redact, limit));
  return text ? redact(*text) : text;
}

Result<std::vector<FolderEntry>> AlteredHost::list(std::string_view path) const {
  if (auto why = denial(path)) return tl::unexpected<Error>(*why);
  auto entries = host_.list(path);
  if (!entries || change_ != Change::gone) return entries;
  std::erase_if(*entries, [&](const FolderEntry& entry) { return std::string(path == "/" ? "" : path) + "/" + entry.name == path_; });
  return entries;
}

Result<std::string> AlteredHost::read_link(std::string_view path) const {
  if (auto why = denial(path)) return tl::unexpected<Error>(*why);
  return altered(path, host_.read_link(path));
}

/// Who may not read a file may still see it; what lies in a folder that is refused is not seen.
Result<FileStat> AlteredHost::stat(std::string_view path, bool follow) const {
  const bool seen = change_ == Change::refused && path == path_;
  if (auto why = denial(path); why && !seen) return tl::unexpected<Error>(*why);
  return host_.stat(path, follow);
}

Result<std::string> AlteredHost::ask(std::string_view question) const {
  if (auto why = denial(question)) return tl::unexpected<Error>(*why);
  return altered(question, host_.ask(question));
}

}  // namespace plumbline
