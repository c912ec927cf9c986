// SPDX-License-Identifier: Apache-2.0
// The work list of IT as a page: by action with the commands of each operating system family, then by host; and which
// report is drawn from which view.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "collector/report/reports.h"
#include "collector/report/work_list.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostHostsOfAction = 25;  // on the page; the workbook holds all
constexpr std::size_t kMostHostsListed = 200;

std::string observed_text(const WorkRow& row) { return row.observed.empty() ? std::string("–") : row.observed; }

/// The commands of a rule, once a family, with the hosts of that family.
struct Block {
  std::string family, commands;
  std::vector<std::string> hosts;
};

View block_rows(const ReportInput& input, const WorkList& list, const WorkAction& action) {
  std::map<std::pair<std::size_t, std::string>, Block> blocks;  // by rule and family
  for (std::size_t at = action.first_row; at < action.first_row + action.rows; ++at) {
    const WorkRow& row = list.rows[at];
    if (row.commands.empty()) continue;
    Block& block = blocks[{row.rule, row.family}];
    block.family = row.family;
    block.commands = join(row.commands, "\n");
    block.hosts.push_back(row.host_name);
  }
  View rows = view_list();
  for (const auto& [key, block] : blocks) {
    View row;
    put_text(row, "block_rule", input.rules->rules[key.first].title);
    put_text(row, "block_family", family_title(block.family));
    put_text(row, "block_hosts", listed(block.hosts, 6));
    put_text(row, "block_commands", block.commands);
    rows.push_back(row);
  }
  return rows;
}

View check_row(const ReportInput& input, const WorkRow& work) {
  View row;
  const Rule& rule = input.rules->rules[work.rule];
  const Word severity = severity_word(rule.severity);
  put_text(row, "check_host", work.host_name);
  row["check_host_id"] = maybe(work.host ? input.assessment->hosts[*work.host].id : "");
  put_text(row, "check_title", rule.title);
  put_text(row, "check_id", rule.id);
  put_text(row, "severity", severity.text);
  put_text(row, "severity_css", std::string(severity.css));
  put_text(row, "observed", observed_text(work));
  put_text(row, "expected", work.expected);
  row["check_effort"] = maybe(work.effort_days > 0 ? effort_text(work.effort_days) : "");
  return row;
}

View action_view(const ReportInput& input, const WorkList& list, const WorkAction& work, std::size_t number) {
  const Action& action = input.assessment->actions[work.action];
  View row = action_row(input, action);
  put_text(row, "action_number", std::to_string(number));
  put_text(row, "done_when", work.done_when);
  row["note"] = maybe(work.note);
  const Rule& lead = input.rules->rules[leading_rule(input, action)];
  put_text(row, "fix_text", lead.fix.text);
  put_text(row, "why", lead.why);
  View checks = view_list();
  for (std::size_t at = 0; at < work.rows && at < kMostHostsOfAction; ++at) checks.push_back(check_row(input, list.rows[work.first_row + at]));
  put_list(row, "checks", std::move(checks));
  row["more_checks"] = maybe(work.rows > kMostHostsOfAction ? say_count("more.rows_in_workbook", work.rows - kMostHostsOfAction) : "");
  put_list(row, "blocks", block_rows(input, list, work));
  View references = view_list();
  for (const std::string& reference : lead.references) {
    View one;
    put_text(one, "reference", reference);
    put_truth(one, "last", &reference == &lead.references.back());
    references.push_back(one);
  }
  put_list(row, "references", std::move(references));
  return row;
}

/// All commands of one host, each under the title of its check.
std::string host_commands(const ReportInput& input, const std::vector<const WorkRow*>& rows) {
  std::string text;
  for (const WorkRow* row : rows)
    if (!row->commands.empty()) text += "# " + printable(input.rules->rules[row->rule].title) + "\n" + join(row->commands, "\n") + "\n";
  return std::string(trim(text));
}

View host_view(const ReportInput& input, const std::vector<const WorkRow*>& rows) {
  View view;
  put_text(view, "host_title", rows.front()->host_name);
  double days = 0;
  View checks = view_list();
  for (const WorkRow* row : rows) {
    days += row->effort_days;
    checks.push_back(check_row(input, *row));
  }
  put_text(view, "host_sum", say_count("it.host_sum", rows.size(), {{"effort", effort_text(days)}}));
  view["checks"] = std::move(checks);
  view["host_commands"] = maybe(host_commands(input, rows));
  if (rows.front()->host) {
    const std::size_t host = *rows.front()->host;
    const HostScore score = host_score(input, host);
    put_text(view, "host_score", score.value ? points_text(*score.value) : std::string("–"));
  } else {
    view["host_score"] = View(false);
  }
  return view;
}

View host_views(const ReportInput& input, const WorkList& list) {
  View views = view_list();
  std::size_t shown = 0;
  for (std::size_t at = 0; at < list.by_host.size() && shown < kMostHostsListed; ++shown) {
    std::vector<const WorkRow*> rows;
    const auto host = list.rows[list.by_host[at]].host;
    for (; at < list.by_host.size() && list.rows[list.by_host[at]].host == host; ++at) rows.push_back(&list.rows[list.by_host[at]]);
    views.push_back(host_view(input, rows));
  }
  return views;
}

std::size_t hosts_with_work(const WorkList& list) {
  std::size_t hosts = 0;
  for (std::size_t at = 0; at < list.by_host.size(); ++at)
    hosts += at == 0 || list.rows[list.by_host[at]].host != list.rows[list.by_host[at - 1]].host ? 1u : 0u;
  return hosts;
}

}  // namespace

View it_view(const ReportInput& input) {
  const WorkList list = work_list(input);
  View view;
  put_method(view, input);
  view["score"] = score_view(input);
  view["coverage"] = coverage_view(input);
  double days = 0;
  for (const Action& action : input.assessment->actions) days += action.effort_days;
  put_text(view, "summary", say_count("it.summary", input.assessment->actions.size(), {{"rows", say_count("count.failures", list.rows.size())}, {"hosts", host_count(input)}, {"effort", effort_text(days)}}));
  View actions = view_list();
  std::size_t number = 0;
  for (const std::size_t action : actions_in_order(input)) actions.push_back(action_view(input, list, list.actions.at(action), ++number));
  put_list(view, "actions", std::move(actions));
  put_list(view, "work_hosts", host_views(input, list));
  const std::size_t hosts = hosts_with_work(list);
  view["more_hosts"] = maybe(hosts > kMostHostsListed ? say_count("more.hosts_in_workbook", hosts - kMostHostsListed) : "");
  return view;
}

std::string render_html(const ReportInput& input, Audience audience) {
  switch (audience) {
    case Audience::it: return render_file("it.html", say("it.file_title"), it_view(input));
    case Audience::cio: return render_file("cio.html", say("cio.file_title"), cio_view(input));
    case Audience::ceo: break;
  }
  return render_file("ceo.html", say("ceo.file_title"), ceo_view(input));
}

std::string page_report(const ReportInput& input, const PageContext& context, Audience audience) {
  switch (audience) {
    case Audience::it: return render_page("it.html", say("reports.it"), it_view(input), input, context);
    case Audience::cio: return render_page("cio.html", say("reports.cio"), cio_view(input), input, context);
    case Audience::ceo: break;
  }
  return render_page("ceo.html", say("reports.ceo"), ceo_view(input), input, context);
}

std::optional<Audience> audience_from(std::string_view text) {
  if (text == "it") return Audience::it;
  if (text == "cio") return Audience::cio;
  if (text == "ceo") return Audience::ceo;
  return std::nullopt;
}

}  // namespace plumbline
