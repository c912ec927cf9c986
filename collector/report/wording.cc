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
#include "base/time.h"

namespace plumbline {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// One decimal below 100, none above, no ".0".
std::string calm_number(double number) {
  if (std::fabs(number) >= 99.95) return grouped(std::llround(number));
  const bool whole = std::fabs(number - std::round(number)) < 0.05;
  return decimal_text(number, whole ? 0 : 1);
}

struct CivilDay {
  int year = 1970, month = 1, day = 1;
};
CivilDay civil_day(std::int64_t seconds) {
  const std::string iso = to_iso8601(seconds);  // "2026-11-23T19:35:00Z"
  const auto part = [&](std::size_t from, std::size_t length) { return static_cast<int>(parse_i64(std::string_view(iso).substr(from, length)).value_or(1)); };
  const std::size_t dash = iso.find('-', 1);
  return {part(0, dash), part(dash + 1, 2), part(dash + 4, 2)};
}

Slots date_slots(std::int64_t seconds) {
  const CivilDay day = civil_day(seconds);
  return {{"day", std::to_string(day.day)}, {"month", say("date.month_" + std::to_string(std::clamp(day.month, 1, 12)))}, {"year", std::to_string(day.year)}};
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
  const std::string* group = phrases().find("number.group");
  for (std::size_t at = digits.size(); at > 3 && group != nullptr;) {
    at -= 3;
    digits.insert(at, *group);
  }
  return (number < 0 ? "-" : "") + digits;
}

std::string count_of(std::size_t number, std::string_view one, std::string_view many) {
  const std::string noun = number == 1 ? std::string(one) : many.empty() ? std::string(one) + "s" : std::string(many);
  return (number == 0 ? std::string("no") : grouped(static_cast<std::int64_t>(number))) + " " + noun;
}

std::string small_number(std::size_t number) {
  return number < 10 ? say("number.word_" + std::to_string(number)) : grouped(static_cast<std::int64_t>(number));
}

std::string decimal_text(double number, int decimals) {
  std::string text = fmt::format("{:.{}f}", number, decimals);
  const auto point = text.find('.');
  const std::string* sign = phrases().find("number.point");
  if (point != std::string::npos && sign != nullptr) text.replace(point, 1, *sign);
  return text;
}

std::string points_text(Tenths tenths) { return decimal_text(tenths / 10.0, 1); }

std::string percent(double share) {
  const auto rounded = std::lround(share * 100);
  const long shown = rounded >= 100 && share < 1 ? 99 : rounded <= 0 && share > 0 ? 1 : rounded;
  return say("number.percent", {{"number", std::to_string(shown)}});
}

std::string out_of_hundred(const std::optional<double>& value) {
  return value ? std::to_string(std::lround(*value)) : "–";
}

std::string whole_points(Tenths value) { return std::to_string(value / 10); }
std::string whole_points_up(Tenths value) { return std::to_string((value + 9) / 10); }

std::string gain_text(Tenths gain) { return gain > 0 ? "+" + points_text(gain) : say("number.under_tenth"); }

std::string date_text(std::int64_t seconds) { return say("date.long", date_slots(seconds)); }

std::string day_text(std::int64_t seconds) {
  const Slots all = date_slots(seconds);
  return say("date.short", {{"day", all.at("day")}, {"month", all.at("month")}});
}

std::string month_text(std::int64_t seconds) {
  const Slots all = date_slots(seconds);
  return say("date.month", {{"month", all.at("month")}, {"year", all.at("year")}});
}

std::string age_text(std::int64_t seconds_ago) {
  const auto whole = static_cast<std::size_t>(std::max<std::int64_t>(0, seconds_ago));
  if (whole < 60) return say("age.now");
  if (whole < 3600) return say_count("age.minutes", whole / 60);
  if (whole < 48 * 3600) return say_count("age.hours", whole / 3600);
  return say_count("age.days", whole / 86400);
}

std::string level_text(int level) { return say("level." + std::to_string(std::clamp(level, 1, 5))); }
std::string pillar_text(Pillar pillar) { return say("pillar." + std::string(to_text(pillar))); }

std::string cost_text(CostClass cost) {
  static constexpr std::array<std::string_view, 5> kKeys = {"cost.c0", "cost.c1", "cost.c2", "cost.c3", "cost.c4"};
  return say(kKeys[std::min<std::size_t>(static_cast<std::size_t>(cost), kKeys.size() - 1)]);
}

PeopleRange shown_people(const PeopleRange& people) {
  const auto calm = [](int number) {
    int unit = 1;
    while (number / unit >= 100) unit *= 10;
    return number / unit * unit;
  };
  return {calm(std::max(0, people.low)), calm(std::max(people.low, people.high))};
}

std::string people_text(const PeopleRange& people) {
  const auto [low, high] = shown_people(people);
  if (low == high) return say_count("people.about", static_cast<std::size_t>(high));
  return say("people.range", {{"low", grouped(low)}, {"high", grouped(high)}});
}

std::string effort_text(double days) {
  if (days <= 0) return say("effort.none");
  if (days < 0.09) return say("effort.under_hour");
  if (days < 0.9) {
    const auto hours = std::lround(days * 8);
    if (hours == 4) return say("effort.half_day");
    return say_count("effort.hours", static_cast<std::size_t>(std::max(hours, 1L)));
  }
  const double halves = days < 5 ? std::round(days * 2) / 2 : std::round(days);
  if (halves == std::floor(halves)) return say_count("effort.days", static_cast<std::size_t>(halves));
  return say("effort.days", {{"count", decimal_text(halves, 1)}});
}

std::string bytes_text(double bytes) {
  static constexpr std::array<std::string_view, 6> kUnits = {"unit.bytes", "unit.kilobytes", "unit.megabytes", "unit.gigabytes", "unit.terabytes", "unit.petabytes"};
  std::size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  return say(kUnits[unit], {{"number", calm_number(bytes)}});
}

std::string seconds_text(double seconds) {
  const auto whole = static_cast<std::size_t>(std::max(seconds, 0.0));
  if (whole < 120) return say_count("span.seconds", whole);
  if (whole < 2 * 3600) return say_count("span.minutes", whole / 60);
  if (whole < 2 * 86400) return say_count("span.hours", whole / 3600);
  return say_count("span.days", whole / 86400);
}

std::string fact_text(const nlohmann::json& value, std::string_view unit) {
  if (value.is_boolean()) return say(value.get<bool>() ? "fact.yes" : "fact.no");
  if (value.is_number()) {
    const double number = value.get<double>();
    if (unit == "bytes") return bytes_text(number);
    if (unit == "seconds") return seconds_text(number);
    if (unit == "days" && value.is_number_integer()) {
      const auto days = value.get<std::int64_t>();
      return days >= 0 ? say_count("span.days", static_cast<std::size_t>(days)) : say("span.days", {{"count", grouped(days)}});
    }
    const bool name_like = unit.empty() && value.is_number_integer();  // ports, ids and small counts: 11434, not 11,434
    const std::string text = name_like ? value.dump() : value.is_number_integer() ? grouped(value.get<std::int64_t>()) : calm_number(number);
    if (unit == "%") return say("number.percent", {{"number", text}});
    return unit.empty() ? text : text + " " + std::string(unit);
  }
  if (value.is_string()) return value.get<std::string>().empty() ? say("fact.none") : value.get<std::string>();
  if (value.is_array()) {
    std::vector<std::string> parts;
    for (const auto& item : value) parts.push_back(fact_text(item, unit));
    return parts.empty() ? say("fact.none") : join(parts, ", ");
  }
  if (value.is_object()) {
    std::vector<std::string> parts;
    for (const auto& [key, item] : value.items()) parts.push_back(key + " " + fact_text(item, {}));
    return parts.empty() ? say("fact.none") : join(parts, ", ");
  }
  return say("fact.unknown");
}

std::string listed(const std::vector<std::string>& parts, std::size_t most) {
  std::string text;
  const std::size_t shown = std::min(parts.size(), most);
  for (std::size_t at = 0; at < shown; ++at) {
    if (at == 0) text = parts[at];
    else text = say(at + 1 == parts.size() ? "list.last" : "list.next", {{"list", text}, {at + 1 == parts.size() ? "last" : "next", parts[at]}});
  }
  return shown < parts.size() ? say("list.more", {{"list", text}, {"count", grouped(static_cast<std::int64_t>(parts.size() - shown))}}) : text;
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
