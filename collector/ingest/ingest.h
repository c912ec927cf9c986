// SPDX-License-Identifier: Apache-2.0
// From the bytes of an agent to a durable, judged scan: inflate, read strictly, check identity and sequence, fill
// unchanged sections from the last scan, derive, judge, commit in groups, and only then answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collector/http/http.h"
#include "collector/rules_in_force.h"
#include "collector/store/store.h"
#include "rules/pack.h"

namespace plumbline {

struct IngestLimits {
  std::size_t queued_scans = 4096;          // waiting for the writer; past it 503
  std::size_t queued_bytes = 64u << 20;
  std::size_t group_scans = 256;            // in one transaction
  std::size_t base_cache_bytes = 64u << 20; // last scans kept in memory so that changes can be laid over them
};

struct IngestCounts {
  std::uint64_t accepted = 0, duplicates = 0, refused = 0, unavailable = 0, commits = 0;
};

/// Accepts scans from any number of threads; one thread of its own writes. Destroying it answers what is queued.
class Ingest {
 public:
  virtual ~Ingest() = default;
  /// Answers exactly once, with the answer docs/protocol.md names. 2xx only after the commit was synced.
  virtual void accept(std::string_view agent_id, std::string_view content_type, std::string_view body, Reply reply) = 0;
  virtual IngestCounts counts() const = 0;
};
std::unique_ptr<Ingest> make_ingest(Store& store, std::shared_ptr<const RuleSet> rules, const IngestLimits& limits = {});
/// Judges each scan by the rules that are in force when it arrives. `rules` must outlive it.
std::unique_ptr<Ingest> make_ingest(Store& store, const RulesInForce& rules, const IngestLimits& limits = {});

/// POST /v1/scans. The ingest must outlive the routes.
std::vector<Route> agent_routes(Ingest& ingest);

}  // namespace plumbline
