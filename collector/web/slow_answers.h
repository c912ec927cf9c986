// SPDX-License-Identifier: Apache-2.0
// Answers that take longer than a page may: one thread makes them one after the other, so that everything else stays quick.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace plumbline {

/// Safe from several threads. Destroying it waits for the work in hand and drops what waits.
class SlowAnswers {
 public:
  static constexpr std::size_t kMostWaiting = 16;

  SlowAnswers() = default;
  SlowAnswers(const SlowAnswers&) = delete;
  SlowAnswers& operator=(const SlowAnswers&) = delete;
  ~SlowAnswers();
  /// False where too many wait already; the work then never runs. The thread begins with the first.
  bool add(std::function<void()> work);

 private:
  void run();

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace plumbline
