// SPDX-License-Identifier: Apache-2.0
// A syntax tree as the reference implementation prints its own.
#include "tests/rules/cel/syntax_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <span>

#include "base/text.h"
#include "rules/cel/utf8.h"

namespace plumbline::cel {
namespace {

std::string kind(std::string text, std::string_view name) {
  return std::move(text) + "^#*expr." + std::string(name) + "#";
}
std::string ident(const std::string& name) {
  return kind(name, "Expr_IdentExpr");
}
std::string call(const std::string& function, const std::string& arguments) {
  return kind(function + "(" + arguments + ")", "Expr_CallExpr");
}

std::string hexadecimal(const char* format, unsigned number) {
  std::array<char, 16> out;
  std::snprintf(out.data(), out.size(), format, number);
  return out.data();
}

/// Spaces other than ' ', format characters, and the planes that hold no characters yet: as far as the suites
/// go.
bool is_escaped(char32_t c) {
  return (c >= 0x80 && c <= 0xA0) || c == 0x1680 || c == 0x180E || (c >= 0x2000 && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202F) || (c >= 0x205F && c <= 0x2064) || c == 0x3000 || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0x40000 && c < 0xE0000);
}

/// The character that begins at `at` where it is one that Go prints; empty where it is another, or no UTF-8.
std::string printable(const std::string& text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const std::size_t bytes = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  const std::string out = text.substr(at, bytes);
  if (first < 0x20 || first == 0x7f || !is_utf8(out)) return "";
  std::size_t position = 0;
  return is_escaped(next_code_point(out, position)) ? "" : out;
}

std::string escaped(const std::string& text, std::size_t& at, bool bytes) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (bytes || first < 0x80) return hexadecimal("\\x%02x", static_cast<unsigned char>(text[at++]));
  const char32_t character = next_code_point(text, at);
  return hexadecimal(character < 0x10000 ? "\\u%04x" : "\\U%08x", static_cast<unsigned>(character));
}

/// As Go quotes.
std::string quoted(const std::string& text, bool bytes) {
  static constexpr std::string_view special = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view letters = "abfnrtv\\\"";
  std::string out = bytes ? "b\"" : "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t found = special.find(text[at]);
    const std::string character = printable(text, at);
    if (found != std::string_view::npos) {
      (out += '\\') += letters[found];
      ++at;
    } else if (!character.empty()) {
      out += character;
      at += character.size();
    } else {
      out += escaped(text, at, bytes);
    }
  }
  return out + "\"";
}

std::string double_text(double value) {
  std::array<char, 64> text;
  const double size = std::fabs(value);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e6);
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value,
                                    plain ? std::chars_format::fixed : std::chars_format::scientific);
  return {text.data(), result.ptr};
}

std::string constant(const Value& value) {
  switch (value.kind()) {
    case ValueKind::boolean:
      return kind(*value.get_if<bool>() ? "true" : "false", "Constant_BoolValue");
    case ValueKind::int_kind:
      return kind(std::to_string(*value.get_if<std::int64_t>()), "Constant_Int64Value");
    case ValueKind::uint_kind:
      return kind(std::to_string(*value.get_if<std::uint64_t>()) + "u", "Constant_Uint64Value");
    case ValueKind::number:
      return kind(double_text(*value.get_if<double>()), "Constant_DoubleValue");
    case ValueKind::string:
      return kind(quoted(*value.string(), false), "Constant_StringValue");
    case ValueKind::bytes:
      return kind(quoted(value.bytes()->data, true), "Constant_BytesValue");
    default:
      return kind("null", "Constant_NullValue");
  }
}

class Printer {
 public:
  explicit Printer(const Syntax& syntax) : syntax_(syntax) {}

  std::string text(NodeId id) const {
    const Node& node = syntax_[id];
    switch (node.kind) {
      case NodeKind::constant:
        return constant(node.constant);
      case NodeKind::name:
        return ident((node.absolute ? "." : "") + node.text);
      case NodeKind::select:
        if (node.optional) return call("_?._", text(node.children[0]) + "," + constant(Value::of(node.text)));
        return kind(text(node.children[0]) + "." + node.text, "Expr_SelectExpr");
      case NodeKind::has:
        return kind(text(node.children[0]) + "." + node.text + "~test-only~", "Expr_SelectExpr");
      case NodeKind::call:
        return call(node.text == "_in_" ? "@in" : node.text, joined(node.children));
      case NodeKind::member_call:
        return call(text(node.children[0]) + "." + node.text, joined(std::span(node.children).subspan(1)));
      case NodeKind::list:
        return list(node);
      case NodeKind::map:
        return map(node);
      case NodeKind::logic_and:
      case NodeKind::logic_or:
        return balanced(node.kind == NodeKind::logic_and ? "_&&_" : "_||_", node.children);
      case NodeKind::conditional:
        return call("_?_:_", joined(node.children));
      case NodeKind::comprehension:
        return comprehension(node);
      case NodeKind::bind:
        return call(ident("cel") + ".bind", ident(node.variable) + "," + joined(node.children));
    }
    return "";
  }

 private:
  std::string joined(std::span<const NodeId> nodes) const {
    std::string out;
    for (const NodeId node : nodes) out += (out.empty() ? "" : ",") + text(node);
    return out;
  }

  std::string list(const Node& node) const {
    std::string out;
    for (std::size_t i = 0; i < node.children.size(); ++i)
      out += (i == 0 ? "" : ",") + text(node.children[i]);
    return kind("[" + out + "]", "Expr_ListExpr");
  }

  std::string map(const Node& node) const {
    std::string out;
    for (std::size_t i = 0; i < node.children.size(); i += 2) {
      const bool optional = !node.optional_elements.empty() && node.optional_elements[i / 2];
      out += (i == 0 ? "" : ",") + std::string(optional ? "?" : "") +
             kind(text(node.children[i]) + ":" + text(node.children[i + 1]), "Expr_CreateStruct_Entry");
    }
    return kind("{" + out + "}", "Expr_StructExpr");
  }

  /// Long chains of one operator are trees of equal depth on both sides.
  std::string balanced(const std::string& function, std::span<const NodeId> terms) const {
    if (terms.size() == 1) return text(terms[0]);
    const std::size_t middle = (terms.size() + 1) / 2;
    return call(function,
                balanced(function, terms.first(middle)) + "," + balanced(function, terms.subspan(middle)));
  }

  static std::string result() { return ident("@result"); }
  static std::string truth(bool value) { return constant(Value::of(value)); }
  static std::string choice(const std::string& condition, const std::string& yes) {
    return call("_?_:_", condition + "," + yes + "," + result());
  }

  /// The macros of the standard; those of extensions stay calls.
  std::string comprehension(const Node& node) const {
    const std::string body = text(node.children.back());
    const auto appended = [&](const std::string& element) {
      return call("_+_", result() + "," + kind("[" + element + "]", "Expr_ListExpr"));
    };
    const std::string none = kind("[]", "Expr_ListExpr");
    const bool standard = node.second_variable.empty();
    if (standard && node.macro == Macro::all)
      return loop(node, truth(true), call("@not_strictly_false", result()),
                  call("_&&_", result() + "," + body), result());
    if (standard && node.macro == Macro::exists)
      return loop(node, truth(false), call("@not_strictly_false", call("!_", result())),
                  call("_||_", result() + "," + body), result());
    if (standard && node.macro == Macro::exists_one) {
      const std::string one = constant(Value::of(std::int64_t{1}));
      return loop(node, constant(Value::of(std::int64_t{0})), truth(true),
                  choice(body, call("_+_", result() + "," + one)), call("_==_", result() + "," + one));
    }
    if (node.macro == Macro::map && node.filtered)
      return loop(node, none, truth(true), choice(text(node.children[1]), appended(body)), result());
    if (node.macro == Macro::map) return loop(node, none, truth(true), appended(body), result());
    if (node.macro == Macro::filter)
      return loop(node, none, truth(true), choice(body, appended(ident(node.variable))), result());
    const std::string variables = ident(node.variable) + (standard ? "" : "," + ident(node.second_variable));
    return call(text(node.children[0]) + "." + node.text,
                variables + "," + joined(std::span(node.children).subspan(1)));
  }

  std::string loop(const Node& node, const std::string& init, const std::string& condition,
                   const std::string& step, const std::string& value) const {
    return kind("__comprehension__(//Variable" + node.variable + ",//Target" + text(node.children[0]) +
                    ",//Accumulator@result,//Init" + init + ",//LoopCondition" + condition + ",//LoopStep" +
                    step + ",//Result" + value + ")",
                "Expr_ComprehensionExpr");
  }

  const Syntax& syntax_;
};

}  // namespace

std::string syntax_text(const Syntax& syntax) {
  return Printer(syntax).text(syntax.root);
}

}  // namespace plumbline::cel
