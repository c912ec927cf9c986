// SPDX-License-Identifier: Apache-2.0
// Kernel modules that modprobe.d(5) keeps from being loaded.
#pragma once

#include <map>
#include <string>

#include "agent/host.h"

namespace plumbline {

/// Modules by name ("usb_storage" reads "usb-storage" too: "-" and "_" are the same to the kernel, and names here are
/// as the files write them). "install": loading runs /bin/false or /bin/true instead; "blacklist": no alias loads it,
/// but its name still does; "install+blacklist" where both. Those with a blacklist line alone only where security
/// guides name them: distributions blacklist dozens of drivers for other reasons.
std::map<std::string, std::string> blocked_modules(const Host& host);

}  // namespace plumbline
