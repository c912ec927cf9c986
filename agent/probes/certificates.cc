// SPDX-License-Identifier: Apache-2.0
// Server certificates in the usual places: when they end, how strong their keys are, who may read the keys.
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "agent/machine.h"
#include "agent/probes/all.h"
#include "base/hash.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxCertificateBytes = 256u << 10;
constexpr std::size_t kMaxFiles = 400;
constexpr std::size_t kMaxEntries = 4'000;
constexpr int kMaxDepth = 4;
constexpr int kMinRsaBits = 2048;
constexpr double kSecondsPerDay = 86400;

struct Found {
  int count = 0, expired = 0, expiring = 0, weak = 0, open_keys = 0;
  std::optional<double> next_days;
  std::vector<std::string> seen;  // hashes: one certificate often lies in several files
  std::size_t files = 0;
  std::size_t entries = 0;
  std::optional<Error> unread;  // a certificate, or a whole place for them, that may not be read
};

/// Bundles of the authorities that this host trusts are no certificates of its own.
bool is_trust_store(std::string_view path) {
  for (const std::string_view part :
       {"/etc/ssl/certs", "/etc/pki/ca-trust", "/etc/pki/tls/certs/ca-", "/etc/pki/tls/cert.pem",
        "/etc/pki/java", "/etc/pki/rpm-gpg", "/etc/pki/nssdb", "ca-certificates", "ca-bundle",
        "/etc/pki/entitlement", "/etc/pki/consumer", "/etc/pki/product", "/etc/letsencrypt/archive",
        "/etc/letsencrypt/csr"}) {
    if (contains(path, part)) return true;
  }
  return false;
}

bool ends_with_one_of(std::string_view name, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [name](auto end) { return name.ends_with(end); });
}

/// A certificate made by "openssl req -x509" is its own authority, too; what tells it from a company's is that it
/// names a host: alternative names, or a common name such as "db01.example" or "localhost".
bool names_a_host(X509* certificate) {
  if (X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) >= 0) return true;
  std::array<char, 256> name{};
  const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(), static_cast<int>(name.size()));
  const std::string_view text(name.data(), static_cast<std::size_t>(std::max(length, 0)));
  return text == "localhost" || (contains(text, ".") && text.find(' ') == std::string_view::npos);
}

void judge(const std::string& pem, std::int64_t now, Found& found) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  // Only the first: those after it are the authorities' above it.
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
  if (!certificate || (X509_check_ca(certificate.get()) == 1 && !names_a_host(certificate.get()))) return;
  const std::string hash = sha256(pem.substr(0, pem.find("-----END")));
  if (std::find(found.seen.begin(), found.seen.end(), hash) != found.seen.end()) return;
  found.seen.push_back(hash);
  ++found.count;
  std::tm end{};
  if (now > 0 && ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) == 1) {
    const double days = static_cast<double>(timegm(&end) - now) / kSecondsPerDay;
    if (days < 0)
      ++found.expired;
    else if (days < 30)
      ++found.expiring;
    if (!found.next_days || days < *found.next_days) found.next_days = days;
  }
  EVP_PKEY* key = X509_get0_pubkey(certificate.get());
  if (key != nullptr && EVP_PKEY_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_bits(key) < kMinRsaBits)
    ++found.weak;
}

/// Keeps certificates; a private key in the same file never leaves.
std::string redact_pem(std::string_view text) {
  std::string out;
  bool inside = false;
  for (const std::string_view line : lines(text)) {
    if (line.starts_with("-----BEGIN CERTIFICATE-----") ||
        line.starts_with("-----BEGIN X509 CERTIFICATE-----"))
      inside = true;
    if (inside) out.append(line).append("\n");
    if (line.starts_with("-----END")) inside = false;
  }
  return out;
}

void visit(const Host& host, const std::string& folder, int depth, std::int64_t now, Found& found) {
  const auto entries = host.list(folder);
  if (!entries) return;
  for (const auto& entry : *entries) {
    const std::string path = folder + "/" + entry.name;
    if (++found.entries > kMaxEntries || found.files > kMaxFiles || is_trust_store(path)) continue;
    if (entry.type == FileType::folder) {
      if (depth < kMaxDepth) visit(host, path, depth + 1, now, found);
      continue;
    }
    if (ends_with_one_of(entry.name, {".key", "privkey.pem", "-key.pem", "_key.pem"})) {
      const auto stat = host.stat(path);
      if (stat && (stat->mode & 0004) != 0) ++found.open_keys;
      continue;
    }
    if (!ends_with_one_of(entry.name, {".crt", ".pem", ".cer", ".cert"})) continue;
    ++found.files;
    const auto text = host.read_redacted(path, redact_pem, kMaxCertificateBytes);
    if (!text && text.error().kind == ErrorKind::permission_denied) found.unread = text.error();
    if (text && !text->empty()) judge(*text, now, found);
  }
}

}  // namespace

Result<void> probe_certificates(const Host& host, Machine& machine, Facts& facts) {
  Found found;
  const std::int64_t now = machine.now();
  for (const std::string folder :
       {"/etc/ssl", "/etc/letsencrypt/live", "/etc/nginx", "/etc/apache2", "/etc/httpd", "/etc/pki/tls",
        "/etc/pki/nginx", "/etc/haproxy", "/etc/postgresql", "/etc/mysql", "/etc/redis",
        "/etc/kubernetes/pki", "/etc/traefik", "/etc/caddy"}) {
    const auto stat = host.stat(folder);
    if (!stat) continue;
    if (const auto entries = host.list(folder);
        !entries && entries.error().kind == ErrorKind::permission_denied)
      found.unread = entries.error();
    visit(host, folder, 0, now, found);
  }
  if (found.unread) facts.missing("certificates.next_expiry_days", *found.unread);
  if (found.unread && found.count == 0) {
    for (const std::string_view fact :
         {"certificates.count", "certificates.expired", "certificates.expiring_30d", "certificates.weak_keys",
          "certificates.private_keys_too_open"})
      facts.missing(fact, *found.unread);
    return {};
  }
  facts.set("certificates.count", found.count);
  facts.set("certificates.weak_keys", found.weak);
  facts.set("certificates.private_keys_too_open", found.open_keys);
  if (now > 0) {
    facts.set("certificates.expired", found.expired);
    facts.set("certificates.expiring_30d", found.expiring);
    if (found.next_days && !found.unread) facts.set("certificates.next_expiry_days", *found.next_days);
  }
  return {};
}

}  // namespace plumbline
