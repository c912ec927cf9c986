// SPDX-License-Identifier: Apache-2.0
// Local accounts, their passwords' state, sudo, and the rights of the files that hold them.
#include <algorithm>
#include <array>

#include "agent/config/glob.h"
#include "agent/config/ini.h"
#include "agent/config/sudoers.h"
#include "agent/machine.h"
#include "agent/probes/all.h"
#include "agent/redact.h"
#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;

bool has_login_shell(const User& user) {
  const std::string_view shell = base_name(user.shell);
  return shell != "nologin" && shell != "false" && shell != "true" && shell != "sync" &&
         shell != "shutdown" && shell != "halt" && shell != "git-shell";
}

std::string octal(unsigned mode) {
  std::string out;
  for (int shift = 9; shift >= 0; shift -= 3) out += static_cast<char>('0' + ((mode >> shift) & 7u));
  return out;
}

/// "PASS_MAX_DAYS	99999" of /etc/login.defs.
std::string login_definition(std::string_view text, std::string_view name) {
  std::string value;
  for (const std::string_view line : lines(text)) {
    const auto parts = words(line);
    if (parts.size() > 1 && parts[0] == name) value = parts[1];
  }
  return value;
}

void write_users(Machine& machine, const std::string& login, Facts& facts) {
  const auto& users = machine.users();
  if (!users) {
    for (const std::string_view fact :
         {"accounts.count", "accounts.human_count", "accounts.extra_uid0", "accounts.system_with_shell"})
      facts.missing(fact, users.error());
    return;
  }
  const auto first_human =
      static_cast<unsigned>(parse_u64(login_definition(login, "UID_MIN")).value_or(1000));
  int humans = 0;
  int extra_root = 0;
  int system = 0;
  for (const User& user : *users) {
    const bool human = user.uid >= first_human && user.uid != 65534 && user.uid != 65533;
    if (human && has_login_shell(user)) ++humans;
    if (user.uid == 0 && user.name != "root") ++extra_root;
    // An empty shell field means /bin/sh.
    const bool excepted =
        user.name == "root" || user.name == "sync" || user.name == "shutdown" || user.name == "halt";
    if (!human && user.uid != 0 && user.uid < first_human && has_login_shell(user) && !excepted) ++system;
  }
  facts.set("accounts.count", users->size());
  facts.set("accounts.human_count", humans);
  facts.set("accounts.extra_uid0", extra_root);
  facts.set("accounts.system_with_shell", system);
}

void write_passwords(const Host& host, Facts& facts) {
  const auto shadow = host.read_redacted("/etc/shadow", redact_shadow, kMaxConfigBytes);
  if (!shadow) {
    facts.missing("accounts.empty_passwords", shadow.error());
    facts.missing("accounts.weak_hashes", shadow.error());
    return;
  }
  int empty = 0;
  int weak = 0;
  for (const std::string_view line : lines(*shadow)) {
    const auto fields = split(line, ':');
    if (fields.size() < 2) continue;
    if (fields[1].empty()) ++empty;
    if (fields[1] == "des" || fields[1] == "$1$" || fields[1] == "$md5$") ++weak;
  }
  facts.set("accounts.empty_passwords", empty);
  facts.set("accounts.weak_hashes", weak);
}

void write_files(const Host& host, Facts& facts) {
  struct Rule {
    std::string_view path;
    unsigned most;
  };
  constexpr std::array<Rule, 4> rules = {
      {{"/etc/passwd", 0644}, {"/etc/group", 0644}, {"/etc/shadow", 0640}, {"/etc/gshadow", 0640}}};
  bool good = true;
  for (const auto& rule : rules) {
    const auto stat = host.stat(rule.path);
    if (!stat) {
      if (stat.error().kind == ErrorKind::not_found) continue;
      return facts.missing("accounts.files_ok", stat.error());
    }
    if (rule.path == "/etc/passwd") facts.set("accounts.passwd_mode", octal(stat->mode));
    if (rule.path == "/etc/shadow") facts.set("accounts.shadow_mode", octal(stat->mode));
    good = good && stat->uid == 0 && (stat->mode & ~rule.most & 0777u) == 0;
  }
  facts.set("accounts.files_ok", good);
}

/// Which modules stand where; of their options only the shortest password, for some modules are told a password.
std::string redact_pam(std::string_view text) {
  std::string kept;
  for (const std::string_view raw : lines(text)) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    // "password requisite pam_pwquality.so retry=3 minlen=12", "auth optional pam_mysql.so user=a passwd=b"
    for (const std::string_view word : words(line)) {
      if (!contains(word, "=") || word.starts_with("minlen=")) kept.append(word).append(" ");
    }
    kept.append("\n");
  }
  return kept;
}

/// All words of the PAM stacks that guard a login, comments dropped.
struct Pam {
  bool faillock = false;
  std::string unix_hash;
  int min_length = 0;
};
Result<Pam> read_pam(const Host& host) {
  Pam pam;
  bool any = false;
  for (const std::string_view file : {"common-auth", "common-account", "common-password", "system-auth",
                                      "password-auth", "login", "base-auth"}) {
    const auto text = host.read_redacted("/etc/pam.d/" + std::string(file), redact_pam, kMaxConfigBytes);
    if (!text) {
      if (text.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(text.error());
      continue;
    }
    any = true;
    for (const std::string_view raw : lines(*text)) {
      const std::string_view line = trim(raw);
      if (line.empty() || line.front() == '#') continue;
      const bool auth = line.starts_with("auth") || line.starts_with("-auth");
      if (auth && (contains(line, "pam_faillock.so") || contains(line, "pam_tally2.so"))) pam.faillock = true;
      const bool password = line.starts_with("password") || line.starts_with("-password");
      for (const std::string_view word : words(line)) {
        if (!password) break;
        if (contains(line, "pam_unix.so") && (word == "yescrypt" || word == "sha512" || word == "sha256" ||
                                              word == "md5" || word == "blowfish" || word == "gost_yescrypt"))
          pam.unix_hash = word;
        const bool length_module = contains(line, "pam_pwquality.so") || contains(line, "pam_cracklib.so") ||
                                   contains(line, "pam_unix.so");
        if (length_module && word.starts_with("minlen="))
          pam.min_length = static_cast<int>(parse_i64(word.substr(7)).value_or(0));
      }
    }
  }
  if (!any) return fail(ErrorKind::not_found, "not found: /etc/pam.d");
  return pam;
}

void write_policy(const Host& host, const std::string& login, Facts& facts) {
  const auto pam = read_pam(host);
  if (pam)
    facts.set("accounts.faillock", pam->faillock);
  else
    facts.missing("accounts.faillock", pam.error());
  int length = pam ? pam->min_length : 0;
  auto files = glob(host, "/etc/security/pwquality.conf.d/*.conf");
  files.insert(files.begin(), "/etc/security/pwquality.conf");
  for (const std::string& path : files) {
    const auto text = host.read(path, kMaxConfigBytes);
    if (!text) continue;
    for (const auto& line : parse_ini(*text)) {
      if (line.key == "minlen" && (pam ? pam->min_length : 0) == 0)
        length = static_cast<int>(parse_i64(line.value).value_or(length));
    }
  }
  if (length > 0) facts.set("accounts.password_min_length", length);
  std::string method = pam ? pam->unix_hash : "";
  if (method.empty()) method = lower(login_definition(login, "ENCRYPT_METHOD"));
  if (!method.empty()) facts.set("accounts.hash_method", method);
  if (const auto days = parse_i64(login_definition(login, "PASS_MAX_DAYS")))
    facts.set("accounts.max_password_days", *days);
}

}  // namespace

Result<void> probe_accounts(const Host& host, Machine& machine, Facts& facts) {
  const std::string login = host.read("/etc/login.defs", kMaxConfigBytes).value_or("");
  write_users(machine, login, facts);
  write_passwords(host, facts);
  write_files(host, facts);
  write_policy(host, login, facts);
  const auto sudoers = host.stat("/etc/sudoers");
  const bool installed =
      sudoers || host.stat("/usr/bin/sudo") || sudoers.error().kind != ErrorKind::not_found;
  facts.set("accounts.sudo_installed", installed);
  if (!installed) {
    facts.set("accounts.sudo_nopasswd", 0);
  } else {
    const auto count = count_sudo_nopasswd(host);
    if (!count && count.error().kind == ErrorKind::not_found)
      facts.set("accounts.sudo_nopasswd", 0);
    else
      facts.set("accounts.sudo_nopasswd", count);
  }
  return {};
}

}  // namespace plumbline
