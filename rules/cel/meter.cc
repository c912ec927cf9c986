// SPDX-License-Identifier: Apache-2.0
// The end of a slice of units: is there more, and does anybody want it to go on.
#include "rules/cel/meter.h"

#include <algorithm>

namespace plumbline::cel {
namespace {

constexpr std::uint64_t kSliceUnits = 2'000;  // 20 to 100 µs

bool is_interruptible(const Limits& limits) {
  return limits.stop != nullptr || limits.time != kNoTimeLimit;
}

}  // namespace

Meter::Meter(const Limits& limits)
    : slice_(is_interruptible(limits) ? std::min(limits.budget, kSliceUnits) : limits.budget),
      reserve_(limits.budget - slice_),
      limits_(limits) {}

bool Meter::spend_beyond_slice(std::uint64_t units) {
  if (exhausted()) return false;
  if (units > left()) return end(End::budget, 0);
  if (const End why = interruption(); why != End::none) return end(why, left());
  const std::uint64_t rest = left() - units;
  slice_ = std::min(rest, kSliceUnits);
  reserve_ = rest - slice_;
  return true;
}

Meter::End Meter::interruption() {
  if (limits_.stop != nullptr && limits_.stop->load(std::memory_order_relaxed)) return End::stopped;
  if (limits_.time == kNoTimeLimit) return End::none;
  const auto now = std::chrono::steady_clock::now();
  if (started_ == std::chrono::steady_clock::time_point{}) started_ = now;
  const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(now - started_);
  return taken >= limits_.time ? End::time : End::none;
}

bool Meter::end(End reason, std::uint64_t unspent) {
  end_ = reason;
  unspent_ = unspent;
  slice_ = reserve_ = 0;
  return false;
}

Value Meter::error() const {
  switch (end_) {
    case End::stopped:
      return Value::error("the evaluation was stopped before it ended");
    case End::time:
      return Value::error("the evaluation takes longer than " + std::to_string(limits_.time.count()) + " ms");
    default:
      return Value::error("the cost budget of " + std::to_string(limits_.budget) + " units is used up");
  }
}

}  // namespace plumbline::cel
