// SPDX-License-Identifier: Apache-2.0
// Gives every node of a syntax tree its type and meaning.
#include "rules/cel/checker.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace plumbline::cel {
namespace {

constexpr std::size_t kMaxIssues = 50;
constexpr std::size_t kMinSuggestedLetters = 3;  // shorter words are near to everything

constexpr std::array<std::string_view, 18> kTypeNames = {"bool",
                                                         "int",
                                                         "uint",
                                                         "double",
                                                         "string",
                                                         "bytes",
                                                         "list",
                                                         "map",
                                                         "null_type",
                                                         "type",
                                                         "google.protobuf.Timestamp",
                                                         "google.protobuf.Duration",
                                                         "optional_type",
                                                         "net.IP",
                                                         "net.CIDR",
                                                         "kubernetes.Semver",
                                                         "kubernetes.Quantity",
                                                         "kubernetes.URL"};
constexpr std::array<std::string_view, 12> kMacroNames = {
    "all",           "exists",       "exists_one",        "existsOne", "map",    "filter",
    "transformList", "transformMap", "transformMapEntry", "sortBy",    "optMap", "optFlatMap"};

const TypePtr& dyn() {
  return simple_type(Type::dyn);
}
const TypePtr& boolean() {
  return simple_type(Type::boolean);
}

TypePtr type_of_constant(const Value& value) {
  switch (value.kind()) {
    case ValueKind::null:
      return simple_type(Type::null_type);
    case ValueKind::boolean:
      return boolean();
    case ValueKind::int_kind:
      return simple_type(Type::int_type);
    case ValueKind::uint_kind:
      return simple_type(Type::uint_type);
    case ValueKind::number:
      return simple_type(Type::number);
    case ValueKind::bytes:
      return simple_type(Type::bytes);
    default:
      return simple_type(Type::string);
  }
}

/// Whether any part of the type is only known when it runs.
bool has_open_part(const TypePtr& type) {
  if (is_open(type)) return true;
  if (type->kind == Type::list || type->kind == Type::optional) return has_open_part(element_of(*type));
  if (type->kind == Type::opaque)
    return std::any_of(type->parameters.begin(), type->parameters.end(), has_open_part);
  return type->kind == Type::map && (has_open_part(key_of(*type)) || has_open_part(element_of(*type)));
}

/// "_+_" → "+", "startsWith" → "startsWith()".
std::string shown_name(std::string_view function) {
  if (function == "_[_]") return "[]";
  std::string out;
  for (const char c : function)
    if (c != '_') out += c;
  return out;
}
bool is_operator(std::string_view function) {
  return function.front() == '_' || (function.size() == 2 && function.back() == '_');
}

class Checker {
 public:
  Checker(const Syntax& syntax, const Declarations& declarations, const CompileOptions& options)
      : syntax_(syntax), declarations_(declarations), options_(options) {
    out_.nodes.resize(syntax.nodes.size());
  }

  Checked run() {
    visit(syntax_.root);
    for (std::vector<std::string>* names : {&out_.reads, &out_.constants}) {
      std::sort(names->begin(), names->end());
      names->erase(std::unique(names->begin(), names->end()), names->end());
    }
    std::stable_sort(out_.issues.begin(), out_.issues.end(),
                     [](const Issue& a, const Issue& b) { return a.offset < b.offset; });
    return std::move(out_);
  }

 private:
  struct Local {
    std::string_view name;
    TypePtr type;
    std::string path;
    std::uint32_t slot;
  };

  NodeMeaning& at(NodeId id) { return out_.nodes[id]; }

  /// Notes a mistake; the node is then of any type, so that one mistake is told once.
  void issue(NodeId id, std::size_t offset, std::string message) {
    at(id).type = dyn();
    if (options_.check && out_.issues.size() < kMaxIssues)
      out_.issues.push_back({offset, std::move(message)});
  }
  /// The same for what cannot run at all when it is left unchecked.
  void broken(NodeId id, std::size_t offset, std::string message) {
    at(id).meaning = Meaning::constant;
    at(id).value = Value::error(message);
    issue(id, offset, std::move(message));
  }

  void read(const std::string& path) {
    if (!path.empty() && !path.ends_with("[]")) out_.reads.push_back(path);
  }

  /// Visits a node whose value is used as a whole.
  const TypePtr& visit(NodeId id) {
    visit_part(id);
    const NodeKind kind = syntax_[id].kind;
    if (kind == NodeKind::name || kind == NodeKind::select) read(at(id).path);
    return at(id).type;
  }

  void visit_part(NodeId id) {
    switch (syntax_[id].kind) {
      case NodeKind::constant:
        at(id).type = type_of_constant(syntax_[id].constant);
        break;
      case NodeKind::name:
        name(id);
        break;
      case NodeKind::select:
        select(id);
        break;
      case NodeKind::has:
        has(id);
        break;
      case NodeKind::call:
        call(id);
        break;
      case NodeKind::member_call:
        member_call(id);
        break;
      case NodeKind::list:
        list(id);
        break;
      case NodeKind::map:
        map(id);
        break;
      case NodeKind::logic_and:
      case NodeKind::logic_or:
        logic(id);
        break;
      case NodeKind::conditional:
        conditional(id);
        break;
      case NodeKind::comprehension:
        comprehension(id);
        break;
      case NodeKind::bind:
        bind(id);
        break;
    }
  }

  // Names

  const Local* find_local(const Node& node) const {
    if (node.kind != NodeKind::name || node.absolute) return nullptr;
    for (auto local = locals_.rbegin(); local != locals_.rend(); ++local)
      if (local->name == node.text) return &*local;
    return nullptr;
  }

  const Declarations::value_type* find_declaration(std::string_view name) const {
    for (const auto& declaration : declarations_)
      if (declaration.first == name) return &declaration;
    return nullptr;
  }

  /// "a.b.c" of a select chain that begins with a name; nothing where it does not, or where the name is
  /// local.
  std::optional<std::string> dotted(NodeId id) const {
    std::vector<std::string_view> parts;
    while (syntax_[id].kind == NodeKind::select) {
      parts.push_back(syntax_[id].text);
      id = syntax_[id].children[0];
    }
    const Node& root = syntax_[id];
    if (root.kind != NodeKind::name || find_local(root) != nullptr) return std::nullopt;
    std::string out(root.absolute ? "." : "");
    out += root.text;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) (out += '.') += *part;
    return out;
  }

  /// Tries the name in every container from the inside out; true where it is a variable or a type.
  bool resolve(NodeId id, std::string name) {
    const bool absolute = name.front() == '.';
    if (absolute) name.erase(0, 1);
    for (std::string container = absolute ? "" : options_.container;;) {
      if (resolve_exactly(id, container.empty() ? name : container + "." + name)) return true;
      if (container.empty()) return false;
      const std::size_t point = container.rfind('.');
      container.resize(point == std::string::npos ? 0 : point);
    }
  }

  bool resolve_exactly(NodeId id, const std::string& name) {
    NodeMeaning& meaning = at(id);
    if (const auto* declaration = find_declaration(name)) {
      const auto known = std::find(out_.variables.begin(), out_.variables.end(), name);
      meaning.meaning = Meaning::variable;
      meaning.slot = static_cast<std::uint32_t>(known - out_.variables.begin());
      if (known == out_.variables.end()) out_.variables.push_back(name);
      meaning.type = declaration->second ? declaration->second : dyn();
      meaning.path = name;
      return true;
    }
    if (std::find(kTypeNames.begin(), kTypeNames.end(), name) == kTypeNames.end()) return false;
    meaning.meaning = Meaning::constant;
    meaning.value = Value::of(TypeName{name});
    meaning.type = type_of(named_type(name));
    return true;
  }

  /// The type that a type's name stands for; the parts of lists and maps stay open.
  static TypePtr named_type(const std::string& name) {
    static constexpr std::array<Type::Kind, 13> kinds = {
        Type::boolean,   Type::int_type, Type::uint_type, Type::number,    Type::string,
        Type::bytes,     Type::list,     Type::map,       Type::null_type, Type::type,
        Type::timestamp, Type::duration, Type::optional};
    const auto index =
        static_cast<std::size_t>(std::find(kTypeNames.begin(), kTypeNames.end(), name) - kTypeNames.begin());
    if (index >= kinds.size()) return opaque_type(name);
    return kinds[index] == Type::map ? map_of(dyn(), dyn()) : simple_type(kinds[index]);
  }

  void name(NodeId id) {
    const Node& node = syntax_[id];
    if (const Local* local = find_local(node)) {
      NodeMeaning& meaning = at(id);
      meaning.meaning = Meaning::local;
      meaning.slot = local->slot;
      meaning.type = local->type;
      meaning.path = local->path;
      return;
    }
    if (resolve(id, (node.absolute ? "." : "") + node.text)) return;
    if (node.text.starts_with("cel."))
      return broken(id, node.place,
                    node.text + " stands for nothing here; cel.block() and macros give it a value");
    std::vector<std::string> candidates;
    for (const Local& local : locals_) candidates.emplace_back(local.name);
    for (const auto& declaration : declarations_) candidates.push_back(declaration.first);
    broken(id, node.place, "no name '" + node.text + "'" + suggestion(node.text, candidates));
  }

  static std::string suggestion(std::string_view word, const std::vector<std::string>& candidates,
                                std::string_view prefix = {}) {
    if (word.size() < kMinSuggestedLetters) return "";
    const auto nearest = did_you_mean(word, candidates);
    return nearest ? "; did you mean '" + std::string(prefix) + *nearest + "'?" : "";
  }

  void select(NodeId id) {
    const auto name = syntax_[id].optional ? std::nullopt : dotted(id);
    if (name && resolve(id, *name)) return;
    visit_part(syntax_[id].children[0]);
    select_from(id);
  }

  /// Gives a select or has the type of the member of its visited operand.
  void select_from(NodeId id) {
    const Node& node = syntax_[id];
    const NodeMeaning& operand = at(node.children[0]);
    NodeMeaning& meaning = at(id);
    const bool from_optional = operand.type->kind == Type::optional;
    const TypePtr container = from_optional ? element_of(*operand.type) : operand.type;
    if (container->kind == Type::object) {
      select_member(id, operand, *container);
    } else {
      read(operand.path);
      if (container->kind == Type::map)
        meaning.type = element_of(*container);
      else if (is_open(container))
        meaning.type = dyn();
      else
        return issue(id, node.place,
                     to_text(*container) + " has no members, so no '" + node.text + "'" +
                         macro_hint(node, *container));
    }
    if ((!node.optional && !from_optional) || node.kind != NodeKind::select) return;
    meaning.type = optional_of(meaning.type);
    if (meaning.meaning == Meaning::constant) meaning.value = Value::some(std::move(meaning.value));
  }

  static std::string macro_hint(const Node& node, const Type& container) {
    if (container.kind != Type::list) return "";
    return "; look into the list with .exists(x, x." + node.text + " …) or .all(x, …)";
  }

  void select_member(NodeId id, const NodeMeaning& operand, const Type& container) {
    const Node& node = syntax_[id];
    NodeMeaning& meaning = at(id);
    meaning.declared_member = true;
    const std::string prefix = operand.path.empty() ? "" : operand.path + ".";
    for (const auto& [member, type] : container.members) {
      if (member != node.text) continue;
      meaning.type = type ? type : dyn();
      meaning.number_member = meaning.type->kind == Type::number;
      meaning.path = prefix + member;
      use_constant(meaning);
      return;
    }
    std::vector<std::string> candidates;
    for (const auto& member : container.members) candidates.push_back(member.first);
    issue(id, node.place, "no name '" + prefix + node.text + "'" + suggestion(node.text, candidates, prefix));
  }

  /// A member whose value is given needs no lookup.
  void use_constant(NodeMeaning& meaning) {
    for (const auto& [path, value] : options_.constants) {
      if (path != meaning.path) continue;
      out_.constants.push_back(path);
      meaning.meaning = Meaning::constant;
      meaning.value = value;
      meaning.path.clear();
      return;
    }
  }

  void has(NodeId id) {
    visit_part(syntax_[id].children[0]);
    select_from(id);
    NodeMeaning& meaning = at(id);
    read(meaning.path);
    const bool given = meaning.meaning == Meaning::constant;
    meaning.value =
        given ? Value::of(true) : Value::unknown({meaning.path.empty() ? syntax_[id].text : meaning.path});
    meaning.path.clear();
    meaning.type = boolean();
  }

  // Calls

  void call(NodeId id) {
    const Node& node = syntax_[id];
    for (const NodeId child : node.children) visit(child);
    apply(id, node.text, false, node.children);
    if ((node.text == "_[_]" || node.text == "_[?_]") && holds_list(*at(node.children[0]).type) &&
        !at(node.children[0]).path.empty())
      at(id).path = at(node.children[0]).path + "[]";
  }

  static bool holds_list(const Type& type) {
    return type.kind == Type::list || (type.kind == Type::optional && element_of(type)->kind == Type::list);
  }

  /// All overloads of a name, the built-in ones first.
  std::vector<const Overload*> functions(std::string_view name) const {
    std::vector<const Overload*> out;
    for (const Overload& overload : find_functions(name)) out.push_back(&overload);
    if (options_.functions)
      for (const Overload& overload : find_functions(name, *options_.functions)) out.push_back(&overload);
    return out;
  }

  void member_call(NodeId id) {
    const Node& node = syntax_[id];
    const std::vector<NodeId> arguments(node.children.begin() + 1, node.children.end());
    const auto space = dotted(node.children[0]);
    if (space && !functions(*space + "." + node.text).empty()) {
      for (const NodeId child : arguments) visit(child);
      apply(id, *space + "." + node.text, false, arguments);
      if (at(id).meaning == Meaning::function) at(id).meaning = Meaning::namespaced;
      return;
    }
    if (space && is_namespace(*space)) {
      for (const NodeId child : arguments) visit(child);
      if (*space == "cel" && (node.text == "bind" || node.text == "block"))
        return broken(
            id, node.place,
            node.text == "bind"
                ? "cel.bind() wants a name, its value and an expression, as in cel.bind(x, 2, x * x)"
                : "cel.block() wants a list and an expression, as in cel.block([2], cel.index(0))");
      return broken(id, node.place,
                    "no function '" + *space + "." + node.text + "'" +
                        suggestion(*space + "." + node.text, function_names()));
    }
    if (is_macro(node.text) && functions(node.text).empty()) {
      visit(node.children[0]);
      return broken(id, node.place, no_function(node.text, true, false));  // its variables are no names
    }
    for (const NodeId child : node.children) visit(child);
    apply(id, node.text, true, node.children);
  }

  static bool is_macro(std::string_view name) {
    return std::find(kMacroNames.begin(), kMacroNames.end(), name) != kMacroNames.end();
  }

  bool is_namespace(const std::string& name) const {
    if (find_declaration(name) != nullptr) return false;
    const auto& names = function_names();
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& function) { return function.starts_with(name + "."); });
  }

  /// Chooses the overloads that the visited arguments fit.
  void apply(NodeId id, const std::string& function, bool member, const std::vector<NodeId>& arguments) {
    const auto all = functions(function);
    std::vector<const Overload*> by_shape;
    for (const Overload* overload : all)
      if (overload->member == member && overload->takes(arguments.size())) by_shape.push_back(overload);
    if (all.empty() ||
        std::none_of(all.begin(), all.end(), [&](const Overload* o) { return o->member == member; }))
      return broken(id, syntax_[id].place, no_function(function, member, !all.empty()));
    NodeMeaning& meaning = at(id);
    meaning.meaning = Meaning::function;
    meaning.function = function;
    if (!choose(meaning, by_shape, arguments)) {
      issue(id, syntax_[id].place, does_not_fit(function, member, arguments));
      at(id).overloads = std::move(by_shape);
    }
  }

  bool choose(NodeMeaning& meaning, const std::vector<const Overload*>& candidates,
              const std::vector<NodeId>& arguments) {
    const bool open = std::any_of(arguments.begin(), arguments.end(),
                                  [&](NodeId argument) { return has_open_part(at(argument).type); });
    for (const Overload* overload : candidates) {
      Bindings bindings;
      bool fits = true;
      for (std::size_t i = 0; i < arguments.size() && fits; ++i)
        fits = accepts(overload->parameter(i), at(arguments[i]).type, bindings);
      if (!fits) continue;
      meaning.overloads.push_back(overload);
      const TypePtr result = substitute(overload->result, bindings);
      if (meaning.overloads.size() == 1)
        meaning.type = result;
      else if (meaning.type->kind != result->kind)
        meaning.type = dyn();
      else if (TypePtr joined = join_types(meaning.type, result))
        meaning.type = std::move(joined);
      if (!open) break;
    }
    return !meaning.overloads.empty();
  }

  static std::string no_function(const std::string& function, bool member, bool other_style) {
    if (is_macro(function))
      return function + "() wants a variable and an expression, as in x." + function + "(v, v > 0)";
    if (function == "has") return "has() wants one member, as in has(a.b)";
    if (other_style)
      return member ? function + "() is not called on a value; write " + function + "(…)"
                    : function + "() is called on a value, as in x." + function + "(…)";
    return "no function '" + function + "'" + suggestion(function, function_names());
  }

  std::string does_not_fit(const std::string& function, bool member, const std::vector<NodeId>& arguments) {
    std::vector<std::string> types;
    for (const NodeId argument : arguments) types.push_back(to_text(*at(argument).type));
    if (is_operator(function)) return operator_does_not_fit(function, types, arguments);
    if (fits_other_style(function, member, arguments))
      return member ? function + "() is not called on a value here; write " + function + "(…)"
                    : function + "() is called on a value here, as in x." + function + "(…)";
    const std::string target = member ? " on " + types[0] : "";
    if (member) types.erase(types.begin());
    return function + "() does not take (" + join(types, ", ") + ")" + target + shapes(function, member);
  }

  /// x.f(y) where there is an f(x, y), and the other way round.
  bool fits_other_style(const std::string& function, bool member, const std::vector<NodeId>& arguments) {
    for (const Overload* overload : functions(function)) {
      Bindings bindings;
      bool fits = overload->member != member && overload->takes(arguments.size());
      for (std::size_t i = 0; fits && i < arguments.size(); ++i)
        fits = accepts(overload->parameter(i), at(arguments[i]).type, bindings);
      if (fits) return true;
    }
    return false;
  }

  std::string operator_does_not_fit(const std::string& function, const std::vector<std::string>& types,
                                    const std::vector<NodeId>& arguments) {
    const std::string name = shown_name(function);
    if (types.size() == 1) return "no operator " + name + " for " + types[0];
    if (function == "_==_" || function == "_!=_") {
      const bool null = types[0] == "null" || types[1] == "null";
      return types[0] + " and " + types[1] + " are never equal" +
             (null ? "; a fact that was not read is tested with has()" : "");
    }
    if (function == "_[_]" || function == "_[?_]") return types[0] + " has no element [" + types[1] + "]";
    if (function == "_in_") return types[0] + " cannot be in " + types[1];
    const bool numbers = is_numeric(at(arguments[0]).type) && is_numeric(at(arguments[1]).type);
    return "no operator " + name + " for " + types[0] + " and " + types[1] +
           (numbers && function != "_%_" ? "; convert one with double(…) or int(…)" : "");
  }

  /// "; it takes (int) or (int, int)".
  std::string shapes(const std::string& function, bool member) const {
    std::vector<std::string> out;
    for (const Overload* overload : functions(function)) {
      if (overload->member != member) continue;
      std::vector<std::string> types;
      for (std::size_t i = member ? 1 : 0; i < overload->parameters.size(); ++i)
        types.push_back(to_text(*overload->parameters[i]));
      std::string shape = "(" + join(types, ", ") + (overload->variadic ? ", …)" : ")") +
                          (member ? " on " + to_text(*overload->parameters[0]) : "");
      if (std::find(out.begin(), out.end(), shape) == out.end()) out.push_back(std::move(shape));
    }
    return out.size() > 4 ? "" : "; it takes " + join(out, " or ");
  }

  // Literals

  void list(NodeId id) {
    TypePtr element = free_type();
    const Node& node = syntax_[id];
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      visit(node.children[i]);
      TypePtr joined = join_types(element, element_type(id, i, node.children[i]));
      element = joined ? joined : dyn();
    }
    at(id).type = list_of(std::move(element));
  }

  /// What a visited element adds: of ?e, what the optional may hold.
  TypePtr element_type(NodeId literal, std::size_t index, NodeId element) {
    const auto& optional = syntax_[literal].optional_elements;
    const TypePtr type = at(element).type;
    if (optional.empty() || !optional[index] || is_open(type)) return type;
    if (type->kind == Type::optional) return element_of(*type);
    issue(element, syntax_[element].place,
          "an element written with ? must be an optional, not " + to_text(*type));
    return dyn();
  }

  void map(NodeId id) {
    TypePtr key = free_type(), value = free_type();
    const auto& children = syntax_[id].children;
    for (std::size_t i = 0; i < children.size(); i += 2) {
      const TypePtr& key_type = visit(children[i]);
      if (!is_key(key_type))
        issue(children[i], syntax_[children[i]].place,
              "a map's key is a bool, int, uint or string, not " + to_text(*key_type));
      visit(children[i + 1]);
      TypePtr joined_key = join_types(key, at(children[i]).type),
              joined_value = join_types(value, element_type(id, i / 2, children[i + 1]));
      key = joined_key ? joined_key : dyn();
      value = joined_value ? joined_value : dyn();
    }
    at(id).type = map_of(std::move(key), std::move(value));
  }

  static bool is_key(const TypePtr& type) {
    return is_open(type) || type->kind == Type::boolean || type->kind == Type::int_type ||
           type->kind == Type::uint_type || type->kind == Type::string;
  }

  // Conditions

  void want_bool(NodeId id, std::string_view what) {
    const TypePtr& type = at(id).type;
    if (!is_open(type) && type->kind != Type::boolean)
      issue(id, syntax_[id].place, std::string(what) + " must be true or false, not " + to_text(*type));
  }

  void logic(NodeId id) {
    const Node& node = syntax_[id];
    for (const NodeId child : node.children) {
      visit(child);
      want_bool(child, "each side of " + node.text);
    }
    at(id).type = boolean();
  }

  void conditional(NodeId id) {
    const Node& node = syntax_[id];
    visit(node.children[0]);
    want_bool(node.children[0], "the condition of ?:");
    const TypePtr yes = visit(node.children[1]), no = visit(node.children[2]);
    TypePtr joined = join_types(yes, no);
    if (joined)
      at(id).type = std::move(joined);
    else
      issue(id, node.place, "the branches of ?: differ: " + to_text(*yes) + " and " + to_text(*no));
  }

  // Variables of their own

  std::uint32_t push_local(std::string_view name, TypePtr type, std::string path) {
    const auto slot = static_cast<std::uint32_t>(locals_.size());
    locals_.push_back({name, std::move(type), std::move(path), slot});
    out_.locals = std::max(out_.locals, slot + 1);
    return slot;
  }

  void bind(NodeId id) {
    const Node& node = syntax_[id];
    const TypePtr type = visit(node.children[0]);
    at(id).slot = push_local(node.variable, type, at(node.children[0]).path);
    at(id).type = visit(node.children[1]);
    locals_.pop_back();
  }

  void comprehension(NodeId id) {
    const Node& node = syntax_[id];
    const TypePtr range = visit(node.children[0]);
    const bool on_optional = node.macro == Macro::opt_map || node.macro == Macro::opt_flat_map;
    const bool is_list = range->kind == Type::list;
    const bool fits = on_optional                    ? range->kind == Type::optional
                      : node.macro == Macro::sort_by ? is_list
                                                     : is_list || range->kind == Type::map;
    if (!fits && !is_open(range)) issue(id, node.place, not_its_range(node, on_optional, *range));
    const std::string& range_path = at(node.children[0]).path;
    const std::string element_path = is_list && !range_path.empty() ? range_path + "[]"
                                     : on_optional                  ? range_path
                                                                    : "";
    const TypePtr element = is_open(range) ? dyn() : element_of(*range);
    const TypePtr key = range->kind == Type::map ? key_of(*range)
                        : is_list                ? simple_type(Type::int_type)
                                                 : dyn();
    const std::size_t outer = locals_.size();
    if (node.second_variable.empty()) {
      at(id).slot = push_local(node.variable, range->kind == Type::map ? key : element, element_path);
    } else {
      at(id).slot = push_local(node.variable, key, "");
      at(id).second_slot = push_local(node.second_variable, element, element_path);
    }
    for (std::size_t i = 1; i < node.children.size(); ++i) visit(node.children[i]);
    at(id).type = result_of(id, range, key);
    locals_.resize(outer);
  }

  static std::string not_its_range(const Node& node, bool on_optional, const Type& range) {
    if (on_optional) return node.text + "() is called on an optional, not on " + to_text(range);
    if (node.macro == Macro::sort_by) return "sortBy() sorts a list, not " + to_text(range);
    return node.text + "() goes over a list or a map, not over " + to_text(range);
  }

  void want_order(NodeId id, const Node& node) {
    switch (at(id).type->kind) {
      case Type::null_type:
      case Type::list:
      case Type::map:
      case Type::type:
      case Type::object:
      case Type::optional:
      case Type::opaque:
        return issue(id, syntax_[id].place,
                     "values of type " + to_text(*at(id).type) + " have no order that " + node.text +
                         "() could sort by");
      default:
        return;
    }
  }

  TypePtr result_of(NodeId id, const TypePtr& range, const TypePtr& key) {
    const Node& node = syntax_[id];
    const NodeId body = node.children.back();
    if (node.filtered) want_bool(node.children[1], "the filter of " + node.text + "()");
    switch (node.macro) {
      case Macro::map:
      case Macro::transform_list:
        return list_of(at(body).type);
      case Macro::transform_map:
        return map_of(key, at(body).type);
      case Macro::transform_map_entry:
        return at(body).type->kind == Type::map ? at(body).type : map_of(dyn(), dyn());
      case Macro::opt_map:
        return optional_of(at(body).type);
      case Macro::opt_flat_map:
        if (at(body).type->kind != Type::optional && !is_open(at(body).type))
          issue(body, syntax_[body].place,
                "optFlatMap() wants an expression that gives an optional, not " + to_text(*at(body).type) +
                    "; optMap() takes any");
        return at(body).type->kind == Type::optional ? at(body).type : optional_of(dyn());
      case Macro::sort_by:
        want_order(body, node);
        at(id).path = at(node.children[0]).path;
        return range;
      case Macro::filter:
        want_bool(body, "the condition of filter()");
        at(id).path = at(node.children[0]).path;
        return range->kind == Type::map ? list_of(key) : range;
      default:
        want_bool(body, "the condition of " + node.text + "()");
        return boolean();
    }
  }

  const Syntax& syntax_;
  const Declarations& declarations_;
  const CompileOptions& options_;
  Checked out_;
  std::vector<Local> locals_;
};

}  // namespace

Checked check(const Syntax& syntax, const Declarations& declarations, const CompileOptions& options) {
  return Checker(syntax, declarations, options).run();
}

}  // namespace plumbline::cel
