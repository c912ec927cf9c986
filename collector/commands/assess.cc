// SPDX-License-Identifier: Apache-2.0
// `assess`: judges scan documents with no server and no state.
#include "collector/commands/common.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxScans = 100'000;

}  // namespace

int run_assess(const AssessOptions& options) {
  if (options.scans.size() > kMaxScans) return report_usage("more than 100,000 scans; use a collector");
  std::vector<Scan> scans;
  for (const std::string& path : options.scans) {
    auto scan = read_scan_file(path);
    if (!scan) return report_error(scan.error());
    scans.push_back(std::move(*scan));
  }
  auto rules = rules_for(options.packs);
  if (!rules) return report_error(rules.error());
  const auto view = view_of_scans(std::move(scans), std::move(*rules), options.organisation);
  if (const int code = render(*view, {options.format, options.audience, options.out}); code != kExitOk) return code;
  return reaches(*view, options.fail_on) ? kExitThreshold : kExitOk;
}

}  // namespace plumbline
