// SPDX-License-Identifier: Apache-2.0
// Decisions that do not depend on the backend.
#include "collector/store/rows.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "base/time.h"

namespace plumbline {
namespace {

Acceptance accept_one(HostHead& head, const StoredScan& scan) {
  if (head.sequence && scan.sequence <= *head.sequence)
    return scan.sequence == *head.sequence && scan.facts_hash == head.facts_hash ? Acceptance::duplicate
                                                                                 : Acceptance::stale;
  if (head.sequence && head.facts_hash != scan.facts_hash) {
    head.previous_sequence = head.sequence;
    head.previous_rules_hash = head.rules_hash;
    head.previous_judgement = head.judgement;
  }
  head.sequence = scan.sequence;
  head.facts_hash = scan.facts_hash;
  head.rules_hash = scan.rules_hash;
  head.judgement = scan.judgement;
  head.latest = &scan;
  return Acceptance::accepted;
}

Result<void> check_record(const RecordRow& row) {
  const bool plain = std::all_of(row.kind.begin(), row.kind.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  if (row.kind.empty() || row.kind.size() > kMaxRecordKind || !plain)
    return fail(ErrorKind::invalid, "record: its kind must be up to 32 lower-case letters");
  const std::string subject = row.kind + " " + printable(row.id.substr(0, kMaxRecordId));
  if (row.id.empty() || row.id.size() > kMaxRecordId || storable(row.id) != row.id)
    return fail(ErrorKind::invalid, subject + ": its id must be text of up to 256 bytes");
  if (row.body.size() > kMaxRecordBody)
    return fail(ErrorKind::limit, subject + ": it is larger than 1 MiB; shorten its texts");
  if (storable(row.body) != row.body)
    return fail(ErrorKind::invalid, subject + ": its text is not UTF-8");
  return {};
}

}  // namespace

Result<std::vector<Acceptance>> decide(HostHeads& heads, const std::vector<StoredScan>& scans) {
  std::vector<Acceptance> answers;
  answers.reserve(scans.size());
  for (const StoredScan& scan : scans) {
    const auto head = heads.find(scan.host_id);
    if (head == heads.end())
      return fail(ErrorKind::not_found, "host " + printable(scan.host_id) + ": it is not enrolled here");
    if (scan.sequence > kMaxSequence)
      return fail(ErrorKind::invalid, "host " + scan.host_id + ": the scan's sequence number is too large");
    answers.push_back(accept_one(head->second, scan));
  }
  return answers;
}

std::string audit_hash(std::string_view previous_hash, const AuditRow& row) {
  // Lengths before the texts: no two different rows give the same bytes.
  std::string bytes(previous_hash);
  bytes += '\n' + std::to_string(row.number) + ' ' + std::to_string(row.at);
  for (const std::string* field : {&row.actor, &row.action, &row.subject, &row.detail})
    bytes += '\n' + std::to_string(field->size()) + ' ' + *field;
  return sha256_hex(bytes);
}

Result<void> check_audit_chain(const std::vector<AuditRow>& rows) {
  std::string previous;
  std::int64_t number = 0;
  for (const AuditRow& row : rows) {
    if (row.number != ++number || row.hash != audit_hash(previous, row))
      return fail(ErrorKind::conflict, "audit log: row " + std::to_string(number) +
                                           " was changed, removed or moved; keep this store as evidence");
    previous = row.hash;
  }
  return {};
}

Result<void> check_records(const std::vector<RecordRow>& rows) {
  if (rows.size() > kMostRecords) return fail(ErrorKind::limit, "store: more than 10,000 records in one group");
  for (const RecordRow& row : rows)
    if (auto checked = check_record(row); !checked) return checked;
  return {};
}

Error record_conflict(std::string_view kind, std::string_view id, const std::optional<RecordRow>& there) {
  const std::string subject = std::string(kind) + " " + printable(id) + ": ";
  if (!there) return {ErrorKind::conflict, subject + "it was removed meanwhile; read it again and repeat your change"};
  return {ErrorKind::conflict, subject + (there->changed_by.empty() ? "somebody" : printable(there->changed_by)) +
                                   " changed it at " + to_iso8601(there->changed_at) +
                                   "; look at it again and repeat your change"};
}

Error too_many_records(std::string_view kind) {
  return {ErrorKind::limit, "store: there are 10,000 records of " + std::string(kind) + " already; remove some first"};
}

std::set<std::string_view> kinds_added(const std::vector<RecordRow>& rows) {
  std::set<std::string_view> kinds;
  for (const RecordRow& row : rows)
    if (row.version == 0) kinds.insert(row.kind);
  return kinds;
}

std::string storable(std::string_view text) {
  std::string clean = to_utf8(text);
  std::replace(clean.begin(), clean.end(), '\0', ' ');
  return clean;
}

}  // namespace plumbline
