// SPDX-License-Identifier: Apache-2.0
// The cases of tests.yaml as a reader wants them: beside the rule, as examples of what it says.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace plumbline {

struct PackCase {
  std::string given;    // "ssh.installed is true, ssh.permit_root_login is yes"; "nothing is known"
  std::string verdict;  // as written: "fail"
};

/// By rule id, in the order of the files. Reads what it can: whether the cases are right is for run_pack_tests() to say.
std::map<std::string, std::vector<PackCase>> read_pack_cases(const std::string& rules_folder);

}  // namespace plumbline
