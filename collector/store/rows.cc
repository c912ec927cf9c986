// SPDX-License-Identifier: Apache-2.0
// Decisions that do not depend on the backend.
#include "collector/store/rows.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"

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

std::string storable(std::string_view text) {
  std::string clean = to_utf8(text);
  std::replace(clean.begin(), clean.end(), '\0', ' ');
  return clean;
}

}  // namespace plumbline
