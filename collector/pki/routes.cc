// SPDX-License-Identifier: Apache-2.0
// The calls by which hosts get and renew certificates.
#include "collector/pki/routes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/tls.h"
#include "facts/scan.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::int64_t kWindowSeconds = 15 * 60;
constexpr int kGuessesPerWindow = 10;
constexpr int kRefusalLines = 100;
constexpr std::size_t kMostAddresses = 10'000;
constexpr std::size_t kMaxBodyBytes = 48u << 10;
constexpr std::size_t kMaxHostNameBytes = 253;
constexpr JsonLimits kBodyLimits{kMaxBodyBytes, 4, 64, 20u << 10};

/// IPv6 networks hand out /64s, so one guesser has 2^64 addresses: count by the first four groups.
std::string guesser(const std::string& address) {
  if (address.find(':') == std::string::npos) return address;
  const auto groups = split(address, ':');
  std::string network;
  for (std::size_t i = 0; i < groups.size() && i < 4 && !(i > 0 && groups[i].empty()); ++i) network += std::string(groups[i]) + ":";
  return network;
}

Response json_answer(const json& body) {
  Response response;
  response.content_type = "application/json";
  response.body = body.dump();
  return response;
}

std::string text_member(const json& body, const char* key) {
  const auto found = body.find(key);
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<json> read_body(const Request& request) {
  auto body = parse_json(request.body, kBodyLimits);
  if (!body) return tl::unexpected(body.error());
  if (!body->is_object()) return fail(ErrorKind::invalid, "body: it must be a JSON object (docs/protocol.md)");
  return body;
}

void audit(Pki& pki, std::string_view actor, std::string_view action, std::string_view subject, std::string_view detail) {
  if (auto kept = pki.store.add_audit(actor, action, subject, detail, pki.now()); !kept)
    log_error("audit log: " + kept.error().message);
}

Response store_away(const Error& error) {
  log_error("store: " + error.message);
  Response response = problem(503, "the collector cannot reach its store", "try again later");
  response.headers.emplace_back("Retry-After", "30");
  return response;
}

Response too_many(std::int64_t wait_seconds) {
  Response response = problem(429, "too many wrong answers from this address", "try again in " + std::to_string((wait_seconds + 59) / 60) + " minutes");
  response.headers.emplace_back("Retry-After", std::to_string(wait_seconds));
  return response;
}

/// One answer for wrong, used and expired tokens alike: a guesser learns nothing.
Response wrong_token() {
  return problem(403, "this token is wrong, used or expired", "create one with: plumbline-collector token create (each serves once, for 15 minutes)");
}

std::string host_name_of(const json& body) {
  std::string name = printable(trim(text_member(body, "name")));
  while (name.size() > kMaxHostNameBytes || !is_utf8(name)) name.pop_back();
  return name.empty() ? "unnamed" : name;
}

Result<void> keep_host(Pki& pki, const std::string& host_id, const std::string& name, const IssuedCertificate& issued) {
  if (auto kept = pki.store.add_host(host_id, name, pki.now()); !kept) return kept;
  return pki.store.add_certificate({host_id, issued.serial_hex, issued.key_sha256_hex, issued.not_after});
}

/// What enroll does once the body was read; the caller holds `enrolling`.
Response redeem_and_issue(Pki& pki, const Request& request, const json& body) {
  const std::string from = guesser(request.peer_address);
  if (const auto wait = pki.wrong.wait_seconds(from, pki.now()); wait > 0) return too_many(wait);
  const auto refuse = [&](std::string_view why) {
    pki.wrong.count(from, pki.now());
    audit(pki, request.peer_address, "enroll.refused", "", why);
    return wrong_token();
  };
  const auto token = read_token(text_member(body, "token"));
  if (!token) return refuse("no token");
  const auto authority = read_certificate(pki.authority.certificate_pem);
  if (!authority || token->authority_sha256_hex != authority->sha256_hex) return refuse("token of another authority");

  // The certificate is made first, so that a request with a bad key does not use up the token.
  const std::string host_id = make_host_id();
  const auto issued = issue_agent(pki.authority, text_member(body, "csr"), host_id, pki.now());
  if (!issued) return problem(400, issued.error().message, "send a PKCS#10 request in PEM");
  const auto redeemed = pki.store.redeem_token(token->hash, pki.now());
  if (!redeemed) return store_away(redeemed.error());
  if (!*redeemed) return refuse("token wrong, used or expired");
  const std::string name = host_name_of(body);
  if (auto kept = keep_host(pki, host_id, name, *issued); !kept) return store_away(kept.error());
  audit(pki, request.peer_address, "enroll", host_id, "name " + name + ", certificate " + issued->serial_hex);
  return json_answer({{"host_id", host_id}, {"certificate", issued->certificate_pem}, {"ca", pki.authority.certificate_pem}});
}

Response enroll_host(Pki& pki, const Request& request) {
  const auto body = read_body(request);
  if (!body) return problem(400, body.error().message, "send {\"token\":…,\"csr\":…,\"name\":…}");
  const std::lock_guard one_at_a_time(pki.enrolling);
  return redeem_and_issue(pki, request, *body);
}

/// Why this old certificate may not be renewed; nothing where it may.
Result<std::optional<std::string>> renewal_refusal(Pki& pki, const std::string& pem, const CertificateInfo& old, std::string_view csr,
                                                   std::string_view proof) {
  if (!check_agent_certificate(pki.authority, pem)) return "certificate is not ours";
  if (!verify_signature(pem, csr, proof)) return "proof is not of the old key";
  if (pki.now() > old.not_after + kRenewAfterExpirySeconds) return "certificate expired more than 30 days ago";
  const auto host = pki.store.host(old.common_name);
  if (!host) return tl::unexpected(host.error());
  if (!*host) return "unknown host";
  if ((*host)->denied) return "host is denied";
  const auto known = pki.store.certificates(old.common_name);
  if (!known) return tl::unexpected(known.error());
  const bool recorded = std::any_of(known->begin(), known->end(), [&](const CertificateRow& row) {
    return row.serial_hex == old.serial_hex && row.key_sha256_hex == old.key_sha256_hex;
  });
  return recorded ? std::nullopt : std::optional<std::string>("certificate was never recorded");
}

Response renew_certificate(Pki& pki, const Request& request) {
  const auto body = read_body(request);
  if (!body) return problem(400, body.error().message, "send {\"certificate\":…,\"csr\":…,\"proof\":…}");
  const std::string pem = text_member(*body, "certificate"), csr = text_member(*body, "csr");
  const auto proof = unbase64url(text_member(*body, "proof"));
  const auto old = read_certificate(pem);
  if (!old || !proof) return problem(400, "certificate or proof cannot be read", "send the old certificate in PEM and the proof in base64url");

  const std::lock_guard one_at_a_time(pki.enrolling);
  const std::string from = guesser(request.peer_address);
  if (const auto wait = pki.wrong.wait_seconds(from, pki.now()); wait > 0) return too_many(wait);
  const auto refusal = renewal_refusal(pki, pem, *old, csr, *proof);
  if (!refusal) return store_away(refusal.error());
  if (*refusal) {
    // Only a wrong proof is a guess; a denied or forgotten host knocks again for as long as it runs.
    if (**refusal == "proof is not of the old key") pki.wrong.count(from, pki.now());
    audit(pki, request.peer_address, "renew.refused", printable(old->common_name), **refusal);
    return problem(403, "this certificate is not renewed", "enrol the host again: plumbline-agent enroll --collector URL --token TOKEN --replace");
  }
  const auto issued = issue_agent(pki.authority, csr, old->common_name, pki.now());
  if (!issued) return problem(400, issued.error().message, "send a PKCS#10 request in PEM");
  if (auto kept = pki.store.add_certificate({old->common_name, issued->serial_hex, issued->key_sha256_hex, issued->not_after}); !kept)
    return store_away(kept.error());
  audit(pki, request.peer_address, "renew", old->common_name, "certificate " + issued->serial_hex);
  return json_answer({{"certificate", issued->certificate_pem}});
}

}  // namespace

std::int64_t WrongGuesses::wait_seconds(const std::string& address, std::int64_t now) const {
  const auto found = by_address_.find(address);
  if (found == by_address_.end() || found->second.guesses < kGuessesPerWindow) return 0;
  return std::max<std::int64_t>(0, found->second.began + kWindowSeconds - now);
}

int WrongGuesses::guesses(const std::string& address, std::int64_t now) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() || found->second.began + kWindowSeconds <= now ? 0 : found->second.guesses;
}

void WrongGuesses::count(const std::string& address, std::int64_t now) {
  if (by_address_.size() >= kMostAddresses && !by_address_.contains(address))
    std::erase_if(by_address_, [&](const auto& entry) { return entry.second.began + kWindowSeconds <= now; });
  if (by_address_.size() >= kMostAddresses && !by_address_.contains(address)) by_address_.erase(by_address_.begin());
  Window& window = by_address_[address];
  if (window.began + kWindowSeconds <= now) window = {now, 0};
  ++window.guesses;
}

std::vector<Route> pki_routes(Pki& pki) {
  const auto authority = [&pki](const Request&) {
    Response response;
    response.content_type = "application/x-pem-file";
    response.body = pki.authority.certificate_pem;
    return response;
  };
  return {
      {"GET", "/v1/ca", Permission::anyone, at_once(authority)},
      {"POST", "/v1/enroll", Permission::anyone, at_once([&pki](const Request& r) { return enroll_host(pki, r); }), kMaxBodyBytes},
      {"POST", "/v1/renew", Permission::anyone, at_once([&pki](const Request& r) { return renew_certificate(pki, r); }), kMaxBodyBytes},
  };
}

void identify_agent(Pki& pki, Request& request) {
  if (request.agent_id.empty()) return;
  const auto host = is_host_id(request.agent_id) ? pki.store.host(request.agent_id) : Result<std::optional<HostRow>>(std::nullopt);
  const char* why = !host ? "the store is away" : !*host ? "unknown host" : (*host)->denied ? "host is denied" : nullptr;
  if (!why) return;
  request.refusal = why;
  request.agent_id.clear();
}

void audit_refusal(Pki& pki, const std::string& peer_address, const std::string& reason) {
  int lines = 0;
  {
    const std::lock_guard lock(pki.auditing);
    pki.refusals.count(guesser(peer_address), pki.now());
    lines = pki.refusals.guesses(guesser(peer_address), pki.now());
  }
  if (lines > kRefusalLines) return;
  audit(pki, peer_address, "connection.refused", "", lines < kRefusalLines ? reason : reason + "; more from this address are not listed for a while");
}

}  // namespace plumbline
