// SPDX-License-Identifier: Apache-2.0
// The language's own suites as JSON lines: where they lie, and their values and types as ours.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "rules/cel/functions.h"

namespace plumbline::cel {

struct SuiteCase {
  std::string section;  // "basic/self_eval_zeroish"
  std::string name;     // "basic/self_eval_zeroish/self_eval_int_zero", blanks as _
  nlohmann::json json;
};

/// "conformance", "parsing", "checking" or "comprehension": what fetch_suite.sh left in the build folder, or
/// for the first what PLUMBLINE_CORPUS holds. Empty where neither is there, which is said in one line.
std::vector<SuiteCase> read_suite(const std::string& suite);
/// Without the cases that excluded.txt names under the heading [suite]; fails where it names one that is not
/// there.
std::vector<SuiteCase> without_excluded(std::vector<SuiteCase> cases, const std::string& heading);

Value read_suite_value(const nlohmann::json& value);
TypePtr read_suite_type(const nlohmann::json& type);
/// The declarations of a case: variables, and functions that only have a type.
Declarations read_suite_names(const nlohmann::json& type_environment);
std::shared_ptr<const std::vector<Overload>> read_suite_functions(const nlohmann::json& type_environment);

/// Counts cases by section, prints "file: section 5/5 · …" and what failed, and fails the test where any did.
class Tally {
 public:
  explicit Tally(std::string suite) : suite_(std::move(suite)) {}
  /// An empty problem is a pass.
  void add(const SuiteCase& test, const std::string& problem);
  void report() const;

 private:
  struct Count {
    int passed = 0, total = 0;
  };
  std::string suite_;
  std::vector<std::pair<std::string, Count>> sections_;
  std::vector<std::string> failures_;
};

}  // namespace plumbline::cel
