// SPDX-License-Identifier: Apache-2.0
// Moves derived facts and what is known of certificates on, and finds what turned a rule.
#include "rules/host_clock.h"

#include <algorithm>
#include <cmath>

namespace plumbline {
namespace {

using cel::Cell;
using cel::CellKind;

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kSoonDays = 30;        // as certificates.expiring_30d counts
constexpr std::size_t kMostWays = 64;         // that certificates may be in on one day
constexpr std::size_t kMostCauseGroups = 256; // products of one host that are tried as the cause of a turn
constexpr std::size_t kMostCauses = 16;
constexpr std::size_t kNoGroup = SIZE_MAX;

Cell* cell_in(const FactRecord& record, const char* name) { return const_cast<Cell*>(record.cell(name)); }

// The line of the lifecycle table that gave a date. Facts and table do not always name a product alike.
std::string cycle_of(const Catalogue& catalogue, const std::string& product, const std::string& version, std::int64_t end_day) {
  for (const auto& [name, lines] : catalogue.lifecycle) {
    const bool alike = name.find(product) != std::string::npos || product.find(name) != std::string::npos || name == runtime_product(product);
    if (product.empty() || !alike) continue;
    const Lifecycle* line = find_lifecycle(catalogue, name, version);
    if (line != nullptr && line->support_end && *line->support_end / kDaySeconds == end_day) return line->cycle;
  }
  return "";
}

bool reads_certificates(const cel::Program& program) {
  const auto& reads = program.reads();
  return std::any_of(reads.begin(), reads.end(), [](const std::string& path) { return path.starts_with("certificates"); });
}

// Only what all ways agree on is known.
void merge(Judgement& into, const Judgement& other) {
  for (std::size_t i = 0; i < into.verdicts.size(); ++i)
    if (into.verdicts[i] != other.verdicts[i]) into.verdicts[i] = Verdict::unknown;
  for (std::size_t i = 0; i < into.requirements.size(); ++i)
    if (into.requirements[i] != other.requirements[i]) into.requirements[i] = Verdict::unknown;
  for (std::size_t i = 0; i < into.measures.size(); ++i)
    if (into.measures[i] != other.measures[i]) into.measures[i].reset();
}

bool is_possible(const CertificateCounts& scanned) {
  const auto& [count, expired, expiring, next] = scanned;
  if (count <= 0 || expired < 0 || expiring < 0 || expired > count || expiring > count - expired || !std::isfinite(next)) return false;
  if (next < 0) return expired > 0;  // the agent's next end is the earliest of all, one that has passed too
  return expired < count && (expiring > 0) == (next < static_cast<double>(kSoonDays));
}

struct Range {
  std::int64_t least = 0, most = 0;
};

// Those that had ended stay so; those within 30 days have ended 30 days later; the others begin to end only then.
Range ended_later(const CertificateCounts& scanned, std::int64_t days) {
  if (scanned.next_expiry_days - static_cast<double>(days) >= 0) return {scanned.expired, scanned.expired};
  const std::int64_t soon = scanned.expired + scanned.expiring_30d;
  std::int64_t least = scanned.expired + (scanned.next_expiry_days >= 0 ? 1 : 0);
  if (days >= kSoonDays) least = std::max(least, soon);
  return {least, days <= kSoonDays ? soon : scanned.count};
}

// Of those that have not ended by then: who was within 30 days still is; the next one is, once it is within 30 days.
Range ending_soon_later(const CertificateCounts& scanned, std::int64_t days, std::int64_t ended) {
  const double next = scanned.next_expiry_days - static_cast<double>(days);
  if (next >= static_cast<double>(kSoonDays)) return {0, 0};
  std::int64_t least = next >= 0 ? 1 : 0;
  if (days <= kSoonDays) least = std::max(least, scanned.expired + scanned.expiring_30d - ended);
  return {least, scanned.count - ended};
}

}  // namespace

std::vector<CertificateCounts> certificates_later(const CertificateCounts& scanned, std::int64_t days) {
  if (days < 0 || !is_possible(scanned)) return {};
  if (days == 0) return {scanned};
  std::vector<CertificateCounts> out;
  const double next = scanned.next_expiry_days - static_cast<double>(days);
  const Range ended = ended_later(scanned, days);
  for (std::int64_t e = ended.least; e <= ended.most; ++e) {
    const Range soon = ending_soon_later(scanned, days, e);
    for (std::int64_t s = soon.least; s <= soon.most; ++s) {
      if (out.size() >= kMostWays) return {};
      out.push_back({scanned.count, e, s, next});
    }
  }
  return out;
}

HostClock::HostClock(cel::Document& facts, const RuleSet& rules, const RuleIndex& index, std::int64_t scan_day)
    : facts_(facts), rules_(rules), index_(index), scan_day_(scan_day), day_(scan_day) {
  const FactRecord all(facts);
  const FactRecord os = all.object("os"), accelerators = all.object("accelerators");
  if (!os.text("id").empty()) add_group(os, "support_days_left", os.text("id"), os.text("version"));
  const bool os_has_end = !groups_.empty();
  if (!accelerators.text("nvidia_driver").empty())
    add_group(accelerators, "nvidia_driver_support_days_left", "nvidia-driver", accelerators.text("nvidia_driver"));
  for (const FactRecord& instance : all.object("data_stores").objects("instances")) add_store(instance, os_has_end);
  for (const FactRecord& runtime : all.object("containers").objects("runtimes"))
    add_group(runtime, "support_days_left", runtime.text("name"), runtime.text("version"));
  read_certificates(all.object("certificates"));
  std::sort(undated_.begin(), undated_.end());
  undated_.erase(std::unique(undated_.begin(), undated_.end()), undated_.end());
}

// Whether a package is supported follows from the distribution's end, not from the store's; so does the day until which
// fixes come, where the distribution keeps it longer.
void HostClock::add_store(const FactRecord& instance, bool os_has_end) {
  if (os_has_end) groups_.front().cells.push_back(cell_in(instance, "distro_supported"));
  Cell* ends = cell_in(instance, "supported_days_left");
  const bool dated = ends != nullptr && ends->kind() == CellKind::int_kind;
  const auto own = instance.number("support_days_left");
  const bool by_os = dated && os_has_end && (!own || static_cast<std::int64_t>(*own) < ends->whole);
  if (!by_os || own) add_group(instance, "support_days_left", instance.text("kind"), instance.text("version"));
  if (!dated) return;
  Group& group = by_os ? groups_.front() : groups_.back();
  group.days.push_back(ends);
  group.cells.push_back(ends);
  group.cells.push_back(cell_in(instance, "supported_by"));
}

void HostClock::add_group(const FactRecord& record, const char* days_left, std::string product, std::string version) {
  Cell* cell = cell_in(record, days_left);
  if (cell == nullptr || cell->kind() != CellKind::int_kind) {
    undated_.emplace_back(std::move(product), std::move(version));
    return;
  }
  groups_.push_back({std::move(product), std::move(version), scan_day_ + cell->whole, {cell}, {cell}, {}});
}

void HostClock::read_certificates(const FactRecord& facts) {
  const auto count = facts.number("count");
  if (!count || *count <= 0) return;
  const auto expired = facts.number("expired"), expiring = facts.number("expiring_30d"), next = facts.number("next_expiry_days");
  certificates_.emplace();
  if (!expired || !expiring || !next) return;
  certificates_ = {static_cast<std::int64_t>(*count), static_cast<std::int64_t>(*expired), static_cast<std::int64_t>(*expiring), *next};
  certificates_said_ = true;
}

// A day more takes one from every count of days. Whether a distribution's packages are supported turns with its end, so
// all is derived anew once something ends, and where days are left out.
void HostClock::step(std::int64_t day) {
  bool derive = day != day_ + 1;
  for (Group& group : groups_) {
    group.before.clear();
    for (const Cell* cell : group.cells) group.before.push_back(*cell);
    for (Cell* left : group.days) {
      left->whole -= day - day_;
      derive = derive || left->whole == -1;
    }
  }
  day_ = day;
  if (derive) derive_facts(facts_, rules_.catalogue, day * kDaySeconds);
  facts_.changed();
}

void HostClock::write_certificates(const CertificateCounts& counts) {
  FactRecord certificates = FactRecord(facts_).object("certificates");
  certificates.set("expired", counts.expired);
  certificates.set("expiring_30d", counts.expiring_30d);
  certificates.set("next_expiry_days", counts.next_expiry_days);
}

Judgement HostClock::judge_certificates(const Judgement& before) {
  const std::vector<std::string> changed = {"certificates"};
  const auto ways = certificates_said_ ? certificates_later(*certificates_, day_ - scan_day_) : std::vector<CertificateCounts>();
  unclear_ = unclear_ || ways.size() != 1;
  if (ways.empty()) {
    FactRecord certificates = FactRecord(facts_).object("certificates");
    for (const char* name : {"expired", "expiring_30d", "next_expiry_days"})
      if (Cell* cell = cell_in(certificates, name)) *cell = cel::cell_of(CellKind::unread);
    facts_.changed();
    return index_.judge_again(facts_, before, changed, true);
  }
  std::optional<Judgement> out;
  for (const CertificateCounts& way : ways) {
    write_certificates(way);
    Judgement one = index_.judge_again(facts_, before, changed, true);
    if (out) merge(*out, one);
    else out = std::move(one);
  }
  return std::move(*out);
}

Judgement HostClock::move_to(std::int64_t day, const Judgement& before) {
  step(day);
  return certificates_ ? judge_certificates(before) : index_.judge_again(facts_, before, {}, true);
}

// The verdict with one product held at the day before, or with all others held; with kNoGroup all are.
Verdict HostClock::verdict_with(const Rule& rule, std::size_t group, bool held) {
  std::vector<std::pair<Cell*, Cell>> now;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if ((i == group) != held) continue;
    for (std::size_t k = 0; k < groups_[i].cells.size(); ++k) {
      now.emplace_back(groups_[i].cells[k], *groups_[i].cells[k]);
      *groups_[i].cells[k] = groups_[i].before[k];
    }
  }
  facts_.changed();
  const Verdict out = decide(rule, facts_);
  for (const auto& [cell, value] : now) *cell = value;
  facts_.changed();
  return out;
}

// A product is a cause if the rule had not turned without it, or turns by it alone: two may end on one day. None is where
// the rule turns though all are held.
std::vector<ClockCause> HostClock::causes_of(const Rule& rule, Verdict was, Verdict is) {
  std::vector<ClockCause> out;
  const Verdict moved = decide(rule, facts_), stayed = verdict_with(rule, kNoGroup, false);
  const bool by_products = stayed != is;
  for (std::size_t i = 0; by_products && i < groups_.size() && i < kMostCauseGroups && out.size() < kMostCauses; ++i) {
    const Group& group = groups_[i];
    const Verdict held = verdict_with(rule, i, true), alone = verdict_with(rule, i, false);
    if (held == moved && alone == stayed) continue;  // it makes no difference: certificates that can be several ways do
    if (held != was && alone != is) continue;
    ClockCause cause{group.product, group.version, cycle_of(rules_.catalogue, group.product, group.version, group.ends), group.ends * kDaySeconds};
    if (std::find(out.begin(), out.end(), cause) == out.end()) out.push_back(std::move(cause));
  }
  const bool certificates = certificates_ && (reads_certificates(*rule.check) || (rule.when && reads_certificates(*rule.when)));
  if (!out.empty() || !certificates) return out;
  ClockCause cause{"certificate", "", "", std::nullopt};
  if (certificates_said_ && certificates_->next_expiry_days >= 0 && certificates_->next_expiry_days < 1e6)
    cause.ends = (scan_day_ + static_cast<std::int64_t>(certificates_->next_expiry_days)) * kDaySeconds;
  return {cause};
}

}  // namespace plumbline
