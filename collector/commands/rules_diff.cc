// SPDX-License-Identifier: Apache-2.0
// `rules diff`: what a new release of packs would change, before it is in force.
#include <algorithm>
#include <filesystem>

#include "collector/commands/common.h"
#include "collector/commands/rules.h"
#include "collector/rules_compare.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostHostsShown = 10;
constexpr std::size_t kMaxScanFiles = 100'000;

bool is_scan_name(const std::filesystem::path& path) { return path.extension() == ".json" || path.extension() == ".zst"; }

Result<std::vector<std::string>> scan_files(const std::string& folder) {
  std::error_code problem;
  if (std::filesystem::is_regular_file(folder, problem)) return std::vector<std::string>{folder};
  std::filesystem::directory_iterator listing(folder, problem);
  if (problem) return fail(ErrorKind::not_found, folder + ": cannot be listed; name a folder with scans made with: plumbline-agent scan --format json");
  std::vector<std::string> files;
  for (const auto& entry : listing)
    if (is_scan_name(entry.path())) files.push_back(entry.path().string());
  if (files.empty()) return fail(ErrorKind::not_found, folder + ": no scan in it (*.json, *.zst); make one with: plumbline-agent scan --format json");
  if (files.size() > kMaxScanFiles) return fail(ErrorKind::limit, folder + ": more than " + std::to_string(kMaxScanFiles) + " scans; compare some of them");
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int run_rules_diff(const DiffOptions& options) {
  const auto before = load_rules(options.before, options.common.site);
  if (!before) return report_mistakes(before.error());
  const auto after = load_rules(options.after, options.common.site);
  if (!after) return report_mistakes(after.error());
  const auto files = scan_files(options.scans);
  if (!files) return report_error(files.error());
  std::vector<Scan> scans;
  for (const std::string& file : *files) {
    auto scan = read_scan_file(file);
    if (!scan) return report_error(scan.error());
    scans.push_back(std::move(*scan));
  }
  const RulesComparison comparison = compare_rules(**before, **after, newest_of_each(std::move(scans)));
  if (options.common.json) print_json(to_json(comparison));
  else print(to_text(comparison, options.common.verbose ? kMaxScanFiles : kMostHostsShown));
  return kExitOk;
}

}  // namespace plumbline
