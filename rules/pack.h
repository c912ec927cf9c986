// SPDX-License-Identifier: Apache-2.0
// Rule packs: YAML folders read, checked against the catalog and compiled into one immutable RuleSet.
// The format is in docs/rules.md.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/source.h"
#include "rules/catalogue.h"
#include "rules/cel/cel.h"
#include "rules/serving_need.h"
#include "rules/waiver.h"

namespace plumbline {

enum class Pillar { accelerators, data, security, compute, storage_network, platform };  // in the order shown
inline constexpr int kPillarCount = 6;
std::string_view to_text(Pillar pillar);    // "storage_network", as in packs and JSON
std::string_view title_of(Pillar pillar);   // "Storage and network"
int weight_of(Pillar pillar);               // 20, 20, 20, 10, 10, 10

enum class Severity { low, medium, high, critical };
std::string_view to_text(Severity severity);
int weight_of(Severity severity);           // 1, 3, 6, 10

/// What it costs to buy, never quoted as a price: C0 nothing, C1 under $5K, C2 $5–25K, C3 $25–100K, C4 more.
enum class CostClass { c0, c1, c2, c3, c4 };
std::string_view to_text(CostClass cost);
std::string_view describe(CostClass cost);  // "no purchase", "under $5,000", …

struct Remediation {
  std::string text;
  std::map<std::string, std::vector<std::string>> commands;  // os.family or "any" → command lines
  double effort_days = 0;   // per host, or once where `once`
  bool once = false;        // one change serves every host
  CostClass cost = CostClass::c0;
  std::string owner;        // role: "Head of IT"
  std::vector<std::string> after;  // actions to be done first where they are open as well; no circles
};

/// Three wordings of one fact. Templates: {observed} {expected} {host} {failing} {applicable} {hosts}.
struct Wording {
  std::string it;
  std::string cio;
  std::string ceo;
};

/// Whose word a rule relies on; other: everything without a word of its own here.
enum class ReferenceKind { cis, nist, iso, vendor, cve, other };
std::string_view to_text(ReferenceKind kind);

struct Reference {
  ReferenceKind kind = ReferenceKind::other;
  std::string text;  // as shown: "CIS Ubuntu 24.04 5.1.20"; an address where it begins with https://
};

/// A value shown beside a verdict: evidence that the check alone would not tell.
struct NamedExpression {
  std::string name;  // "Configured ciphers"
  cel::Program value;
};

struct Rule {
  std::string id;        // "ssh.root-login", unique over all packs
  std::string pack;
  std::string title;     // what holds when it passes
  std::string why;       // why it matters to the business, one or two sentences
  Pillar pillar;
  Severity severity;
  bool fleet = false;    // judged once on aggregates instead of on each host
  std::optional<cel::Program> when;      // Boolean; absent: applies to every host
  std::optional<cel::Program> check;     // Boolean, or a degree 0..1 for fleet rules
  std::optional<cel::Program> observed;  // evidence; absent: what the check read
  std::vector<NamedExpression> evidence; // shown beside observed, in this order
  std::optional<cel::Program> cause;     // a text or texts: what it is about on a host (cause.h); absent: nothing that others see too
  std::string expected;                  // text: "no or prohibit-password"
  Wording fail;          // said when it fails
  Wording pass;          // said when it newly passes; `it` may be empty
  Remediation fix;
  std::vector<std::string> references;   // "CIS Ubuntu 24.04 5.1.20"
  std::vector<Reference> sources;        // the same, told apart
  std::vector<std::string> tags;
  std::string action;    // rules with the same action are one change; default: the rule's id
  std::vector<std::string> site_changes; // what the site's files changed: "severity high instead of medium"
  std::string file;      // for messages
  Place place;
};

enum class Aggregate { sum, max, min, count, average };  // count: hosts where the number is above 0

/// A number derived from each host, and its aggregate over the fleet; `fleet.<id>` in fleet rules and workloads.
struct Measure {
  std::string id;
  std::string title;
  std::string unit;
  cel::Program value;
  Aggregate aggregate;
};

/// Caps the level whatever the sum, while any host fails (or the fleet expression holds).
struct Gate {
  std::string id;
  std::string title;       // "A data store answers anyone without a password"
  std::string ceo;         // the same for a board
  int level;               // 1..5: the highest level while it is shut
  std::vector<std::string> rules;         // shut while one of these fails
  std::optional<cel::Program> shut_when;  // or while this holds on aggregates
};

/// An action that meets a requirement once it is done: a card that lies there without a driver, say.
struct Way {
  std::string action;
  std::optional<std::size_t> when;  // index in RuleSet::ways: only where that holds
  bool always = false;              // taken wherever it is open, even where the requirement's own change looks cheaper
};

/// One requirement of a workload: on the best host (all on one host) or on the fleet.
struct Requirement {
  std::string id;
  std::string text;        // "24 GB of accelerator memory on one host"
  std::string ceo;         // "an AI card with more memory"
  bool fleet = false;
  cel::Program check;
  std::optional<cel::Program> observed;
  double effort_days = 0;
  CostClass cost = CostClass::c0;
  std::vector<Way> met_by = {};
};

struct Workload {
  std::string id;
  std::string title;       // "Search our own documents"
  std::string outcome;     // business outcome, one sentence
  std::vector<std::string> kpis;
  std::vector<Requirement> minimum;
  std::vector<Requirement> recommended;
  std::vector<std::string> security_rules;  // rules that must pass on the host that carries it
  std::string decision;    // what the CEO is asked to approve
  std::string threshold;   // "Continue if …; stop if …"
  std::optional<ServingNeed> serving = {};  // of those that ask a language model
};

/// Another pack that a pack needs, from a version on.
struct PackNeed {
  std::string pack, version;
};

struct PackInfo {
  std::string id, version, date, licence, title;
  std::string plumbline = {};         // the oldest version of Plumbline that reads it; empty: any
  std::vector<PackNeed> needs = {};
  bool of_site = false;               // a customer's own
};

/// A property as the rule set uses it (property.h), for lists and documentation.
struct PropertyInfo {
  std::string pack, name, type, meaning;
  std::string value, default_value;   // as shown
  bool set_by_site = false;
};

/// A rule that the site switched off; it judges nothing and stands in no gate.
struct DisabledRule {
  std::string id, pack, title, reason;
  std::string file;
  Place place;
};

struct RuleSet {
  std::string hash;        // SHA-256 over all files, those of the site too, names and contents: 64 hexadecimal digits
  std::string version;     // newest pack version: "2026.11.0"
  std::string date;        // newest pack date: "2026-11-23"
  std::vector<PackInfo> packs;
  std::vector<Rule> rules;       // sorted by id
  std::vector<Measure> measures; // sorted by id
  std::vector<Gate> gates;
  std::vector<Workload> workloads;  // what packs ask of all of them for production stands in each one's `recommended`
  std::vector<Requirement> ways;    // conditions of Way::when: scope and check alone
  std::vector<PropertyInfo> properties;  // by pack and name
  std::vector<Waiver> waivers;           // in order of file and place
  std::vector<DisabledRule> disabled;    // sorted by id
  Catalogue catalogue;
  int people = 0;          // in the company, as the site says; 0: not said
};

/// Reads every pack below `folder` (packs/, workloads/, catalogue/). On failure the error's message holds every
/// mistake of every file, each with file:line:column, source line and caret.
Result<std::shared_ptr<const RuleSet>> load_rules(const std::string& folder);

/// The same with a site folder: a customer's own packs and workloads, properties, overrides and waivers (docs/rules.md).
/// An empty name means none.
Result<std::shared_ptr<const RuleSet>> load_rules(const std::string& folder, const std::string& site_folder);

/// Names relative to the rules folder, each with its bytes.
using RuleBytes = std::vector<std::pair<std::string, std::string>>;
/// The same from bytes that were read before, as signatures need it; nothing but the site folder is read from disk.
Result<std::shared_ptr<const RuleSet>> load_rules_from(const std::string& folder, RuleBytes bytes,
                                                       const std::string& site_folder = "");

/// The site folder to use when none is named: $PLUMBLINE_SITE, /etc/plumbline/site where it is there, else none ("").
std::string find_site_folder();

/// The rules folder to use when none is named: $PLUMBLINE_RULES, beside the program, or the installed one.
Result<std::string> find_rules_folder();

/// The catalog as CEL declarations: one object type a section.
cel::Declarations fact_declarations();

}  // namespace plumbline
