// SPDX-License-Identifier: Apache-2.0
// What may leave memory of files that hold secrets: names and structure without the values. Every function
// here is idempotent, for a recording holds redacted text and is redacted again when it is replayed.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace plumbline {

/// Stands where a secret stood, so that "a password is set" can still be told and counted.
inline constexpr std::string_view kRedacted = "<redacted>";
/// Stands where a variable held a password that its product's manual tells everybody: MinIO's "minioadmin".
inline constexpr std::string_view kWellKnown = "<well-known>";

/// "api-key", "MYSQL_PWD", "requirepass", "secretAccessKey"; not "tokenizer", "max-tokens", "password-file".
bool is_secret_name(std::string_view name);

/// One line of settings, an argument or a URL: values of secret names, user parts of URLs and strings with
/// the shape of well-known tokens are replaced.
std::string redact_line(std::string_view line);
/// redact_line() of every line; keys in PEM and block values of YAML go as well.
std::string redact_text(std::string_view text);

/// /proc/<pid>/cmdline: arguments with NUL after each.
std::string redact_arguments(std::string_view arguments);
/// /proc/<pid>/environ: names; values only of variables known to hold no secret (OLLAMA_HOST, PG_VERSION, …)
/// and where they are a switch (true, off, none, …).
std::string redact_environment(std::string_view environment);
/// Whether the value of this environment variable may be kept.
bool is_plain_variable(std::string_view name);
/// A file of NAME=value lines: names, and kRedacted where a secret one has a value.
std::string redact_variables(std::string_view text);
/// /etc/shadow: name and what stands for its password: "", "!", "*", "$6$", "des" or "other".
std::string redact_shadow(std::string_view text);
/// /etc/passwd: a password's hash, which belongs into /etc/shadow, becomes kRedacted.
std::string redact_passwd(std::string_view text);
/// A systemd unit: what tells how a service is started and by whom; Environment= as redact_environment().
std::string redact_unit(std::string_view text);
/// Any text with secrets in it, of which only their number matters: one line of kRedacted a secret.
std::string count_secrets(std::string_view text);

/// Only the lines whose first word is one of `names` (any case, "-" as "_"), section headers, and keys of
/// YAML without a value; redact_line() of each. Items of a list stay under their name.
std::string keep_settings(std::string_view text, std::initializer_list<std::string_view> names);

}  // namespace plumbline
