// SPDX-License-Identifier: Apache-2.0
// Findings as CSV and as a workbook. A spreadsheet runs what it takes for a formula, so cells that begin like one get
// an apostrophe in CSV (goal S11), and every cell of the workbook is written as a string or as our own number.
#include <stdlib.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/report/view.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostCellBytes = 8'000;        // a workbook's cell holds 32,767 characters
constexpr std::size_t kMostRows = 1'000'000;         // a sheet holds 1,048,576
constexpr std::size_t kMostWorkbookBytes = 512u << 20;

struct Row {
  std::size_t finding = 0, host = 0;
  std::vector<std::string> cells;
  double gain = 0;
};

const std::vector<std::string>& headings() {
  static const std::vector<std::string> names = {"Severity", "Pillar", "Rule", "Title", "Host", "Verdict", "Observed", "Expected", "Points gained when fixed everywhere", "Effort per host (days)", "Cost", "Owner", "How to fix", "References"};
  return names;
}

constexpr std::size_t kGainColumn = 8, kEffortColumn = 9;

std::string number_text(double number) {
  std::string text = std::to_string(number);
  while (!text.empty() && text.back() == '0') text.pop_back();
  if (!text.empty() && text.back() == '.') text.pop_back();
  return text;
}

Row row_of(const ReportInput& input, std::size_t finding, std::size_t rule, std::string host, Verdict verdict, const Evidence& evidence) {
  const Rule& about = input.rules->rules[rule];
  Row row;
  row.finding = finding;
  row.gain = input.assessment->rules[rule].gain / 10.0;
  std::string observed = evidence.observed;
  if (verdict == Verdict::unknown && !evidence.missing.empty()) observed = "not read: " + join(evidence.missing, ", ");
  row.cells = {std::string(severity_word(about.severity).text), std::string(title_of(about.pillar)), about.id, about.title, std::move(host), std::string(verdict_word(verdict).text), std::move(observed),
               evidence.expected.empty() ? about.expected : evidence.expected, number_text(row.gain), number_text(about.fix.effort_days), std::string(describe(about.fix.cost)), about.fix.owner, about.fix.text, join(about.references, "; ")};
  for (auto& cell : row.cells) {
    cell = to_utf8(cell);
    if (cell.size() > kMostCellBytes) cell = to_utf8(cell.substr(0, kMostCellBytes)) + " …";
  }
  return row;
}

/// One row a finding and host, failing and unknown; facts of a host are asked for once, then rows are put in the
/// order of findings.
std::vector<Row> finding_rows(const ReportInput& input) {
  const Assessment& assessment = *input.assessment;
  std::vector<std::size_t> order(assessment.findings);
  for (std::size_t rule = 0; rule < assessment.rules.size(); ++rule)
    if (assessment.rules[rule].tally.fail == 0 && assessment.rules[rule].tally.unknown > 0) order.push_back(rule);
  std::vector<Row> rows;
  std::map<std::size_t, std::vector<std::pair<std::size_t, Verdict>>> by_host;  // host → places in `order`
  for (std::size_t at = 0; at < order.size(); ++at) {
    const RuleResult& result = assessment.rules[order[at]];
    if (input.rules->rules[order[at]].fleet) {
      const Verdict verdict = result.tally.fail > 0 ? Verdict::fail : Verdict::unknown;
      rows.push_back(row_of(input, at, order[at], "(fleet)", verdict, evidence_on_fleet(input, order[at])));
    }
    for (const std::size_t host : result.failing) by_host[host].emplace_back(at, Verdict::fail);
    for (const std::size_t host : result.unknown) by_host[host].emplace_back(at, Verdict::unknown);
  }
  for (const auto& [host, places] : by_host) {
    if (rows.size() >= kMostRows) break;
    const HostEvidence evidence(input, host);
    for (const auto& [at, verdict] : places) {
      if (rows.size() >= kMostRows) break;
      rows.push_back(row_of(input, at, order[at], host_title(assessment.hosts[host]), verdict, evidence.of(order[at])));
      rows.back().host = host;
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return std::pair(a.finding, a.host) < std::pair(b.finding, b.host); });
  return rows;
}

/// RFC 4180 quoting, after the apostrophe that keeps a cell from being a formula (OWASP, "CSV injection").
std::string csv_cell(std::string text) {
  if (!text.empty() && std::string_view("=+-@\t\r\n").find(text.front()) != std::string_view::npos) text.insert(text.begin(), '\'');
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"') quoted += '"';
    if (c != '\0') quoted += c;
  }
  return quoted + "\"";
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t at = 0; at < cells.size(); ++at) line += (at > 0 ? "," : "") + csv_cell(cells[at]);
  return line + "\r\n";
}

/// A string with what XML 1.0 cannot hold replaced.
std::string sheet_text(const std::string& text) {
  std::string safe;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    safe += byte < 0x20 && c != '\t' && c != '\n' ? ' ' : c;
  }
  return safe;
}

void write_findings(lxw_workbook* book, const std::vector<Row>& rows) {
  lxw_worksheet* sheet = workbook_add_worksheet(book, "Findings");
  lxw_format* head = workbook_add_format(book);
  format_set_bold(head);
  format_set_bottom(head, LXW_BORDER_THIN);
  lxw_format* wrap = workbook_add_format(book);
  format_set_align(wrap, LXW_ALIGN_VERTICAL_TOP);
  format_set_text_wrap(wrap);
  static constexpr double kWidths[] = {10, 20, 26, 44, 22, 10, 34, 34, 12, 10, 16, 18, 60, 40};
  for (std::size_t column = 0; column < headings().size(); ++column) {
    worksheet_set_column(sheet, static_cast<lxw_col_t>(column), static_cast<lxw_col_t>(column), kWidths[column], nullptr);
    worksheet_write_string(sheet, 0, static_cast<lxw_col_t>(column), headings()[column].c_str(), head);
  }
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const auto line = static_cast<lxw_row_t>(at + 1);
    for (std::size_t column = 0; column < rows[at].cells.size(); ++column) {
      const auto place = static_cast<lxw_col_t>(column);
      if (column == kGainColumn || column == kEffortColumn) worksheet_write_number(sheet, line, place, std::atof(rows[at].cells[column].c_str()), wrap);
      else worksheet_write_string(sheet, line, place, sheet_text(rows[at].cells[column]).c_str(), wrap);
    }
  }
  worksheet_freeze_panes(sheet, 1, 0);
  worksheet_autofilter(sheet, 0, 0, static_cast<lxw_row_t>(rows.size()), static_cast<lxw_col_t>(headings().size() - 1));
}

void write_summary(lxw_workbook* book, const ReportInput& input) {
  lxw_worksheet* sheet = workbook_add_worksheet(book, "Summary");
  worksheet_set_column(sheet, 0, 0, 30, nullptr);
  worksheet_set_column(sheet, 1, 1, 40, nullptr);
  const Score& score = input.assessment->score;
  const std::pair<std::string, std::string> lines[] = {
      {"Organisation", input.organisation.empty() ? "This company" : input.organisation},
      {"Measured", long_date(input.assessment->as_of)},
      {"Score of 100", score.value ? show_points(*score.value) : "none"},
      {"Between", whole_points(score.lower) + " and " + whole_points_up(score.upper)},
      {"Level", std::string(level_title(score.level))},
      {"Checks known", percent(score.checks_known)},
      {"Hosts", std::to_string(score.hosts)},
      {"Rules", input.rules->version + " (" + input.rules->hash.substr(0, 16) + ")"}};
  lxw_row_t at = 0;
  for (const auto& [name, value] : lines) {
    worksheet_write_string(sheet, at, 0, name.c_str(), nullptr);
    worksheet_write_string(sheet, at, 1, sheet_text(to_utf8(value)).c_str(), nullptr);
    ++at;
  }
}

}  // namespace

std::string render_findings_csv(const ReportInput& input) {
  std::string text = csv_line(headings());
  for (const auto& row : finding_rows(input)) text += csv_line(row.cells);
  return text;
}

Result<std::string> render_findings_xlsx(const ReportInput& input) {
  const char* folder = std::getenv("TMPDIR");
  std::string path = std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/plumbline-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return fail(ErrorKind::io, "workbook: no temporary folder at " + path + "; set TMPDIR to one that can be written");
  const std::string file = path + "/findings.xlsx";
  lxw_workbook_options options{};
  options.tmpdir = path.data();
  lxw_workbook* book = workbook_new_opt(file.c_str(), &options);
  write_summary(book, input);
  write_findings(book, finding_rows(input));
  const lxw_error error = workbook_close(book);
  auto bytes = error == LXW_NO_ERROR ? read_file(file, kMostWorkbookBytes) : Result<std::string>(fail(ErrorKind::io, std::string("workbook: ") + lxw_strerror(error)));
  ::unlink(file.c_str());
  ::rmdir(path.c_str());
  return bytes;
}

}  // namespace plumbline
