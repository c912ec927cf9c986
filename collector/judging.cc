// SPDX-License-Identifier: Apache-2.0
// The one place where a scan meets the rules.
#include "collector/judging.h"

#include <nlohmann/json.hpp>

#include "rules/fact_record.h"

namespace plumbline {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::size_t kLargeDocumentBytes = 1u << 20;  // a reader that met one gives its memory back

std::int64_t day_of(std::int64_t seconds) { return seconds >= 0 ? seconds / kDaySeconds : (seconds - kDaySeconds + 1) / kDaySeconds; }

// The document's facts with the derived ones. Judged from the text that is stored, at the agent's call as in the
// background: a scan that is judged again by the same rules gets the same verdicts.
Result<cel::Document*> facts_in(FactReader& reader, std::string_view document, std::int64_t taken_at, const RuleSet& rules) {
  auto facts = reader.read_scan(document);
  if (facts) derive_facts(**facts, rules.catalogue, taken_at);
  return facts;
}

Judgement judge_text(std::string_view document, std::int64_t taken_at, const RuleSet& rules) {
  FactReader reader;
  const auto facts = facts_in(reader, document, taken_at, rules);
  return facts ? judge(rules, **facts) : judge(rules, cel::Document(fact_layout()));
}

std::vector<std::string> changed_sections(const Scan& before, const Scan& after) {
  std::vector<std::string> changed;
  for (const auto& [name, section] : after.sections)
    if (const auto known = before.sections.find(name); known == before.sections.end() || known->second.hash != section.hash) changed.push_back(name);
  for (const auto& [name, section] : before.sections)
    if (!after.sections.contains(name)) changed.push_back(name);
  return changed;
}

std::string judge_changes(const Scan& scan, std::string_view document, const IndexedRules& rules, const JudgedScan& before) {
  const auto known = unpack_judgement(before.judgement, rules.rules->rules.size(), rules.rules->measures.size());
  if (!known) return pack_judgement(judge_text(document, scan.taken_at, *rules.rules));
  const auto changed = changed_sections(before.scan, scan);
  const bool new_day = day_of(before.scan.taken_at) != day_of(scan.taken_at);
  if (changed.empty() && !new_day) return before.judgement;
  FactReader reader;
  const auto facts = facts_in(reader, document, scan.taken_at, *rules.rules);
  if (!facts) return pack_judgement(judge(*rules.rules, cel::Document(fact_layout())));
  return pack_judgement(rules.index.judge_again(**facts, *known, changed, new_day));
}

StoredScan ready_for_store(const Scan& scan, std::string_view document, std::int64_t received_at) {
  StoredScan stored;
  stored.host_id = scan.host_id;
  stored.sequence = scan.sequence;
  stored.taken_at = scan.taken_at;
  stored.received_at = received_at;
  stored.host_name = host_name_of(scan);
  stored.facts_hash = facts_hash(scan);
  stored.document_zstd = compress_zstd_checked(document);
  return stored;
}

}  // namespace

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

Judgement judge_scan(const Scan& scan, const RuleSet& rules) { return judge_text(to_json(scan), scan.taken_at, rules); }

StoredScan judge_for_store(const Scan& scan, const RuleSet& rules, std::int64_t received_at) {
  const std::string document = to_json(scan);
  StoredScan stored = ready_for_store(scan, document, received_at);
  stored.rules_hash = rules.hash;
  stored.judgement = pack_judgement(judge_text(document, scan.taken_at, rules));
  return stored;
}

StoredScan judge_for_store(const Scan& scan, const IndexedRules& rules, const JudgedScan* before, std::int64_t received_at) {
  if (before == nullptr || before->rules_hash != rules.rules->hash) return judge_for_store(scan, *rules.rules, received_at);
  const std::string document = to_json(scan);
  StoredScan stored = ready_for_store(scan, document, received_at);
  stored.rules_hash = rules.rules->hash;
  stored.judgement = judge_changes(scan, document, rules, *before);
  return stored;
}

Result<Scan> read_stored(const StoredScan& stored) {
  const auto document = decompress_zstd(stored.document_zstd);
  if (!document) return fail("stored scan of host " + stored.host_id, document.error());
  auto scan = read_scan(*document);
  if (!scan) return fail("stored scan of host " + stored.host_id, scan.error());
  return scan;
}

Result<std::string> StoredJudge::judge(const StoredDocument& stored, const RuleSet& rules) {
  host_name_.clear();
  const std::string subject = "stored scan of host " + stored.host_id;
  if (stored.document_zstd.empty()) return fail(ErrorKind::not_found, subject + ": it is gone");
  const auto document = zstd_.read(stored.document_zstd);
  if (!document) return fail(subject, document.error());
  // Damage is found by the frame's checksum; a frame without one, of an older collector, by the hashes of its sections.
  if (!is_zstd_checked(stored.document_zstd))
    if (const auto scan = read_scan(*document); !scan) return fail(subject, scan.error());
  if (!reader_) reader_.emplace();
  const auto facts = facts_in(*reader_, *document, stored.taken_at, rules);
  if (!facts) return fail(subject, facts.error());
  host_name_ = FactRecord(**facts).object("host").text("name");
  std::string judgement = pack_judgement(plumbline::judge(rules, **facts));
  if (document->size() > kLargeDocumentBytes) reader_.reset();
  return judgement;
}

std::string unknown_judgement(const RuleSet& rules) {
  Judgement judgement;
  for (const Rule& rule : rules.rules) judgement.verdicts.push_back(rule.fleet ? Verdict::not_applicable : Verdict::unknown);
  judgement.measures.resize(rules.measures.size());
  for (const Requirement* requirement : requirements_of(rules))
    judgement.requirements.push_back(requirement->fleet ? Verdict::not_applicable : Verdict::unknown);
  return pack_judgement(judgement);
}

}  // namespace plumbline
