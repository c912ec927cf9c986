// SPDX-License-Identifier: Apache-2.0
// Chooses the steps of the fast tier for a checked tree; gives up where a part has no such step.
#include <algorithm>
#include <cmath>

#include "rules/cel/regex.h"
#include "rules/cel/typed.h"

namespace plumbline::cel {
namespace {

using namespace typed;

constexpr double kExactWhole =
    9007199254740992.0;               // 2^53: below it every whole number is a double of its own
constexpr std::size_t kMaxParts = 4;  // arguments of a called function

std::optional<Scalar> scalar_of(const TypePtr& type) {
  switch (type->kind) {
    case Type::boolean:
      return Scalar::boolean;
    case Type::int_type:
      return Scalar::whole;
    case Type::uint_type:
      return Scalar::natural;
    case Type::number:
      return Scalar::real;
    case Type::string:
      return Scalar::text;
    default:
      return std::nullopt;
  }
}

std::optional<Test> test_of(std::string_view function) {
  if (function == "_==_") return Test::equal;
  if (function == "_!=_") return Test::differ;
  if (function == "_<_") return Test::less;
  if (function == "_<=_") return Test::less_or_equal;
  if (function == "_>_") return Test::greater;
  if (function == "_>=_") return Test::greater_or_equal;
  return std::nullopt;
}
/// The same test with its sides changed.
Test mirrored(Test test) {
  switch (test) {
    case Test::less:
      return Test::greater;
    case Test::less_or_equal:
      return Test::greater_or_equal;
    case Test::greater:
      return Test::less;
    case Test::greater_or_equal:
      return Test::less_or_equal;
    default:
      return test;
  }
}

std::optional<Arithmetic> arithmetic_of(std::string_view function) {
  if (function == "_+_") return Arithmetic::add;
  if (function == "_-_") return Arithmetic::subtract;
  if (function == "_*_") return Arithmetic::multiply;
  if (function == "_/_") return Arithmetic::divide;
  if (function == "_%_") return Arithmetic::modulo;
  return std::nullopt;
}

/// Where a fact, a section or an element lies.
struct Place {
  std::uint32_t base = 0;
  std::uint32_t cell = 0;                // its own cell; of an element that is a record its first member's
  const RecordLayout* record = nullptr;  // of objects, and of the elements of a list of objects
  std::uint32_t members = 0;             // where an object's members begin
  Type::Kind kind = Type::dyn;
};

class TypedPlanner {
 public:
  TypedPlanner(const Syntax& syntax, const Checked& checked, const std::shared_ptr<const Layout>& layout)
      : syntax_(syntax), checked_(checked), plan_(std::make_unique<TypedPlan>()) {
    plan_->layout = layout;
    places_.resize(kMaxTypedLocals);
  }

  std::unique_ptr<const TypedPlan> run() {
    if (checked_.locals > kMaxTypedLocals || !checked_.issues.empty()) return nullptr;
    const auto scalar = scalar_of(type_of(syntax_.root));
    if (!scalar || *scalar == Scalar::text) return nullptr;
    plan_->boolean = *scalar == Scalar::boolean;
    plan_->root = plan_->boolean ? condition(syntax_.root) : value(syntax_.root);
    if (plan_->root == nullptr) return nullptr;
    plan_->cost = cost_of(syntax_.root);
    return std::move(plan_);
  }

 private:
  const Node& node(NodeId id) const { return syntax_[id]; }
  const NodeMeaning& meaning(NodeId id) const { return checked_.nodes[id]; }
  const TypePtr& type_of(NodeId id) const { return meaning(id).type; }

  TypedStep& step() { return plan_->steps.emplace_back(); }
  TypedStep* decides(TypedStep::Decide decide) {
    TypedStep& out = step();
    out.decide = decide;
    out.fetch = answer_cell();
    return &out;
  }
  TypedStep* fetches(TypedStep::Fetch fetch) {
    TypedStep& out = step();
    out.fetch = fetch;
    out.decide = nullptr;
    return &out;
  }

  /// What the steps below a node cost once, loops counted as one round: a unit for each step of the evaluator
  /// and one for what a comparison of short texts may charge.
  std::int64_t cost_of(NodeId id) const {
    std::int64_t out = 2;
    if (node(id).kind == NodeKind::constant && node(id).constant.string() != nullptr)
      out += static_cast<std::int64_t>(node(id).constant.string()->size() / 100);
    for (const NodeId child : node(id).children) out += cost_of(child);
    return out;
  }

  // Constants

  std::optional<Cell> constant(NodeId id) {
    const Value* found = nullptr;
    if (node(id).kind == NodeKind::constant)
      found = &node(id).constant;
    else if (meaning(id).meaning == Meaning::constant)
      found = &meaning(id).value;
    if (found == nullptr) return negative_constant(id);
    if (const bool* yes = found->get_if<bool>()) return cell_of(*yes);
    if (const auto* whole = found->get_if<std::int64_t>()) return cell_of(*whole);
    if (const auto* natural = found->get_if<std::uint64_t>()) return cell_of(*natural);
    if (const double* real = found->get_if<double>()) return cell_of(*real);
    if (const std::string* text = found->string()) return cell_of(std::string_view(*text));
    return std::nullopt;
  }
  std::optional<Cell> negative_constant(NodeId id) {
    if (node(id).kind != NodeKind::call || node(id).text != "-_") return std::nullopt;
    const auto inner = constant(node(id).children[0]);
    if (!inner) return std::nullopt;
    if (inner->kind() == CellKind::number) return cell_of(-inner->real);
    if (inner->kind() != CellKind::int_kind || inner->whole == INT64_MIN) return std::nullopt;
    return cell_of(-inner->whole);
  }

  /// Texts of constants live in the plan.
  Cell kept(Cell cell) {
    if (cell.kind() != CellKind::string) return cell;
    return cell_of(std::string_view(plan_->texts.emplace_back(cell.view())));
  }

  /// The constant as a cell of another kind of number, where that loses nothing.
  static std::optional<Cell> as(Cell cell, Scalar kind) {
    const auto is = [&](CellKind one) { return cell.kind() == one; };
    switch (kind) {
      case Scalar::boolean:
        return is(CellKind::boolean) ? std::optional(cell) : std::nullopt;
      case Scalar::text:
        return is(CellKind::string) ? std::optional(cell) : std::nullopt;
      case Scalar::natural:
        return is(CellKind::uint_kind) ? std::optional(cell) : std::nullopt;
      case Scalar::whole:
        if (is(CellKind::int_kind)) return cell;
        if (is(CellKind::number) && std::trunc(cell.real) == cell.real && std::fabs(cell.real) < kExactWhole)
          return cell_of(static_cast<std::int64_t>(cell.real));
        return std::nullopt;
      case Scalar::real:
        if (is(CellKind::number)) return cell;
        if (is(CellKind::int_kind) && std::fabs(static_cast<double>(cell.whole)) < kExactWhole)
          return cell_of(static_cast<double>(cell.whole));
        return std::nullopt;
    }
    return std::nullopt;
  }

  // Places

  std::optional<Place> place(NodeId id) const {
    const Node& it = node(id);
    switch (meaning(id).meaning) {
      case Meaning::variable:
        return member_place(Place{0, 0, &plan_->layout->root(), 0, Type::object},
                            checked_.variables[meaning(id).slot]);
      case Meaning::local:
        return places_[meaning(id).slot];
      default:
        break;
    }
    return it.kind == NodeKind::select ? declared_place(id) : std::nullopt;
  }

  /// Of the member that a select gives or a has() asks for.
  std::optional<Place> declared_place(NodeId id) const {
    const Node& it = node(id);
    if (!meaning(id).declared_member) return std::nullopt;
    const auto operand = place(it.children[0]);
    return operand && operand->kind == Type::object ? member_place(*operand, it.text) : std::nullopt;
  }

  static std::optional<Place> member_place(const Place& of, std::string_view name) {
    const RecordLayout::Member* member = of.record->find(name);
    if (member == nullptr) return std::nullopt;
    Place out;
    out.base = of.base;
    out.cell = of.members + member->cell;
    out.members = out.cell + 1;
    out.record = member->record.get();
    out.kind = member->type->kind;
    return out.kind == Type::dyn ? std::nullopt : std::optional(out);
  }

  TypedStep* fact(const Place& at) {
    TypedStep* out = fetches(fact_cell());
    out->base = at.base;
    out->cell = at.cell;
    if (at.kind == Type::boolean) out->decide = fact_answer();
    return out;
  }

  // Conditions

  TypedStep* condition(NodeId id) {
    if (scalar_of(type_of(id)) != Scalar::boolean) return nullptr;
    if (const auto known = constant(id)) {
      TypedStep* out = decides(constant_answer());
      out->constant = *known;
      out->fetch = constant_cell();
      return out;
    }
    if (node(id).kind == NodeKind::has) {
      const auto at = declared_place(id);
      if (!at) return nullptr;
      TypedStep* out = decides(has_fact());
      out->base = at->base;
      out->cell = at->cell;
      return out;
    }
    if (const auto at = place(id)) return fact(*at);
    switch (node(id).kind) {
      case NodeKind::logic_and:
      case NodeKind::logic_or:
        return logic(id);
      case NodeKind::conditional:
        return choose(id);
      case NodeKind::call:
        return call(id);
      case NodeKind::member_call:
        return member_call(id);
      case NodeKind::comprehension:
        return comprehension(id);
      case NodeKind::bind:
        return bind(id, &TypedPlanner::condition);
      default:
        return nullptr;
    }
  }

  TypedStep* logic(NodeId id) {
    std::vector<const TypedStep*> parts;
    for (const NodeId child : node(id).children) {
      parts.push_back(condition(child));
      if (parts.back() == nullptr) return nullptr;
    }
    TypedStep* out =
        decides(node(id).kind == NodeKind::logic_and ? conjunction(parts.size()) : disjunction(parts.size()));
    out->a = parts[0];
    out->b = parts[1];
    out->parts = std::move(parts);
    return out;
  }

  TypedStep* choose(NodeId id) {
    const auto& children = node(id).children;
    const bool boolean = scalar_of(type_of(id)) == Scalar::boolean;
    const TypedStep* chosen = condition(children[0]);
    const TypedStep* yes = chosen == nullptr ? nullptr
                           : boolean         ? condition(children[1])
                                             : value(children[1]);
    const TypedStep* no = yes == nullptr ? nullptr : boolean ? condition(children[2]) : value(children[2]);
    if (no == nullptr || type_of(children[1])->kind != type_of(children[2])->kind) return nullptr;
    TypedStep* out = boolean ? decides(choice()) : fetches(choice_cell());
    out->a = yes;
    out->b = no;
    out->c = chosen;
    return out;
  }

  TypedStep* call(NodeId id) {
    const Node& it = node(id);
    if (const auto test = test_of(it.text)) return compare(it.children[0], it.children[1], *test);
    if (it.text == "!_") {
      const TypedStep* inner = condition(it.children[0]);
      if (inner == nullptr) return nullptr;
      TypedStep* out = decides(negation());
      out->a = inner;
      return out;
    }
    if (it.text == "_in_") return membership(it.children[0], it.children[1]);
    if (it.text == "_[_]") {
      TypedStep* entry = value(id);
      if (entry == nullptr) return nullptr;
      TypedStep* out = decides(fetched_answer());
      out->a = entry;
      return out;
    }
    if (it.text == "matches" && it.children.size() == 2) return matches(it.children[0], it.children[1]);
    return function(id, it.children);
  }

  TypedStep* member_call(NodeId id) {
    const Node& it = node(id);
    if (meaning(id).meaning == Meaning::namespaced)
      return function(id, {it.children.begin() + 1, it.children.end()});
    if (it.children.size() == 2) {
      if (it.text == "startsWith") return texts(it.children, Search::begin);
      if (it.text == "endsWith") return texts(it.children, Search::end);
      if (it.text == "contains") return texts(it.children, Search::inside);
      if (it.text == "matches") return matches(it.children[0], it.children[1]);
    }
    return function(id, it.children);
  }

  TypedStep* texts(const std::vector<NodeId>& children, Search where) {
    if (scalar_of(type_of(children[0])) != Scalar::text || scalar_of(type_of(children[1])) != Scalar::text)
      return nullptr;
    const auto at = place(children[0]);
    if (const auto known = constant(children[1]); at && known) {
      TypedStep* out = decides(search_fact(where));
      out->base = at->base;
      out->cell = at->cell;
      out->constant = kept(*known);
      return out;
    }
    const TypedStep *a = value(children[0]), *b = a == nullptr ? nullptr : value(children[1]);
    if (b == nullptr) return nullptr;
    TypedStep* out = decides(search_text(where));
    out->a = a;
    out->b = b;
    return out;
  }

  TypedStep* matches(NodeId text, NodeId pattern) {
    const auto known = constant(pattern);
    if (!known || known->kind() != CellKind::string || scalar_of(type_of(text)) != Scalar::text)
      return nullptr;
    auto regex = compile_regex(std::string(known->view()));
    const TypedStep* a = regex ? value(text) : nullptr;
    if (a == nullptr) return nullptr;
    TypedStep* out = decides(matches_regex());
    out->a = a;
    out->regex = std::move(*regex);
    return out;
  }

  TypedStep* compare(NodeId left, NodeId right, Test test) {
    if (constant(left) && !constant(right)) return compare(right, left, mirrored(test));
    const auto kind = scalar_of(type_of(left)), other = scalar_of(type_of(right));
    if (!kind || !other) return nullptr;
    const bool numbers = is_numeric(type_of(left)) && is_numeric(type_of(right));
    if (*kind != *other && !numbers) return nullptr;
    if (const auto known = constant(right)) {
      if (const auto converted = as(*known, *kind)) {
        const auto at = place(left);
        const TypedStep* fetched = at ? nullptr : value(left);
        if (!at && fetched == nullptr) return nullptr;
        TypedStep* out = decides(at ? test_fact(*kind, test) : test_fetched(*kind, test));
        if (at) out->base = at->base, out->cell = at->cell;
        out->a = fetched;
        out->constant = kept(*converted);
        return out;
      }
    }
    const auto at = place(left), other_at = place(right);
    if (at && other_at && *kind == *other) {
      TypedStep* out = decides(test_facts(*kind, test));
      out->base = at->base;
      out->cell = at->cell;
      out->other_base = other_at->base;
      out->other_cell = other_at->cell;
      return out;
    }
    const TypedStep *a = value(left), *b = a == nullptr ? nullptr : value(right);
    if (b == nullptr) return nullptr;
    TypedStep* out = decides(test_both(test));
    out->a = a;
    out->b = b;
    return out;
  }

  // Membership

  TypedStep* membership(NodeId item, NodeId range) {
    if (node(range).kind == NodeKind::list) return in_constants(item, range);
    const Type& type = *type_of(range);
    const auto kind = scalar_of(type_of(item));
    const auto at = place(range);
    if (!at || !kind || type.element == nullptr) return nullptr;
    const bool map = type.kind == Type::map;
    if (map ? *kind != Scalar::text : type.kind != Type::list) return nullptr;
    const auto element = scalar_of(type.element);
    if (!map && (!element || (*element != *kind && !(is_numeric(type.element) && is_numeric(type_of(item))))))
      return nullptr;
    const TypedStep *a = value(item), *b = a == nullptr ? nullptr : fact(*at);
    if (b == nullptr) return nullptr;
    TypedStep* out = decides(map ? fetched_in_map() : fetched_in_list());
    out->a = a;
    out->b = b;
    return out;
  }

  TypedStep* in_constants(NodeId item, NodeId range) {
    const auto kind = scalar_of(type_of(item));
    if (!kind || (*kind != Scalar::text && *kind != Scalar::whole)) return nullptr;
    std::vector<Cell> set;
    for (const NodeId child : node(range).children) {
      const auto known = constant(child);
      const auto converted = known ? as(*known, *kind) : std::nullopt;
      if (!converted) return nullptr;
      set.push_back(kept(*converted));
    }
    const auto at = place(item);
    const TypedStep* fetched = at ? nullptr : value(item);
    if (!at && fetched == nullptr) return nullptr;
    TypedStep* out = decides(at ? fact_in_set(*kind) : fetched_in_set(*kind));
    if (at) out->base = at->base, out->cell = at->cell;
    out->a = fetched;
    out->set = std::move(set);
    return out;
  }

  // Lists

  /// What a comprehension goes over: a list that is a fact, and the filters on it.
  struct Range {
    Place list;
    TypedStep* fetched = nullptr;
    std::vector<const TypedStep*> filters;
    std::int64_t cost = 2;  // of the filters, for one element
  };

  std::optional<Range> range(NodeId id, std::uint32_t slot) {
    const Node& it = node(id);
    if (it.kind == NodeKind::comprehension && it.macro == Macro::filter && it.second_variable.empty() &&
        meaning(id).slot == slot) {
      auto inner = range(it.children[0], slot);
      if (!inner) return std::nullopt;
      enter(slot, inner->list);
      const TypedStep* filter = condition(it.children[1]);
      if (filter == nullptr) return std::nullopt;
      inner->filters.push_back(filter);
      inner->cost += cost_of(it.children[1]) + 2;
      return inner;
    }
    const auto at = place(id);
    if (!at || at->kind != Type::list) return std::nullopt;
    const Type& type = *type_of(id);
    if (at->record == nullptr && (!type.element || !scalar_of(type.element))) return std::nullopt;
    Range out;
    out.list = *at;
    out.list.kind = at->record ? Type::object : type.element->kind;
    out.fetched = fact(*at);
    return out;
  }

  /// The variable stands for an element of the list.
  void enter(std::uint32_t slot, const Place& list) {
    places_[slot] = Place{slot + 1, 0, list.record, 0, list.kind};
  }

  TypedStep* comprehension(NodeId id) {
    const Node& it = node(id);
    const auto kind = it.macro == Macro::all          ? std::optional(Quantifier::all)
                      : it.macro == Macro::exists     ? std::optional(Quantifier::exists)
                      : it.macro == Macro::exists_one ? std::optional(Quantifier::exists_one)
                                                      : std::nullopt;
    if (!kind || !it.second_variable.empty()) return nullptr;
    const std::uint32_t slot = meaning(id).slot;
    const auto over = range(it.children[0], slot);
    if (!over) return nullptr;
    enter(slot, over->list);
    const TypedStep* body = condition(it.children[1]);
    if (body == nullptr) return nullptr;
    TypedStep* out = decides(nullptr);
    go_over(*out, *over, slot);
    out->b = body;
    out->cost += cost_of(it.children[1]);
    out->decide = quantifier(*kind, *out);
    return out;
  }

  static void go_over(TypedStep& step, const Range& over, std::uint32_t slot) {
    step.a = over.fetched;
    step.parts = over.filters;
    step.local = slot + 1;
    step.stride = over.list.record ? over.list.record->cells() : 1;
    step.cost = over.cost;
  }

  TypedStep* bind(NodeId id, TypedStep* (TypedPlanner::*body)(NodeId)) {
    const Node& it = node(id);
    const std::uint32_t slot = meaning(id).slot;
    if (const auto same = place(it.children[0])) {
      places_[slot] = *same;
      return (this->*body)(it.children[1]);
    }
    if (!scalar_of(type_of(it.children[0]))) return nullptr;
    const TypedStep* bound = value(it.children[0]);
    if (bound == nullptr) return nullptr;
    places_[slot] = Place{slot + 1, 0, nullptr, 0, type_of(it.children[0])->kind};
    const TypedStep* inner = (this->*body)(it.children[1]);
    if (inner == nullptr) return nullptr;
    TypedStep* out = inner->decide != nullptr ? decides(bound_answer()) : fetches(bound_cell());
    out->a = bound;
    out->b = inner;
    out->local = slot + 1;
    plan_->binds = true;
    return out;
  }

  // Values

  TypedStep* value(NodeId id) {
    if (const auto known = constant(id)) {
      TypedStep* out = fetches(constant_cell());
      out->constant = kept(*known);
      return out;
    }
    if (node(id).kind != NodeKind::has) {
      if (const auto at = place(id)) return fact(*at);
    }
    if (scalar_of(type_of(id)) == Scalar::boolean && node(id).text != "_[_]") return condition(id);
    switch (node(id).kind) {
      case NodeKind::select:
        return entry(node(id).children[0], id);
      case NodeKind::conditional:
        return scalar_of(type_of(id)) ? choose(id) : nullptr;
      case NodeKind::call:
        return computed(id, node(id).children);
      case NodeKind::member_call:
        if (meaning(id).meaning == Meaning::namespaced)
          return function(id, {node(id).children.begin() + 1, node(id).children.end()});
        return computed(id, node(id).children);
      case NodeKind::bind:
        return scalar_of(type_of(id)) ? bind(id, &TypedPlanner::value) : nullptr;
      default:
        return nullptr;
    }
  }

  /// map.key
  TypedStep* entry(NodeId map, NodeId id) {
    const auto at = place(map);
    if (!at || at->kind != Type::map) return nullptr;
    TypedStep* out = fetches(map_entry());
    out->a = fact(*at);
    out->constant = kept(cell_of(std::string_view(node(id).text)));
    return out;
  }

  TypedStep* computed(NodeId id, const std::vector<NodeId>& children) {
    const std::string& name = node(id).text;
    const auto kind = scalar_of(type_of(id));
    if (name == "_[_]") return index(children[0], children[1]);
    if (name == "size" && children.size() == 1) return size(children[0]);
    if (!kind) return nullptr;
    if (name == "double" && children.size() == 1) return real(children[0]);
    if (name == "-_" && (*kind == Scalar::whole || *kind == Scalar::real))
      return unary(children[0], negative(*kind));
    if (name == "_+_" && *kind == Scalar::text) return joined(children);
    const auto operation = arithmetic_of(name);
    if (!operation) return function(id, children);
    if (*kind != Scalar::whole && *kind != Scalar::real) return nullptr;
    if (scalar_of(type_of(children[0])) != kind || scalar_of(type_of(children[1])) != kind) return nullptr;
    const TypedStep *a = value(children[0]), *b = a == nullptr ? nullptr : value(children[1]);
    const auto fetch = arithmetic(*kind, *operation);
    if (b == nullptr || fetch == nullptr) return nullptr;
    TypedStep* out = fetches(fetch);
    out->a = a;
    out->b = b;
    return out;
  }

  TypedStep* joined(const std::vector<NodeId>& children) {
    std::vector<const TypedStep*> parts;
    for (const NodeId child : children) {
      parts.push_back(scalar_of(type_of(child)) == Scalar::text ? value(child) : nullptr);
      if (parts.back() == nullptr) return nullptr;
    }
    TypedStep* out = fetches(joined_text());
    out->parts = std::move(parts);
    plan_->joins = true;
    return out;
  }

  TypedStep* unary(NodeId of, TypedStep::Fetch fetch) {
    const TypedStep* a = value(of);
    if (a == nullptr) return nullptr;
    TypedStep* out = fetches(fetch);
    out->a = a;
    return out;
  }

  TypedStep* real(NodeId of) {
    const auto from = scalar_of(type_of(of));
    if (from == Scalar::real) return value(of);
    if (from != Scalar::whole && from != Scalar::natural) return nullptr;
    return unary(of, to_real(*from));
  }

  TypedStep* index(NodeId map, NodeId key) {
    const auto at = place(map);
    if (!at || at->kind != Type::map || scalar_of(type_of(key)) != Scalar::text) return nullptr;
    if (const auto known = constant(key)) {
      TypedStep* out = fetches(map_entry());
      out->a = fact(*at);
      out->constant = kept(*known);
      return out;
    }
    const TypedStep* b = value(key);
    if (b == nullptr) return nullptr;
    TypedStep* out = fetches(map_entry_of());
    out->a = fact(*at);
    out->b = b;
    return out;
  }

  TypedStep* size(NodeId of) {
    if (const auto at = place(of)) {
      if (at->kind == Type::list || at->kind == Type::map) return unary(of, size_of_list());
      return at->kind == Type::string ? unary(of, size_of_text()) : nullptr;
    }
    if (scalar_of(type_of(of)) == Scalar::text) return unary(of, size_of_text());
    const Node& it = node(of);
    if (it.kind != NodeKind::comprehension || it.macro != Macro::filter) return nullptr;
    const std::uint32_t slot = meaning(of).slot;
    const auto over = range(of, slot);
    if (!over || over->filters.empty()) return nullptr;
    TypedStep* out = fetches(nullptr);
    go_over(*out, *over, slot);
    out->fetch = count_filtered(*out);
    return out;
  }

  /// Any other function of scalars that gives a number or a Boolean.
  TypedStep* function(NodeId id, const std::vector<NodeId>& arguments) {
    const auto result = scalar_of(type_of(id));
    if (!result || *result == Scalar::text || meaning(id).overloads.size() != 1 ||
        arguments.size() > kMaxParts)
      return nullptr;
    std::vector<const TypedStep*> parts;
    for (const NodeId argument : arguments) {
      if (!scalar_of(type_of(argument))) return nullptr;
      parts.push_back(value(argument));
      if (parts.back() == nullptr) return nullptr;
    }
    TypedStep* out = *result == Scalar::boolean ? decides(call_answer()) : fetches(call_cell());
    out->parts = std::move(parts);
    out->overload = meaning(id).overloads[0];
    return out;
  }

  const Syntax& syntax_;
  const Checked& checked_;
  std::unique_ptr<TypedPlan> plan_;
  std::vector<Place> places_;  // of the local variables, by slot
};

}  // namespace

std::unique_ptr<const TypedPlan> plan_typed(const Syntax& syntax, const Checked& checked,
                                            const std::shared_ptr<const Layout>& layout) {
  return TypedPlanner(syntax, checked, layout).run();
}

}  // namespace plumbline::cel
