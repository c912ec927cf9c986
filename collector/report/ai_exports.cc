// SPDX-License-Identifier: Apache-2.0
// AI in use for programs and spreadsheets: what the page shows, as JSON and as rows.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "collector/report/ai_in_use.h"
#include "collector/report/ai_pages.h"
#include "collector/report/phrases.h"
#include "collector/report/work_list.h"

namespace plumbline {
namespace {

using nlohmann::json;

std::string text(std::string_view value) { return to_utf8(value); }
json text_or_none(const std::string& value) { return value.empty() ? json() : json(to_utf8(value)); }
template <class Value>
json or_none(const std::optional<Value>& value) { return value ? json(*value) : json(); }

json rules_json(const ReportInput& input, const std::vector<std::size_t>& rules) {
  json list = json::array();
  for (const std::size_t rule : rules) list.push_back(input.rules->rules[rule].id);
  return list;
}

json service_json(const ReportInput& input, std::size_t host, const AiService& service) {
  const AssessedHost& about = input.assessment->hosts[host];
  return {{"host", text(host_title(about))}, {"host_id", about.id}, {"kind", text(service.kind)}, {"category", text(service.category)}, {"state", text_or_none(service.state)},
          {"version", text_or_none(service.version)}, {"version_source", text_or_none(service.version_source)}, {"port", or_none(service.port)}, {"exposure", text_or_none(service.exposure)},
          {"reach", std::string(to_text(service.reach))}, {"auth", text_or_none(service.auth)}, {"auth_evidence", text_or_none(service.auth_evidence)}, {"proxy", text_or_none(service.proxy)},
          {"proxy_exposure", text_or_none(service.proxy_exposure)}, {"proxy_auth", text_or_none(service.proxy_auth)}, {"proxy_evidence", text_or_none(service.proxy_evidence)},
          {"user", text_or_none(service.user)}, {"root", or_none(service.root)}, {"managed", or_none(service.managed)}, {"image", text_or_none(service.image)},
          {"trust_remote_code", or_none(service.foreign_code)}, {"rules", rules_json(input, service.rules)}};
}

json totals_json(const AiTotals& totals) {
  return {{"hosts", totals.hosts}, {"hosts_unread", totals.unread_hosts}, {"services", or_none(totals.services)}, {"hosts_with_ai", or_none(totals.hosts_in_use)}, {"open_services", or_none(totals.open)}, {"hosts_started_by_hand", or_none(totals.unmanaged_hosts)}};
}

// ---- the table

Cell yes_no(const std::optional<bool>& value) { return value ? Cell(fact_text(json(*value), {})) : Cell(); }

std::string floor_ids(const ReportInput& input, const std::vector<std::size_t>& rules) {
  std::vector<std::string> ids;
  for (const std::size_t rule : rules) ids.push_back(input.rules->rules[rule].id);
  return join(ids, ", ");
}

std::string incidents_of_rules(const ReportInput& input, const std::vector<std::size_t>& rules) {
  std::vector<std::string> texts;
  for (const std::size_t rule : rules) {
    const std::string incident = leading_incident(input, rule);
    if (!incident.empty() && std::find(texts.begin(), texts.end(), incident) == texts.end()) texts.push_back(incident);
  }
  return join(texts, "; ");
}

std::vector<Cell> service_cells(const ReportInput& input, const std::string& host, const AiService& service) {
  return {host, say("sheet.ai_service"), ai_kind_title(service.kind), category_title(service.category), service.version, service.state, say("ai.reach_" + std::string(to_text(service.reach))),
          service.exposure, service.port ? Cell::of(*service.port) : Cell(), service.auth, service.auth_evidence, service.proxy_evidence, service.user, yes_no(service.root), yes_no(service.managed),
          service.image, floor_ids(input, service.rules), incidents_of_rules(input, service.rules)};
}

std::vector<Cell> software_cells(const ReportInput& input, const std::string& host, const char* what, const AiSoftware& one, bool is_image) {
  return {host, say(what), is_image ? Cell() : Cell(one.name), Cell(), one.version, is_image ? Cell(one.place) : Cell(), Cell(), Cell(), Cell(), Cell(), Cell(), Cell(), Cell(), Cell(), Cell(),
          is_image ? Cell(one.name) : Cell(one.place), floor_ids(input, one.rules), incidents_of_rules(input, one.rules)};
}

std::vector<Cell> model_cells(const std::string& host, const AiModel& model) {
  return {host, say("sheet.ai_model"), model.name, model.format, Cell(), Cell(), Cell(), Cell(), Cell(), Cell(), Cell(), Cell(), model.owner};
}

void add_host(Table& table, const ReportInput& input, const AiOnHost& found) {
  const std::string host = host_title(input.assessment->hosts[found.host]);
  const std::size_t rows = found.services.size() + found.packages.size() + found.images.size() + found.models.size();
  if (table.rows.size() + rows > kMostWorkRows) {
    table.left_out += rows;
    return;
  }
  for (const AiService& service : found.services) table.rows.push_back(service_cells(input, host, service));
  for (const AiModel& model : found.models) table.rows.push_back(model_cells(host, model));
  for (const AiSoftware& package : found.packages) table.rows.push_back(software_cells(input, host, "sheet.ai_package", package, false));
  for (const AiSoftware& image : found.images) table.rows.push_back(software_cells(input, host, "sheet.ai_image", image, true));
}

}  // namespace

json ai_json(const ReportInput& input, std::size_t skip, std::size_t most_hosts) {
  const AiSurvey survey = survey_ai(input);
  const std::vector<std::size_t>& hosts = survey.hosts;
  AiReader reader(input);
  json services = json::array();
  std::size_t at = std::min(skip, hosts.size());
  const std::size_t end = std::min(hosts.size(), at + most_hosts);
  for (; at < end; ++at) {
    const AiOnHost found = reader.read(hosts[at]);
    for (const AiService& service : found.services) services.push_back(service_json(input, found.host, service));
  }
  return {{"totals", totals_json(survey.totals)}, {"services", std::move(services)}, {"hosts_left_out", hosts.size() - end}};
}

Table ai_table(const ReportInput& input) {
  Table table;
  table.name = say("sheet.ai");
  table.file = "ai-in-use";
  static constexpr std::pair<std::string_view, double> kColumns[] = {
      {"host", 20}, {"ai_what", 14}, {"ai_product", 24}, {"ai_category", 20}, {"ai_version", 12}, {"ai_state", 10}, {"ai_reach", 20}, {"ai_exposure", 12}, {"ai_port", 8}, {"ai_login", 12},
      {"ai_evidence", 34}, {"ai_proxy", 34}, {"ai_user", 14}, {"ai_root", 8}, {"ai_managed", 12}, {"ai_place", 34}, {"rule", 30}, {"ai_incident", 60}};
  for (const auto& [name, width] : kColumns) table.columns.push_back({say("sheet.column." + std::string(name)), width});
  AiReader reader(input);
  const AiSurvey survey = survey_ai(input);
  for (const std::size_t host : survey.hosts) {
    if (table.left_out > 0) {
      ++table.left_out;  // a row a host that has no place
      continue;
    }
    add_host(table, input, reader.read(host));
  }
  return table;
}

std::string render_ai_csv(const ReportInput& input) { return to_csv(ai_table(input)); }

}  // namespace plumbline
