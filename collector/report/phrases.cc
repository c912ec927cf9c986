// SPDX-License-Identifier: Apache-2.0
// Texts by key: reading a language's file, choosing the form for a number, filling slots.
#include "collector/report/phrases.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdio>
#include <optional>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "collector/report/templates.h"
#include "collector/report/wording.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostKeyBytes = 120;
constexpr std::array<std::string_view, 6> kForms = {"zero", "one", "two", "few", "many", "none"};

std::string place(std::string_view name, std::size_t line) { return std::string(name) + ":" + std::to_string(line); }

bool is_key(std::string_view key) {
  if (key.empty() || key.size() > kMostKeyBytes || key.front() == '.' || key.back() == '.' || !contains(key, ".")) return false;
  return std::all_of(key.begin(), key.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; });
}

bool is_slot(std::string_view slot) {
  return !slot.empty() && std::all_of(slot.begin(), slot.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

/// The slots of a text, or what is wrong with its braces.
Result<std::set<std::string>> slots_of(std::string_view text) {
  std::set<std::string> slots;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '}') return fail(ErrorKind::invalid, "a } without its {");
    if (text[at] != '{') continue;
    const auto close = text.find('}', at);
    if (close == std::string_view::npos) return fail(ErrorKind::invalid, "a { without its }");
    const std::string_view slot = text.substr(at + 1, close - at - 1);
    if (!is_slot(slot)) return fail(ErrorKind::invalid, "{" + std::string(slot) + "} is no slot: small letters, digits and _ only");
    slots.emplace(slot);
    at = close;
  }
  return slots;
}

/// "hosts.count.few" → "hosts.count", where the last part is a form; else the key.
std::string_view without_form(std::string_view key) {
  const auto dot = key.rfind('.');
  const bool form = std::find(kForms.begin(), kForms.end(), key.substr(dot + 1)) != kForms.end();
  return form ? key.substr(0, dot) : key;
}

struct Line {
  std::string_view key, text;
};

/// A line of the file, nothing for blanks and comments.
Result<std::optional<Line>> parse_line(std::string_view line) {
  const std::string_view trimmed = trim(line);
  if (trimmed.empty() || trimmed.front() == '#') return std::nullopt;
  const auto equals = trimmed.find('=');
  if (equals == std::string_view::npos) return fail(ErrorKind::invalid, "no '=' here; a line is \"area.key = Text\"");
  const Line found{trim(trimmed.substr(0, equals)), trim(trimmed.substr(equals + 1))};
  if (!is_key(found.key)) return fail(ErrorKind::invalid, "\"" + printable(found.key) + "\" is no key: small letters, digits and _ with a dot between, as area.key");
  if (found.text.empty()) return fail(ErrorKind::invalid, std::string(found.key) + " has no text");
  if (found.text.size() > kMostPhraseBytes) return fail(ErrorKind::limit, std::string(found.key) + " is longer than " + std::to_string(kMostPhraseBytes) + " bytes");
  if (!is_utf8(found.text) || printable(found.text) != found.text) return fail(ErrorKind::invalid, std::string(found.key) + " holds a byte that is no text; the file must be UTF-8");
  return found;
}

/// Families of plural forms of the Unicode common locale data, for whole numbers.
std::string_view plural_form(std::string_view family, std::size_t n) {
  const std::size_t ten = n % 10, hundred = n % 100;
  const bool teen = hundred >= 11 && hundred <= 14;
  if (family == "none") return {};                                     // Japanese, Chinese, Turkish after numbers
  if (family == "zero-one") return n <= 1 ? "one" : "";                // French, Portuguese of Brazil
  if (family == "slavic") return ten == 1 && hundred != 11 ? "one" : ten >= 2 && ten <= 4 && !teen ? "few" : "many";
  if (family == "polish") return n == 1 ? "one" : ten >= 2 && ten <= 4 && !teen ? "few" : "many";
  if (family == "czech") return n == 1 ? "one" : n >= 2 && n <= 4 ? "few" : "";
  if (family == "arabic") return n == 0 ? "zero" : n == 1 ? "one" : n == 2 ? "two" : hundred >= 3 && hundred <= 10 ? "few" : hundred >= 11 ? "many" : "";
  return n == 1 ? "one" : "";
}

constexpr std::array<std::string_view, 7> kFamilies = {"one-other", "none", "zero-one", "slavic", "polish", "czech", "arabic"};

struct Chosen {
  Phrases own;
  const Phrases* now = nullptr;  // English, or `own`
  unsigned generation = 0;
};

Chosen& chosen() {
  static Chosen one;
  return one;
}

std::string filled(std::string_view text, const Slots& slots) {
  std::string result;
  for (std::size_t at = 0;;) {
    const auto open = text.find('{', at);
    const auto close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return result += text.substr(at);
    result += text.substr(at, open - at);
    const auto slot = slots.find(text.substr(open + 1, close - open - 1));
    assert(slot != slots.end() && "a text's slot was not given");
    result += slot == slots.end() ? std::string(text.substr(open, close - open + 1)) : slot->second;
    at = close + 1;
  }
}

}  // namespace

Result<Phrases> Phrases::read(std::string_view name, std::string_view text, const Phrases* english) {
  Phrases read;
  std::size_t number = 0;
  if (text.size() > kMostPhraseFileBytes) return fail(ErrorKind::limit, std::string(name) + ": longer than " + std::to_string(kMostPhraseFileBytes) + " bytes");
  for (const std::string_view line : lines(text)) {
    ++number;
    const auto found = parse_line(line);
    if (!found) return fail(place(name, number), found.error());
    if (!*found) continue;
    const auto& [key, value] = **found;
    const auto slots = slots_of(value);
    if (!slots) return fail(place(name, number) + ": " + std::string(key), slots.error());
    if (read.own_.count(key) > 0) return fail(ErrorKind::invalid, place(name, number) + ": " + std::string(key) + " stands twice");
    if (read.own_.size() >= kMostPhrases) return fail(ErrorKind::limit, place(name, number) + ": more than " + std::to_string(kMostPhrases) + " texts");
    if (english != nullptr) {
      const std::string* wanted = english->find(key);
      if (wanted == nullptr) wanted = english->find(without_form(key));
      if (wanted == nullptr) {
        const auto near = did_you_mean(key, english->keys());
        read.unused_.push_back(place(name, number) + ": " + std::string(key) + " is not a text of this program" + (near ? "; did you mean " + *near + "?" : ""));
        continue;
      }
      const auto allowed = slots_of(*wanted);
      for (const std::string& slot : *slots)
        if (allowed && allowed->count(slot) == 0 && slot != "count")
          return fail(ErrorKind::invalid, place(name, number) + ": " + std::string(key) + " has no slot {" + slot + "}; the English text is \"" + *wanted + "\"");
    }
    read.texts_.emplace(key, value);
    read.own_.emplace(key, true);
  }
  if (const std::string* family = read.find("language.plurals")) {
    if (std::find(kFamilies.begin(), kFamilies.end(), *family) == kFamilies.end())
      return fail(ErrorKind::invalid, std::string(name) + ": language.plurals is \"" + *family + "\"; choose one-other, none, zero-one, slavic, polish, czech or arabic");
    read.plurals_ = *family;
  }
  if (english == nullptr) return read;
  for (const auto& [key, value] : english->texts_) {
    const bool form = without_form(key) != key && english->find(without_form(key)) != nullptr;
    if (read.texts_.count(key) > 0) continue;
    // An English form must not stand among another language's: its own text for every number does instead.
    if (form && read.own_.count(without_form(key)) > 0) continue;
    if (!form && key != "language.plurals") read.missing_.push_back(key);
    read.texts_.emplace(key, value);
  }
  return read;
}

const std::string* Phrases::find(std::string_view key) const {
  const auto found = texts_.find(key);
  return found == texts_.end() ? nullptr : &found->second;
}

std::vector<std::string> Phrases::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, text] : texts_) keys.push_back(key);
  return keys;
}

std::string_view Phrases::form_of(std::size_t number) const { return plural_form(plurals_, number); }

const Phrases& english() {
  static const Phrases read = [] {
    for (const auto& file : template_files())
      if (file.name == "en.txt") {
        auto phrases = Phrases::read("en.txt", file.text, nullptr);
        if (!phrases) std::fprintf(stderr, "%s\n", phrases.error().message.c_str());
        assert(phrases && "the English texts cannot be read");
        return phrases ? std::move(*phrases) : Phrases();
      }
    assert(false && "no English texts");
    return Phrases();
  }();
  return read;
}

Result<Phrases> read_phrases(const std::string& path) {
  auto text = read_file(path, kMostPhraseFileBytes);
  if (!text) return tl::unexpected(text.error());
  return Phrases::read(path, *text, &english());
}

void use_phrases(Phrases phrases) {
  chosen().own = std::move(phrases);
  chosen().now = &chosen().own;
  ++chosen().generation;
}

void use_english() {
  chosen().now = nullptr;
  ++chosen().generation;
}

const Phrases& phrases() { return chosen().now != nullptr ? *chosen().now : english(); }
unsigned phrases_generation() { return chosen().generation; }

std::string say(std::string_view key, const Slots& slots) {
  const std::string* text = phrases().find(key);
  assert(text != nullptr && "a text that en.txt does not have");
  return text == nullptr ? std::string(key) : filled(*text, slots);
}

std::string say_count(std::string_view key, std::size_t number, Slots slots) {
  const std::string base(key);
  slots["count"] = grouped(static_cast<std::int64_t>(number));
  if (number == 0 && phrases().find(base + ".none") != nullptr) return say(base + ".none", slots);
  const std::string_view form = phrases().form_of(number);
  const std::string exact = base + "." + std::string(form);
  return say(!form.empty() && phrases().find(exact) != nullptr ? std::string_view(exact) : key, slots);
}

Result<std::string> with_phrases(std::string_view name, std::string_view template_text) {
  std::string text;
  for (std::size_t at = 0;;) {
    const auto open = template_text.find("[[", at);
    if (open == std::string_view::npos) return text += template_text.substr(at);
    const auto close = template_text.find("]]", open);
    const auto line = static_cast<std::size_t>(std::count(template_text.begin(), template_text.begin() + static_cast<std::ptrdiff_t>(open), '\n')) + 1;
    if (close == std::string_view::npos) return fail(ErrorKind::invalid, place(name, line) + ": a [[ without its ]]");
    const std::string_view key = trim(template_text.substr(open + 2, close - open - 2));
    const std::string* phrase = phrases().find(key);
    if (phrase == nullptr) return fail(ErrorKind::invalid, place(name, line) + ": [[" + std::string(key) + "]] is not in the catalogue of texts");
    text += template_text.substr(at, open - at);
    for (const char c : escape_html(*phrase)) text += c == '{' ? "{{" : c == '}' ? "}}" : std::string(1, c);
    at = close + 2;
  }
}

}  // namespace plumbline
