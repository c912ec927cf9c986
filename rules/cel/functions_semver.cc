// SPDX-License-Identifier: Apache-2.0
// Semantic versions as Kubernetes has them: semver("1.2.3-rc.1"), semver("v1.2", true).
#include <array>
#include <optional>

#include "base/text.h"
#include "rules/cel/cost.h"
#include "rules/cel/functions.h"

namespace plumbline::cel {
namespace {

constexpr std::size_t kMaxVersionBytes = 256;

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}
bool is_identifier(std::string_view text) {
  for (const char c : text)
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'))
      return false;
  return !text.empty();
}
/// "0" or digits without a leading zero, in 63 bits: it has to fit in an int.
std::optional<std::int64_t> plain_number(std::string_view text) {
  if (!is_digits(text) || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  return parse_i64(text);
}

class Semver : public Opaque {
 public:
  static constexpr std::string_view kTypeName = "kubernetes.Semver";
  std::string_view type_name() const override { return kTypeName; }
  bool equals(const Opaque& other) const override { return compare(static_cast<const Semver&>(other)) == 0; }
  std::string text() const override { return text_; }
  std::int64_t number(std::size_t index) const { return numbers_[index]; }

  /// What is built is left out; a version before its release is less than the release.
  int compare(const Semver& other) const {
    for (std::size_t i = 0; i < numbers_.size(); ++i)
      if (numbers_[i] != other.numbers_[i]) return numbers_[i] < other.numbers_[i] ? -1 : 1;
    if (before_.empty() || other.before_.empty())
      return static_cast<int>(before_.empty()) - static_cast<int>(other.before_.empty());
    for (std::size_t i = 0; i < std::min(before_.size(), other.before_.size()); ++i)
      if (const int order = compare_identifiers(before_[i], other.before_[i]); order != 0) return order;
    return static_cast<int>(before_.size() > other.before_.size()) -
           static_cast<int>(before_.size() < other.before_.size());
  }

  static std::optional<Semver> parse(std::string_view text) {
    if (text.size() > kMaxVersionBytes) return std::nullopt;
    Semver out;
    out.text_ = text;
    if (const std::size_t plus = text.find('+'); plus != std::string_view::npos) {
      for (const std::string_view part : split(text.substr(plus + 1), '.'))
        if (!is_identifier(part)) return std::nullopt;
      text = text.substr(0, plus);
    }
    if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
      for (const std::string_view part : split(text.substr(dash + 1), '.')) {
        if (!is_identifier(part) || (is_digits(part) && part.size() > 1 && part[0] == '0'))
          return std::nullopt;
        out.before_.emplace_back(part);
      }
      text = text.substr(0, dash);
    }
    const auto parts = split(text, '.');
    if (parts.size() != out.numbers_.size()) return std::nullopt;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto number = plain_number(parts[i]);
      if (!number) return std::nullopt;
      out.numbers_[i] = *number;
    }
    return out;
  }

 private:
  /// Numbers by size and before words; words by their letters.
  static int compare_identifiers(std::string_view a, std::string_view b) {
    const bool a_number = is_digits(a), b_number = is_digits(b);
    if (a_number != b_number) return a_number ? -1 : 1;
    if (a_number && a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
    const int order = a.compare(b);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }

  std::array<std::int64_t, 3> numbers_{};
  std::vector<std::string> before_;  // "rc", "1"
  std::string text_;
};

/// Without a leading "v" and leading zeros, and with minor and patch where they lack; nothing where a short
/// version has more than numbers.
std::optional<std::string> normalized(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  std::vector<std::string> parts;
  while (parts.size() < 2 && text.find('.') != std::string_view::npos) {
    parts.emplace_back(text.substr(0, text.find('.')));
    text.remove_prefix(text.find('.') + 1);
  }
  parts.emplace_back(text);
  for (std::string& part : parts) {
    const std::size_t first = part.find_first_not_of('0');
    if (part.size() < 2 || first == 0) continue;
    part.erase(0, std::min(first, part.size()));
    if (part.empty() || part[0] < '0' || part[0] > '9') part.insert(0, 1, '0');
  }
  if (parts.size() < 3 && parts.back().find_first_of("+-") != std::string::npos) return std::nullopt;
  while (parts.size() < 3) parts.emplace_back("0");
  return join(parts, ".");
}

std::optional<Semver> version_in(Arguments a, Meter& meter) {
  const std::string& text = *a[0]->string();
  meter.spend_bytes(text.size());
  if (a.size() < 2 || !*a[1]->get_if<bool>() || text.size() > kMaxVersionBytes) return Semver::parse(text);
  const auto normal = normalized(text);
  return normal ? Semver::parse(*normal) : std::nullopt;
}
Value make_semver(Arguments a, Meter& meter) {
  auto version = version_in(a, meter);
  return version ? Value::of(std::make_shared<const Semver>(std::move(*version)))
                 : Value::error(shown(*a[0]) + " is no semantic version, as in \"1.2.3\"");
}
Value is_semver(Arguments a, Meter& meter) {
  return Value::of(version_in(a, meter).has_value());
}

int compared(Arguments a) {
  return a[0]->opaque_as<Semver>()->compare(*a[1]->opaque_as<Semver>());
}
Value less(Arguments a, Meter&) {
  return Value::of(compared(a) < 0);
}
Value greater(Arguments a, Meter&) {
  return Value::of(compared(a) > 0);
}
Value compare_to(Arguments a, Meter&) {
  return Value::of(std::int64_t{compared(a)});
}
template <std::size_t Index>
Value number(Arguments a, Meter&) {
  return Value::of(a[0]->opaque_as<Semver>()->number(Index));
}

constexpr FunctionRow kRows[] = {
    {"semver(string): kubernetes.Semver", make_semver, cost::read_opaque},
    {"semver(string, bool): kubernetes.Semver", make_semver, cost::read_opaque},
    {"isSemver(string): bool", is_semver, cost::read_first},
    {"isSemver(string, bool): bool", is_semver, cost::read_first},
    {"kubernetes.Semver.major(): int", number<0>},
    {"kubernetes.Semver.minor(): int", number<1>},
    {"kubernetes.Semver.patch(): int", number<2>},
    {"kubernetes.Semver.isLessThan(kubernetes.Semver): bool", less},
    {"kubernetes.Semver.isGreaterThan(kubernetes.Semver): bool", greater},
    {"kubernetes.Semver.compareTo(kubernetes.Semver): int", compare_to},
};

}  // namespace

std::span<const FunctionRow> semver_functions() {
  return kRows;
}

}  // namespace plumbline::cel
