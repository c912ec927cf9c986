// SPDX-License-Identifier: Apache-2.0
// The catalog: every fact an agent may send and every fact the collector derives, with its type, unit, meaning,
// privacy class and source. Probes fill it, rules resolve against it, docs/facts.md is printed from it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plumbline {

enum class FactType { boolean, integer, number, string, string_list, string_map, object_list };

/// Who may see it: `plain` tells of machines only; `name` holds names people gave (hosts, users, databases);
/// `address` holds network addresses.
enum class Privacy { plain, name, address };

/// One fact. `path` is "section.key", "section.group.key" or, for a member of a list of objects,
/// "section.list[].key". Its first part is the probe that fills it.
struct Fact {
  std::string_view path;
  FactType type;
  std::string_view unit;     // "bytes", "seconds", "MT/s", "" where there is none
  Privacy privacy;
  std::string_view meaning;  // one sentence
  std::string_view source;   // the file or interface it is read from; "derived: …" where the collector adds it
};

/// All facts, ordered by section and then as a reader would want them. Lists stand before their members.
const std::vector<Fact>& catalog();
/// The fact with this path, or nullptr.
const Fact* find_fact(std::string_view path);
/// The sections in the order of the catalog.
std::vector<std::string_view> sections();

std::string_view to_text(FactType type);
std::string_view to_text(Privacy privacy);

/// The catalog as a Markdown page or as a JSON array; what `plumbline-agent facts` prints.
std::string catalog_markdown();
std::string catalog_json();

}  // namespace plumbline
