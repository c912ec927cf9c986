// SPDX-License-Identifier: Apache-2.0
// Verdicts and measures of one host, and their packed form.
#include "rules/judge.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "facts/catalog.h"
#include "rules/cause.h"
#include "rules/fact_values.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxRequirements = 0xfffe;
constexpr std::size_t kMaxCauseMarks = 0xffff;  // 64 of each failing rule, at most; what is over stands for itself
// What was packed before there were versions began with the number of requirements, which is never this.
constexpr std::size_t kVersionFollows = 0xffff;
constexpr char kPackedVersion = 3;

// Booleans and numbers from 0 to 1; everything else is no degree.
std::optional<double> degree_of(const cel::Value& value) {
  if (const bool* yes = value.get_if<bool>()) return *yes ? 1.0 : 0.0;
  std::optional<double> number;
  if (const double* real = value.get_if<double>()) number = *real;
  if (const auto* whole = value.get_if<std::int64_t>()) number = static_cast<double>(*whole);
  if (const auto* natural = value.get_if<std::uint64_t>()) number = static_cast<double>(*natural);
  if (!number || std::isnan(*number)) return std::nullopt;
  return std::min(std::max(*number, 0.0), 1.0);
}

// Why a value decides nothing: facts that are missing, or an error in words.
void note_undecided(const cel::Value& value, Decision& decision) {
  if (const cel::Unknown* unknown = value.as_unknown()) {
    decision.missing = unknown->paths;
  } else if (const cel::EvalError* error = value.as_error()) {
    decision.problem = error->message;
  } else {
    decision.problem = "the condition gives " + cel::to_text(value) + ", which is no verdict";
  }
}

std::optional<double> number_of(const cel::Value& value) {
  std::optional<double> number;
  if (const bool* yes = value.get_if<bool>()) number = *yes ? 1.0 : 0.0;
  if (const double* real = value.get_if<double>()) number = *real;
  if (const auto* whole = value.get_if<std::int64_t>()) number = static_cast<double>(*whole);
  if (const auto* natural = value.get_if<std::uint64_t>()) number = static_cast<double>(*natural);
  if (number && !std::isfinite(*number)) return std::nullopt;
  return number;
}

// Appends verdicts at 3 bits each, least significant bit first.
void pack_verdicts(const std::vector<Verdict>& verdicts, std::string& out) {
  unsigned pending = 0, bits = 0;
  for (Verdict verdict : verdicts) {
    pending |= static_cast<unsigned>(verdict) << bits;
    for (bits += 3; bits >= 8; bits -= 8, pending >>= 8) out.push_back(static_cast<char>(pending & 0xffu));
  }
  if (bits > 0) out.push_back(static_cast<char>(pending & 0xffu));
}

// Takes `count` verdicts from the front of `bytes`; false where they are not exactly that.
bool unpack_verdicts(std::string_view* bytes, std::size_t count, std::vector<Verdict>* out) {
  std::size_t length = (count * 3 + 7) / 8;
  if (bytes->size() < length) return false;
  unsigned pending = 0, bits = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (bits < 3) {
      pending |= static_cast<unsigned>(static_cast<unsigned char>((*bytes)[at++])) << bits;
      bits += 8;
    }
    unsigned verdict = pending & 7u;
    if (verdict > static_cast<unsigned>(Verdict::waived)) return false;
    out->push_back(static_cast<Verdict>(verdict));
    pending >>= 3;
    bits -= 3;
  }
  bytes->remove_prefix(length);
  return pending == 0;
}

void pack_u16(std::size_t value, std::string& out) {
  out.push_back(static_cast<char>(value & 0xffu));
  out.push_back(static_cast<char>((value >> 8) & 0xffu));
}

// A presence bit a measure, then eight bytes (little-endian) for each that is there.
void pack_measures(const std::vector<std::optional<double>>& measures, std::string& out) {
  std::string present((measures.size() + 7) / 8, '\0');
  std::string values;
  for (std::size_t i = 0; i < measures.size(); ++i) {
    if (!measures[i]) continue;
    present[i / 8] = static_cast<char>(static_cast<unsigned char>(present[i / 8]) | (1u << (i % 8)));
    std::uint64_t bits = 0;
    static_assert(sizeof bits == sizeof *measures[i]);
    std::memcpy(&bits, &*measures[i], sizeof bits);
    for (int k = 0; k < 8; ++k) values.push_back(static_cast<char>((bits >> (8 * k)) & 0xffu));
  }
  out += present + values;
}

bool unpack_measures(std::string_view* rest, std::size_t count, std::vector<std::optional<double>>* out) {
  std::string_view bytes = *rest;
  std::size_t flags = (count + 7) / 8;
  if (bytes.size() < flags) return false;
  std::string_view values = bytes.substr(flags);
  for (std::size_t i = 0; i < flags * 8; ++i) {
    bool there = (static_cast<unsigned char>(bytes[i / 8]) >> (i % 8)) & 1u;
    if (i >= count) {
      if (there) return false;
      continue;
    }
    if (!there) {
      out->emplace_back();
      continue;
    }
    if (values.size() < 8) return false;
    std::uint64_t bits = 0;
    for (std::size_t k = 0; k < 8; ++k) {
      bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(values[k])) << (8 * k);
    }
    values.remove_prefix(8);
    double number = 0;
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isfinite(number)) return false;
    out->emplace_back(number);
  }
  *rest = values;
  return true;
}

std::optional<std::size_t> take_u16(std::string_view* bytes) {
  if (bytes->size() < 2) return std::nullopt;
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>((*bytes)[at])); };
  const std::size_t value = byte(0) | byte(1) << 8;
  bytes->remove_prefix(2);
  return value;
}

// Ten bytes each, little-endian: the rule's index and the key.
void pack_causes(const std::vector<CauseMark>& causes, std::string& out) {
  const std::size_t count = std::min(causes.size(), kMaxCauseMarks);
  pack_u16(count, out);
  for (std::size_t i = 0; i < count; ++i) {
    pack_u16(causes[i].rule, out);
    for (int k = 0; k < 8; ++k) out.push_back(static_cast<char>((causes[i].key >> (8 * k)) & 0xffu));
  }
}

bool unpack_causes(std::string_view* bytes, std::size_t rules, std::vector<CauseMark>* out) {
  const auto count = take_u16(bytes);
  if (!count || bytes->size() < *count * 10) return false;
  for (std::size_t i = 0; i < *count; ++i) {
    const auto rule = take_u16(bytes);
    if (!rule || *rule >= rules) return false;
    std::uint64_t key = 0;
    for (std::size_t k = 0; k < 8; ++k) key |= static_cast<std::uint64_t>(static_cast<unsigned char>((*bytes)[k])) << (8 * k);
    bytes->remove_prefix(8);
    out->push_back({static_cast<std::uint32_t>(*rule), key});
  }
  return true;
}

}  // namespace

std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::not_applicable: return "not_applicable";
    case Verdict::pass: return "pass";
    case Verdict::fail: return "fail";
    case Verdict::unknown: return "unknown";
    case Verdict::waived: return "waived";
  }
  return "";
}

std::vector<const Requirement*> requirements_of(const RuleSet& rules) {
  std::vector<const Requirement*> out;
  for (const Workload& workload : rules.workloads) {
    for (const Requirement& requirement : workload.minimum) out.push_back(&requirement);
    for (const Requirement& requirement : workload.recommended) out.push_back(&requirement);
  }
  for (const Requirement& way : rules.ways) out.push_back(&way);
  return out;
}

Decision decide(const Rule& rule, const cel::Lookup& lookup) {
  Decision out;
  if (rule.when) {
    cel::Value applies = rule.when->evaluate(lookup, kJudgingLimits);
    const bool* yes = applies.get_if<bool>();
    if (!yes) {
      note_undecided(applies, out);
      return out;
    }
    if (!*yes) {
      out.verdict = Verdict::not_applicable;
      return out;
    }
  }
  cel::Value value = rule.check->evaluate(lookup, kJudgingLimits);
  out.degree = degree_of(value);
  if (!out.degree) {
    note_undecided(value, out);
    return out;
  }
  out.verdict = *out.degree >= 1 ? Verdict::pass : Verdict::fail;
  return out;
}

Verdict decide(const cel::Program& condition, const cel::Lookup& lookup) {
  cel::Value value = condition.evaluate(lookup, kJudgingLimits);
  const bool* yes = value.get_if<bool>();
  if (!yes) return Verdict::unknown;
  return *yes ? Verdict::pass : Verdict::fail;
}

Verdict decide(const cel::Program& condition, const cel::Document& facts) {
  switch (condition.decide(facts, kJudgingLimits)) {
    case cel::Answer::yes: return Verdict::pass;
    case cel::Answer::no: return Verdict::fail;
    default: return Verdict::unknown;
  }
}

Verdict decide(const Rule& rule, const cel::Document& facts) {
  if (rule.when) {
    switch (rule.when->decide(facts, kJudgingLimits)) {
      case cel::Answer::yes: break;
      case cel::Answer::no: return Verdict::not_applicable;
      default: return Verdict::unknown;
    }
  }
  if (rule.check->result_type().kind == cel::Type::boolean) return decide(*rule.check, facts);
  std::optional<double> degree = degree_of(rule.check->evaluate_unnamed(facts, kJudgingLimits));
  return !degree ? Verdict::unknown : *degree >= 1 ? Verdict::pass : Verdict::fail;
}

namespace {

Verdict verdict_of(const Rule& rule, const cel::Document& facts) {
  return rule.fleet ? Verdict::not_applicable : decide(rule, facts);
}
// Of a rule that fails: asked only then, so that a clean fleet pays nothing for it.
void add_causes(const Rule& rule, std::size_t index, const cel::Document& facts, std::vector<CauseMark>& out) {
  for (const std::string& text : causes_of(rule, facts)) out.push_back({static_cast<std::uint32_t>(index), cause_key(text)});
}
Verdict verdict_of(const Requirement& requirement, const cel::Document& facts) {
  return requirement.fleet ? Verdict::not_applicable : decide(requirement.check, facts);
}

// ---- what depends on what

constexpr std::uint64_t kDated = std::uint64_t{1} << 63;  // reads a derived fact, which is of a day
constexpr std::uint64_t kEverything = ~std::uint64_t{0};

std::uint64_t bit_of(std::string_view section) {
  static const std::vector<std::string_view> all = sections();
  auto at = std::find(all.begin(), all.end(), section);
  auto index = static_cast<std::size_t>(at - all.begin());
  return at == all.end() || index >= 63 ? kEverything : std::uint64_t{1} << index;
}

// The sections that a fact depends on: its own, and those its derived facts are made from.
std::uint64_t reads_of(std::string_view path) {
  std::string_view section = path.substr(0, path.find('.'));
  std::uint64_t out = bit_of(section);
  // data_stores.instances[].supported_by, accelerator_here, growth_day_bytes
  if (section == "data_stores") out |= bit_of("os") | bit_of("packages") | bit_of("accelerators") | bit_of("history");
  for (const Fact& fact : catalog()) {
    bool inside = fact.path.substr(0, path.size()) == path || path.substr(0, fact.path.size()) == fact.path;
    if (inside && contains(fact.source, "derived")) out |= kDated;
  }
  return out;
}
std::uint64_t reads_of(const cel::Program& program) {
  std::uint64_t out = 0;
  for (const std::string& path : program.reads()) out |= reads_of(path);
  return out;
}

// Of HostCompute: it is of no day, for the catalogue does not change between two scans.
std::uint64_t compute_reads() {
  static const std::uint64_t bits = bit_of("accelerators") | bit_of("cpu") | bit_of("memory") | bit_of("host");
  return bits;
}

}  // namespace

Judgement judge(const RuleSet& rules, const cel::Document& facts) {
  Judgement out;
  out.verdicts.reserve(rules.rules.size());
  for (const Rule& rule : rules.rules) {
    out.verdicts.push_back(verdict_of(rule, facts));
    if (out.verdicts.back() == Verdict::fail && rule.cause) add_causes(rule, out.verdicts.size() - 1, facts, out.causes);
  }
  out.measures.reserve(rules.measures.size());
  for (const Measure& measure : rules.measures) out.measures.push_back(number_of(measure.value.evaluate_unnamed(facts, kJudgingLimits)));
  for (const Workload& workload : rules.workloads) {
    for (const Requirement& one : workload.minimum) out.requirements.push_back(verdict_of(one, facts));
    for (const Requirement& one : workload.recommended) out.requirements.push_back(verdict_of(one, facts));
  }
  for (const Requirement& way : rules.ways) out.requirements.push_back(verdict_of(way, facts));
  out.compute = compute_of(rules.catalogue, facts);
  return out;
}

Judgement judge(const RuleSet& rules, const nlohmann::json& facts) {
  return judge(rules, FactValues(facts).document());
}

RuleIndex::RuleIndex(const RuleSet& rules) : rules_(rules), requirements_(requirements_of(rules)) {
  for (const Rule& rule : rules.rules) {
    rule_reads_.push_back(rule.fleet ? 0 : reads_of(*rule.check) | (rule.when ? reads_of(*rule.when) : 0) | (rule.cause ? reads_of(*rule.cause) : 0));
  }
  for (const Measure& measure : rules.measures) measure_reads_.push_back(reads_of(measure.value));
  for (const Requirement* one : requirements_) requirement_reads_.push_back(one->fleet ? 0 : reads_of(one->check));
}

Judgement RuleIndex::judge_again(const cel::Document& facts, const Judgement& before,
                                 const std::vector<std::string>& changed, bool new_day, std::size_t* judged) const {
  if (before.verdicts.size() != rules_.rules.size() || before.measures.size() != rules_.measures.size() ||
      before.requirements.size() != requirements_.size()) {
    if (judged) *judged = rules_.rules.size() + rules_.measures.size() + requirements_.size();
    return judge(rules_, facts);
  }
  std::uint64_t touched = new_day ? kDated : 0;
  for (const std::string& section : changed) touched |= bit_of(section);
  std::size_t count = 0;
  auto concerns = [&](std::uint64_t reads) {
    if ((reads & touched) == 0) return false;
    ++count;
    return true;
  };
  Judgement out = before;
  std::vector<CauseMark> fresh;
  std::vector<bool> asked(rule_reads_.size(), false);
  for (std::size_t i = 0; i < rule_reads_.size(); ++i) {
    if (!concerns(rule_reads_[i])) continue;
    asked[i] = true;
    out.verdicts[i] = verdict_of(rules_.rules[i], facts);
    if (out.verdicts[i] == Verdict::fail && rules_.rules[i].cause) add_causes(rules_.rules[i], i, facts, fresh);
  }
  for (const CauseMark& mark : before.causes)
    if (mark.rule >= asked.size() || !asked[mark.rule]) fresh.push_back(mark);
  std::stable_sort(fresh.begin(), fresh.end(), [](const CauseMark& a, const CauseMark& b) { return a.rule < b.rule; });
  out.causes = std::move(fresh);
  for (std::size_t i = 0; i < measure_reads_.size(); ++i) {
    if (concerns(measure_reads_[i])) out.measures[i] = number_of(rules_.measures[i].value.evaluate_unnamed(facts, kJudgingLimits));
  }
  for (std::size_t i = 0; i < requirement_reads_.size(); ++i) {
    if (concerns(requirement_reads_[i])) out.requirements[i] = verdict_of(*requirements_[i], facts);
  }
  if ((compute_reads() & touched) != 0) out.compute = compute_of(rules_.catalogue, facts);
  if (judged) *judged = count;
  return out;
}

std::string pack_judgement(const Judgement& judgement) {
  std::string out;
  pack_u16(kVersionFollows, out);
  out.push_back(kPackedVersion);
  pack_u16(std::min(judgement.requirements.size(), kMaxRequirements), out);
  pack_verdicts(judgement.verdicts, out);
  pack_verdicts(judgement.requirements, out);
  pack_measures(judgement.measures, out);
  pack_compute(judgement.compute, out);
  pack_causes(judgement.causes, out);
  return out;
}

Result<Judgement> unpack_judgement(std::string_view bytes, std::size_t rules, std::size_t measures) {
  Judgement out;
  auto broken = [] {
    return fail(ErrorKind::invalid, "stored verdicts: they do not belong to this rule set; judge the host again");
  };
  if (take_u16(&bytes) != kVersionFollows || bytes.empty() || bytes.front() != kPackedVersion) return broken();
  bytes.remove_prefix(1);
  const auto requirements = take_u16(&bytes);
  if (!requirements) return broken();
  if (!unpack_verdicts(&bytes, rules, &out.verdicts)) return broken();
  if (!unpack_verdicts(&bytes, *requirements, &out.requirements)) return broken();
  if (!unpack_measures(&bytes, measures, &out.measures)) return broken();
  if (!unpack_compute(&bytes, &out.compute) || !unpack_causes(&bytes, rules, &out.causes) || !bytes.empty()) return broken();
  return out;
}

}  // namespace plumbline
