// SPDX-License-Identifier: Apache-2.0
// A report in the chosen format: into one file, into a folder, or to standard output.
#include <unistd.h>

#include <array>

#include "base/file.h"
#include "collector/commands/common.h"
#include "collector/report/ai_pages.h"
#include "collector/report/pdf.h"

namespace plumbline {
namespace {

constexpr std::array kAudiences = {std::pair{Audience::ceo, "ceo"}, std::pair{Audience::cio, "cio"}, std::pair{Audience::it, "it"}};

bool for_a_reader(const std::string& format) { return format == "html" || format == "pdf" || format == "text"; }
bool is_binary(const std::string& format) { return format == "pdf" || format == "xlsx"; }

Result<std::string> csv_of(const ReportInput& input, const std::string& list) {
  if (list == "actions") return render_work_list_csv(input, WorkOrder::by_action);
  if (list == "hosts") return render_work_list_csv(input, WorkOrder::by_host);
  if (list == "ai") return render_ai_csv(input);
  return render_findings_csv(input);
}

Result<std::string> bytes_of(const ReportInput& input, const ReportOptions& options, Audience audience, bool colour) {
  if (options.format == "json") return render_json(input) + "\n";
  if (options.format == "csv") return csv_of(input, options.list);
  if (options.format == "xlsx") return render_report_xlsx(input);
  if (options.format == "text") return render_text(input, audience, colour);
  const std::string html = render_html(input, audience);
  if (options.format == "html") return html;
  PdfOptions pdf;
  pdf.engine = pdf_engine_from(options.pdf_engine);
  pdf.most_seconds = options.pdf_seconds;
  return print_pdf(html, pdf);
}

int write_out(const std::string& path, const Result<std::string>& bytes) {
  if (!bytes) return report_error(bytes.error());
  if (auto written = write_file_atomic(path, *bytes, 0644); !written) return report_error(written.error());
  print(path + "\n");
  return kExitOk;
}

int write_for_readers(const ReportInput& input, const ReportOptions& options) {
  const std::string ending = options.format == "text" ? "txt" : options.format;
  for (const auto& [audience, name] : kAudiences) {
    if (options.audience && *options.audience != audience) continue;
    if (const int code = write_out(options.out + "/" + name + "." + ending, bytes_of(input, options, audience, false)); code != kExitOk) return code;
  }
  return kExitOk;
}

int write_folder(const ReportInput& input, const ReportOptions& options, const FleetView& view) {
  if (auto made = make_folder(options.out, 0755); !made) return report_error(made.error());
  if (for_a_reader(options.format)) return write_for_readers(input, options);
  const std::string folder = options.out + "/";
  if (options.format == "json") {
    if (const int code = write_out(folder + "assessment.json", view.json() + "\n"); code != kExitOk) return code;
    return write_out(folder + "report.json", render_json(input) + "\n");
  }
  if (options.format == "xlsx") {
    if (const int code = write_out(folder + "findings.xlsx", render_findings_xlsx(input)); code != kExitOk) return code;
    return write_out(folder + "report.xlsx", render_report_xlsx(input));
  }
  if (const int code = write_out(folder + "findings.csv", render_findings_csv(input)); code != kExitOk) return code;
  if (const int code = write_out(folder + "ai-in-use.csv", render_ai_csv(input)); code != kExitOk) return code;
  if (const int code = write_out(folder + "work-list.csv", render_work_list_csv(input, WorkOrder::by_action)); code != kExitOk) return code;
  return write_out(folder + "work-list-by-host.csv", render_work_list_csv(input, WorkOrder::by_host));
}

}  // namespace

int write_report(const FleetView& view, const ReportOptions& options) {
  const bool to_output = options.file == "-";
  if (!options.file.empty() && !options.out.empty()) return report_usage("-o names one file and --out a folder; give one of them");
  if (options.out.empty() && for_a_reader(options.format) && options.format != "text" && !options.audience)
    return report_usage("three pages need a folder: --out DIR, or choose one with --audience it|cio|ceo");
  if (options.out.empty() && options.file.empty() && is_binary(options.format))
    return report_usage("this is not for a terminal: name its file with -o FILE, a folder with --out DIR, or standard output with -o -");
  if (to_output && is_binary(options.format) && ::isatty(STDOUT_FILENO) == 1) return report_usage("standard output is a terminal; name a file with -o FILE");
  const ReportInput input = view.report_input(0);
  if (!options.out.empty()) return write_folder(input, options, view);
  const bool to_file = !options.file.empty() && !to_output;
  const auto bytes = bytes_of(input, options, options.audience.value_or(Audience::it), !to_file && colour_wanted());
  if (to_file) return write_out(options.file, bytes);
  if (!bytes) return report_error(bytes.error());
  print(*bytes);
  return kExitOk;
}

}  // namespace plumbline
