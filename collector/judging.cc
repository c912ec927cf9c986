// SPDX-License-Identifier: Apache-2.0
// The one place where a scan meets the rules.
#include "collector/judging.h"

#include <nlohmann/json.hpp>

#include "base/zstd.h"

namespace plumbline {

nlohmann::json judgeable_facts(const Scan& scan, const RuleSet& rules) {
  nlohmann::json facts = facts_of(scan);
  derive_facts(facts, rules.catalogue, scan.taken_at);
  return facts;
}

std::string host_name_of(const Scan& scan) {
  const auto host = scan.sections.find("host");
  if (host == scan.sections.end()) return {};
  const auto name = host->second.data.find("name");
  return name != host->second.data.end() && name->is_string() ? name->get<std::string>() : std::string();
}

StoredScan judge_for_store(const Scan& scan, const RuleSet& rules, std::int64_t received_at) {
  StoredScan stored;
  stored.host_id = scan.host_id;
  stored.sequence = scan.sequence;
  stored.taken_at = scan.taken_at;
  stored.received_at = received_at;
  stored.host_name = host_name_of(scan);
  stored.facts_hash = facts_hash(scan);
  stored.document_zstd = compress_zstd(to_json(scan));
  stored.rules_hash = rules.hash;
  stored.judgement = pack_judgement(judge(rules, judgeable_facts(scan, rules)));
  return stored;
}

Result<Scan> read_stored(const StoredScan& stored) {
  const auto document = decompress_zstd(stored.document_zstd);
  if (!document) return fail("stored scan of host " + stored.host_id, document.error());
  auto scan = read_scan(*document);
  if (!scan) return fail("stored scan of host " + stored.host_id, scan.error());
  return scan;
}

}  // namespace plumbline
