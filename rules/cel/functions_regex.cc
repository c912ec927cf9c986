// SPDX-License-Identifier: Apache-2.0
// Regular expressions beyond matches(): the regex extension, and Kubernetes' find() and findAll(). RE2 only.
#include <re2/re2.h>

#include <functional>
#include <optional>
#include <vector>

#include "rules/cel/cost.h"
#include "rules/cel/functions.h"
#include "rules/cel/regex.h"
#include "rules/cel/utf8.h"

namespace plumbline::cel {
namespace {

using Groups = std::vector<re2::StringPiece>;

constexpr std::uint64_t kCompileUnits = 100;
constexpr std::size_t kMaxGroups = 10;  // \0 to \9

Result<std::shared_ptr<const RE2>> compiled(const Value& pattern, Meter& meter) {
  meter.spend(kCompileUnits + pattern.string()->size());
  return compile_regex(*pattern.string());
}

/// Visits the matches from left to right, until visit gives false; an empty one right behind another is none.
void each_match(const RE2& regex, const std::string& text, std::size_t groups, Meter& meter,
                const std::function<bool(const Groups&)>& visit) {
  Groups found(groups);
  const auto weight = static_cast<std::uint64_t>(regex.ProgramSize()) / 10 + 1;
  std::size_t behind = std::string::npos;  // the end of the last match
  for (std::size_t at = 0; at <= text.size();) {
    if (!meter.spend(((text.size() - at) / 50 + 1) * weight)) return;
    if (!regex.Match(text, at, text.size(), RE2::UNANCHORED, found.data(), static_cast<int>(groups))) return;
    const auto begin = static_cast<std::size_t>(found[0].data() - text.data());
    const std::size_t end = begin + found[0].size();
    const bool repeats = found[0].empty() && begin == behind;
    if (!repeats && !visit(found)) return;
    behind = end;
    at = end;
    if (found[0].empty())
      at += end < text.size() ? byte_of_code_point(std::string_view(text).substr(end), 1) : 1;
  }
}

std::string text_of(const re2::StringPiece& piece) {
  return piece.data() == nullptr ? std::string() : std::string(piece.data(), piece.size());
}

/// Which group extract() gives: the only one, or the whole match; nothing where there are several.
std::optional<std::size_t> extracted_group(const RE2& regex) {
  const int groups = regex.NumberOfCapturingGroups();
  if (groups > 1) return std::nullopt;
  return static_cast<std::size_t>(groups);
}
Value several_groups(const Value& pattern) {
  return Value::error("the regular expression " + shown(pattern) + " has more than one group to extract");
}

Value extract(Arguments a, Meter& meter) {
  const auto regex = compiled(*a[1], meter);
  if (!regex) return Value::error(regex.error().message);
  const auto group = extracted_group(**regex);
  if (!group) return several_groups(*a[1]);
  Value out = Value::none();
  each_match(**regex, *a[0]->string(), *group + 1, meter, [&](const Groups& found) {
    if (*group == 0 || !found[1].empty()) out = Value::some(Value::of(text_of(found[*group])));
    return false;
  });
  return out;
}

/// The text of a group of all matches, at most `limit` of them where it is not negative.
Value gathered(const RE2& regex, const std::string& text, std::size_t group, std::int64_t limit,
               Meter& meter) {
  List out;
  bool too_long = false;
  if (limit == 0) return Value::of(std::move(out));
  each_match(regex, text, group + 1, meter, [&](const Groups& found) {
    if (group > 0 && found[group].empty()) return true;
    too_long = out.size() >= meter.max_elements();
    if (!too_long) out.push_back(Value::of(text_of(found[group])));
    return !too_long && (limit < 0 || static_cast<std::int64_t>(out.size()) < limit);
  });
  return too_long ? Value::error("the list becomes too long") : Value::of(std::move(out));
}

Value extract_all(Arguments a, Meter& meter) {
  const auto regex = compiled(*a[1], meter);
  if (!regex) return Value::error(regex.error().message);
  const auto group = extracted_group(**regex);
  return group ? gathered(**regex, *a[0]->string(), *group, -1, meter) : several_groups(*a[1]);
}

Value replace(Arguments a, Meter& meter) {
  const auto regex = compiled(*a[1], meter);
  if (!regex) return Value::error(regex.error().message);
  const std::string &text = *a[0]->string(), &rewrite = *a[2]->string();
  std::string problem;
  if (!(*regex)->CheckRewriteString(rewrite, &problem)) return Value::error("replacement: " + problem);
  std::int64_t left = a.size() > 3 ? *a[3]->get_if<std::int64_t>() : -1;
  if (left == 0) return *a[0];
  std::string out;
  std::size_t copied = 0;
  const auto fits = [&] { return out.size() <= meter.max_string_bytes(); };
  each_match(**regex, text, kMaxGroups, meter, [&](const Groups& found) {
    const auto begin = static_cast<std::size_t>(found[0].data() - text.data());
    out.append(text, copied, begin - copied);
    (*regex)->Rewrite(&out, rewrite, found.data(), static_cast<int>(found.size()));
    copied = begin + found[0].size();
    return meter.spend_bytes(rewrite.size()) && fits() && --left != 0;
  });
  out.append(text, copied);
  return fits() ? Value::of(std::move(out)) : Value::error("the string becomes too long");
}

/// The first match, or "".
Value find(Arguments a, Meter& meter) {
  const auto regex = compiled(*a[1], meter);
  if (!regex) return Value::error(regex.error().message);
  std::string out;
  each_match(**regex, *a[0]->string(), 1, meter, [&](const Groups& found) {
    out = text_of(found[0]);
    return false;
  });
  return Value::of(std::move(out));
}

Value find_all(Arguments a, Meter& meter) {
  const auto regex = compiled(*a[1], meter);
  if (!regex) return Value::error(regex.error().message);
  return gathered(**regex, *a[0]->string(), 0, a.size() > 2 ? *a[2]->get_if<std::int64_t>() : -1, meter);
}

constexpr FunctionRow kRows[] = {
    {"regex.replace(string, string, string): string", replace, cost::replace_all},
    {"regex.replace(string, string, string, int): string", replace, cost::replace_all},
    {"regex.extract(string, string): optional_type(string)", extract, cost::find},
    {"regex.extractAll(string, string): list(string)", extract_all, cost::find_all},
    {"string.find(string): string", find, cost::find},
    {"string.findAll(string): list(string)", find_all, cost::find_all},
    {"string.findAll(string, int): list(string)", find_all, cost::find_all},
};

}  // namespace

std::span<const FunctionRow> regex_functions() {
  return kRows;
}

}  // namespace plumbline::cel
