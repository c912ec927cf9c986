// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace plumbline {
namespace {

using nlohmann::json;

/// Builds the document from parser events and stops at the first limit or duplicate.
class StrictBuilder final : public nlohmann::json_sax<json> {
 public:
  explicit StrictBuilder(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return checked(value) && put(std::move(value)); }
  bool binary(binary_t&) override { return refuse("binary values are not JSON"); }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& value) override {
    if (!checked(value)) return false;
    // Canonical documents come with sorted keys, so the end is where the next one belongs.
    auto& members = open_.back()->get_ref<json::object_t&>();
    const std::size_t before = members.size();
    const auto member = members.try_emplace(members.end(), std::move(value), nullptr);
    if (members.size() == before) return refuse("the key \"" + member->first.substr(0, 80) + "\" stands twice in one object");
    slot_ = &member->second;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while …" without its head
    std::string what = error.what();
    if (const auto head = what.find("] "); head != std::string::npos) what = what.substr(head + 2);
    if (const auto colon = what.find(": "); what.starts_with("parse error at") && colon != std::string::npos)
      what = what.substr(colon + 2);
    problem_ = "byte " + std::to_string(position) + ": " + what;
    return false;
  }

  json take() { return std::move(root_); }
  const std::string& problem() const { return problem_; }
  bool over_limit() const { return over_limit_; }

 private:
  bool refuse(std::string why) {
    problem_ = std::move(why);
    return false;
  }
  bool over(std::string why) {
    over_limit_ = true;
    return refuse(std::move(why));
  }
  bool checked(const std::string& text) {
    if (text.size() > limits_.string_bytes)
      return over("a string is longer than " + std::to_string(limits_.string_bytes) + " bytes");
    if (text.find('\0') != std::string::npos) return refuse("a string holds the character NUL");
    return true;
  }
  json* place(json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    *slot_ = std::move(value);
    return slot_;
  }
  bool count() {
    if (++values_ > limits_.values) return over("more than " + std::to_string(limits_.values) + " values");
    return true;
  }
  bool put(json value) {
    if (!count()) return false;
    place(std::move(value));
    return true;
  }
  bool open(json value) {
    if (open_.size() >= limits_.depth) return over("nested deeper than " + std::to_string(limits_.depth));
    if (!count()) return false;
    // A child stays where it is while it is open: its parent grows only after it was closed.
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  const JsonLimits limits_;
  json root_;
  std::vector<json*> open_;
  json* slot_ = nullptr;
  std::size_t values_ = 0;
  std::string problem_;
  bool over_limit_ = false;
};

// What nlohmann's writer gives; the plain cases, which are nearly all, are written below without it.
std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

bool is_plain(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

void write_string(std::string& out, const std::string& text) {
  if (!is_plain(text)) {
    out += dumped(text);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

void write_number(std::string& out, auto number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void write(std::string& out, const json& value);

void write_object(std::string& out, const json::object_t& object) {
  char before = '{';
  for (const auto& [key, member] : object) {
    out += std::exchange(before, ',');
    write_string(out, key);
    out += ':';
    write(out, member);
  }
  out += object.empty() ? "{}" : "}";
}

void write_array(std::string& out, const json::array_t& array) {
  char before = '[';
  for (const json& item : array) {
    out += std::exchange(before, ',');
    write(out, item);
  }
  out += array.empty() ? "[]" : "]";
}

void write(std::string& out, const json& value) {
  switch (value.type()) {
    case json::value_t::object: return write_object(out, value.get_ref<const json::object_t&>());
    case json::value_t::array: return write_array(out, value.get_ref<const json::array_t&>());
    case json::value_t::string: return write_string(out, value.get_ref<const std::string&>());
    case json::value_t::number_integer: return write_number(out, value.get<std::int64_t>());
    case json::value_t::number_unsigned: return write_number(out, value.get<std::uint64_t>());
    default: out += dumped(value);
  }
}

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes)
    return fail(ErrorKind::limit, "the document is larger than " + std::to_string(limits.bytes) + " bytes");
  StrictBuilder builder(limits);
  if (json::sax_parse(text, &builder)) return builder.take();
  return fail(builder.over_limit() ? ErrorKind::limit : ErrorKind::invalid, "not acceptable JSON: " + builder.problem());
}

std::string canonical_json(const nlohmann::json& value) {
  // nlohmann's object is a sorted map and its writer gives the shortest digits that read back the same.
  std::string out;
  write(out, value);
  return out;
}

}  // namespace plumbline
