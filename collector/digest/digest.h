// SPDX-License-Identifier: Apache-2.0
// What a digest tells: what changed since the one before, and what to do next. One value, from which e-mail, Slack and
// Teams make their renderings. It names no host: digests leave the house.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collector/report/report.h"

namespace plumbline {

/// What the digest before told, kept in the store so that the next one can tell what changed.
struct Told {
  std::int64_t at = 0;                   // when it was made
  std::int64_t as_of = 0;                // newest scan then
  std::optional<Tenths> score;
  int level = 1;
  std::map<std::string, std::array<int, 3>> rules;  // id → hosts that pass, that fail, that could not be read
  std::vector<std::string> shut_gates;   // ids, sorted
  std::map<std::string, std::string> plan;          // action → status
  bool operator==(const Told&) const = default;
};
Told told_now(const ReportInput& input, std::int64_t now);
std::string to_json(const Told& told);
/// Of a record of the store; invalid where it cannot be one.
Result<Told> told_from(std::string_view json_text);

/// One thing that changed or is to be done.
struct DigestLine {
  std::string title, detail;
};

struct Digest {
  std::string organisation;
  std::int64_t as_of = 0;
  std::optional<std::int64_t> since;     // the digest before; nothing: this is the first
  std::optional<Tenths> score, score_before;
  int level = 1, level_before = 1;
  double checks_known = 0;
  int hosts = 0;
  std::optional<ScoreSplit> split;       // of the score's change; only where it adds up to it
  int unread = 0, unread_before = 0;     // checks that could not be judged
  std::vector<DigestLine> passed, failed;             // small wins first
  std::vector<DigestLine> gates_opened, gates_shut;
  std::vector<DigestLine> done, reopened, overdue;    // actions of the plan
  std::vector<DigestLine> next;                       // three at the most
  std::string link;                      // of the collector; may be empty
};
/// `before` is what was told last; without it nothing is said of changes.
Digest make_digest(const ReportInput& input, const Told* before, const std::string& link, std::int64_t now);

/// The same as headings and sentences, which all renderings share.
struct DigestSection {
  enum class Tone { good, bad, plain };
  std::string title;
  Tone tone = Tone::plain;
  std::vector<DigestLine> lines;
  std::size_t more = 0;                  // that are not listed
};
struct DigestPage {
  std::string subject, headline;
  std::vector<std::string> facts;        // sentences below the headline
  std::vector<DigestSection> sections;
  std::string link, link_text, footer;
};
DigestPage page_of(const Digest& digest);

inline constexpr std::size_t kMostDigestLines = 5;    // of one section
inline constexpr std::size_t kMostTitleCharacters = 160;

std::string render_digest_text(const DigestPage& page);
std::string render_digest_html(const DigestPage& page);
/// Block Kit, for an incoming webhook.
std::string render_digest_slack(const DigestPage& page);
/// An Adaptive Card in the envelope of Teams' webhooks.
std::string render_digest_teams(const DigestPage& page);

}  // namespace plumbline
