// SPDX-License-Identifier: Apache-2.0
// Two hosts for tests of robustness: one that answers from memory what the host under it said once, and one that
// says one thing otherwise: gone, refused, cut or garbled.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "agent/host.h"

namespace plumbline {

enum class Change {
  gone,     // the file or folder is not there, nor what lies below it
  refused,  // it is there, and nobody may read it
  cut,      // its first half
  noise,    // bytes that are no text
  letters,  // its digits are letters: nothing in it is a number
};

/// Answers from memory, and notes every path and question that was answered.
class RememberingHost final : public Host {
 public:
  explicit RememberingHost(const Host& host) : host_(host) {}

  Result<std::string> read(std::string_view path, std::size_t limit) const override;
  Result<std::string> read_redacted(std::string_view path, Redact redact, std::size_t limit) const override;
  Result<std::vector<FolderEntry>> list(std::string_view path) const override;
  Result<std::string> read_link(std::string_view path) const override;
  Result<FileStat> stat(std::string_view path, bool follow) const override;
  Result<std::string> ask(std::string_view question) const override;

  /// What was answered since the last call, sorted; questions stand as they were asked.
  std::set<std::string> take_answered() const;

 private:
  template <class Value, class Key, class Ask>
  Result<Value> remember(std::map<Key, Result<Value>>& answers, const Key& key, std::string_view path, Ask ask) const;

  using Text = std::tuple<std::string, std::size_t, Redact>;
  const Host& host_;
  mutable std::map<Text, Result<std::string>> texts_;
  mutable std::map<std::string, Result<std::vector<FolderEntry>>> folders_;
  mutable std::map<std::string, Result<std::string>> links_;
  mutable std::map<std::string, Result<std::string>> answers_;
  mutable std::map<std::pair<std::string, bool>, Result<FileStat>> stats_;
  mutable std::set<std::string> answered_;
};

/// The host under it with one change.
class AlteredHost final : public Host {
 public:
  AlteredHost(const Host& host, Change change, std::string path) : host_(host), change_(change), path_(std::move(path)) {}

  Result<std::string> read(std::string_view path, std::size_t limit) const override;
  Result<std::string> read_redacted(std::string_view path, Redact redact, std::size_t limit) const override;
  Result<std::vector<FolderEntry>> list(std::string_view path) const override;
  Result<std::string> read_link(std::string_view path) const override;
  Result<FileStat> stat(std::string_view path, bool follow) const override;
  Result<std::string> ask(std::string_view question) const override;

 private:
  bool is_below(std::string_view path) const;
  /// Why nothing is said of this path; nothing where the change leaves it alone or alters its text only.
  std::optional<Error> denial(std::string_view path) const;
  Result<std::string> altered(std::string_view path, Result<std::string> text) const;

  const Host& host_;
  Change change_;
  std::string path_;
};

/// The text as a change leaves it; what is `gone` or `refused` leaves it whole.
std::string alter(std::string text, Change change);

}  // namespace plumbline
