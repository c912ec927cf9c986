// SPDX-License-Identifier: Apache-2.0
// Opens a fleet whose facts can be read again, from a store or from scan documents.
#include "collector/commands/decisions.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "collector/commands/common.h"
#include "collector/judging.h"

namespace plumbline {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostScans = 100'000;

bool is_scan_file(const fs::path& path) { return path.extension() == ".json" || path.extension() == ".zst"; }

// A folder's scan documents by name; any other path as it is.
Result<std::vector<std::string>> scan_files(const std::vector<std::string>& given) {
  std::vector<std::string> out;
  for (const std::string& path : given) {
    std::error_code error;
    if (path == "-" || !fs::is_directory(path, error)) {
      out.push_back(path);
      continue;
    }
    const std::size_t first = out.size();
    for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error))
      if (is_scan_file(at->path())) out.push_back(at->path().string());
    if (error) return fail(ErrorKind::io, path + ": " + error.message());
    if (out.size() == first) return fail(ErrorKind::not_found, path + ": no scan documents (*.json, *.zst) in this folder");
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
  }
  if (out.size() > kMostScans) return fail(ErrorKind::limit, "more than 100,000 scans; use a collector");
  return out;
}

// Of one host the newest scan counts, as everywhere.
Result<GivenFleet> fleet_of_scans(const DecisionOptions& options) {
  const auto files = scan_files(options.facts);
  if (!files) return tl::unexpected(files.error());
  std::map<std::string, Scan> newest;
  for (const std::string& path : *files) {
    auto scan = read_scan_file(path);
    if (!scan) return tl::unexpected(scan.error());
    const std::string id = scan->host_id.empty() ? host_id_of_stranger(*scan) : scan->host_id;
    const auto kept = newest.find(id);
    if (kept == newest.end() || std::pair(kept->second.taken_at, kept->second.sequence) < std::pair(scan->taken_at, scan->sequence))
      newest.insert_or_assign(id, std::move(*scan));
  }
  const auto source = find_rules(options.common.packs, options.common.site);
  if (!source) return tl::unexpected(source.error());
  auto rules = read_rules(*source);
  if (!rules) return tl::unexpected(rules.error());
  GivenFleet out{std::move(*rules), {}, nullptr};
  auto documents = std::make_shared<std::vector<std::string>>();
  for (const auto& [id, scan] : newest) {
    out.facts.hosts.push_back({id, host_name_of(scan), scan.taken_at, judge_scan(scan, *out.rules)});
    documents->push_back(to_json(scan));
  }
  out.facts.document = [documents](std::size_t host) -> Result<std::string> { return documents->at(host); };
  return out;
}

Result<GivenFleet> fleet_of_store(const DecisionOptions& options) {
  auto open = open_fleet(options.common, options.as_of);
  if (!open) return tl::unexpected(open.error());
  if (open->view->assessment().hosts.empty())
    return fail(ErrorKind::not_found, "no host has sent a scan yet; enrol one: plumbline-collector token create");
  GivenFleet out;
  out.rules = {open->view, &open->view->rules()};
  out.store = std::move(open->store);
  out.facts = open->view->facts();
  return out;
}

}  // namespace

Result<GivenFleet> open_given_fleet(const DecisionOptions& options) {
  if (!options.facts.empty() && !options.as_of.empty())
    return fail(ErrorKind::invalid, "--as-of asks the collector's store; of scan documents give those of that day");
  return options.facts.empty() ? fleet_of_store(options) : fleet_of_scans(options);
}

}  // namespace plumbline
