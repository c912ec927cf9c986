// SPDX-License-Identifier: Apache-2.0
// The values of CEL, with the two that evaluation adds: error and unknown.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace plumbline::cel {

class Value;
using List = std::vector<Value>;
struct Map;       // insertion-ordered entries with CEL equality on keys
struct Optional;  // optional.of(x) or optional.none()

struct Null {};
struct Bytes {
  std::string data;
};
struct Timestamp {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
};
struct Duration {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
};
struct TypeName {
  std::string name;
};
/// A failed evaluation; absorbed by && and || as the language says.
struct EvalError {
  std::string message;
};
/// Facts that were not there; absorbed by && and || where the other side decides. `paths` are sorted and
/// unique.
struct Unknown {
  std::vector<std::string> paths;
};

/// A value that only its own functions look into: an address, a version, a quantity.
class Opaque {
 public:
  virtual ~Opaque() = default;
  virtual std::string_view type_name() const = 0;  // "net.IP"
  /// Asked of a value of the same type only.
  virtual bool equals(const Opaque& other) const = 0;
  virtual std::string text() const = 0;
};

/// What a value is, in the order of Value::Storage.
enum class ValueKind : unsigned char {
  null,
  boolean,
  int_kind,
  uint_kind,
  number,
  string,
  bytes,
  list,
  map,
  timestamp,
  duration,
  type,
  error,
  unknown,
  optional,
  opaque
};

/// Cheap to copy: lists, maps and strings are shared and never change once made.
class Value {
 public:
  using Storage =
      std::variant<Null, bool, std::int64_t, std::uint64_t, double, std::shared_ptr<const std::string>,
                   std::shared_ptr<const Bytes>, std::shared_ptr<const List>, std::shared_ptr<const Map>,
                   Timestamp, Duration, std::shared_ptr<const TypeName>, std::shared_ptr<const EvalError>,
                   std::shared_ptr<const Unknown>, std::shared_ptr<const Optional>,
                   std::shared_ptr<const Opaque>>;
  Value() = default;
  explicit Value(Storage storage) : storage_(std::move(storage)) {}
  static Value of(bool value) { return Value(Storage(value)); }
  static Value of(std::int64_t value) { return Value(Storage(value)); }
  static Value of(std::uint64_t value) { return Value(Storage(value)); }
  static Value of(double value) { return Value(Storage(value)); }
  static Value of(Timestamp value) { return Value(Storage(value)); }
  static Value of(Duration value) { return Value(Storage(value)); }
  static Value of(std::string value);
  static Value of(const char* value) { return of(std::string(value)); }
  static Value of(Bytes value);
  static Value of(TypeName value);
  static Value of(List value);
  /// Entries with distinct keys; large maps get an index here.
  static Value of(Map value);
  static Value of(std::shared_ptr<const Opaque> value) { return Value(Storage(std::move(value))); }
  static Value some(Value value);  // optional.of(value)
  static const Value& none();      // optional.none()
  static Value error(std::string message);
  static Value unknown(std::vector<std::string> paths);

  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&storage_);
  }
  ValueKind kind() const { return static_cast<ValueKind>(storage_.index()); }
  bool is_error() const { return kind() == ValueKind::error; }
  bool is_unknown() const { return kind() == ValueKind::unknown; }
  const std::string* string() const { return shared<std::string>(); }  // nullptr where it is none
  const Bytes* bytes() const { return shared<Bytes>(); }
  const List* list() const { return shared<List>(); }
  const Map* map() const { return shared<Map>(); }
  const TypeName* type_name() const { return shared<TypeName>(); }
  const EvalError* as_error() const { return shared<EvalError>(); }
  const Unknown* as_unknown() const { return shared<Unknown>(); }
  const Optional* optional() const { return shared<Optional>(); }
  const Opaque* opaque() const { return shared<Opaque>(); }
  /// The inside of an opaque value of this type; nullptr where it is of another.
  template <class T>
  const T* opaque_as() const {
    const Opaque* value = opaque();
    return value != nullptr && value->type_name() == T::kTypeName ? static_cast<const T*>(value) : nullptr;
  }
  const Storage& storage() const { return storage_; }

 private:
  template <class T>
  const T* shared() const {
    const auto* pointer = std::get_if<std::shared_ptr<const T>>(&storage_);
    return pointer == nullptr ? nullptr : pointer->get();
  }
  Storage storage_;
};

struct Optional {
  Value value;
  bool present = false;
};

struct Map {
  std::vector<std::pair<Value, Value>> entries;
  std::vector<std::uint32_t>
      index;  // open-addressing table of entry numbers + 1; empty: search from the start
  /// The value under a string key, or nullptr.
  const Value* find(std::string_view key) const;
  const Value* find(const Value& key) const;
  /// The same where hash_text(key) is already known.
  const Value* find(std::string_view key, std::size_t hash) const;
  /// Makes the index where it pays; false where two keys are equal.
  bool build_index();
};

std::size_t hash_text(std::string_view text);
/// The same for values that are equal; cheap: of lists and maps it looks at little.
std::size_t hash_of(const Value& value, int depth = 3);

/// CEL equality: numbers compare across types, lists and maps by members, different types are unequal.
bool equal(const Value& a, const Value& b);
/// The same, counting members and every hundred bytes of text in `steps_left` down; false, with 0 left, where
/// they did not suffice.
bool equal(const Value& a, const Value& b, std::uint64_t& steps_left);
/// The order of two values of one comparable type, or of two numbers of any; unordered where there is none.
std::partial_ordering compare(const Value& a, const Value& b);
inline constexpr std::size_t kMaxTextBytes = 64 << 10;
/// As a person reads it: 24, "text", [1, 2], {"a": 1}, null. Cut off with … where it is longer.
std::string to_text(const Value& value, std::size_t max_bytes = kMaxTextBytes);
/// The same, short enough for a message.
inline std::string shown(const Value& value) {
  return to_text(value, 120);
}
/// The language's name of the value's type: "int", "google.protobuf.Timestamp".
std::string_view type_name_of(const Value& value);

}  // namespace plumbline::cel
