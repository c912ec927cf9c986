// SPDX-License-Identifier: Apache-2.0
// Every text that a page, report, mail or workbook shows, by key, in one language: English inside the program, another
// from a file of the same form. Names of fields, rules and hosts are data and stand in packs and scans.
//
// The form, line by line (UTF-8):
//   # a comment
//   area.key = Text with {slots}
//   hosts.count.one = {count} host          forms of a counted text: one, two, few, many, zero as language.plurals needs;
//   hosts.count = {count} hosts             the key alone is every other number
// Keys are small letters, digits, '_' and '.'. Slots are those of the English text; braces mean nothing else.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plumbline {

using Slots = std::map<std::string, std::string, std::less<>>;

inline constexpr std::size_t kMostPhrases = 10'000;
inline constexpr std::size_t kMostPhraseBytes = 4'000;
inline constexpr std::size_t kMostPhraseFileBytes = 2u << 20;

class Phrases {
 public:
  /// Fails with "name:line: what is wrong". Without `english` it is the English file itself; with it, slots must be those
  /// of the English text and its texts stand in for what is missing.
  static Result<Phrases> read(std::string_view name, std::string_view text, const Phrases* english);

  /// The text as it is written; nullptr where no language has it.
  const std::string* find(std::string_view key) const;
  /// Keys of English that this language lacks, and keys it has that nothing asks for ("name:line: …"), for who translates.
  const std::vector<std::string>& missing() const { return missing_; }
  const std::vector<std::string>& unused() const { return unused_; }
  std::vector<std::string> keys() const;
  /// The form of a number in this language: "one", "few", … or "" for the key alone.
  std::string_view form_of(std::size_t number) const;

 private:
  std::map<std::string, std::string, std::less<>> texts_;  // the language's own, then English for the rest
  std::map<std::string, bool, std::less<>> own_;           // keys that this language has itself
  std::vector<std::string> missing_, unused_;
  std::string plurals_ = "one-other";
};

/// The catalogue compiled into the program.
const Phrases& english();
/// A file of another language.
Result<Phrases> read_phrases(const std::string& path);
/// Chooses what say() says from now on: once, at start, before there is a second thread.
void use_phrases(Phrases phrases);
void use_english();
/// The language chosen.
const Phrases& phrases();
/// Rises with every choice, so that what was made from texts can tell that it is old.
unsigned phrases_generation();

/// The text of a key with its slots filled, each once: a value that looks like a slot stays text.
std::string say(std::string_view key, const Slots& slots = {});
/// The form of the text for a number; {count} is the number with its groups. None is said as `key.none` where it exists.
std::string say_count(std::string_view key, std::size_t number, Slots slots = {});

/// A page's template with each [[area.key]] replaced by its text, safe for HTML; {slot} in a text becomes {{slot}}.
/// Fails with "name:line: …" where a key is unknown.
Result<std::string> with_phrases(std::string_view name, std::string_view template_text);

}  // namespace plumbline
