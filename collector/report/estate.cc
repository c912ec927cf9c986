// SPDX-License-Identifier: Apache-2.0
// Counts data stores, AI services, models and accelerators over the hosts.
#include "collector/report/estate.h"

#include <algorithm>

#include "base/text.h"
#include "collector/report/ai_in_use.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostKinds = 40;
constexpr std::size_t kMostVersions = 20;
constexpr std::size_t kMostNames = 8;

void add_instance(Estates& estates, const FactRecord& instance, std::size_t host) {
  const std::string kind = instance.text("kind");
  if (kind.empty() || (estates.size() >= kMostKinds && estates.count(kind) == 0)) return;
  Estate& estate = estates[kind];
  ++estate.instances;
  estate.hosts.insert(host);
  if (const std::string version = instance.text("version"); !version.empty() && estate.versions.size() < kMostVersions) estate.versions.insert(version);
  const std::string exposure = instance.text("exposure"), auth = instance.text("auth");
  if (exposure == "any" || exposure == "public" || exposure == "private") ++estate.exposed;
  if (auth == "none" || auth == "weak") ++estate.without_login;
  if (instance.text("tls") == "off") ++estate.clear_text;
  if (instance.number("support_days_left").value_or(0) < 0) ++estate.ended;
  if (!instance.flag("managed").value_or(true)) ++estate.unmanaged;
}

void add_cards(Inventory& inventory, const FactRecord& accelerators, std::size_t host) {
  for (const FactRecord& device : accelerators.objects("devices")) {
    if (inventory.cards.size() >= kMostKinds) return;
    const std::string name = device.text("name");
    CardCount& card = inventory.cards[name.empty() ? say("host.unnamed_card") : name];
    ++card.count;
    card.hosts.insert(host);
    card.memory_bytes += device.number("memory_bytes").value_or(0);
  }
}

void add_host(Inventory& inventory, const FactRecord& facts, std::size_t host) {
  if (!facts) return;
  ++inventory.hosts_read;
  for (const FactRecord& store : facts.object("data_stores").objects("instances")) add_instance(inventory.stores, store, host);
  const FactRecord ai = facts.object("ai");
  for (const FactRecord& service : ai.objects("services")) add_instance(inventory.services, service, host);
  add_cards(inventory, facts.object("accelerators"), host);
  inventory.model_files += ai.number("model_files").value_or(0);
  inventory.model_bytes += ai.number("model_bytes").value_or(0);
  inventory.pickles += ai.number("pickle_models").value_or(0);
}

std::string names_of(const ReportInput& input, const std::set<std::size_t>& hosts) {
  std::vector<std::string> names;
  for (const std::size_t host : hosts) names.push_back(names.size() < kMostNames ? host_title(input.assessment->hosts[host]) : std::string());
  return listed(names, kMostNames);
}

/// `title` makes a product's name of its kind.
template <class Title>
View estate_rows(const ReportInput& input, const Estates& estates, Title title) {
  View rows = view_list();
  for (const auto& [kind, estate] : estates) {
    View row;
    put_text(row, "kind", title(kind));
    put_text(row, "estate_hosts", names_of(input, estate.hosts));
    put_text(row, "versions", estate.versions.empty() ? say("fact.unknown") : listed({estate.versions.begin(), estate.versions.end()}, 4));
    const std::pair<const char*, int> counts[] = {{"instances", estate.instances}, {"exposed", estate.exposed}, {"without_login", estate.without_login}, {"clear_text", estate.clear_text}, {"ended", estate.ended}, {"unmanaged", estate.unmanaged}};
    for (const auto& [name, count] : counts) put_text(row, name, std::to_string(count));
    put_text(row, "host_count", std::to_string(estate.hosts.size()));
    rows.push_back(row);
  }
  return rows;
}

std::string models_sentence(const Inventory& inventory) {
  if (inventory.model_files <= 0) return {};
  std::string text = say_count("estate.models", static_cast<std::size_t>(inventory.model_files), {{"size", bytes_text(inventory.model_bytes)}});
  if (inventory.pickles > 0) text += " " + say_count("estate.pickles", static_cast<std::size_t>(inventory.pickles));
  return text;
}

}  // namespace

Inventory inventory_of(const ReportInput& input) {
  Inventory inventory;
  inventory.hosts = input.assessment->hosts.size();
  for (std::size_t host = 0; host < inventory.hosts && host < kMostHostsRead; ++host) add_host(inventory, HostEvidence(input, host).facts(), host);
  return inventory;
}

void put_inventory(View& view, const ReportInput& input) {
  const Inventory inventory = inventory_of(input);
  put_list(view, "stores", estate_rows(input, inventory.stores, [](const std::string& kind) { return kind; }));
  put_list(view, "services", estate_rows(input, inventory.services, ai_kind_title));
  View cards = view_list();
  for (const auto& [name, card] : inventory.cards) {
    View row;
    put_text(row, "card", name);
    put_text(row, "card_count", std::to_string(card.count));
    put_text(row, "card_hosts", names_of(input, card.hosts));
    put_text(row, "card_memory", card.memory_bytes > 0 ? bytes_text(card.memory_bytes) : say("fact.unknown"));
    cards.push_back(row);
  }
  put_list(view, "cards", std::move(cards));
  put_text(view, "read_note", say_count("estate.read", inventory.hosts, {{"read", grouped(static_cast<std::int64_t>(inventory.hosts_read))}}));
  view["models"] = maybe(models_sentence(inventory));
}

}  // namespace plumbline
