// SPDX-License-Identifier: Apache-2.0
// Fuzz target: one text as whatever the agent reads. The first byte chooses the reader, for probes and greetings the
// second which of them. What comes of it must be facts, and what a redactor leaves it must leave as it is.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "agent/asks/greeting_words.h"
#include "agent/config/audit_rules.h"
#include "agent/config/ini.h"
#include "agent/config/modprobe.h"
#include "agent/config/pam.h"
#include "agent/config/pg_hba.h"
#include "agent/config/rsyslog.h"
#include "agent/config/shell_profile.h"
#include "agent/config/shell_words.h"
#include "agent/config/sshd.h"
#include "agent/config/sudoers.h"
#include "agent/config/sysctl.h"
#include "agent/config/time_sources.h"
#include "agent/config/xml.h"
#include "agent/config/yaml.h"
#include "agent/host.h"
#include "agent/machine.h"
#include "agent/probe.h"
#include "agent/redact.h"
#include "agent/scan.h"

namespace plumbline {
namespace {

/// A machine whose every file holds the same, in folders a few levels deep.
class OneTextHost final : public Host {
 public:
  explicit OneTextHost(std::string_view text) : text_(text) {}

  Result<std::string> read(std::string_view path, std::size_t limit) const override {
    if (text_.size() > limit) return fail(ErrorKind::limit, "too long: " + std::string(path));
    return std::string(text_);
  }
  Result<std::string> read_redacted(std::string_view path, Redact redact, std::size_t limit) const override {
    return read(path, limit).map([redact](const std::string& text) { return redact(text); });
  }
  Result<std::vector<FolderEntry>> list(std::string_view path) const override {
    constexpr std::size_t kDeepest = 5;
    std::size_t depth = 0;
    for (const char c : path) depth += c == '/' ? 1 : 0;
    if (depth > kDeepest) return std::vector<FolderEntry>();
    return std::vector<FolderEntry>{{"1", FileType::folder}, {"50-a.conf", FileType::regular}};
  }
  Result<std::string> read_link(std::string_view path) const override {
    return fail(ErrorKind::not_found, "not found: " + std::string(path));
  }
  Result<FileStat> stat(std::string_view path, bool) const override {
    const bool folder = path.ends_with("/1");
    return FileStat{folder ? FileType::folder : FileType::regular, folder ? 0755u : 0644u, 0, 0, text_.size(), 1'700'000'000, 1};
  }
  Result<std::string> ask(std::string_view question) const override {
    return question == "now" ? std::string("1795466100") : std::string(text_);
  }

 private:
  std::string_view text_;
};

using Take = void (*)(std::string_view text, const Host& host, std::uint8_t which);

void greet(std::string_view text, const Host&, std::uint8_t which) {
  const auto names = greeting_protocols();
  const auto protocol = names[which % names.size()];
  const std::size_t half = text.find("\n--\n");
  std::vector<GreetingReply> replies = {{std::string(text.substr(0, half)), (which & 1u) != 0}};
  if (half != std::string_view::npos) replies.push_back({std::string(text.substr(half + 4)), true});
  for (const auto& words : greeting_words(protocol, "127.0.0.1:1"))
    if (words.whole != nullptr) (void)words.whole(text);
  const Heard heard = judge_greeting(protocol, replies);
  if (heard.version != clean_version(heard.version)) std::abort();
}

void probe(std::string_view, const Host& host, std::uint8_t which) {
  Machine machine(host);
  const auto& all = probes();
  (void)run_probe(all[which % all.size()], host, machine);
}

void redact(std::string_view text, const Host&, std::uint8_t which) {
  constexpr std::array<Redact, 14> all = {redact_text,  redact_arguments, redact_environment, redact_variables, redact_shadow,
                                          redact_passwd, redact_unit,     count_secrets,      redact_pg_hba,    redact_mysql,
                                          redact_postgresql, redact_rsyslog, redact_sudoers,  redact_time_sources};
  const Redact one = all[which % all.size()];
  const std::string once = one(text);
  // Quotes that never close are read anew, and ends of lines are made one.
  if (text.find_first_of(std::string_view("'\"\\\r\0", 5)) == std::string_view::npos && one(once) != once) std::abort();
}

void settings(std::string_view text, const Host& host, std::uint8_t) {
  Layered found;
  put_auditd_settings(host, found);
  read_systemd_settings(host, "journald.conf", {"storage"}, "", found);
  put_lines(text, {"maxauthtries"}, "", found);
  Machine machine(host);
  (void)read_time_settings(host, machine);
}

void pam(std::string_view, const Host& host, std::uint8_t) {
  const auto found = read_pam(host);
  if (!found) return;
  Layered policy;
  put_pam_policy(host, *found, policy);
  (void)judged_pam_lines(*found);
}

constexpr std::array<Take, 17> kReaders = {
    probe,
    greet,
    redact,
    settings,
    pam,
    [](std::string_view text, const Host&, std::uint8_t) { (void)parse_ini(text); },
    [](std::string_view text, const Host&, std::uint8_t) { (void)flatten_yaml(text); },
    [](std::string_view text, const Host&, std::uint8_t) { (void)flatten_xml(redact_xml(text)); },
    [](std::string_view text, const Host&, std::uint8_t) { (void)parse_pg_hba(text); },
    [](std::string_view text, const Host&, std::uint8_t) { (void)shell_words(text); },
    [](std::string_view, const Host& host, std::uint8_t) { (void)read_sshd_config(host, "/etc/ssh/sshd_config"); },
    [](std::string_view, const Host& host, std::uint8_t) { (void)read_sudoers(host); },
    [](std::string_view, const Host& host, std::uint8_t) { (void)read_sysctl_files(host); },
    [](std::string_view, const Host& host, std::uint8_t) { (void)blocked_modules(host); },
    [](std::string_view, const Host& host, std::uint8_t) { (void)read_rsyslog(host); },
    [](std::string_view, const Host& host, std::uint8_t) { (void)read_audit_rules(host); },
    [](std::string_view, const Host& host, std::uint8_t) { (void)read_shell_profile(host); },
};

}  // namespace
}  // namespace plumbline

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  plumbline::kReaders[data[0] % plumbline::kReaders.size()](text, plumbline::OneTextHost(text), data[1]);
  return 0;
}
