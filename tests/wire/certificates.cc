// SPDX-License-Identifier: Apache-2.0
#include "tests/wire/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "base/time.h"

namespace plumbline {
namespace {

[[noreturn]] void stop(const char* what) {
  std::fprintf(stderr, "forge: %s\n", what);
  std::abort();
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free_all(bio);
  return text;
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (!extension || X509_add_ext(certificate, extension, -1) != 1) stop(value.c_str());
  X509_EXTENSION_free(extension);
}

}  // namespace

Identity forge(const CertificateWish& wish) {
  static std::atomic<long> serial{1000};
  EVP_PKEY* key = wish.rsa_bits > 0 ? EVP_RSA_gen(static_cast<unsigned>(wish.rsa_bits)) : EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  EVP_PKEY* signing_key = key;
  X509* issuer = certificate;
  if (wish.issuer) {
    BIO* key_bio = BIO_new_mem_buf(wish.issuer->private_key_pem.data(), static_cast<int>(wish.issuer->private_key_pem.size()));
    BIO* certificate_bio = BIO_new_mem_buf(wish.issuer->certificate_pem.data(), static_cast<int>(wish.issuer->certificate_pem.size()));
    signing_key = PEM_read_bio_PrivateKey(key_bio, nullptr, nullptr, nullptr);
    issuer = PEM_read_bio_X509(certificate_bio, nullptr, nullptr, nullptr);
    BIO_free_all(key_bio);
    BIO_free_all(certificate_bio);
  }
  if (!key || !signing_key || !issuer) stop("keys");
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<time_t>(wish.not_before ? wish.not_before : now_seconds() - 3600));
  ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<time_t>(wish.not_after ? wish.not_after : now_seconds() + 3600));
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.common_name.data()), static_cast<int>(wish.common_name.size()), -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  extend(certificate, issuer, NID_basic_constraints, wish.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  extend(certificate, issuer, NID_subject_key_identifier, "hash");
  if (wish.is_ca) extend(certificate, issuer, NID_key_usage, "critical,keyCertSign,digitalSignature");
  if (!wish.purpose.empty()) extend(certificate, issuer, NID_ext_key_usage, wish.purpose);
  if (!wish.alternative_names.empty()) extend(certificate, issuer, NID_subject_alt_name, wish.alternative_names);
  if (X509_sign(certificate, signing_key, EVP_sha256()) <= 0) stop("signature");
  Identity identity;
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, certificate);
  identity.certificate_pem = text_of(out);
  out = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  identity.private_key_pem = text_of(out);
  if (wish.issuer) {
    EVP_PKEY_free(signing_key);
    X509_free(issuer);
  }
  EVP_PKEY_free(key);
  X509_free(certificate);
  return identity;
}

}  // namespace plumbline
