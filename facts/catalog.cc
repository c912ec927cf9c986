// SPDX-License-Identifier: Apache-2.0
#include "facts/catalog.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <unordered_map>

namespace plumbline {
namespace {

std::string_view section_of(std::string_view path) { return path.substr(0, path.find('.')); }

/// A table cell: a pipe would end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

const Fact* find_fact(std::string_view path) {
  static const auto index = [] {
    std::unordered_map<std::string_view, const Fact*> by_path;
    for (const Fact& fact : catalog()) by_path.emplace(fact.path, &fact);
    return by_path;
  }();
  const auto found = index.find(path);
  return found == index.end() ? nullptr : found->second;
}

std::vector<std::string_view> sections() {
  std::vector<std::string_view> names;
  for (const Fact& fact : catalog())
    if (names.empty() || names.back() != section_of(fact.path)) names.push_back(section_of(fact.path));
  return names;
}

std::string_view to_text(FactType type) {
  switch (type) {
    case FactType::boolean: return "bool";
    case FactType::integer: return "int";
    case FactType::number: return "number";
    case FactType::string: return "string";
    case FactType::string_list: return "list of strings";
    case FactType::string_map: return "map of strings";
    case FactType::object_list: return "list of objects";
  }
  return "";
}

std::string_view to_text(Privacy privacy) {
  switch (privacy) {
    case Privacy::plain: return "plain";
    case Privacy::name: return "name";
    case Privacy::address: return "address";
  }
  return "";
}

std::string catalog_markdown() {
  std::string out =
      "# Facts\n\nEvery fact a scan may hold, printed by `plumbline-agent facts --format md`. Facts whose source begins with "
      "*derived* are added by the collector.\nPrivacy: *plain* tells of machines only, *name* holds names people gave, "
      "*address* holds network addresses.\n";
  std::string_view section;
  for (const Fact& fact : catalog()) {
    if (section_of(fact.path) != section) {
      section = section_of(fact.path);
      out += fmt::format("\n## {}\n\n| fact | type | unit | privacy | meaning | source |\n|---|---|---|---|---|---|\n", section);
    }
    out += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", fact.path, to_text(fact.type), fact.unit, to_text(fact.privacy),
                       cell(fact.meaning), cell(fact.source));
  }
  return out;
}

std::string catalog_json() {
  auto rows = nlohmann::ordered_json::array();
  for (const Fact& fact : catalog())
    rows.push_back({{"path", fact.path}, {"type", to_text(fact.type)}, {"unit", fact.unit},
                    {"privacy", to_text(fact.privacy)}, {"meaning", fact.meaning}, {"source", fact.source}});
  return rows.dump(2) + "\n";
}

}  // namespace plumbline
