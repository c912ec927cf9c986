// SPDX-License-Identifier: Apache-2.0
// From facts to cards and processor, and their packed form.
#include "rules/host_compute.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "rules/fact_record.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxCards = 1024;   // of one host; as many as an agent lists
constexpr std::size_t kMaxName = 120;     // bytes
constexpr int kMaxTenths = 100'000'000;   // 10,000 TB
constexpr int kMaxSmall = 0xffff;

int tenths_of(double bytes) { return static_cast<int>(std::llround(std::clamp(bytes / 1e8, 0.0, static_cast<double>(kMaxTenths)))); }

std::optional<int> small(std::optional<double> number, int least) {
  if (!number || !(*number >= least) || *number > kMaxSmall) return std::nullopt;
  return static_cast<int>(*number);
}

// Ends before a character of several bytes that would be cut.
std::string cut(std::string text) {
  if (text.size() <= kMaxName) return text;
  std::size_t end = kMaxName;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0u) == 0x80u) --end;
  text.resize(end);
  return text;
}

using Models = std::vector<const AcceleratorModel*>;

// "AMD Radeon RX 7900 XT or AMD Radeon RX 7900 GRE"; of a card without a row what the driver calls it.
std::string name_of(const Models& models, const FactRecord& device) {
  std::vector<std::string> names;
  for (const AcceleratorModel* model : models)
    if (std::find(names.begin(), names.end(), model->name) == names.end()) names.push_back(model->name);
  if (!names.empty()) return cut(join(names, " or "));
  const std::string said = device.text("name");
  if (!said.empty()) return cut(said);
  return cut(device.text("vendor_id") + ":" + device.text("device_id"));
}

CardAge age_of(const Catalogue& catalogue, const Models& models) {
  if (models.empty()) return catalogue.accelerators.empty() ? CardAge::unknown : CardAge::unlisted;
  for (const AcceleratorModel* model : models)
    if (model->status != models.front()->status) return CardAge::unknown;
  const std::string& status = models.front()->status;
  if (status == "current") return CardAge::current;
  if (status == "legacy") return CardAge::legacy;
  if (status == "sunset") return CardAge::sunset;
  return status == "dead" ? CardAge::dead : CardAge::unknown;
}

// Inside a container the drivers are the host's business: what is not ready there is not known.
CardUse use_of(const FactRecord& device, bool in_container) {
  const auto usable = device.flag("usable");
  if (usable && *usable) return CardUse::ready;
  if (in_container) return CardUse::unknown;
  if (device.has("driver")) {
    const std::string driver = device.text("driver");
    if (driver.empty()) return CardUse::no_driver;
    if (driver == "nouveau") return CardUse::nouveau;
    if (driver == "vfio-pci") return CardUse::passed_on;
  }
  return usable ? CardUse::silent : CardUse::unknown;
}

// What the device says; where it says nothing, what all its models agree on.
int memory_of(const FactRecord& device, const Models& models) {
  if (const auto said = device.number("memory_bytes")) return tenths_of(*said);
  std::optional<double> agreed;
  for (const AcceleratorModel* model : models) {
    if (!model->memory_gb || (agreed && *agreed != *model->memory_gb)) return 0;
    agreed = model->memory_gb;
  }
  return agreed ? tenths_of(*agreed * 1e9) : 0;
}

HostCard card_of(const Catalogue& catalogue, const FactRecord& device, const std::vector<FactRecord>& devices, bool physical,
                 bool in_container) {
  const Models models = models_of(catalogue, device, devices);
  HostCard card;
  card.name = name_of(models, device);
  card.age = age_of(catalogue, models);
  card.use = use_of(device, in_container);
  card.mig = device.flag("mig").value_or(false);
  card.memory_tenths = memory_of(device, models);
  if (const auto free = device.number("memory_free_bytes")) card.free_tenths = tenths_of(*free);
  card.busy_percent = small(device.number("utilization_percent"), 0);
  if (!physical) return card;
  card.link_width = small(device.number("link_width"), 1);
  card.link_width_max = small(device.number("link_width_max"), 1);
  card.numa_node = small(device.number("numa_node"), -1);
  return card;
}

void read_cards(const Catalogue& catalogue, const FactRecord& facts, bool physical, bool in_container, HostCompute& out) {
  const FactRecord accelerators = facts.object("accelerators");
  out.cards_read = accelerators.has("devices");
  const std::vector<FactRecord> devices = accelerators.objects("devices");
  for (std::size_t i = 0; i < devices.size() && i < kMaxCards; ++i) {
    HostCard card = card_of(catalogue, devices[i], devices, physical, in_container);
    const auto same = std::find_if(out.cards.begin(), out.cards.end(), [&](const HostCard& one) {
      card.count = one.count;
      return one == card;
    });
    card.count = 1;
    if (same != out.cards.end()) ++same->count;
    else out.cards.push_back(std::move(card));
  }
}

// "x86-64-v3", "armv8.2"
std::optional<bool> wide_vectors_of(const std::string& level) {
  if (level == "x86-64-v3" || level == "x86-64-v4") return true;
  if (level == "x86-64-v1" || level == "x86-64-v2") return false;
  if (level.starts_with("armv8") || level.starts_with("armv9")) return true;
  return std::nullopt;
}

void read_processor(const FactRecord& facts, bool physical, HostCompute& out) {
  const FactRecord cpu = facts.object("cpu"), memory = facts.object("memory");
  auto cores = cpu.number("cores");
  if (const auto may = cpu.number("threads_effective"); may && (!cores || *may < *cores)) cores = may;
  out.cores = small(cores, 0);
  auto bytes = memory.number("effective_bytes");
  if (!bytes) bytes = memory.number("total_bytes");
  if (bytes) out.memory_tenths = tenths_of(*bytes);
  if (physical) out.sockets = small(cpu.number("sockets"), 1);
  out.wide_vectors = wide_vectors_of(cpu.text("isa_level"));
}

// ---- packed form

void put(std::uint32_t value, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xffu));
}

bool take(std::string_view* bytes, int count, std::uint32_t* out) {
  if (bytes->size() < static_cast<std::size_t>(count)) return false;
  *out = 0;
  for (int i = 0; i < count; ++i) *out |= static_cast<std::uint32_t>(static_cast<unsigned char>((*bytes)[static_cast<std::size_t>(i)])) << (8 * i);
  bytes->remove_prefix(static_cast<std::size_t>(count));
  return true;
}

// Optional numbers: a bit of a mask each, then those that are there, in the same order.
template <std::size_t N>
void put_present(const std::array<std::optional<int>, N>& values, std::string& out) {
  std::uint32_t mask = 0;
  for (std::size_t i = 0; i < N; ++i) mask |= values[i] ? 1u << i : 0u;
  put(mask, 1, out);
  for (const auto& value : values)
    if (value) put(static_cast<std::uint32_t>(*value + 1), 4, out);  // -1 is the least
}

template <std::size_t N>
bool take_present(std::string_view* bytes, const std::array<std::optional<int>*, N>& values, const std::array<int, N>& most) {
  std::uint32_t mask = 0, value = 0;
  if (!take(bytes, 1, &mask) || mask >> N != 0) return false;
  for (std::size_t i = 0; i < N; ++i) {
    if (((mask >> i) & 1u) == 0) continue;
    if (!take(bytes, 4, &value) || value > static_cast<std::uint32_t>(most[i]) + 1) return false;
    *values[i] = static_cast<int>(value) - 1;
  }
  return true;
}

void pack_card(const HostCard& card, std::string& out) {
  put(static_cast<std::uint32_t>(card.name.size()), 1, out);
  out += card.name;
  put(static_cast<std::uint32_t>(card.count), 2, out);
  put(static_cast<std::uint32_t>(card.use) | static_cast<std::uint32_t>(card.age) << 3 | (card.mig ? 1u << 6 : 0u), 1, out);
  put(static_cast<std::uint32_t>(card.memory_tenths), 4, out);
  put_present<5>({card.free_tenths, card.link_width, card.link_width_max, card.numa_node, card.busy_percent}, out);
}

bool unpack_card(std::string_view* bytes, HostCard* card) {
  std::uint32_t length = 0, count = 0, kind = 0, memory = 0;
  if (!take(bytes, 1, &length) || length > kMaxName || bytes->size() < length) return false;
  card->name = std::string(bytes->substr(0, length));
  bytes->remove_prefix(length);
  if (!is_utf8(card->name)) return false;
  if (!take(bytes, 2, &count) || count == 0 || count > kMaxCards) return false;
  if (!take(bytes, 1, &kind) || kind >> 7 != 0 || (kind & 7u) > static_cast<std::uint32_t>(CardUse::unknown) ||
      ((kind >> 3) & 7u) > static_cast<std::uint32_t>(CardAge::unknown)) return false;
  if (!take(bytes, 4, &memory) || memory > static_cast<std::uint32_t>(kMaxTenths)) return false;
  card->count = static_cast<int>(count);
  card->use = static_cast<CardUse>(kind & 7u);
  card->age = static_cast<CardAge>((kind >> 3) & 7u);
  card->mig = (kind >> 6) != 0;
  card->memory_tenths = static_cast<int>(memory);
  return take_present<5>(bytes, {&card->free_tenths, &card->link_width, &card->link_width_max, &card->numa_node, &card->busy_percent},
                         {kMaxTenths, kMaxSmall, kMaxSmall, kMaxSmall, kMaxSmall});
}

}  // namespace

std::string_view to_text(CardUse use) {
  switch (use) {
    case CardUse::ready: return "ready";
    case CardUse::no_driver: return "no_driver";
    case CardUse::nouveau: return "nouveau";
    case CardUse::silent: return "silent";
    case CardUse::passed_on: return "passed_on";
    case CardUse::unknown: return "unknown";
  }
  return "";
}

std::string_view to_text(CardAge age) {
  switch (age) {
    case CardAge::current: return "current";
    case CardAge::legacy: return "legacy";
    case CardAge::sunset: return "sunset";
    case CardAge::dead: return "dead";
    case CardAge::unlisted: return "unlisted";
    case CardAge::unknown: return "unknown";
  }
  return "";
}

HostCompute compute_of(const Catalogue& catalogue, const cel::Document& document) {
  HostCompute out;
  const FactRecord facts(const_cast<cel::Document&>(document));  // only read
  const FactRecord host = facts.object("host");
  const bool in_container = host.has("container") && host.text("container") != "none";
  const bool physical = host.text("virtualization") == "none" && host.text("container") == "none";
  read_cards(catalogue, facts, physical, in_container, out);
  read_processor(facts, physical, out);
  return out;
}

void pack_compute(const HostCompute& compute, std::string& out) {
  std::optional<int> vectors;
  if (compute.wide_vectors) vectors = *compute.wide_vectors ? 1 : 0;
  put_present<4>({compute.cores, compute.memory_tenths, compute.sockets, vectors}, out);
  put((compute.cards_read ? 1u : 0u), 1, out);
  put(static_cast<std::uint32_t>(compute.cards.size()), 2, out);
  for (const HostCard& card : compute.cards) pack_card(card, out);
}

bool unpack_compute(std::string_view* bytes, HostCompute* out) {
  std::optional<int> vectors;
  std::uint32_t read = 0, cards = 0;
  if (!take_present<4>(bytes, {&out->cores, &out->memory_tenths, &out->sockets, &vectors}, {kMaxSmall, kMaxTenths, kMaxSmall, 1})) return false;
  if (vectors && *vectors < 0) return false;
  if (vectors) out->wide_vectors = *vectors == 1;
  if (!take(bytes, 1, &read) || read > 1 || !take(bytes, 2, &cards) || cards > kMaxCards) return false;
  out->cards_read = read == 1;
  if (cards > 0 && !out->cards_read) return false;
  for (std::uint32_t i = 0; i < cards; ++i)
    if (!unpack_card(bytes, &out->cards.emplace_back())) return false;
  return true;
}

}  // namespace plumbline
