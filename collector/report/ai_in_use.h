// SPDX-License-Identifier: Apache-2.0
// AI in use, asked for or not: who runs what on which host, who reaches it, and which findings it is the cause of. Read from
// stored facts, one host at a time; figures of the whole fleet come from what judging kept of every host.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/report/report.h"
#include "rules/fact_record.h"
#include "rules/fact_values.h"

namespace plumbline {

/// Who gets in. open: reached from other machines, and nobody is asked; unclear: one of the two could not be told; shielded: the
/// firewall alone keeps others out; login: reached, and asks; inside: its own machine alone, or no port; stopped: nobody now.
enum class AiReach { open, unclear, shielded, login, inside, stopped };
std::string_view to_text(AiReach reach);

/// A service or a job; texts are the host's and as the catalog has them (facts/catalog_rows.cc, ai.services).
struct AiService {
  std::string kind, category, state, version, version_source, exposure, configured_exposure, auth, auth_evidence, user, image;
  std::string proxy, proxy_exposure, proxy_auth, proxy_evidence;
  std::optional<int> port;
  std::optional<bool> root, managed, foreign_code;
  AiReach reach = AiReach::unclear;
  std::vector<std::size_t> rules;  // that fail for its sake: index in RuleSet::rules, strongest first
};

/// A package in a Python environment, or an image that an engine holds.
struct AiSoftware {
  std::string name, version, place;  // the environment's folder, or the image's state
  std::vector<std::size_t> rules;    // as above
};

struct AiModel {
  std::string name, format, owner;
  double bytes = 0;
};

struct AiOnHost {
  std::size_t host = 0;         // index in Assessment::hosts
  bool read = false;            // its facts are kept
  bool services_known = false;  // and tell which services run
  std::vector<AiService> services;
  std::vector<AiSoftware> packages, images;
  std::vector<AiModel> models;  // the largest
  std::map<std::string, std::size_t> formats;
  double model_files = 0, model_bytes = 0, pickles = 0;
  double settings = 0, tokens = 0, tool_servers = 0, remote_servers = 0, readable_by_others = 0, open_gateways = 0;
};

/// Reads one host after the other; the input must outlive it. One thread.
class AiReader {
 public:
  explicit AiReader(const ReportInput& input);
  AiOnHost read(std::size_t host);

 private:
  cel::Document* document_of(std::size_t host);
  void find_causes(AiOnHost& found, cel::Document& document) const;

  const ReportInput& input_;
  std::vector<std::size_t> rules_;  // about AI, strongest first
  FactReader reader_;
};

/// Of the whole fleet, as the packs measure it; nothing where they do not.
struct AiTotals {
  std::size_t hosts = 0;          // of the fleet
  std::size_t unread_hosts = 0;   // where it is not known whether AI is in use
  std::size_t service_hosts = 0;  // where services or jobs run
  std::optional<std::size_t> services, hosts_in_use, open, unmanaged_hosts;
};

/// Every host looked at once, at what judging kept of it.
struct AiSurvey {
  AiTotals totals;
  std::vector<std::size_t> hosts;  // where AI is in use, most exposed first: those with open services, then by severity of what
                                   // fails, then by name; all hosts where the packs do not measure it
};
AiSurvey survey_ai(const ReportInput& input);
/// "AI in use today: 14 services on 6 machines, 3 open to anyone."; empty where nothing runs or it is not measured. `key`:
/// another phrase with the same slots.
std::string ai_sentence(const AiTotals& totals, std::string_view key = "ai.sentence");

/// Rules about AI in use that fail, strongest first, as findings have them: those tagged "ai" that read ai.* or name an incident.
std::vector<std::size_t> ai_findings(const ReportInput& input);
/// "Open WebUI" for open_webui; what is not in the table is shown as it stands.
std::string ai_kind_title(std::string_view kind);
/// The incident that makes a finding matter most: the first that its rule names; empty where it names none.
std::string leading_incident(const ReportInput& input, std::size_t rule);

}  // namespace plumbline
