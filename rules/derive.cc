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
#include "rules/cel/json.h"
#include "rules/fact_record.h"
#include "rules/fact_tree.h"
#include "rules/fact_values.h"
#include "rules/store_support.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr double kMemoryTolerance = 0.15;  // ECC on GDDR6 hides about 6 %, firmware a little more

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

void derive_os(const FactRecord& facts, const Catalogue& catalogue, std::int64_t taken_at) {
  FactRecord os = facts.object("os");
  if (!os) return;
  for (const char* key : {"support_ends", "standard_support_ends", "support_days_left"}) os.erase(key);
  std::string id = os.text("id");
  std::string version = os.text("version");
  const Lifecycle* line = find_lifecycle(catalogue, os_product(id, os.text("name")), version);
  if (!line && id == "alpine") line = find_lifecycle(catalogue, "alpine", version);
  if (!line) return;
  if (line->standard_end) os.set("standard_support_ends", date_text(*line->standard_end));
  if (!line->support_end) return;
  os.set("support_ends", date_text(*line->support_end));
  os.set("support_days_left", days_left(*line->support_end, taken_at));
}

void set_days_left(FactRecord& object, const char* key, const Catalogue& catalogue, std::string_view product,
                   const std::string& version, std::int64_t taken_at) {
  object.erase(key);
  if (version.empty()) return;
  const Lifecycle* line = find_lifecycle(catalogue, product, version);
  if (line && line->support_end) object.set(key, days_left(*line->support_end, taken_at));
}

// ---- accelerators

using Models = std::vector<const AcceleratorModel*>;

Models models_with_id(const Catalogue& catalogue, const FactRecord& device) {
  std::string vendor = lower(device.text("vendor_id"));
  std::string id = lower(device.text("device_id"));
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
std::optional<PciAddress> pci_address(const FactRecord& device) {
  std::string text = device.text("address");
  auto parts = split(text, ':');
  if (parts.size() != 3) return std::nullopt;
  auto domain = parse_hex(parts[0]);
  auto bus = parse_hex(parts[1]);
  if (!domain || !bus) return std::nullopt;
  return PciAddress{*domain, *bus};
}

// GPUs of one board stand behind its bridge on neighbouring buses: whether this device is in such a run.
bool in_run_of(std::size_t count, const FactRecord& device, const std::vector<FactRecord>& devices) {
  auto own = pci_address(device);
  if (!own) return false;
  std::set<std::uint64_t> buses;
  for (const FactRecord& other : devices) {
    if (other.text("device_id") != device.text("device_id")) continue;
    auto address = pci_address(other);
    if (address && address->domain == own->domain) buses.insert(address->bus);
  }
  std::uint64_t first = own->bus, last = own->bus;
  while (first > 0 && buses.count(first - 1)) --first;
  while (buses.count(last + 1)) ++last;
  return last - first + 1 >= count;
}

// Rows that differ in GPUs a board, as A2 and A16 do: by the PCI subsystem (pci.ids: 10de:14a9 A16, 10de:157e A2), else
// by neighbours on the bus.
Models narrow_by_board(const Models& models, const FactRecord& device, const std::vector<FactRecord>& devices) {
  int most = 1;
  for (const AcceleratorModel* model : models) most = std::max(most, model->gpus_per_board);
  if (most == 1) return models;
  std::string subsystem = lower(device.text("subsystem_id"));
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

void derive_memory(FactRecord& device, const Models& models) {
  if (device.number("memory_bytes")) {
    device.set("memory_source", std::string_view("device"));
    return;
  }
  device.erase("memory_source");
  auto memory = agreed<double>(models, [](const AcceleratorModel& m) { return m.memory_gb; });
  if (!memory) return;
  device.set("memory_bytes", static_cast<std::int64_t>(std::llround(*memory * 1e9)));
  device.set("memory_source", std::string_view("catalogue"));
}

void derive_device(FactRecord& device, const std::vector<FactRecord>& devices, const Catalogue& catalogue) {
  for (const char* key : {"status", "consumer", "bandwidth_gbs", "tdp_watts"}) device.erase(key);
  if (device.text("vendor_id").empty() || device.text("device_id").empty()) return;
  const Models models = models_of(catalogue, device, devices);
  derive_memory(device, models);
  if (models.empty()) {
    if (!catalogue.accelerators.empty()) device.set("status", std::string_view("unlisted"));
    return;
  }
  if (device.text("name").empty()) device.set("name", std::string_view(joined_names(models)));
  auto set = [&](const char* key, auto value) {
    if (value) device.set(key, *value);
  };
  set("status", agreed<std::string>(models, [](const AcceleratorModel& m) { return std::optional(m.status); }));
  set("consumer", agreed<bool>(models, [](const AcceleratorModel& m) { return std::optional(m.consumer); }));
  set("bandwidth_gbs", agreed<double>(models, [](const AcceleratorModel& m) { return m.bandwidth_gbs; }));
  // The table gives the power of the board; a device is one of its GPUs.
  set("tdp_watts", agreed<double>(models, [](const AcceleratorModel& m) {
        return m.tdp_watts ? std::optional(*m.tdp_watts / m.gpus_per_board) : std::nullopt;
      }));
  if (!device.number("compute_capability")) {
    set("compute_capability",
        agreed<double>(models, [](const AcceleratorModel& m) { return m.compute_capability; }));
  }
}

// Sums over usable devices; one whose state or memory is not known leaves both unknown.
void derive_accelerator_sums(FactRecord& accelerators, const std::vector<FactRecord>& devices) {
  std::int64_t total = 0, largest = 0;
  for (const FactRecord& device : devices) {
    auto usable = device.flag("usable");
    if (!usable) return;
    if (!*usable) continue;
    auto memory = device.number("memory_bytes");
    if (!memory) return;
    auto bytes = static_cast<std::int64_t>(std::clamp(*memory, 0.0, 1e15));
    total += bytes;
    largest = std::max(largest, bytes);
  }
  accelerators.set("memory_total_bytes", total);
  accelerators.set("memory_largest_bytes", largest);
}

void derive_accelerators(const FactRecord& facts, const Catalogue& catalogue, std::int64_t taken_at) {
  FactRecord accelerators = facts.object("accelerators");
  if (!accelerators) return;
  for (const char* key : {"memory_total_bytes", "memory_largest_bytes"}) accelerators.erase(key);
  set_days_left(accelerators, "nvidia_driver_support_days_left", catalogue, "nvidia-driver",
                accelerators.text("nvidia_driver"), taken_at);
  if (!accelerators.has("devices")) return;
  std::vector<FactRecord> devices = accelerators.objects("devices");
  for (FactRecord& device : devices) derive_device(device, devices, catalogue);
  derive_accelerator_sums(accelerators, devices);
}

void derive_containers(const FactRecord& facts, const Catalogue& catalogue, std::int64_t taken_at) {
  for (FactRecord& runtime : facts.object("containers").objects("runtimes"))
    set_days_left(runtime, "support_days_left", catalogue, runtime_product(runtime.text("name")), runtime.text("version"), taken_at);
}

// Lays the derived facts of a document over the JSON it was read from: those the document lacks are taken away.
void write_back(const FactRecord& record, const FactTree& tree, json& data) {
  for (const FactTree& member : tree.members) {
    if (member.is_group()) {
      auto at = data.find(member.name);
      if (at != data.end() && at->is_object()) write_back(record.object(member.name), member, *at);
    } else if (member.fact->type == FactType::object_list) {
      auto at = data.find(member.name);
      if (at == data.end() || !at->is_array()) continue;
      std::size_t i = 0;
      std::vector<FactRecord> records = record.objects(member.name);
      for (json& item : *at) {
        if (item.is_object() && i < records.size()) write_back(records[i++], member, item);
      }
    } else if (contains(member.fact->source, "derived")) {
      const cel::Cell* cell = record.cell(member.name);
      data.erase(member.name);
      if (cell && !cell->missing()) data[member.name] = cel::to_json(cel::value_of(*cell));
    }
  }
}

}  // namespace

std::vector<const AcceleratorModel*> models_of(const Catalogue& catalogue, const FactRecord& device,
                                               const std::vector<FactRecord>& devices) {
  Models models = models_with_id(catalogue, device);
  if (models.size() > 1) models = narrow_by_name(models, device.text("name"));
  if (models.size() > 1) models = narrow_by_board(models, device, devices);
  if (models.size() > 1) models = narrow_by_memory(models, device.number("memory_bytes"));
  return models;
}

void derive_facts(cel::Document& document, const Catalogue& catalogue, std::int64_t taken_at) {
  FactRecord facts(document);
  derive_os(facts, catalogue, taken_at);
  derive_accelerators(facts, catalogue, taken_at);
  derive_data_stores(facts, catalogue, taken_at);
  derive_containers(facts, catalogue, taken_at);
}

void derive_facts(json& facts, const Catalogue& catalogue, std::int64_t taken_at) {
  if (!facts.is_object()) return;
  FactReader reader;
  auto document = reader.read_facts(facts);
  if (!document) return;
  derive_facts(**document, catalogue, taken_at);
  write_back(FactRecord(**document), fact_tree(), facts);
}

}  // namespace plumbline
