// SPDX-License-Identifier: Apache-2.0
// Exports, each a row.
#include "collector/web/export_routes.h"

#include "base/log.h"
#include "collector/report/ai_pages.h"
#include "collector/report/pdf.h"
#include "collector/web/shown.h"

namespace plumbline {
namespace {

constexpr std::string_view kXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

Response download(std::string body, std::string_view content_type, const std::string& file_name) {
  Response response;
  response.content_type = std::string(content_type);
  response.body = std::move(body);
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + file_name + "\"");
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response not_now(std::string_view what, std::string_view next, const char* retry_after) {
  Response response = html(page_error(503, what, next), 503);
  if (retry_after != nullptr) response.headers.emplace_back("Retry-After", retry_after);
  return response;
}

Response workbook(const Result<std::string>& file, const std::string& name) {
  if (file) return download(*file, kXlsx, name);
  log_warning("export: " + file.error().message);
  return not_now("the workbook could not be written", "try again, or take the CSV export", nullptr);
}

Page file_of(Audience audience, std::string file_name) {
  return [audience, file_name = std::move(file_name)](const Request&, const ReportInput& input, const PageContext&) {
    return download(render_html(input, audience), "text/html; charset=utf-8", file_name);
  };
}

Response pdf_answer(const Result<std::string>& pdf, const std::string& file_name) {
  if (pdf) return download(*pdf, "application/pdf", file_name);
  log_warning("export: " + pdf.error().message);
  if (pdf.error().kind == ErrorKind::not_found)
    return not_now("no program that makes PDFs is installed beside the collector", "take the HTML and print it, or have an administrator install WeasyPrint", nullptr);
  if (pdf.error().kind == ErrorKind::limit) return not_now("this PDF takes too long to make", "take the HTML and print it from the browser", nullptr);
  return not_now("the PDF could not be made", "try again, or take the HTML and print it from the browser", "60");
}

/// The HTML is drawn here, on the pool; the PDF of it comes from the desk, which answers from its own thread.
std::function<void(const Request&, Reply)> pdf_of(Web& web, Audience audience, std::string file_name) {
  return [&web, audience, file_name = std::move(file_name)](const Request&, Reply reply) {
    const auto input = web.report();
    if (!input) return reply(nothing_to_show());
    if (web.pdf == nullptr) return reply(not_now("this collector makes no PDFs", "take the HTML and print it from the browser", nullptr));
    const bool taken = web.pdf->ask(render_html(*input, audience), [reply, file_name](const Result<std::string>& pdf) { reply(pdf_answer(pdf, file_name)); });
    if (!taken) reply(not_now("other PDFs are being made", "try again in a minute", "30"));
  };
}

}  // namespace

void add_export_routes(Web& web, std::vector<Route>& routes) {
  const auto view = [&](std::string pattern, Page page) { routes.push_back({"GET", std::move(pattern), Permission::viewer, shown(web, std::move(page))}); };
  const auto text = [&](std::string pattern, std::string_view type, std::string name, std::function<std::string(const ReportInput&)> render) {
    view(std::move(pattern), [type, name = std::move(name), render = std::move(render)](const Request&, const ReportInput& in, const PageContext&) { return download(render(in), type, name); });
  };
  for (const auto& [audience, name] : {std::pair{Audience::it, "it"}, std::pair{Audience::cio, "cio"}, std::pair{Audience::ceo, "ceo"}}) {
    const std::string path = "/export/" + std::string(name), file = "plumbline-" + std::string(name);
    view(path + ".html", file_of(audience, file + ".html"));
    routes.push_back({"GET", path + ".pdf", Permission::viewer, pdf_of(web, audience, file + ".pdf")});
  }
  text("/export/findings.csv", "text/csv; charset=utf-8", "findings.csv", render_findings_csv);
  text("/export/ai-in-use.csv", "text/csv; charset=utf-8", "ai-in-use.csv", render_ai_csv);
  text("/export/work-list.csv", "text/csv; charset=utf-8", "work-list.csv", [](const ReportInput& in) { return render_work_list_csv(in, WorkOrder::by_action); });
  text("/export/work-list-by-host.csv", "text/csv; charset=utf-8", "work-list-by-host.csv", [](const ReportInput& in) { return render_work_list_csv(in, WorkOrder::by_host); });
  text("/export/report.json", "application/json", "report.json", render_json);
  text("/export/score.json", "application/json", "score.json", [](const ReportInput& in) { return to_json(*in.rules, *in.assessment); });
  view("/export/findings.xlsx", [](const Request&, const ReportInput& in, const PageContext&) { return workbook(render_findings_xlsx(in), "findings.xlsx"); });
  view("/export/report.xlsx", [](const Request&, const ReportInput& in, const PageContext&) { return workbook(render_report_xlsx(in), "report.xlsx"); });
}

}  // namespace plumbline
