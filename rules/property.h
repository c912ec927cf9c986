// SPDX-License-Identifier: Apache-2.0
// Properties: named values that a pack declares, its conditions and texts read as `props.<name>`, and a site overrides.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/cel/cel.h"
#include "rules/fields.h"

namespace plumbline {

enum class PropertyType { boolean, integer, number, string, string_list };
std::string_view to_text(PropertyType type);  // "bool", "int", "number", "string", "strings", as in packs

struct Property {
  std::string pack, name;
  PropertyType type = PropertyType::boolean;
  std::string meaning;
  cel::Value value;                   // what conditions read: the site's value, or the default
  std::string shown;                  // the same as text, where a message names it
  std::string default_shown;
  std::optional<double> least, most;  // of numbers
  std::vector<std::string> choices;   // of strings; empty: any
  bool set_by_site = false;
  bool used = false;                  // by a condition or a text of the pack
  const SourceFile* file = nullptr;   // where it is declared; only while the rules load
  std::size_t offset = 0;
};

/// All properties of all packs; addresses stay, so that lists of them may be kept.
using Properties = std::deque<Property>;

/// Reads the mapping `props` of a pack.yaml: name → {type, default, meaning, least, most, choices}.
void read_properties(Fields& pack, const std::string& pack_id, Properties& out, Mistakes& mistakes);

/// Reads a site's `props`: pack → name → value. `known_packs` is for suggestions; while `incomplete`, packs and names
/// that are not there are not called missing.
void override_properties(const SourceFile& file, const YamlNode& node, Properties& properties,
                         const std::vector<std::string>& known_packs, bool incomplete, Mistakes& mistakes);

/// The properties of one pack as its conditions see them.
class PackProperties {
 public:
  PackProperties(Properties& all, std::string_view pack);
  bool empty() const { return properties_.empty(); }
  /// Adds `props` to the names a condition may use.
  void declare(cel::Declarations& names) const;
  /// "props.max_tries" and its value, for each.
  std::vector<std::pair<std::string, cel::Value>> constants() const;
  /// Notes the constants that a program uses.
  void note_used(const cel::Program& program);
  /// The same of a condition with mistakes, by its text.
  void note_named(std::string_view condition);
  /// The text with every "{props.name}" replaced; a name that is not there is a mistake under `key`.
  std::string fill(Fields& fields, std::string_view key, const std::string& text);

 private:
  Property* find(std::string_view name) const;
  std::vector<Property*> properties_;
};

}  // namespace plumbline
