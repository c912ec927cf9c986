// SPDX-License-Identifier: Apache-2.0
// `capacity`: accelerators by host, people served by workload, stranded cards, and whether to buy, keep or rent.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "collector/commands/common.h"
#include "collector/commands/decisions.h"
#include "collector/commands/rules.h"
#include "rules/money.h"
#include "rules/serving_plan.h"

namespace plumbline {
namespace {

using nlohmann::json;

std::string bold(std::string_view text) { return colour_wanted() ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text); }

std::string grouped(int number) {
  std::string text = std::to_string(number);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

std::string people_text(const PeopleRange& people) { return fmt::format("{} to {} people", grouped(people.low), grouped(people.high)); }

// "2 × NVIDIA L40S, 48 GB (31.5 GB free), busy 12 %: ready"
std::string card_line(const RuleSet& rules, const HostCard& card) {
  std::string text = fmt::format("    {} × {}", card.count, printable(card.name));
  text += card.memory_tenths > 0 ? fmt::format(", {:g} GB", card.memory_gb()) : ", memory not known";
  if (card.free_tenths) text += fmt::format(" ({:g} GB free)", *card.free_tenths / 10.0);
  if (card.busy_percent) text += fmt::format(", busy {} %", *card.busy_percent);
  if (card.mig) text += ", cut into instances";
  const std::string why = why_not_counted(rules.catalogue, card);
  return text + (why.empty() ? ": ready\n" : ": not counted, " + why + "\n");
}

std::string card_lines(const RuleSet& rules, const Assessment& assessment) {
  std::string text;
  std::size_t without = 0, unread = 0;
  for (const AssessedHost& host : assessment.hosts) {
    const HostCompute& compute = host.judgement.compute;
    unread += compute.cards_read ? 0 : 1;
    without += compute.cards_read && compute.cards.empty() ? 1 : 0;
    if (compute.cards.empty()) continue;
    text += "  " + printable(host.name) + "\n";
    for (const HostCard& card : compute.cards) text += card_line(rules, card);
  }
  if (text.empty()) text = "  none found\n";
  text += fmt::format("  {} of {} hosts have none", without, assessment.hosts.size());
  return text + (unread > 0 ? fmt::format("; {} did not say\n", unread) : "\n");
}

std::string option_text(const Assessment& assessment, const ServingOption& option) {
  const std::string where = fmt::format("{}: {} × {}", printable(assessment.hosts[option.host].name), option.cards * option.replicas, printable(option.card));
  const std::string copies = option.replicas == 1 ? "one copy of it" : fmt::format("{} copies of it", option.replicas);
  const std::string pool = option.cards > 1 ? fmt::format(", {}over {} cards", option.replicas == 1 ? "" : "each ", option.cards) : "";
  return fmt::format("{} in {} on {}{}\n      {}; {} requests at once, first word after {:.2f} s; {}{}, {:.0f} tokens/s from {}\n", option.model_title, to_text(option.precision), where,
                     option.mig ? ", once they are whole cards again" : "", people_text(option.people), option.requests, option.capacity.wait_seconds, copies, pool,
                     option.capacity.tokens_per_second, option.replicas == 1 ? "it" : "each");
}

bool same(const ServingOption& a, const ServingOption& b) {
  return a.host == b.host && a.card == b.card && a.model == b.model && a.precision == b.precision && a.cards == b.cards;
}

std::string serving_lines(const Assessment& assessment, const WorkloadServing& one) {
  std::string text = fmt::format("  people to serve: {}{}\n", grouped(one.people_wanted), one.people_of_site ? "" : " (assumed; a site says it in site.yaml)");
  if (!one.best) text += "  no accelerator here serves it\n";
  if (one.best) text += fmt::format("  {}: {}", one.serves_wanted ? "best model that serves them" : "most that one host serves", option_text(assessment, *one.best));
  if (one.serves_wanted && one.most && !same(*one.most, *one.best)) text += "  most people on one host: " + option_text(assessment, *one.most);
  if (one.best) text += fmt::format("  all hosts: {}{}\n", people_text(one.fleet), one.free_read ? ", in memory that is free now " + people_text(one.fleet_free) : ", free memory not read of every card");
  if (one.best_free) text += "  in free memory: " + option_text(assessment, *one.best_free);
  if (!one.processor) return text;
  const ProcessorOption& processor = *one.processor;
  return text + fmt::format("  a processor alone: {} in 4-bit on {} ({} cores, {:g} GB), one person at a time with {:.0f} to {:.0f} tokens/s\n", processor.model_title,
                            printable(assessment.hosts[processor.host].name), processor.cores, processor.memory_gb, processor.least_tokens_per_second,
                            processor.most_tokens_per_second);
}

std::string stranded_lines(const RuleSet& rules, const Assessment& assessment) {
  std::string text;
  for (const StrandedCard& card : assessment.stranded) {
    text += fmt::format("  {}: {}\n    {}", printable(assessment.hosts[card.host].name), card.reason, printable(card.text));
    if (!card.workload.empty()) {
      const auto workload = std::find_if(rules.workloads.begin(), rules.workloads.end(), [&](const Workload& one) { return one.id == card.workload; });
      text += fmt::format("\n    {} {} of \"{}\"", card.reason == "unused" ? "serves" : "would add", people_text(card.adds), printable(workload->title));
    }
    text += "\n";
  }
  return text.empty() ? "  none\n" : text;
}

std::string bullet_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "    - " + printable(line) + "\n";
  return text;
}

// What all blocks say is said once, at the end.
std::vector<std::string> take_shared(std::vector<std::vector<std::string>>& blocks) {
  std::vector<std::string> shared;
  if (blocks.size() < 2) return shared;
  for (const std::string& line : blocks.front()) {
    const bool everywhere = std::all_of(blocks.begin(), blocks.end(), [&](const auto& block) { return std::find(block.begin(), block.end(), line) != block.end(); });
    if (everywhere) shared.push_back(line);
  }
  for (auto& block : blocks)
    std::erase_if(block, [&](const std::string& line) { return std::find(shared.begin(), shared.end(), line) != shared.end(); });
  return shared;
}

struct Shown {
  const RuleSet& rules;
  const Assessment& assessment;
  std::vector<MoneyChoice> money;  // of the workloads asked for
};

std::string workload_blocks(const Shown& shown) {
  std::vector<std::vector<std::string>> blocks;
  for (const MoneyChoice& choice : shown.money) {
    blocks.push_back(shown.assessment.serving[choice.workload].assumptions);
    blocks.back().insert(blocks.back().end(), choice.assumptions.begin(), choice.assumptions.end());
  }
  const std::vector<std::string> shared = take_shared(blocks);
  std::string text;
  for (std::size_t i = 0; i < shown.money.size(); ++i) {
    const MoneyChoice& choice = shown.money[i];
    text += "\n" + bold(printable(shown.rules.workloads[choice.workload].title)) + "\n" + serving_lines(shown.assessment, shown.assessment.serving[choice.workload]);
    text += "  " + printable(choice.text) + "\n  assumed:\n" + bullet_lines(blocks[i]);
  }
  if (!shared.empty()) text += "\n" + bold("Assumed for all of them") + "\n" + bullet_lines(shared);
  return text;
}

json cards_json(const RuleSet& rules, const Assessment& assessment) {
  json out = json::array();
  for (const AssessedHost& host : assessment.hosts) {
    const HostCompute& compute = host.judgement.compute;
    json cards = json::array();
    for (const HostCard& card : compute.cards) {
      const std::string why = why_not_counted(rules.catalogue, card);
      cards.push_back({{"card", card.name},
                       {"count", card.count},
                       {"memory_gb", card.memory_tenths > 0 ? json(card.memory_gb()) : json()},
                       {"free_gb", card.free_tenths ? json(*card.free_tenths / 10.0) : json()},
                       {"busy_percent", card.busy_percent ? json(*card.busy_percent) : json()},
                       {"mig", card.mig},
                       {"use", to_text(card.use)},
                       {"age", to_text(card.age)},
                       {"counted", why.empty()},
                       {"why_not", why.empty() ? json() : json(why)}});
    }
    out.push_back({{"host", host.id}, {"name", host.name}, {"cards_read", compute.cards_read}, {"cards", std::move(cards)}});
  }
  return out;
}

std::string json_text(const Shown& shown) {
  const auto asked = [&](const json& one) {
    return std::any_of(shown.money.begin(), shown.money.end(), [&](const MoneyChoice& choice) { return shown.rules.workloads[choice.workload].id == one.at("workload"); });
  };
  json serving = json::array();
  for (const json& one : serving_json(shown.rules, shown.assessment))
    if (asked(one)) serving.push_back(one);
  const json out = {{"schema", 1},
                    {"catalogue", shown.rules.catalogue.date},
                    {"hosts", cards_json(shown.rules, shown.assessment)},
                    {"serving", serving},
                    {"stranded", stranded_json(shown.assessment)},
                    {"buy_keep_rent", json::parse(to_json(shown.rules, shown.assessment, shown.money))}};
  return canonical_json(out) + "\n";
}

// The workloads to show; of one that is not there, or asks no language model, the error says which do.
Result<std::vector<MoneyChoice>> chosen(const RuleSet& rules, const Assessment& assessment, const std::string& wanted) {
  std::vector<MoneyChoice> money = buy_keep_rent(rules, assessment);
  if (wanted.empty()) return money;
  std::vector<std::string> known;
  for (const MoneyChoice& choice : money) known.push_back(rules.workloads[choice.workload].id);
  std::erase_if(money, [&](const MoneyChoice& choice) { return rules.workloads[choice.workload].id != wanted; });
  if (!money.empty()) return money;
  return fail(ErrorKind::not_found, "workload " + printable(wanted) + ": none of that name asks a language model; there are " + join(known, ", "));
}

}  // namespace

int run_capacity(const CapacityOptions& options) {
  const auto fleet = open_given_fleet(options.fleet);
  if (!fleet) return report_error(fleet.error());
  const Assessment assessment = assess(*fleet->rules, fleet->facts.hosts, nullptr);
  auto money = chosen(*fleet->rules, assessment, options.workload);
  if (!money) return report_error(money.error());
  const Shown shown{*fleet->rules, assessment, std::move(*money)};
  if (options.fleet.common.json) {
    print(json_text(shown));
    return kExitOk;
  }
  print(bold("Accelerators") + "\n" + card_lines(shown.rules, assessment) + workload_blocks(shown) + "\n" + bold("Stranded accelerators") + "\n" +
        stranded_lines(shown.rules, assessment));
  return kExitOk;
}

}  // namespace plumbline
