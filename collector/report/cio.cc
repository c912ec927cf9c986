// SPDX-License-Identifier: Apache-2.0
// The CIO report and the report for IT: the same facts at two altitudes, with evidence behind every sentence.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "base/time.h"
#include "collector/report/reports.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostHostsRead = 2'000;      // for the data estate and AI in use
constexpr std::size_t kMostEvidenceHosts = 20;
constexpr std::size_t kMostEvidenceFindings = 200;
constexpr std::size_t kMostKinds = 40;

/// What stands in the estate under one name: databases of a kind, AI services of a kind.
struct Estate {
  std::set<std::size_t> hosts;
  std::set<std::string> versions;
  int instances = 0, exposed = 0, without_login = 0, clear_text = 0, ended = 0, unmanaged = 0, vector = 0;
};
using Estates = std::map<std::string, Estate>;

std::string text_of(const nlohmann::json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : std::string();
}

bool is_exposed(const nlohmann::json& instance) {
  const std::string exposure = text_of(instance, "exposure");
  return exposure == "any" || exposure == "public" || exposure == "private";
}

void add_instance(Estates& estates, const nlohmann::json& instance, std::size_t host) {
  const std::string kind = text_of(instance, "kind");
  if (kind.empty() || (estates.size() >= kMostKinds && estates.count(kind) == 0)) return;
  Estate& estate = estates[kind];
  ++estate.instances;
  estate.hosts.insert(host);
  if (const std::string version = text_of(instance, "version"); !version.empty() && estate.versions.size() < 20) estate.versions.insert(version);
  if (is_exposed(instance)) ++estate.exposed;
  const std::string auth = text_of(instance, "auth");
  if (auth == "none" || auth == "weak") ++estate.without_login;
  if (text_of(instance, "tls") == "off") ++estate.clear_text;
  if (instance.contains("support_days_left") && instance["support_days_left"].is_number() && instance["support_days_left"].get<double>() < 0) ++estate.ended;
  if (instance.contains("managed") && instance["managed"].is_boolean() && !instance["managed"].get<bool>()) ++estate.unmanaged;
  if (instance.contains("vector_capable") && instance["vector_capable"].is_boolean() && instance["vector_capable"].get<bool>()) ++estate.vector;
}

struct Inventory {
  Estates stores, services;
  std::map<std::string, std::pair<int, double>> accelerators;  // name → count, memory
  std::size_t hosts_read = 0, hosts = 0;
  double model_files = 0, model_bytes = 0, pickles = 0;
};

double number_at(const nlohmann::json& facts, const char* section, const char* key) {
  const auto found = facts.find(section);
  return found != facts.end() && found->is_object() && found->contains(key) && (*found)[key].is_number() ? (*found)[key].get<double>() : 0;
}

const nlohmann::json* list_at(const nlohmann::json& facts, const char* section, const char* key) {
  const auto found = facts.find(section);
  return found != facts.end() && found->is_object() && found->contains(key) && (*found)[key].is_array() ? &(*found)[key] : nullptr;
}

void add_host(Inventory& inventory, const nlohmann::json& facts, std::size_t host) {
  if (!facts.is_object()) return;
  ++inventory.hosts_read;
  if (const auto* stores = list_at(facts, "data_stores", "instances"))
    for (const auto& instance : *stores) add_instance(inventory.stores, instance, host);
  if (const auto* services = list_at(facts, "ai", "services"))
    for (const auto& service : *services) add_instance(inventory.services, service, host);
  if (const auto* devices = list_at(facts, "accelerators", "devices"))
    for (const auto& device : *devices) {
      const std::string name = text_of(device, "name");
      if (inventory.accelerators.size() >= kMostKinds) break;
      auto& [count, memory] = inventory.accelerators[name.empty() ? "unnamed card" : name];
      ++count;
      if (device.is_object() && device.contains("memory_bytes") && device["memory_bytes"].is_number()) memory += device["memory_bytes"].get<double>();
    }
  inventory.model_files += number_at(facts, "ai", "model_files");
  inventory.model_bytes += number_at(facts, "ai", "model_bytes");
  inventory.pickles += number_at(facts, "ai", "pickle_models");
}

Inventory inventory_of(const ReportInput& input) {
  Inventory inventory;
  inventory.hosts = input.assessment->hosts.size();
  for (std::size_t host = 0; host < inventory.hosts && host < kMostHostsRead; ++host)
    if (const nlohmann::json* facts = input.facts ? input.facts(host) : nullptr) add_host(inventory, *facts, host);
  return inventory;
}

View estate_rows(const Estates& estates) {
  View rows = view_list();
  for (const auto& [kind, estate] : estates) {
    View row;
    row["kind"] = View(kind);
    row["versions"] = View(estate.versions.empty() ? std::string("unknown") : listed({estate.versions.begin(), estate.versions.end()}, 4));
    row["instances"] = View(std::to_string(estate.instances));
    row["host_count"] = View(std::to_string(estate.hosts.size()));
    row["exposed"] = View(std::to_string(estate.exposed));
    row["without_login"] = View(std::to_string(estate.without_login));
    row["clear_text"] = View(std::to_string(estate.clear_text));
    row["ended"] = View(std::to_string(estate.ended));
    row["unmanaged"] = View(std::to_string(estate.unmanaged));
    row["vector"] = View(std::to_string(estate.vector));
    rows.push_back(row);
  }
  return rows;
}

void add_inventory(View& view, const ReportInput& input) {
  const Inventory inventory = inventory_of(input);
  view["stores"] = estate_rows(inventory.stores);
  view["has_stores"] = View(!inventory.stores.empty());
  view["services"] = estate_rows(inventory.services);
  view["has_services"] = View(!inventory.services.empty());
  View cards = view_list();
  for (const auto& [name, counted] : inventory.accelerators) {
    View row;
    row["card"] = View(name);
    row["card_count"] = View(std::to_string(counted.first));
    row["card_memory"] = View(counted.second > 0 ? bytes_text(counted.second) : std::string("unknown"));
    cards.push_back(row);
  }
  view["cards"] = std::move(cards);
  view["has_cards"] = View(!inventory.accelerators.empty());
  view["read_note"] = View("Read from " + grouped(static_cast<std::int64_t>(inventory.hosts_read)) + " of " + count_of(inventory.hosts, "host") + ".");
  std::string models;
  if (inventory.model_files > 0) {
    models = count_of(static_cast<std::size_t>(inventory.model_files), "model file") + (inventory.model_files == 1 ? " takes " : " take ") + bytes_text(inventory.model_bytes);
    if (inventory.pickles > 0) models += "; " + grouped(static_cast<std::int64_t>(inventory.pickles)) + " of them can run code when loaded";
    models = capitalised(models) + ".";
  }
  view["models"] = maybe(models);
}

View workload_group(const ReportInput& input, std::initializer_list<WorkloadState> states) {
  View rows = view_list();
  for (const auto& workload : input.assessment->workloads)
    if (std::find(states.begin(), states.end(), workload.pilot) != states.end()) rows.push_back(workload_row(input, workload));
  return rows;
}

void add_group(View& view, const std::string& name, View rows) {
  view["has_" + name] = View(!rows.list_value().empty());
  view[name] = std::move(rows);
}

View roadmap_rows(const ReportInput& input) {
  static constexpr struct { int phase; std::string_view title; std::int64_t days; } kPhases[] = {
      {1, "First 30 days", 30}, {2, "Days 31 to 90", 90}, {3, "Days 91 to 180", 180}};
  View phases = view_list();
  for (const auto& phase : kPhases) {
    View actions = view_list();
    double days = 0;
    Tenths gain = 0;
    std::size_t count = 0;
    for (const auto& action : input.assessment->actions) {
      if (action.phase != phase.phase) continue;
      actions.push_back(action_row(input, action));
      days += action.effort_days;
      gain += action.gain;
      ++count;
    }
    View row;
    row["phase_title"] = View(std::string(phase.title));
    row["phase_due"] = View(long_date(input.assessment->as_of + phase.days * 86400));
    row["phase_sum"] = View(count_of(count, "action") + ", " + effort_text(days) + " of work, about " + gain_text(gain) + " points");
    row["phase_actions"] = std::move(actions);
    row["phase_any"] = View(count > 0);
    phases.push_back(row);
  }
  return phases;
}

View finding_evidence(const ReportInput& input, std::size_t rule, std::size_t most_hosts, Altitude altitude) {
  const Rule& about = input.rules->rules[rule];
  const RuleResult& result = input.assessment->rules[rule];
  View row = finding_row(input, rule);
  row["why"] = View(about.why);
  row["sentence"] = maybe(finding_sentence(input, rule, altitude));
  row["expected"] = View(about.expected);
  row["fix"] = fix_view(about, false);
  row["references"] = reference_rows(about);
  row["has_references"] = View(!about.references.empty());
  View hosts = view_list();
  if (about.fleet) {
    View one;
    one["host_name"] = View(std::string("the fleet"));
    const std::string observed = evidence_on_fleet(input, rule).observed;
    one["observed"] = View(observed.empty() ? std::string("–") : observed);
    hosts.push_back(one);
  }
  for (std::size_t at = 0; at < result.failing.size() && at < most_hosts; ++at) {
    View one;
    one["host_name"] = View(host_title(input.assessment->hosts[result.failing[at]]));
    const std::string observed = evidence_on(input, rule, result.failing[at]).observed;
    one["observed"] = View(observed.empty() ? std::string("–") : observed);
    hosts.push_back(one);
  }
  row["evidence_hosts"] = std::move(hosts);
  row["evidence_more"] = maybe(result.failing.size() > most_hosts ? "and " + count_of(result.failing.size() - most_hosts, "more host", "more hosts") : "");
  return row;
}

View evidence_rows(const ReportInput& input, std::size_t most_hosts, Altitude altitude) {
  View rows = view_list();
  for (std::size_t at = 0; at < input.assessment->findings.size() && at < kMostEvidenceFindings; ++at) rows.push_back(finding_evidence(input, input.assessment->findings[at], most_hosts, altitude));
  return rows;
}

View risk_rows(const ReportInput& input) {
  View rows = view_list();
  for (const std::size_t rule : input.assessment->findings)
    if (input.rules->rules[rule].severity >= Severity::high) {
      View row = finding_row(input, rule);
      row["sentence"] = View(with_full_stop(finding_sentence(input, rule, Altitude::cio)));
      rows.push_back(row);
    }
  return rows;
}

View pack_rows(const ReportInput& input) {
  View rows = view_list();
  for (const auto& pack : input.rules->packs) {
    View row;
    row["pack_title"] = View(pack.title.empty() ? pack.id : pack.title);
    row["pack_id"] = View(pack.id);
    row["pack_version"] = View(pack.version);
    const auto date = parse_date(pack.date);
    row["pack_date"] = View(date ? long_date(*date) : pack.date);
    row["pack_licence"] = View(pack.licence);
    std::size_t rules = 0;
    for (const auto& rule : input.rules->rules) rules += rule.pack == pack.id ? 1u : 0u;
    row["pack_rules"] = View(std::to_string(rules));
    rows.push_back(row);
  }
  return rows;
}

/// The summary in four sentences, each with its count.
View summary_rows(const ReportInput& input) {
  const Score& score = input.assessment->score;
  View rows = view_list();
  const auto say = [&](std::string text) {
    View row;
    row["say"] = View(std::move(text));
    rows.push_back(row);
  };
  if (!score.value) {
    say("Nothing could be judged yet.");
    return rows;
  }
  say("The measured score of " + host_count(input) + " is " + show_points(*score.value) + " of 100. It lies between " + whole_points(score.lower) + " and " + whole_points_up(score.upper) + ", because " + percent(score.checks_known) + " of checks could be judged.");
  const auto gates = holding_gates(input);
  if (gates.empty()) say("The level is “" + std::string(level_title(score.level)) + "”, " + std::to_string(score.level) + " of 5. No gate holds it.");
  else say("The level is “" + std::string(level_title(score.level)) + "”, held by " + (gates.size() == 1 ? std::string("one gate") : small_number(gates.size()) + " gates") + ". By score alone it would be “" + std::string(level_title(score.level_without_gates)) + "”.");
  std::size_t ready = 0, after = 0;
  for (const auto& workload : input.assessment->workloads) {
    ready += workload.pilot == WorkloadState::ready ? 1u : 0u;
    after += workload.pilot == WorkloadState::after_changes ? 1u : 0u;
  }
  say((ready == 0 ? std::string("None") : capitalised(small_number(ready))) + " of " + count_of(input.assessment->workloads.size(), "workload") + " can start as a pilot today, " + (after == 0 ? "none" : small_number(after)) + " after named changes.");
  std::size_t critical = 0, high = 0;
  for (const std::size_t rule : input.assessment->findings) {
    critical += input.rules->rules[rule].severity == Severity::critical ? 1u : 0u;
    high += input.rules->rules[rule].severity == Severity::high ? 1u : 0u;
  }
  double days = 0;
  for (const auto& action : input.assessment->actions) days += action.effort_days;
  say(capitalised(count_of(input.assessment->findings.size(), "finding")) + (input.assessment->findings.size() == 1 ? " is" : " are") + " open, " + grouped(static_cast<std::int64_t>(critical)) + " critical and " + grouped(static_cast<std::int64_t>(high)) + " high. All " + count_of(input.assessment->actions.size(), "action") + " together take about " + effort_text(days) + " of work.");
  return rows;
}

void add_common(View& view, const ReportInput& input) {
  view["organisation_name"] = View(input.organisation.empty() ? "This company" : input.organisation);
  view["date"] = View(long_date(input.assessment->as_of));
  view["score"] = score_view(input);
  view["pillars"] = pillar_rows(input);
  view["total"] = View(input.assessment->score.value ? show_points(*input.assessment->score.value) : std::string("–"));
  view["gates"] = gate_rows(input);
  view["has_gates"] = View(!input.assessment->gates.empty());
  view["coverage"] = coverage_view(input);
  view["summary"] = summary_rows(input);
  view["packs"] = pack_rows(input);
  view["rules_version"] = View(input.rules->version);
  view["rules_hash"] = View(input.rules->hash.substr(0, 16));
  const auto rules_date = parse_date(input.rules->date), catalogue_date = parse_date(input.rules->catalogue.date);
  view["rules_date"] = View(rules_date ? long_date(*rules_date) : input.rules->date);
  view["catalogue_date"] = View(catalogue_date ? long_date(*catalogue_date) : input.rules->catalogue.date.empty() ? std::string("unknown") : input.rules->catalogue.date);
  view["host_count"] = View(host_count(input));
  view["old_rules"] = View(rules_date && input.assessment->as_of - *rules_date > 90 * 86400);
}

}  // namespace

View cio_view(const ReportInput& input) {
  View view;
  add_common(view, input);
  add_group(view, "ready", workload_group(input, {WorkloadState::ready}));
  add_group(view, "after", workload_group(input, {WorkloadState::after_changes}));
  add_group(view, "not_ready", workload_group(input, {WorkloadState::not_ready, WorkloadState::unknown}));
  view["phases"] = roadmap_rows(input);
  add_inventory(view, input);
  add_group(view, "risks", risk_rows(input));
  add_group(view, "accepted", accepted_rows(input, std::nullopt));
  add_group(view, "evidence", evidence_rows(input, kMostEvidenceHosts, Altitude::cio));
  return view;
}

View it_view(const ReportInput& input) {
  View view;
  add_common(view, input);
  View actions = view_list();
  for (std::size_t at = 0; at < input.assessment->actions.size() && at < 10; ++at) actions.push_back(action_row(input, input.assessment->actions[at]));
  add_group(view, "actions", std::move(actions));
  add_group(view, "evidence", evidence_rows(input, 50, Altitude::it));
  View hosts = view_list();
  for (std::size_t at = 0; at < input.assessment->hosts.size() && at < kMostHostsRead; ++at) {
    const AssessedHost& host = input.assessment->hosts[at];
    const Score score = score_of_host(*input.rules, host);
    int fails = 0, unknowns = 0;
    for (const Verdict verdict : host.judgement.verdicts) {
      fails += verdict == Verdict::fail ? 1 : 0;
      unknowns += verdict == Verdict::unknown ? 1 : 0;
    }
    View row;
    row["name"] = View(host_title(host));
    row["host_score"] = View(score.value ? show_points(*score.value) : std::string("–"));
    row["host_fails"] = View(std::to_string(fails));
    row["host_unknowns"] = View(std::to_string(unknowns));
    row["host_date"] = View(long_date(host.taken_at));
    hosts.push_back(row);
  }
  view["hosts"] = std::move(hosts);
  return view;
}

std::string render_html(const ReportInput& input, Audience audience) {
  switch (audience) {
    case Audience::it: return render_file("it.html", "AI readiness: report for IT", it_view(input));
    case Audience::cio: return render_file("cio.html", "AI readiness: report for the CIO", cio_view(input));
    case Audience::ceo: break;
  }
  return render_file("ceo.html", "AI readiness, one page", ceo_view(input));
}

std::string page_report(const ReportInput& input, const PageContext& context, Audience audience) {
  switch (audience) {
    case Audience::it: return render_page("it.html", "Report for IT", it_view(input), input, context);
    case Audience::cio: return render_page("cio.html", "Report for the CIO", cio_view(input), input, context);
    case Audience::ceo: break;
  }
  return render_page("ceo.html", "One page for the board", ceo_view(input), input, context);
}

std::optional<Audience> audience_from(std::string_view text) {
  if (text == "it") return Audience::it;
  if (text == "cio") return Audience::cio;
  if (text == "ceo") return Audience::ceo;
  return std::nullopt;
}

}  // namespace plumbline
