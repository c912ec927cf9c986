// SPDX-License-Identifier: Apache-2.0
// A made-up company written in packaging/demo, and the scans its hosts would have sent over three months.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "facts/scan.h"

namespace plumbline {

/// What a host's facts became some days before the end of the story.
struct SampleChange {
  int days_ago = 0;
  nlohmann::json facts;  // untyped texts, laid over what was before
};

/// A host of the company, as written: the facts of its first scan and what changed since.
struct SampleHost {
  std::string name;
  int first_days_ago = 0, last_days_ago = 0;  // of its first and last scan; 0 is the end of the story
  bool retired = false;                       // taken out of service after its last scan
  bool privileged = true;
  nlohmann::json facts;                            // untyped texts
  std::vector<SampleChange> changes;               // oldest first
  std::map<std::string, std::string> unreadable;   // fact → why the agent could not read it
};

struct SampleCompany {
  std::string organisation;
  int days = 0, days_between_scans = 0;
  std::vector<SampleHost> hosts;
};

/// Reads company.yaml, parts.yaml and hosts.yaml. Fails with every mistake and its place; facts are checked by sample_scan().
Result<SampleCompany> read_sample_company(const std::string& folder);

/// The days before the end on which the company's hosts are scanned, oldest first; the last is 0.
std::vector<int> scan_days(const SampleCompany& company);
/// Whether a host sent a scan on that day.
bool reports_on(const SampleHost& host, int days_ago);

/// The scan of a host, by its index, on one of those days, with hashes. `end` is the moment the story ends; each host has
/// its own minute before it.
Result<Scan> sample_scan(const SampleCompany& company, std::size_t host, int days_ago, std::int64_t end);

}  // namespace plumbline
