// SPDX-License-Identifier: Apache-2.0
// From a scalar to a compiled condition.
#include "rules/expressions.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "facts/catalog.h"
#include "rules/fact_values.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxCondition = 64u << 10;

bool gives_texts(const cel::Type& type) {
  const cel::Type* one = type.kind == cel::Type::list && type.element ? type.element.get() : &type;
  return one->kind == cel::Type::string || one->kind == cel::Type::dyn;
}

bool fits(const cel::Type& type, Gives gives) {
  const cel::Type::Kind kind = type.kind;
  bool boolean = kind == cel::Type::boolean || kind == cel::Type::dyn;
  bool number = kind == cel::Type::number || kind == cel::Type::int_type || kind == cel::Type::uint_type ||
                kind == cel::Type::dyn;
  switch (gives) {
    case Gives::boolean: return boolean;
    case Gives::number:  // a Boolean counts as 1 or 0
    case Gives::degree: return number || boolean;
    case Gives::texts: return gives_texts(type);
    case Gives::any: return true;
  }
  return false;
}

std::string_view wanted(Gives gives) {
  switch (gives) {
    case Gives::boolean: return "a Boolean (true or false)";
    case Gives::number: return "a number";
    case Gives::degree: return "a Boolean or a degree from 0 to 1";
    case Gives::texts: return "a text or a list of texts";
    case Gives::any: return "a value";
  }
  return "";
}

// The word that begins at `offset`: where it is a section of the catalog, a fleet rule named a fact.
bool names_a_section(std::string_view text, std::size_t offset) {
  std::size_t end = offset;
  while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) ++end;
  std::string_view word = text.substr(std::min(offset, text.size()), end - offset);
  auto all = sections();
  return std::find(all.begin(), all.end(), word) != all.end();
}

// Beyond a billion the figure says nothing more.
std::string too_costly(std::uint64_t units) {
  constexpr std::uint64_t kBillion = 1'000'000'000;
  const std::string figure = units < kBillion ? std::to_string(units) : "more than " + std::to_string(kBillion);
  return "the condition may cost " + figure + " units on a host with " + std::to_string(usual_host_sizes().elements) +
         " entries in each list, and an evaluation may spend " + std::to_string(cel::kDefaultBudget) +
         ": filter one list first, or look things up in a list instead of going over it again";
}

}  // namespace

const cel::Sizes& usual_host_sizes() {
  static const cel::Sizes sizes = [] {
    cel::Sizes out;
    out.elements = 20;
    out.text_bytes = 64;
    out.values = 2'000;
    return out;
  }();
  return sizes;
}

std::optional<cel::Program> read_condition(Fields& fields, std::string_view key, const Scope& scope, Gives gives,
                                           Need need, Mistakes& mistakes) {
  const YamlNode* scalar = fields.node(key, YamlNode::scalar, need);
  if (!scalar) return std::nullopt;
  if (scalar->text.size() > kMaxCondition) {
    fields.mistake(key, "the condition is longer than " + std::to_string(kMaxCondition) + " bytes");
    return std::nullopt;
  }
  cel::CompileOptions options;
  options.constants = scope.constants;
  if (!scope.fleet) options.layout = fact_layout();
  auto program = cel::compile(scalar->text, scope.names, options);
  if (!program) {
    if (scope.properties) scope.properties->note_named(scalar->text);
    for (const cel::Issue& issue : program.error()) {
      std::string message = issue.message;
      if (scope.fleet && names_a_section(scalar->text, issue.offset)) {
        message += " (a fleet rule reads fleet.<measure> only)";
      } else if (scalar->text.compare(issue.offset, 6, "props.") == 0 && scope.constants.empty()) {
        message += " (a pack declares its properties under 'props' in pack.yaml)";
      } else if (!scope.fleet && scalar->text.compare(issue.offset, 6, "fleet.") == 0) {
        message += " (add 'scope: fleet' to read aggregates)";
      }
      mistakes.add(fields.file(), offset_in_scalar(fields.file(), *scalar, issue.offset), std::move(message));
    }
    return std::nullopt;
  }
  if (scope.properties) scope.properties->note_used(*program);
  if (const std::uint64_t units = program->cost(usual_host_sizes()).most; units > cel::kDefaultBudget) {
    mistakes.add(fields.file(), offset_in_scalar(fields.file(), *scalar, 0), too_costly(units));
    return std::nullopt;
  }
  if (!fits(program->result_type(), gives)) {
    fields.mistake(key, "'" + std::string(key) + "' must give " + std::string(wanted(gives)) + ", but gives " +
                            cel::to_text(program->result_type()));
    return std::nullopt;
  }
  return std::move(*program);
}

}  // namespace plumbline
