// SPDX-License-Identifier: Apache-2.0
// The lists of words.
#include "rules/words.h"

namespace plumbline {

const std::vector<std::string>& pillar_words() {
  static const std::vector<std::string> words = {"accelerators", "data",            "security",
                                                 "compute",      "storage_network", "platform"};
  return words;
}
const std::vector<std::string>& severity_words() {
  static const std::vector<std::string> words = {"low", "medium", "high", "critical"};
  return words;
}
const std::vector<std::string>& cost_words() {
  static const std::vector<std::string> words = {"C0", "C1", "C2", "C3", "C4"};
  return words;
}
const std::vector<std::string>& aggregate_words() {
  static const std::vector<std::string> words = {"sum", "max", "min", "count", "average"};
  return words;
}
const std::vector<std::string>& family_words() {
  static const std::vector<std::string> words = {"any", "debian", "rhel", "suse", "alpine", "arch"};
  return words;
}
const std::vector<std::string>& reference_words() {
  static const std::vector<std::string> words = {"cis", "nist", "iso", "vendor", "cve", "other"};
  return words;
}
const std::vector<std::string>& template_words() {
  static const std::vector<std::string> words = {"observed", "expected", "host", "failing", "applicable", "hosts"};
  return words;
}

}  // namespace plumbline
