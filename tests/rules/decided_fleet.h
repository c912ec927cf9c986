// SPDX-License-Identifier: Apache-2.0
// A fleet made of facts, as what_if() and run_clock() take it.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/time.h"
#include "facts/scan.h"
#include "rules/fact_values.h"
#include "rules/fleet_facts.h"

namespace plumbline::test {

inline Judgement judge_document(const RuleSet& rules, const std::string& document, std::int64_t taken_at) {
  FactReader reader;
  auto facts = reader.read_scan(document);
  derive_facts(**facts, rules.catalogue, taken_at);
  return judge(rules, **facts);
}

class DecidedFleet {
 public:
  explicit DecidedFleet(std::shared_ptr<const RuleSet> rules) : rules_(std::move(rules)) {}

  DecidedFleet& add(Scan scan, const std::string& name) {
    hash_sections(scan);
    documents_->push_back(to_json(scan));
    facts_.push_back(facts_of(scan));
    hosts_.push_back({"id-" + name, name, scan.taken_at, judge_document(*rules_, documents_->back(), scan.taken_at)});
    return *this;
  }
  DecidedFleet& add(const std::string& name, const std::string& day, const nlohmann::json& facts) {
    Scan scan;
    scan.taken_at = *parse_date(day) + 43'200;
    for (const auto& [section, data] : facts.items()) scan.sections[section].data = data;
    return add(std::move(scan), name);
  }
  FleetFacts facts() const {
    return {hosts_, [documents = documents_](std::size_t host) -> Result<std::string> { return documents->at(host); }};
  }
  /// The assessment made without any of what is tested.
  Assessment assessment() const {
    auto derived = std::make_shared<std::vector<nlohmann::json>>(facts_);
    for (std::size_t i = 0; i < derived->size(); ++i) derive_facts((*derived)[i], rules_->catalogue, hosts_[i].taken_at);
    return assess(*rules_, hosts_, [derived](std::size_t host) { return &derived->at(host); });
  }
  const RuleSet& rules() const { return *rules_; }
  const std::vector<AssessedHost>& hosts() const { return hosts_; }
  const std::string& document(std::size_t host) const { return documents_->at(host); }
  void reverse() {
    std::reverse(hosts_.begin(), hosts_.end());
    std::reverse(documents_->begin(), documents_->end());
    std::reverse(facts_.begin(), facts_.end());
  }

 private:
  std::shared_ptr<const RuleSet> rules_;
  std::vector<AssessedHost> hosts_;
  std::vector<nlohmann::json> facts_;
  std::shared_ptr<std::vector<std::string>> documents_ = std::make_shared<std::vector<std::string>>();
};

}  // namespace plumbline::test
