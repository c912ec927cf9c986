// SPDX-License-Identifier: Apache-2.0
// The TLS settings of a listener: for agents (TLS 1.3, client certificates) or for people (TLS 1.2 and newer).
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "collector/http/http.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace plumbline {

using TlsContext = std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)>;
/// Fails with invalid where a key or certificate of the options cannot be used.
Result<TlsContext> make_tls_context(const ServerOptions& options);

/// The last OpenSSL error of this thread in words; clears them all.
std::string openssl_reason();

}  // namespace plumbline
