// SPDX-License-Identifier: Apache-2.0
// rsyslog's settings that rules read, and how it sends logs to other machines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/config/layered.h"
#include "agent/host.h"

namespace plumbline {

/// One way out. Names and addresses of the other machine are not kept.
struct LogForward {
  std::string protocol;   // udp, tcp, relp, elasticsearch, http, kafka
  std::string tls;        // on, off or contradictory (StreamDriverMode and tls say different things)
  std::string auth_mode;  // x509/name, x509/certvalid, x509/fingerprint, anon; none where nothing is said
  std::string peer;       // target: only that machine's certificate is taken; other; none
};

struct Rsyslog {
  std::vector<LogForward> forwards;
  /// Directives of the old form, in lower case: "rsyslog.filecreatemode" "0640".
  Layered directives;
};

/// /etc/rsyslog.conf with what it includes from rsyslog.d. Fails where a file cannot be read.
Result<Rsyslog> read_rsyslog(const Host& host);

/// What of such a file may leave memory: directives and actions that forward, without names of machines.
std::string redact_rsyslog(std::string_view text);

}  // namespace plumbline
