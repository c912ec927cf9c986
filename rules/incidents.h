// SPDX-License-Identifier: Apache-2.0
// What has happened to others, or was found to be possible: why a finding matters (rules/catalogue/incidents.csv).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plumbline {

struct Incident {
  std::string id;        // as rules name it among their references: "CVE-2026-7482", "LiteLLM, March 2026"
  std::string product;   // that it is about: "Ollama"
  std::string date;      // known to the public since: "2026-03-24", "2026-05" or "2026"
  std::string title;     // one line, without the product's name where that is clear
  std::string fixed_in;  // release; empty where there is none, or none is confirmed
  std::string link;      // https://…
};

class Mistakes;
class RuleFolder;
struct Rule;
struct RuleSet;

/// Reads incidents.csv of a folder of a rules folder. A row without a title, a day or an address is a mistake.
std::vector<Incident> read_incidents(RuleFolder& folder, const std::string& relative, Mistakes& mistakes);
/// Adds an incident, or replaces the one of the same id.
void add_incident(std::vector<Incident>& incidents, Incident incident);

/// The incidents among a rule's references, in their order. They live as long as the rules.
std::vector<const Incident*> incidents_of(const RuleSet& rules, const Rule& rule);
/// "2026-05, Ollama: Bleeding Llama … (CVE-2026-7482)".
std::string show_incident(const Incident& incident);

}  // namespace plumbline
