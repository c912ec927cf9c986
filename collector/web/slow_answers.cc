// SPDX-License-Identifier: Apache-2.0
// One thread that works a short queue off.
#include "collector/web/slow_answers.h"

#include <exception>
#include <utility>

#include "base/log.h"

namespace plumbline {

SlowAnswers::~SlowAnswers() {
  std::deque<std::function<void()>> dropped;  // let go outside the lock: they may hold much
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(waiting_);
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool SlowAnswers::add(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() >= kMostWaiting) return false;
    waiting_.push_back(std::move(work));
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  changed_.notify_all();
  return true;
}

void SlowAnswers::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    try {
      work();
    } catch (const std::exception& error) {  // memory; of a library
      log_error(std::string("request: ") + error.what());
    }
    work = nullptr;
    lock.lock();
  }
}

}  // namespace plumbline
