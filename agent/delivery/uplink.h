// SPDX-License-Identifier: Apache-2.0
// HTTPS to one collector: TLS 1.3, one pinned authority, this host's certificate. libcurl is loaded when the
// first connection is wanted and not before: an agent that only scans never pays its 12 MB.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

struct UplinkOptions {
  std::string url;              // "https://collector.example:7443"
  std::string ca_pem;           // empty: the peer is not verified, and only get() works
  std::string certificate_pem;  // may be empty
  std::string private_key_pem;
  std::function<bool()> stop;  // asked while waiting; true breaks the call off
};

struct HttpAnswer {
  long status = 0;
  std::string body;              // at most 1 MiB
  long retry_after_seconds = 0;  // 0: the collector named none
};

/// One connection, kept open between calls. Not for several threads at once.
class Uplink {
 public:
  virtual ~Uplink() = default;
  /// Fails with unavailable where the collector cannot be reached, with permission_denied where the server is
  /// not the one pinned (wrong name, wrong authority, expired): then no byte of a body has been sent.
  virtual Result<HttpAnswer> get(std::string_view path) = 0;
  virtual Result<HttpAnswer> post(std::string_view path, std::string_view content_type,
                                  std::string_view body) = 0;
};
Result<std::unique_ptr<Uplink>> open_uplink(UplinkOptions options);

/// What a collector said in {"error":…,"next":…}, made safe for a terminal.
std::string explain(const HttpAnswer& answer);

}  // namespace plumbline
