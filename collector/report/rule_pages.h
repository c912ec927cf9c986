// SPDX-License-Identifier: Apache-2.0
// The rules as documentation, as Markdown files or as one HTML page. The same rules give the same bytes.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "rules/pack.h"
#include "rules/pack_cases.h"

namespace plumbline {

using RuleCases = std::map<std::string, std::vector<PackCase>>;

/// File names and texts: README.md with the index by pack and by pillar, a page for every rule, facts.md.
std::vector<std::pair<std::string, std::string>> rule_markdown_files(const RuleSet& rules, const RuleCases& cases);
/// All of it in one document, without the facts.
std::string rule_markdown(const RuleSet& rules, const RuleCases& cases);
/// A self-contained page in the style of the reports.
std::string rule_html(const RuleSet& rules, const RuleCases& cases);

/// What a rule's conditions read, sorted.
std::vector<std::string> facts_read(const Rule& rule);
/// Text of a pack made safe inside a paragraph of Markdown.
std::string escape_markdown(std::string_view text);

}  // namespace plumbline
