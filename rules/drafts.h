// SPDX-License-Identifier: Apache-2.0
// What stands in a rules folder, sorted into kinds but not yet understood: the step between reading and compiling.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "rules/files.h"
#include "rules/pack.h"
#include "rules/yaml.h"

namespace plumbline {

/// One entry of a list `rules`, `measures` or `gates`, or a whole workload file.
struct Draft {
  const SourceFile* file = nullptr;
  const YamlNode* node = nullptr;
  std::string pack;
};

struct Drafts {
  std::deque<YamlNode> documents;  // keeps the nodes alive
  std::vector<PackInfo> packs;
  std::vector<Draft> rules, measures, gates, workloads;
  bool too_many = false;  // a list is over its limit; nothing is compiled then
};

/// Reads every YAML file of packs/ and workloads/ but the tests, and sorts what is in them.
Drafts collect_drafts(RuleFolder& folder, Mistakes& mistakes);

}  // namespace plumbline
