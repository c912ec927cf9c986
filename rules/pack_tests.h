// SPDX-License-Identifier: Apache-2.0
// Runs the tests.yaml files of packs and workloads: facts in, verdict out.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "rules/pack.h"

namespace plumbline {

/// One tests.yaml: its failures stand together in PackTestReport::failures.
struct PackTestFile {
  std::string name;  // relative to the folder: "packs/ssh/tests.yaml"
  int cases = 0;
  std::size_t first_failure = 0, failures = 0;
};

/// One case that did not come out as it says, with place and caret.
struct PackTestReport {
  int files = 0;
  int cases = 0;
  std::vector<std::string> failures;
  std::vector<PackTestFile> by_file;  // in order of name
  std::vector<std::string> untested;  // ids of rules that no case names, sorted
};

/// Runs every tests.yaml below `folder` on rules that were loaded from it. Fails with all mistakes where a test file
/// cannot be read or names a fact, a rule or a verdict that is not there.
Result<PackTestReport> run_pack_tests(const RuleSet& rules, const std::string& folder);

}  // namespace plumbline
