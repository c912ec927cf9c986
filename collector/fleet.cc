// SPDX-License-Identifier: Apache-2.0
// Keeps the fleet's judgements in memory and makes assessments of them.
#include "collector/fleet.h"

#include <algorithm>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/log.h"
#include "base/time.h"
#include "base/zstd.h"
#include "collector/decisions/reviews.h"
#include "collector/judging.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostHistoryPoints = 120'000;  // that are read once: 400 days of one in five minutes
constexpr std::size_t kNewHistoryPoints = 64;     // that are read then
constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kSharedInputSeconds = 10;  // ages on pages may lag by as much
constexpr std::size_t kLoadedHosts = 256;         // facts one shared input may hold before a new one is made
constexpr std::size_t kMostJudgedAtTurn = 500;    // scans, a second or so, to tell why the score turned with the rules
constexpr std::size_t kChangesAtOnce = 4096;      // rows of the store in memory while changes are read

bool by_name(const AssessedHost& a, const AssessedHost& b) { return a.name != b.name ? a.name < b.name : a.id < b.id; }

bool same_score(const ScorePoint& a, const ScorePoint& b) {
  return a.value == b.value && a.lower == b.lower && a.upper == b.upper && a.level == b.level && a.hosts == b.hosts &&
         a.rules_hash == b.rules_hash;
}

// A scan that was never enrolled is known by its host's name, else by its facts.
std::string identity_of(const Scan& scan) {
  if (!scan.host_id.empty()) return scan.host_id;
  return host_id_of_stranger(scan);
}

}  // namespace

std::vector<ScorePoint> thinned_by_day(const std::vector<ScorePoint>& history, std::int64_t now) {
  std::vector<ScorePoint> out;
  for (const ScorePoint& point : history) {
    const bool merges = !out.empty() && point.at < now - 2 * kDaySeconds && out.back().at / kDaySeconds == point.at / kDaySeconds;
    if (!merges) {
      out.push_back(point);
      continue;
    }
    std::optional<ScoreSplit> split;
    if (point.split && out.back().split)
      split = ScoreSplit{out.back().split->fleet + point.split->fleet, out.back().split->rules + point.split->rules, out.back().split->coverage + point.split->coverage};
    out.back() = point;
    out.back().split = split;
  }
  const auto old = std::find_if(out.begin(), out.end(), [&](const ScorePoint& point) { return point.at >= now - static_cast<std::int64_t>(kMostHistoryDays) * kDaySeconds; });
  // The last one before that stays: what the first day is compared with.
  if (old - out.begin() > 1) out.erase(out.begin(), old - 1);
  return out;
}

std::string host_id_of_stranger(const Scan& scan) {
  const std::string name = host_name_of(scan);
  constexpr std::size_t kIdDigits = 32;
  return sha256_hex("never enrolled: " + (name.empty() ? facts_hash(scan) : name)).substr(0, kIdDigits);
}

// Facts that one report input has read, by index of the host; they stay until the input goes.
struct FleetView::LoadedFacts {
  std::mutex mutex;
  std::map<std::size_t, std::shared_ptr<const nlohmann::json>> by_host;
};

ReportInput FleetView::make_input(std::int64_t now, std::shared_ptr<LoadedFacts> loaded) const {
  ReportInput input;
  input.rules = rules_.get();
  input.assessment = &assessment_;
  input.organisation = organisation_;
  input.history = history_;
  input.before = before_;
  input.document = load_document_;
  if (decisions_ != nullptr) input.decisions = decisions_->get();
  input.questionnaire = questionnaire_;
  input.hosts_without_scan = silent_;
  input.hosts_waiting = waiting_;
  if (!scores_.empty())
    input.host_score = [this](std::size_t host) {
      LazyScore& lazy = *scores_.at(host);
      std::call_once(lazy.once, [&] {
        const Score score = score_of_host(*rules_, assessment_.hosts[host]);
        lazy.score = {score.value, score.lower, score.upper};
      });
      return lazy.score;
    };
  input.now = now != 0 ? now : assessment_.as_of;
  input.facts = [load = load_facts_, loaded = std::move(loaded)](std::size_t host) -> const nlohmann::json* {
    const std::lock_guard lock(loaded->mutex);
    const auto found = loaded->by_host.find(host);
    if (found != loaded->by_host.end()) return found->second.get();
    return loaded->by_host.emplace(host, load(host)).first->second.get();
  };
  return input;
}

// Under mutex_. Compared once for each view and each change of what people decided.
void FleetView::add_since_review(ReportInput& input) const {
  if (input.decisions == nullptr) return;
  if (reviewed_ != input.decisions) {
    const auto since = since_last_review(decisions_->store(), input.decisions->reviews, kItReview, *rules_, assessment_);
    if (!since) log_warning(since.error().message);
    since_review_ = since && *since ? std::make_shared<const SinceReview>(**since) : nullptr;
    reviewed_ = input.decisions;
  }
  input.since_review = since_review_;
}

// Under mutex_. Who holds the outlook holds the rules that it points into.
void FleetView::add_outlook(ReportInput& input) const {
  input.outlook_state = outlook_state_;
  if (outlook_ != nullptr && outlook_->rules->hash == rules_->hash) input.outlook = {outlook_, &outlook_->clock};
}

ReportInput FleetView::report_input(std::int64_t now) const {
  ReportInput input = make_input(now, std::make_shared<LoadedFacts>());
  const std::lock_guard lock(mutex_);
  add_outlook(input);
  add_since_review(input);
  return input;
}

void FleetView::show_outlook(std::shared_ptr<const Outlook> outlook, OutlookState state) const {
  const std::lock_guard lock(mutex_);
  if (outlook_ == outlook && outlook_state_ == state) return;
  outlook_ = std::move(outlook);
  outlook_state_ = std::move(state);
  input_.reset();
}

std::shared_ptr<const ReportInput> FleetView::shared_input(const std::shared_ptr<const FleetView>& view, std::int64_t now) {
  const std::lock_guard lock(view->mutex_);
  const auto fresh = [&] {
    if (view->input_ == nullptr || now - view->input_->now >= kSharedInputSeconds) return false;
    // Who has just written something is sent back to the page and must find it there.
    if (view->decisions_ != nullptr && view->decisions_->get() != view->input_->decisions) return false;
    const std::lock_guard loaded_lock(view->loaded_->mutex);
    return view->loaded_->by_host.size() < kLoadedHosts;
  };
  if (!fresh()) {
    view->loaded_ = std::make_shared<LoadedFacts>();
    ReportInput input = view->make_input(now, view->loaded_);
    view->add_outlook(input);
    view->add_since_review(input);
    view->input_ = std::make_shared<const ReportInput>(std::move(input));
  }
  // Who holds the input holds the view; the view holds the input alone, or neither would ever go.
  auto both = std::make_shared<const std::pair<std::shared_ptr<const FleetView>, std::shared_ptr<const ReportInput>>>(view, view->input_);
  return {both, both->second.get()};
}

std::optional<std::size_t> FleetView::find_host(std::string_view id) const {
  const auto found = std::find_if(assessment_.hosts.begin(), assessment_.hosts.end(), [&](const AssessedHost& host) { return host.id == id; });
  if (found == assessment_.hosts.end()) return std::nullopt;
  return static_cast<std::size_t>(found - assessment_.hosts.begin());
}

// `scans`: host and sequence, by index of the host.
void FleetView::read_from(Store& store, std::vector<std::pair<std::string, std::uint64_t>> scans) {
  for (const auto& [host, sequence] : scans) sequences_.push_back(sequence);
  const auto shared = std::make_shared<const std::vector<std::pair<std::string, std::uint64_t>>>(std::move(scans));
  load_facts_ = [shared, rules = rules_, &store](std::size_t host) -> std::shared_ptr<const nlohmann::json> {
    if (host >= shared->size()) return nullptr;
    const auto stored = store.scan((*shared)[host].first, (*shared)[host].second);
    if (!stored || !*stored) return nullptr;
    const auto scan = read_stored(**stored);
    if (!scan) return nullptr;
    return std::make_shared<const nlohmann::json>(judgeable_facts(*scan, *rules));
  };
  load_document_ = [shared, &store](std::size_t host) -> Result<std::string> {
    if (host >= shared->size()) return fail(ErrorKind::not_found, "there is no such host");
    const auto stored = store.scan((*shared)[host].first, (*shared)[host].second);
    if (!stored) return tl::unexpected(stored.error());
    if (!*stored) return fail(ErrorKind::not_found, "its scan is gone from the store");
    return decompress_zstd((*stored)->document_zstd);
  };
}

void FleetView::assess_hosts(std::vector<AssessedHost> hosts) {
  LoadedFacts loaded;  // workloads ask several times for the same few hosts
  assessment_ = assess(*rules_, std::move(hosts), [&](std::size_t host) {
    auto& facts = loaded.by_host[host];
    if (facts == nullptr) facts = load_facts_(host);
    return facts.get();
  });
  json_ = to_json(*rules_, assessment_);
}

Fleet::Fleet(Store& store, std::shared_ptr<const RuleSet> rules, ScoreHistory history)
    : store_(store), history_(history), rules_(std::move(rules)), coming_(rules_), decisions_(std::make_shared<CurrentDecisions>(store)) {}

Fleet::Fleet(Store& store, const RulesInForce& rules)
    : store_(store), in_force_(&rules), history_(ScoreHistory::keep), rules_(rules.rules()), coming_(rules_),
      decisions_(std::make_shared<CurrentDecisions>(store)) {}

std::shared_ptr<const FleetView> Fleet::latest() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

bool Fleet::is_denied(std::string_view host_id) const {
  const std::lock_guard lock(mutex_);
  return std::binary_search(denied_.begin(), denied_.end(), host_id, std::less<>());
}

std::vector<std::string> Fleet::denied() const {
  const std::lock_guard lock(mutex_);
  return denied_;
}

std::size_t Fleet::to_rejudge() const {
  const std::lock_guard lock(mutex_);
  return to_rejudge_;
}

Result<StoredDocument> Fleet::stored_document(const std::string& host_id, std::uint64_t sequence) {
  auto stored = store_.scan(host_id, sequence);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return StoredDocument{host_id, sequence, 0, {}};
  return StoredDocument{host_id, sequence, (*stored)->taken_at, std::move((*stored)->document_zstd)};
}

Result<Judgement> Fleet::judge_again(const std::string& host_id, std::uint64_t sequence) {
  const auto document = stored_document(host_id, sequence);
  if (!document) return tl::unexpected(document.error());
  auto packed = judge_.judge(*document, *rules_);
  if (!packed) {
    log_error(packed.error().message + "; its verdicts are unknown until its next scan");
    packed = unknown_judgement(*rules_);
  }
  if (history_ == ScoreHistory::keep)
    if (auto kept = store_.rejudge_many(rules_->hash, {{host_id, sequence, *packed}}); !kept) return tl::unexpected(kept.error());
  return unpack_judgement(*packed, rules_->rules.size(), rules_->measures.size());
}

Result<Judgement> Fleet::judgement_of(const std::string& host_id, std::uint64_t sequence, const std::string& rules_hash,
                                      const std::string& packed) {
  if (rules_hash == rules_->hash)
    if (auto judgement = unpack_judgement(packed, rules_->rules.size(), rules_->measures.size()); judgement) return judgement;
  return judge_again(host_id, sequence);
}

Result<void> Fleet::show(Member& member, const HostRow& row) {
  // The server waits for judgements that are not of the rules shown; what it has of the host stays as it was.
  const bool waits = in_force_ != nullptr;
  if (row.sequence && (!waits || row.rules_hash == rules_->hash)) {
    auto judgement = judgement_of(row.id, *row.sequence, row.rules_hash, row.judgement);
    if (!judgement) return tl::unexpected(judgement.error());
    member.shown = Shown{*row.sequence, row.taken_at, std::move(*judgement), std::make_shared<FleetView::LazyScore>()};
    member.before.reset();
  }
  if (row.previous_sequence && (!waits || (row.rules_hash == rules_->hash && row.previous_rules_hash == rules_->hash))) {
    auto before = judgement_of(row.id, *row.previous_sequence, row.previous_rules_hash, row.previous_judgement);
    if (!before) return tl::unexpected(before.error());
    member.before = std::move(*before);
  }
  return {};
}

// Whether other rules than those in force made one of the judgements.
bool Fleet::is_other(const HostRow& row) const {
  if (in_force_ == nullptr) return false;
  return (row.sequence && row.rules_hash != coming_->hash) || (row.previous_sequence && row.previous_rules_hash != coming_->hash);
}

// True where something that is shown changed.
Result<bool> Fleet::take(HostRow row) {
  Member& member = members_[row.id];
  const HostRow& known = member.row;
  const bool fresh = known.id.empty();
  if (!fresh && is_other(known)) --others_;
  bool changed = fresh || known.denied != row.denied || known.name != row.name || (row.sequence && !known.sequence);
  if (in_force_ == nullptr || (row.sequence && row.rules_hash == rules_->hash)) changed = true;
  if (auto shown = show(member, row); !shown) {
    if (fresh) members_.erase(row.id);
    else if (is_other(known)) ++others_;
    return tl::unexpected(shown.error());
  }
  row.judgement.clear();  // kept unpacked
  row.previous_judgement.clear();
  member.row = std::move(row);
  if (is_other(member.row)) ++others_;
  return changed;
}

// True where something that is shown changed.
Result<bool> Fleet::read_changes() {
  bool changed = false;
  for (;;) {
    auto rows = store_.changed_since(change_, kChangesAtOnce);
    if (!rows) return tl::unexpected(rows.error());
    for (HostRow& row : *rows) {
      const std::int64_t change = row.change;
      const auto taken = take(std::move(row));
      if (!taken) {
        stale_ = stale_ || changed;  // what was read is not read again
        return tl::unexpected(taken.error());
      }
      changed = changed || *taken;
      change_ = std::max(change_, change);
    }
    if (rows->size() < kChangesAtOnce) return changed;
  }
}

// Notices that other rules came into force.
void Fleet::follow_rules() {
  if (in_force_ == nullptr) return;
  auto rules = in_force_->rules();
  if (rules->hash == coming_->hash) return;
  coming_ = std::move(rules);
  others_ = 0;
  for (const auto& [id, member] : members_) others_ += is_other(member.row) ? 1 : 0;
}

std::size_t Fleet::waiting() const {
  std::size_t count = 0;
  for (const auto& [id, member] : members_) count += member.row.sequence && !member.shown ? 1 : 0;
  return count;
}

// Turns to the rules in force when they have judged every host, or when the set before never had: then it has nothing
// whole to show. True where everything must be read once more.
bool Fleet::turn() {
  if (coming_->hash == rules_->hash || (others_ > 0 && whole_)) return false;
  rules_ = coming_;
  whole_ = false;
  members_.clear();
  others_ = 0;
  change_ = -1;
  return true;
}

// The hosts as `was` shows them, judged by the rules of `is`. Most have sent nothing since; where many have, judging their
// scans of then would hold up everything, and what it would tell is left untold.
std::optional<ScoreChange> Fleet::change_by_turning(const FleetView& was, const FleetView& is) {
  std::deque<Judgement> judged;
  std::vector<HostVerdicts> then;
  for (std::size_t i = 0; i < was.assessment_.hosts.size(); ++i) {
    const std::string& id = was.assessment_.hosts[i].id;
    const auto found = members_.find(id);
    if (found == members_.end() || !found->second.shown) return std::nullopt;
    const Member& member = found->second;
    const std::uint64_t sequence = was.sequences_.at(i);
    if (member.shown->sequence == sequence) {
      then.push_back({id, &member.shown->judgement});
    } else if (member.before && member.row.previous_sequence == sequence) {
      then.push_back({id, &*member.before});
    } else {
      if (judged.size() == kMostJudgedAtTurn) return std::nullopt;
      const auto document = stored_document(id, sequence);
      const auto packed = document ? judge_.judge(*document, *rules_) : tl::unexpected(document.error());
      auto judgement = packed ? unpack_judgement(*packed, rules_->rules.size(), rules_->measures.size()) : tl::unexpected(packed.error());
      if (!judgement) return std::nullopt;
      then.push_back({id, &judged.emplace_back(std::move(*judgement))});
    }
  }
  auto change = change_of_rules(was.rules(), verdicts_of(was.assessment_.hosts), *rules_, then);
  const auto more = change_of_hosts(*rules_, then, verdicts_of(is.assessment_.hosts));
  if (!change || !more) return std::nullopt;
  return *change += *more;
}

std::optional<ScoreChange> Fleet::change_since_point(const FleetView& view) {
  const auto was = latest();
  if (history_ != ScoreHistory::keep || !since_point_ || was == nullptr) return std::nullopt;
  auto step = was->rules().hash == rules_->hash
                  ? change_of_hosts(*rules_, verdicts_of(was->assessment_.hosts), verdicts_of(view.assessment_.hosts))
                  : change_by_turning(*was, view);
  if (step) *step += *since_point_;
  return step;
}

// `since` is what is known of the change since the last point; after this, since the point that is last now.
Result<void> Fleet::keep_score(const Assessment& assessment, std::optional<ScoreChange>& since) {
  const Score& score = assessment.score;
  ScorePoint point{now_seconds(), score.value, score.lower, score.upper, score.level, score.hosts, rules_->hash};
  const auto last = store_.scores(1);
  if (!last) return tl::unexpected(last.error());
  const bool same = !last->empty() && same_score(last->back(), point);
  point_waits_ = !same && !may_keep_point();
  if (point_waits_) return {};
  // A point of somebody else's, or a score that nobody could follow: what the parts would add up to is not the change.
  const bool told = since && !last->empty() && last->back().value && point.value && since->total() == *point.value - *last->back().value;
  if (same) {
    if (!told) since = ScoreChange{};
    return {};
  }
  if (told) point.split = ScoreSplit{since->fleet, since->rules, since->coverage};
  since = ScoreChange{};
  points_left_ -= 1;
  return store_.add_score(point);
}

bool Fleet::may_keep_point() {
  const std::int64_t now = now_seconds();
  const double since = static_cast<double>(std::max<std::int64_t>(0, now - points_counted_at_));
  points_left_ = std::min<double>(kPointsAtOnce, points_left_ + since / kSecondsAPoint);
  points_counted_at_ = now;
  return points_left_ >= 1;
}

// Adds what was kept since the last time, by this collector or another.
Result<void> Fleet::read_history() {
  auto read = store_.scores(points_.empty() ? kMostHistoryPoints : kNewHistoryPoints);
  if (!read) return tl::unexpected(read.error());
  const auto is_last = [&](const ScorePoint& point) { return point.at == points_.back().at && same_score(point, points_.back()); };
  auto fresh = points_.empty() ? read->rend() : std::find_if(read->rbegin(), read->rend(), is_last);
  if (!points_.empty() && fresh == read->rend()) {
    read = store_.scores(kMostHistoryPoints);
    if (!read) return tl::unexpected(read.error());
    points_.clear();
    fresh = read->rend();
  }
  points_.insert(points_.end(), fresh.base(), read->end());
  points_ = thinned_by_day(points_, now_seconds());
  return {};
}

Result<std::shared_ptr<const FleetView>> Fleet::make_view() {
  auto view = std::make_shared<FleetView>();
  view->rules_ = rules_;
  view->change_ = change_;
  view->decisions_ = decisions_;
  view->questionnaire_ = questionnaire_;
  const auto organisation = store_.setting("organisation");
  if (!organisation) return tl::unexpected(organisation.error());
  view->organisation_ = organisation->value_or("");
  view->waiting_ = waiting();
  std::vector<AssessedHost> hosts;
  std::vector<std::string> denied;
  for (const auto& [id, member] : members_) {
    if (member.row.denied) denied.push_back(id);
    if (!member.row.sequence && !member.row.denied) ++view->silent_;
    if (!member.shown) continue;
    hosts.push_back({id, member.row.name, member.shown->taken_at, member.shown->judgement});
    if (member.before) view->before_.push_back({id, member.row.name, member.shown->taken_at, *member.before});
  }
  std::sort(hosts.begin(), hosts.end(), by_name);
  std::sort(view->before_.begin(), view->before_.end(), by_name);
  std::sort(denied.begin(), denied.end());
  std::vector<std::pair<std::string, std::uint64_t>> scans;
  for (const AssessedHost& host : hosts) {
    const Shown& shown = *members_.at(host.id).shown;
    scans.emplace_back(host.id, shown.sequence);
    view->scores_.push_back(shown.score);
  }
  view->read_from(store_, std::move(scans));
  view->assess_hosts(std::move(hosts));
  auto since = change_since_point(*view);
  since_point_.reset();  // until the view is shown
  // A score of part of the fleet is no point of its history.
  if (history_ == ScoreHistory::keep && view->waiting_ == 0)
    if (auto kept = keep_score(view->assessment_, since); !kept) return tl::unexpected(kept.error());
  if (auto read = read_history(); !read) return tl::unexpected(read.error());
  view->history_ = points_;
  const std::lock_guard lock(mutex_);
  since_point_ = since;
  if (view_ != nullptr) {
    const std::lock_guard shown(view_->mutex_);
    view->outlook_ = view_->outlook_;
    view->outlook_state_ = view_->outlook_state_;
  }
  view_ = view;
  denied_ = std::move(denied);
  return view_;
}

Result<std::shared_ptr<const FleetView>> Fleet::refresh() {
  const std::lock_guard lock(refreshing_);
  follow_rules();
  do {
    const auto changed = read_changes();
    if (!changed) return tl::unexpected(changed.error());
    stale_ = stale_ || *changed || latest() == nullptr;
    whole_ = whole_ || waiting() == 0;
  } while (turn());
  {
    const std::lock_guard latest_lock(mutex_);
    to_rejudge_ = others_;
  }
  if (!stale_ && !(point_waits_ && may_keep_point())) return latest();
  auto view = make_view();
  if (view) stale_ = false;
  return view;
}

std::shared_ptr<const FleetView> view_of_scans(std::vector<Scan> scans, std::shared_ptr<const RuleSet> rules,
                                               std::string organisation) {
  struct Judged {
    AssessedHost host;
    std::string document_zstd;
    std::shared_ptr<const nlohmann::json> facts;
  };
  std::map<std::string, const Scan*> newest;
  for (const Scan& scan : scans) {
    const Scan*& kept = newest[identity_of(scan)];
    if (kept == nullptr || std::pair(kept->taken_at, kept->sequence) < std::pair(scan.taken_at, scan.sequence)) kept = &scan;
  }
  std::vector<Judged> judged;
  for (const auto& [id, scan] : newest) {
    auto facts = std::make_shared<const nlohmann::json>(judgeable_facts(*scan, *rules));
    judged.push_back({{id, host_name_of(*scan), scan->taken_at, judge_scan(*scan, *rules)}, compress_zstd(to_json(*scan)), std::move(facts)});
  }
  std::sort(judged.begin(), judged.end(), [](const Judged& a, const Judged& b) { return by_name(a.host, b.host); });
  auto view = std::make_shared<FleetView>();
  view->rules_ = std::move(rules);
  view->organisation_ = std::move(organisation);
  std::vector<AssessedHost> hosts;
  std::vector<std::shared_ptr<const nlohmann::json>> facts;
  const auto documents = std::make_shared<std::vector<std::string>>();
  for (Judged& one : judged) {
    hosts.push_back(std::move(one.host));
    documents->push_back(std::move(one.document_zstd));
    facts.push_back(std::move(one.facts));
  }
  view->load_facts_ = [facts = std::move(facts)](std::size_t host) { return host < facts.size() ? facts[host] : nullptr; };
  view->load_document_ = [documents](std::size_t host) -> Result<std::string> {
    if (host >= documents->size()) return fail(ErrorKind::not_found, "there is no such host");
    return decompress_zstd((*documents)[host]);
  };
  view->assess_hosts(std::move(hosts));
  return view;
}

}  // namespace plumbline
