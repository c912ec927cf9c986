// SPDX-License-Identifier: Apache-2.0
// The collector: from files to lists of drafts.
#include "rules/drafts.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "base/time.h"
#include "rules/fields.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxDrafts = 1'000;     // rules in all; measures, gates and workloads likewise
constexpr std::size_t kMaxProperties = 1'000;
constexpr std::size_t kMaxNeeds = 100;        // of one pack
constexpr std::string_view kAtLeast = ">=";

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// "2026.11.0"
bool is_version(std::string_view text) {
  for (std::string_view part : split(text, '.')) {
    if (!parse_u64(part)) return false;
  }
  return !text.empty();
}

// ---- pack.yaml

// ">=2026.11" → "2026.11"; empty after a mistake.
std::string least_version(const SourceFile& file, const YamlNode& node, std::string_view what, Mistakes& mistakes) {
  std::string_view text = node.kind == YamlNode::scalar ? trim(node.text) : std::string_view();
  std::string_view version = text.substr(0, kAtLeast.size()) == kAtLeast ? trim(text.substr(kAtLeast.size())) : std::string_view();
  if (is_version(version)) return std::string(version);
  mistakes.add(file, node.offset, "the version of " + std::string(what) + " is written \">=0.1\", with the quotes");
  return "";
}

void read_needs(Fields& pack, PackDraft& out, Mistakes& mistakes) {
  const YamlNode* node = pack.node("requires", YamlNode::map, Need::optional);
  if (!node) return;
  Fields fields(mistakes, pack.file(), *node, "'requires'");
  if (const YamlNode* version = fields.any("plumbline", Need::optional)) {
    out.info.plumbline = least_version(pack.file(), *version, "Plumbline", mistakes);
    out.plumbline_offset = version->offset;
  }
  const YamlNode* packs = fields.node("packs", YamlNode::map, Need::optional);
  fields.finish();
  if (!packs) return;
  if (packs->entries.size() > kMaxNeeds) mistakes.add(pack.file(), packs->offset, "more than " + std::to_string(kMaxNeeds) + " packs are needed");
  for (const auto& [name, version] : packs->entries) {
    out.info.needs.push_back({name.text, least_version(pack.file(), version, "the pack '" + name.text + "'", mistakes)});
    out.need_offsets.push_back(name.offset);
  }
}

void read_pack_file(const SourceFile& file, const YamlNode& root, bool of_site, Drafts& drafts, Mistakes& mistakes) {
  Fields fields(mistakes, file, root, "pack.yaml");
  PackDraft pack;
  pack.file = &file;
  PackInfo& info = pack.info;
  info.of_site = of_site;
  info.id = fields.id("pack", "-");
  info.version = fields.text("version");
  info.date = fields.text("date");
  info.licence = fields.text("licence");
  info.title = fields.text("title");
  read_needs(fields, pack, mistakes);
  read_properties(fields, info.id, drafts.properties, mistakes);
  fields.finish();
  if (!info.version.empty() && !is_version(info.version)) {
    fields.mistake("version", "'" + info.version + "' is no version such as 2026.11.0");
  }
  if (!info.date.empty() && !parse_date(info.date)) {
    fields.mistake("date", "'" + info.date + "' is no date such as 2026-11-23");
  }
  for (const PackDraft& other : drafts.packs) {
    if (other.info.id == info.id && !info.id.empty()) {
      fields.mistake("pack", "another pack has the id '" + info.id + "' too: " + other.file->name);
    }
  }
  if (drafts.properties.size() > kMaxProperties) {
    fields.mistake("props", "more than " + std::to_string(kMaxProperties) + " properties in all");
    drafts.too_many = true;
  }
  drafts.packs.push_back(std::move(pack));
}

// ---- folders

void add_drafts(const SourceFile& file, const std::vector<const YamlNode*>& items, std::string_view key,
                const std::string& pack, std::vector<Draft>& out, Drafts& drafts, Mistakes& mistakes) {
  for (const YamlNode* item : items) {
    if (out.size() == kMaxDrafts) {
      mistakes.add(file, item->offset, "more than " + std::to_string(kMaxDrafts) + " " + std::string(key));
      drafts.too_many = true;
      return;
    }
    out.push_back({&file, item, pack});
  }
}

// The document in a file; nullptr after a mistake.
const YamlNode* read_document(RuleFolder& folder, const std::string& relative, Drafts& drafts, Mistakes& mistakes,
                              const SourceFile** file) {
  *file = folder.read(relative);
  if (!*file) {
    drafts.incomplete = true;
    return nullptr;
  }
  std::size_t before = mistakes.count();
  const YamlNode& root = drafts.documents.emplace_back(read_yaml(**file, mistakes));
  if (mistakes.count() > before) drafts.incomplete = true;
  if (root.kind != YamlNode::null) return &root;
  if (mistakes.count() == before) mistakes.add(**file, 0, "the file is empty");
  return nullptr;
}

// The YAML files of a folder but its tests; one that is named .yml is a mistake, for nobody would read it.
std::vector<std::string> yaml_files(RuleFolder& folder, const std::string& relative, Mistakes& mistakes) {
  std::vector<std::string> out;
  std::string prefix = relative.empty() ? "" : relative + "/";
  for (const std::string& name : folder.list(relative)) {
    if (ends_with(name, ".yml")) mistakes.add(folder.shown(prefix + name) + ": call it .yaml, or it is not read");
    if (ends_with(name, ".yaml") && name != "tests.yaml") out.push_back(name);
  }
  return out;
}

void collect_pack_file(const SourceFile& file, const YamlNode& root, const std::string& pack, Drafts& drafts,
                       Mistakes& mistakes) {
  Fields fields(mistakes, file, root, "a file of a pack");
  for (auto [key, list] : {std::pair{"rules", &drafts.rules}, std::pair{"measures", &drafts.measures},
                           std::pair{"gates", &drafts.gates}, std::pair{"workloads", &drafts.workloads},
                           std::pair{"production", &drafts.production}}) {
    add_drafts(file, fields.mappings(key), key, pack, *list, drafts, mistakes);
  }
  fields.finish();
}

void collect_pack(RuleFolder& folder, const std::string& path, bool of_site, Drafts& drafts, Mistakes& mistakes) {
  std::vector<std::string> names = yaml_files(folder, path, mistakes);
  std::string pack = path.substr(path.find('/') + 1);
  // pack.yaml first: it names the pack of all others
  auto rest = std::stable_partition(names.begin(), names.end(), [](const std::string& file) { return file == "pack.yaml"; });
  if (rest == names.begin()) {
    mistakes.add(folder.shown(path + "/pack.yaml") +
                 ": not there; a pack tells its id, version, date, licence and title in it");
  }
  for (const std::string& name : names) {
    const SourceFile* file = nullptr;
    const YamlNode* root = read_document(folder, path + "/" + name, drafts, mistakes, &file);
    if (!root) continue;
    if (name == "pack.yaml") {
      read_pack_file(*file, *root, of_site, drafts, mistakes);
      pack = drafts.packs.back().info.id;
    } else {
      collect_pack_file(*file, *root, pack, drafts, mistakes);
    }
  }
  drafts.catalogues.push_back(read_catalogue(folder, path, mistakes));
}

void collect_packs(RuleFolder& folder, bool of_site, Drafts& drafts, Mistakes& mistakes) {
  std::size_t packs = 0;
  for (std::string name : folder.list("packs")) {
    if (name.back() != '/') continue;
    name.pop_back();
    if (++packs > kMaxPacks) {
      mistakes.add("packs: more than " + std::to_string(kMaxPacks) + " packs");
      drafts.too_many = true;
      return;
    }
    collect_pack(folder, "packs/" + name, of_site, drafts, mistakes);
  }
  if (packs == 0 && !of_site) mistakes.add("packs: no pack in it; a pack is a folder with pack.yaml and its rules");
}

void collect_workloads(RuleFolder& folder, Drafts& drafts, Mistakes& mistakes) {
  for (const std::string& name : yaml_files(folder, "workloads", mistakes)) {
    const SourceFile* file = nullptr;
    const YamlNode* root = read_document(folder, "workloads/" + name, drafts, mistakes, &file);
    if (root) add_drafts(*file, {root}, "workloads", "", drafts.workloads, drafts, mistakes);
  }
}

void collect_site_file(const SourceFile& file, const YamlNode& root, Drafts& drafts, Mistakes& mistakes) {
  Fields fields(mistakes, file, root, "a site file");
  if (const YamlNode* values = fields.node("props", YamlNode::map, Need::optional)) {
    drafts.property_values.push_back({&file, values, ""});
  }
  if (const YamlNode* people = fields.node("people", YamlNode::map, Need::optional)) drafts.people.push_back({&file, people, ""});
  add_drafts(file, fields.mappings("overrides"), "overrides", "", drafts.overrides, drafts, mistakes);
  add_drafts(file, fields.mappings("waivers"), "waivers", "", drafts.waivers, drafts, mistakes);
  fields.finish();
}

// ---- needs

const PackDraft* find_pack(const Drafts& drafts, std::string_view id) {
  for (const PackDraft& pack : drafts.packs) {
    if (pack.info.id == id) return &pack;
  }
  return nullptr;
}

void drop_pack(Drafts& drafts, const std::string& id) {
  for (std::vector<Draft>* list : {&drafts.rules, &drafts.measures, &drafts.gates, &drafts.workloads, &drafts.production}) {
    list->erase(std::remove_if(list->begin(), list->end(), [&](const Draft& draft) { return draft.pack == id; }), list->end());
  }
  for (Property& property : drafts.properties) property.used = property.used || property.pack == id;
  drafts.incomplete = true;
}

void check_need(const Drafts& drafts, const PackDraft& pack, std::size_t index, Mistakes& mistakes) {
  const PackNeed& need = pack.info.needs[index];
  const PackDraft* other = find_pack(drafts, need.pack);
  if (!other) {
    if (drafts.incomplete) return;
    std::vector<std::string> known;
    for (const PackDraft& one : drafts.packs) known.push_back(one.info.id);
    mistakes.add(*pack.file, pack.need_offsets[index],
                 "needs the pack '" + need.pack + "', which is not here" + suggestion(need.pack, known));
  } else if (!need.version.empty() && newer(need.version, other->info.version)) {
    mistakes.add(*pack.file, pack.need_offsets[index],
                 "needs the pack '" + need.pack + "' " + need.version + " or later; here is " + other->info.version);
  }
}

// Follows needs depth first; a pack that is met again while it is open closes a circle.
struct CircleSearch {
  const Drafts& drafts;
  Mistakes& mistakes;
  std::map<const PackDraft*, bool> seen;  // true while open
  std::vector<std::string> path;

  // Never deeper than there are packs, and those are few.
  void visit(const PackDraft& pack) {
    seen[&pack] = true;
    path.push_back(pack.info.id);
    for (std::size_t i = 0; i < pack.info.needs.size(); ++i) {
      const PackDraft* other = find_pack(drafts, pack.info.needs[i].pack);
      if (!other) continue;
      auto known = seen.find(other);
      if (known == seen.end()) {
        visit(*other);
      } else if (known->second) {
        auto from = std::find(path.begin(), path.end(), other->info.id);
        std::string circle = join(std::vector<std::string>(from, path.end()), " needs ");
        mistakes.add(*pack.file, pack.need_offsets[i], "packs need each other in a circle: " + circle + " needs " + other->info.id);
      }
    }
    path.pop_back();
    seen[&pack] = false;
  }
};

}  // namespace

bool newer(std::string_view a, std::string_view b) {
  auto left = split(a, '.'), right = split(b, '.');
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    auto x = i < left.size() ? parse_u64(left[i]).value_or(0) : 0;
    auto y = i < right.size() ? parse_u64(right[i]).value_or(0) : 0;
    if (x != y) return x > y;
  }
  return false;
}

void collect_rules(RuleFolder& folder, Drafts& drafts, Mistakes& mistakes) {
  if (!folder.is_folder("packs")) {
    mistakes.add("rules: no folder packs/ in it; name the folder that holds packs/, workloads/ and catalogue/");
    return;
  }
  collect_packs(folder, false, drafts, mistakes);
  collect_workloads(folder, drafts, mistakes);
}

void collect_site(RuleFolder& folder, Drafts& drafts, Mistakes& mistakes) {
  static const std::vector<std::string> known = {"packs", "workloads", "catalogue"};
  for (std::string name : folder.list("")) {
    if (name.back() != '/') continue;
    name.pop_back();
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    mistakes.add(folder.shown(name) + ": no such folder is read in a site folder" + suggestion_or_list(name, known));
  }
  collect_packs(folder, true, drafts, mistakes);
  collect_workloads(folder, drafts, mistakes);
  for (const std::string& name : yaml_files(folder, "", mistakes)) {
    const SourceFile* file = nullptr;
    const YamlNode* root = read_document(folder, name, drafts, mistakes, &file);
    if (root) collect_site_file(*file, *root, drafts, mistakes);
  }
}

void check_needs(Drafts& drafts, Mistakes& mistakes) {
  for (const PackDraft& pack : drafts.packs) {
    if (pack.info.plumbline.empty() || !newer(pack.info.plumbline, PLUMBLINE_VERSION)) continue;
    mistakes.add(*pack.file, pack.plumbline_offset,
                 "needs Plumbline " + pack.info.plumbline + " or later; this is " PLUMBLINE_VERSION ": update the collector, or use "
                 "an older pack");
    drop_pack(drafts, pack.info.id);
  }
  for (const PackDraft& pack : drafts.packs) {
    for (std::size_t i = 0; i < pack.info.needs.size(); ++i) check_need(drafts, pack, i, mistakes);
  }
  CircleSearch search{drafts, mistakes, {}, {}};
  for (const PackDraft& pack : drafts.packs) {
    if (search.seen.count(&pack) == 0) search.visit(pack);
  }
}

}  // namespace plumbline
