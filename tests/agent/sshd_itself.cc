// SPDX-License-Identifier: Apache-2.0
// Fifty configurations with Include and Match, made here, read by us and by the sshd that is installed: the same
// effective values outside Match blocks, and inside none that we do not list. Skipped where there is no sshd.
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/host.h"
#include "agent/scan.h"
#include "base/text.h"
#include "tests/agent/scratch.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

using nlohmann::json;

struct Keyword {
  const char* written;
  const char* in_sshd_t;
  const char* fact;
  bool in_match;
  std::vector<std::string> values;
};

const std::vector<Keyword> kKeywords = {
    {"PermitRootLogin", "permitrootlogin", "permit_root_login", true, {"yes", "no", "prohibit-password", "without-password", "forced-commands-only"}},
    {"PasswordAuthentication", "passwordauthentication", "password_authentication", true, {"yes", "no"}},
    {"KbdInteractiveAuthentication", "kbdinteractiveauthentication", "keyboard_interactive", true, {"yes", "no"}},
    {"ChallengeResponseAuthentication", "kbdinteractiveauthentication", "keyboard_interactive", true, {"yes", "no"}},
    {"PermitEmptyPasswords", "permitemptypasswords", "permit_empty_passwords", true, {"yes", "no"}},
    {"MaxAuthTries", "maxauthtries", "max_auth_tries", true, {"1", "3", "10"}},
    {"LoginGraceTime", "logingracetime", "login_grace_seconds", false, {"30", "2m", "1h30m", "0"}},
    {"ClientAliveInterval", "clientaliveinterval", "client_alive_interval_seconds", true, {"15", "5m", "0"}},
    {"ClientAliveCountMax", "clientalivecountmax", "client_alive_count_max", true, {"0", "2", "5"}},
    {"UsePAM", "usepam", "use_pam", false, {"yes", "no"}},
    {"X11Forwarding", "x11forwarding", "x11_forwarding", true, {"yes", "no"}},
    {"IgnoreRhosts", "ignorerhosts", "ignore_rhosts", false, {"yes", "no"}},
    {"HostbasedAuthentication", "hostbasedauthentication", "hostbased_authentication", true, {"yes", "no"}},
    {"PermitUserEnvironment", "permituserenvironment", "permit_user_environment", false, {"yes", "no"}},
    {"LogLevel", "loglevel", "log_level", true, {"INFO", "VERBOSE", "QUIET", "SILENT", "DEBUG", "DEBUG2"}},
};

/// The same fifty every time.
class Generator {
 public:
  explicit Generator(std::uint32_t seed) : state_(seed * 2654435761u + 1) {}

  std::uint32_t below(std::size_t limit) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_ % static_cast<std::uint32_t>(limit);
  }

  /// "ClientAliveInterval 5m", "usepam=yes", "X11FORWARDING = \"no\"  # why", a comment, or nothing.
  std::string line(bool in_match) {
    const Keyword& keyword = kKeywords[below(kKeywords.size())];
    if (in_match && !keyword.in_match) return "\n";
    const std::string value = keyword.values[below(keyword.values.size())];
    switch (below(6)) {
      case 0: return lower(keyword.written) + "=" + value + "\n";
      case 1: return "\t" + upper(keyword.written) + " = \"" + value + "\"\n";
      case 2: return std::string(keyword.written) + "\t" + value + "  # why\n";
      case 3: return "# " + std::string(keyword.written) + " " + value + "\n";
      default: return std::string(keyword.written) + " " + value + "\n";
    }
  }

  std::string lines(std::size_t most, bool in_match) {
    std::string text;
    for (std::size_t left = below(most + 1); left > 0; --left) text += line(in_match);
    return text;
  }

  std::string match() {
    const std::array<const char*, 6> criteria = {"User deploy", "User alice,deploy Address 10.0.0.0/8", "Address 192.0.2.0/24,!192.0.2.9", "Host *.example",
                                                 "user \"deploy\"", "LocalPort 2222"};
    return std::string("Match ") + criteria[below(criteria.size())] + "\n" + lines(4, true);
  }

  /// The main file and three fragments; "@/" stands for the root.
  std::map<std::string, std::string> files() {
    std::map<std::string, std::string> made;
    std::string& main = made["/etc/ssh/sshd_config"];
    const std::string include = below(3) == 0 ? "Include @/etc/ssh/sshd_config.d/10-*.conf @/etc/ssh/sshd_config.d/[2-9]*.conf\n" : "Include @/etc/ssh/sshd_config.d/*.conf\n";
    const std::uint32_t place = below(4);
    if (place == 0) main += include;
    main += lines(6, false);
    if (place == 1) main += include;
    if (below(2) == 0) main += "Match all\n" + lines(3, true);
    if (below(3) != 0) main += match();
    if (place == 2) main += include;  // inside the Match block, if there is one
    if (below(3) == 0) main += match();
    if (below(3) == 0) main += "Match all\n" + lines(3, true);
    if (place == 3) main += include;
    const bool inside = place >= 2;  // then fragments must hold only what a Match block may
    made["/etc/ssh/sshd_config.d/10-first.conf"] = lines(3, inside) + (below(3) == 0 ? match() : "");
    made["/etc/ssh/sshd_config.d/20-second.conf"] = lines(3, inside) + (below(2) == 0 ? "Include @/etc/ssh/more/*.conf\n" : "");
    made["/etc/ssh/more/a.conf"] = lines(3, inside);
    made["/etc/ssh/sshd_config.d/left-out.bak"] = "PermitRootLogin yes\nNonsense here\n";
    return made;
  }

 private:
  static std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    return text;
  }
  std::uint32_t state_;
};

struct Output {
  std::string text;
  int status = -1;
};

Output run(const std::string& command) {
  Output output;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 4096> buffer;
  while (std::size_t got = fread(buffer.data(), 1, buffer.size(), pipe)) output.text.append(buffer.data(), got);
  const int status = pclose(pipe);
  output.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return output;
}

std::string replaced(std::string text, const std::string& root) {
  for (std::size_t at = text.find("@/"); at != std::string::npos; at = text.find("@/", at + root.size())) text.replace(at, 1, root);
  return text;
}

std::map<std::string, std::string> effective(const std::string& root, const std::string& key, const std::string& connection) {
  const auto told = run("/usr/sbin/sshd -T -f " + root + "/etc/ssh/sshd_config -h " + key + " -C " + connection);
  INFO(told.text);
  REQUIRE(told.status == 0);
  std::map<std::string, std::string> values;
  for (const auto line : lines(told.text)) {
    const std::size_t blank = line.find(' ');
    if (blank != std::string_view::npos) values.emplace(line.substr(0, blank), line.substr(blank + 1));
  }
  return values;
}

/// A fact as sshd -T writes it.
std::string as_sshd_writes(const json& fact) {
  if (fact.is_boolean()) return fact.get<bool>() ? "yes" : "no";
  if (fact.is_number()) return fact.dump();
  const std::string text = fact.is_string() ? fact.get<std::string>() : "missing";
  static const std::map<std::string, std::string> kSame = {{"prohibit-password", "without-password"}, {"QUIET", "SILENT"}, {"DEBUG1", "DEBUG"}};
  const auto same = kSame.find(text);
  return same == kSame.end() ? text : same->second;
}

/// Whether the list of overrides has this value, written in whatever way.
bool lists(const json& overrides, const std::string& keyword, const std::string& value) {
  for (const auto& one : overrides) {
    const auto parts = words(one.get_ref<const std::string&>());
    if (parts.size() < 2 || parts[0] != keyword) continue;
    const std::string text(parts[1]);
    static const std::map<std::string, std::string> kSame = {{"5m", "300"}, {"prohibit-password", "without-password"}, {"QUIET", "SILENT"}};
    const auto same = kSame.find(text);
    if (text == value || (same != kSame.end() && same->second == value)) return true;
  }
  return false;
}

/// One login that only "Match all" holds for, and one that other blocks hold for, too.
std::size_t differences(std::uint32_t seed, const std::string& key, std::size_t& compared) {
  const Scratch ours;
  const Scratch theirs;
  Generator generator(seed);
  for (const auto& [path, text] : generator.files()) {
    ours.write(path, replaced(text, ""));
    theirs.write(path, replaced(text, theirs.path()));
  }
    const auto host = recorded_host(ours.path());
  REQUIRE(host);
  const auto scan = take_scan(**host, {{"ssh"}});
  REQUIRE(scan);
  const json facts = facts_of(*scan)["ssh"];
  const auto global = effective(theirs.path(), key, "user=somebody,host=elsewhere.test,addr=203.0.113.9,lport=22");
  const auto matched = effective(theirs.path(), key, "user=deploy,host=build.example,addr=10.1.2.3,lport=22");
  std::size_t wrong = 0;
  for (const Keyword& keyword : kKeywords) {
    const std::string got = facts.contains(keyword.fact) ? as_sshd_writes(facts[keyword.fact]) : "missing";
    const std::string want = global.at(keyword.in_sshd_t);
    const std::string inside = matched.at(keyword.in_sshd_t);
    compared += 2;
    if (got == want && (inside == want || lists(facts["match_overrides"], keyword.in_sshd_t, inside))) continue;
    ++wrong;
    std::cerr << "configuration " << seed << ": " << keyword.in_sshd_t << " we say " << got << ", sshd " << want << "; in a Match block " << inside << ", we list "
              << facts["match_overrides"].dump() << "\n";
  }
  return wrong;
}

}  // namespace

TEST_CASE("Fifty configurations with Include and Match have the values that the installed sshd gives them") {
  const Scratch place;
  const std::string key = place.path() + "/key";
  if (getuid() == 0) std::filesystem::create_directories("/run/sshd");
  place.write("/plain", "UsePAM no\n");
  const bool has_key = run("ssh-keygen -q -t ed25519 -N '' -f " + key).status == 0;
  if (!has_key || run("/usr/sbin/sshd -T -f " + place.path() + "/plain -h " + key).status != 0) {
    std::cerr << "skipped: no sshd is installed, or this user may not run it\n";
    return;
  }
  const auto version = run("/usr/sbin/sshd -V");
  std::size_t compared = 0;
  std::size_t wrong = 0;
  for (std::uint32_t seed = 1; seed <= 50; ++seed) wrong += differences(seed, key, compared);
  std::cerr << "sshd itself: " << compared << " values of 50 configurations compared, " << wrong << " differ; " << trim(version.text.substr(0, version.text.find('\n'))) << "\n";
  CHECK(wrong == 0);
}

}  // namespace plumbline
