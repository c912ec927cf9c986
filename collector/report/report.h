// SPDX-License-Identifier: Apache-2.0
// Renders an assessment for a reader: pages and reports from mustache templates, CSV, XLSX, text for a terminal.
// Templates are in collector/report/templates and are compiled into the program.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collector/decisions/decisions.h"
#include "collector/store/store.h"
#include "rules/assessment.h"
#include "rules/clock.h"

namespace plumbline {

struct SinceReview;

/// A host's own score, as score_of_host() gives it.
struct HostScore {
  std::optional<Tenths> value;
  Tenths lower = 0, upper = 1000;
};

/// Where ReportInput::outlook stands.
struct OutlookState {
  std::int64_t computed_at = 0;  // 0: none was made yet
  bool running = false;          // a newer one is being made
  std::string problem;           // why there is no newer one; empty where there is none
  bool operator==(const OutlookState&) const = default;
};

struct Questionnaire;

/// All that any page needs; gathered by the collector (or by `assess` without a store).
struct ReportInput {
  const RuleSet* rules = nullptr;
  const Assessment* assessment = nullptr;
  std::string organisation;                    // shown as title; "This company" where unset
  std::vector<ScorePoint> history;             // oldest first; may be empty
  std::vector<AssessedHost> before;            // the fleet as it was before the last change; may be empty
  std::int64_t now = 0;                        // for ages; = as_of in files, so that they are repeatable
  std::function<const nlohmann::json*(std::size_t host)> facts;  // nullptr where they are gone
  std::function<HostScore(std::size_t host)> host_score;         // of assessment->hosts; made once and kept
  std::size_t hosts_without_scan = 0;          // enrolled, but nothing came yet
  std::size_t hosts_waiting = 0;               // whose scans these rules have not judged yet: in no figure
  std::shared_ptr<const SinceReview> since_review;  // of IT's last one; nullptr where there was none
  std::shared_ptr<const Decisions> decisions;  // what people added; nullptr without a store
  std::shared_ptr<const Questionnaire> questionnaire;  // what the answers answer; nullptr where it was not read
  std::shared_ptr<const Clock> outlook;        // if nothing is done; nullptr while it is not computed
  OutlookState outlook_state;
  std::function<Result<std::string>(std::size_t host)> document;  // the scan (JSON) that a host's verdicts are of; may be empty
};

enum class Audience { it, cio, ceo };
/// The score of a host; computed here where the input does not keep it.
HostScore host_score(const ReportInput& input, std::size_t host);
std::optional<Audience> audience_from(std::string_view text);

/// A self-contained HTML file: no script, no network, style inside.
std::string render_html(const ReportInput& input, Audience audience);
/// For a terminal; colour only where asked.
std::string render_text(const ReportInput& input, Audience audience, bool colour);
std::string render_findings_csv(const ReportInput& input);
Result<std::string> render_findings_xlsx(const ReportInput& input);
/// What there is to do, a row a failing check and host.
enum class WorkOrder { by_action, by_host };
std::string render_work_list_csv(const ReportInput& input, WorkOrder order);
/// Everything the reports show, as one workbook.
Result<std::string> render_report_xlsx(const ReportInput& input);
/// The same as one JSON document, canonical; its form is collector/report/report.schema.json.
std::string render_json(const ReportInput& input);

/// What people who are signed in must know now, above every page.
struct Notice {
  std::string title;
  std::string text;
  std::vector<std::string> lines;  // shown as they are, as a program would print them
  bool trouble = false;            // something must be mended
};

/// Pages of the dashboard. `user` and `csrf` of the session; links are relative to the site.
struct PageContext {
  std::string user, role, csrf, path;
  std::map<std::string, std::string> query;  // filters, order and page of lists; anything unknown in it is left out
  std::vector<Notice> notices = {};
};
std::string page_overview(const ReportInput&, const PageContext&);
std::string page_findings(const ReportInput&, const PageContext&);
std::optional<std::string> page_finding(const ReportInput&, const PageContext&, std::string_view rule_id);
std::string page_workloads(const ReportInput&, const PageContext&);
std::string page_hosts(const ReportInput&, const PageContext&);
std::optional<std::string> page_host(const ReportInput&, const PageContext&, std::string_view host_id, const std::optional<std::string>& scan_document_json);
std::string page_reports(const ReportInput&, const PageContext&);
/// The CIO report and the CEO page inside the site: same body as the file, with the navigation (hidden in print).
std::string page_report(const ReportInput&, const PageContext&, Audience);
std::string page_login(std::string_view message, std::string_view csrf);
std::string page_error(int status, std::string_view what, std::string_view next);
/// The style sheet served at /style.css and put inside files.
std::string_view style_sheet();

}  // namespace plumbline
