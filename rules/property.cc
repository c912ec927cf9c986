// SPDX-License-Identifier: Apache-2.0
// Reads and overrides properties, and puts their values where they are named.
#include "rules/property.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxListItems = 1'000;
constexpr std::size_t kMaxFilledText = 64u << 10;  // a text with its properties filled in
constexpr std::string_view kPrefix = "props.";

const std::vector<std::string>& type_words() {
  static const std::vector<std::string> words = {"bool", "int", "number", "string", "strings"};
  return words;
}

// A value read from YAML, and how a text shows it.
struct Given {
  cel::Value value;
  std::string shown;
};

// What a property of a type looks like, for messages: "a whole number".
std::string_view describe(PropertyType type) {
  switch (type) {
    case PropertyType::boolean: return "true or false";
    case PropertyType::integer: return "a whole number";
    case PropertyType::number: return "a number";
    case PropertyType::string: return "a text";
    case PropertyType::string_list: return "a list of texts";
  }
  return "";
}

std::string show_number(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::optional<Given> read_list(const YamlNode& node) {
  if (node.kind != YamlNode::list || node.items.size() > kMaxListItems) return std::nullopt;
  cel::List list;
  std::vector<std::string> parts;
  for (const YamlNode& item : node.items) {
    if (item.kind != YamlNode::scalar || item.text.size() > kMaxText) return std::nullopt;
    list.push_back(cel::Value::of(item.text));
    parts.push_back(item.text);
  }
  return Given{cel::Value::of(std::move(list)), join(parts, ", ")};
}

std::optional<Given> read_number(const YamlNode& node, PropertyType type) {
  if (node.quoted) return std::nullopt;
  if (type == PropertyType::integer) {
    auto whole = parse_i64(node.text);
    if (!whole) return std::nullopt;
    return Given{cel::Value::of(*whole), std::to_string(*whole)};
  }
  auto number = parse_double(node.text);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  return Given{cel::Value::of(*number), show_number(*number)};
}

// Nothing where the node is not of the type.
std::optional<Given> read_value(const YamlNode& node, PropertyType type) {
  if (type == PropertyType::string_list) return read_list(node);
  if (node.kind != YamlNode::scalar || node.text.size() > kMaxText) return std::nullopt;
  switch (type) {
    case PropertyType::boolean:
      if (node.quoted || (node.text != "true" && node.text != "false")) return std::nullopt;
      return Given{cel::Value::of(node.text == "true"), node.text};
    case PropertyType::integer:
    case PropertyType::number: return read_number(node, type);
    default: return Given{cel::Value::of(node.text), node.text};
  }
}

// What is wrong with a value that has the right type; empty where nothing is.
std::string out_of_bounds(const Property& property, const YamlNode& node) {
  if (property.type == PropertyType::string && !property.choices.empty()) {
    const auto& choices = property.choices;
    if (std::find(choices.begin(), choices.end(), node.text) != choices.end()) return "";
    return "'" + node.text + "' is none of " + join(choices, ", ") + suggestion(node.text, choices);
  }
  if (property.type != PropertyType::integer && property.type != PropertyType::number) return "";
  double number = parse_double(node.text).value_or(0);
  if (property.least && number < *property.least) return "the least is " + show_number(*property.least);
  if (property.most && number > *property.most) return "the most is " + show_number(*property.most);
  return "";
}

// Sets the value; false after a mistake.
bool set_value(Property& property, const SourceFile& file, const YamlNode& node, Mistakes& mistakes) {
  auto given = read_value(node, property.type);
  if (!given) {
    mistakes.add(file, node.offset, "'" + property.name + "' is of type " + std::string(to_text(property.type)) + ": it must be " +
                                        std::string(describe(property.type)));
    return false;
  }
  if (std::string wrong = out_of_bounds(property, node); !wrong.empty()) {
    mistakes.add(file, node.offset, "'" + property.name + "': " + wrong);
    return false;
  }
  property.value = std::move(given->value);
  property.shown = std::move(given->shown);
  return true;
}

bool is_name(std::string_view text) {
  auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && text.size() <= 100 && text[0] >= 'a' && text[0] <= 'z' && std::all_of(text.begin(), text.end(), allowed);
}

void read_limits(Fields& fields, Property& property) {
  bool numeric = property.type == PropertyType::integer || property.type == PropertyType::number;
  for (auto [key, limit] : {std::pair{"least", &property.least}, std::pair{"most", &property.most}}) {
    if (!fields.has(key)) {
      fields.text(key, Need::optional);  // makes it a known key
      continue;
    }
    *limit = fields.number(key, -1e15, 1e15);
    if (!numeric) fields.mistake(key, "only numbers have '" + std::string(key) + "'");
  }
  if (property.least && property.most && *property.least > *property.most) fields.mistake("most", "'most' is below 'least'");
  property.choices = fields.texts("choices");
  if (!property.choices.empty() && property.type != PropertyType::string) {
    fields.mistake("choices", "only a property of type string has 'choices'");
  }
}

void read_property(const SourceFile& file, const YamlNode& name, const YamlNode& node, const std::string& pack,
                   Properties& out, Mistakes& mistakes) {
  Property property;
  property.pack = pack;
  property.name = name.text;
  property.file = &file;
  property.offset = name.offset;
  if (!is_name(name.text)) {
    mistakes.add(file, name.offset, "'" + name.text.substr(0, 100) + "' is no name of a property: a letter, then a-z, 0-9 and _");
  }
  Fields fields(mistakes, file, node, "the property");
  property.type = static_cast<PropertyType>(fields.choice("type", type_words()));
  bool typed = fields.has("type") && std::find(type_words().begin(), type_words().end(), node.find("type")->text) != type_words().end();
  property.meaning = fields.text("meaning");
  read_limits(fields, property);
  const YamlNode* value = node.find("default");
  fields.any("default");
  if (value && typed) set_value(property, file, *value, mistakes);
  property.default_shown = property.shown;
  fields.finish();
  out.push_back(std::move(property));
}

}  // namespace

std::string_view to_text(PropertyType type) { return type_words()[static_cast<std::size_t>(type)]; }

void read_properties(Fields& pack, const std::string& pack_id, Properties& out, Mistakes& mistakes) {
  const YamlNode* node = pack.node("props", YamlNode::map, Need::optional);
  if (!node) return;
  for (const auto& [name, value] : node->entries) read_property(pack.file(), name, value, pack_id, out, mistakes);
}

void override_properties(const SourceFile& file, const YamlNode& node, Properties& properties,
                         const std::vector<std::string>& known_packs, bool incomplete, Mistakes& mistakes) {
  for (const auto& [pack, values] : node.entries) {
    std::vector<std::string> names;
    for (const Property& property : properties) {
      if (property.pack == pack.text) names.push_back(property.name);
    }
    if (std::find(known_packs.begin(), known_packs.end(), pack.text) == known_packs.end()) {
      if (!incomplete) mistakes.add(file, pack.offset, "no pack '" + pack.text + "'" + suggestion(pack.text, known_packs));
      continue;
    }
    if (values.kind != YamlNode::map) {
      mistakes.add(file, values.offset, "the properties of a pack are a mapping, name: value");
      continue;
    }
    for (const auto& [name, value] : values.entries) {
      auto found = std::find_if(properties.begin(), properties.end(), [&pack = pack, &name = name](const Property& property) {
        return property.pack == pack.text && property.name == name.text;
      });
      if (found == properties.end()) {
        if (incomplete) continue;
        mistakes.add(file, name.offset, "the pack '" + pack.text + "' has no property '" + name.text + "'" +
                                            (names.empty() ? "; it has none" : suggestion_or_list(name.text, names)));
        continue;
      }
      if (found->set_by_site) {
        mistakes.add(file, name.offset, "'" + name.text + "' is set in another file of the site too");
        continue;
      }
      found->set_by_site = set_value(*found, file, value, mistakes);
    }
  }
}

PackProperties::PackProperties(Properties& all, std::string_view pack) {
  for (Property& property : all) {
    if (property.pack == pack) properties_.push_back(&property);
  }
}

Property* PackProperties::find(std::string_view name) const {
  for (Property* property : properties_) {
    if (property->name == name) return property;
  }
  return nullptr;
}

void PackProperties::declare(cel::Declarations& names) const {
  auto simple = [](cel::Type::Kind kind) {
    auto type = std::make_shared<cel::Type>();
    type->kind = kind;
    return type;
  };
  auto props = simple(cel::Type::object);
  for (const Property* property : properties_) {
    cel::Type::Kind kind = cel::Type::string;
    if (property->type == PropertyType::boolean) kind = cel::Type::boolean;
    if (property->type == PropertyType::integer) kind = cel::Type::int_type;
    if (property->type == PropertyType::number) kind = cel::Type::number;
    if (property->type == PropertyType::string_list) kind = cel::Type::list;
    auto type = simple(kind);
    if (kind == cel::Type::list) type->element = simple(cel::Type::string);
    props->members.emplace_back(property->name, std::move(type));
  }
  names.emplace_back("props", std::move(props));
}

std::vector<std::pair<std::string, cel::Value>> PackProperties::constants() const {
  std::vector<std::pair<std::string, cel::Value>> out;
  for (const Property* property : properties_) out.emplace_back(std::string(kPrefix) + property->name, property->value);
  return out;
}

void PackProperties::note_used(const cel::Program& program) {
  for (const std::string& path : program.constants()) {
    if (Property* property = find(std::string_view(path).substr(kPrefix.size()))) property->used = true;
  }
}

void PackProperties::note_named(std::string_view condition) {
  for (Property* property : properties_) property->used = property->used || contains(condition, std::string(kPrefix) + property->name);
}

// "MaxAuthTries {props.max_tries}" → "MaxAuthTries 4"
std::string PackProperties::fill(Fields& fields, std::string_view key, const std::string& text) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t open = text.find("{props."); open != std::string::npos; open = text.find("{props.", from)) {
    std::size_t close = text.find('}', open);
    if (close == std::string::npos) break;
    std::string name = text.substr(open + 1 + kPrefix.size(), close - open - 1 - kPrefix.size());
    Property* property = find(name);
    out.append(text, from, open - from);
    from = close + 1;
    if (property && out.size() + property->shown.size() <= kMaxFilledText) {
      property->used = true;
      out += property->shown;
      continue;
    }
    std::vector<std::string> names;
    for (const Property* known : properties_) names.push_back(known->name);
    fields.mistake(key, property ? "too long with its properties filled in"
                                 : "no property '" + name + "' in this pack" + (names.empty() ? "" : suggestion_or_list(name, names)));
  }
  return out.append(text, from);
}

}  // namespace plumbline
