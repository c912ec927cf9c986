// SPDX-License-Identifier: Apache-2.0
// How long it takes to open a stored fleet and to make each report of it.
//   report_bench URL RULES     a store that rejudge_bench filled, or any other; prints a Markdown table
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include "collector/fleet.h"
#include "collector/report/report.h"

using namespace plumbline;

namespace {

constexpr int kRounds = 3;

[[noreturn]] void die(const std::string& message) {
  std::fprintf(stderr, "report_bench: %s\n", message.c_str());
  std::exit(1);
}

template <class T>
T need(Result<T> result) {
  if (!result) die(result.error().message);
  return std::move(*result);
}

// The median of a few runs, and what the last one made.
void measure(const char* what, const std::function<std::size_t()>& work) {
  std::vector<double> all;
  std::size_t bytes = 0;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    bytes = work();
    all.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(all.begin(), all.end());
  std::printf("| %s | %.0f | %.0f |\n", what, all[all.size() / 2], static_cast<double>(bytes) / 1000);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) die("name a store and the folder of rules");
  const auto store = need(open_store(argv[1]));
  const auto rules = need(load_rules(argv[2]));
  std::shared_ptr<const FleetView> view;
  std::printf("| step | ms | kB |\n|---|---|---|\n");
  measure("open: read judgements, assess", [&] {
    Fleet fleet(*store, rules, ScoreHistory::read);
    view = need(fleet.refresh());
    return view->json().size();
  });
  // Each from a fresh input, so that no report finds the facts that the one before has read.
  measure("CEO page", [&] { return render_html(view->report_input(0), Audience::ceo).size(); });
  measure("CIO report", [&] { return render_html(view->report_input(0), Audience::cio).size(); });
  measure("IT work list", [&] { return render_html(view->report_input(0), Audience::it).size(); });
  measure("findings as CSV", [&] { return render_findings_csv(view->report_input(0)).size(); });
  measure("workbook", [&] { return need(render_findings_xlsx(view->report_input(0))).size(); });
  measure("overview page", [&] { return page_overview(view->report_input(0), {}).size(); });
  return 0;
}
