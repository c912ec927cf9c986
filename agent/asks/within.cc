// SPDX-License-Identifier: Apache-2.0
// One thread, one answer, one deadline.
#include "agent/asks/within.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace plumbline {
namespace {

/// Shared by the two threads; the answer may come long after nobody waits for it any more.
struct Pending {
  std::mutex mutex;
  std::condition_variable arrived;
  bool done = false;
  Result<std::string> answer = std::string();
};

}  // namespace

Result<std::string> answer_within(std::chrono::seconds timeout, std::string_view subject,
                                  std::function<Result<std::string>()> answer) {
  auto pending = std::make_shared<Pending>();
  std::thread([pending, answer = std::move(answer)] {
    auto text = answer();
    const std::lock_guard lock(pending->mutex);
    pending->answer = std::move(text);
    pending->done = true;
    pending->arrived.notify_one();
  }).detach();
  std::unique_lock lock(pending->mutex);
  if (pending->arrived.wait_for(lock, timeout, [&] { return pending->done; })) return pending->answer;
  return fail(ErrorKind::unavailable,
              std::string(subject) + ": no answer within " + std::to_string(timeout.count()) + " seconds");
}

}  // namespace plumbline
