// SPDX-License-Identifier: Apache-2.0
#include "agent/delivery/enroll.h"

#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

#include "agent/delivery/commands.h"
#include "agent/delivery/spool.h"
#include "agent/delivery/uplink.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "base/tls.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::string_view kTokenPrefix = "plumb_";
constexpr std::size_t kPinLength = 64;
constexpr std::size_t kTokenLength = 6 + 43 + 1 + kPinLength;
constexpr JsonLimits kAnswerLimits{256u << 10, 4, 64, 64u << 10};

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unnamed";
  return name.data();
}

/// "plumb_<43 characters>_<64 hexadecimal digits>": the digits are the authority's SHA-256.
Result<std::string> pin_of(std::string_view token) {
  const bool shaped = token.size() == kTokenLength && token.starts_with(kTokenPrefix) &&
                      token[kTokenLength - kPinLength - 1] == '_';
  if (token.empty())
    return fail(ErrorKind::invalid,
                "token: none was given; on the collector run: plumbline-collector token create");
  if (!shaped || !unhex(token.substr(kTokenLength - kPinLength)))
    return fail(ErrorKind::invalid,
                "token: this is no enrolment token (plumb_… with 114 characters); copy it whole, or run on "
                "the collector: plumbline-collector token create");
  return lower(token.substr(kTokenLength - kPinLength));
}

/// The authority, fetched over a connection that proves nothing; the token's pin proves it.
Result<std::string> fetch_authority(const std::string& url, const std::string& pin) {
  const auto uplink = open_uplink({url, {}, {}, {}, {}});
  if (!uplink) return tl::unexpected(uplink.error());
  const auto answer = (*uplink)->get("/v1/ca");
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200)
    return fail(ErrorKind::invalid, url + ": this is no Plumbline collector for agents (" + explain(*answer) +
                                        "); give the agents' port, 7443 by default");
  const auto certificate = read_certificate(answer->body);
  if (!certificate)
    return fail(ErrorKind::invalid,
                url + ": this is no Plumbline collector for agents; give the agents' port, 7443 by default");
  if (!certificate->is_ca || !equal_in_constant_time(certificate->sha256_hex, pin))
    return fail(ErrorKind::permission_denied,
                url +
                    ": this is not the collector that made the token (its authority is another); nothing was "
                    "sent. Check the address, and whether something stands between");
  return answer->body;
}

/// A member of the collector's answer, or an error that names it.
Result<std::string> member_of(const HttpAnswer& answer, const char* key) {
  const auto body = parse_json(answer.body, kAnswerLimits);
  if (!body || !body->is_object() || !body->contains(key) || !(*body)[key].is_string())
    return fail(ErrorKind::invalid, std::string("collector: its answer lacks \"") + key +
                                        "\"; bring agent and collector to the same version");
  return (*body)[key].get<std::string>();
}

Error refused(const std::string& what, const HttpAnswer& answer) {
  const bool away = answer.status == 429 || answer.status >= 500;
  return {away ? ErrorKind::unavailable : ErrorKind::permission_denied, what + ": " + explain(answer)};
}

Result<AgentIdentity> ask_for_identity(const EnrollOptions& options, const std::string& url,
                                       const std::string& authority) {
  auto key = make_private_key();
  if (!key) return tl::unexpected(key.error());
  const std::string name = options.name.empty() ? host_name() : options.name;
  const auto csr = make_certificate_request(*key, "plumbline-agent");
  if (!csr) return tl::unexpected(csr.error());
  const auto uplink = open_uplink({url, authority, {}, {}, {}});
  if (!uplink) return tl::unexpected(uplink.error());
  const json body = {
      {"token", options.token}, {"csr", *csr}, {"name", to_utf8(name)}, {"version", options.version}};
  const auto answer = (*uplink)->post("/v1/enroll", "application/json", body.dump());
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200) return tl::unexpected(refused("enrolment", *answer));
  const auto host_id = member_of(*answer, "host_id"), certificate = member_of(*answer, "certificate");
  if (!host_id) return tl::unexpected(host_id.error());
  if (!certificate) return tl::unexpected(certificate.error());
  const auto info = read_certificate(*certificate);
  if (!is_host_id(*host_id) || !info || info->common_name != *host_id)
    return fail(ErrorKind::invalid,
                "collector: it answered with a certificate of another name; tell whoever runs it");
  return AgentIdentity{*host_id, url, authority, *certificate, std::move(*key), now_seconds()};
}

}  // namespace

Result<std::string> enroll(const EnrollOptions& options) {
  const auto url = check_collector_url(options.collector_url);
  if (!url) return tl::unexpected(url.error());
  const auto pin = pin_of(trim(options.token));
  if (!pin) return pin;
  if (auto made = make_folder(options.state_folder, 0700); !made) return fail("state folder", made.error());
  const auto lock = StateLock::take(options.state_folder);
  if (!lock) return tl::unexpected(lock.error());
  const auto before = load_identity(options.state_folder);
  if (before && !options.replace)
    return fail(ErrorKind::conflict, "this host is enrolled already, as " + before->host_id + " at " +
                                         before->collector_url + "; to enrol it anew add --replace");
  const auto authority = fetch_authority(*url, *pin);
  if (!authority) return authority;
  EnrollOptions trimmed = options;
  trimmed.token = std::string(trim(options.token));
  const auto identity = ask_for_identity(trimmed, *url, *authority);
  if (!identity) return tl::unexpected(identity.error());
  // A new identity begins at sequence 1: what was spooled and acknowledged belongs to the old one.
  if (auto cleared = clear_spool(options.state_folder); !cleared) return tl::unexpected(cleared.error());
  if (auto saved = save_identity(options.state_folder, *identity); !saved)
    return fail("identity", saved.error());
  return "enrolled as " + identity->host_id + " at " + *url;
}

Result<AgentIdentity> renew(const std::string& state_folder, const AgentIdentity& identity,
                            const std::function<bool()>& stop) {
  auto key = make_private_key();
  if (!key) return tl::unexpected(key.error());
  const auto csr = make_certificate_request(*key, identity.host_id);
  if (!csr) return tl::unexpected(csr.error());
  const auto proof = sign(identity.private_key_pem, *csr);
  if (!proof) return tl::unexpected(proof.error());
  const auto uplink = open_uplink({identity.collector_url, identity.ca_pem, {}, {}, stop});
  if (!uplink) return tl::unexpected(uplink.error());
  const json body = {{"certificate", identity.certificate_pem}, {"csr", *csr}, {"proof", base64url(*proof)}};
  const auto answer = (*uplink)->post("/v1/renew", "application/json", body.dump());
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200) return tl::unexpected(refused("renewal of the certificate", *answer));
  const auto certificate = member_of(*answer, "certificate");
  if (!certificate) return tl::unexpected(certificate.error());
  const auto info = read_certificate(*certificate);
  if (!info || info->common_name != identity.host_id)
    return fail(ErrorKind::invalid,
                "collector: it answered with a certificate of another name; tell whoever runs it");
  AgentIdentity renewed = identity;
  renewed.private_key_pem = std::move(*key);
  renewed.certificate_pem = *certificate;
  renewed.received_at = now_seconds();
  if (auto saved = save_identity(state_folder, renewed); !saved) return fail("identity", saved.error());
  return renewed;
}

}  // namespace plumbline
