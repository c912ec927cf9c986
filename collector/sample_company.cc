// SPDX-License-Identifier: Apache-2.0
// Reads the company's files and makes scans of them.
//
//   hosts:
//     - name: erp-db-01
//       of: [vm, debian-13, nightly-backup]        parts.yaml; later ones win, the host's own facts last
//       facts: {data_stores: {instances: [{of: postgresql-17, tls: on}]}}
//       changes:
//         - {days_ago: 40, facts: {backup: {scheduled: true}}}
#include "collector/sample_company.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "collector/sample_facts.h"
#include "rules/mistakes.h"
#include "rules/yaml.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxFileBytes = 4u << 20;
constexpr int kMaxDays = 3660;
constexpr int kMaxDepthOfParts = 8;
constexpr std::size_t kHostIdDigits = 32;

/// A file with its tree; mistakes are told with their place in it.
struct Document {
  SourceFile file;
  YamlNode tree;
};

Result<Document> read_document(const std::string& folder, const std::string& name, Mistakes& mistakes) {
  auto text = read_file(folder + "/" + name, kMaxFileBytes);
  if (!text) return tl::unexpected(text.error());
  Document document{{name, std::move(*text)}, {}};
  document.tree = read_yaml(document.file, mistakes);
  return document;
}

/// Lays written facts over each other; `of` names the parts that lie below.
class Layers {
 public:
  Layers(const Document& parts, Mistakes& mistakes) : parts_(parts), mistakes_(mistakes) {}

  void lay(json& below, const YamlNode& node, const SourceFile& file, int depth = 0) {
    if (depth > kMaxDepthOfParts) return mistakes_.add(file, node.offset, "parts stand in each other more than 8 deep");
    if (node.kind != YamlNode::map) return mistakes_.add(file, node.offset, "a mapping of facts is needed here");
    if (!below.is_object()) below = json::object();
    if (const YamlNode* of = node.find("of")) lay_parts(below, *of, file, depth);
    for (const auto& [key, value] : node.entries) {
      if (key.text == "of") continue;
      if (value.kind == YamlNode::null) below.erase(key.text);
      else if (value.kind == YamlNode::map) lay(below[key.text], value, file, depth);
      else below[key.text] = plain(value, file, depth);
    }
  }
  void lay_parts(json& below, const YamlNode& of, const SourceFile& file, int depth = 0) {
    if (of.kind == YamlNode::scalar) return lay_part(below, of, file, depth);
    for (const YamlNode& name : of.items) lay_part(below, name, file, depth);
  }

 private:
  void lay_part(json& below, const YamlNode& name, const SourceFile& file, int depth) {
    const YamlNode* part = parts_.tree.find(name.text);
    if (part == nullptr) return mistakes_.add(file, name.offset, "parts.yaml has no part '" + name.text + "'");
    lay(below, *part, parts_.file, depth + 1);
  }
  json plain(const YamlNode& value, const SourceFile& file, int depth) {
    if (value.kind == YamlNode::scalar) return value.text;
    json list = json::array();
    for (const YamlNode& item : value.items) {
      list.emplace_back();
      if (item.kind == YamlNode::map) lay(list.back(), item, file, depth);
      else list.back() = item.text;
    }
    return list;
  }

  const Document& parts_;
  Mistakes& mistakes_;
};

int whole_number(const YamlNode& node, std::string_view key, int otherwise, const SourceFile& file, Mistakes& mistakes) {
  const YamlNode* value = node.find(key);
  if (value == nullptr) return otherwise;
  const auto number = parse_u64(value->text);
  if (number && *number <= kMaxDays) return static_cast<int>(*number);
  mistakes.add(file, value->offset, std::string(key) + ": a number from 0 to " + std::to_string(kMaxDays) + " is needed");
  return otherwise;
}

bool flag(const YamlNode& node, std::string_view key, bool otherwise) {
  const YamlNode* value = node.find(key);
  return value == nullptr ? otherwise : value->text == "true";
}

std::string text_of(const YamlNode& node, std::string_view key) {
  const YamlNode* value = node.find(key);
  return value == nullptr ? "" : value->text;
}

void check_keys(const YamlNode& node, const std::vector<std::string>& known, const SourceFile& file, Mistakes& mistakes) {
  for (const auto& [key, value] : node.entries)
    if (std::find(known.begin(), known.end(), key.text) == known.end())
      mistakes.add(file, key.offset, "'" + key.text + "' is not known here; known are: " + join(known, ", "));
}

SampleHost read_host(const YamlNode& node, const SampleCompany& company, Layers& layers, const SourceFile& file, Mistakes& mistakes) {
  check_keys(node, {"name", "note", "of", "facts", "changes", "unreadable", "privileged", "retired", "first_days_ago", "last_days_ago"}, file, mistakes);
  SampleHost host;
  host.name = text_of(node, "name");
  if (host.name.empty()) mistakes.add(file, node.offset, "a host needs a name");
  host.first_days_ago = whole_number(node, "first_days_ago", company.days, file, mistakes);
  host.last_days_ago = whole_number(node, "last_days_ago", 0, file, mistakes);
  host.retired = flag(node, "retired", false);
  host.privileged = flag(node, "privileged", true);
  host.facts = json::object();
  if (const YamlNode* of = node.find("of")) layers.lay_parts(host.facts, *of, file);
  if (const YamlNode* facts = node.find("facts")) layers.lay(host.facts, *facts, file);
  if (const YamlNode* unreadable = node.find("unreadable"))
    for (const auto& [path, reason] : unreadable->entries) host.unreadable[path.text] = reason.text;
  json now = host.facts;
  if (const YamlNode* changes = node.find("changes"))
    for (const YamlNode& change : changes->items) {
      check_keys(change, {"days_ago", "what", "facts"}, file, mistakes);
      const int days_ago = whole_number(change, "days_ago", 0, file, mistakes);
      if (!host.changes.empty() && host.changes.back().days_ago <= days_ago) mistakes.add(file, change.offset, "changes stand oldest first");
      if (const YamlNode* facts = change.find("facts")) layers.lay(now, *facts, file);
      host.changes.push_back({days_ago, now});
    }
  return host;
}

// Seconds before the end at which a host is scanned, so that not all scan in the same second.
std::int64_t minute_of(const std::string& name) {
  constexpr std::uint64_t kWithinSeconds = 40 * 60;
  return static_cast<std::int64_t>(parse_hex(sha256_hex(name).substr(0, 8)).value_or(0) % kWithinSeconds);
}

Result<void> hide_unreadable(const SampleHost& host, json& facts, Scan& scan) {
  for (const auto& [path, reason] : host.unreadable) {
    if (!leave_out(facts, path)) return fail(ErrorKind::invalid, host.name + ": unreadable: " + path + ": the host has no such fact");
    Section& section = scan.sections[path.substr(0, path.find('.'))];
    section.status = SectionStatus::partial;
    section.missing[path] = reason;
  }
  return {};
}

}  // namespace

Result<SampleCompany> read_sample_company(const std::string& folder) {
  Mistakes mistakes;
  auto about = read_document(folder, "company.yaml", mistakes);
  auto parts = read_document(folder, "parts.yaml", mistakes);
  auto hosts = read_document(folder, "hosts.yaml", mistakes);
  for (const auto* document : {&about, &parts, &hosts})
    if (!*document) return tl::unexpected(document->error());
  SampleCompany company;
  company.organisation = text_of(about->tree, "organisation");
  company.days = whole_number(about->tree, "days", 0, about->file, mistakes);
  company.days_between_scans = whole_number(about->tree, "days_between_scans", 0, about->file, mistakes);
  if (company.organisation.empty() || company.days_between_scans == 0)
    mistakes.add(about->file, 0, "organisation, days and days_between_scans are needed");
  Layers layers(*parts, mistakes);
  const YamlNode* list = hosts->tree.find("hosts");
  if (list == nullptr || list->items.empty()) mistakes.add(hosts->file, 0, "a list of hosts is needed");
  else
    for (const YamlNode& node : list->items) {
      company.hosts.push_back(read_host(node, company, layers, hosts->file, mistakes));
      const std::string& name = company.hosts.back().name;
      if (std::count_if(company.hosts.begin(), company.hosts.end(), [&](const SampleHost& host) { return host.name == name; }) > 1)
        mistakes.add(hosts->file, node.offset, "a host '" + name + "' is there already");
    }
  if (!mistakes.empty()) return fail(ErrorKind::invalid, folder + ":\n" + mistakes.text());
  return company;
}

std::vector<int> scan_days(const SampleCompany& company) {
  std::vector<int> days;
  for (int day = company.days / company.days_between_scans * company.days_between_scans; day >= 0; day -= company.days_between_scans) days.push_back(day);
  return days;
}

bool reports_on(const SampleHost& host, int days_ago) { return days_ago <= host.first_days_ago && days_ago >= host.last_days_ago; }

Result<Scan> sample_scan(const SampleCompany& company, std::size_t host, int days_ago, std::int64_t end) {
  const SampleHost& written = company.hosts.at(host);
  json facts = written.facts;
  for (const SampleChange& change : written.changes)
    if (days_ago <= change.days_ago) facts = change.facts;
  if (auto typed = type_facts(facts); !typed) return fail(written.name, typed.error());
  complete_facts(facts, written.name, static_cast<int>(host));
  turn_back(facts, written.name, days_ago);
  Scan scan;
  constexpr std::int64_t kDaySeconds = 86400;
  scan.host_id = sha256_hex("sample company: " + written.name).substr(0, kHostIdDigits);
  scan.sequence = static_cast<std::uint64_t>((company.days - days_ago) / company.days_between_scans + 1);
  scan.taken_at = end - days_ago * kDaySeconds - minute_of(written.name);
  scan.agent_version = PLUMBLINE_VERSION;
  scan.privileged = written.privileged;
  const double size = static_cast<double>(facts.dump().size());
  constexpr double kMsPerByte = 0.003;  // about what the agent takes for as much
  scan.cpu_ms = std::round(size * kMsPerByte * 10) / 10;
  scan.took_ms = std::round(size * kMsPerByte * 15) / 10;
  scan.peak_memory_bytes = 11u << 20;
  if (auto hidden = hide_unreadable(written, facts, scan); !hidden) return tl::unexpected(hidden.error());
  for (auto& [name, data] : facts.items()) scan.sections[name].data = std::move(data);
  hash_sections(scan);
  return scan;
}

}  // namespace plumbline
