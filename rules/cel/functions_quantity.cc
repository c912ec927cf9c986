// SPDX-License-Identifier: Apache-2.0
// Quantities as Kubernetes has them: quantity("1.5Gi"), exact to a billionth, capped at 2^63.
#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "base/text.h"
#include "rules/cel/cost.h"
#include "rules/cel/functions.h"

namespace plumbline::cel {
namespace {

__extension__ using Wide = __int128;

constexpr std::size_t kMaxQuantityBytes = 128;
constexpr std::size_t kMaxDigits = 18;  // that are kept behind the point; what is beyond rounds up
constexpr Wide kNano = 1'000'000'000;
constexpr Wide kCap = (Wide{1} << 63) * kNano;  // a larger quantity is this, which is no integer any more

struct Suffix {
  std::string_view text;
  int power_of_ten;
  unsigned power_of_two;
};
constexpr std::array<Suffix, 16> kSuffixes = {{{"", 0, 0},
                                               {"n", -9, 0},
                                               {"u", -6, 0},
                                               {"m", -3, 0},
                                               {"k", 3, 0},
                                               {"M", 6, 0},
                                               {"G", 9, 0},
                                               {"T", 12, 0},
                                               {"P", 15, 0},
                                               {"E", 18, 0},
                                               {"Ki", 0, 10},
                                               {"Mi", 0, 20},
                                               {"Gi", 0, 30},
                                               {"Ti", 0, 40},
                                               {"Pi", 0, 50},
                                               {"Ei", 0, 60}}};

Wide power_of_ten(int exponent) {
  Wide out = 1;
  for (int i = 0; i < exponent; ++i) out *= 10;
  return out;
}

std::string text_of(Wide value) {
  std::string digits;
  for (Wide rest = value < 0 ? -value : value; rest > 0 || digits.empty(); rest /= 10)
    digits.insert(0, 1, static_cast<char>('0' + static_cast<int>(rest % 10)));
  return (value < 0 ? "-" : "") + digits;
}

class Quantity : public Opaque {
 public:
  static constexpr std::string_view kTypeName = "kubernetes.Quantity";
  Quantity(Wide nanos, bool as_binary) : nano(nanos), binary(as_binary) {}
  std::string_view type_name() const override { return kTypeName; }
  bool equals(const Opaque& other) const override { return nano == static_cast<const Quantity&>(other).nano; }
  /// With the largest suffix that leaves a whole number: 1536Mi, 1500m.
  std::string text() const override {
    if (binary && nano % kNano == 0 && nano != 0) {
      for (std::size_t i = kSuffixes.size(); i-- > 10;)
        if (const Wide unit = (Wide{1} << kSuffixes[i].power_of_two) * kNano; nano % unit == 0)
          return text_of(nano / unit) + std::string(kSuffixes[i].text);
      return text_of(nano / kNano);
    }
    static constexpr std::array<std::size_t, 10> kBySize = {9, 8, 7, 6, 5, 4, 0, 3, 2, 1};
    for (const std::size_t i : kBySize)
      if (const Wide unit = power_of_ten(kSuffixes[i].power_of_ten + 9); nano != 0 && nano % unit == 0)
        return text_of(nano / unit) + std::string(kSuffixes[i].text);
    return "0";
  }
  std::optional<std::int64_t> whole() const {
    const Wide value = nano / kNano;
    if (nano % kNano != 0 || value > std::numeric_limits<std::int64_t>::max() ||
        value < std::numeric_limits<std::int64_t>::min())
      return std::nullopt;
    return static_cast<std::int64_t>(value);
  }
  const Wide nano;    // billionths
  const bool binary;  // written with Ki, Mi …
};

/// A number on its way to billionths.
struct Draft {
  Wide digits = 0;
  int scale = 0;         // digits / 10^scale
  bool inexact = false;  // more was there: rounds up
  bool over = false;     // beyond every limit

  void times(Wide factor) { over = __builtin_mul_overflow(digits, factor, &digits) || over; }
  /// Divides by a power of ten, rounding up.
  void divide(int exponent) {
    for (int i = 0; i < exponent && (digits != 0 || inexact); ++i) {
      inexact = inexact || digits % 10 != 0;
      digits /= 10;
    }
  }
};

/// "1.5" at the start of the text, which it leaves behind; nothing where there is no digit.
std::optional<Draft> read_number(std::string_view& text) {
  Draft out;
  bool any = false, fraction = false;
  while (!text.empty() && ((text[0] >= '0' && text[0] <= '9') || (text[0] == '.' && !fraction))) {
    const char c = text[0];
    text.remove_prefix(1);
    if (c == '.') {
      fraction = true;
      continue;
    }
    any = true;
    if (fraction && out.scale == static_cast<int>(kMaxDigits)) {
      out.inexact = out.inexact || c != '0';
      continue;
    }
    out.times(10);
    out.over = __builtin_add_overflow(out.digits, Wide{c - '0'}, &out.digits) || out.over;
    if (fraction) ++out.scale;
  }
  return any ? std::optional(out) : std::nullopt;
}

/// The power of ten of "e3", "E-2"; nothing where it is none.
std::optional<int> read_exponent(std::string_view text) {
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  text.remove_prefix(1);
  const bool negative = text[0] == '-';
  if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const int size = static_cast<int>(std::min<std::uint64_t>(parse_u64(text).value_or(1000), 1000));
  return negative ? -size : size;
}

std::optional<Quantity> parse(std::string_view text) {
  if (text.size() > kMaxQuantityBytes) return std::nullopt;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  auto draft = read_number(text);
  if (!draft) return std::nullopt;
  const auto suffix =
      std::find_if(kSuffixes.begin(), kSuffixes.end(), [&](const Suffix& row) { return row.text == text; });
  const auto exponent = suffix == kSuffixes.end() ? read_exponent(text) : suffix->power_of_ten;
  if (!exponent) return std::nullopt;
  const bool binary = suffix != kSuffixes.end() && suffix->power_of_two > 0;
  if (binary) draft->times(Wide{1} << suffix->power_of_two);
  const int shift = *exponent + 9 - draft->scale;
  if (draft->digits != 0)
    for (int i = 0; i < shift && !draft->over; ++i) draft->times(10);
  draft->divide(-shift);
  Wide nano = draft->over ? kCap : std::min(draft->digits + (draft->inexact ? 1 : 0), kCap);
  return Quantity(negative ? -nano : nano, binary);
}

const Quantity& quantity_of(const Value& value) {
  return *value.opaque_as<Quantity>();
}
Value of(Wide nano, bool binary) {
  return Value::of(std::make_shared<const Quantity>(nano, binary));
}
Value make_quantity(Arguments a, Meter&) {
  const auto quantity = parse(*a[0]->string());
  return quantity ? of(quantity->nano, quantity->binary)
                  : Value::error(shown(*a[0]) + " is no quantity, as in \"500m\" or \"1.5Gi\"");
}
Value is_quantity(Arguments a, Meter&) {
  return Value::of(parse(*a[0]->string()).has_value());
}

int compared(Arguments a) {
  const Wide x = quantity_of(*a[0]).nano, y = quantity_of(*a[1]).nano;
  return static_cast<int>(x > y) - static_cast<int>(x < y);
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
Value sign(Arguments a, Meter&) {
  const Wide nano = quantity_of(*a[0]).nano;
  return Value::of(std::int64_t{static_cast<int>(nano > 0) - static_cast<int>(nano < 0)});
}
Value is_integer(Arguments a, Meter&) {
  return Value::of(quantity_of(*a[0]).whole().has_value());
}
Value as_integer(Arguments a, Meter&) {
  const auto whole = quantity_of(*a[0]).whole();
  return whole ? Value::of(*whole)
               : Value::error("range: the quantity " + shown(*a[0]) + " is no whole number of 64 bits");
}
Value as_float(Arguments a, Meter&) {
  const Wide nano = quantity_of(*a[0]).nano;
  return Value::of(static_cast<double>(static_cast<long double>(nano) / 1e9L));
}

Value overflow() {
  return Value::error("range: the quantity becomes too large");
}
Wide nano_of(const Value& value) {
  const auto* number = value.get_if<std::int64_t>();
  return number != nullptr ? Wide{*number} * kNano : quantity_of(value).nano;
}
Value add(Arguments a, Meter&) {
  Wide out = 0;
  if (__builtin_add_overflow(nano_of(*a[0]), nano_of(*a[1]), &out)) return overflow();
  return of(out, quantity_of(*a[0]).binary);
}
Value subtract(Arguments a, Meter&) {
  Wide out = 0;
  if (__builtin_sub_overflow(nano_of(*a[0]), nano_of(*a[1]), &out)) return overflow();
  return of(out, quantity_of(*a[0]).binary);
}

constexpr FunctionRow kRows[] = {
    {"quantity(string): kubernetes.Quantity", make_quantity, cost::nothing},
    {"isQuantity(string): bool", is_quantity, cost::nothing},
    {"kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool", less},
    {"kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool", greater},
    {"kubernetes.Quantity.compareTo(kubernetes.Quantity): int", compare_to},
    {"kubernetes.Quantity.sign(): int", sign},
    {"kubernetes.Quantity.isInteger(): bool", is_integer},
    {"kubernetes.Quantity.asInteger(): int", as_integer},
    {"kubernetes.Quantity.asApproximateFloat(): double", as_float},
    {"kubernetes.Quantity.add(kubernetes.Quantity): kubernetes.Quantity", add},
    {"kubernetes.Quantity.add(int): kubernetes.Quantity", add},
    {"kubernetes.Quantity.sub(kubernetes.Quantity): kubernetes.Quantity", subtract},
    {"kubernetes.Quantity.sub(int): kubernetes.Quantity", subtract},
};

}  // namespace

std::span<const FunctionRow> quantity_functions() {
  return kRows;
}

}  // namespace plumbline::cel
