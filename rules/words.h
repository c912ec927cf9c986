// SPDX-License-Identifier: Apache-2.0
// The words that packs and site files choose from, in the order of the enumerations they stand for.
#pragma once

#include <string>
#include <vector>

namespace plumbline {

const std::vector<std::string>& pillar_words();
const std::vector<std::string>& severity_words();
const std::vector<std::string>& cost_words();
const std::vector<std::string>& aggregate_words();
const std::vector<std::string>& family_words();     // keys of a fix's commands
const std::vector<std::string>& reference_words();  // keys of references
const std::vector<std::string>& template_words();   // placeholders of messages

inline constexpr double kMaxEffortDays = 1'000;

}  // namespace plumbline
