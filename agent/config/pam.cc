// SPDX-License-Identifier: Apache-2.0
// Reads pam.d(5) and the files of pam_pwquality, pam_faillock and pam_pwhistory.
#include "agent/config/pam.h"

#include <algorithm>
#include <array>

#include "agent/config/glob.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxPamBytes = 1u << 20;
constexpr std::size_t kMaxPamLines = 200;

constexpr std::array<std::string_view, 11> kStacks = {"common-auth", "common-account",  "common-password", "common-session",
                                                      "system-auth", "password-auth",   "postlogin",       "base-auth",
                                                      "base-password", "login",         "su"};

/// Their values tell of policy; of all other names with a value some are passwords ("passwd=…" of pam_mysql).
constexpr std::array<std::string_view, 34> kPlainNames = {
    "minlen",        "minclass",  "dcredit",     "ucredit",        "lcredit",       "ocredit",      "difok",
    "maxrepeat",     "maxclassrepeat", "maxsequence", "gecoscheck", "dictcheck",    "usercheck",    "enforcing",
    "retry",         "deny",      "unlock_time", "root_unlock_time", "fail_interval", "remember",   "rounds",
    "delay",         "group",     "min",         "max",            "similar",       "passphrase",   "match",
    "enforce",       "dir",       "conf",        "minimum",        "inactive",      "umask"};

constexpr std::array<std::string_view, 12> kJudgedModules = {"unix",   "faillock", "tally2",  "pwquality", "cracklib",  "passwdqc",
                                                             "pwhistory", "faildelay", "lastlog", "wheel", "securetty", "namespace"};

bool is_plain(std::string_view word) {
  const std::size_t equals = word.find('=');
  return equals == std::string_view::npos ||
         std::find(kPlainNames.begin(), kPlainNames.end(), word.substr(0, equals)) != kPlainNames.end();
}

/// Which modules stand where with which plain arguments. Controls in brackets become "[]": jumps are not judged.
std::string redact_pam(std::string_view text) {
  std::string kept;
  for (const std::string_view raw : lines(text)) {
    bool brackets = false;
    for (const std::string_view word : words(raw)) {
      if (word.front() == '#') break;
      // "[success=1 default=ignore]"
      if (brackets || word.front() == '[') {
        brackets = !word.ends_with(']');
        if (!brackets) kept.append("[] ");
      } else if (is_plain(word)) {
        kept.append(word).append(" ");
      }
    }
    if (!kept.empty() && kept.back() != '\n') kept.append("\n");
  }
  return kept;
}

std::string module_name(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
  if (name.starts_with("pam_")) name.remove_prefix(4);
  if (name.ends_with(".so")) name.remove_suffix(3);
  return to_utf8(name.substr(0, 64));
}

// "password requisite pam_pwquality.so retry=3", "-auth sufficient pam_sss.so", "@include common-auth"
void read_stack(std::string_view file, std::string_view text, std::vector<PamLine>& found) {
  std::map<std::string, int> places;
  for (const std::string_view raw : lines(text)) {
    const auto parts = words(raw);
    if (parts.size() < 3 || found.size() >= kMaxPamLines) continue;
    PamLine line;
    line.file = file;
    line.type = parts[0].front() == '-' ? parts[0].substr(1) : parts[0];
    line.place = ++places[line.type];
    line.module = module_name(parts[2]);
    for (std::size_t i = 3; i < parts.size(); ++i) line.arguments.push_back(to_utf8(parts[i].substr(0, 64)));
    found.push_back(std::move(line));
  }
}

void put_arguments(const PamLine& line, std::initializer_list<std::string_view> names, std::string_view prefix, Layered& policy) {
  for (const std::string& argument : line.arguments) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    policy.put(std::string(prefix) + name, equals == std::string::npos ? "true" : std::string_view(argument).substr(equals + 1));
  }
}

const std::initializer_list<std::string_view> kQualityNames = {
    "minlen", "minclass", "dcredit", "ucredit", "lcredit", "ocredit", "difok", "maxrepeat", "maxclassrepeat", "maxsequence",
    "gecoscheck", "dictcheck", "usercheck", "enforcing", "enforce_for_root", "retry", "local_users_only"};
const std::initializer_list<std::string_view> kFaillockNames = {
    "deny", "unlock_time", "root_unlock_time", "fail_interval", "even_deny_root", "audit", "silent", "dir", "no_log_info",
    "local_users_only", "nodelay", "admin_group"};
const std::initializer_list<std::string_view> kHistoryNames = {"remember", "enforce_for_root", "retry", "use_authtok"};

void put_file(const Host& host, const std::string& path, std::initializer_list<std::string_view> names, std::string_view prefix, Layered& policy) {
  const auto text = host.read(path, kMaxPamBytes);
  if (text)
    put_lines(*text, names, prefix, policy);
  else
    policy.note(text.error());
}

}  // namespace

Result<std::vector<PamLine>> read_pam(const Host& host) {
  std::vector<PamLine> found;
  bool any = false;
  for (const std::string_view file : kStacks) {
    const auto text = host.read_redacted("/etc/pam.d/" + std::string(file), redact_pam, kMaxPamBytes);
    if (!text && text.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(text.error());
    if (!text) continue;
    any = true;
    read_stack(file, *text, found);
  }
  if (!any) return fail(ErrorKind::not_found, "not found: /etc/pam.d");
  return found;
}

std::vector<std::string> judged_pam_lines(const std::vector<PamLine>& lines) {
  std::vector<std::string> told;
  for (const PamLine& line : lines) {
    const bool judged = std::find(kJudgedModules.begin(), kJudgedModules.end(), line.module) != kJudgedModules.end();
    // pam_unix in account and session stacks is what every system has.
    const bool plain = line.module == "unix" && line.type != "password" && line.type != "auth";
    if (!judged || plain) continue;
    std::string text = line.file + " " + line.type + " " + std::to_string(line.place) + " " + line.module;
    for (const auto& argument : line.arguments) {
      if (argument != "try_first_pass" && argument != "shadow") text.append(" ").append(argument);
    }
    told.push_back(std::move(text));
  }
  return told;
}

void put_pam_policy(const Host& host, const std::vector<PamLine>& lines, Layered& policy) {
  const GlobMatches fragments = glob_matches(host, "/etc/security/pwquality.conf.d/*.conf");
  if (fragments.unread) policy.note(*fragments.unread);
  for (const auto& path : fragments.paths) put_file(host, path, kQualityNames, "pwquality.", policy);
  put_file(host, "/etc/security/pwquality.conf", kQualityNames, "pwquality.", policy);
  put_file(host, "/etc/security/faillock.conf", kFaillockNames, "faillock.", policy);
  put_file(host, "/etc/security/pwhistory.conf", kHistoryNames, "pwhistory.", policy);
  for (const PamLine& line : lines) {
    const bool password = line.type == "password";
    if (password && (line.module == "pwquality" || line.module == "cracklib")) put_arguments(line, kQualityNames, "pwquality.", policy);
    if (password && line.module == "pwhistory") put_arguments(line, {"remember", "enforce_for_root", "retry"}, "pwhistory.", policy);
    if (password && line.module == "unix") put_arguments(line, {"rounds", "remember", "minlen"}, "unix.", policy);
    if (line.module == "faillock") put_arguments(line, kFaillockNames, "faillock.", policy);
    if (line.module == "faildelay") put_arguments(line, {"delay"}, "faildelay.", policy);
  }
}

}  // namespace plumbline
