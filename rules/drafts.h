// SPDX-License-Identifier: Apache-2.0
// What stands in a rules folder and a site folder, sorted into kinds but not yet understood: the step between reading and
// compiling.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "rules/files.h"
#include "rules/pack.h"
#include "rules/property.h"
#include "rules/yaml.h"

namespace plumbline {

/// One entry of a list `rules`, `measures`, `gates`, `workloads`, `overrides` or `waivers`, or a whole workload file.
struct Draft {
  const SourceFile* file = nullptr;
  const YamlNode* node = nullptr;
  std::string pack;  // empty: of no pack
};

/// A pack.yaml as it was read: what it is, and where it says what it needs.
struct PackDraft {
  PackInfo info;
  const SourceFile* file = nullptr;
  std::size_t plumbline_offset = 0;
  std::vector<std::size_t> need_offsets;  // by index in info.needs
};

struct Drafts {
  std::deque<YamlNode> documents;  // keeps the nodes alive
  std::vector<PackDraft> packs;
  Properties properties;
  std::vector<Draft> rules, measures, gates, workloads;
  std::vector<Draft> production;          // requirements of every workload
  std::vector<Draft> overrides, waivers;  // of the site
  std::vector<Draft> people;              // of the site: mappings company or workload → number
  std::vector<Draft> property_values;     // of the site: mappings pack → name → value
  std::vector<Catalogue> catalogues;      // of packs, in order
  bool too_many = false;    // a list is over its limit; nothing is compiled then
  bool incomplete = false;  // something could not be read, so what is not there is not called missing
};

/// Reads every YAML file of packs/ and workloads/ but the tests, and sorts what is in them.
void collect_rules(RuleFolder& folder, Drafts& drafts, Mistakes& mistakes);
/// The same of a site folder, whose packs/ may be absent, and the site files at its top.
void collect_site(RuleFolder& folder, Drafts& drafts, Mistakes& mistakes);
/// Checks what packs need: this version of Plumbline, other packs, no circle. What belongs to a pack that needs a newer
/// Plumbline is dropped, for it may hold what only that one understands.
void check_needs(Drafts& drafts, Mistakes& mistakes);

/// Whether a dotted version is newer: "2026.11.0" after "2026.9.3".
bool newer(std::string_view a, std::string_view b);

}  // namespace plumbline
