// SPDX-License-Identifier: Apache-2.0
// Reads the table of incidents and finds those that a rule names.
#include "rules/incidents.h"

#include <algorithm>
#include <cctype>

#include "rules/csv.h"
#include "rules/csv_row.h"
#include "rules/files.h"
#include "rules/pack.h"

namespace plumbline {
namespace {

/// "2026", "2026-05" or "2026-05-13".
bool is_day_or_less(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00";
  if (text.size() != 4 && text.size() != 7 && text.size() != 10) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    if (shape[i] == '0' ? !digit : text[i] != shape[i]) return false;
  }
  return true;
}

Incident read_incident(const CsvRow& row) {
  Incident incident{row.text("id"),    row.text("product"),  row.text("date"),
                    row.text("title"), row.text("fixed_in"), row.text("link")};
  if (incident.id.empty() || incident.product.empty() || incident.title.empty()) {
    row.mistake("id, product and title must not be empty");
  }
  if (!is_day_or_less(incident.date)) row.mistake("date '" + incident.date + "' is none of 2026, 2026-05 and 2026-05-13");
  if (incident.link.rfind("https://", 0) != 0) row.mistake("link '" + incident.link + "' does not begin with https://");
  return incident;
}

const Incident* find_incident(const std::vector<Incident>& incidents, std::string_view id) {
  const auto found = std::find_if(incidents.begin(), incidents.end(), [id](const Incident& one) { return one.id == id; });
  return found == incidents.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Incident> read_incidents(RuleFolder& folder, const std::string& relative, Mistakes& mistakes) {
  std::vector<Incident> out;
  const SourceFile* file = folder.read(relative + "/incidents.csv");
  if (!file) return out;
  const CsvTable table = read_csv(*file, {"id", "product", "date", "title", "fixed_in", "link"}, mistakes);
  for (const auto& row : table.rows) {
    const CsvRow reader{*file, table, row, mistakes};
    Incident incident = read_incident(reader);
    if (find_incident(out, incident.id)) reader.mistake(incident.id + " stands here twice");
    out.push_back(std::move(incident));
  }
  return out;
}

void add_incident(std::vector<Incident>& incidents, Incident incident) {
  const auto same = std::find_if(incidents.begin(), incidents.end(), [&](const Incident& one) { return one.id == incident.id; });
  if (same != incidents.end()) *same = std::move(incident);
  else incidents.push_back(std::move(incident));
}

std::vector<const Incident*> incidents_of(const RuleSet& rules, const Rule& rule) {
  std::vector<const Incident*> found;
  for (const std::string& reference : rule.references)
    if (const Incident* incident = find_incident(rules.catalogue.incidents, reference)) found.push_back(incident);
  return found;
}

std::string show_incident(const Incident& incident) {
  std::string text = incident.date + ", " + incident.product + ": " + incident.title;
  if (incident.id.rfind("CVE-", 0) == 0) text += " (" + incident.id + ")";
  return text;
}

}  // namespace plumbline
