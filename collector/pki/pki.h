// SPDX-License-Identifier: Apache-2.0
// The collector's own certificate authority, enrolment tokens and certificates of agents.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collector/store/store.h"

namespace plumbline {

inline constexpr std::int64_t kAgentCertificateSeconds = 24 * 3600;
inline constexpr std::int64_t kTokenSeconds = 15 * 60;
inline constexpr std::int64_t kRenewAfterExpirySeconds = 30 * 24 * 3600;

/// A key and its certificate, PEM.
struct Identity { std::string private_key_pem, certificate_pem; };

Result<Identity> make_authority(std::string_view organisation, std::int64_t now);
/// For the two listeners; `names` are DNS names and IP addresses for the subject alternative name.
Result<Identity> issue_server(const Identity& authority, const std::vector<std::string>& names, std::int64_t now);

struct IssuedCertificate { std::string certificate_pem; std::string serial_hex; std::string key_sha256_hex; std::int64_t not_after = 0; };
/// Checks the request's own signature and key (P-256 or better, RSA 2048 and more); names it after the host id,
/// never after what the request wishes; clientAuth only.
Result<IssuedCertificate> issue_agent(const Identity& authority, std::string_view request_pem, std::string_view host_id, std::int64_t now);

/// Fails with permission_denied unless the authority issued this certificate to an agent; its dates are not looked at.
Result<void> check_agent_certificate(const Identity& authority, std::string_view certificate_pem);

/// "plumb_<43 characters>_<64 hexadecimal digits of the authority's SHA-256>". Only its SHA-256 is stored.
Result<std::string> create_token(Store& store, const Identity& authority, std::string_view created_by, std::int64_t now);

/// What a token says without asking the store; fails with invalid where it is no token.
struct TokenParts { std::string hash; std::string authority_sha256_hex; };
Result<TokenParts> read_token(std::string_view token);

}  // namespace plumbline
