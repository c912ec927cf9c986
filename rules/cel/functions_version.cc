// SPDX-License-Identifier: Apache-2.0
// Versions, and facts that say they are not known. Versions as distributions write them:
// "2:8.9p1-3ubuntu0.10" is 8.9 and what follows a dash is packaging.
#include <algorithm>
#include <vector>

#include "rules/cel/cost.h"
#include "rules/cel/functions.h"

namespace plumbline::cel {
namespace {

constexpr std::size_t kMaxVersionBytes = 256;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A word such as rc or beta that comes before the release itself.
bool is_before_release(std::string_view word) {
  for (const std::string_view known : {"rc", "beta", "alpha", "pre", "dev", "preview", "RC"})
    if (word == known) return true;
  return false;
}

/// Where packaging begins: at the first - + ~ or blank that no pre-release word follows ("1.2-rc1",
/// "1.2~beta2").
std::size_t packaging_begin(std::string_view text) {
  for (std::size_t at = text.find_first_of("-+~ "); at != std::string_view::npos;
       at = text.find_first_of("-+~ ", at + 1)) {
    std::size_t end = at + 1;
    while (end < text.size() &&
           ((text[end] >= 'a' && text[end] <= 'z') || (text[end] >= 'A' && text[end] <= 'Z')))
      ++end;
    if ((text[at] != '-' && text[at] != '~') || !is_before_release(text.substr(at + 1, end - at - 1)))
      return at;
  }
  return text.size();
}

/// Without epoch ("2:"), a leading v, and packaging.
std::string_view upstream(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  if (digits > 0 && digits < text.size() && text[digits] == ':') text.remove_prefix(digits + 1);
  if (text.size() > 1 && (text[0] == 'v' || text[0] == 'V') && is_digit(text[1])) text.remove_prefix(1);
  return text.substr(0, packaging_begin(text));
}

bool separates(char c) {
  return c == '.' || c == '-' || c == '~';
}

/// "8.9p1" → 8, 9, p, 1: numbers and words in turn.
std::vector<std::string_view> parts(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const bool number = is_digit(text[at]);
    while (at < text.size() && !separates(text[at]) && is_digit(text[at]) == number) ++at;
    if (at > begin) out.push_back(text.substr(begin, at - begin));
    if (at < text.size() && separates(text[at])) ++at;
  }
  return out;
}

std::string_view without_zeros(std::string_view digits) {
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? std::string_view() : digits.substr(first);
}

int compare_parts(std::string_view a, std::string_view b) {
  const bool a_number = !a.empty() && is_digit(a[0]), b_number = !b.empty() && is_digit(b[0]);
  if (a_number && b_number) {
    a = without_zeros(a), b = without_zeros(b);
    if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
    return a.compare(b);
  }
  if (a_number != b_number) return a_number ? 1 : -1;
  return a.compare(b);
}

/// What a part that only one side has makes of it: "1.0" = "1", "1.0rc1" < "1.0" < "1.0p1".
int sign_of_rest(const std::vector<std::string_view>& rest, std::size_t from) {
  for (std::size_t i = from; i < rest.size(); ++i) {
    if (!is_digit(rest[i][0])) return is_before_release(rest[i]) ? -1 : 1;
    if (!without_zeros(rest[i]).empty()) return 1;
  }
  return 0;
}

int compare_versions(std::string_view a, std::string_view b) {
  const auto x = parts(upstream(a)), y = parts(upstream(b));
  const std::size_t common = std::min(x.size(), y.size());
  for (std::size_t i = 0; i < common; ++i)
    if (const int order = compare_parts(x[i], y[i]); order != 0) return order;
  return x.size() > common ? sign_of_rest(x, common) : -sign_of_rest(y, common);
}

bool is_version(std::string_view text) {
  const std::string_view number = upstream(text);
  return text.size() <= kMaxVersionBytes && !number.empty() && is_digit(number[0]);
}

Value no_version(const Value& value) {
  return Value::error(shown(value) + " is no version: it does not begin with a number");
}

Value version_at_least(Arguments a, Meter& meter) {
  meter.spend_bytes(a[0]->string()->size() + a[1]->string()->size());
  for (const Value* version : a)
    if (!is_version(*version->string())) return no_version(*version);
  return Value::of(compare_versions(*a[0]->string(), *a[1]->string()) >= 0);
}

Value major(Arguments a, Meter&) {
  if (!is_version(*a[0]->string())) return no_version(*a[0]);
  const std::string_view text = upstream(*a[0]->string());
  std::int64_t value = 0;
  for (std::size_t i = 0; i < text.size() && is_digit(text[i]); ++i) {
    if (i >= 18) return Value::error("range: the first number of " + shown(*a[0]) + " is too large");
    value = value * 10 + (text[i] - '0');
  }
  return Value::of(value);
}

/// What a condition answers where a fact says in words that it could not be told:
/// unknown("ai.services[].auth").
Value unknown_fact(Arguments a, Meter&) {
  return Value::unknown({*a[0]->string()});
}

constexpr FunctionRow kRows[] = {
    {"version_at_least(string, string): bool", version_at_least, cost::read_all},
    {"major(string): int", major, cost::nothing},
    {"unknown(string): bool", unknown_fact, cost::nothing},
};

}  // namespace

std::span<const FunctionRow> version_functions() {
  return kRows;
}

}  // namespace plumbline::cel
