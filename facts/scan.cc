// SPDX-License-Identifier: Apache-2.0
#include "facts/scan.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "base/time.h"
#include "facts/catalog.h"
#include "facts/wire.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxSections = 64;
constexpr std::size_t kMaxSectionName = 64;
constexpr std::array<std::pair<SectionStatus, std::string_view>, 3> kStatusNames = {
    {{SectionStatus::ok, "ok"}, {SectionStatus::partial, "partial"}, {SectionStatus::failed, "failed"}}};

std::string_view to_text(SectionStatus status) {
  for (const auto& [value, name] : kStatusNames)
    if (value == status) return name;
  return "failed";
}

// Canonical JSON by hand, keys in order: the facts are written from where they are and never copied into a value.
std::string hashed_part(const Section& section) {
  std::string out = "{\"data\":";
  out += canonical_json(section.data);
  out += ",\"missing\":";
  out += canonical_json(section.missing);
  out += ",\"status\":\"";
  out += to_text(section.status);
  return out += "\"}";
}

/// On the wire one hash holds for all sections, and none has its own.
std::string section_json(const Section& section, bool with_hash) {
  std::string out = "{\"data\":" + canonical_json(section.data) + ',';
  if (with_hash) out += "\"hash\":" + canonical_json(section.hash) + ',';
  if (!section.missing.empty()) out += "\"missing\":" + canonical_json(section.missing) + ',';
  out += "\"status\":\"";
  out += to_text(section.status);
  return out += "\",\"took_ms\":" + canonical_json(section.took_ms) + '}';
}

auto invalid(std::string message) { return fail(ErrorKind::invalid, "scan: " + std::move(message)); }

bool has_type(const json& value, FactType type) {
  const auto all_strings = [](const json& items) {
    return std::all_of(items.begin(), items.end(), [](const json& item) { return item.is_string(); });
  };
  switch (type) {
    case FactType::boolean: return value.is_boolean();
    case FactType::integer: return value.is_number_integer() && (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
    case FactType::number: return value.is_number();
    case FactType::string: return value.is_string();
    case FactType::string_list: return value.is_array() && all_strings(value);
    case FactType::string_map: return value.is_object() && all_strings(value);
    case FactType::object_list:
      return value.is_array() && std::all_of(value.begin(), value.end(), [](const json& item) { return item.is_object(); });
  }
  return false;
}

Result<void> check_facts(const std::string& prefix, const json& object) {
  std::string path = prefix;
  for (const auto& [key, value] : object.get_ref<const json::object_t&>()) {
    path.resize(prefix.size());
    path += key;
    const Fact* fact = find_fact(path);
    if (!fact) continue;
    if (!has_type(value, fact->type))
      return invalid(path + " must be " + std::string(to_text(fact->type)) + ", it is " + value.type_name());
    if (fact->type != FactType::object_list) continue;
    const std::string members = path + "[].";
    for (const json& item : value)
      if (auto checked = check_facts(members, item); !checked) return checked;
  }
  return {};
}

/// A member of the wanted kind, or an error that names it.
template <class T>
Result<T> member(const json& object, const char* key, bool (json::*is)() const noexcept, const char* kind) {
  const auto found = object.find(key);
  if (found == object.end()) return invalid(std::string("\"") + key + "\" is missing");
  if (!((*found).*is)()) return invalid(std::string("\"") + key + "\" must be " + kind);
  return found->template get<T>();
}

double number_or(const json& object, const char* key, double otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : otherwise;
}

std::uint64_t count_or_zero(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

json ended_json(const Scan& scan) {
  json probes = json::object();
  for (const auto& [name, probe] : scan.ended)
    probes[name] = {{"outcome", probe.outcome}, {"took_ms", probe.took_ms}, {"cpu_ms", probe.cpu_ms},
                    {"strikes", probe.strikes}, {"left_out_until", probe.left_out_until}};
  return probes;
}

/// Of an agent's own state nothing is refused: what is not as expected is left out.
void read_state(const json& agent, Scan& scan) {
  const auto text_of = [](const json& value) {
    const bool fine = value.is_string() && value.get_ref<const std::string&>().size() <= kMaxSectionName;
    return fine ? value.get<std::string>() : std::string();
  };
  if (const auto words = agent.find("confined"); words != agent.end() && words->is_array())
    for (const auto& word : *words)
      if (scan.confined.size() < kMaxSections && word.is_string()) scan.confined.push_back(text_of(word));
  const auto probes = agent.find("probes");
  if (probes == agent.end() || !probes->is_object() || probes->size() > kMaxSections) return;
  for (const auto& [name, probe] : probes->get_ref<const json::object_t&>()) {
    if (!probe.is_object() || name.size() > kMaxSectionName) continue;
    const auto outcome = probe.find("outcome");
    scan.ended[name] = {outcome == probe.end() ? std::string() : text_of(*outcome), number_or(probe, "took_ms", 0), number_or(probe, "cpu_ms", 0),
                        count_or_zero(probe, "strikes"),
                        static_cast<std::int64_t>(std::min<std::uint64_t>(count_or_zero(probe, "left_out_until"), INT64_MAX))};
  }
}

std::string hash_of_all(const std::map<std::string, std::string>& hashes) {
  std::string all;
  for (const auto& [name, hash] : hashes)
    if (name != kHistorySection) all += name + ' ' + hash + '\n';
  return sha256_hex(all);
}

std::string agent_json(const Scan& scan) {
  json agent = {{"version", scan.agent_version}, {"privileged", scan.privileged}, {"cpu_ms", scan.cpu_ms},
                {"took_ms", scan.took_ms}, {"peak_memory_bytes", scan.peak_memory_bytes}};
  if (scan.dropped_scans > 0) agent["dropped_scans"] = scan.dropped_scans;
  if (!scan.confined.empty()) agent["confined"] = scan.confined;
  if (!scan.ended.empty()) agent["probes"] = ended_json(scan);
  return canonical_json(agent);
}

std::string end_json(const Scan& scan) {
  return ",\"sequence\":" + std::to_string(scan.sequence) + ",\"taken_at\":\"" + to_iso8601(scan.taken_at) + "\"}";
}

bool is_hash(const std::string& text) { return text.size() == 64 && unhex(text); }

/// Takes the facts out of `value`.
Result<Section> read_section(const std::string& name, json& value) {
  if (!value.is_object()) return invalid("section " + name + " must be an object");
  Section section;
  const auto status = member<std::string>(value, "status", &json::is_string, "a string");
  if (!status) return fail("section " + name, status.error());
  const auto* known = std::find_if(kStatusNames.begin(), kStatusNames.end(), [&](const auto& row) { return row.second == *status; });
  if (known == kStatusNames.end()) return invalid("section " + name + ": status \"" + printable(status->substr(0, 40)) + "\" is none of ok, partial, failed");
  section.status = known->first;
  if (value.contains("hash")) {  // on the wire there is none: it follows from the contents
    const auto hash = member<std::string>(value, "hash", &json::is_string, "a string");
    if (!hash) return fail("section " + name, hash.error());
    if (!is_hash(*hash)) return invalid("section " + name + ": hash must be 64 hexadecimal digits");
    section.hash = *hash;
  }
  section.took_ms = number_or(value, "took_ms", 0);
  if (!value.contains("data")) return invalid("section " + name + " came without data");
  if (!value["data"].is_object()) return invalid("section " + name + ": data must be an object");
  section.data = std::move(value["data"]);
  if (value.contains("missing")) {
    if (!has_type(value["missing"], FactType::string_map)) return invalid("section " + name + ": missing must map facts to reasons");
    section.missing = value["missing"].get<std::map<std::string, std::string>>();
  }
  if (auto checked = check_section(name, section); !checked) return tl::unexpected(checked.error());
  std::string hash = hash_of(section);
  if (!section.hash.empty() && hash != section.hash) return invalid("section " + name + ": its hash does not match its contents");
  section.hash = std::move(hash);
  return section;
}

Result<void> read_sections(json& document, Scan& scan) {
  const auto found = document.find("sections");
  if (found == document.end() || !found->is_object()) return invalid("\"sections\" must be an object");
  if (found->size() > kMaxSections) return fail(ErrorKind::limit, "scan: more than 64 sections");
  for (auto& [name, value] : found->get_ref<json::object_t&>()) {
    if (name.empty() || name.size() > kMaxSectionName) return invalid("a section's name has 1 to 64 characters");
    auto section = read_section(name, value);
    if (!section) return tl::unexpected(section.error());
    scan.sections.emplace(name, std::move(*section));
  }
  return {};
}

/// Takes the facts out of the document.
Result<Scan> scan_from(json& document) {
  if (!document.is_object()) return invalid("the document must be an object");
  const auto schema = member<std::int64_t>(document, "schema", &json::is_number_integer, "a whole number");
  if (!schema) return tl::unexpected(schema.error());
  if (*schema != kScanSchema)
    return invalid("schema " + std::to_string(*schema) + " is not known here (this program reads " + std::to_string(kScanSchema) +
                   "); bring agent and collector to the same version");
  const auto host_id = member<std::string>(document, "host_id", &json::is_string, "a string");
  const auto sequence = member<std::uint64_t>(document, "sequence", &json::is_number_unsigned, "a whole number from 0");
  const auto taken_at = member<std::string>(document, "taken_at", &json::is_string, "a string");
  const auto agent = member<json>(document, "agent", &json::is_object, "an object");
  if (!host_id) return tl::unexpected(host_id.error());
  if (!sequence) return tl::unexpected(sequence.error());
  if (!taken_at) return tl::unexpected(taken_at.error());
  if (!agent) return tl::unexpected(agent.error());
  if (!host_id->empty() && !is_host_id(*host_id)) return invalid("host_id must be 32 hexadecimal digits");
  if (*sequence > INT64_MAX) return invalid("sequence is too large");
  const auto time = parse_iso8601(*taken_at);
  if (!time) return invalid("taken_at must look like 2026-11-23T19:35:00Z");
  Scan scan;
  scan.host_id = *host_id;
  scan.sequence = *sequence;
  scan.taken_at = *time;
  const auto version = member<std::string>(*agent, "version", &json::is_string, "a string");
  if (!version) return fail("agent", version.error());
  scan.agent_version = *version;
  scan.privileged = agent->value("privileged", json(false)) == json(true);
  scan.cpu_ms = number_or(*agent, "cpu_ms", 0);
  scan.took_ms = number_or(*agent, "took_ms", 0);
  scan.peak_memory_bytes = count_or_zero(*agent, "peak_memory_bytes");
  scan.dropped_scans = count_or_zero(*agent, "dropped_scans");
  read_state(*agent, scan);
  if (auto read = read_sections(document, scan); !read) return tl::unexpected(read.error());
  return scan;
}

}  // namespace

std::string hash_of(const Section& section) { return sha256_hex(hashed_part(section)); }

void hash_sections(Scan& scan) {
  for (auto& [name, section] : scan.sections) section.hash = hash_of(section);
}

std::string facts_hash(const Scan& scan) {
  std::map<std::string, std::string> hashes;
  for (const auto& [name, section] : scan.sections) hashes[name] = section.hash;
  return hash_of_all(hashes);
}

std::string to_json(const Scan& scan) {
  std::string out = "{\"agent\":" + agent_json(scan) + ",\"host_id\":" + canonical_json(scan.host_id) +
                    ",\"schema\":" + std::to_string(kScanSchema) + ",\"sections\":";
  char before = '{';
  for (const auto& [name, section] : scan.sections) {
    out += std::exchange(before, ',');
    out += canonical_json(name) + ':' + section_json(section, true);
  }
  out += scan.sections.empty() ? "{}" : "}";
  return out + end_json(scan);
}

Result<void> check_section(const std::string& name, const Section& section) { return check_facts(name + ".", section.data); }

std::string to_wire(const Scan& scan, const std::map<std::string, std::string>& acknowledged) {
  const bool all_there = std::all_of(acknowledged.begin(), acknowledged.end(), [&](const auto& row) { return scan.sections.count(row.first) > 0; });
  const bool whole = acknowledged.empty() || !all_there;
  std::string out = "{\"agent\":" + agent_json(scan);
  if (!whole) out += ",\"base\":\"" + hash_of_all(acknowledged) + '"';
  out += ",\"facts\":\"" + facts_hash(scan) + "\",\"host_id\":" + canonical_json(scan.host_id) +
         ",\"schema\":" + std::to_string(kScanSchema) + ",\"sections\":{";
  bool first = true;
  for (const auto& [name, section] : scan.sections) {
    const auto known = acknowledged.find(name);
    if (!whole && known != acknowledged.end() && known->second == section.hash) continue;
    if (!std::exchange(first, false)) out += ',';
    out += canonical_json(name) + ':' + section_json(section, false);
  }
  return out + '}' + end_json(scan);
}

Result<Scan> read_scan(std::string_view text, const JsonLimits& limits) {
  auto document = parse_json(text, limits);
  if (!document) return fail("scan", document.error());
  if (document->is_object() && document->contains("base"))
    return invalid("this document holds only what changed since the scan before it, as it travels to the collector; a whole one: plumbline-agent scan --json");
  return scan_from(*document);
}

Result<Arrived> read_wire(std::string_view text, const JsonLimits& limits) {
  auto document = parse_json(text, limits);
  if (!document) return fail("scan", document.error());
  auto scan = scan_from(*document);
  if (!scan) return tl::unexpected(scan.error());
  Arrived arrived{std::move(*scan), {}, {}};
  for (const auto& [key, hash] : {std::pair{"base", &arrived.base}, {"facts", &arrived.facts}}) {
    if (!document->contains(key)) continue;
    auto told = member<std::string>(*document, key, &json::is_string, "a string");
    if (!told) return tl::unexpected(told.error());
    if (!is_hash(*told)) return invalid(std::string(key) + " must be 64 hexadecimal digits");
    *hash = std::move(*told);
  }
  if (!arrived.base.empty()) return arrived.facts.empty() ? Result<Arrived>(invalid("\"facts\" is missing")) : Result<Arrived>(std::move(arrived));
  const std::string facts = facts_hash(arrived.scan);
  if (!arrived.facts.empty() && arrived.facts != facts) return invalid("\"facts\" does not match its sections");
  arrived.facts = facts;
  return arrived;
}

bool lay_over(const Scan* base, Arrived& arrived) {
  if (base == nullptr || facts_hash(*base) != arrived.base) return false;
  for (const auto& [name, section] : base->sections)
    if (name != kHistorySection) arrived.scan.sections.emplace(name, section);
  return facts_hash(arrived.scan) == arrived.facts;
}

json facts_of(const Scan& scan) {
  json facts = json::object();
  for (const auto& [name, section] : scan.sections)
    if (section.status != SectionStatus::failed) facts[name] = section.data;
  return facts;
}

std::string make_host_id() { return hex(random_bytes(16)); }

bool is_host_id(std::string_view text) {
  return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace plumbline
