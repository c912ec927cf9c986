// SPDX-License-Identifier: Apache-2.0
// Equality, order and text of CEL values.
#include "rules/cel/value.h"

#include <algorithm>
#include <array>
#include <functional>

#include "rules/cel/number_text.h"
#include "rules/cel/time.h"

namespace plumbline::cel {
namespace {

constexpr std::size_t kIndexedFrom = 8;  // entries; below, a search from the start is faster
constexpr std::uint64_t kEqualSteps = 10'000'000;
constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

/// Within range the whole number is compared as a double, as the language's other implementations do.
std::partial_ordering compare_int_double(std::int64_t a, double b) {
  if (b > kTwo63) return std::partial_ordering::less;
  if (b < -kTwo63) return std::partial_ordering::greater;
  return static_cast<double>(a) <=> b;
}

std::partial_ordering compare_uint_double(std::uint64_t a, double b) {
  if (b > kTwo64) return std::partial_ordering::less;
  if (b < 0) return std::partial_ordering::greater;
  return static_cast<double>(a) <=> b;
}

std::partial_ordering compare_int_uint(std::int64_t a, std::uint64_t b) {
  if (a < 0) return std::partial_ordering::less;
  return static_cast<std::uint64_t>(a) <=> b;
}

std::partial_ordering reversed(std::partial_ordering order) {
  return 0 <=> order;
}

bool is_number(ValueKind kind) {
  return kind == ValueKind::int_kind || kind == ValueKind::uint_kind || kind == ValueKind::number;
}

std::partial_ordering compare_numbers(const Value& a, const Value& b) {
  if (const auto* x = a.get_if<std::int64_t>()) {
    if (const auto* y = b.get_if<std::int64_t>()) return *x <=> *y;
    if (const auto* y = b.get_if<std::uint64_t>()) return compare_int_uint(*x, *y);
    return compare_int_double(*x, *b.get_if<double>());
  }
  if (const auto* x = a.get_if<std::uint64_t>()) {
    if (const auto* y = b.get_if<std::uint64_t>()) return *x <=> *y;
    if (const auto* y = b.get_if<std::int64_t>()) return reversed(compare_int_uint(*y, *x));
    return compare_uint_double(*x, *b.get_if<double>());
  }
  const double x = *a.get_if<double>();
  if (const auto* y = b.get_if<double>()) return x <=> *y;
  if (const auto* y = b.get_if<std::int64_t>()) return reversed(compare_int_double(*y, x));
  return reversed(compare_uint_double(*b.get_if<std::uint64_t>(), x));
}

std::strong_ordering compare_bytes(const std::string& a, const std::string& b) {
  return a.compare(b) <=> 0;
}

template <class Same>
const Value* find_indexed(const Map& map, std::size_t hash, Same same) {
  const std::size_t mask = map.index.size() - 1;
  for (std::size_t slot = hash & mask; map.index[slot] != 0; slot = (slot + 1) & mask) {
    const auto& entry = map.entries[map.index[slot] - 1];
    if (same(entry.first)) return &entry.second;
  }
  return nullptr;
}

bool equal_texts(const std::string& a, const std::string& b, std::uint64_t& steps_left) {
  if (a.size() != b.size()) return false;
  const std::uint64_t steps = a.size() / 100;
  steps_left = steps_left > steps ? steps_left - steps : 0;
  return steps_left > 0 && a == b;
}

bool equal_lists(const List& a, const List& b, std::uint64_t& steps_left) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!equal(a[i], b[i], steps_left)) return false;
  return true;
}

bool equal_optionals(const Optional& a, const Optional& b, std::uint64_t& steps_left) {
  return a.present == b.present && (!a.present || equal(a.value, b.value, steps_left));
}

bool equal_maps(const Map& a, const Map& b, std::uint64_t& steps_left) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    const Value* other = b.find(key);
    if (other == nullptr || !equal(value, *other, steps_left)) return false;
  }
  return true;
}

void append_hex(std::string& out, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\x";
  out += digits[byte >> 4U];
  out += digits[byte & 15U];
}

void append_quoted_character(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\')
    (out += '\\') += c;
  else if (c == '\n')
    out += "\\n";
  else if (c == '\t')
    out += "\\t";
  else if (byte < 0x20 || byte == 0x7f)
    append_hex(out, byte);
  else
    out += c;
}

/// Writes values until the text is long enough; what is over is cut off by the caller.
class Writer {
 public:
  explicit Writer(std::size_t max_bytes) : max_(max_bytes) {}

  std::string finish() {
    if (out_.size() <= max_) return std::move(out_);
    std::size_t end = max_;
    while (end > 0 && (static_cast<unsigned char>(out_[end]) & 0xC0U) == 0x80U)
      --end;  // keeps characters whole
    out_.resize(end);
    return std::move(out_) + "…";
  }

  void add(const Value& value) {
    switch (value.kind()) {
      case ValueKind::null:
        out_ += "null";
        break;
      case ValueKind::boolean:
        out_ += *value.get_if<bool>() ? "true" : "false";
        break;
      case ValueKind::int_kind:
        out_ += std::to_string(*value.get_if<std::int64_t>());
        break;
      case ValueKind::uint_kind:
        out_ += std::to_string(*value.get_if<std::uint64_t>());
        break;
      case ValueKind::number:
        out_ += readable_double(*value.get_if<double>());
        break;
      case ValueKind::string:
        add_string(*value.string());
        break;
      case ValueKind::bytes:
        add_bytes(value.bytes()->data);
        break;
      case ValueKind::list:
        add_list(*value.list());
        break;
      case ValueKind::map:
        add_map(*value.map());
        break;
      case ValueKind::timestamp:
        out_ += format_timestamp(*value.get_if<Timestamp>());
        break;
      case ValueKind::duration:
        out_ += format_duration(*value.get_if<Duration>());
        break;
      case ValueKind::type:
        out_ += value.type_name()->name;
        break;
      case ValueKind::error:
        (out_ += "error: ") += value.as_error()->message;
        break;
      case ValueKind::unknown:
        add_unknown(*value.as_unknown());
        break;
      case ValueKind::optional:
        add_optional(*value.optional());
        break;
      case ValueKind::opaque:
        out_ += value.opaque()->text();
        break;
    }
  }

 private:
  bool full() const { return out_.size() > max_; }

  void add_string(std::string_view text) {
    out_ += '"';
    for (std::size_t i = 0; i < text.size() && !full(); ++i) append_quoted_character(out_, text[i]);
    out_ += '"';
  }

  void add_bytes(std::string_view data) {
    out_ += "b\"";
    for (std::size_t i = 0; i < data.size() && !full(); ++i) {
      const auto byte = static_cast<unsigned char>(data[i]);
      if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\')
        out_ += data[i];
      else
        append_hex(out_, byte);
    }
    out_ += '"';
  }

  void add_list(const List& list) {
    out_ += '[';
    for (std::size_t i = 0; i < list.size() && !full(); ++i) {
      if (i > 0) out_ += ", ";
      add(list[i]);
    }
    out_ += ']';
  }

  void add_map(const Map& map) {
    out_ += '{';
    for (std::size_t i = 0; i < map.entries.size() && !full(); ++i) {
      if (i > 0) out_ += ", ";
      add(map.entries[i].first);
      out_ += ": ";
      add(map.entries[i].second);
    }
    out_ += '}';
  }

  void add_optional(const Optional& optional) {
    out_ += optional.present ? "optional.of(" : "optional.none(";
    if (optional.present) add(optional.value);
    out_ += ')';
  }

  void add_unknown(const Unknown& unknown) {
    out_ += "unknown:";
    for (std::size_t i = 0; i < unknown.paths.size() && !full(); ++i)
      (out_ += i == 0 ? " " : ", ") += unknown.paths[i];
  }

  std::size_t max_;
  std::string out_;
};

}  // namespace

Value Value::of(std::string value) {
  return Value(Storage(std::make_shared<const std::string>(std::move(value))));
}
Value Value::of(Bytes value) {
  return Value(Storage(std::make_shared<const Bytes>(std::move(value))));
}
Value Value::of(TypeName value) {
  return Value(Storage(std::make_shared<const TypeName>(std::move(value))));
}
Value Value::of(List value) {
  return Value(Storage(std::make_shared<const List>(std::move(value))));
}
Value Value::of(Map value) {
  if (value.index.empty()) value.build_index();
  return Value(Storage(std::make_shared<const Map>(std::move(value))));
}
Value Value::some(Value value) {
  return Value(Storage(std::make_shared<const Optional>(Optional{std::move(value), true})));
}
const Value& Value::none() {
  static const Value value(Storage(std::make_shared<const Optional>()));
  return value;
}
Value Value::error(std::string message) {
  return Value(Storage(std::make_shared<const EvalError>(EvalError{std::move(message)})));
}
Value Value::unknown(std::vector<std::string> paths) {
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return Value(Storage(std::make_shared<const Unknown>(Unknown{std::move(paths)})));
}

std::size_t hash_text(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

/// Whole numbers of every type hash alike.
std::size_t hash_of(const Value& value, int depth) {
  if (const auto* text = value.string()) return hash_text(*text);
  if (const auto* number = value.get_if<std::int64_t>()) return std::hash<std::int64_t>{}(*number);
  if (const auto* number = value.get_if<std::uint64_t>())
    return std::hash<std::int64_t>{}(static_cast<std::int64_t>(*number));
  if (const auto* number = value.get_if<double>()) {
    if (*number >= -kTwo63 && *number < kTwo63)
      return std::hash<std::int64_t>{}(static_cast<std::int64_t>(*number));
    if (*number >= kTwo63 && *number < kTwo64)
      return std::hash<std::int64_t>{}(static_cast<std::int64_t>(static_cast<std::uint64_t>(*number)));
    return 0;
  }
  if (const auto* boolean = value.get_if<bool>()) return *boolean ? 1U : 2U;
  if (const auto* bytes = value.bytes()) return hash_text(bytes->data);
  if (const auto* time = value.get_if<Timestamp>()) return std::hash<std::int64_t>{}(time->seconds);
  if (const auto* time = value.get_if<Duration>()) return std::hash<std::int64_t>{}(time->seconds);
  if (const auto* name = value.type_name()) return hash_text(name->name);
  if (const auto* list = value.list())
    return list->size() * 31 + (list->empty() || depth == 0 ? 0 : hash_of(list->front(), depth - 1));
  if (const auto* map = value.map()) {
    std::size_t hash = map->entries.size() * 37;
    if (depth > 0 && map->entries.size() <= kIndexedFrom)
      for (const auto& [key, inner] : map->entries) hash += hash_of(key, 0) ^ (hash_of(inner, depth - 1) * 3);
    return hash;
  }
  return 0;
}

const Value* Map::find(std::string_view key) const {
  return find(key, index.empty() ? 0 : hash_text(key));
}

const Value* Map::find(std::string_view key, std::size_t hash) const {
  const auto same = [&](const Value& candidate) {
    const auto* text = candidate.string();
    return text != nullptr && *text == key;
  };
  if (!index.empty()) return find_indexed(*this, hash, same);
  for (const auto& entry : entries)
    if (same(entry.first)) return &entry.second;
  return nullptr;
}

const Value* Map::find(const Value& key) const {
  if (const auto* text = key.string()) return find(std::string_view(*text));
  const auto same = [&](const Value& candidate) { return equal(candidate, key); };
  if (!index.empty()) return find_indexed(*this, hash_of(key), same);
  for (const auto& entry : entries)
    if (same(entry.first)) return &entry.second;
  return nullptr;
}

bool Map::build_index() {
  index.clear();
  if (entries.size() <= kIndexedFrom) {
    for (std::size_t i = 0; i < entries.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (equal(entries[i].first, entries[j].first)) return false;
    return true;
  }
  std::size_t size = 16;
  while (size < entries.size() * 2) size *= 2;
  index.assign(size, 0);
  bool distinct = true;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Value& key = entries[i].first;
    std::size_t slot = hash_of(key) & (size - 1);
    while (index[slot] != 0 && !equal(entries[index[slot] - 1].first, key)) slot = (slot + 1) & (size - 1);
    if (index[slot] == 0)
      index[slot] = static_cast<std::uint32_t>(i + 1);
    else
      distinct = false;
  }
  return distinct;
}

bool equal(const Value& a, const Value& b) {
  std::uint64_t steps_left = kEqualSteps;
  return equal(a, b, steps_left);
}

bool equal(const Value& a, const Value& b, std::uint64_t& steps_left) {
  if (steps_left == 0) return false;
  --steps_left;
  if (is_number(a.kind()) && is_number(b.kind())) return compare_numbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case ValueKind::null:
      return true;
    case ValueKind::string:
      return equal_texts(*a.string(), *b.string(), steps_left);
    case ValueKind::bytes:
      return equal_texts(a.bytes()->data, b.bytes()->data, steps_left);
    case ValueKind::list:
      return equal_lists(*a.list(), *b.list(), steps_left);
    case ValueKind::map:
      return equal_maps(*a.map(), *b.map(), steps_left);
    case ValueKind::type:
      return a.type_name()->name == b.type_name()->name;
    case ValueKind::optional:
      return equal_optionals(*a.optional(), *b.optional(), steps_left);
    case ValueKind::opaque:
      return a.opaque()->type_name() == b.opaque()->type_name() && a.opaque()->equals(*b.opaque());
    case ValueKind::error:
    case ValueKind::unknown:
      return false;
    default:
      return compare(a, b) == 0;
  }
}

std::partial_ordering compare(const Value& a, const Value& b) {
  if (is_number(a.kind()) && is_number(b.kind())) return compare_numbers(a, b);
  if (a.kind() != b.kind()) return std::partial_ordering::unordered;
  switch (a.kind()) {
    case ValueKind::boolean:
      return *a.get_if<bool>() <=> *b.get_if<bool>();
    case ValueKind::string:
      return compare_bytes(*a.string(), *b.string());
    case ValueKind::bytes:
      return compare_bytes(a.bytes()->data, b.bytes()->data);
    case ValueKind::timestamp: {
      const auto &x = *a.get_if<Timestamp>(), &y = *b.get_if<Timestamp>();
      return x.seconds != y.seconds ? x.seconds <=> y.seconds : x.nanos <=> y.nanos;
    }
    case ValueKind::duration: {
      const auto &x = *a.get_if<Duration>(), &y = *b.get_if<Duration>();
      return x.seconds != y.seconds ? x.seconds <=> y.seconds : x.nanos <=> y.nanos;
    }
    default:
      return std::partial_ordering::unordered;
  }
}

std::string to_text(const Value& value, std::size_t max_bytes) {
  Writer writer(max_bytes);
  writer.add(value);
  return writer.finish();
}

std::string_view type_name_of(const Value& value) {
  if (const Opaque* opaque = value.opaque()) return opaque->type_name();
  static constexpr std::array<std::string_view, 15> names = {"null_type",
                                                             "bool",
                                                             "int",
                                                             "uint",
                                                             "double",
                                                             "string",
                                                             "bytes",
                                                             "list",
                                                             "map",
                                                             "google.protobuf.Timestamp",
                                                             "google.protobuf.Duration",
                                                             "type",
                                                             "error",
                                                             "unknown",
                                                             "optional_type"};
  return names[value.storage().index()];
}

}  // namespace plumbline::cel
