// SPDX-License-Identifier: Apache-2.0
// Certificates of every kind that ought to be refused, made for tests.
#pragma once

#include <cstdint>
#include <string>

#include "collector/pki/pki.h"

namespace plumbline {

struct CertificateWish {
  std::string common_name;
  const Identity* issuer = nullptr;  // nullptr: signs itself
  std::int64_t not_before = 0, not_after = 0;  // 0: an hour ago, in an hour
  std::string purpose = "clientAuth";          // empty: none stated
  std::string alternative_names;               // "DNS:localhost,IP:127.0.0.1"
  bool is_ca = false;
  int rsa_bits = 0;                            // 0: P-256
};
/// Ends the test program where OpenSSL cannot make it.
Identity forge(const CertificateWish& wish);

}  // namespace plumbline
