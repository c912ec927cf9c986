// SPDX-License-Identifier: Apache-2.0
// digest.yaml, read as packs are: every mistake is told at once, with its line.
#include "collector/digest/settings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/text.h"
#include "rules/fields.h"
#include "rules/mistakes.h"
#include "rules/yaml.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostSettingsBytes = 64u << 10;
constexpr std::size_t kMostSecretBytes = 4u << 10;
constexpr std::size_t kMostAddressBytes = 254;  // RFC 5321
constexpr int kMostGateMinutes = 24 * 60;

std::string inside(const std::string& folder, const std::string& path) { return path.starts_with('/') ? path : folder + "/" + path; }

/// A file that holds one secret, which nobody but its owner may read.
Result<std::string> read_secret(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail(ErrorKind::not_found, path + ": " + std::strerror(errno) + "; write the secret into it and: chmod 600 " + path);
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) return fail(ErrorKind::permission_denied, path + ": others can read this secret; change that: chmod 600 " + path);
  auto text = read_file(path, kMostSecretBytes);
  if (!text) return text;
  const std::string secret(trim(*text));
  if (secret.empty()) return fail(ErrorKind::invalid, path + ": it is empty; write the secret into it");
  if (std::any_of(secret.begin(), secret.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return fail(ErrorKind::invalid, path + ": it holds more than one line, or control characters; one secret stands in it");
  return secret;
}

/// The text of mistakes shows lines of the file. Who wrote a secret into it, where only the name of a file belongs, must not
/// find it in a log: paths of addresses and what follows "password:" are left out.
std::string without_secrets(std::string_view text) {
  std::string safe;
  for (const std::string_view row : lines(text)) {
    std::string kept(row);
    if (const auto scheme = kept.find("://"); scheme != std::string::npos)
      if (const auto path = kept.find_first_of("/?#", scheme + 3); path != std::string::npos) kept = kept.substr(0, path) + "/…";
    for (const std::string_view key : {"password:", "pass:", "secret:", "token:", "webhook:"})
      if (const auto at = kept.find(key); at != std::string::npos && kept.find(key, at + key.size()) == std::string::npos && !contains(kept, "error:")) kept = kept.substr(0, at + key.size()) + " …";
    safe += kept + "\n";
  }
  if (!safe.empty()) safe.pop_back();
  return safe;
}

/// Reads the settings of one file; every key asked for, every mistake kept.
class Reader {
 public:
  Reader(const std::string& folder, SourceFile file) : folder_(folder), file_(std::move(file)) {}

  Result<std::optional<DigestSettings>> read() {
    const YamlNode root = read_yaml(file_, mistakes_);
    DigestSettings settings;
    if (mistakes_.empty()) {
      Fields fields(mistakes_, file_, root, "settings of the digest");
      settings.link = fields.text("link", Need::optional);
      if (!settings.link.empty()) check_link(fields, settings.link);
      if (const YamlNode* schedule = fields.node("schedule", YamlNode::map, Need::required)) read_schedule(*schedule, settings.schedule);
      if (const YamlNode* mail = fields.node("email", YamlNode::map, Need::optional)) settings.mail = read_mail(*mail);
      if (const YamlNode* slack = fields.node("slack", YamlNode::map, Need::optional)) settings.slack = read_webhook(*slack, "slack");
      if (const YamlNode* teams = fields.node("teams", YamlNode::map, Need::optional)) settings.teams = read_webhook(*teams, "teams");
      fields.finish();
    }
    if (!mistakes_.empty()) return fail(ErrorKind::invalid, without_secrets(mistakes_.text()));
    return std::optional<DigestSettings>(std::move(settings));
  }

 private:
  void check_link(Fields& fields, const std::string& link) {
    const bool plain = std::all_of(link.begin(), link.end(), [](char c) { return c > ' ' && c < 0x7f && std::string_view("<>\"'|\\`").find(c) == std::string_view::npos; });
    if (!link.starts_with("https://") || host_of_url(link).empty() || !plain) fields.mistake("link", "an address of this collector is wanted, as https://plumbline.example.com:7444/");
  }

  void read_schedule(const YamlNode& node, DigestSchedule& schedule) {
    Fields fields(mistakes_, file_, node, "schedule");
    const std::string weekly = fields.text("weekly", Need::optional);
    schedule.weekday.reset();
    if (!weekly.empty()) read_weekly(fields, weekly, schedule);
    if (fields.has("on_gate")) schedule.on_gate = fields.boolean("on_gate");
    if (fields.has("gate_minutes")) schedule.gate_minutes = static_cast<int>(fields.number("gate_minutes", 0, kMostGateMinutes, Need::optional));
    if (weekly.empty() && !schedule.on_gate) fields.mistake("weekly", "nothing is due with these settings; say weekly: monday 07:00, or on_gate: true");
    fields.finish();
  }

  // "monday 07:00"
  static void read_weekly(Fields& fields, const std::string& text, DigestSchedule& schedule) {
    const auto parts = words(text);
    const auto weekday = parts.empty() ? std::nullopt : weekday_from(lower(parts[0]));
    const auto clock = parts.size() == 2 ? split(parts[1], ':') : std::vector<std::string_view>();
    const auto hour = clock.size() == 2 && clock[1] == "00" ? parse_u64(clock[0]) : std::nullopt;
    if (!weekday || !hour || *hour > 23) {
      fields.mistake("weekly", "a day and a full hour in UTC are wanted, as: monday 07:00");
      return;
    }
    schedule.weekday = *weekday;
    schedule.hour = static_cast<int>(*hour);
  }

  void read_server(Fields& fields, MailSettings& mail) {
    mail.server = fields.text("server");
    const std::string host = host_of_url(mail.server);
    const bool known = mail.server.starts_with("smtp://") || mail.server.starts_with("smtps://");
    if (!mail.server.empty() && (!known || host.empty())) fields.mistake("server", "an address is wanted, as smtp://mail.example.com:587 (with STARTTLS) or smtps://mail.example.com:465");
    if (fields.has("starttls")) mail.starttls = fields.boolean("starttls");
    if (!mail.starttls && !is_loopback(host)) fields.mistake("starttls", "mail leaves this machine encrypted or not at all; leave this out");
    const std::string authorities = fields.text("authorities", Need::optional);
    if (!authorities.empty()) mail.authorities = inside(folder_, authorities);
  }

  std::optional<MailSettings> read_mail(const YamlNode& node) {
    Fields fields(mistakes_, file_, node, "email");
    MailSettings mail;
    read_server(fields, mail);
    mail.user = fields.text("user", Need::optional);
    const std::string password = fields.text("password_file", Need::optional);
    if (mail.user.empty() != password.empty()) fields.mistake("user", "user and password_file belong together");
    if (!password.empty()) mail.password = secret(fields, "password_file", password);
    mail.from = fields.text("from");
    if (!mail.from.empty() && !is_mail_address(mail.from)) fields.mistake("from", "this is not an address that can be sent from");
    mail.from_name = fields.text("from_name", Need::optional);
    mail.to = fields.texts("to", Need::required);
    if (mail.to.size() > kMostRecipients) fields.mistake("to", "more than " + std::to_string(kMostRecipients) + " addresses; send to a list of your mail server");
    for (const auto& address : mail.to)
      if (!is_mail_address(address)) fields.mistake("to", "'" + printable(address) + "' is not an address that can be sent to");
    if (fields.has("attach_pdf")) mail.attach_pdf = fields.boolean("attach_pdf");
    fields.finish();
    return mail;
  }

  std::optional<WebhookSettings> read_webhook(const YamlNode& node, const char* what) {
    Fields fields(mistakes_, file_, node, what);
    WebhookSettings webhook;
    const std::string file = fields.text("webhook_file");
    if (!file.empty()) webhook.url = secret(fields, "webhook_file", file);
    const bool open_on_loopback = webhook.url.starts_with("http://") && is_loopback(host_of_url(webhook.url));
    if (!webhook.url.empty() && (host_of_url(webhook.url).empty() || (!webhook.url.starts_with("https://") && !open_on_loopback)))
      fields.mistake("webhook_file", "the address in it must begin with https://");
    const std::string authorities = fields.text("authorities", Need::optional);
    if (!authorities.empty()) webhook.authorities = inside(folder_, authorities);
    fields.finish();
    return webhook;
  }

  std::string secret(Fields& fields, const char* key, const std::string& path) {
    auto text = read_secret(inside(folder_, path));
    if (text) return std::move(*text);
    fields.mistake(key, text.error().message);
    return {};
  }

  std::string folder_;
  SourceFile file_;
  Mistakes mistakes_;
};

void add_stat(std::string& fingerprint, const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return;
  fingerprint += path + " " + std::to_string(info.st_size) + " " + std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + " " + std::to_string(info.st_mode) + "\n";
}

}  // namespace

Result<std::optional<DigestSettings>> read_digest_settings(const std::string& state_folder) {
  const std::string path = state_folder + "/" + std::string(kDigestSettingsFile);
  auto text = read_file(path, kMostSettingsBytes);
  if (!text && text.error().kind == ErrorKind::not_found) return std::optional<DigestSettings>();
  if (!text) return tl::unexpected(text.error());
  return Reader(state_folder, {path, std::move(*text)}).read();
}

std::string digest_settings_fingerprint(const std::string& state_folder) {
  std::string fingerprint;
  const std::string path = state_folder + "/" + std::string(kDigestSettingsFile);
  add_stat(fingerprint, path);
  // The files it names, found without reading it properly: any line that ends in "_file: name".
  const auto text = read_file(path, kMostSettingsBytes);
  if (!text) return fingerprint;
  for (const auto line : lines(*text))
    if (const auto colon = line.find("_file:"); colon != std::string_view::npos) add_stat(fingerprint, inside(state_folder, std::string(trim(line.substr(colon + 6)))));
  return fingerprint;
}

std::string shown_webhook(const std::string& url) {
  const std::string host = host_of_url(url);
  return host.empty() ? "…" : url.substr(0, url.find("://")) + "://" + host + "/…";
}

bool is_mail_address(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 >= text.size() || text.size() > kMostAddressBytes || text.find('@', at + 1) != std::string_view::npos) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  const auto dotted = [](std::string_view part) { return part.front() != '.' && part.back() != '.' && !contains(part, ".."); };
  const std::string_view local = text.substr(0, at), domain = text.substr(at + 1);
  return dotted(local) && dotted(domain) && local.front() != '-' &&
         std::all_of(local.begin(), local.end(), [&](char c) { return letter(c) || std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos; }) &&
         std::all_of(domain.begin(), domain.end(), [&](char c) { return letter(c) || c == '-' || c == '.'; });
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  const auto parts = split(host, '.');
  return parts.size() == 4 && parts[0] == "127" && std::all_of(parts.begin(), parts.end(), [](std::string_view part) { return parse_u64(part).value_or(256) < 256; });
}

std::string host_of_url(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  std::string_view rest = url.substr(scheme + 3);
  rest = rest.substr(0, std::min(rest.find_first_of("/?#"), rest.size()));
  if (rest.find('@') != std::string_view::npos) return {};  // who would hide a host behind a user's name
  std::string_view host = rest.starts_with('[') ? rest.substr(0, std::min(rest.find(']') + 1, rest.size())) : rest.substr(0, std::min(rest.find(':'), rest.size()));
  const std::string_view port = rest.substr(host.size());
  if (!port.empty() && (port.front() != ':' || parse_u64(port.substr(1)).value_or(65'536) > 65'535)) return {};
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view("-._:[]").find(c) != std::string_view::npos; };
  const std::string name = lower(host);
  return std::all_of(name.begin(), name.end(), allowed) ? name : std::string();
}

}  // namespace plumbline
