// SPDX-License-Identifier: Apache-2.0
// The collector: from files to lists of drafts.
#include "rules/drafts.h"

#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "rules/fields.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxDrafts = 1'000;  // rules in all; measures, gates and workloads likewise

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

void read_pack_file(const SourceFile& file, const YamlNode& root, Drafts& drafts, Mistakes& mistakes) {
  Fields fields(mistakes, file, root, "pack.yaml");
  PackInfo info;
  info.id = fields.id("pack", "-");
  info.version = fields.text("version");
  info.date = fields.text("date");
  info.licence = fields.text("licence");
  info.title = fields.text("title");
  fields.finish();
  if (!info.version.empty() && !is_version(info.version)) {
    fields.mistake("version", "'" + info.version + "' is no version such as 2026.11.0");
  }
  if (!info.date.empty() && !parse_date(info.date)) {
    fields.mistake("date", "'" + info.date + "' is no date such as 2026-11-23");
  }
  for (const PackInfo& other : drafts.packs) {
    if (other.id == info.id && !info.id.empty()) fields.mistake("pack", "another pack has the id '" + info.id + "' too");
  }
  drafts.packs.push_back(std::move(info));
}

// Gives false once there are too many.
bool add_list(Fields& fields, std::string_view key, const std::string& pack, std::vector<Draft>& out,
              Mistakes& mistakes) {
  for (const YamlNode* item : fields.mappings(key)) {
    if (out.size() == kMaxDrafts) {
      mistakes.add(fields.file(), item->offset, "more than " + std::to_string(kMaxDrafts) + " " + std::string(key));
      return false;
    }
    out.push_back({&fields.file(), item, pack});
  }
  return true;
}

void collect_pack(RuleFolder& folder, const std::string& name, Drafts& drafts, Mistakes& mistakes) {
  std::string path = "packs/" + name;
  std::vector<std::string> names = folder.list(path);
  std::size_t before = drafts.packs.size();
  std::string pack = name.substr(0, name.size() - 1);
  // pack.yaml first: it names the pack of all others
  std::stable_partition(names.begin(), names.end(), [](const std::string& file) { return file == "pack.yaml"; });
  for (const std::string& file_name : names) {
    if (ends_with(file_name, ".yml")) mistakes.add(path + file_name + ": call it .yaml, or it is not read");
    if (!ends_with(file_name, ".yaml") || file_name == "tests.yaml") continue;
    const SourceFile* file = folder.read(path + file_name);
    if (!file) continue;
    const YamlNode& root = drafts.documents.emplace_back(read_yaml(*file, mistakes));
    if (root.kind == YamlNode::null) {
      if (mistakes.empty()) mistakes.add(*file, 0, "the file is empty");
      continue;
    }
    if (file_name == "pack.yaml") {
      read_pack_file(*file, root, drafts, mistakes);
      pack = drafts.packs.back().id;
      continue;
    }
    Fields fields(mistakes, *file, root, "a file of a pack");
    if (!add_list(fields, "rules", pack, drafts.rules, mistakes)) drafts.too_many = true;
    if (!add_list(fields, "measures", pack, drafts.measures, mistakes)) drafts.too_many = true;
    if (!add_list(fields, "gates", pack, drafts.gates, mistakes)) drafts.too_many = true;
    fields.finish();
  }
  if (drafts.packs.size() == before) {
    mistakes.add(path + "pack.yaml: not there or not readable; a pack tells its id, version, date, licence and title in it");
  }
}

void collect_workloads(RuleFolder& folder, Drafts& drafts, Mistakes& mistakes) {
  for (const std::string& name : folder.list("workloads")) {
    if (ends_with(name, ".yml")) mistakes.add("workloads/" + name + ": call it .yaml, or it is not read");
    if (!ends_with(name, ".yaml") || name == "tests.yaml") continue;
    const SourceFile* file = folder.read("workloads/" + name);
    if (!file) continue;
    const YamlNode& root = drafts.documents.emplace_back(read_yaml(*file, mistakes));
    if (root.kind != YamlNode::null) drafts.workloads.push_back({file, &root, ""});
  }
}

}  // namespace

Drafts collect_drafts(RuleFolder& folder, Mistakes& mistakes) {
  Drafts drafts;
  if (!folder.is_folder("packs")) {
    mistakes.add("rules: no folder packs/ in it; name the folder that holds packs/, workloads/ and catalogue/");
    return drafts;
  }
  std::size_t packs = 0;
  for (const std::string& name : folder.list("packs")) {
    if (name.back() != '/') continue;
    if (++packs > kMaxPacks) {
      mistakes.add("packs: more than " + std::to_string(kMaxPacks) + " packs");
      break;
    }
    collect_pack(folder, name, drafts, mistakes);
  }
  if (packs == 0) mistakes.add("packs: no pack in it; a pack is a folder with pack.yaml and its rules");
  collect_workloads(folder, drafts, mistakes);
  return drafts;
}

}  // namespace plumbline
