// SPDX-License-Identifier: Apache-2.0
#include "base/tls.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

#include "base/hash.h"
#include "base/text.h"

namespace plumbline {
namespace {

template <class T, void (*free_it)(T*)>
struct Free {
  void operator()(T* thing) const { free_it(thing); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using CertificatePtr = std::unique_ptr<X509, Free<X509, X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Free<X509_REQ, X509_REQ_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX, EVP_MD_CTX_free>>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

auto openssl_error(ErrorKind kind, std::string subject) {
  char text[256] = "unknown reason";
  if (const auto code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return fail(kind, std::move(subject) + ": " + text);
}

BioPtr reader(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

KeyPtr read_key(std::string_view pem) {
  const BioPtr bio = reader(pem);
  return KeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

CertificatePtr read_x509(std::string_view pem) {
  const BioPtr bio = reader(pem);
  return CertificatePtr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (!time || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return static_cast<std::int64_t>(timegm(&parts));
}

std::string der_sha256(int (*encode)(const X509*, unsigned char**), const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = encode(certificate, &der);
  if (size <= 0) return {};
  std::string digest = sha256_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return digest;
}

std::string public_key_sha256(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return {};
  std::string digest = sha256_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return digest;
}

/// By calls that OpenSSL 1.1.1 has, too: the agent runs with either.
KeyPtr new_key() {
  const KeyContextPtr context(EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr));
  EVP_PKEY* key = nullptr;
  if (context && EVP_PKEY_keygen_init(context.get()) == 1 &&
      EVP_PKEY_CTX_ctrl_str(context.get(), "ec_paramgen_curve", "P-256") == 1 &&
      EVP_PKEY_CTX_ctrl_str(context.get(), "ec_param_enc", "named_curve") == 1)
    EVP_PKEY_keygen(context.get(), &key);
  return KeyPtr(key);
}

}  // namespace

Result<std::string> make_private_key() {
  const KeyPtr key = new_key();
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!key || PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_error(ErrorKind::io, "new private key");
  return text_of(out.get());
}

Result<std::string> make_certificate_request(std::string_view private_key_pem, std::string_view common_name) {
  const KeyPtr key = read_key(private_key_pem);
  if (!key) return openssl_error(ErrorKind::invalid, "private key");
  const RequestPtr request(X509_REQ_new());
  X509_NAME* subject = X509_REQ_get_subject_name(request.get());
  const bool ok = X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.data()),
                                             static_cast<int>(common_name.size()), -1, 0) == 1 &&
                  X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                  X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0;
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!ok || PEM_write_bio_X509_REQ(out.get(), request.get()) != 1)
    return openssl_error(ErrorKind::io, "certificate request");
  return text_of(out.get());
}

Result<CertificateInfo> read_certificate(std::string_view pem) {
  const CertificatePtr certificate = read_x509(pem);
  if (!certificate) return openssl_error(ErrorKind::invalid, "certificate");
  CertificateInfo info;
  char name[256] = "";
  if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name, sizeof name) > 0)
    info.common_name = name;
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate.get());
  info.serial_hex = hex({reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
                         static_cast<std::size_t>(ASN1_STRING_length(serial))});
  info.sha256_hex = der_sha256(i2d_X509, certificate.get());
  info.key_sha256_hex = public_key_sha256(certificate.get());
  info.not_before = seconds_of(X509_get0_notBefore(certificate.get()));
  info.not_after = seconds_of(X509_get0_notAfter(certificate.get()));
  info.is_ca = X509_check_ca(certificate.get()) > 0;
  return info;
}

Result<std::string> sign(std::string_view private_key_pem, std::string_view message) {
  const KeyPtr key = read_key(private_key_pem);
  if (!key) return openssl_error(ErrorKind::invalid, "private key");
  const DigestPtr context(EVP_MD_CTX_new());
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, message.size()) != 1)
    return openssl_error(ErrorKind::io, "signature");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, message.size()) != 1)
    return openssl_error(ErrorKind::io, "signature");
  signature.resize(size);
  return signature;
}

Result<void> verify_signature(std::string_view certificate_pem, std::string_view message, std::string_view signature) {
  const CertificatePtr certificate = read_x509(certificate_pem);
  if (!certificate) return openssl_error(ErrorKind::invalid, "certificate");
  const DigestPtr context(EVP_MD_CTX_new());
  const bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, X509_get0_pubkey(certificate.get())) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                       reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  ERR_clear_error();
  if (!good) return fail(ErrorKind::permission_denied, "signature: it was not made with the certificate's key");
  return {};
}

}  // namespace plumbline
