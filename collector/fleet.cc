// SPDX-License-Identifier: Apache-2.0
// Keeps the fleet's judgements in memory and makes assessments of them.
#include "collector/fleet.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/log.h"
#include "base/time.h"
#include "collector/judging.h"

namespace plumbline {
namespace {

constexpr std::size_t kHistoryPoints = 400;
constexpr std::int64_t kSharedInputSeconds = 10;  // ages on pages may lag by as much
constexpr std::size_t kLoadedHosts = 256;         // facts one shared input may hold before a new one is made

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
  input.hosts_without_scan = silent_;
  input.now = now != 0 ? now : assessment_.as_of;
  input.facts = [load = load_facts_, loaded = std::move(loaded)](std::size_t host) -> const nlohmann::json* {
    const std::lock_guard lock(loaded->mutex);
    const auto found = loaded->by_host.find(host);
    if (found != loaded->by_host.end()) return found->second.get();
    return loaded->by_host.emplace(host, load(host)).first->second.get();
  };
  return input;
}

ReportInput FleetView::report_input(std::int64_t now) const { return make_input(now, std::make_shared<LoadedFacts>()); }

std::shared_ptr<const ReportInput> FleetView::shared_input(const std::shared_ptr<const FleetView>& view, std::int64_t now) {
  const std::lock_guard lock(view->mutex_);
  const auto fresh = [&] {
    if (view->input_ == nullptr || now - view->input_->now >= kSharedInputSeconds) return false;
    const std::lock_guard loaded_lock(view->loaded_->mutex);
    return view->loaded_->by_host.size() < kLoadedHosts;
  };
  if (!fresh()) {
    view->loaded_ = std::make_shared<LoadedFacts>();
    view->input_ = std::make_shared<const ReportInput>(view->make_input(now, view->loaded_));
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
    : store_(store), rules_(std::move(rules)), history_(history) {}

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

Result<std::optional<Judgement>> Fleet::judge_again(const std::string& host_id, std::uint64_t sequence) {
  const auto stored = store_.scan(host_id, sequence);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return std::nullopt;
  const auto scan = read_stored(**stored);
  if (!scan) {
    log_error(scan.error().message + "; this host is left out until its next scan");
    return std::nullopt;
  }
  Judgement judgement = judge(*rules_, judgeable_facts(*scan, *rules_));
  if (history_ == ScoreHistory::keep)
    if (auto kept = store_.rejudge_many(rules_->hash, {{host_id, sequence, pack_judgement(judgement)}}); !kept)
      return tl::unexpected(kept.error());
  return judgement;
}

Result<std::optional<Judgement>> Fleet::judgement_of(const std::string& host_id, std::uint64_t sequence,
                                                     const std::string& rules_hash, const std::string& packed) {
  if (rules_hash == rules_->hash)
    if (auto judgement = unpack_judgement(packed, rules_->rules.size(), rules_->measures.size()); judgement)
      return std::move(*judgement);
  return judge_again(host_id, sequence);
}

Result<void> Fleet::take(HostRow row) {
  Member member;
  if (row.sequence) {
    auto judgement = judgement_of(row.id, *row.sequence, row.rules_hash, row.judgement);
    if (!judgement) return tl::unexpected(judgement.error());
    member.judgement = std::move(*judgement);
  }
  if (row.previous_sequence) {
    auto before = judgement_of(row.id, *row.previous_sequence, row.previous_rules_hash, row.previous_judgement);
    if (!before) return tl::unexpected(before.error());
    member.before = std::move(*before);
  }
  const std::string id = row.id;
  row.judgement.clear();  // kept unpacked
  row.previous_judgement.clear();
  member.row = std::move(row);
  members_[id] = std::move(member);
  return {};
}

Result<bool> Fleet::read_changes() {
  auto rows = store_.changed_since(change_);
  if (!rows) return tl::unexpected(rows.error());
  for (HostRow& row : *rows) {
    const std::int64_t change = row.change;
    if (auto taken = take(std::move(row)); !taken) return tl::unexpected(taken.error());
    change_ = std::max(change_, change);
  }
  return !rows->empty();
}

Result<void> Fleet::keep_score(const Assessment& assessment) {
  const Score& score = assessment.score;
  const ScorePoint point{now_seconds(), score.value, score.lower, score.upper, score.level, score.hosts, rules_->hash};
  const auto last = store_.scores(1);
  if (!last) return tl::unexpected(last.error());
  if (!last->empty() && same_score(last->back(), point)) return {};
  return store_.add_score(point);
}

Result<std::shared_ptr<const FleetView>> Fleet::make_view() {
  auto view = std::make_shared<FleetView>();
  view->rules_ = rules_;
  view->change_ = change_;
  const auto organisation = store_.setting("organisation");
  if (!organisation) return tl::unexpected(organisation.error());
  view->organisation_ = organisation->value_or("");
  std::vector<AssessedHost> hosts;
  std::vector<std::string> denied;
  for (const auto& [id, member] : members_) {
    if (member.row.denied) denied.push_back(id);
    if (!member.judgement && !member.row.denied) ++view->silent_;
    if (!member.judgement) continue;
    hosts.push_back({id, member.row.name, member.row.taken_at, *member.judgement});
    if (member.before) view->before_.push_back({id, member.row.name, member.row.taken_at, *member.before});
  }
  std::sort(hosts.begin(), hosts.end(), by_name);
  std::sort(view->before_.begin(), view->before_.end(), by_name);
  std::sort(denied.begin(), denied.end());
  std::vector<std::pair<std::string, std::uint64_t>> scans;
  for (const AssessedHost& host : hosts) scans.emplace_back(host.id, *members_.at(host.id).row.sequence);
  view->load_facts_ = [scans = std::move(scans), rules = rules_, &store = store_](std::size_t host) -> std::shared_ptr<const nlohmann::json> {
    if (host >= scans.size()) return nullptr;
    const auto stored = store.scan(scans[host].first, scans[host].second);
    if (!stored || !*stored) return nullptr;
    const auto scan = read_stored(**stored);
    if (!scan) return nullptr;
    return std::make_shared<const nlohmann::json>(judgeable_facts(*scan, *rules));
  };
  view->assess_hosts(std::move(hosts));
  if (history_ == ScoreHistory::keep)
    if (auto kept = keep_score(view->assessment_); !kept) return tl::unexpected(kept.error());
  auto history = store_.scores(kHistoryPoints);
  if (!history) return tl::unexpected(history.error());
  view->history_ = std::move(*history);
  const std::lock_guard lock(mutex_);
  view_ = view;
  denied_ = std::move(denied);
  return view_;
}

Result<std::shared_ptr<const FleetView>> Fleet::refresh() {
  const std::lock_guard lock(refreshing_);
  const auto changed = read_changes();
  if (!changed) return tl::unexpected(changed.error());
  stale_ = stale_ || *changed || latest() == nullptr;
  if (!stale_) return latest();
  auto view = make_view();
  if (view) stale_ = false;
  return view;
}

std::shared_ptr<const FleetView> view_of_scans(std::vector<Scan> scans, std::shared_ptr<const RuleSet> rules,
                                               std::string organisation) {
  struct Judged {
    AssessedHost host;
    std::uint64_t sequence = 0;
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
    Judgement judgement = judge(*rules, *facts);
    judged.push_back({{id, host_name_of(*scan), scan->taken_at, std::move(judgement)}, scan->sequence, std::move(facts)});
  }
  std::sort(judged.begin(), judged.end(), [](const Judged& a, const Judged& b) { return by_name(a.host, b.host); });
  auto view = std::make_shared<FleetView>();
  view->rules_ = std::move(rules);
  view->organisation_ = std::move(organisation);
  std::vector<AssessedHost> hosts;
  std::vector<std::shared_ptr<const nlohmann::json>> facts;
  for (Judged& one : judged) {
    hosts.push_back(std::move(one.host));
    facts.push_back(std::move(one.facts));
  }
  view->load_facts_ = [facts = std::move(facts)](std::size_t host) { return host < facts.size() ? facts[host] : nullptr; };
  view->assess_hosts(std::move(hosts));
  return view;
}

}  // namespace plumbline
