// SPDX-License-Identifier: Apache-2.0
// What both backends decide alike, so that they cannot differ: acceptance of scans, the audit chain, clean text.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collector/store/store.h"

namespace plumbline {

/// Sequences are kept in signed 64-bit columns.
inline constexpr std::uint64_t kMaxSequence = static_cast<std::uint64_t>(INT64_MAX);

/// What of a host's row decides about its next scan, and what a scan changes in it.
struct HostHead {
  std::optional<std::uint64_t> sequence;
  std::string facts_hash, rules_hash, judgement;
  std::optional<std::uint64_t> previous_sequence;
  std::string previous_rules_hash, previous_judgement;
  const StoredScan* latest = nullptr;  // of this group, where one was accepted
};
/// By host id, in order: two writers that lock rows in this order cannot wait for each other in a circle.
using HostHeads = std::map<std::string, HostHead, std::less<>>;

/// One answer a scan, in order; moves the heads forward. Every host must be in `heads`.
Result<std::vector<Acceptance>> decide(HostHeads& heads, const std::vector<StoredScan>& scans);

// A scan's columns, in the order in which both backends read them. Judgements made again stand in the host's row alone:
// a scan's row holds its document, and writing that again for a verdict would cost twenty times as much.
#define PLUMBLINE_SCAN_COLUMNS                                                                               \
  "s.host_id, s.sequence, s.taken_at, s.received_at, s.host_name, s.facts_hash, "                            \
  "CASE s.sequence WHEN h.sequence THEN h.rules_hash WHEN h.previous_sequence THEN h.previous_rules_hash "   \
  "ELSE s.rules_hash END, "                                                                                  \
  "CASE s.sequence WHEN h.sequence THEN h.judgement WHEN h.previous_sequence THEN h.previous_judgement "     \
  "ELSE s.judgement END "
#define PLUMBLINE_SCANS "FROM scans s JOIN hosts h ON h.id=s.host_id "

/// The hash of an audit row: over the one before and every field of this one.
std::string audit_hash(std::string_view previous_hash, const AuditRow& row);
/// Fails where a row was changed, removed or put in another place. `rows` oldest first, the whole log.
Result<void> check_audit_chain(const std::vector<AuditRow>& rows);

/// What a group of records must fulfil before a backend writes it.
Result<void> check_records(const std::vector<RecordRow>& rows);
/// Why a record was not written: `there` is what stands in its place, nothing where it was removed.
Error record_conflict(std::string_view kind, std::string_view id, const std::optional<RecordRow>& there);
Error too_many_records(std::string_view kind);
/// The kinds to which a group adds records: those whose number must be looked at.
std::set<std::string_view> kinds_added(const std::vector<RecordRow>& rows);

/// Text that every backend keeps byte for byte: valid UTF-8 without NUL.
std::string storable(std::string_view text);

}  // namespace plumbline
