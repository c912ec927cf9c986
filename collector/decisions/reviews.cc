// SPDX-License-Identifier: Apache-2.0
// Packs, keeps and compares the verdicts of reviews. The packed text, one line each:
//   plumbline verdicts 1
//   accel.driver backup.scheduled …        ids of rules
//   -p                                     verdicts of fleet rules; '-' for the others
//   0123…cdef pf                           a host's id and its verdicts
#include "collector/decisions/reviews.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "base/zstd.h"
#include "collector/decisions/records.h"
#include "collector/decisions/text.h"

namespace plumbline {
namespace {

constexpr std::string_view kFirstLine = "plumbline verdicts 1";
constexpr std::string_view kLetters = "-pfuw";  // by Verdict

char letter_of(Verdict verdict) { return kLetters.at(static_cast<std::size_t>(verdict)); }

char fleet_letter(const Rule& rule, const Tally& tally) {
  if (!rule.fleet) return '-';
  if (tally.fail > 0) return 'f';
  if (tally.pass > 0) return 'p';
  if (tally.waived > 0) return 'w';
  return tally.unknown > 0 ? 'u' : '-';
}

struct Verdicts {
  std::vector<std::string_view> rules;
  std::string_view fleet;
  std::map<std::string_view, std::string_view> hosts;
};

bool are_letters(std::string_view text, std::size_t count) {
  return text.size() == count && text.find_first_not_of(kLetters) == std::string_view::npos;
}

Result<Verdicts> read_verdicts(std::string_view text) {
  const auto damaged = [] { return fail(ErrorKind::invalid, "review: its kept verdicts are damaged; record a new review"); };
  const auto rows = lines(text);
  if (rows.size() < 3 || rows[0] != kFirstLine) return damaged();
  Verdicts verdicts;
  verdicts.rules = words(rows[1]);
  verdicts.fleet = rows[2];
  if (!are_letters(verdicts.fleet, verdicts.rules.size())) return damaged();
  for (std::size_t i = 3; i < rows.size(); ++i) {
    const auto space = rows[i].find(' ');
    if (space == std::string_view::npos || !are_letters(rows[i].substr(space + 1), verdicts.rules.size())) return damaged();
    verdicts.hosts[rows[i].substr(0, space)] = rows[i].substr(space + 1);
  }
  return verdicts;
}

// Where each rule of today stood in the review; nothing for one it did not have.
std::vector<std::optional<std::size_t>> places(const RuleSet& rules, const Verdicts& then) {
  std::map<std::string_view, std::size_t> by_id;
  for (std::size_t i = 0; i < then.rules.size(); ++i) by_id[then.rules[i]] = i;
  std::vector<std::optional<std::size_t>> all(rules.rules.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    if (const auto found = by_id.find(rules.rules[i].id); found != by_id.end()) all[i] = found->second;
  return all;
}

void note(Change& change, char was, char is) {
  if (was == 'f' && is == 'p') ++change.newly_passing;
  if (was == 'p' && is == 'f') ++change.newly_failing;
}

void sort_changes(const RuleSet& rules, std::vector<Change>& changes) {
  std::erase_if(changes, [](const Change& change) { return change.newly_passing + change.newly_failing == 0; });
  std::stable_sort(changes.begin(), changes.end(), [&](const Change& a, const Change& b) {
    if ((a.newly_passing > 0) != (b.newly_passing > 0)) return a.newly_passing > 0;
    return rules.rules[a.rule].severity > rules.rules[b.rule].severity;
  });
}

RecordRow verdicts_row(std::string_view audience, std::int64_t at, const std::string& packed, std::string_view by, std::int64_t version) {
  const nlohmann::json body = {{"at", at}, {"verdicts", packed}};
  return {std::string(kReviewVerdictsKind), std::string(audience), canonical_json(body), at, std::string(by), version};
}

struct KeptVerdicts {
  std::int64_t at = 0, version = 0;
  std::string packed;
};

Result<KeptVerdicts> kept_verdicts(Store& store, std::string_view audience) {
  const auto row = store.record(kReviewVerdictsKind, audience);
  if (!row) return tl::unexpected(row.error());
  if (!*row) return KeptVerdicts{};
  KeptVerdicts kept;
  kept.version = (*row)->version;
  JsonLimits limits;
  limits.bytes = limits.string_bytes = kMaxRecordBody;
  const auto body = parse_json((*row)->body, limits);
  if (!body || !body->is_object()) return kept;
  const auto at = body->find("at"), packed = body->find("verdicts");
  if (at == body->end() || packed == body->end() || !at->is_number_integer() || !packed->is_string()) return kept;
  kept.at = at->get<std::int64_t>();
  kept.packed = packed->get<std::string>();
  return kept;
}

}  // namespace

Result<std::string> pack_verdicts(const RuleSet& rules, const Assessment& assessment) {
  std::string text(kFirstLine);
  std::string ids, fleet;
  for (std::size_t i = 0; i < rules.rules.size(); ++i) {
    ids += (i == 0 ? "" : " ") + rules.rules[i].id;
    fleet += fleet_letter(rules.rules[i], assessment.rules[i].tally);
  }
  text += '\n' + ids + '\n' + fleet + '\n';
  for (const AssessedHost& host : assessment.hosts) {
    text += host.id + ' ';
    for (const Verdict verdict : host.judgement.verdicts) text += letter_of(verdict);
    text += '\n';
  }
  if (text.size() > kMaxVerdictsText) return fail(ErrorKind::limit, "review: the fleet is too large for its verdicts to be kept");
  std::string packed = base64url(compress_zstd(text));
  if (packed.size() > kMaxPackedVerdicts) return fail(ErrorKind::limit, "review: the fleet is too large for its verdicts to be kept");
  return packed;
}

Result<SinceReview> since_review(std::string_view packed, std::int64_t at, const RuleSet& rules, const Assessment& assessment) {
  const auto frame = unbase64url(packed);
  if (!frame) return fail(ErrorKind::invalid, "review: its kept verdicts are damaged; record a new review");
  const auto text = decompress_zstd(*frame, kMaxVerdictsText);
  if (!text) return fail("review: its kept verdicts", text.error());
  const auto then = read_verdicts(*text);
  if (!then) return tl::unexpected(then.error());
  SinceReview since;
  since.at = at;
  since.known = true;
  const auto place = places(rules, *then);
  since.changes.resize(rules.rules.size());
  std::size_t known_hosts = 0;
  for (const AssessedHost& host : assessment.hosts) {
    const auto was = then->hosts.find(host.id);
    if (was == then->hosts.end()) continue;
    ++known_hosts;
    for (std::size_t i = 0; i < rules.rules.size(); ++i)
      if (place[i]) note(since.changes[i], was->second[*place[i]], letter_of(host.judgement.verdicts[i]));
  }
  for (std::size_t i = 0; i < rules.rules.size(); ++i) {
    since.changes[i].rule = i;
    if (place[i]) note(since.changes[i], then->fleet[*place[i]], fleet_letter(rules.rules[i], assessment.rules[i].tally));
  }
  since.new_hosts = assessment.hosts.size() - known_hosts;
  since.gone_hosts = then->hosts.size() - known_hosts;
  sort_changes(rules, since.changes);
  for (const Change& change : since.changes) {
    since.newly_passing += change.newly_passing > 0 ? 1 : 0;
    since.newly_failing += change.newly_failing > 0 ? 1 : 0;
  }
  return since;
}

Result<std::optional<SinceReview>> since_last_review(Store& store, const std::vector<Review>& reviews, std::string_view audience,
                                                     const RuleSet& rules, const Assessment& assessment) {
  const Review* last = last_review(reviews, audience);
  if (last == nullptr) return std::optional<SinceReview>();
  const auto kept = kept_verdicts(store, audience);
  if (!kept) return tl::unexpected(kept.error());
  if (kept->at != last->at || kept->packed.empty()) return std::optional(SinceReview{last->at, {}, 0, 0, 0, 0, false});
  auto since = since_review(kept->packed, last->at, rules, assessment);
  if (!since) return tl::unexpected(since.error());
  return std::optional(std::move(*since));
}

Result<Review> record_review(Store& store, const RuleSet& rules, const Assessment& assessment, std::string_view audience,
                             std::string_view note, std::string_view by, std::int64_t now) {
  if (audience != kItReview && audience != kBoardReview)
    return fail(ErrorKind::invalid, "review: '" + printable(audience.substr(0, 40)) + "' is no audience; it or board");
  auto clean_note = clean_text("note", note, kMaxPlanText, Lines::many);
  if (!clean_note) return tl::unexpected(clean_note.error());
  Review review{std::string(audience), now, assessment.score.value, assessment.score.level, printable(by).substr(0, kMaxPlanName), std::move(*clean_note)};
  const auto before = kept_verdicts(store, audience);
  if (!before) return tl::unexpected(before.error());
  std::vector<RecordRow> rows = {row_of(review, by, now)};
  // A fleet too large for it is reviewed all the same; the next review then cannot list what changed.
  const auto packed = pack_verdicts(rules, assessment);
  rows.push_back(verdicts_row(audience, now, packed.value_or(std::string()), by, before->version));
  const auto put = store.put_records(rows);
  if (!put && put.error().kind == ErrorKind::conflict)
    return fail(ErrorKind::conflict, "review: somebody recorded one at the same moment; look at it before you record another");
  if (!put) return tl::unexpected(put.error());
  const std::string score = assessment.score.value ? show_points(*assessment.score.value) : std::string("no");
  auto told = store.add_audit(by, "review.record", audience, "score " + score + ", level " + std::to_string(review.level), now);
  if (!told) return tl::unexpected(told.error());
  return review;
}

}  // namespace plumbline
