// SPDX-License-Identifier: Apache-2.0
// Enrolment tokens: 256 random bits for the collector and the authority's fingerprint for the agent.
#include "base/hash.h"
#include "base/text.h"
#include "base/tls.h"
#include "collector/pki/pki.h"

namespace plumbline {
namespace {

constexpr std::string_view kPrefix = "plumb_";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSecretLength = 43;  // of 32 bytes in base64url
constexpr std::size_t kDigestLength = 64;
constexpr std::size_t kTokenLength = kPrefix.size() + kSecretLength + 1 + kDigestLength;

}  // namespace

Result<std::string> create_token(Store& store, const Identity& authority, std::string_view created_by, std::int64_t now) {
  const auto certificate = read_certificate(authority.certificate_pem);
  if (!certificate) return fail("authority", certificate.error());
  const std::string token = std::string(kPrefix) + base64url(random_bytes(kSecretBytes)) + "_" + certificate->sha256_hex;
  const std::string hash = sha256_hex(token);
  if (auto kept = store.add_token(hash, now + kTokenSeconds, created_by); !kept) return tl::unexpected(kept.error());
  if (auto told = store.add_audit(created_by, "token.create", hash.substr(0, 12), "enrolment token, 15 minutes, one use", now); !told)
    return tl::unexpected(told.error());
  return token;
}

Result<TokenParts> read_token(std::string_view token) {
  const auto no_token = [] {
    return fail(ErrorKind::invalid, "token: this is no enrolment token; create one with: plumbline-collector token create");
  };
  if (token.size() != kTokenLength || token.substr(0, kPrefix.size()) != kPrefix) return no_token();
  const std::string_view secret = token.substr(kPrefix.size(), kSecretLength);
  const std::string_view digest = token.substr(kPrefix.size() + kSecretLength + 1);
  if (token[kPrefix.size() + kSecretLength] != '_' || !unbase64url(secret) || !unhex(digest)) return no_token();
  return TokenParts{sha256_hex(token), lower(digest)};
}

}  // namespace plumbline
