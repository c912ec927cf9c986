// SPDX-License-Identifier: Apache-2.0
// What one evaluation may still cost: units of work, and where the caller asks for it, time.
#pragma once

#include <chrono>
#include <cstdint>

#include "rules/cel/cel.h"

namespace plumbline::cel {

/// Every step costs a unit; functions charge what they do beyond it. The clock and the stop flag are looked
/// at between slices of units only, so that the common path is one comparison and one subtraction.
class Meter {
 public:
  explicit Meter(const Limits& limits);
  /// False where the budget does not reach, or the evaluation was stopped; then everything ends.
  bool spend(std::uint64_t units) {
    if (units > slice_) return spend_beyond_slice(units);
    slice_ -= units;
    return true;
  }
  /// Units for work over so many bytes, as Kubernetes counts them: one for each ten.
  bool spend_bytes(std::size_t bytes) { return spend(bytes / 10 + 1); }
  /// Nothing more may be done; what was computed means nothing.
  bool exhausted() const { return end_ != End::none; }
  std::uint64_t left() const { return slice_ + reserve_; }
  std::uint64_t spent() const { return limits_.budget - (exhausted() ? unspent_ : left()); }
  /// Why it is exhausted, as the evaluation's result.
  Value error() const;
  std::size_t max_elements() const { return limits_.result_elements; }
  std::size_t max_string_bytes() const { return limits_.result_elements * 10; }

 private:
  enum class End : unsigned char { none, budget, time, stopped };
  bool spend_beyond_slice(std::uint64_t units);
  End interruption();
  bool end(End reason, std::uint64_t unspent);

  std::uint64_t slice_ = 0;    // to be spent before the next look at clock and flag
  std::uint64_t reserve_ = 0;  // beyond the slice
  std::uint64_t unspent_ = 0;  // when it ended
  const Limits& limits_;
  std::chrono::steady_clock::time_point started_{};  // at the end of the first slice
  End end_ = End::none;
};

}  // namespace plumbline::cel
