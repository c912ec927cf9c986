// SPDX-License-Identifier: Apache-2.0
// The values of CEL, with the two that evaluation adds: error and unknown.
#pragma once

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
struct Map;  // insertion-ordered entries with CEL equality on keys

struct Null {};
struct Bytes { std::string data; };
struct Timestamp { std::int64_t seconds = 0; std::int32_t nanos = 0; };
struct Duration { std::int64_t seconds = 0; std::int32_t nanos = 0; };
struct TypeName { std::string name; };
/// A failed evaluation; absorbed by && and || as the language says.
struct EvalError { std::string message; };
/// Facts that were not there; absorbed by && and || where the other side decides. `paths` are sorted and unique.
struct Unknown { std::vector<std::string> paths; };

/// Cheap to copy: lists, maps and strings are shared and never change once made.
class Value {
 public:
  using Storage = std::variant<Null, bool, std::int64_t, std::uint64_t, double, std::shared_ptr<const std::string>,
                               std::shared_ptr<const Bytes>, std::shared_ptr<const List>, std::shared_ptr<const Map>,
                               Timestamp, Duration, std::shared_ptr<const TypeName>,
                               std::shared_ptr<const EvalError>, std::shared_ptr<const Unknown>>;
  Value() = default;
  explicit Value(Storage storage) : storage_(std::move(storage)) {}
  static Value of(bool value) { return Value(Storage(value)); }
  static Value of(std::int64_t value) { return Value(Storage(value)); }
  static Value of(std::uint64_t value) { return Value(Storage(value)); }
  static Value of(double value) { return Value(Storage(value)); }
  static Value of(std::string value);
  static Value of(const char* value) { return of(std::string(value)); }
  static Value of(List value);
  static Value of(Map value);
  static Value error(std::string message);
  static Value unknown(std::vector<std::string> paths);

  template <class T>
  const T* get_if() const { return std::get_if<T>(&storage_); }
  bool is_error() const;
  bool is_unknown() const;
  const std::string* string() const;  // nullptr where it is none
  const List* list() const;
  const Map* map() const;
  const EvalError* as_error() const;
  const Unknown* as_unknown() const;
  const Storage& storage() const { return storage_; }

 private:
  Storage storage_;
};

struct Map {
  std::vector<std::pair<Value, Value>> entries;
  /// The value under a string key, or nullptr.
  const Value* find(std::string_view key) const;
  const Value* find(const Value& key) const;
};

/// CEL equality: numbers compare across types, lists and maps by members, different types are unequal.
bool equal(const Value& a, const Value& b);
/// As a person reads it: 24, "text", [1, 2], {"a": 1}, null.
std::string to_text(const Value& value);

}  // namespace plumbline::cel
