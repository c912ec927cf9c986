// SPDX-License-Identifier: Apache-2.0
// Reads the dated tables and finds the release line of a version.
#include "rules/catalogue.h"

#include <algorithm>
#include <iterator>
#include <cctype>
#include <cmath>

#include "base/text.h"
#include "base/time.h"
#include "rules/csv.h"
#include "rules/csv_row.h"
#include "rules/fields.h"
#include "rules/files.h"

namespace plumbline {
namespace {

bool is_pci_id(std::string_view text) {
  return text.size() == 4 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

const std::vector<std::string>& statuses() {
  static const std::vector<std::string> words = {"current", "legacy", "sunset", "dead"};
  return words;
}

void read_ids(const CsvRow& row, AcceleratorModel& model) {
  model.vendor_id = lower(row.text("vendor_id"));
  if (!is_pci_id(model.vendor_id)) row.mistake("vendor_id '" + model.vendor_id + "' is not four hexadecimal digits");
  for (std::string_view id : words(row.table.cell(row.row, "device_ids"))) {
    model.device_ids.push_back(lower(id));
    if (!is_pci_id(model.device_ids.back())) {
      row.mistake("device id '" + std::string(id) + "' is not four hexadecimal digits");
    }
  }
  if (model.device_ids.empty()) row.mistake("device_ids is empty");
}

AcceleratorModel read_model(const CsvRow& row) {
  AcceleratorModel model;
  model.name = row.text("name");
  if (model.name.empty()) row.mistake("name is empty");
  read_ids(row, model);
  model.memory_gb = row.number("memory_gb");
  model.bandwidth_gbs = row.number("bandwidth_gbs");
  model.half_tflops = row.number("half_tflops");
  model.fp8_tflops = row.number("fp8_tflops");
  model.prefill_efficiency = row.number("prefill_efficiency");
  if (model.prefill_efficiency && (*model.prefill_efficiency <= 0 || *model.prefill_efficiency > 1)) {
    row.mistake("prefill_efficiency is a share above 0 and up to 1, such as 0.40");
  }
  model.compute_capability = row.number("compute_capability");
  model.architecture = row.text("architecture");
  model.tdp_watts = row.number("tdp_watts");
  model.status = row.text("status");
  if (std::find(statuses().begin(), statuses().end(), model.status) == statuses().end()) {
    row.mistake("no status '" + model.status + "'; one of " + join(statuses(), ", ") +
                suggestion(model.status, statuses()));
  }
  std::string consumer = row.text("consumer");
  model.consumer = consumer == "true";
  if (consumer != "true" && consumer != "false" && !consumer.empty()) {
    row.mistake("consumer '" + consumer + "' is neither true nor false");
  }
  model.gpus_per_board = static_cast<int>(std::clamp(row.number("gpus_per_board").value_or(1), 1.0, 64.0));
  return model;
}

Lifecycle read_cycle(const CsvRow& row) {
  Lifecycle line;
  line.product = row.text("product");
  line.cycle = row.text("cycle");
  line.latest = row.text("latest");
  if (line.product.empty() || line.cycle.empty()) row.mistake("product and cycle must not be empty");
  line.standard_end = row.date("standard_end");
  line.support_end = row.date("support_end");
  if (!line.support_end) line.support_end = line.standard_end;
  if (line.standard_end && line.support_end && *line.support_end < *line.standard_end) {
    row.mistake("support_end stands before standard_end");
  }
  return line;
}

void read_accelerators(RuleFolder& folder, const std::string& relative, Mistakes& mistakes, Catalogue& out) {
  const SourceFile* file = folder.read(relative + "/gpus.csv");
  if (!file) return;
  CsvTable table = read_csv(*file,
                            {"name", "vendor_id", "device_ids", "memory_gb", "bandwidth_gbs", "compute_capability",
                             "architecture", "tdp_watts", "status", "consumer"},
                            mistakes);
  for (const auto& row : table.rows) out.accelerators.push_back(read_model({*file, table, row, mistakes}));
  out.date = std::max(out.date, table.newest_date);
}

void read_lifecycle(RuleFolder& folder, const std::string& relative, Mistakes& mistakes, Catalogue& out) {
  const SourceFile* file = folder.read(relative + "/lifecycle.csv");
  if (!file) return;
  CsvTable table = read_csv(*file, {"product", "cycle", "standard_end", "support_end"}, mistakes);
  for (const auto& row : table.rows) {
    CsvRow reader{*file, table, row, mistakes};
    Lifecycle line = read_cycle(reader);
    auto& lines = out.lifecycle[line.product];
    auto same = [&](const Lifecycle& other) { return other.cycle == line.cycle; };
    if (std::any_of(lines.begin(), lines.end(), same)) {
      reader.mistake(line.product + " " + line.cycle + " stands here twice");
    } else {
      lines.push_back(std::move(line));
    }
  }
  out.date = std::max(out.date, table.newest_date);
}

// A count of something, up to what no model has: 0 where the cell is empty.
int whole(const CsvRow& row, std::string_view column) {
  constexpr double kMost = 1'000'000;
  const double value = row.number(column).value_or(0);
  if (value > kMost || value != std::floor(value)) {
    row.mistake(std::string(column) + " is no whole number up to 1000000");
    return 0;
  }
  return static_cast<int>(value);
}

// What the formulas divide by or multiply with must be there.
void check_served_model(const CsvRow& row, const ServedModel& model) {
  if (model.parameters_b <= 0 || model.active_b <= 0) row.mistake("parameters_b and active_b must be above 0");
  if (model.active_b > model.parameters_b) row.mistake("active_b is more than parameters_b");
  if (model.layers <= 0) row.mistake("layers must be above 0");
  if (!model.latent_dim && (model.kv_heads <= 0 || model.head_dim <= 0)) {
    row.mistake("kv_heads and head_dim must be above 0, or latent_dim given");
  }
  if (model.experts_active > model.experts) row.mistake("experts_active is more than experts");
  if (model.sliding_share > 1) row.mistake("sliding_share is a share up to 1");
  if (model.sliding_share > 0 && model.window <= 0) row.mistake("sliding_share needs window, in tokens");
  if (!model.half_gb && !model.eight_bit_gb && !model.four_bit_gb) {
    row.mistake("none of half_gb, eight_bit_gb and four_bit_gb is given");
  }
}

ServedModel read_served_model(const CsvRow& row) {
  ServedModel model;
  model.id = row.text("id");
  model.title = row.text("title");
  if (model.id.empty() || model.title.empty()) row.mistake("id and title must not be empty");
  model.parameters_b = row.number("parameters_b").value_or(0);
  model.active_b = row.number("active_b").value_or(model.parameters_b);
  model.layers = whole(row, "layers");
  model.kv_heads = whole(row, "kv_heads");
  model.head_dim = whole(row, "head_dim");
  model.experts = whole(row, "experts");
  model.experts_active = whole(row, "experts_active");
  model.sliding_share = row.number("sliding_share").value_or(0);
  model.window = whole(row, "window");
  model.latent_dim = row.number("latent_dim");
  model.half_gb = row.number("half_gb");
  model.eight_bit_gb = row.number("eight_bit_gb");
  model.four_bit_gb = row.number("four_bit_gb");
  check_served_model(row, model);
  return model;
}

void read_models(RuleFolder& folder, const std::string& relative, Mistakes& mistakes, Catalogue& out) {
  const SourceFile* file = folder.read(relative + "/models.csv");
  if (!file) return;
  CsvTable table = read_csv(*file, {"id", "title", "parameters_b", "active_b", "layers", "kv_heads", "head_dim"}, mistakes);
  for (const auto& row : table.rows) {
    CsvRow reader{*file, table, row, mistakes};
    ServedModel model = read_served_model(reader);
    if (find_served_model(out, model.id)) reader.mistake("the model '" + model.id + "' stands here twice");
    out.models.push_back(std::move(model));
  }
  out.date = std::max(out.date, table.newest_date);
}

// "R535" and "r535-linux" → "535"; "r610-windows" → nothing
std::string_view cycle_key(std::string_view cycle) {
  if (contains(cycle, "windows")) return {};
  if (cycle.size() > 1 && (cycle[0] == 'R' || cycle[0] == 'r') && std::isdigit(static_cast<unsigned char>(cycle[1]))) {
    cycle.remove_prefix(1);
  }
  constexpr std::string_view kLinux = "-linux";
  if (cycle.size() > kLinux.size() && cycle.substr(cycle.size() - kLinux.size()) == kLinux) {
    cycle.remove_suffix(kLinux.size());
  }
  return cycle;
}

// "1:10.11.6-0+deb12u1" → "10.11.6-0+deb12u1"; "v1.34" → "1.34"
std::string_view without_epoch(std::string_view version) {
  version = trim(version);
  std::size_t colon = version.find(':');
  if (colon != std::string_view::npos && colon < 4) version.remove_prefix(colon + 1);
  if (version.size() > 1 && version[0] == 'v' && std::isdigit(static_cast<unsigned char>(version[1]))) {
    version.remove_prefix(1);
  }
  return version;
}

}  // namespace

Catalogue read_catalogue(RuleFolder& folder, const std::string& relative, Mistakes& mistakes) {
  Catalogue out;
  std::vector<std::string> names = folder.list(relative);
  auto has = [&](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  if (has("gpus.csv")) read_accelerators(folder, relative, mistakes, out);
  if (has("lifecycle.csv")) read_lifecycle(folder, relative, mistakes, out);
  if (has("models.csv")) read_models(folder, relative, mistakes, out);
  if (has("prices.csv")) out.prices = read_prices(folder, relative, mistakes);
  if (has("incidents.csv")) out.incidents = read_incidents(folder, relative, mistakes);
  return out;
}

void add_catalogue(Catalogue& catalogue, Catalogue more) {
  for (auto& [product, cycles] : more.lifecycle) {
    std::vector<Lifecycle>& known = catalogue.lifecycle[product];
    for (Lifecycle& line : cycles) {
      auto same = std::find_if(known.begin(), known.end(), [&](const Lifecycle& one) { return one.cycle == line.cycle; });
      if (same != known.end()) {
        *same = std::move(line);
      } else {
        known.push_back(std::move(line));
      }
    }
  }
  catalogue.accelerators.insert(catalogue.accelerators.end(), std::make_move_iterator(more.accelerators.begin()),
                                std::make_move_iterator(more.accelerators.end()));
  for (ServedModel& model : more.models) {
    if (const auto known = find_served_model(catalogue, model.id)) {
      catalogue.models[*known] = std::move(model);
    } else {
      catalogue.models.push_back(std::move(model));
    }
  }
  for (Price& price : more.prices) add_price(catalogue.prices, std::move(price));
  for (Incident& incident : more.incidents) add_incident(catalogue.incidents, std::move(incident));
  catalogue.date = std::max(catalogue.date, more.date);
}

std::optional<std::size_t> find_served_model(const Catalogue& catalogue, std::string_view id) {
  for (std::size_t i = 0; i < catalogue.models.size(); ++i) {
    if (catalogue.models[i].id == id) return i;
  }
  return std::nullopt;
}

Result<Catalogue> load_catalogue(const std::string& rules_folder) {
  Mistakes mistakes;
  RuleFolder folder(rules_folder, mistakes);
  Catalogue out = read_catalogue(folder, "catalogue", mistakes);
  if (!mistakes.empty()) return fail(ErrorKind::invalid, mistakes.text());
  return out;
}

std::string runtime_product(std::string name) {
  if (name == "docker") return "docker-engine";
  return name == "kubelet" ? "kubernetes" : name;
}

std::int64_t days_left(std::int64_t end, std::int64_t taken_at) {
  constexpr std::int64_t kDaySeconds = 86'400;
  std::int64_t day = taken_at >= 0 ? taken_at / kDaySeconds : (taken_at - kDaySeconds + 1) / kDaySeconds;
  return end / kDaySeconds - day;
}

const Lifecycle* find_lifecycle(const Catalogue& catalogue, std::string_view product, std::string_view version) {
  auto found = catalogue.lifecycle.find(product);
  if (found == catalogue.lifecycle.end()) return nullptr;
  std::string_view have = without_epoch(version);
  const Lifecycle* best = nullptr;
  std::size_t best_length = 0;
  for (const Lifecycle& line : found->second) {
    std::string_view key = cycle_key(line.cycle);
    if (key.size() <= best_length || have.substr(0, key.size()) != key) continue;
    // "10.1" is no prefix of "10.11"
    if (have.size() > key.size() && std::isdigit(static_cast<unsigned char>(have[key.size()]))) continue;
    best = &line;
    best_length = key.size();
  }
  return best;
}

}  // namespace plumbline
