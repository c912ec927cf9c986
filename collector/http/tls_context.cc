// SPDX-License-Identifier: Apache-2.0
#include "collector/http/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <string_view>

namespace plumbline {
namespace {

constexpr std::size_t kReadBytes = 32u << 10;  // a whole scan in one system call

template <class T, void (*free_it)(T*)>
struct Free {
  void operator()(T* thing) const { free_it(thing); }
};
using CertificatePtr = std::unique_ptr<X509, Free<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

BioPtr reader(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

int choose_http11(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  const int found = SSL_select_next_proto(const_cast<unsigned char**>(out), size, kHttp11, sizeof kHttp11 - 1, offered, offered_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

Result<void> use_certificate(SSL_CTX* context, const ServerOptions& options) {
  const BioPtr key_text = reader(options.private_key_pem), chain = reader(options.certificate_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  const CertificatePtr leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (!key || !leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1 || SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return fail(ErrorKind::invalid, "listener: its certificate or key cannot be used: " + openssl_reason());
  while (X509* more = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) SSL_CTX_add_extra_chain_cert(context, more);
  ERR_clear_error();
  return {};
}

/// Agents: TLS 1.3, their certificates checked against our authority alone, and no sessions kept: tickets and cache
/// cost a third of the handshake rate and an agent comes once an hour.
Result<void> ask_for_agents(SSL_CTX* context, std::string_view ca_pem) {
  const BioPtr text = reader(ca_pem);
  const CertificatePtr authority(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  if (!authority || X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1 ||
      SSL_CTX_add_client_CA(context, authority.get()) != 1)
    return fail(ErrorKind::invalid, "listener: the authority's certificate cannot be used: " + openssl_reason());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_verify_depth(context, 0);
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_num_tickets(context, 0);
  return {};
}

}  // namespace

std::string openssl_reason() {
  const auto code = ERR_peek_last_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return reason ? reason : "the connection ended";
}

Result<TlsContext> make_tls_context(const ServerOptions& options) {
  TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return fail(ErrorKind::io, "TLS: " + openssl_reason());
  SSL_CTX* raw = context.get();
  SSL_CTX_set_security_level(raw, 2);  // 112 bits: refuses RSA below 2048 and SHA-1 signatures
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  // Without NO_AUTO_CHAIN every handshake builds and verifies our own chain again: a tenth of its time.
  SSL_CTX_set_mode(raw, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(raw, 1);
  SSL_CTX_set_default_read_buffer_len(raw, kReadBytes);
  SSL_CTX_set_alpn_select_cb(raw, choose_http11, nullptr);
  if (auto used = use_certificate(raw, options); !used) return tl::unexpected(used.error());
  if (!options.client_ca_pem.empty())
    if (auto asked = ask_for_agents(raw, options.client_ca_pem); !asked) return tl::unexpected(asked.error());
  return context;
}

}  // namespace plumbline
