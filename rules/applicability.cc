// SPDX-License-Identifier: Apache-2.0
// Takes a condition's false parts one by one and says of each what the host is or has instead.
#include "rules/applicability.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "facts/catalog.h"
#include "rules/judge.h"
#include "rules/pack.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostReasons = 3;
constexpr std::size_t kMostFacts = 3;
constexpr std::size_t kShownCharacters = 200;

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kRoles = {{{"database", "database"},
                                                                                  {"ai_server", "AI server"},
                                                                                  {"notebook", "notebook server"},
                                                                                  {"gpu", "AI card"},
                                                                                  {"container_host", "container host"},
                                                                                  {"kubernetes_node", "Kubernetes node"},
                                                                                  {"web_server", "web server"},
                                                                                  {"workstation", "workstation"},
                                                                                  {"container", "container"}}};

/// Names of facts that conditions ask for often; others go by the catalog's meaning.
constexpr std::array<std::pair<std::string_view, std::string_view>, 26> kNames = {{
    {"accelerators.devices", "AI cards"},
    {"accounts.sudo_installed", "sudo is installed"},
    {"ai.frameworks", "AI software in Python environments"},
    {"ai.mcp_configs", "settings of AI agents' tools"},
    {"ai.model_files", "model files"},
    {"ai.services", "AI services"},
    {"boot.firmware", "firmware"},
    {"boot.grub_config_mode", "GRUB's configuration"},
    {"certificates.count", "server certificates"},
    {"containers.kubernetes_role", "Kubernetes role"},
    {"containers.running", "running containers"},
    {"containers.runtimes", "container engines"},
    {"data_stores.instances", "data stores"},
    {"firewall.active", "a firewall is in force"},
    {"firewall.manager", "firewall manager"},
    {"host.chassis", "kind of machine"},
    {"host.cloud_provider", "cloud"},
    {"network.interfaces", "network interfaces"},
    {"os.family", "family of the system"},
    {"os.init", "init system"},
    {"packages.manager", "package manager"},
    {"ssh.installed", "an SSH server is installed"},
    {"ssh.password_authentication", "SSH takes passwords"},
    {"ssh.running", "the SSH server listens"},
    {"storage.raids", "RAID arrays"},
    {"accounts.human_count", "people with an account"}}};

/// What a condition was false about; less is told first.
enum class Subject { roles, container, machine, facts };

struct Reason {
  Subject subject = Subject::facts;
  std::string text;
};

std::string role_title(std::string_view name) {
  for (const auto& [id, title] : kRoles)
    if (id == name) return std::string(title);
  return std::string(name);
}

std::string cut_to(const std::string& text, std::size_t most) { return text.size() <= most ? text : text.substr(0, most) + " …"; }

/// The value of "host.container" or of one member further down; what is not there is unknown.
cel::Value value_at(const std::string& path, const cel::Lookup& lookup) {
  const std::vector<std::string_view> parts = split(path, '.');
  cel::Value value = lookup(parts[0]);
  for (std::size_t at = 1; at < parts.size(); ++at) {
    const cel::Map* map = value.map();
    const cel::Value* next = map != nullptr ? map->find(parts[at]) : nullptr;
    if (next == nullptr) return cel::Value::unknown({path});
    value = cel::Value(*next);
  }
  return value;
}

std::string text_at(const std::string& path, const cel::Lookup& lookup) {
  const cel::Value value = value_at(path, lookup);
  const std::string* text = value.string();
  return text != nullptr ? *text : std::string();
}

bool reads(const cel::Program& part, std::string_view path) {
  return std::find(part.reads().begin(), part.reads().end(), path) != part.reads().end();
}

/// "its roles: web server; asked of: database, AI server" for a part that names roles.
Reason about_roles(const cel::Program& part, const cel::Lookup& lookup) {
  std::vector<std::string> has, named;
  const cel::Value roles = value_at("roles.names", lookup);
  if (const cel::List* list = roles.list())
    for (const cel::Value& one : *list)
      if (const std::string* name = one.string()) has.push_back(role_title(*name));
  for (const auto& [id, title] : kRoles)
    if (contains(part.text(), "\"" + std::string(id) + "\"") || contains(part.text(), "'" + std::string(id) + "'")) named.emplace_back(title);
  std::string text = "its roles: " + (has.empty() ? std::string("none that was recognised") : join(has, ", "));
  if (!named.empty()) text += (part.text().front() == '!' ? "; not asked of: " : "; asked of: ") + join(named, ", ");
  return {Subject::roles, text};
}

Reason about_container(const cel::Lookup& lookup) {
  const std::string kind = text_at("host.container", lookup);
  if (kind == "none") return {Subject::container, "no container"};
  return {Subject::container, "a container (" + kind + "): this is judged on the machine that runs it"};
}

Reason about_virtualization(const cel::Lookup& lookup) {
  const std::string kind = text_at("host.virtualization", lookup);
  if (kind == "none") return {Subject::machine, "no virtual machine"};
  return {Subject::machine, "a virtual machine (" + kind + "): this is judged on the machine that carries it"};
}

/// The catalog's meaning up to its first explanation, beginning small unless its first word is a name ("TPM", "SELinux").
std::string meaning_of(const Fact& fact) {
  for (const auto& [path, name] : kNames)
    if (path == fact.path) return std::string(name);
  std::string text(trim(fact.meaning.substr(0, fact.meaning.find_first_of(":;,("))));
  const bool enumerates = contains(fact.meaning, ", ") && fact.meaning.find_first_of(":;(") == std::string_view::npos;
  if (text.empty() || (enumerates && !contains(text, " "))) return std::string(fact.path);
  const bool name = text.size() > 1 && text[1] >= 'A' && text[1] <= 'Z';
  if (!name && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

/// "package manager: apk"; of a list how many were looked at, for its members are what the condition chose among.
std::string about_fact(const std::string& path, const cel::Lookup& lookup) {
  const Fact* fact = find_fact(path);
  const std::string meaning = fact != nullptr ? meaning_of(*fact) : path;
  const cel::Value value = value_at(path, lookup);
  if (value.is_unknown()) return meaning + ": none found";
  if (fact != nullptr && fact->type == FactType::object_list) {
    const std::size_t size = value.list() != nullptr ? value.list()->size() : 0;
    return meaning + ": " + (size == 0 ? "none" : "none of this kind among " + std::to_string(size));
  }
  if (fact != nullptr && fact->type == FactType::string_map) return meaning + ": not among them";
  return meaning + ": " + show_value(value, fact != nullptr ? fact->unit : std::string_view());
}

/// A setting that this kernel lacks: "kernel.yama.ptrace_scope" in kernel.sysctl.
std::string asked_key(const cel::Program& part) {
  const std::string& text = part.text();
  const std::size_t end = text.find('"', 1);
  if (text.empty() || text[0] != '"' || end == std::string::npos) return {};
  return trim(std::string_view(text).substr(end + 1)).starts_with("in ") ? text.substr(1, end - 1) : std::string();
}

Reason about(const cel::Program& part, const cel::Lookup& lookup) {
  if (reads(part, "roles.names")) return about_roles(part, lookup);
  if (part.reads().size() == 1 && part.reads()[0] == "host.container") return about_container(lookup);
  if (part.reads().size() == 1 && part.reads()[0] == "host.virtualization") return about_virtualization(lookup);
  const Fact* only = part.reads().size() == 1 ? find_fact(part.reads()[0]) : nullptr;
  const std::string key = only != nullptr && only->type == FactType::string_map ? asked_key(part) : std::string();
  if (!key.empty()) return {Subject::facts, key + ": not there on this host"};
  std::vector<std::string> told;
  for (const std::string& path : part.reads()) {
    if (contains(path, "[]") || told.size() == kMostFacts) continue;  // the list itself is read as well
    told.push_back(about_fact(path, lookup));
  }
  const bool of_machine = !part.reads().empty() && part.reads()[0].starts_with("host.");
  return {of_machine ? Subject::machine : Subject::facts, join(told, ", ")};
}

/// "size(props.expected_services) > 0": what a site may set has its value in the program, not among the facts.
Reason about_property(const std::string& text) {
  const std::size_t begin = text.find("props.") + 6;
  const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", begin);
  return {Subject::facts, "depends on what this site sets as " + text.substr(begin, end - begin)};
}

bool is_false(const cel::Program& part, const cel::Lookup& lookup) {
  const cel::Value value = part.evaluate(lookup, kJudgingLimits);
  const bool* holds = value.get_if<bool>();
  return holds != nullptr && !*holds;
}

}  // namespace

std::string why_not_applicable(const cel::Program& when, const cel::Lookup& lookup) {
  static const cel::Declarations kFacts = fact_declarations();
  std::vector<Reason> reasons;
  std::string property;
  for (const std::string& text : when.conjuncts()) {
    const auto part = cel::compile(text, kFacts);
    if (part && is_false(*part, lookup)) reasons.push_back(about(*part, lookup));
    if (!part && contains(text, "props.")) property = text;
  }
  if (reasons.empty() && !property.empty()) reasons.push_back(about_property(property));
  if (reasons.empty() && is_false(when, lookup)) return "applies where " + cut_to(when.text(), kShownCharacters);
  std::stable_sort(reasons.begin(), reasons.end(), [](const Reason& a, const Reason& b) { return a.subject < b.subject; });
  std::vector<std::string> told;
  for (const Reason& reason : reasons)
    if (!reason.text.empty() && told.size() < kMostReasons && std::find(told.begin(), told.end(), reason.text) == told.end()) told.push_back(reason.text);
  return join(told, "; ");
}

}  // namespace plumbline
