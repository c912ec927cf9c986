// SPDX-License-Identifier: Apache-2.0
// Makes the syntax tree of an expression.
#include "rules/cel/parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "rules/cel/lexer.h"

namespace plumbline::cel {
namespace {

/// A macro by name and number of arguments; `filtered`: a filter stands before the body.
struct MacroRow {
  std::string_view name;
  std::size_t arguments;
  Macro macro;
  int variables;
  bool filtered;
};
constexpr std::array<MacroRow, 20> kMacros = {{
    {"all", 2, Macro::all, 1, false},
    {"exists", 2, Macro::exists, 1, false},
    {"exists_one", 2, Macro::exists_one, 1, false},
    {"existsOne", 2, Macro::exists_one, 1, false},
    {"map", 2, Macro::map, 1, false},
    {"map", 3, Macro::map, 1, true},
    {"filter", 2, Macro::filter, 1, false},
    {"all", 3, Macro::all, 2, false},
    {"exists", 3, Macro::exists, 2, false},
    {"exists_one", 3, Macro::exists_one, 2, false},
    {"existsOne", 3, Macro::exists_one, 2, false},
    {"transformList", 3, Macro::transform_list, 2, false},
    {"transformList", 4, Macro::transform_list, 2, true},
    {"transformMap", 3, Macro::transform_map, 2, false},
    {"transformMap", 4, Macro::transform_map, 2, true},
    {"transformMapEntry", 3, Macro::transform_map_entry, 2, false},
    {"transformMapEntry", 4, Macro::transform_map_entry, 2, true},
    {"sortBy", 2, Macro::sort_by, 1, false},
    {"optMap", 2, Macro::opt_map, 1, false},
    {"optFlatMap", 2, Macro::opt_flat_map, 1, false},
}};

struct BinaryRow {
  std::string_view symbol;
  int level;  // higher binds tighter
  std::string_view function;
};
constexpr std::array<BinaryRow, 12> kBinary = {{
    {"<", 1, "_<_"},
    {"<=", 1, "_<=_"},
    {">", 1, "_>_"},
    {">=", 1, "_>=_"},
    {"==", 1, "_==_"},
    {"!=", 1, "_!=_"},
    {"in", 1, "_in_"},
    {"+", 2, "_+_"},
    {"-", 2, "_-_"},
    {"*", 3, "_*_"},
    {"/", 3, "_/_"},
    {"%", 3, "_%_"},
}};

constexpr NodeId kNone = ~NodeId{0};
constexpr std::string_view kAccumulator = "__result__";

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens) : text_(text), tokens_(std::move(tokens)) {
    syntax_.nodes.reserve(tokens_.size());
  }

  tl::expected<Syntax, Issue> run() {
    syntax_.root = expression();
    if (!issue_ && token().kind != TokenKind::end)
      fail(token().begin, "expected an operator or the end, found " + shown(token()));
    if (issue_) return tl::unexpected<Issue>(std::move(*issue_));
    return std::move(syntax_);
  }

 private:
  // Tokens
  const Token& token() const { return tokens_[at_]; }
  bool is(std::string_view symbol) const {
    return token().kind == TokenKind::symbol && token().text == symbol;
  }
  bool accept(std::string_view symbol) {
    if (!is(symbol)) return false;
    ++at_;
    return true;
  }
  void advance() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  bool expect(std::string_view symbol, std::string_view after) {
    if (issue_) return false;
    if (accept(symbol)) return true;
    fail(token().begin,
         "expected '" + std::string(symbol) + "' " + std::string(after) + ", found " + shown(token()));
    return false;
  }
  std::string shown(const Token& token) const {
    if (token.kind == TokenKind::end) return "the end";
    return "'" + std::string(text_.substr(token.begin, std::min<std::size_t>(token.end - token.begin, 40))) +
           "'";
  }
  NodeId fail(std::size_t offset, std::string message) {
    if (!issue_) issue_ = Issue{offset, std::move(message)};
    at_ = tokens_.size() - 1;
    return kNone;
  }
  std::uint32_t previous_end() const { return at_ == 0 ? 0 : tokens_[at_ - 1].end; }

  // Nodes
  NodeId add(Node node) {
    for (const NodeId child : node.children) {
      if (child == kNone) return kNone;
      node.depth = std::max(node.depth, syntax_[child].depth + 1);
    }
    if (node.depth > kMaxDepth)
      return fail(node.place,
                  "nested deeper than " + std::to_string(kMaxDepth) + " levels; split the expression");
    syntax_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(syntax_.nodes.size() - 1);
  }
  Node make(NodeKind kind, std::uint32_t place, std::uint32_t begin, std::string_view text,
            std::vector<NodeId> children = {}) const {
    Node node;
    node.kind = kind;
    node.place = place;
    node.begin = begin;
    node.end = previous_end();
    node.text = text;
    node.children = std::move(children);
    return node;
  }
  NodeId add_constant(const Token& token, Value value, std::uint32_t begin) {
    Node node = make(NodeKind::constant, token.begin, begin, {});
    node.constant = std::move(value);
    return add(std::move(node));
  }

  // Expressions, weakest operator first
  NodeId expression() {
    if (++bracket_depth_ > kMaxDepth)
      return fail(token().begin,
                  "nested deeper than " + std::to_string(kMaxDepth) + " levels; split the expression");
    const std::uint32_t begin = token().begin;
    NodeId condition = logic_or();
    if (!issue_ && is("?")) {
      const std::uint32_t place = token().begin;
      advance();
      const NodeId yes = logic_or();
      if (!expect(":", "after the first branch of ?")) return kNone;
      const NodeId no = expression();
      condition = add(make(NodeKind::conditional, place, begin, "?:", {condition, yes, no}));
    }
    --bracket_depth_;
    return condition;
  }

  NodeId logic_or() { return logic(NodeKind::logic_or, "||"); }

  NodeId logic(NodeKind kind, std::string_view symbol) {
    const std::uint32_t begin = token().begin;
    const auto operand = [&] {
      return kind == NodeKind::logic_or ? logic(NodeKind::logic_and, "&&") : binary(1);
    };
    const NodeId first = operand();
    if (issue_ || !is(symbol)) return first;
    const std::uint32_t place = token().begin;
    std::vector<NodeId> children = {first};
    while (!issue_ && accept(symbol)) children.push_back(operand());
    return add(make(kind, place, begin, symbol, std::move(children)));
  }

  const BinaryRow* binary_here(int level) const {
    if (token().kind != TokenKind::symbol && token().kind != TokenKind::keyword) return nullptr;
    for (const BinaryRow& row : kBinary)
      if (row.level >= level && row.symbol == token().text) return &row;
    return nullptr;
  }

  NodeId binary(int level) {
    const std::uint32_t begin = token().begin;
    NodeId left = unary();
    while (!issue_) {
      const BinaryRow* row = binary_here(level);
      if (row == nullptr) break;
      const std::uint32_t place = token().begin;
      advance();
      const NodeId right = binary(row->level + 1);
      left = add(make(NodeKind::call, place, begin, row->function, {left, right}));
    }
    return left;
  }

  NodeId unary() {
    const std::uint32_t begin = token().begin;
    if (!is("!") && !is("-")) return member();
    const bool negates = is("-");
    if (negates && is_signed_number(tokens_[at_ + 1])) return member();
    std::size_t count = 0;
    for (const std::string_view symbol = token().text; is(symbol); ++count) {
      if (negates && count > 0 && is_signed_number(tokens_[at_ + 1])) break;  // --5 is -(-5)
      advance();
    }
    if (count > kMaxDepth) return fail(begin, "more than " + std::to_string(kMaxDepth) + " signs in a row");
    NodeId operand = member();
    for (std::size_t i = count; i > 0 && !issue_; --i)
      operand = add(make(NodeKind::call, begin, begin, negates ? "-_" : "!_", {operand}));
    return operand;
  }

  static bool is_signed_number(const Token& next) {
    return next.kind == TokenKind::integer || next.kind == TokenKind::number;
  }

  NodeId member() {
    const std::uint32_t begin = token().begin;
    NodeId operand = primary();
    while (!issue_) {
      if (accept(".")) {
        operand = after_point(operand, begin);
      } else if (is("[")) {
        const std::uint32_t place = token().begin;
        advance();
        const std::string_view function = accept("?") ? "_[?_]" : "_[_]";
        const NodeId index = expression();
        if (!expect("]", "after the index")) return kNone;
        operand = add(make(NodeKind::call, place, begin, function, {operand, index}));
      } else {
        break;
      }
    }
    return operand;
  }

  NodeId after_point(NodeId operand, std::uint32_t begin) {
    const bool optional = accept("?");
    const Token& name = token();
    const bool fits = name.kind == TokenKind::identifier || name.kind == TokenKind::reserved ||
                      name.kind == TokenKind::quoted_identifier ||
                      (name.kind == TokenKind::keyword && name.text == "in");
    if (!fits) return fail(name.begin, "expected a name after the point, found " + shown(name));
    advance();
    if (optional && is("("))
      return fail(token().begin, "what .? gives cannot be called; write .?member.optMap(v, v." +
                                     std::string(name.text) + "(…))");
    if (optional || !is("(") || name.kind == TokenKind::quoted_identifier) {
      Node node = make(NodeKind::select, name.begin, begin, name.text, {operand});
      node.optional = optional;
      return add(std::move(node));
    }
    advance();
    std::vector<NodeId> arguments = expressions(")", "after the arguments");
    if (issue_) return kNone;
    if (const auto macro = member_macro(operand, name, arguments, begin)) return *macro;
    arguments.insert(arguments.begin(), operand);
    return add(make(NodeKind::member_call, name.begin, begin, name.text, std::move(arguments)));
  }

  /// Comma-separated up to `closing`, which is read.
  std::vector<NodeId> expressions(std::string_view closing, std::string_view after) {
    std::vector<NodeId> out;
    while (!issue_ && !is(closing)) {
      out.push_back(expression());
      if (!accept(",")) break;
      if (is(closing)) fail(token().begin, "expected an argument after the comma");
    }
    expect(closing, after);
    return out;
  }

  /// Nothing where the call is no macro.
  std::optional<NodeId> member_macro(NodeId operand, const Token& name, const std::vector<NodeId>& arguments,
                                     std::uint32_t begin) {
    if (is_name(operand, "cel")) return cel_macro(name, arguments, begin);
    const MacroRow* row = nullptr;
    for (const MacroRow& candidate : kMacros)
      if (candidate.name == name.text && candidate.arguments == arguments.size()) row = &candidate;
    if (row == nullptr) return std::nullopt;
    Node node = make(NodeKind::comprehension, name.begin, begin, name.text);
    node.macro = row->macro;
    node.filtered = row->filtered;
    const auto variables = static_cast<std::size_t>(row->variables);
    for (std::size_t i = 0; i < variables; ++i) {
      const Node& variable = syntax_[arguments[i]];
      if (variable.kind != NodeKind::name || variable.absolute)
        return fail(variable.begin,
                    std::string(name.text) + "() wants a plain variable name here, as in x.all(v, v > 0)");
      if (variable.text == kAccumulator)
        return fail(variable.begin, "'" + variable.text + "' is a name that the language keeps for itself");
      (i == 0 ? node.variable : node.second_variable) = variable.text;
    }
    if (variables == 2 && node.variable == node.second_variable)
      return fail(syntax_[arguments[1]].begin, "the two variables must have different names");
    node.children = {operand};
    node.children.insert(node.children.end(), arguments.begin() + row->variables, arguments.end());
    return add(std::move(node));
  }

  /// cel.bind(), and what optimisers write: cel.block() with the names cel.index(), cel.iterVar(),
  /// cel.accuVar().
  std::optional<NodeId> cel_macro(const Token& name, const std::vector<NodeId>& arguments,
                                  std::uint32_t begin) {
    if (name.text == "bind" && arguments.size() == 3) return bind(name, arguments, begin);
    if (name.text == "block" && arguments.size() == 2) return block(name, arguments, begin);
    if (name.text == "index" && arguments.size() == 1) return numbered_name(name, arguments, begin);
    if ((name.text == "iterVar" || name.text == "accuVar") && arguments.size() == 2)
      return numbered_name(name, arguments, begin);
    return std::nullopt;
  }

  /// A name that nobody can write: "cel.index(0)".
  NodeId numbered_name(const Token& name, const std::vector<NodeId>& arguments, std::uint32_t begin) {
    std::string text = "cel." + std::string(name.text);
    for (const NodeId argument : arguments) {
      const auto* number = syntax_[argument].constant.get_if<std::int64_t>();
      if (syntax_[argument].kind != NodeKind::constant || number == nullptr || *number < 0)
        return fail(syntax_[argument].begin, text + "() wants plain whole numbers from 0 on");
      text += (argument == arguments.front() ? "(" : ", ") + std::to_string(*number);
    }
    return add(make(NodeKind::name, name.begin, begin, text + ")"));
  }

  /// cel.block([a, b], body): a and b are computed once, and are cel.index(0) and cel.index(1) in what
  /// follows.
  NodeId block(const Token& name, const std::vector<NodeId>& arguments, std::uint32_t begin) {
    const Node& list = syntax_[arguments[0]];
    if (list.kind != NodeKind::list || !list.optional_elements.empty())
      return fail(list.begin, "cel.block() wants a list [a, b, …] first");
    const std::vector<NodeId> values = list.children;
    NodeId body = arguments[1];
    for (std::size_t i = values.size(); i-- > 0 && !issue_;) {
      Node node = make(NodeKind::bind, name.begin, begin, "bind", {values[i], body});
      node.variable = "cel.index(" + std::to_string(i) + ")";
      body = add(std::move(node));
    }
    return body;
  }

  NodeId bind(const Token& name, const std::vector<NodeId>& arguments, std::uint32_t begin) {
    const Node& variable = syntax_[arguments[0]];
    if (variable.kind != NodeKind::name || variable.absolute)
      return fail(variable.begin, "cel.bind() wants a plain variable name first");
    Node node = make(NodeKind::bind, name.begin, begin, name.text, {arguments[1], arguments[2]});
    node.variable = variable.text;
    return add(std::move(node));
  }

  bool is_name(NodeId id, std::string_view text) const {
    return syntax_[id].kind == NodeKind::name && syntax_[id].text == text;
  }

  NodeId primary() {
    const Token& token = this->token();
    switch (token.kind) {
      case TokenKind::integer:
      case TokenKind::unsigned_integer:
      case TokenKind::number:
        return number(token, token.begin, false);
      case TokenKind::string:
        advance();
        return add_constant(token, Value::of(token.decoded), token.begin);
      case TokenKind::bytes:
        advance();
        return add_constant(token, Value::of(Bytes{token.decoded}), token.begin);
      case TokenKind::keyword:
        return keyword(token);
      case TokenKind::identifier:
        return name_or_call(token, token.begin, false);
      case TokenKind::reserved:
        return fail(token.begin,
                    "'" + std::string(token.text) + "' is reserved by the language and cannot be a name");
      case TokenKind::quoted_identifier:
        return fail(token.begin, "a name in backquotes may stand only after a point");
      case TokenKind::end:
        return fail(token.begin,
                    at_ == 0 ? "the expression is empty" : "the expression ends where a value is expected");
      case TokenKind::symbol:
        return bracketed(token);
    }
    return kNone;
  }

  NodeId bracketed(const Token& token) {
    if (token.text == "-" && is_signed_number(tokens_[at_ + 1])) {
      advance();
      return number(this->token(), token.begin, true);
    }
    if (accept("(")) {
      const NodeId inner = expression();
      return expect(")", "to close '('") ? inner : kNone;
    }
    if (accept("[")) return list(token);
    if (accept("{")) return map(token);
    if (accept(".")) {
      const Token& name = this->token();
      if (name.kind != TokenKind::identifier)
        return fail(name.begin, "expected a name after the point, found " + shown(name));
      return name_or_call(name, token.begin, true);
    }
    return fail(token.begin, "expected a value, found " + shown(token));
  }

  NodeId list(const Token& open) {
    std::vector<NodeId> elements;
    std::vector<bool> optional;
    while (!issue_ && !is("]")) {
      optional.push_back(accept("?"));
      elements.push_back(expression());
      if (!accept(",")) break;
    }
    if (!expect("]", "to close '['")) return kNone;
    return add_elements(make(NodeKind::list, open.begin, open.begin, "[]", std::move(elements)), optional);
  }

  NodeId add_elements(Node node, const std::vector<bool>& optional) {
    if (std::find(optional.begin(), optional.end(), true) != optional.end())
      node.optional_elements = optional;
    return add(std::move(node));
  }

  NodeId map(const Token& open) {
    std::vector<NodeId> children;
    std::vector<bool> optional;
    while (!issue_ && !is("}")) {
      optional.push_back(accept("?"));
      children.push_back(expression());
      if (!expect(":", "after the key")) return kNone;
      children.push_back(expression());
      if (!accept(",")) break;
    }
    if (!expect("}", "to close '{'")) return kNone;
    return add_elements(make(NodeKind::map, open.begin, open.begin, "{}", std::move(children)), optional);
  }

  NodeId keyword(const Token& token) {
    if (token.text == "in") return fail(token.begin, "expected a value, found 'in'");
    advance();
    if (token.text == "null") return add_constant(token, Value(), token.begin);
    return add_constant(token, Value::of(token.text == "true"), token.begin);
  }

  NodeId number(const Token& token, std::uint32_t begin, bool negative) {
    advance();
    const bool hexadecimal = token.text.size() > 1 && (token.text[1] == 'x' || token.text[1] == 'X');
    const std::string digits =
        (negative ? "-" : "") + std::string(hexadecimal ? token.text.substr(2) : token.text);
    const char* const first = digits.data();
    const char* const last = first + digits.size();
    if (token.kind == TokenKind::number) return floating(token, digits, begin);
    if (token.kind == TokenKind::unsigned_integer) {
      std::uint64_t value = 0;
      const auto [end, error] = std::from_chars(first, last, value, hexadecimal ? 16 : 10);
      if (error == std::errc() && end == last) return add_constant(token, Value::of(value), begin);
    } else {
      std::int64_t value = 0;
      const auto [end, error] = std::from_chars(first, last, value, hexadecimal ? 16 : 10);
      if (error == std::errc() && end == last) return add_constant(token, Value::of(value), begin);
    }
    return fail(begin, "this whole number does not fit in 64 bits");
  }

  NodeId floating(const Token& token, const std::string& digits, std::uint32_t begin) {
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool tiny =
        error == std::errc::result_out_of_range && digits.find("e-") != std::string::npos;  // reads as 0
    if ((error != std::errc() && !tiny) || end != digits.data() + digits.size())
      return fail(begin, "this number does not fit in a double");
    return add_constant(token, Value::of(tiny ? 0.0 : value), begin);
  }

  NodeId name_or_call(const Token& name, std::uint32_t begin, bool absolute) {
    advance();
    if (!accept("(")) {
      if (is("{"))
        return fail(token().begin, "messages such as " + std::string(name.text) + "{…} do not exist here");
      Node node = make(NodeKind::name, begin, begin, name.text);
      node.absolute = absolute;
      return add(std::move(node));
    }
    std::vector<NodeId> arguments = expressions(")", "after the arguments");
    if (issue_) return kNone;
    if (name.text == "has" && !absolute && arguments.size() == 1) return has(arguments[0], begin);
    return add(make(NodeKind::call, begin, begin, name.text, std::move(arguments)));
  }

  NodeId has(NodeId argument, std::uint32_t begin) {
    const Node& path = syntax_[argument];
    if (path.kind != NodeKind::select || path.optional)
      return fail(path.begin, "has() wants a member, as in has(a.b)");
    Node node = make(NodeKind::has, path.place, begin, path.text, {path.children[0]});
    return add(std::move(node));
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::uint32_t bracket_depth_ = 0;
  Syntax syntax_;
  std::optional<Issue> issue_;
};

}  // namespace

tl::expected<Syntax, Issue> parse(std::string_view text) {
  if (text.size() > kMaxExpressionBytes)
    return tl::unexpected<Issue>(Issue{
        kMaxExpressionBytes,
        "the expression is longer than " + std::to_string(kMaxExpressionBytes / 1024) + " KiB; split it"});
  if (!is_utf8(text)) return tl::unexpected<Issue>(Issue{0, "the expression is not UTF-8"});
  auto tokens = lex(text);
  if (!tokens) return tl::unexpected<Issue>(std::move(tokens.error()));
  return Parser(text, std::move(*tokens)).run();
}

}  // namespace plumbline::cel
