// SPDX-License-Identifier: Apache-2.0
#include "agent/delivery/identity.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/tls.h"
#include "facts/scan.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxIdentityBytes = 256u << 10;
constexpr std::size_t kMaxUrlBytes = 512;
constexpr int kRenewSpreadPercent = 10;  // of the life, either way around two thirds

std::string identity_path(const std::string& folder) {
  return folder + "/identity.json";
}

std::string text_member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Steady for one host, spread over many.
int spread_of(const std::string& host_id) {
  const auto digits = parse_hex(std::string_view(host_id).substr(0, 4));
  return digits ? static_cast<int>(*digits % (2 * kRenewSpreadPercent + 1)) - kRenewSpreadPercent : 0;
}

}  // namespace

Result<AgentIdentity> load_identity(const std::string& state_folder) {
  const std::string path = identity_path(state_folder);
  const auto text = read_file(path, kMaxIdentityBytes);
  if (!text && text.error().kind == ErrorKind::not_found)
    return fail(ErrorKind::not_found,
                "this host is not enrolled (no identity in " + state_folder +
                    "); enrol it: plumbline-agent enroll --collector URL --token TOKEN");
  if (!text) return fail("identity", text.error());
  const auto document = parse_json(*text);
  if (!document || !document->is_object())
    return fail(
        ErrorKind::invalid,
        path +
            ": it is damaged; enrol again: plumbline-agent enroll --collector URL --token TOKEN --replace");
  AgentIdentity identity;
  identity.host_id = text_member(*document, "host_id");
  identity.collector_url = text_member(*document, "collector_url");
  identity.ca_pem = text_member(*document, "ca");
  identity.certificate_pem = text_member(*document, "certificate");
  identity.private_key_pem = text_member(*document, "private_key");
  const auto received = document->find("received_at");
  if (received != document->end() && received->is_number_integer())
    identity.received_at = received->get<std::int64_t>();
  const auto certificate = read_certificate(identity.certificate_pem);
  if (!is_host_id(identity.host_id) || !certificate || certificate->common_name != identity.host_id ||
      identity.private_key_pem.empty())
    return fail(
        ErrorKind::invalid,
        path +
            ": it is damaged; enrol again: plumbline-agent enroll --collector URL --token TOKEN --replace");
  return identity;
}

Result<void> save_identity(const std::string& state_folder, const AgentIdentity& identity) {
  const json document = {{"host_id", identity.host_id},
                         {"collector_url", identity.collector_url},
                         {"ca", identity.ca_pem},
                         {"certificate", identity.certificate_pem},
                         {"private_key", identity.private_key_pem},
                         {"received_at", identity.received_at}};
  return write_file_atomic(identity_path(state_folder), document.dump(1) + "\n", 0600);
}

Result<bool> renewal_due(const AgentIdentity& identity, std::int64_t now) {
  const auto certificate = read_certificate(identity.certificate_pem);
  if (!certificate) return tl::unexpected(certificate.error());
  const std::int64_t life = certificate->not_after - certificate->not_before;
  const std::int64_t due = identity.received_at + life * 2 / 3 + life * spread_of(identity.host_id) / 100;
  return now >= due || now < identity.received_at;
}

Result<std::string> check_collector_url(std::string_view url) {
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorKind::invalid, "collector address \"" + printable(url.substr(0, kMaxUrlBytes)) + "\": " +
                                        std::string(why) + "; it looks like https://collector.example:7443");
  };
  if (url.substr(0, 8) != "https://") return wrong("it must begin with https://");
  while (url.ends_with('/')) url.remove_suffix(1);
  const std::string_view place = url.size() > 8 ? url.substr(8) : std::string_view();
  if (place.empty() || url.size() > kMaxUrlBytes) return wrong("it names no host");
  for (const char c : place) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      contains("-._:[]", std::string_view(&c, 1));
    if (!fine) return wrong("only a host name and a port may follow https://");
  }
  return std::string(url);
}

Result<StateLock> StateLock::take(const std::string& state_folder) {
  const std::string path = state_folder + "/lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) {
    const auto kind = errno == EACCES || errno == EPERM ? ErrorKind::permission_denied
                      : errno == ENOENT                 ? ErrorKind::not_found
                                                        : ErrorKind::io;
    return fail(kind, state_folder + ": " + std::strerror(errno) +
                          "; run this as the user that enrolled the agent, or give --state DIR");
  }
  StateLock lock(descriptor);
  while (::flock(descriptor, LOCK_EX) != 0)
    if (errno != EINTR) return fail(ErrorKind::io, path + ": " + std::strerror(errno));
  return lock;
}

StateLock::~StateLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace plumbline
