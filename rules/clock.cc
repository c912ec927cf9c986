// SPDX-License-Identifier: Apache-2.0
// Runs every host's clock, then plays what turned back in order of day.
#include "rules/clock.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "rules/fact_values.h"
#include "rules/host_clock.h"
#include "rules/score.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kMostSteps = 3'660;    // days a host is judged on; a scan that is older is carried there in one step
constexpr std::size_t kMostUndated = 1'000;

std::int64_t day_of(std::int64_t seconds) { return seconds >= 0 ? seconds / kDaySeconds : (seconds - kDaySeconds + 1) / kDaySeconds; }

tl::unexpected<Error> stopped() { return fail(ErrorKind::conflict, "clock: it was told to stop; run it again"); }

// What is left of an assessment's hosts is who they are.
void forget_verdicts(Assessment& assessment) {
  for (AssessedHost& host : assessment.hosts) host.judgement = {};
}

// One thing that became other on a host.
enum class Part : unsigned char { verdict, requirement, measure };
struct Step {
  std::int64_t day = 0;
  std::size_t index = 0;  // of the rule, requirement or measure
  std::size_t host = 0;
  Part part = Part::verdict;
  Verdict verdict = Verdict::unknown;
  std::optional<double> measure;
  std::vector<ClockCause> causes;

  auto order() const { return std::tie(day, part, index, host); }
};

void note_steps(std::int64_t day, std::size_t host, const Judgement& was, const Judgement& is, std::vector<Step>& out) {
  const auto add = [&](Part part, std::size_t index, Verdict verdict, std::optional<double> measure) {
    out.push_back({day, index, host, part, verdict, measure, {}});
  };
  for (std::size_t i = 0; i < is.verdicts.size(); ++i)
    if (was.verdicts[i] != is.verdicts[i]) add(Part::verdict, i, is.verdicts[i], std::nullopt);
  for (std::size_t i = 0; i < is.requirements.size(); ++i)
    if (was.requirements[i] != is.requirements[i]) add(Part::requirement, i, is.requirements[i], std::nullopt);
  for (std::size_t i = 0; i < is.measures.size(); ++i)
    if (was.measures[i] != is.measures[i]) add(Part::measure, i, Verdict::unknown, is.measures[i]);
}

// All hosts, one after the other, each from its scan to the last day.
struct Runner {
  const RuleSet& rules;
  const RuleIndex& index;
  const FleetFacts& fleet;
  const ClockOptions& options;
  std::int64_t last_day = 0;
  std::vector<Step> steps = {};
  std::map<std::pair<std::string, std::string>, std::size_t> undated = {};
  std::size_t certificates_unclear = 0;

  Result<void> run() {
    FactReader reader;
    for (std::size_t host = 0; host < fleet.hosts.size(); ++host) {
      if (options.stopped && options.stopped()) return stopped();
      if (auto done = run_host(reader, host); !done) return done;
    }
    std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.order() < b.order(); });
    return {};
  }

  Result<void> run_host(FactReader& reader, std::size_t host) {
    const AssessedHost& about = fleet.hosts[host];
    const auto document = fleet.document(host);
    if (!document) return fail("facts of " + printable(about.name), document.error());
    const auto facts = reader.read_scan(*document);
    if (!facts) return fail("facts of " + printable(about.name), facts.error());
    derive_facts(**facts, rules.catalogue, about.taken_at);
    const std::int64_t scan_day = day_of(about.taken_at);
    HostClock clock(**facts, rules, index, scan_day);
    for (auto& product : clock.undated())
      if (undated.size() < kMostUndated || undated.contains(product)) ++undated[product];
    if (!clock.is_dated()) return {};
    Judgement now = about.judgement;
    for (std::int64_t day = std::max(scan_day + 1, last_day - kMostSteps); day <= last_day; ++day) {
      Judgement next = clock.move_to(day, now);
      const std::size_t first = steps.size();
      note_steps(day, host, now, next, steps);
      for (std::size_t i = first; i < steps.size(); ++i)
        if (steps[i].part == Part::verdict)
          steps[i].causes = clock.causes_of(rules.rules[steps[i].index], now.verdicts[steps[i].index], steps[i].verdict);
      now = std::move(next);
    }
    certificates_unclear += clock.certificates_unclear() ? 1 : 0;
    return {};
  }
};

int& count_of(Tally& tally, Verdict verdict) {
  switch (verdict) {
    case Verdict::pass: return tally.pass;
    case Verdict::fail: return tally.fail;
    case Verdict::unknown: return tally.unknown;
    case Verdict::waived: return tally.waived;
    case Verdict::not_applicable: break;
  }
  return tally.not_applicable;
}

Verdict verdict_of(const Tally& tally) {
  for (const Verdict verdict : {Verdict::pass, Verdict::fail, Verdict::unknown})
    if (Tally copy = tally; count_of(copy, verdict) > 0) return verdict;
  return Verdict::not_applicable;
}

// The fleet on one day after the other. What a turn is worth is what the score differs by before and after it.
struct Player {
  const RuleSet& rules;
  std::vector<AssessedHost> hosts;
  std::vector<RuleResult> results;
  double score;
  std::vector<ClockTurn> turns = {};
  bool measured = false;  // a measure changed on this day

  Player(const RuleSet& of, std::vector<AssessedHost> from)
      : rules(of), hosts(std::move(from)), results(tally(rules, hosts, aggregate(rules, hosts))), score(score_now()) {}

  double score_now() const { return total(known_sums(rules, results)).value_or(0); }

  void turn(std::int64_t day, std::size_t rule, std::optional<std::size_t> host, Verdict was, Verdict is, std::vector<ClockCause> causes) {
    const double after = score_now();
    turns.push_back({day, rule, host, was, is, after - score, std::move(causes)});
    score = after;
  }

  void take(Step& step) {
    Judgement& judgement = hosts[step.host].judgement;
    if (step.part == Part::requirement) judgement.requirements[step.index] = step.verdict;
    if (step.part == Part::measure) {
      judgement.measures[step.index] = step.measure;
      measured = true;
    }
    if (step.part != Part::verdict) return;
    Verdict& verdict = judgement.verdicts[step.index];
    RuleResult& result = results[step.index];
    const Verdict was = verdict;
    --count_of(result.tally, was);
    ++count_of(result.tally, step.verdict);
    const int known = result.tally.pass + result.tally.fail;
    result.degree = known > 0 ? std::optional(static_cast<double>(result.tally.pass) / known) : std::nullopt;
    verdict = step.verdict;
    turn(step.day, step.index, step.host, was, step.verdict, std::move(step.causes));
  }

  void end_day(std::int64_t day) {
    if (!std::exchange(measured, false)) return;
    const std::vector<RuleResult> now = tally(rules, hosts, aggregate(rules, hosts));
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (!rules.rules[i].fleet) continue;
      const Verdict was = verdict_of(results[i].tally), is = verdict_of(now[i].tally);
      if (was == is && results[i].degree == now[i].degree) continue;
      results[i] = now[i];
      turn(day, i, std::nullopt, was, is, {});
    }
  }

  ClockMoment moment(std::int64_t day, const ClockOptions& options) const {
    std::vector<AssessedHost> then = hosts;
    for (AssessedHost& host : then) host.taken_at = day * kDaySeconds;
    ClockMoment out{day * kDaySeconds, assess(rules, std::move(then), {})};
    if (!options.verdicts) forget_verdicts(out.assessment);
    return out;
  }
};

// The days to be shown, as days since 1970.
Result<std::vector<std::int64_t>> days_to_show(std::int64_t from, const ClockOptions& options) {
  const std::int64_t until = options.until.value_or(months_later(from, 12));
  if (until <= from) return fail(ErrorKind::invalid, "clock: " + to_iso8601(until).substr(0, 10) + " is not after " + to_iso8601(from).substr(0, 10) + ", the day it starts from");
  if (until > months_later(from, 12 * kMostClockYears)) return fail(ErrorKind::limit, "clock: more than ten years from " + to_iso8601(from).substr(0, 10) + "; choose an earlier day");
  std::vector<std::int64_t> out;
  for (const int months : {6, 12})
    if (const std::int64_t day = months_later(from, months); day <= until) out.push_back(day_of(day));
  if (out.empty() || out.back() != day_of(until)) out.push_back(day_of(until));
  return out;
}

// ---- JSON

json date(std::int64_t day) { return to_iso8601(day).substr(0, 10); }
json date(std::optional<std::int64_t> day) { return day ? date(*day) : json(); }
json points(std::optional<Tenths> value) { return value ? json(*value / 10.0) : json(); }

json moment_json(const RuleSet& rules, std::int64_t day, const Assessment& assessment) {
  json out = {{"day", date(day)}, {"score", points(assessment.score.value)}, {"lower", points(assessment.score.lower)},
              {"upper", points(assessment.score.upper)}, {"level", assessment.score.level},
              {"level_title", level_title(assessment.score.level)}, {"shut_gates", json::array()}, {"workloads", json::array()}};
  for (const GateResult& gate : assessment.gates)
    if (gate.shut) out["shut_gates"].push_back(rules.gates[gate.gate].id);
  for (const WorkloadResult& workload : assessment.workloads)
    out["workloads"].push_back({{"id", rules.workloads[workload.workload].id}, {"pilot", to_text(workload.pilot)},
                                {"production", to_text(workload.production)}, {"changes", workload.changes}});
  return out;
}

json turn_json(const RuleSet& rules, const Clock& clock, const ClockTurn& turn) {
  json out = {{"day", date(turn.day)}, {"rule", rules.rules[turn.rule].id}, {"host", nullptr}, {"was", to_text(turn.was)},
              {"is", to_text(turn.is)}, {"points", std::round(turn.points * 1e4) / 1e4 + 0.0}, {"causes", json::array()}};
  if (turn.host) out["host"] = {{"id", clock.now.hosts[*turn.host].id}, {"name", clock.now.hosts[*turn.host].name}};
  for (const ClockCause& cause : turn.causes)
    out["causes"].push_back({{"product", cause.product}, {"version", cause.version}, {"cycle", cause.cycle}, {"ends", date(cause.ends)}});
  return out;
}

}  // namespace

std::int64_t months_later(std::int64_t moment, int months) {
  using namespace std::chrono;
  const year_month_day day{sys_days{days{day_of(moment)}}};
  year_month_day then = day + std::chrono::months{months};
  if (!then.ok()) then = then.year() / then.month() / last;
  return sys_days{then}.time_since_epoch().count() * kDaySeconds;
}

Result<Clock> run_clock(const RuleSet& rules, const RuleIndex& index, const FleetFacts& given, const ClockOptions& options) {
  Clock out;
  FleetFacts fleet = in_name_order(given);
  std::int64_t newest = 0;
  for (const AssessedHost& host : fleet.hosts) newest = std::max(newest, host.taken_at);
  out.from = day_of(options.from.value_or(newest)) * kDaySeconds;
  const auto days = days_to_show(out.from, options);
  if (!days) return tl::unexpected(days.error());
  Runner runner{rules, index, fleet, options, days->back()};
  if (auto done = runner.run(); !done) return tl::unexpected(done.error());
  out.now = assess(rules, fleet.hosts, {});
  if (!options.verdicts) forget_verdicts(out.now);
  Player player(rules, std::move(fleet.hosts));
  std::size_t next = 0;
  for (const std::int64_t shown : *days) {
    while (next < runner.steps.size() && runner.steps[next].day <= shown) {
      const std::int64_t day = runner.steps[next].day;
      for (; next < runner.steps.size() && runner.steps[next].day == day; ++next) player.take(runner.steps[next]);
      player.end_day(day);
    }
    if (options.stopped && options.stopped()) return stopped();
    out.moments.push_back(player.moment(shown, options));
  }
  out.turns = std::move(player.turns);
  for (ClockTurn& turn : out.turns) turn.day *= kDaySeconds;
  for (const auto& [product, hosts] : runner.undated) out.undated.push_back({product.first, product.second, hosts});
  out.certificates_unclear = runner.certificates_unclear;
  return out;
}

std::string to_json(const RuleSet& rules, const Clock& clock) {
  json out = {{"schema", 1},
              {"rule_set", {{"hash", rules.hash}, {"version", rules.version}, {"date", rules.date}}},
              {"catalogue_date", rules.catalogue.date},
              {"now", moment_json(rules, clock.from, clock.now)},
              {"certificates_unclear", clock.certificates_unclear}};
  for (const char* list : {"moments", "turns", "undated"}) out[list] = json::array();
  for (const ClockMoment& moment : clock.moments) out["moments"].push_back(moment_json(rules, moment.day, moment.assessment));
  for (const ClockTurn& turn : clock.turns) out["turns"].push_back(turn_json(rules, clock, turn));
  for (const Undated& one : clock.undated)
    out["undated"].push_back({{"product", one.product}, {"version", one.version}, {"hosts", one.hosts}});
  return canonical_json(out);
}

}  // namespace plumbline
