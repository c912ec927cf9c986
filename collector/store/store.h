// SPDX-License-Identifier: Apache-2.0
// Where the collector keeps things: semantic verbs, two backends (SQLite, PostgreSQL) that pass one contract test.
// Keys begin with the host's id. Every verb that writes has committed durably when it returns (goal R4).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plumbline {

/// A scan that passed all checks, with its judgement, ready to be kept.
struct StoredScan {
  std::string host_id;
  std::uint64_t sequence = 0;
  std::int64_t taken_at = 0;     // host's clock
  std::int64_t received_at = 0;  // ours
  std::string host_name;
  std::string facts_hash;        // facts_hash() of the scan
  std::string document_zstd;     // the whole scan document, JSON, zstd
  std::string rules_hash;        // RuleSet::hash it was judged with
  std::string judgement;         // pack_judgement()
};

enum class Acceptance { accepted, duplicate, stale };  // duplicate: same sequence and facts; stale: sequence not above the last

struct HostRow {
  std::string id;
  std::string name;
  std::int64_t enrolled_at = 0;
  bool denied = false;
  std::optional<std::uint64_t> sequence;  // of the latest scan
  std::int64_t taken_at = 0, received_at = 0;
  std::string facts_hash;
  std::string rules_hash;
  std::string judgement;
  std::optional<std::uint64_t> previous_sequence;  // of the scan before it whose facts differ
  std::string previous_rules_hash;
  std::string previous_judgement;
  std::int64_t change = 0;                // rises with every write to any host; see changed_since()
};

/// A stored scan as judging it again needs it.
struct StoredDocument {
  std::string host_id;
  std::uint64_t sequence = 0;
  std::int64_t taken_at = 0;
  std::string document_zstd;  // empty where the scan is gone
};

/// A judgement made again, for rejudge_many().
struct Rejudged {
  std::string host_id;
  std::uint64_t sequence = 0;
  std::string judgement;  // pack_judgement()
};

/// Which of a host's two judgements: of its latest scan, or of the one before it whose facts differ.
enum class Which { latest, previous };

/// What one page of scans may hold; the first scan comes whatever its size.
struct PageLimits {
  std::size_t scans = 128;
  std::size_t bytes = 4u << 20;  // of compressed documents
};

inline constexpr std::size_t kMostRejudged = 1024;  // in one group

struct CertificateRow {
  std::string host_id, serial_hex, key_sha256_hex;
  std::int64_t not_after = 0;
};

struct UserRow { std::string name, password_hash, role; std::int64_t created_at = 0; };
struct SessionRow { std::string token_hash, user, role, csrf; std::int64_t created_at = 0, seen_at = 0, expires_at = 0; };
struct AuditRow { std::int64_t number = 0; std::int64_t at = 0; std::string actor, action, subject, detail, hash; };
/// Why a score moved since the point before, in tenths of a point; the three add up to the change of its value.
struct ScoreSplit { int fleet = 0, rules = 0, coverage = 0; };
/// A point of the score's history, one a change of the assessment.
struct ScorePoint {
  std::int64_t at = 0;
  std::optional<int> value;
  int lower = 0, upper = 1000, level = 1, hosts = 0;
  std::string rules_hash;
  std::optional<ScoreSplit> split = {};  // nothing of the first point, and of those that were kept before it was told
};

/// What people decided, as a document of its kind: "plan", "goals", "answer", "review", …
struct RecordRow {
  std::string kind;           // lower-case letters and _, up to kMaxRecordKind
  std::string id;             // up to kMaxRecordId bytes
  std::string body;           // JSON text, up to kMaxRecordBody bytes
  std::int64_t changed_at = 0;
  std::string changed_by;
  std::int64_t version = 0;   // rises with every write to any record; 0: not stored yet
};
inline constexpr std::size_t kMaxRecordKind = 32;
inline constexpr std::size_t kMaxRecordId = 256;
inline constexpr std::size_t kMaxRecordBody = 1u << 20;
inline constexpr std::size_t kMostRecords = 10'000;  // of one kind; what would exceed it is refused

class Store {
 public:
  virtual ~Store() = default;

  // scans
  /// All in one durable transaction; one answer each, in order. Hosts must be enrolled or imported.
  virtual Result<std::vector<Acceptance>> accept(const std::vector<StoredScan>& scans) = 0;
  virtual Result<std::optional<StoredScan>> latest_scan(std::string_view host_id) = 0;
  virtual Result<std::optional<StoredScan>> scan(std::string_view host_id, std::uint64_t sequence) = 0;
  /// The scan before the latest whose facts differ from it.
  virtual Result<std::optional<StoredScan>> previous_scan(std::string_view host_id) = 0;
  /// Newest first, without documents.
  virtual Result<std::vector<StoredScan>> history(std::string_view host_id, std::size_t most) = 0;

  // judging again: the judgements of a host's latest scan and of the one before it can be replaced; history shows older
  // scans with the judgement they got when they arrived
  /// How many of these judgements were not made with these rules.
  virtual Result<std::size_t> count_to_rejudge(std::string_view rules_hash) = 0;
  /// The scans of such judgements by host id, after `after_host` ("" from the start). A page after the last is empty.
  virtual Result<std::vector<StoredDocument>> scans_to_rejudge(std::string_view rules_hash, Which which, std::string_view after_host, const PageLimits& limits) = 0;
  /// All in one durable transaction. A judgement of a scan that is no longer one of its host's two changes nothing:
  /// what arrived meanwhile wins. At most kMostRejudged.
  virtual Result<void> rejudge_many(std::string_view rules_hash, const std::vector<Rejudged>& judgements) = 0;

  /// Every host's newest scan of those received at or before the moment, by host id, after `after_host` ("" from the
  /// start); hosts without one are left out. A page after the last is empty.
  virtual Result<std::vector<StoredDocument>> scans_as_of(std::int64_t moment, std::string_view after_host, const PageLimits& limits) = 0;

  // hosts
  virtual Result<std::vector<HostRow>> hosts() = 0;
  virtual Result<std::optional<HostRow>> host(std::string_view host_id) = 0;
  /// Hosts that changed in any way (scan, name, denied, judgement) after the given change number, in the order of their
  /// changes, `most` at the most; for caches.
  virtual Result<std::vector<HostRow>> changed_since(std::int64_t change, std::size_t most) = 0;
  Result<std::vector<HostRow>> changed_since(std::int64_t change) { return changed_since(change, INT64_MAX); }
  /// Adds a host, or names one that is there again.
  virtual Result<void> add_host(std::string_view host_id, std::string_view name, std::int64_t at) = 0;
  virtual Result<void> set_denied(std::string_view host_id, bool denied) = 0;
  virtual Result<void> add_certificate(const CertificateRow& certificate) = 0;
  virtual Result<std::vector<CertificateRow>> certificates(std::string_view host_id) = 0;

  // enrolment tokens: only their SHA-256 is kept
  virtual Result<void> add_token(std::string_view token_hash, std::int64_t expires_at, std::string_view created_by) = 0;
  /// True exactly once for a token that is there and not expired, whatever runs beside it.
  virtual Result<bool> redeem_token(std::string_view token_hash, std::int64_t now) = 0;

  // people
  /// Adds or replaces; replacing ends the user's sessions.
  virtual Result<void> put_user(const UserRow& user) = 0;
  virtual Result<std::optional<UserRow>> user(std::string_view name) = 0;
  virtual Result<std::vector<UserRow>> users() = 0;
  /// Adds or replaces by token hash, and forgets what had expired when this one was last seen.
  virtual Result<void> put_session(const SessionRow& session) = 0;
  virtual Result<std::optional<SessionRow>> session(std::string_view token_hash) = 0;
  virtual Result<void> end_session(std::string_view token_hash) = 0;

  // the score's history and the audit log (hash-chained: each hash covers the one before)
  virtual Result<void> add_score(const ScorePoint& point) = 0;
  virtual Result<std::vector<ScorePoint>> scores(std::size_t most) = 0;  // oldest first
  virtual Result<void> add_audit(std::string_view actor, std::string_view action, std::string_view subject, std::string_view detail, std::int64_t at) = 0;
  virtual Result<std::vector<AuditRow>> audit(std::size_t most) = 0;     // newest first

  // records: what people decided. Every writer says which version it has read, so that nobody overwrites what somebody
  // else has written meanwhile.
  /// By id, in byte order.
  virtual Result<std::vector<RecordRow>> records(std::string_view kind) = 0;
  virtual Result<std::optional<RecordRow>> record(std::string_view kind, std::string_view id) = 0;
  /// All or none, in one durable transaction; `version` of each is the one that was read, 0 for one that is new. A record
  /// that was written meanwhile is a conflict whose message says by whom. Gives the version of the last one; those before
  /// it count down from there.
  virtual Result<std::int64_t> put_records(const std::vector<RecordRow>& rows) = 0;
  Result<std::int64_t> put_record(RecordRow row, std::int64_t expected_version) {
    row.version = expected_version;
    return put_records({std::move(row)});
  }
  /// Nothing happens where it is gone already; one that was written meanwhile is a conflict.
  virtual Result<void> remove_record(std::string_view kind, std::string_view id, std::int64_t expected_version) = 0;
  /// The number that rises with every write to any record and every removal; for caches.
  virtual Result<std::int64_t> records_version() = 0;

  // small settings: "organisation", keys of the collector never
  virtual Result<void> put_setting(std::string_view key, std::string_view value) = 0;
  virtual Result<std::optional<std::string>> setting(std::string_view key) = 0;

  /// Whether what is stored is whole: the database's own check, and the chain of the audit log.
  virtual Result<void> check() = 0;
};

/// "sqlite:/path/to/file" or "postgresql://…". Creates or migrates the schema. Safe from several threads, and for
/// several programs at once.
Result<std::unique_ptr<Store>> open_store(const std::string& url);

}  // namespace plumbline
