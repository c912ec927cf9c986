// SPDX-License-Identifier: Apache-2.0
// Joins a host's facts with the dated tables: support ends, accelerator models, sums. An input that is unknown leaves
// its output absent.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "base/time.h"
#include "rules/catalogue.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::int64_t kDaySeconds = 86'400;
constexpr double kMemoryTolerance = 0.15;  // ECC on GDDR6 hides about 6 %, firmware a little more

std::string text_of(const json& object, const char* key) {
  auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::optional<double> number_of(const json& object, const char* key) {
  auto at = object.find(key);
  return at != object.end() && at->is_number() ? std::optional(at->get<double>()) : std::nullopt;
}

std::optional<bool> flag_of(const json& object, const char* key) {
  auto at = object.find(key);
  return at != object.end() && at->is_boolean() ? std::optional(at->get<bool>()) : std::nullopt;
}

// The section as an object, or nullptr.
json* section_of(json& facts, const char* name) {
  auto at = facts.find(name);
  return at != facts.end() && at->is_object() ? &*at : nullptr;
}

// The objects of a list; empty where there is no such list.
std::vector<json*> objects_of(json* section, const char* list) {
  std::vector<json*> out;
  if (!section) return out;
  auto at = section->find(list);
  if (at == section->end() || !at->is_array()) return out;
  for (json& item : *at) {
    if (item.is_object()) out.push_back(&item);
  }
  return out;
}

// Whole days between the day of the scan and a date; 0 on the last day.
std::int64_t days_left(std::int64_t end, std::int64_t taken_at) {
  std::int64_t day = taken_at >= 0 ? taken_at / kDaySeconds : (taken_at - kDaySeconds + 1) / kDaySeconds;
  return end / kDaySeconds - day;
}

std::string date_text(std::int64_t seconds) { return to_iso8601(seconds).substr(0, 10); }

// ID of os-release → product of the lifecycle table, where the two differ
std::string os_product(const std::string& id, const std::string& name) {
  static const std::map<std::string, std::string, std::less<>> products = {
      {"rocky", "rocky-linux"},   {"ol", "oracle-linux"},   {"amzn", "amazon-linux"}, {"sled", "sles"},
      {"sles_sap", "sles"},       {"raspbian", "debian"},   {"alpine", "alpine-linux"}, {"opensuse-leap", "opensuse"}};
  if (id == "centos" && contains(name, "Stream")) return "centos-stream";
  auto at = products.find(id);
  return at == products.end() ? id : at->second;
}

void derive_os(json& facts, const Catalogue& catalogue, std::int64_t taken_at) {
  json* os = section_of(facts, "os");
  if (!os) return;
  for (const char* key : {"support_ends", "standard_support_ends", "support_days_left"}) os->erase(key);
  std::string id = text_of(*os, "id");
  std::string version = text_of(*os, "version");
  const Lifecycle* line = find_lifecycle(catalogue, os_product(id, text_of(*os, "name")), version);
  if (!line && id == "alpine") line = find_lifecycle(catalogue, "alpine", version);
  if (!line) return;
  if (line->standard_end) (*os)["standard_support_ends"] = date_text(*line->standard_end);
  if (!line->support_end) return;
  (*os)["support_ends"] = date_text(*line->support_end);
  (*os)["support_days_left"] = days_left(*line->support_end, taken_at);
}

void set_days_left(json& object, const char* key, const Catalogue& catalogue, std::string_view product,
                   const std::string& version, std::int64_t taken_at) {
  object.erase(key);
  if (version.empty()) return;
  const Lifecycle* line = find_lifecycle(catalogue, product, version);
  if (line && line->support_end) object[key] = days_left(*line->support_end, taken_at);
}

// ---- accelerators

using Models = std::vector<const AcceleratorModel*>;

Models models_of(const Catalogue& catalogue, const json& device) {
  std::string vendor = lower(text_of(device, "vendor_id"));
  std::string id = lower(text_of(device, "device_id"));
  Models out;
  for (const AcceleratorModel& model : catalogue.accelerators) {
    bool listed = std::find(model.device_ids.begin(), model.device_ids.end(), id) != model.device_ids.end();
    if (model.vendor_id == vendor && listed) out.push_back(&model);
  }
  return out;
}

// Words of a model's name without what stands in parentheses: "A16 (4 GPUs)" → {"a16"}
std::set<std::string> name_words(std::string_view name) {
  std::set<std::string> out;
  std::string plain = lower(name.substr(0, name.find('(')));
  for (std::string_view word : words(plain)) out.insert(std::string(word));
  return out;
}

// The models whose whole name the driver says; the longest of them, for "RX 7900" stands in "RX 7900 XTX" too.
Models narrow_by_name(const Models& models, const std::string& driver_name) {
  std::set<std::string> said = name_words(driver_name);
  Models out;
  std::size_t most = 0;
  for (const AcceleratorModel* model : models) {
    std::set<std::string> name = name_words(model->name);
    if (name.empty() || !std::includes(said.begin(), said.end(), name.begin(), name.end())) continue;
    if (name.size() > most) out.clear();
    if (name.size() >= most) out.push_back(model);
    most = std::max(most, name.size());
  }
  return out.empty() ? models : out;
}

Models narrow_by_memory(const Models& models, std::optional<double> memory_bytes) {
  if (!memory_bytes) return models;
  Models out;
  double nearest = kMemoryTolerance;
  for (const AcceleratorModel* model : models) {
    if (!model->memory_gb || *model->memory_gb <= 0) continue;
    double off = std::abs(*memory_bytes / 1e9 / *model->memory_gb - 1);
    if (off > nearest) continue;
    if (off < nearest) out.clear();
    nearest = off;
    out.push_back(model);
  }
  return out.empty() ? models : out;
}

struct PciAddress {
  std::uint64_t domain = 0, bus = 0;
};
// "0000:41:00.0"
std::optional<PciAddress> pci_address(const json& device) {
  std::string text = text_of(device, "address");
  auto parts = split(text, ':');
  if (parts.size() != 3) return std::nullopt;
  auto domain = parse_hex(parts[0]);
  auto bus = parse_hex(parts[1]);
  if (!domain || !bus) return std::nullopt;
  return PciAddress{*domain, *bus};
}

// GPUs of one board stand behind its bridge on neighbouring buses: whether this device is in such a run.
bool in_run_of(std::size_t count, const json& device, const std::vector<json*>& devices) {
  auto own = pci_address(device);
  if (!own) return false;
  std::set<std::uint64_t> buses;
  for (const json* other : devices) {
    if (text_of(*other, "device_id") != text_of(device, "device_id")) continue;
    auto address = pci_address(*other);
    if (address && address->domain == own->domain) buses.insert(address->bus);
  }
  std::uint64_t first = own->bus, last = own->bus;
  while (first > 0 && buses.count(first - 1)) --first;
  while (buses.count(last + 1)) ++last;
  return last - first + 1 >= count;
}

// Rows that differ in GPUs a board, as A2 and A16 do: by the PCI subsystem (pci.ids: 10de:14a9 A16, 10de:157e A2), else
// by neighbours on the bus.
Models narrow_by_board(const Models& models, const json& device, const std::vector<json*>& devices) {
  int most = 1;
  for (const AcceleratorModel* model : models) most = std::max(most, model->gpus_per_board);
  if (most == 1) return models;
  std::string subsystem = lower(text_of(device, "subsystem_id"));
  bool whole_board = in_run_of(static_cast<std::size_t>(most), device, devices);
  if (subsystem == "10de:14a9") whole_board = true;
  if (subsystem == "10de:157e") whole_board = false;
  Models out;
  for (const AcceleratorModel* model : models) {
    if ((model->gpus_per_board > 1) == whole_board) out.push_back(model);
  }
  return out.empty() ? models : out;
}

// A figure on which all candidates agree.
template <class T, class Get>
std::optional<T> agreed(const Models& models, Get get) {
  std::optional<T> value;
  for (const AcceleratorModel* model : models) {
    std::optional<T> one = get(*model);
    if (!one || (value && *value != *one)) return std::nullopt;
    value = one;
  }
  return value;
}

std::string joined_names(const Models& models) {
  std::vector<std::string> names;
  for (const AcceleratorModel* model : models) {
    if (std::find(names.begin(), names.end(), model->name) == names.end()) names.push_back(model->name);
  }
  return join(names, " or ");
}

void derive_memory(json& device, const Models& models) {
  if (number_of(device, "memory_bytes")) {
    device["memory_source"] = "device";
    return;
  }
  device.erase("memory_source");
  auto memory = agreed<double>(models, [](const AcceleratorModel& m) { return m.memory_gb; });
  if (!memory) return;
  device["memory_bytes"] = static_cast<std::int64_t>(std::llround(*memory * 1e9));
  device["memory_source"] = "catalogue";
}

void derive_device(json& device, const std::vector<json*>& devices, const Catalogue& catalogue) {
  for (const char* key : {"status", "consumer", "bandwidth_gbs", "tdp_watts"}) device.erase(key);
  if (text_of(device, "vendor_id").empty() || text_of(device, "device_id").empty()) return;
  Models models = models_of(catalogue, device);
  if (models.size() > 1) models = narrow_by_name(models, text_of(device, "name"));
  if (models.size() > 1) models = narrow_by_board(models, device, devices);
  if (models.size() > 1) models = narrow_by_memory(models, number_of(device, "memory_bytes"));
  derive_memory(device, models);
  if (models.empty()) {
    if (!catalogue.accelerators.empty()) device["status"] = "unlisted";
    return;
  }
  if (text_of(device, "name").empty()) device["name"] = joined_names(models);
  auto set = [&](const char* key, auto value) {
    if (value) device[key] = *value;
  };
  set("status", agreed<std::string>(models, [](const AcceleratorModel& m) { return std::optional(m.status); }));
  set("consumer", agreed<bool>(models, [](const AcceleratorModel& m) { return std::optional(m.consumer); }));
  set("bandwidth_gbs", agreed<double>(models, [](const AcceleratorModel& m) { return m.bandwidth_gbs; }));
  // The table gives the power of the board; a device is one of its GPUs.
  set("tdp_watts", agreed<double>(models, [](const AcceleratorModel& m) {
        return m.tdp_watts ? std::optional(*m.tdp_watts / m.gpus_per_board) : std::nullopt;
      }));
  if (!number_of(device, "compute_capability")) {
    set("compute_capability",
        agreed<double>(models, [](const AcceleratorModel& m) { return m.compute_capability; }));
  }
}

// Sums over usable devices; one whose state or memory is not known leaves both unknown.
void derive_accelerator_sums(json& accelerators, const std::vector<json*>& devices) {
  std::int64_t total = 0, largest = 0;
  for (const json* device : devices) {
    auto usable = flag_of(*device, "usable");
    if (!usable) return;
    if (!*usable) continue;
    auto memory = number_of(*device, "memory_bytes");
    if (!memory) return;
    auto bytes = static_cast<std::int64_t>(std::clamp(*memory, 0.0, 1e15));
    total += bytes;
    largest = std::max(largest, bytes);
  }
  accelerators["memory_total_bytes"] = total;
  accelerators["memory_largest_bytes"] = largest;
}

void derive_accelerators(json& facts, const Catalogue& catalogue, std::int64_t taken_at) {
  json* accelerators = section_of(facts, "accelerators");
  if (!accelerators) return;
  for (const char* key : {"memory_total_bytes", "memory_largest_bytes"}) accelerators->erase(key);
  set_days_left(*accelerators, "nvidia_driver_support_days_left", catalogue, "nvidia-driver",
                text_of(*accelerators, "nvidia_driver"), taken_at);
  auto list = accelerators->find("devices");
  if (list == accelerators->end() || !list->is_array()) return;
  std::vector<json*> devices = objects_of(accelerators, "devices");
  for (json* device : devices) derive_device(*device, devices, catalogue);
  derive_accelerator_sums(*accelerators, devices);
}

// ---- data stores and containers

std::string store_product(const std::string& kind) {
  static const std::map<std::string, std::string, std::less<>> products = {
      {"kafka", "apache-kafka"},    {"cassandra", "apache-cassandra"}, {"couchbase", "couchbase-server"},
      {"mssql", "mssqlserver"},     {"sqlserver", "mssqlserver"},      {"oracle", "oracle-database"},
      {"db2", "ibm-db2"}};
  auto at = products.find(kind);
  return at == products.end() ? kind : at->second;
}

enum class Origin { distribution, elsewhere, unknown };

bool has_digit_after(std::string_view text, std::string_view mark) {
  std::size_t at = text.find(mark);
  return at != std::string_view::npos && at + mark.size() < text.size() &&
         std::isdigit(static_cast<unsigned char>(text[at + mark.size()]));
}

// Debian: "15.18-0+deb12u1", "5:7.0.15-1~deb12u3", "8.0.39-0ubuntu0.22.04.1", "3.4.23-1+b1" are the distribution's;
// "15.8-1.pgdg120+1", "1:10.11.6+maria~deb12", "8.0.39-1debian12", "6:7.4.1-1rl1~bookworm1" are not.
Origin debian_origin(std::string_view version) {
  for (std::string_view foreign : {"pgdg", "maria~", "percona", "debian"}) {
    if (contains(version, foreign)) return Origin::elsewhere;
  }
  if (has_digit_after(version, "+deb") || has_digit_after(version, "~deb")) return Origin::distribution;
  std::size_t dash = version.rfind('-');
  if (dash == std::string_view::npos) return Origin::unknown;
  std::string_view revision = version.substr(dash + 1);
  if (has_digit_after(revision, "ubuntu") || has_digit_after(revision, "build")) return Origin::distribution;
  bool plain = !revision.empty() && std::all_of(revision.begin(), revision.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) || c == '.' || c == '+' || c == 'b';
  });
  return plain ? Origin::distribution : Origin::elsewhere;
}

// Enterprise Linux: "13.16-1.el9_4" and "…module+el8.9.0+…" are the distribution's; "15.8-1PGDG.rhel9" is not; a plain
// ".el9" may be anybody's.
Origin rhel_origin(std::string_view version) {
  if (contains(version, "PGDG")) return Origin::elsewhere;
  if (contains(version, "module+el") || contains(version, "module_el")) return Origin::distribution;
  std::size_t at = version.find(".el");
  if (at == std::string_view::npos) return Origin::unknown;
  return contains(version.substr(at), "_") ? Origin::distribution : Origin::unknown;
}

// The package's own version where the instance has a shortened one: the entry of packages.versions whose name begins
// with the kind and whose version begins with that of the instance.
std::string package_version(json& facts, const std::string& kind, const std::string& version) {
  if (version.find('-') != std::string::npos) return version;
  json* packages = section_of(facts, "packages");
  auto list = packages ? packages->find("versions") : json::iterator();
  if (!packages || list == packages->end() || !list->is_object() || version.empty()) return version;
  for (const auto& [name, entry] : list->items()) {
    if (name.compare(0, kind.size(), kind) != 0 || !entry.is_string()) continue;
    std::string full = entry.get<std::string>();
    std::string_view plain = full;
    if (auto colon = plain.find(':'); colon != std::string_view::npos && colon < 4) plain.remove_prefix(colon + 1);
    bool longer = plain.size() > version.size() && !std::isdigit(static_cast<unsigned char>(plain[version.size()]));
    if (longer && plain.compare(0, version.size(), version) == 0) return full;
  }
  return version;
}

void derive_distro_supported(json& facts, json& instance) {
  instance.erase("distro_supported");
  json* os = section_of(facts, "os");
  if (!os) return;
  std::string family = text_of(*os, "family");
  std::string version = package_version(facts, text_of(instance, "kind"), text_of(instance, "version"));
  Origin origin = Origin::unknown;
  if (family == "debian") origin = debian_origin(version);
  if (family == "rhel") origin = rhel_origin(version);
  if (origin == Origin::elsewhere) instance["distro_supported"] = false;
  auto left = number_of(*os, "support_days_left");
  if (origin == Origin::distribution && left) instance["distro_supported"] = *left >= 0;
}

void derive_data_stores(json& facts, const Catalogue& catalogue, std::int64_t taken_at) {
  for (json* instance : objects_of(section_of(facts, "data_stores"), "instances")) {
    set_days_left(*instance, "support_days_left", catalogue, store_product(text_of(*instance, "kind")),
                  text_of(*instance, "version"), taken_at);
    derive_distro_supported(facts, *instance);
  }
}

void derive_containers(json& facts, const Catalogue& catalogue, std::int64_t taken_at) {
  for (json* runtime : objects_of(section_of(facts, "containers"), "runtimes")) {
    std::string name = text_of(*runtime, "name");
    if (name == "docker") name = "docker-engine";
    if (name == "kubelet") name = "kubernetes";
    set_days_left(*runtime, "support_days_left", catalogue, name, text_of(*runtime, "version"), taken_at);
  }
}

}  // namespace

void derive_facts(json& facts, const Catalogue& catalogue, std::int64_t taken_at) {
  if (!facts.is_object()) return;
  derive_os(facts, catalogue, taken_at);
  derive_accelerators(facts, catalogue, taken_at);
  derive_data_stores(facts, catalogue, taken_at);
  derive_containers(facts, catalogue, taken_at);
}

}  // namespace plumbline
