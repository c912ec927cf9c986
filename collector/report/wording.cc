// SPDX-License-Identifier: Apache-2.0
// Numbers, counts, efforts and fact values as a person reads them, and the slots of rule wordings.
#include "collector/report/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/text.h"

namespace plumbline {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// One decimal below 100, none above, no ".0".
std::string calm_number(double number) {
  if (std::fabs(number) >= 99.95) return grouped(std::llround(number));
  std::string text = fmt::format("{:.1f}", number);
  if (text.size() > 2 && text.compare(text.size() - 2, 2, ".0") == 0) text.resize(text.size() - 2);
  return text;
}

constexpr std::string_view kNouns[] = {
    "servers", "hosts", "machines", "databases", "stores", "accounts", "cards", "systems", "services", "files",
    "disks", "volumes", "ports", "users", "keys", "certificates", "containers", "processes", "interfaces", "filesystems",
    "models", "accelerators", "checks", "workloads", "days", "places"};
constexpr std::pair<std::string_view, std::string_view> kVerbs[] = {
    {"are", "is"}, {"have", "has"}, {"do", "does"}, {"let", "lets"}, {"run", "runs"}, {"wait", "waits"},
    {"need", "needs"}, {"lack", "lacks"}, {"accept", "accepts"}, {"answer", "answers"}, {"allow", "allows"},
    {"use", "uses"}, {"keep", "keeps"}, {"hold", "holds"}, {"show", "shows"}, {"miss", "misses"}, {"store", "stores"},
    {"send", "sends"}, {"lie", "lies"}, {"swap", "swaps"}, {"offer", "offers"}, {"stand", "stands"}, {"give", "gives"},
    {"carry", "carries"}, {"leave", "leaves"}, {"report", "reports"}, {"fail", "fails"}, {"expose", "exposes"},
    {"were", "was"}, {"sit", "sits"}, {"listen", "listens"}, {"permit", "permits"}, {"make", "makes"}, {"take", "takes"}};

std::string_view next_word(std::string_view text, std::size_t from) {
  std::size_t end = from;
  while (end < text.size() && is_letter(text[end])) ++end;
  return text.substr(from, end - from);
}

std::string singular(std::string_view noun) {
  if (noun == "processes") return "process";
  return std::string(noun.substr(0, noun.size() - 1));
}

/// The subject of a clause that begins at `from` with "1 ": its noun and the verb right after it.
/// "1 servers are open" → "1 server is open"; "1 of 1 servers let" → "1 of 1 server lets".
void agree_with_one(std::string& text, std::size_t from) {
  std::size_t at = from;
  bool other_total = false;
  for (int word = 0; word < 6; ++word) {
    while (at < text.size() && text[at] == ' ') ++at;
    std::size_t digits = at;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    if (digits > at) {
      other_total = text.substr(at, digits - at) != "1";
      at = digits;
      continue;
    }
    const std::string_view found = next_word(text, at);
    if (found.empty()) return;
    if (std::find(std::begin(kNouns), std::end(kNouns), found) == std::end(kNouns)) {
      at += found.size();
      continue;
    }
    std::size_t after = at + found.size();
    if (!other_total) {
      const std::string one = singular(found);
      text.replace(at, found.size(), one);
      after = at + one.size();
    }
    if (after + 1 >= text.size() || text[after] != ' ') return;
    const std::string verb(next_word(text, after + 1));
    for (const auto& [many, one] : kVerbs)
      if (verb == many) {
        text.replace(after + 1, verb.size(), one);
        return;
      }
    return;
  }
}

int syllables(std::string_view word) {
  int groups = 0;
  bool in_vowel = false;
  for (char c : word) {
    const bool vowel = std::string_view("aeiouyAEIOUY").find(c) != std::string_view::npos;
    if (vowel && !in_vowel) ++groups;
    in_vowel = vowel;
  }
  const bool silent_e = word.size() > 2 && (word.back() == 'e' || word.back() == 'E') &&
                        !(word.size() > 3 && word.substr(word.size() - 2) == "le");
  if (silent_e && groups > 1) --groups;
  const bool silent_ed = word.size() > 3 && word.substr(word.size() - 2) == "ed" &&
                         word[word.size() - 3] != 't' && word[word.size() - 3] != 'd';
  if (silent_ed && groups > 1) --groups;
  return std::max(groups, 1);
}

}  // namespace

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return (number < 0 ? "-" : "") + digits;
}

std::string count_of(std::size_t number, std::string_view one, std::string_view many) {
  const std::string noun = number == 1 ? std::string(one) : many.empty() ? std::string(one) + "s" : std::string(many);
  return (number == 0 ? std::string("no") : grouped(static_cast<std::int64_t>(number))) + " " + noun;
}

std::string small_number(std::size_t number) {
  static constexpr std::array<std::string_view, 10> kWords = {"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
  return number < kWords.size() ? std::string(kWords[number]) : grouped(static_cast<std::int64_t>(number));
}

std::string percent(double share) {
  const auto rounded = std::lround(share * 100);
  if (rounded >= 100 && share < 1) return "99%";
  if (rounded <= 0 && share > 0) return "1%";
  return std::to_string(rounded) + "%";
}

std::string out_of_hundred(const std::optional<double>& value) {
  return value ? std::to_string(std::lround(*value)) : "–";
}

std::string whole_points(Tenths value) { return std::to_string(value / 10); }
std::string whole_points_up(Tenths value) { return std::to_string((value + 9) / 10); }

std::string gain_text(Tenths gain) { return gain > 0 ? "+" + show_points(gain) : "under 0.1"; }

std::string effort_text(double days) {
  if (days <= 0) return "no work";
  if (days < 0.09) return "under 1 hour";
  if (days < 0.9) {
    const auto hours = std::lround(days * 8);
    if (hours == 4) return "half a day";
    return count_of(static_cast<std::size_t>(std::max(hours, 1L)), "hour");
  }
  const double halves = days < 5 ? std::round(days * 2) / 2 : std::round(days);
  if (halves == std::floor(halves)) return count_of(static_cast<std::size_t>(halves), "day");
  return fmt::format("{:.1f} days", halves);
}

std::string bytes_text(double bytes) {
  static constexpr std::array<std::string_view, 6> kUnits = {"bytes", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  return calm_number(bytes) + " " + std::string(kUnits[unit]);
}

std::string seconds_text(double seconds) {
  const auto whole = static_cast<std::size_t>(std::max(seconds, 0.0));
  if (whole < 120) return count_of(whole, "second");
  if (whole < 2 * 3600) return count_of(whole / 60, "minute");
  if (whole < 2 * 86400) return count_of(whole / 3600, "hour");
  return count_of(whole / 86400, "day");
}

std::string fact_text(const nlohmann::json& value, std::string_view unit) {
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number()) {
    const double number = value.get<double>();
    if (unit == "bytes") return bytes_text(number);
    if (unit == "seconds") return seconds_text(number);
    if (unit == "days" && value.is_number_integer()) {
      const auto days = value.get<std::int64_t>();
      return grouped(days) + (days == 1 ? " day" : " days");
    }
    const bool name_like = unit.empty() && value.is_number_integer();  // ports, ids and small counts: 11434, not 11,434
    const std::string text = name_like ? value.dump() : value.is_number_integer() ? grouped(value.get<std::int64_t>()) : calm_number(number);
    if (unit == "%") return text + "%";
    return unit.empty() ? text : text + " " + std::string(unit);
  }
  if (value.is_string()) return value.get<std::string>().empty() ? "none" : value.get<std::string>();
  if (value.is_array()) {
    std::vector<std::string> parts;
    for (const auto& item : value) parts.push_back(fact_text(item, unit));
    return parts.empty() ? "none" : join(parts, ", ");
  }
  if (value.is_object()) {
    std::vector<std::string> parts;
    for (const auto& [key, item] : value.items()) parts.push_back(key + " " + fact_text(item, {}));
    return parts.empty() ? "none" : join(parts, ", ");
  }
  return "unknown";
}

std::string listed(const std::vector<std::string>& parts, std::size_t most) {
  std::string text;
  const std::size_t shown = parts.size() <= most ? parts.size() : most;
  for (std::size_t at = 0; at < shown; ++at) {
    const bool last = at + 1 == parts.size();
    if (at > 0) text += last ? " and " : ", ";
    text += parts[at];
  }
  if (shown < parts.size()) text += " and " + grouped(static_cast<std::int64_t>(parts.size() - shown)) + " more";
  return text;
}

std::string first_sentence(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '.' && text[at] != ';') continue;
    if (at + 1 == text.size() || text[at + 1] == ' ' || text[at + 1] == '\n') return std::string(trim(text.substr(0, at)));
  }
  return std::string(trim(text));
}

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string with_full_stop(std::string text) {
  if (!text.empty() && std::string_view(".!?").find(text.back()) == std::string_view::npos) text += '.';
  return text;
}

std::string fill_slots(std::string_view wording, const Slots& slots) {
  std::string text;
  std::vector<std::size_t> ones;  // where a count of one stands alone
  for (std::size_t at = 0;;) {
    const auto open = wording.find('{', at);
    const auto close = open == std::string_view::npos ? open : wording.find('}', open);
    if (close == std::string_view::npos) {
      text += wording.substr(at);
      break;
    }
    text += wording.substr(at, open - at);
    const auto slot = slots.find(wording.substr(open + 1, close - open - 1));
    if (slot == slots.end()) {
      text += wording.substr(open, close - open + 1);
    } else {
      const bool a_total = text.size() >= 3 && text.compare(text.size() - 3, 3, "of ") == 0;
      if (slot->second == "1" && !a_total) ones.push_back(text.size() + 1);
      text += slot->second;
    }
    at = close + 1;
  }
  for (auto one = ones.rbegin(); one != ones.rend(); ++one) agree_with_one(text, *one);
  return text;
}

Readability read_ease(std::string_view text) {
  Readability found;
  std::size_t syllable_count = 0;
  bool open_sentence = false;
  for (std::string_view word : words(text)) {
    const bool has_letter = std::any_of(word.begin(), word.end(), is_letter);
    const bool has_digit = std::any_of(word.begin(), word.end(), is_digit);
    if (has_letter || has_digit) {
      ++found.words;
      open_sentence = true;
      std::string letters;
      for (char c : word)
        if (is_letter(c)) letters += c;
      syllable_count += static_cast<std::size_t>(letters.empty() ? 1 : syllables(letters));
    }
    if (open_sentence && std::string_view(".!?:;").find(word.back()) != std::string_view::npos) {
      ++found.sentences;
      open_sentence = false;
    }
  }
  if (open_sentence) ++found.sentences;
  if (found.words > 0)
    found.grade = 0.39 * static_cast<double>(found.words) / static_cast<double>(std::max<std::size_t>(found.sentences, 1)) +
                  11.8 * static_cast<double>(syllable_count) / static_cast<double>(found.words) - 15.59;
  return found;
}

}  // namespace plumbline
