// SPDX-License-Identifier: Apache-2.0
// The page "AI in use today": what is open first, then who runs what where, why it matters, what lies ready, what we could not see.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"
#include "collector/report/ai_in_use.h"
#include "collector/report/ai_pages.h"
#include "collector/report/view.h"
#include "rules/incidents.h"

namespace plumbline {
namespace {

constexpr std::size_t kHostsOnPage = 100;     // that are read for one page
constexpr std::size_t kMostOpenShown = 40;
constexpr std::size_t kMostServicesShown = 300;
constexpr std::size_t kMostFindingsShown = 40;
constexpr std::size_t kMostIncidents = 2;      // beside one finding
constexpr std::size_t kMostRows = 16;         // of models, packages, images, agents
constexpr std::size_t kMostNames = 4;         // of hosts in a cell
constexpr std::size_t kMostVersions = 4;
constexpr std::string_view kCurrentTag = "cve";  // of rules that want a release past known flaws

struct Seen {
  AiTotals totals;
  std::vector<AiOnHost> hosts;       // in the order of the survey
  std::size_t first = 0, with_ai = 0, pages = 1, page = 1;
};

Seen see(const ReportInput& input, const PageContext& context) {
  Seen seen;
  const AiSurvey survey = survey_ai(input);
  const std::vector<std::size_t>& all = survey.hosts;
  const auto asked = context.query.find("page");
  seen.totals = survey.totals;
  seen.with_ai = all.size();
  seen.pages = std::max<std::size_t>(1, (all.size() + kHostsOnPage - 1) / kHostsOnPage);
  seen.page = static_cast<std::size_t>(std::clamp<std::uint64_t>(asked == context.query.end() ? 1 : parse_u64(asked->second).value_or(1), 1, seen.pages));
  seen.first = (seen.page - 1) * kHostsOnPage;
  AiReader reader(input);
  for (std::size_t at = seen.first; at < all.size() && at < seen.first + kHostsOnPage; ++at) seen.hosts.push_back(reader.read(all[at]));
  return seen;
}

std::string host_name(const ReportInput& input, std::size_t host) { return host_title(input.assessment->hosts[host]); }

// ---- one service

std::string where_text(const AiService& service) {
  const std::string where = say("ai.exposure_" + (service.exposure.empty() ? "unknown" : is_known_exposure(service.exposure) ? service.exposure : "unknown"));
  return service.port ? say("ai.port", {{"where", where}, {"port", std::to_string(*service.port)}}) : where;
}

std::string proxy_text(const AiService& service) {
  if (service.proxy.empty()) return {};
  const std::string where = say("ai.exposure_" + (is_known_exposure(service.proxy_exposure) ? service.proxy_exposure : "unknown"));
  return say("ai.behind", {{"proxy", service.proxy}, {"where", where}, {"evidence", service.proxy_evidence.empty() ? say("ai.auth_unknown") : service.proxy_evidence}});
}

std::string login_text(const AiService& service) {
  const std::string asked = say("ai.auth_" + std::string(service.auth == "required" || service.auth == "none" ? service.auth : "unknown"));
  return service.auth_evidence.empty() ? asked : say("ai.auth_by", {{"asked", asked}, {"evidence", service.auth_evidence}});
}

/// Where a version is from.
std::string source_text(std::string_view source) {
  if (source == "answer" || source == "image" || source == "package") return say("ai.source_" + std::string(source));
  return source == "dist-info" ? say("ai.source_environment") : std::string();
}

std::string state_text(std::string_view state) {
  return state == "running" || state == "stopped" || state == "pulled" ? say("ai.state_" + std::string(state)) : to_utf8(state);
}

std::string operated_text(const AiService& service) {
  if (!service.managed) return {};
  if (!*service.managed) return say("ai.by_hand");
  return service.image.empty() ? say("ai.by_unit") : say("ai.by_image", {{"image", service.image}});
}

/// What a rule about known flaws wants, where this one is behind it.
std::string floor_text(const ReportInput& input, const std::vector<std::size_t>& rules) {
  for (const std::size_t rule : rules) {
    const Rule& about = input.rules->rules[rule];
    if (std::find(about.tags.begin(), about.tags.end(), kCurrentTag) != about.tags.end()) return say("ai.floor", {{"expected", about.expected}});
  }
  return {};
}

/// Each with the incident that leads it, which is told once.
View rule_rows(const ReportInput& input, const std::vector<std::size_t>& rules) {
  View rows = view_list();
  std::set<std::string> told;
  for (const std::size_t rule : rules) {
    const Rule& about = input.rules->rules[rule];
    const Word severity = severity_word(about.severity);
    View row;
    put_text(row, "rule_id", about.id);
    put_text(row, "rule_title", about.title);
    put_text(row, "severity", severity.text);
    put_text(row, "severity_css", std::string(severity.css));
    std::string incident = leading_incident(input, rule);
    if (!told.insert(incident).second) incident.clear();
    row["incident"] = maybe(std::move(incident));
    rows.push_back(row);
  }
  return rows;
}

View service_row(const ReportInput& input, std::size_t host, const AiService& service) {
  static const std::map<AiReach, std::string_view> kStyles = {{AiReach::open, "bad"}, {AiReach::unclear, "wait"}, {AiReach::shielded, "wait"}, {AiReach::login, "ok"}, {AiReach::inside, "soft"}, {AiReach::stopped, "soft"}};
  View row;
  put_text(row, "product", ai_kind_title(service.kind));
  put_text(row, "category", category_title(service.category));
  put_text(row, "host_id", input.assessment->hosts[host].id);
  put_text(row, "host_name", host_name(input, host));
  put_text(row, "reach", say("ai.reach_" + std::string(to_text(service.reach))));
  put_text(row, "reach_css", std::string(kStyles.at(service.reach)));
  put_text(row, "where", where_text(service));
  put_text(row, "where_sentence", capitalised(where_text(service)));
  row["proxy"] = maybe(proxy_text(service));
  put_text(row, "login", login_text(service));
  row["version"] = maybe(service.version);
  row["version_source"] = maybe(service.version.empty() ? "" : source_text(service.version_source));
  row["floor"] = maybe(floor_text(input, service.rules));
  row["runs_as"] = maybe(service.user);
  put_truth(row, "root", service.root.value_or(false));
  row["operated"] = maybe(operated_text(service));
  put_truth(row, "by_hand", service.managed && !*service.managed);
  put_truth(row, "foreign_code", service.foreign_code.value_or(false));
  put_list(row, "rules", rule_rows(input, service.rules));
  return row;
}

// ---- what is open, and everything by product

View open_rows(const ReportInput& input, const Seen& seen, std::size_t& count) {
  View rows = view_list();
  for (const AiOnHost& host : seen.hosts)
    for (const AiService& service : host.services)
      if (service.reach == AiReach::open && ++count <= kMostOpenShown) rows.push_back(service_row(input, host.host, service));
  return rows;
}

struct Placed {
  std::size_t host;
  const AiService* service;
};

/// Products whose worst is open come first; within one, what is open.
std::vector<Placed> by_product(const Seen& seen) {
  std::map<std::string, AiReach> worst;
  std::vector<Placed> placed;
  for (const AiOnHost& host : seen.hosts)
    for (const AiService& service : host.services) {
      const auto known = worst.emplace(service.kind, service.reach).first;
      known->second = std::min(known->second, service.reach);
      placed.push_back({host.host, &service});
    }
  std::stable_sort(placed.begin(), placed.end(), [&](const Placed& a, const Placed& b) {
    const AiService &one = *a.service, &other = *b.service;
    return std::tie(worst.at(one.kind), one.category, one.kind, one.reach) < std::tie(worst.at(other.kind), other.category, other.kind, other.reach);
  });
  return placed;
}

View service_rows(const ReportInput& input, const Seen& seen, std::size_t& left_out) {
  View rows = view_list();
  for (const Placed& placed : by_product(seen)) {
    if (rows.list_value().size() < kMostServicesShown) rows.push_back(service_row(input, placed.host, *placed.service));
    else ++left_out;
  }
  return rows;
}

// ---- findings with their incidents

View incident_rows(const ReportInput& input, std::size_t rule) {
  View rows = view_list();
  for (const Incident* one : incidents_of(*input.rules, input.rules->rules[rule]))
    if (rows.list_value().size() < kMostIncidents) rows.push_back(incident_view(*one));
  return rows;
}

View finding_rows(const ReportInput& input, std::size_t& left_out) {
  View rows = view_list();
  std::size_t shown = 0;
  for (const std::size_t rule : ai_findings(input)) {
    if (++shown > kMostFindingsShown) {
      ++left_out;
      continue;
    }
    View row = finding_row(input, rule);
    put_text(row, "why", input.rules->rules[rule].why);
    put_list(row, "incidents", incident_rows(input, rule));
    const std::size_t all = incidents_of(*input.rules, input.rules->rules[rule]).size();
    row["more_incidents"] = maybe(all > kMostIncidents ? say_count("ai.more_incidents", all - kMostIncidents) : "");
    rows.push_back(row);
  }
  return rows;
}

// ---- models, packages, images, agents

std::string listed_hosts(const ReportInput& input, const std::vector<std::size_t>& hosts) {
  std::vector<std::string> names;
  for (const std::size_t host : hosts) names.push_back(host_name(input, host));
  return listed(names, kMostNames);
}

void put_models(View& view, const ReportInput& input, const Seen& seen) {
  struct Found { const AiModel* model; std::size_t host; };
  std::vector<Found> models;
  std::map<std::string, std::size_t> formats;
  double files = 0, bytes = 0, pickles = 0;
  for (const AiOnHost& host : seen.hosts) {
    files += host.model_files;
    bytes += host.model_bytes;
    pickles += host.pickles;
    for (const auto& [format, count] : host.formats) formats[format] += count;
    for (const AiModel& model : host.models) models.push_back({&model, host.host});
  }
  std::stable_sort(models.begin(), models.end(), [](const Found& a, const Found& b) { return a.model->bytes > b.model->bytes; });
  View rows = view_list(), counts = view_list();
  for (const Found& found : models) {
    if (rows.list_value().size() == kMostRows) break;
    View row;
    put_text(row, "model", found.model->name);
    put_text(row, "format", found.model->format);
    put_truth(row, "unsafe", contains(found.model->format, "pickle"));
    put_text(row, "size", bytes_text(found.model->bytes));
    put_text(row, "owner", found.model->owner);
    put_text(row, "host_id", input.assessment->hosts[found.host].id);
    put_text(row, "host_name", host_name(input, found.host));
    rows.push_back(row);
  }
  for (const auto& [format, count] : formats) {
    View row;
    put_text(row, "format", format);
    put_text(row, "format_count", grouped(static_cast<std::int64_t>(count)));
    put_truth(row, "unsafe", format == "pickle");
    counts.push_back(row);
  }
  view["models_text"] = maybe(files > 0 ? say_count("estate.models", static_cast<std::size_t>(files), {{"size", bytes_text(bytes)}}) : "");
  view["pickles_text"] = maybe(pickles > 0 ? say_count("estate.pickles", static_cast<std::size_t>(pickles)) : "");
  view["more_models"] = maybe(models.size() > kMostRows ? say_count("ai.more_models", models.size() - kMostRows) : "");
  put_list(view, "models", std::move(rows));
  put_list(view, "formats", std::move(counts));
}

/// Packages or images by name, with the versions and hosts that have them.
struct Software {
  std::set<std::string> versions;
  std::vector<std::size_t> hosts;
  std::vector<std::size_t> rules;
  std::set<std::string> places;
};

std::map<std::string, Software> software_of(const Seen& seen, std::vector<AiSoftware> AiOnHost::*list) {
  std::map<std::string, Software> found;
  for (const AiOnHost& host : seen.hosts)
    for (const AiSoftware& one : host.*list) {
      Software& software = found[one.name];
      if (!one.version.empty()) software.versions.insert(one.version);
      if (software.hosts.empty() || software.hosts.back() != host.host) software.hosts.push_back(host.host);
      for (const std::size_t rule : one.rules)
        if (std::find(software.rules.begin(), software.rules.end(), rule) == software.rules.end()) software.rules.push_back(rule);
      software.places.insert(one.place);
    }
  return found;
}

void put_software(View& view, const ReportInput& input, const std::string& name, const std::map<std::string, Software>& found, bool states) {
  std::vector<const std::pair<const std::string, Software>*> order;
  for (const auto& one : found) order.push_back(&one);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {  // what has findings first, then what is common
    return std::pair(a->second.rules.empty(), -static_cast<std::ptrdiff_t>(a->second.hosts.size())) < std::pair(b->second.rules.empty(), -static_cast<std::ptrdiff_t>(b->second.hosts.size()));
  });
  View rows = view_list();
  for (const auto* one : order) {
    if (rows.list_value().size() == kMostRows) break;
    View row;
    put_text(row, "software", one->first);
    put_text(row, "versions", one->second.versions.empty() ? say("fact.unknown") : listed({one->second.versions.begin(), one->second.versions.end()}, kMostVersions));
    const std::string floor = floor_text(input, one->second.rules);
    row["floor"] = maybe(states && !floor.empty() ? say("ai.image_behind") : floor);  // the rule on images names every product's release
    put_text(row, "software_hosts", listed_hosts(input, one->second.hosts));
    std::vector<std::string> words;
    for (const std::string& place : one->second.places) words.push_back(state_text(place));
    row["states"] = maybe(states ? listed(words, kMostVersions) : "");
    rows.push_back(row);
  }
  put_list(view, name, std::move(rows));
  view["more_" + name] = maybe(order.size() > kMostRows ? say_count("ai.more_software", order.size() - kMostRows) : "");
}

void put_agents(View& view, const ReportInput& input, const Seen& seen) {
  View rows = view_list();
  std::size_t count = 0;
  for (const AiOnHost& host : seen.hosts) {
    if (host.settings <= 0 && host.open_gateways <= 0) continue;
    if (++count > kMostRows) continue;
    const auto number = [](double value) { return grouped(static_cast<std::int64_t>(value)); };
    View row;
    put_text(row, "host_id", input.assessment->hosts[host.host].id);
    put_text(row, "host_name", host_name(input, host.host));
    put_text(row, "settings", number(host.settings));
    put_text(row, "tool_servers", number(host.tool_servers));
    put_text(row, "remote_servers", number(host.remote_servers));
    put_text(row, "tokens", number(host.tokens));
    put_truth(row, "has_tokens", host.tokens > 0);
    row["readable"] = maybe(host.readable_by_others > 0 ? say_count("ai.readable", static_cast<std::size_t>(host.readable_by_others)) : "");
    put_text(row, "gateways", number(host.open_gateways));
    put_truth(row, "has_gateways", host.open_gateways > 0);
    rows.push_back(row);
  }
  put_list(view, "agents", std::move(rows));
  view["more_agents"] = maybe(count > kMostRows ? say_count("more.hosts", count - kMostRows) : "");
}

// ---- figures and what is not known

void put_figures(View& view, const ReportInput& input, const Seen& seen) {
  const AiTotals& totals = seen.totals;
  std::size_t unclear = 0, gone = 0, silent = 0;
  for (const AiOnHost& host : seen.hosts) {
    gone += host.read ? 0 : 1;
    silent += host.read && !host.services_known ? 1 : 0;
    for (const AiService& service : host.services) unclear += service.reach == AiReach::unclear ? 1 : 0;
  }
  const auto figure = [](const std::optional<std::size_t>& number) { return number ? grouped(static_cast<std::int64_t>(*number)) : say("fact.unknown"); };
  put_text(view, "total_services", figure(totals.services));
  put_text(view, "total_hosts", figure(totals.hosts_in_use));
  put_text(view, "total_fleet", say_count("count.machines", totals.hosts));
  put_text(view, "total_open", figure(totals.open));
  put_truth(view, "any_open", totals.open.value_or(0) > 0);
  put_text(view, "total_by_hand", figure(totals.unmanaged_hosts));
  view["headline"] = maybe(ai_sentence(totals, "ai.headline"));
  put_truth(view, "any", seen.with_ai > 0);
  View unseen = view_list();
  const auto add = [&](std::size_t count, std::string_view key) {
    if (count == 0) return;
    View row;
    put_text(row, "unseen_text", say_count(key, count));
    unseen.push_back(row);
  };
  add(totals.unread_hosts, "ai.unseen_hosts");
  add(input.hosts_without_scan, "ai.unseen_silent");
  add(gone, "ai.unseen_gone");
  add(silent, "ai.unseen_services");
  add(unclear, "ai.unseen_logins");
  put_list(view, "unseen", std::move(unseen));
}

}  // namespace

View incident_view(const Incident& incident) {
  View row;
  put_text(row, "incident_text", incident.product + ": " + incident.title);
  put_text(row, "incident_id", incident.id);
  put_text(row, "incident_date", incident.date);
  put_text(row, "incident_link", incident.link);
  row["incident_fixed"] = maybe(incident.fixed_in.empty() ? "" : say("incident.fixed_in", {{"version", incident.fixed_in}}));
  return row;
}

bool is_known_exposure(std::string_view exposure) {
  return exposure == "any" || exposure == "public" || exposure == "private" || exposure == "loopback" || exposure == "none";
}

std::string category_title(std::string_view category) {
  const std::string key = "ai.category_" + std::string(category);
  return phrases().find(key) != nullptr ? say(key) : to_utf8(category);
}

std::string page_ai(const ReportInput& input, const PageContext& context) {
  const Seen seen = see(input, context);
  View view;
  put_figures(view, input, seen);
  std::size_t open = 0, left_out = 0, findings_left = 0;
  put_list(view, "open", open_rows(input, seen, open));
  view["more_open"] = maybe(open > kMostOpenShown ? say_count("ai.more_services", open - kMostOpenShown) : "");
  put_list(view, "services", service_rows(input, seen, left_out));
  view["more_services"] = maybe(left_out > 0 ? say_count("ai.more_services", left_out) : "");
  put_list(view, "findings", finding_rows(input, findings_left));
  view["more_findings"] = maybe(findings_left > 0 ? say_count("ai.more_findings", findings_left) : "");
  put_models(view, input, seen);
  put_software(view, input, "packages", software_of(seen, &AiOnHost::packages), false);
  put_software(view, input, "images", software_of(seen, &AiOnHost::images), true);
  put_agents(view, input, seen);
  put_truth(view, "many_pages", seen.pages > 1);
  put_text(view, "page_text", say("ai.page", {{"first", grouped(static_cast<std::int64_t>(seen.first + 1))}, {"last", grouped(static_cast<std::int64_t>(seen.first + seen.hosts.size()))}, {"machines", say_count("count.machines", seen.with_ai)}}));
  view["previous"] = maybe(seen.page > 1 ? "/ai?page=" + std::to_string(seen.page - 1) : "");
  view["next_page"] = maybe(seen.page < seen.pages ? "/ai?page=" + std::to_string(seen.page + 1) : "");
  return render_page("ai.html", say("ai.title"), std::move(view), input, context);
}

}  // namespace plumbline
