// SPDX-License-Identifier: Apache-2.0
// How many sign-in attempts there may be, counted before any password is looked at.
#include "collector/web/login_limit.h"

#include <utility>

#include "base/hash.h"

namespace plumbline {
namespace {

/// An IPv6 household is one address: its first four groups. IPv4 stays whole.
std::string network_of(std::string_view address) {
  if (address.find(':') == std::string_view::npos || address.find('.') != std::string_view::npos) return std::string(address);
  std::size_t end = 0;
  for (int groups = 0; groups < 4 && end != std::string_view::npos; ++groups) end = address.find(':', end + (groups > 0 ? 1 : 0));
  return std::string(address.substr(0, end));
}

/// Names are hashed so that a megabyte of user name is no megabyte kept.
struct Keys {
  std::string pair, address, user;
};
Keys keys_of(std::string_view user, std::string_view address) {
  const std::string name = sha256(user).substr(0, 16), network = network_of(address);
  return {"p" + name + network, "a" + network, "u" + name};
}

}  // namespace

void LoginLimit::forget_old(std::int64_t now) {
  for (auto at = windows_.begin(); at != windows_.end();)
    at = now - at->second.began >= kLoginWindowSeconds ? windows_.erase(at) : std::next(at);
}

LoginLimit::Window* LoginLimit::window(const std::string& key, std::int64_t now) {
  auto found = windows_.find(key);
  if (found == windows_.end()) {
    if (windows_.size() >= kMostLoginKeys) forget_old(now);
    if (windows_.size() >= kMostLoginKeys) return nullptr;
    found = windows_.emplace(key, Window{now, 0}).first;
  }
  if (now - found->second.began >= kLoginWindowSeconds) found->second = Window{now, 0};
  return &found->second;
}

bool LoginLimit::start(std::string_view user, std::string_view address, std::int64_t now) {
  const Keys keys = keys_of(user, address);
  const std::lock_guard lock(mutex_);
  if (running_ >= kLoginsAtOnce) return false;
  const std::pair<const std::string*, int> limits[] = {{&keys.pair, kLoginAttemptsOfUserAtAddress}, {&keys.address, kLoginAttemptsOfAddress}, {&keys.user, kLoginAttemptsOfUser}};
  for (const auto& [key, most] : limits) {
    const Window* seen = window(*key, now);
    if (seen == nullptr || seen->attempts >= most) return false;
  }
  for (const auto& [key, most] : limits) ++windows_[*key].attempts;
  ++running_;
  return true;
}

void LoginLimit::finish(std::string_view user, std::string_view address, bool succeeded) {
  const Keys keys = keys_of(user, address);
  const std::lock_guard lock(mutex_);
  --running_;
  if (!succeeded) return;
  for (const std::string* key : {&keys.pair, &keys.address, &keys.user})
    if (auto found = windows_.find(*key); found != windows_.end() && found->second.attempts > 0) --found->second.attempts;
}

}  // namespace plumbline
