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
    if (accept("list(")) return list_of(inner());
    if (accept("optional_type(")) return optional_of(inner());
    if (accept("type(")) return type_of(inner());
    for (const auto& [name, type] : opaque_names())
      if (accept(name)) return type;
    if (accept("map(")) {
      TypePtr key = type();
      accept(", ");
      TypePtr value = type();
      accept(")");
      return map_of(std::move(key), std::move(value));
    }
    std::size_t end = at_;
    while (end < text_.size() &&
           ((text_[end] >= 'a' && text_[end] <= 'z') || (text_[end] >= 'A' && text_[end] <= 'H')))
      ++end;
    const std::string_view name = text_.substr(at_, end - at_);
    const auto found = names().find(name);
    const bool parameter = name.size() == 1 && name[0] >= 'A' && name[0] <= 'H';
    if (found == names().end() && !parameter) return std::nullopt;
    at_ = end;
    return parameter ? type_parameter(static_cast<std::size_t>(name[0] - 'A')) : found->second;
  }

  /// Of list(…) and its like.
  TypePtr inner() {
    TypePtr out = type();
    accept(")");
    return out;
  }

  static const std::vector<std::pair<std::string_view, TypePtr>>& opaque_names() {
    static const auto types = [] {
      std::vector<std::pair<std::string_view, TypePtr>> out;
      for (const std::string_view name :
           {"net.IP", "net.CIDR", "kubernetes.Semver", "kubernetes.Quantity", "kubernetes.URL"})
        out.emplace_back(name, opaque_type(std::string(name)));
      return out;
    }();
    return types;
  }

  static const std::map<std::string_view, TypePtr>& names() {
    static const std::map<std::string_view, TypePtr> types = {{"number", any_number()},
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

Value only_declared(Arguments, Meter&) {
  return Value::error("this function is declared, but does nothing");
}

/// Fills in what follows from the parameters and sorts by name; overloads of one name keep their order.
std::vector<Overload> prepared(std::vector<Overload> overloads) {
  for (Overload& overload : overloads) {
    overload.kinds.clear();
    for (const TypePtr& parameter : overload.parameters) {
      overload.kinds.push_back(runtime_kinds(parameter));
      overload.has_opaque |= parameter->kind == Type::opaque;
    }
    if (overload.run == nullptr) overload.run = only_declared;
  }
  std::stable_sort(overloads.begin(), overloads.end(),
                   [](const Overload& a, const Overload& b) { return a.name < b.name; });
  return overloads;
}

const std::vector<Overload>& table() {
  static const std::vector<Overload> overloads = [] {
    std::vector<Overload> out;
    for (const auto rows :
         {operator_functions(), conversion_functions(), text_functions(), time_functions(), math_functions(),
          encoder_functions(), version_functions(), optional_functions(), list_functions(), set_functions(),
          regex_functions(), network_functions(), semver_functions(), quantity_functions(), url_functions()})
      for (const FunctionRow& row : rows) out.push_back(read_shape(row));
    return prepared(std::move(out));
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
  return !has_opaque || fits_opaque(arguments);
}

bool Overload::fits_opaque(Arguments arguments) const {
  for (std::size_t i = 0; i < arguments.size(); ++i)
    if (parameter(i)->kind == Type::opaque && arguments[i]->opaque()->type_name() != parameter(i)->name)
      return false;
  return true;
}

Overload read_shape(const FunctionRow& row) {
  return ShapeReader(row.shape).read(row);
}

std::shared_ptr<const std::vector<Overload>> declare_functions(std::vector<Overload> overloads) {
  return std::make_shared<const std::vector<Overload>>(prepared(std::move(overloads)));
}

std::span<const Overload> find_functions(std::string_view name) {
  return find_functions(name, table());
}

std::span<const Overload> find_functions(std::string_view name, const std::vector<Overload>& sorted) {
  const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), name, ByName{});
  return {first, last};
}

const std::vector<std::string>& function_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out = {"has",      "all",      "exists",        "exists_one",
                                    "map",      "filter",   "transformList", "transformMap",
                                    "sortBy",   "optMap",   "optFlatMap",    "transformMapEntry",
                                    "cel.bind", "cel.block"};
    for (const Overload& overload : table())
      if (overload.name.find('_') != 0 && overload.name.find('_') != 1) out.push_back(overload.name);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }();
  return names;
}

bool metered_equal(const Value& a, const Value& b, Meter& meter) {
  std::uint64_t left = meter.left();
  const bool same = equal(a, b, left);
  meter.spend(left == 0 ? meter.left() + 1 : meter.left() - left);
  return same && !meter.exhausted();
}

std::partial_ordering metered_compare(const Value& a, const Value& b, Meter& meter) {
  const auto bytes = [](const Value& value) {
    return value.string() != nullptr  ? value.string()->size()
           : value.bytes() != nullptr ? value.bytes()->data.size()
                                      : 0;
  };
  if (!meter.spend(1 + std::min(bytes(a), bytes(b)) / 100)) return std::partial_ordering::unordered;
  return compare(a, b);
}

Value no_such_overload(std::string_view name, Arguments arguments) {
  std::string types;
  for (const Value* argument : arguments)
    types += (types.empty() ? "" : ", ") + std::string(type_name_of(*argument));
  return Value::error("no such overload: " + std::string(name) + "(" + types + ")");
}

}  // namespace plumbline::cel
