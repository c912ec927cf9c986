// SPDX-License-Identifier: Apache-2.0
// Answers what people ask on /what-if, and keeps the scans that were read for the next question.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "collector/report/decision_pages.h"

namespace plumbline {

inline constexpr std::size_t kMostWhatIfHosts = 20'000;     // of a fleet that pages judge again: half a second
inline constexpr std::size_t kMostEditedHosts = 2'000;      // whose facts one question reads
inline constexpr std::size_t kMostEditBytes = 4'000;        // of changes, so that they fit into an address
inline constexpr std::size_t kMostKeptScanBytes = 64u << 20;

/// One thread.
class WhatIfAnswers {
 public:
  WhatIfAnswer answer(const ReportInput& input, const WhatIfQuestion& question);

 private:
  Result<std::string> document(const ReportInput& input, std::size_t host);
  struct KeptScan {
    std::int64_t taken_at = 0;
    std::string document;
  };
  std::unordered_map<std::string, KeptScan> scans_;  // by host
  std::size_t bytes_ = 0;
};

}  // namespace plumbline
