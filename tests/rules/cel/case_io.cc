// SPDX-License-Identifier: Apache-2.0
// Declarations for facts that are given as JSON, and the answer of a program as one line.
#include "tests/rules/cel/case_io.h"

#include <map>

#include "base/source.h"
#include "base/text.h"
#include "rules/cel/json.h"
#include "rules/cel/types.h"

namespace plumbline::cel {
namespace {

/// A type that grows while declarations are read.
struct Draft {
  std::string name;
  std::string scalar;
  bool list = false;
  std::vector<Draft> members;

  Draft& member(const std::string& wanted) {
    for (Draft& draft : members)
      if (draft.name == wanted) return draft;
    members.emplace_back().name = wanted;
    return members.back();
  }
};

TypePtr scalar_type(const std::string& name) {
  static const std::map<std::string, TypePtr> types = {
      {"bool", simple_type(Type::boolean)},
      {"int", simple_type(Type::int_type)},
      {"uint", simple_type(Type::uint_type)},
      {"double", simple_type(Type::number)},
      {"string", simple_type(Type::string)},
      {"dyn", simple_type(Type::dyn)},
      {"strings", list_of(simple_type(Type::string))},
      {"ints", list_of(simple_type(Type::int_type))},
      {"labels", map_of(simple_type(Type::string), simple_type(Type::string))}};
  return types.at(name);
}

TypePtr type_of(const Draft& draft) {
  TypePtr type;
  if (!draft.scalar.empty()) {
    type = scalar_type(draft.scalar);
  } else {
    Type object;
    object.kind = Type::object;
    for (const Draft& member : draft.members) object.members.emplace_back(member.name, type_of(member));
    type = std::make_shared<const Type>(std::move(object));
  }
  return draft.list ? list_of(std::move(type)) : type;
}

}  // namespace

Declarations declare(std::string_view text) {
  Draft root;
  for (const std::string_view row : split(text, ',')) {
    const auto columns = words(row);
    if (columns.size() != 2) continue;
    Draft* draft = &root;
    for (std::string_view part : split(columns[0], '.')) {
      const bool list = part.ends_with("[]");
      if (list) part.remove_suffix(2);
      draft = &draft->member(std::string(part));
      draft->list = list;
    }
    draft->scalar = columns[1];
  }
  Declarations out;
  for (const Draft& draft : root.members) out.emplace_back(draft.name, type_of(draft));
  return out;
}

Lookup lookup_in(const nlohmann::json& facts) {
  return [&facts](std::string_view name) {
    const auto found = facts.find(std::string(name));
    return found == facts.end() ? Value::unknown({std::string(name)}) : from_json(*found);
  };
}

std::string unchecked_answer(std::string_view expression) {
  CompileOptions options;
  options.check = false;
  const auto program = compile(expression, {}, options);
  return program ? to_text(program->evaluate([](std::string_view) { return Value(); }))
                 : program.error()[0].message;
}

std::string answer(std::string_view expression, const Declarations& declarations,
                   const nlohmann::json& facts) {
  const auto program = compile(expression, declarations);
  if (program) return to_text(program->evaluate(lookup_in(facts)));
  std::vector<std::string> mistakes;
  for (const Issue& issue : program.error())
    mistakes.push_back(std::to_string(place_of(expression, issue.offset).column) + ": " + issue.message);
  return join(mistakes, " | ");
}

}  // namespace plumbline::cel
