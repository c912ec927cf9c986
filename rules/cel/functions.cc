// SPDX-License-Identifier: Apache-2.0
// Reads the rows of all function files into one table.
#include "rules/cel/functions.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <optional>

#include "base/text.h"

namespace plumbline::cel {
namespace {

/// Reads shapes; they are ours, so a mistake in one is a bug.
class ShapeReader {
 public:
  explicit ShapeReader(std::string_view shape) : text_(shape) {}

  Overload read(const FunctionRow& row) {
    Overload out;
    out.run = row.run;
    out.cost = row.cost;
    const std::size_t open = receiver_end();
    if (open > 0) {
      out.member = true;
      out.parameters.push_back(type());
      ++at_;  // the point
    }
    const std::size_t paren = text_.find('(', at_);
    out.name = text_.substr(at_, paren - at_);
    at_ = paren + 1;
    while (text_[at_] != ')') {
      out.parameters.push_back(type());
      if (accept("...")) out.variadic = true;
      accept(", ");
    }
    ++at_;
    accept(": ");
    out.result = type();
    assert(at_ == text_.size());
    for (const TypePtr& parameter : out.parameters) out.kinds.push_back(runtime_kinds(parameter));
    return out;
  }

 private:
  /// More than 0 where the shape begins with a type and a point.
  std::size_t receiver_end() {
    const std::size_t start = at_;
    const bool typed = try_type().has_value() && at_ < text_.size() && text_[at_] == '.';
    const std::size_t end = typed ? at_ : 0;
    at_ = start;
    return end;
  }

  bool accept(std::string_view part) {
    if (text_.substr(at_, part.size()) != part) return false;
    at_ += part.size();
    return true;
  }

  TypePtr type() {
    auto out = try_type();
    assert(out);
    return *out;
  }

  std::optional<TypePtr> try_type() {
    if (accept("dyn number")) return number_when_run();
    if (accept("list(")) {
      TypePtr element = type();
      accept(")");
      return list_of(std::move(element));
    }
    if (accept("map(")) {
      TypePtr key = type();
      accept(", ");
      TypePtr value = type();
      accept(")");
      return map_of(std::move(key), std::move(value));
    }
    std::size_t end = at_;
    while (end < text_.size() &&
           ((text_[end] >= 'a' && text_[end] <= 'z') || text_[end] == 'A' || text_[end] == 'B'))
      ++end;
    const auto found = names().find(text_.substr(at_, end - at_));
    if (found == names().end()) return std::nullopt;
    at_ = end;
    return found->second;
  }

  static const std::map<std::string_view, TypePtr>& names() {
    static const std::map<std::string_view, TypePtr> types = {{"A", parameter_a()},
                                                              {"B", parameter_b()},
                                                              {"number", any_number()},
                                                              {"dyn", simple_type(Type::dyn)},
                                                              {"null", simple_type(Type::null_type)},
                                                              {"bool", simple_type(Type::boolean)},
                                                              {"int", simple_type(Type::int_type)},
                                                              {"uint", simple_type(Type::uint_type)},
                                                              {"double", simple_type(Type::number)},
                                                              {"string", simple_type(Type::string)},
                                                              {"bytes", simple_type(Type::bytes)},
                                                              {"timestamp", simple_type(Type::timestamp)},
                                                              {"duration", simple_type(Type::duration)},
                                                              {"type", simple_type(Type::type)}};
    return types;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// Sorted by name; overloads of one name keep the order of their rows.
const std::vector<Overload>& table() {
  static const std::vector<Overload> overloads = [] {
    std::vector<Overload> out;
    for (const auto rows : {operator_functions(), conversion_functions(), text_functions(), time_functions(),
                            math_functions(), encoder_functions(), version_functions()})
      for (const FunctionRow& row : rows) out.push_back(ShapeReader(row.shape).read(row));
    std::stable_sort(out.begin(), out.end(),
                     [](const Overload& a, const Overload& b) { return a.name < b.name; });
    return out;
  }();
  return overloads;
}

struct ByName {
  bool operator()(const Overload& a, std::string_view b) const { return a.name < b; }
  bool operator()(std::string_view a, const Overload& b) const { return a < b.name; }
};

}  // namespace

bool Overload::fits(Arguments arguments) const {
  if (!takes(arguments.size())) return false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::uint16_t allowed = kinds[i < kinds.size() ? i : kinds.size() - 1];
    if (((allowed >> arguments[i]->storage().index()) & 1U) == 0) return false;
  }
  return true;
}

std::span<const Overload> find_functions(std::string_view name) {
  const auto& all = table();
  const auto [first, last] = std::equal_range(all.begin(), all.end(), name, ByName{});
  return {first, last};
}

const std::vector<std::string>& function_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out = {"has", "all",    "exists",        "exists_one",
                                    "map", "filter", "transformList", "transformMap"};
    for (const Overload& overload : table())
      if (overload.name.find('_') != 0 && overload.name.find('_') != 1) out.push_back(overload.name);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }();
  return names;
}

Value no_such_overload(std::string_view name, Arguments arguments) {
  std::string types;
  for (const Value* argument : arguments)
    types += (types.empty() ? "" : ", ") + std::string(type_name_of(*argument));
  return Value::error("no such overload: " + std::string(name) + "(" + types + ")");
}

}  // namespace plumbline::cel
