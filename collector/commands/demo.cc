// SPDX-License-Identifier: Apache-2.0
// `demo`: a made-up company with three months of scans, loaded into a collector's folder of its own or written as files.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/time.h"
#include "collector/commands/common.h"
#include "collector/decisions/plan.h"
#include "collector/history.h"
#include "collector/judging.h"
#include "collector/report/view.h"
#include "collector/sample_company.h"
#include "collector/sample_decisions.h"

namespace plumbline {
namespace {

constexpr std::int64_t kDaySeconds = 86400;

// The setting that tells a folder with a sample from a real one: the end of its story, or that it is not whole yet.
constexpr std::string_view kMark = "sample_company", kUnfinished = "unfinished";

Result<std::string> company_folder(const DemoOptions& options) {
  if (!options.company.empty()) return options.company;
  const auto rules = options.common.packs.empty() ? find_rules_folder() : Result<std::string>(options.common.packs);
  if (!rules) return tl::unexpected(rules.error());
  const std::string beside = *rules + "/../packaging/demo", installed = *rules + "/../demo";
  for (const std::string& folder : {beside, installed})
    if (std::filesystem::exists(folder + "/company.yaml")) return std::filesystem::weakly_canonical(folder).string();
  return fail(ErrorKind::not_found, beside + ": the sample company is not there; name its folder with --company");
}

// By default the story ends in this hour: ages on pages are then those of a fleet that is looked after.
Result<std::int64_t> end_of_story(const std::string& date) {
  constexpr std::int64_t kHour = 3600, kNoon = 12 * kHour;
  if (date.empty()) return now_seconds() / kHour * kHour;
  if (const auto midnight = parse_date(date)) return *midnight + kNoon;
  return fail(ErrorKind::invalid, "--date " + date + ": not a date; write it as 2026-11-23");
}

// `last`: each host's scan before, by its index; takes this day's.
Result<std::vector<StoredScan>> scans_of_day(const SampleCompany& company, const RuleSet& rules, int days_ago, std::int64_t end, std::map<std::size_t, Scan>& last) {
  std::vector<StoredScan> scans;
  for (std::size_t host = 0; host < company.hosts.size(); ++host) {
    if (!reports_on(company.hosts[host], days_ago)) continue;
    auto scan = sample_scan(company, host, days_ago, end);
    if (!scan) return tl::unexpected(scan.error());
    const auto before = last.find(host);
    remember_sizes(*scan, before == last.end() ? nullptr : &before->second);
    scans.push_back(judge_for_store(*scan, rules, scan->taken_at + 2));
    last[host] = std::move(*scan);
  }
  return scans;
}

Result<void> keep_day(Store& store, const std::vector<StoredScan>& scans) {
  for (const StoredScan& scan : scans) {
    const auto host = store.host(scan.host_id);
    if (!host) return tl::unexpected(host.error());
    if (*host) continue;
    if (auto added = store.add_host(scan.host_id, scan.host_name, scan.taken_at); !added) return added;
  }
  if (auto answers = store.accept(scans); !answers) return tl::unexpected(answers.error());
  return {};
}

// Hosts that were taken out of service are refused from then on, as `hosts deny` does it.
Result<void> retire(Store& store, const SampleCompany& company, int days_ago, std::int64_t end) {
  for (std::size_t host = 0; host < company.hosts.size(); ++host) {
    if (!company.hosts[host].retired || company.hosts[host].last_days_ago != days_ago) continue;
    const auto scan = sample_scan(company, host, days_ago, end);
    if (!scan) return tl::unexpected(scan.error());
    if (auto denied = store.set_denied(scan->host_id, true); !denied) return denied;
    if (auto noted = store.add_audit(local_actor(), "host.deny", scan->host_id, "", scan->taken_at); !noted) return noted;
  }
  return {};
}

// Why the score moved is told as the server would: by the fleet before and after.
ScorePoint score_on(const FleetView* before, const FleetView& view, std::int64_t at) {
  const Score& score = view.assessment().score;
  ScorePoint point{at, score.value, score.lower, score.upper, score.level, score.hosts, view.rules().hash};
  if (before == nullptr) return point;
  if (const auto change = change_of_hosts(view.rules(), verdicts_of(before->assessment().hosts), verdicts_of(view.assessment().hosts)))
    point.split = ScoreSplit{change->fleet, change->rules, change->coverage};
  return point;
}

// What the story is made of besides hosts.
struct Story {
  const SampleCompany& company;
  std::shared_ptr<const RuleSet> rules;
  Questionnaire questions;
  std::vector<SampleStep> steps;
  std::int64_t end = 0;
};

// The plan meets the scans as it does in the server; then people decide what they decided until the next scan.
Result<void> decide(Store& store, const Story& story, const FleetView& view, int days_ago) {
  const ReportInput input = view.report_input(0);
  const auto moment = [&](int days) { return story.end - days * kDaySeconds; };
  const auto kept = keep_plan(store, view.rules(), view.assessment(), [&](const Action& action) { return action_title(input, action); }, moment(days_ago));
  if (!kept) return tl::unexpected(kept.error());
  for (const SampleStep& step : story.steps) {
    if (step.days_ago > days_ago || step.days_ago <= days_ago - story.company.days_between_scans) continue;
    if (auto done = keep_sample_step(store, step, view.rules(), story.questions, view.assessment(), moment(step.days_ago)); !done) return done;
  }
  return {};
}

Result<void> load(Store& store, const Story& story) {
  Fleet fleet(store, story.rules, ScoreHistory::read);
  std::shared_ptr<const FleetView> before;
  std::map<std::size_t, Scan> last;
  for (const int days_ago : scan_days(story.company)) {
    const auto scans = scans_of_day(story.company, *story.rules, days_ago, story.end, last);
    if (!scans) return tl::unexpected(scans.error());
    if (auto kept = keep_day(store, *scans); !kept) return kept;
    if (auto gone = retire(store, story.company, days_ago, story.end); !gone) return gone;
    const auto view = fleet.refresh();
    if (!view) return tl::unexpected(view.error());
    if (auto kept = store.add_score(score_on(before.get(), **view, story.end - days_ago * kDaySeconds)); !kept) return kept;
    if (auto decided = decide(store, story, **view, days_ago); !decided) return decided;
    before = *view;
  }
  return {};
}

Result<Story> read_story(const DemoOptions& options, const std::string& folder, const SampleCompany& company, std::int64_t end) {
  Story story{company, nullptr, {}, {}, end};
  const auto source = rules_source(options.common);
  if (!source) return tl::unexpected(source.error());
  auto rules = read_rules(*source);
  if (!rules) return tl::unexpected(rules.error());
  story.rules = std::move(*rules);
  auto questions = find_questionnaire(source->folder);
  if (!questions) return tl::unexpected(questions.error());
  story.questions = std::move(*questions);
  auto steps = read_sample_decisions(folder, end);
  if (!steps) return tl::unexpected(steps.error());
  story.steps = std::move(*steps);
  return story;
}

/// A store for samples: new, empty, or with a sample in it already. Never one with real hosts.
Result<std::unique_ptr<Store>> store_for_sample(const std::string& state, const SampleCompany& company) {
  if (!read_config(state)) {
    Config config;
    config.organisation = company.organisation;
    if (auto made = make_state(state, config, now_seconds()); !made) return tl::unexpected(made.error());
  }
  auto store = open_state_store(state);
  if (!store) return store;
  const auto mark = (*store)->setting(kMark);
  const auto hosts = (*store)->hosts();
  if (!mark) return tl::unexpected(mark.error());
  if (!hosts) return tl::unexpected(hosts.error());
  if (!*mark && !hosts->empty())
    return fail(ErrorKind::conflict, state + ": it holds hosts of yours; give the sample company a folder of its own with --into");
  return store;
}

int load_into(const DemoOptions& options, const std::string& folder, const SampleCompany& company, std::int64_t end) {
  const auto store = store_for_sample(options.into, company);
  if (!store) return report_error(store.error());
  const auto mark = (*store)->setting(kMark);
  if (!mark) return report_error(mark.error());
  if (*mark == std::string(kUnfinished))
    return report_error({ErrorKind::conflict, options.into + ": loading the sample company was interrupted there; remove that folder and load it again"});
  if (*mark) {
    print(company.organisation + " is in " + options.into + " already, up to " + **mark + ". For a later day take a new folder.\n");
    return kExitOk;
  }
  const auto story = read_story(options, folder, company, end);
  if (!story) return report_error(story.error());
  for (const auto& [key, value] : {std::pair<std::string_view, std::string_view>{"organisation", company.organisation}, {kMark, kUnfinished}})
    if (auto kept = (*store)->put_setting(key, value); !kept) return report_error(kept.error());
  if (auto loaded = load(**store, *story); !loaded) return report_error(loaded.error());
  if (auto kept = (*store)->put_setting(kMark, to_iso8601(end)); !kept) return report_error(kept.error());
  if (auto noted = (*store)->add_audit(local_actor(), "demo.load", company.organisation, to_iso8601(end), end); !noted) return report_error(noted.error());
  print("Loaded " + company.organisation + ": " + std::to_string(company.hosts.size()) + " hosts, " + std::to_string(scan_days(company).size()) +
        " scans each at most, up to " + to_iso8601(end) + ".\n\nNext:\n  plumbline-collector user create NAME --role admin --state " + options.into +
        "\n  plumbline-collector serve --state " + options.into + "\n");
  return kExitOk;
}

int write_scans(const DemoOptions& options, const SampleCompany& company, std::int64_t end) {
  if (auto made = make_folder(options.out); !made) return report_error(made.error());
  for (std::size_t host = 0; host < company.hosts.size(); ++host) {
    const SampleHost& written = company.hosts[host];
    int last = -1;
    for (const int days_ago : scan_days(company))
      if (reports_on(written, days_ago)) last = days_ago;
    if (last < 0 || written.retired) continue;
    const auto scan = sample_scan(company, host, last, end);
    if (!scan) return report_error(scan.error());
    if (auto kept = write_file_atomic(options.out + "/" + written.name + ".json", to_json(*scan) + "\n"); !kept) return report_error(kept.error());
  }
  print("Wrote the last scan of each host in service to " + options.out + ".\n");
  return kExitOk;
}

}  // namespace

int run_demo(DemoOptions options) {
  if (options.into.empty() == options.out.empty())
    return report_usage("demo needs --into FOLDER, for a collector of its own, or --out FOLDER, for scan documents");
  const auto folder = company_folder(options);
  if (!folder) return report_error(folder.error());
  options.common.state = options.into;
  const std::string site = *folder + "/site";  // the risks the company has accepted
  if (options.common.site.empty() && std::filesystem::is_directory(site)) options.common.site = site;
  const auto company = read_sample_company(*folder);
  if (!company) return report_error(company.error());
  const auto end = end_of_story(options.date);
  if (!end) return report_error(end.error());
  return options.out.empty() ? load_into(options, *folder, *company, *end) : write_scans(options, *company, *end);
}

}  // namespace plumbline
