// SPDX-License-Identifier: Apache-2.0
// `rules docs`: the rules as Markdown files or as one HTML page.
#include "base/file.h"
#include "collector/commands/common.h"
#include "collector/commands/rules.h"
#include "collector/report/rule_pages.h"

namespace plumbline {

int run_rules_docs(const DocsOptions& options) {
  const auto folder = rules_folder(options.common);
  if (!folder) return report_error(folder.error());
  const auto rules = load_for(options.common);
  if (!rules) return report_mistakes(rules.error());
  const RuleCases cases = read_pack_cases(*folder);
  if (options.into.empty()) {
    print(options.format == "html" ? rule_html(**rules, cases) : rule_markdown(**rules, cases));
    return kExitOk;
  }
  if (auto made = make_folder(options.into, 0755); !made) return report_error(made.error());
  const auto files = options.format == "html" ? std::vector<std::pair<std::string, std::string>>{{"rules.html", rule_html(**rules, cases)}} : rule_markdown_files(**rules, cases);
  std::string told;
  for (const auto& [name, text] : files) {
    const std::string path = options.into + "/" + name;
    if (auto written = write_file_atomic(path, text, 0644); !written) return report_error(written.error());
    told += path + "\n";
  }
  print(told);
  return kExitOk;
}

}  // namespace plumbline
