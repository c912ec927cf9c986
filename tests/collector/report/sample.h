// SPDX-License-Identifier: Apache-2.0
// A small fleet for tests of pages: the packs and hosts in tests/collector/report, judged by the real judge. Every
// text that a host or a pack gives can be replaced by a payload.
#pragma once

#include <nlohmann/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "collector/report/report.h"
#include "rules/questionnaire.h"

namespace plumbline {

struct Sample {
  std::shared_ptr<RuleSet> rules;
  std::vector<nlohmann::json> facts;   // in the order of assessment.hosts
  std::vector<AssessedHost> before;
  std::vector<ScorePoint> history;
  Assessment assessment;
  std::shared_ptr<Decisions> decisions;
  std::shared_ptr<Questionnaire> questionnaire;
  std::string document;                // of the first host: a scan document

  ReportInput input() const;
};

/// Without a payload: the fleet as it stands in the files.
Sample make_sample(const std::string& payload = {});

/// Every page and every file of it, by name: "overview", "host", "cio.html", ….
std::vector<std::pair<std::string, std::string>> all_pages(const Sample& sample);

/// 200 and more ways to get markup or script into a page.
const std::vector<std::string>& xss_payloads();

}  // namespace plumbline
