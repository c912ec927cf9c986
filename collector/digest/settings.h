// SPDX-License-Identifier: Apache-2.0
// Where digests go and when: digest.yaml in the collector's folder. Secrets stand in files of their own, readable by their
// owner alone, so that a mistake in the settings can be shown with its line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "collector/digest/schedule.h"

namespace plumbline {

struct MailSettings {
  std::string server;            // "smtp://mail.example.com:587" or "smtps://…"
  bool starttls = true;          // of smtp://; may be off on the loopback alone
  std::string authorities;       // a file of certificates to trust instead of the system's; empty: those
  std::string user, password;    // both or none
  std::string from;              // an address
  std::string from_name;
  std::vector<std::string> to;   // addresses
  bool attach_pdf = false;       // the CEO page
};

struct WebhookSettings {
  std::string url;               // a secret: whoever has it may post
  std::string authorities;       // as of mail
};

struct DigestSettings {
  DigestSchedule schedule;
  std::string link;              // "https://plumbline.example.com:7444/"; may be empty
  std::optional<MailSettings> mail;
  std::optional<WebhookSettings> slack, teams;
};

inline constexpr std::size_t kMostRecipients = 50;
inline constexpr std::string_view kDigestSettingsFile = "digest.yaml";

/// Nothing where there is no such file. The error holds every mistake with its place, and never a secret.
Result<std::optional<DigestSettings>> read_digest_settings(const std::string& state_folder);
/// Sizes and times of the file and of those it names, so that a change is noticed.
std::string digest_settings_fingerprint(const std::string& state_folder);

/// "https://hooks.slack.com/…": what may be shown of a webhook.
std::string shown_webhook(const std::string& url);
/// An address as this program sends to: letters, digits and a few signs on both sides of one @.
bool is_mail_address(std::string_view text);
/// Whether an address of a server is this machine itself.
bool is_loopback(std::string_view host);
/// Of "https://host:port/path": "host", in lower case; empty where it is none.
std::string host_of_url(std::string_view url);

}  // namespace plumbline
