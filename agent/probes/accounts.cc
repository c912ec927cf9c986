// SPDX-License-Identifier: Apache-2.0
// Local accounts, their passwords' state, sudo, and the rights of the files that hold them.
#include <algorithm>
#include <array>
#include <optional>

#include "agent/config/account_files.h"
#include "agent/config/file_rights.h"
#include "agent/config/glob.h"
#include "agent/config/layered.h"
#include "agent/config/pam.h"
#include "agent/config/shell_profile.h"
#include "agent/config/sudoers.h"
#include "agent/machine.h"
#include "agent/probes/all.h"
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

void write_users(Machine& machine, const Result<std::string>& login, Facts& facts) {
  const auto& users = machine.users();
  if (!users) {
    for (const std::string_view fact :
         {"accounts.count", "accounts.human_count", "accounts.extra_uid0", "accounts.system_with_shell"})
      facts.missing(fact, users.error());
    return;
  }
  const auto first_human =
      static_cast<unsigned>(parse_u64(login_definition(login.value_or(""), "UID_MIN")).value_or(1000));
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
  facts.set("accounts.extra_uid0", extra_root);
  if (!login && login.error().kind != ErrorKind::not_found) {  // who counts as a person is set there
    for (const std::string_view fact : {"accounts.human_count", "accounts.system_with_shell"}) facts.missing(fact, login.error());
    return;
  }
  facts.set("accounts.human_count", humans);
  facts.set("accounts.system_with_shell", system);
}

template <class T>
void set_unless(const std::optional<Error>& unread, std::string_view fact, T value, Facts& facts) {
  if (unread)
    facts.missing(fact, *unread);
  else
    facts.set(fact, std::move(value));
}

void write_passwords(const Host& host, Facts& facts) {
  const AccountFiles files = read_account_files(host);
  std::optional<Error> either = files.shadow_unread ? files.shadow_unread : files.passwd_unread;
  // A system without /etc/shadow keeps passwords in /etc/passwd.
  if (either && either->kind == ErrorKind::not_found && !(files.shadow_unread && files.passwd_unread)) either.reset();
  set_unless(either, "accounts.empty_passwords", files.empty, facts);
  set_unless(files.shadow_unread, "accounts.weak_hashes", files.weak_hashes, facts);
  set_unless(files.shadow_unread, "accounts.hash_kinds", files.hashes, facts);
  if (files.shadow_unread || !files.root_password.empty())
    set_unless(files.shadow_unread, "accounts.root_password", files.root_password, facts);
  set_unless(files.passwd_unread, "accounts.unshadowed", files.unshadowed, facts);
  set_unless(files.passwd_unread, "accounts.doubles", files.doubles, facts);
  std::optional<Error> closed;
  bool any = false;
  for (const auto* unread : {&files.passwd_unread, &files.group_unread, &files.shadow_unread}) {
    any = any || !*unread;
    if (*unread && ((*unread)->kind != ErrorKind::not_found || !closed)) closed = *unread;
  }
  if (closed && any && closed->kind == ErrorKind::not_found) closed.reset();
  set_unless(closed, "accounts.nis_entries", files.nis_entries, facts);
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

/// Tells whether sudo is installed; its options go to the policy.
bool write_sudo(const Host& host, Layered& policy, Facts& facts) {
  const auto file = host.stat("/etc/sudoers");
  const bool installed = file || host.stat("/usr/bin/sudo") || file.error().kind != ErrorKind::not_found;
  auto sudoers = installed ? read_sudoers(host) : Result<Sudoers>(Sudoers{});
  if (!sudoers && sudoers.error().kind == ErrorKind::not_found) sudoers = Sudoers{};
  if (!sudoers) {
    facts.missing("accounts.sudo_nopasswd", sudoers.error());
    facts.missing("accounts.sudo_weaknesses", sudoers.error());
    policy.note(sudoers.error());
    return installed;
  }
  facts.set("accounts.sudo_nopasswd", sudoers->nopasswd_all);
  facts.set("accounts.sudo_weaknesses", sudoers->weaknesses);
  for (auto& [name, value] : sudoers->defaults.values) policy.put(name, value);
  policy.conflicts.insert(sudoers->defaults.conflicts.begin(), sudoers->defaults.conflicts.end());
  return installed;
}

/// The hard limit on core dumps and on logins for everybody; later files win. "*  hard  core  0"
void put_limits(const Host& host, Layered& policy) {
  GlobMatches files = glob_matches(host, "/etc/security/limits.d/*.conf");
  if (files.unread) policy.note(*files.unread);
  files.paths.insert(files.paths.begin(), "/etc/security/limits.conf");
  for (const std::string& path : files.paths) {
    const auto text = host.read(path, kMaxConfigBytes);
    if (!text) policy.note(text.error());
    if (!text) continue;
    for (const std::string_view line : lines(*text)) {
      const auto parts = words(line.substr(0, line.find('#')));
      if (parts.size() < 4 || parts[0] != "*" || (parts[1] != "hard" && parts[1] != "-")) continue;
      if (parts[2] == "core" || parts[2] == "maxlogins") policy.put("limits." + std::string(parts[2]), parts[3]);
    }
  }
}

void put_login_policy(const Host& host, const Result<std::string>& login, Layered& policy) {
  if (!login) policy.note(login.error());
  put_lines(login.value_or(""),
            {"pass_max_days", "pass_min_days", "pass_warn_age", "pass_min_len", "umask", "encrypt_method", "fail_delay",
             "sha_crypt_min_rounds", "sha_crypt_max_rounds", "yescrypt_cost_factor", "login_retries", "login_timeout", "create_home"},
            "login.", policy);
  const auto useradd = host.read("/etc/default/useradd", kMaxConfigBytes);
  if (useradd)
    put_lines(*useradd, {"inactive"}, "useradd.", policy);
  else
    policy.note(useradd.error());
}

/// pam_faillock counts where it stands after the password was wrong ("authfail") and looks at the count where it
/// stands before ("preauth") or after it was right ("authsucc"); one without the other locks nobody.
bool locks_after_failures(const std::vector<PamLine>& pam) {
  bool counts = false;
  bool looks = false;
  for (const PamLine& line : pam) {
    if (line.type != "auth" || (line.module != "faillock" && line.module != "tally2")) continue;
    const auto has = [&](std::string_view word) {
      return std::find(line.arguments.begin(), line.arguments.end(), word) != line.arguments.end();
    };
    const bool counter = line.module == "tally2" || has("authfail");
    counts = counts || counter;
    looks = looks || line.module == "tally2" || has("preauth") || has("authsucc");
  }
  return counts && looks;
}

void write_pam(const Result<std::vector<PamLine>>& pam, Facts& facts) {
  if (!pam) {
    for (const char* path : {"accounts.faillock", "accounts.pam", "accounts.password_min_length", "accounts.policy"})
      facts.missing(path, pam.error());
    return;
  }
  facts.set("accounts.faillock", locks_after_failures(*pam));
  facts.set("accounts.pam", judged_pam_lines(*pam));
}

/// The method that pam_unix is told; it goes before login.defs, which it only falls back to.
std::string hash_method(const Result<std::vector<PamLine>>& pam, const Layered& policy) {
  constexpr std::array<std::string_view, 7> methods = {"yescrypt", "gost_yescrypt", "sha512", "sha256", "md5", "blowfish", "bigcrypt"};
  std::string found;
  for (const PamLine& line : pam.value_or(std::vector<PamLine>())) {
    if (line.type != "password" || line.module != "unix") continue;
    for (const auto& argument : line.arguments) {
      if (std::find(methods.begin(), methods.end(), argument) != methods.end()) found = argument;
    }
  }
  return found.empty() ? lower(policy.get("login.encrypt_method")) : found;
}

/// What holds where nobody says: 8 with pam_pwquality (pwquality.conf(5)), 6 with pam_unix alone (pam_unix(8)).
std::optional<std::int64_t> default_length(const std::vector<PamLine>& pam) {
  std::optional<std::int64_t> length;
  for (const PamLine& line : pam) {
    if (line.type != "password") continue;
    if (line.module == "pwquality") return 8;
    if (line.module == "unix") length = 6;
  }
  return length;
}

/// `policy` is what modules and their files say.
void write_password_length(const Result<std::vector<PamLine>>& pam, const Layered& policy, Facts& facts) {
  if (policy.unread) return facts.missing("accounts.password_min_length", *policy.unread);
  auto length = parse_i64(policy.get("pwquality.minlen"));
  if (!length) length = parse_i64(policy.get("unix.minlen"));
  if (!length && pam) length = default_length(*pam);
  if (length && *length > 0) facts.set("accounts.password_min_length", *length);
}

void write_hash_method(const Result<std::vector<PamLine>>& pam, const Layered& policy, const Result<std::string>& login, Facts& facts) {
  constexpr std::string_view kFact = "accounts.hash_method";
  if (!pam && pam.error().kind != ErrorKind::not_found) return facts.missing(kFact, pam.error());
  const std::string method = hash_method(pam, policy);
  if (!method.empty()) return facts.set(kFact, method);
  if (!login && login.error().kind != ErrorKind::not_found) facts.missing(kFact, login.error());
}

void write_policy(const Host& host, const Result<std::string>& login, Facts& facts) {
  const auto pam = read_pam(host);
  write_pam(pam, facts);
  Layered policy;
  if (!pam) policy.note(pam.error());
  put_pam_policy(host, pam ? *pam : std::vector<PamLine>(), policy);
  write_password_length(pam, policy, facts);
  put_login_policy(host, login, policy);
  put_limits(host, policy);
  write_hash_method(pam, policy, login, facts);
  if (const auto days = parse_i64(policy.get("login.pass_max_days"))) facts.set("accounts.max_password_days", *days);
  const bool installed = write_sudo(host, policy, facts);
  facts.set("accounts.sudo_installed", installed);
  if (policy.unread) {
    for (const std::string_view fact : {"accounts.policy", "accounts.policy_conflicts"}) facts.missing(fact, *policy.unread);
    return;
  }
  facts.set("accounts.policy", policy.values);
  facts.set("accounts.policy_conflicts", policy.conflicts);
}

void write_shell_profile(const Host& host, Facts& facts) {
  const ShellProfile profile = read_shell_profile(host);
  set_unless(profile.unread, "accounts.umasks", profile.umasks, facts);
  set_unless(profile.unread, "accounts.shell_timeout_seconds", profile.timeout_seconds, facts);
  set_unless(profile.unread, "accounts.risky_search_paths", profile.risky_paths, facts);
}

void write_loose_files(const Host& host, Machine& machine, Facts& facts) {
  const LooseFiles loose = loose_files(host, machine);
  if (loose.unread)
    facts.missing("accounts.loose_files", *loose.unread);
  else
    facts.set("accounts.loose_files", loose.found);
}

}  // namespace

Result<void> probe_accounts(const Host& host, Machine& machine, Facts& facts) {
  const auto read = host.read("/etc/login.defs", kMaxConfigBytes);
  if (!read && read.error().kind != ErrorKind::not_found) facts.missing("accounts.max_password_days", read.error());
  write_users(machine, read, facts);
  write_passwords(host, facts);
  write_files(host, facts);
  write_policy(host, read, facts);
  write_shell_profile(host, facts);
  write_loose_files(host, machine, facts);
  return {};
}

}  // namespace plumbline
