// SPDX-License-Identifier: Apache-2.0
// Keys, certificate requests and certificates as PEM text; what both ends of the wire need. No OpenSSL type shows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

/// A new private key on curve P-256, PEM (PKCS#8).
Result<std::string> make_private_key();
/// A request for a certificate of this key (PKCS#10, PEM). The signer decides the name; this one is a wish.
Result<std::string> make_certificate_request(std::string_view private_key_pem, std::string_view common_name);

/// What we ask of a certificate.
struct CertificateInfo {
  std::string common_name;
  std::string serial_hex;
  std::string sha256_hex;      // of the DER form
  std::string key_sha256_hex;  // of the public key (SubjectPublicKeyInfo, DER)
  std::int64_t not_before = 0;  // UTC seconds
  std::int64_t not_after = 0;
  bool is_ca = false;
};
Result<CertificateInfo> read_certificate(std::string_view pem);

/// Signs with ECDSA and SHA-256; raw DER signature bytes.
Result<std::string> sign(std::string_view private_key_pem, std::string_view message);
/// Fails with permission_denied where the signature is not that of the certificate's key.
Result<void> verify_signature(std::string_view certificate_pem, std::string_view message, std::string_view signature);

}  // namespace plumbline
