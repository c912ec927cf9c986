// SPDX-License-Identifier: Apache-2.0
// sysctl settings in files, in the order in which sysctl --system applies them.
#pragma once

#include <map>
#include <string>

#include "agent/host.h"

namespace plumbline {

/// Names with dots ("net.ipv4.conf.all.rp_filter") and values, the last one wins. A file's name counts once,
/// from /etc before /run before /usr; all are applied in the order of their names, /etc/sysctl.conf last.
std::map<std::string, std::string> read_sysctl_files(const Host& host);

}  // namespace plumbline
