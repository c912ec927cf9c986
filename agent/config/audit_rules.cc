// SPDX-License-Identifier: Apache-2.0
// Reads audit.rules(7) and auditd.conf(5).
#include "agent/config/audit_rules.h"

#include <algorithm>
#include <map>
#include <set>

#include "agent/config/glob.h"
#include "agent/config/shell_words.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxAuditBytes = 1u << 20;
constexpr std::size_t kMaxTold = 200;

enum Width : unsigned { kWidth32 = 1, kWidth64 = 2, kBothWidths = 3 };

/// One "-a always,exit …" line.
struct Rule {
  bool records = false;  // always,exit
  unsigned width = 0;    // 0 where the line names none: then it holds for both
  std::string path;
  std::string accesses;
  std::string end;  // "-EACCES"
  std::vector<std::string> syscalls;
};

// "arch=b64", "dir=/var/log/audit/", "perm=wa", "exit=-EACCES", "auid>=1000"
void read_field(std::string_view field, Rule& rule) {
  const std::size_t equals = field.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view name = field.substr(0, equals);
  const std::string_view value = field.substr(equals + 1);
  if (name == "arch") rule.width = value == "b32" ? kWidth32 : value == "b64" ? kWidth64 : kBothWidths;
  if (name == "path" || name == "dir") rule.path = value;
  if (name == "perm") rule.accesses = value;
  if (name == "exit") rule.end = value;
  if (name == "success" && (value == "0" || value == "no")) rule.end = "failed";
}

Rule read_rule(const std::vector<std::string>& parts) {
  Rule rule;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const std::string& value = parts[i + 1];
    if (parts[i] == "-a" || parts[i] == "-A") rule.records = value == "always,exit" || value == "exit,always";
    if (parts[i] == "-F") read_field(value, rule);
    if (parts[i] == "-S") {
      for (const std::string_view name : split(value, ',')) rule.syscalls.emplace_back(name);
    }
    if (parts[i].starts_with('-')) ++i;
  }
  return rule;
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

class Collector {
 public:
  void read(std::string_view text) {
    for (const std::string_view raw : lines(text)) {
      const std::string_view line = trim(raw);
      if (!line.starts_with("-w ") && !line.starts_with("-a ") && !line.starts_with("-A ")) continue;
      ++count_;
      const auto parts = shell_words(line);
      if (parts[0] == "-w")
        watch(parts);
      else
        note(read_rule(parts));
    }
  }

  AuditRules take() const {
    AuditRules rules;
    rules.count = count_;
    for (const auto& [name, width] : watches_) {
      if (width == kBothWidths && rules.watches.size() < kMaxTold) rules.watches.push_back(to_utf8(name));
    }
    for (const auto& [name, width] : syscalls_) {
      if (width == kBothWidths && rules.syscalls.size() < kMaxTold) rules.syscalls.push_back(to_utf8(name));
    }
    return rules;
  }

 private:
  // "-w /etc/passwd -p wa -k identity"; without -p it is rwxa
  void watch(const std::vector<std::string>& parts) {
    std::string accesses = "rwxa";
    for (std::size_t i = 2; i + 1 < parts.size(); ++i) {
      if (parts[i] == "-p") accesses = parts[i + 1];
    }
    if (parts.size() > 1) watches_[without_slash(parts[1]) + " " + accesses] = kBothWidths;
  }

  void note(const Rule& rule) {
    if (!rule.records) return;
    const unsigned width = rule.width == 0 ? kBothWidths : rule.width;
    if (!rule.path.empty()) watches_[without_slash(rule.path) + " " + (rule.accesses.empty() ? "rwxa" : rule.accesses)] |= width;
    if (!rule.path.empty()) return;
    for (const std::string& name : rule.syscalls) syscalls_[rule.end.empty() ? name : name + " " + rule.end] |= width;
  }

  int count_ = 0;
  std::map<std::string, unsigned> watches_;
  std::map<std::string, unsigned> syscalls_;
};

void put_file(const Host& host, const std::string& path, std::initializer_list<std::string_view> names, std::string_view prefix, Layered& settings) {
  const auto text = host.read(path, kMaxAuditBytes);
  if (text)
    put_lines(*text, names, prefix, settings);
  else
    settings.note(text.error());
}

}  // namespace

Result<AuditRules> read_audit_rules(const Host& host) {
  auto files = glob(host, "/etc/audit/rules.d/*.rules");
  const auto folder = host.list("/etc/audit/rules.d");
  if (!folder && folder.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(folder.error());
  if (files.empty()) files.push_back("/etc/audit/audit.rules");
  Collector collector;
  for (const std::string& path : files) {
    const auto text = host.read(path, kMaxAuditBytes);
    if (!text && text.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(text.error());
    if (text) collector.read(*text);
  }
  return collector.take();
}

void put_auditd_settings(const Host& host, Layered& settings) {
  put_file(host, "/etc/audit/auditd.conf",
           {"max_log_file", "max_log_file_action", "num_logs", "space_left", "space_left_action", "admin_space_left",
            "admin_space_left_action", "disk_full_action", "disk_error_action", "flush", "freq", "local_events", "log_format",
            "log_group", "name_format", "overflow_action", "write_logs", "action_mail_acct", "priority_boost", "q_depth"},
           "auditd.", settings);
  put_file(host, "/etc/audit/plugins.d/au-remote.conf", {"active", "direction", "path", "type"}, "au-remote.", settings);
  put_file(host, "/etc/audit/plugins.d/syslog.conf", {"active"}, "au-syslog.", settings);
  put_file(host, "/etc/audit/audisp-remote.conf", {"transport", "enable_krb5", "disk_full_action", "network_failure_action", "overflow_action"},
           "audisp-remote.", settings);
}

}  // namespace plumbline
