// SPDX-License-Identifier: Apache-2.0
// The authority's own certificate and what it issues. Names and extensions are ours alone: nothing that a request
// wishes for reaches a certificate but its public key.
#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/hash.h"
#include "base/text.h"
#include "base/tls.h"
#include "collector/pki/pki.h"

namespace plumbline {
namespace {

constexpr std::int64_t kDay = 24 * 3600;
constexpr std::int64_t kAuthoritySeconds = 10 * 365 * kDay;
constexpr std::int64_t kServerSeconds = 397 * kDay;  // the most that browsers accept
// A host whose clock is two days behind must still be able to reach us, or its clock could never be told to it.
constexpr std::int64_t kBackdateSeconds = 2 * kDay;
constexpr std::int64_t kAgentBackdateSeconds = 600;  // clocks of collector replicas differ by less
constexpr std::size_t kMaxRequestBytes = 16u << 10;
constexpr std::size_t kMaxOrganisationBytes = 64;    // X.520 upper bound of O
constexpr int kMinRsaBits = 2048, kMaxRsaBits = 8192;
constexpr int kMinCurveBits = 256;

template <class T, void (*free_it)(T*)>
struct Free {
  void operator()(T* thing) const { free_it(thing); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Free<X509, X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Free<X509_REQ, X509_REQ_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Free<BIGNUM, BN_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION, X509_EXTENSION_free>>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

BioPtr reader(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

auto openssl_failure(std::string subject) {
  char text[256] = "unknown reason";
  if (const auto code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return fail(ErrorKind::io, std::move(subject) + ": " + text);
}

struct Signer {
  KeyPtr key;
  CertificatePtr certificate;
};

Result<Signer> read_signer(const Identity& authority) {
  Signer signer;
  const BioPtr key = reader(authority.private_key_pem), certificate = reader(authority.certificate_pem);
  signer.key.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
  signer.certificate.reset(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
  if (!signer.key || !signer.certificate) return openssl_failure("authority: its key or certificate cannot be read");
  return signer;
}

bool set_random_serial(X509* certificate) {
  std::string bytes = random_bytes(16);
  bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x7f) | 0x40);  // positive, 16 bytes long
  const NumberPtr number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

bool add_name(X509_NAME* name, const char* kind, std::string_view value) {
  return X509_NAME_add_entry_by_txt(name, kind, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// A certificate with serial, times and key, still without names and extensions.
CertificatePtr blank_certificate(EVP_PKEY* key, std::int64_t not_before, std::int64_t not_after) {
  CertificatePtr certificate(X509_new());
  const bool ok = certificate && X509_set_version(certificate.get(), 2) == 1 && set_random_serial(certificate.get()) &&
                  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), static_cast<time_t>(not_before)) &&
                  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), static_cast<time_t>(not_after)) &&
                  X509_set_pubkey(certificate.get(), key) == 1;
  return ok ? std::move(certificate) : nullptr;
}

std::string pem_of(X509* certificate) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!out || PEM_write_bio_X509(out.get(), certificate) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

/// The leaf both kinds of end certificates share: names, "no authority", one purpose, key ids, signature.
Result<std::string> sign_leaf(const Signer& signer, CertificatePtr certificate, std::string_view common_name, const char* purpose,
                              const std::string& alternative_names) {
  if (!certificate) return openssl_failure("new certificate");
  X509* leaf = certificate.get();
  X509* issuer = signer.certificate.get();
  const bool ok = add_name(X509_get_subject_name(leaf), "CN", common_name) &&
                  X509_set_issuer_name(leaf, X509_get_subject_name(issuer)) == 1 &&
                  add_extension(leaf, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                  add_extension(leaf, issuer, NID_key_usage, "critical,digitalSignature") &&
                  add_extension(leaf, issuer, NID_ext_key_usage, purpose) &&
                  add_extension(leaf, issuer, NID_subject_key_identifier, "hash") &&
                  add_extension(leaf, issuer, NID_authority_key_identifier, "keyid:always") &&
                  (alternative_names.empty() || add_extension(leaf, issuer, NID_subject_alt_name, alternative_names)) &&
                  X509_sign(leaf, signer.key.get(), EVP_sha256()) > 0;
  std::string pem = ok ? pem_of(leaf) : std::string();
  if (pem.empty()) return openssl_failure("new certificate");
  return pem;
}

Result<void> check_key(EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (EVP_PKEY_is_a(key, "RSA")) {
    if (bits >= kMinRsaBits && bits <= kMaxRsaBits) return {};
    return fail(ErrorKind::invalid, "certificate request: an RSA key must have 2048 to 8192 bits, this one has " + std::to_string(bits));
  }
  if (EVP_PKEY_is_a(key, "EC")) {
    char curve[64] = "";
    std::size_t size = 0;
    EVP_PKEY_get_group_name(key, curve, sizeof curve, &size);
    const std::string_view name(curve, size);
    if (bits >= kMinCurveBits && (name == "prime256v1" || name == "secp384r1" || name == "secp521r1")) return {};
    return fail(ErrorKind::invalid, "certificate request: its curve must be P-256, P-384 or P-521");
  }
  return fail(ErrorKind::invalid, "certificate request: its key must be on P-256 or better, or RSA of 2048 bits and more");
}

Result<KeyPtr> key_of_request(std::string_view pem) {
  if (pem.size() > kMaxRequestBytes) return fail(ErrorKind::limit, "certificate request: longer than 16 KiB");
  const BioPtr bio = reader(pem);
  const RequestPtr request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!request) return fail(ErrorKind::invalid, "certificate request: it is no PKCS#10 request in PEM");
  KeyPtr key(X509_REQ_get_pubkey(request.get()));
  if (!key) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "certificate request: its public key cannot be read");
  }
  if (auto checked = check_key(key.get()); !checked) return tl::unexpected(checked.error());
  const bool proven = X509_REQ_verify(request.get(), key.get()) == 1;
  ERR_clear_error();
  if (!proven) return fail(ErrorKind::invalid, "certificate request: its signature is not that of its key");
  return key;
}

/// A DNS name as certificates may hold it; '*', ',' and ':' would be read as something else by the extension's syntax.
bool is_dns_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  for (const char c : name) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    if (!fine) return false;
  }
  return true;
}

bool is_address(const std::string& name) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, name.c_str(), bytes) == 1 || inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

}  // namespace

Result<Identity> make_authority(std::string_view organisation, std::int64_t now) {
  auto key_pem = make_private_key();
  if (!key_pem) return tl::unexpected(key_pem.error());
  const BioPtr bio = reader(*key_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  const CertificatePtr certificate = blank_certificate(key.get(), now - kBackdateSeconds, now + kAuthoritySeconds);
  if (!key || !certificate) return openssl_failure("new authority");
  X509* authority = certificate.get();
  X509_NAME* name = X509_get_subject_name(authority);
  std::string who = printable(trim(organisation));
  while (who.size() > kMaxOrganisationBytes || !is_utf8(who)) who.pop_back();
  const bool ok = (who.empty() || add_name(name, "O", who)) && add_name(name, "CN", "Plumbline authority") &&
                  X509_set_issuer_name(authority, name) == 1 &&
                  add_extension(authority, authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                  add_extension(authority, authority, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                  add_extension(authority, authority, NID_subject_key_identifier, "hash") &&
                  X509_sign(authority, key.get(), EVP_sha256()) > 0;
  std::string pem = ok ? pem_of(authority) : std::string();
  if (pem.empty()) return openssl_failure("new authority");
  return Identity{std::move(*key_pem), std::move(pem)};
}

Result<Identity> issue_server(const Identity& authority, const std::vector<std::string>& names, std::int64_t now) {
  if (names.empty()) return fail(ErrorKind::invalid, "server certificate: it needs at least one name; give --name");
  std::string alternative_names;
  for (const std::string& name : names) {
    const bool address = is_address(name);
    if (!address && !is_dns_name(name))
      return fail(ErrorKind::invalid, "server certificate: \"" + printable(name) + "\" is neither a DNS name nor an address");
    alternative_names += (alternative_names.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
  }
  const auto signer = read_signer(authority);
  if (!signer) return tl::unexpected(signer.error());
  auto key_pem = make_private_key();
  if (!key_pem) return tl::unexpected(key_pem.error());
  const BioPtr bio = reader(*key_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!key) return openssl_failure("server key");
  auto pem = sign_leaf(*signer, blank_certificate(key.get(), now - kBackdateSeconds, now + kServerSeconds),
                       names.front().substr(0, 64), "serverAuth", alternative_names);
  if (!pem) return tl::unexpected(pem.error());
  return Identity{std::move(*key_pem), std::move(*pem)};
}

Result<IssuedCertificate> issue_agent(const Identity& authority, std::string_view request_pem, std::string_view host_id,
                                      std::int64_t now) {
  const auto key = key_of_request(request_pem);
  if (!key) return tl::unexpected(key.error());
  const auto signer = read_signer(authority);
  if (!signer) return tl::unexpected(signer.error());
  auto pem = sign_leaf(*signer, blank_certificate(key->get(), now - kAgentBackdateSeconds, now + kAgentCertificateSeconds), host_id,
                       "clientAuth", {});
  if (!pem) return tl::unexpected(pem.error());
  const auto info = read_certificate(*pem);
  if (!info) return tl::unexpected(info.error());
  return IssuedCertificate{std::move(*pem), info->serial_hex, info->key_sha256_hex, info->not_after};
}

Result<void> check_agent_certificate(const Identity& authority, std::string_view certificate_pem) {
  const auto signer = read_signer(authority);
  if (!signer) return tl::unexpected(signer.error());
  const BioPtr bio = reader(certificate_pem.substr(0, kMaxRequestBytes));
  const CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  const bool ours = certificate && X509_check_issued(signer->certificate.get(), certificate.get()) == X509_V_OK &&
                    X509_verify(certificate.get(), signer->key.get()) == 1 &&
                    X509_check_purpose(certificate.get(), X509_PURPOSE_SSL_CLIENT, 0) == 1 &&
                    X509_check_ca(certificate.get()) == 0;
  ERR_clear_error();
  if (!ours) return fail(ErrorKind::permission_denied, "certificate: this authority did not issue it to an agent");
  return {};
}

}  // namespace plumbline
