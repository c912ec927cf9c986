// SPDX-License-Identifier: Apache-2.0
// The OpenSSH server: effective values of sshd_config, and the defaults of the program where it says nothing.
#include <algorithm>
#include <array>

#include "agent/authorized_keys.h"
#include "agent/config/sshd.h"
#include "agent/probes/all.h"
#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::string_view kWeak[] = {"3des-cbc",
                                      "aes128-cbc",
                                      "aes192-cbc",
                                      "aes256-cbc",
                                      "blowfish-cbc",
                                      "cast128-cbc",
                                      "rijndael-cbc@lysator.liu.se",
                                      "arcfour",
                                      "arcfour128",
                                      "arcfour256",
                                      "hmac-md5",
                                      "hmac-md5-96",
                                      "hmac-md5-etm@openssh.com",
                                      "hmac-md5-96-etm@openssh.com",
                                      "hmac-sha1",
                                      "hmac-sha1-96",
                                      "hmac-sha1-etm@openssh.com",
                                      "hmac-sha1-96-etm@openssh.com",
                                      "hmac-ripemd160",
                                      "umac-64@openssh.com",
                                      "umac-64-etm@openssh.com",
                                      "diffie-hellman-group1-sha1",
                                      "diffie-hellman-group14-sha1",
                                      "diffie-hellman-group-exchange-sha1",
                                      "gss-gex-sha1-",
                                      "gss-group1-sha1-",
                                      "gss-group14-sha1-"};

Error invalid(std::string_view keyword, std::string_view value) {
  return {ErrorKind::invalid,
          "/etc/ssh/sshd_config: sshd refuses " + std::string(keyword) + " " + printable(value)};
}

/// Writes one effective value each; what cannot be told is missing with its reason.
class Writer {
 public:
  Writer(const SshdConfig& config, Facts& facts) : config_(config), facts_(facts) {}

  /// Keywords whose values sshd refuses.
  const std::vector<std::string>& refused() const { return refused_; }

  void flag(std::string_view fact, std::string_view keyword, bool fallback) {
    const std::string* value = known(fact, keyword);
    if (value == nullptr) return put(fact, keyword, fallback);
    const std::string word = lower(*value);
    if (word == "yes" || word == "true") return facts_.set(fact, true);
    if (word == "no" || word == "false") return facts_.set(fact, false);
    if (keyword == "ignorerhosts" && word == "shosts-only") return facts_.set(fact, false);
    if (keyword == "permituserenvironment")
      return facts_.set(fact, true);  // a pattern of names that are let in
    refuse(fact, keyword, *value);
  }

  void number(std::string_view fact, std::string_view keyword, std::int64_t fallback) {
    const std::string* value = known(fact, keyword);
    if (value == nullptr) return put(fact, keyword, fallback);
    if (const auto parsed = parse_i64(*value))
      facts_.set(fact, *parsed);
    else
      refuse(fact, keyword, *value);
  }

  void time(std::string_view fact, std::string_view keyword, std::int64_t fallback) {
    const std::string* value = known(fact, keyword);
    if (value == nullptr) return put(fact, keyword, fallback);
    if (const auto parsed = parse_sshd_time(*value))
      facts_.set(fact, *parsed);
    else
      refuse(fact, keyword, *value);
  }

  void word(std::string_view fact, std::string_view keyword, std::string_view fallback,
            std::initializer_list<std::string_view> allowed) {
    const std::string* value = known(fact, keyword);
    if (value == nullptr) return put(fact, keyword, fallback);
    const auto match =
        std::find_if(allowed.begin(), allowed.end(), [&](auto one) { return lower(one) == lower(*value); });
    if (match == allowed.end()) return refuse(fact, keyword, *value);
    if (*match == "without-password") return facts_.set(fact, "prohibit-password");
    if (*match == "SILENT") return facts_.set(fact, "QUIET");
    if (*match == "DEBUG") return facts_.set(fact, "DEBUG1");
    facts_.set(fact, *match);
  }

  std::vector<std::string> list(std::string_view fact, std::string_view keyword) {
    std::vector<std::string> items;
    if (const std::string* value = known(fact, keyword)) {
      for (const std::string_view item : split(*value, ','))
        if (!trim(item).empty()) items.emplace_back(trim(item));
    }
    if (!config_.is_doubtful(keyword)) facts_.set(fact, items);
    return items;
  }

 private:
  void refuse(std::string_view fact, std::string_view keyword, std::string_view value) {
    facts_.missing(fact, invalid(keyword, value));
    refused_.emplace_back(keyword);
  }
  const std::string* known(std::string_view fact, std::string_view keyword) {
    if (config_.is_doubtful(keyword)) {
      facts_.missing(fact, *config_.unread);
      return nullptr;
    }
    return config_.value(keyword);
  }
  template <class T>
  void put(std::string_view fact, std::string_view keyword, T fallback) {
    if (!config_.is_doubtful(keyword)) facts_.set(fact, fallback);
  }

  const SshdConfig& config_;
  Facts& facts_;
  std::vector<std::string> refused_;
};

/// Keywords that say nothing of safety, or hold addresses and paths that other facts tell.
constexpr std::string_view kNotTold[] = {"acceptenv",    "subsystem",  "printmotd",    "printlastlog_", "listenaddress",
                                         "hostkey",      "setenv",     "forcecommand", "authorizedkeyscommand", "authorizedprincipalscommand",
                                         "addressfamily", "port",      "versionaddendum", "pidfile"};

bool is_told(std::string_view keyword) {
  return std::find(std::begin(kNotTold), std::end(kNotTold), keyword) == std::end(kNotTold);
}

constexpr std::size_t kMaxTold = 64;
constexpr std::size_t kMaxToldBytes = 400;

/// What the files say, so that a rule can tell "set to the default" from "not set". Of users only how many.
std::string told(std::string_view keyword, const std::vector<std::string>& arguments) {
  std::vector<std::string> once;
  for (const std::string& argument : arguments) {
    if (std::find(once.begin(), once.end(), argument) == once.end()) once.push_back(argument);
  }
  if (keyword == "allowusers" || keyword == "denyusers") return std::to_string(once.size());
  return to_utf8(join(once, " ").substr(0, kMaxToldBytes));
}

void write_configured(const SshdConfig& config, std::vector<std::string> refused, Facts& facts) {
  nlohmann::json configured = nlohmann::json::object();
  for (const auto& [keyword, arguments] : config.values) {
    if (is_told(keyword) && is_utf8(keyword) && !arguments.empty() && configured.size() < kMaxTold)
      configured[keyword] = told(keyword, arguments);
  }
  std::vector<std::string> overrides;
  for (const auto& [keyword, value] : config.overrides) {
    const auto global = config.values.find(keyword);
    const bool same = global != config.values.end() && lower(join(global->second, " ")) == lower(value);
    const std::string line = to_utf8(keyword + " " + told(keyword, {value}));
    if (!same && is_told(keyword) && overrides.size() < kMaxTold && std::find(overrides.begin(), overrides.end(), line) == overrides.end())
      overrides.push_back(line);
  }
  refused.insert(refused.end(), config.refused.begin(), config.refused.end());
  facts.set("ssh.refused", refused);
  if (config.unread) {
    for (const std::string_view fact : {"ssh.configured", "ssh.conflicts", "ssh.match_overrides", "ssh.includes"})
      facts.missing(fact, *config.unread);
    return;
  }
  facts.set("ssh.configured", std::move(configured));
  facts.set("ssh.conflicts", config.conflicts);
  facts.set("ssh.match_overrides", overrides);
  facts.set("ssh.includes", config.includes);
}

void write_weak(const std::vector<std::vector<std::string>>& lists, Facts& facts) {
  std::vector<std::string> weak;
  for (const auto& items : lists) {
    if (!items.empty() && items[0].starts_with('-')) continue;  // "-aes128-cbc" takes it away
    for (std::string item : items) {
      if (item.starts_with('+') || item.starts_with('^')) item.erase(0, 1);
      const bool found = std::any_of(std::begin(kWeak), std::end(kWeak), [&](auto one) {
        return item == one || (one.ends_with('-') && item.starts_with(one));
      });
      if (found && std::find(weak.begin(), weak.end(), item) == weak.end()) weak.push_back(item);
    }
  }
  facts.set("ssh.weak_algorithms", weak);
}

/// Red Hat's ssh_keys group may read them; anybody else's reading is too much.
void write_host_keys(const Host& host, Machine& machine, Facts& facts) {
  const auto entries = host.list("/etc/ssh");
  if (!entries) return facts.missing("ssh.host_keys_too_open", entries.error());
  int open = 0;
  for (const auto& entry : *entries) {
    if (!entry.name.starts_with("ssh_host_") || !entry.name.ends_with("_key")) continue;
    const auto stat = host.stat("/etc/ssh/" + entry.name);
    if (!stat) continue;
    bool group_is_for_keys = stat->gid == 0;
    if (const auto& groups = machine.groups()) {
      for (const auto& group : *groups)
        group_is_for_keys = group_is_for_keys || (group.gid == stat->gid && group.name == "ssh_keys");
    }
    if ((stat->mode & 0007) != 0 || (stat->mode & 0020) != 0 ||
        ((stat->mode & 0040) != 0 && !group_is_for_keys))
      ++open;
  }
  facts.set("ssh.host_keys_too_open", open);
}

/// OpenSSH changed it to prohibit-password in 7.0; Red Hat kept "yes" in release 7.
std::string_view default_root_login(const Host& host) {
  for (const std::string path : {"/etc/os-release", "/usr/lib/os-release"}) {
    const auto text = host.read(path, 64u << 10);
    if (!text) continue;
    std::string id;
    std::string version;
    for (const std::string_view line : lines(*text)) {
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos) continue;
      std::string value(trim(line.substr(equals + 1)));
      std::erase(value, '"');
      if (line.starts_with("ID=")) id = value;
      if (line.starts_with("ID_LIKE=")) id += " " + value;
      if (line.starts_with("VERSION_ID=")) version = value;
    }
    const auto major = parse_i64(std::string_view(version).substr(0, version.find('.')));
    const bool red_hat = contains(id, "rhel") || contains(id, "centos");
    if (red_hat && !contains(id, "fedora ") && major && *major < 8) return "yes";
    break;
  }
  return "prohibit-password";
}

void write_values(const SshdConfig& config, std::string_view root_login, Facts& facts) {
  Writer write(config, facts);
  write.word("ssh.permit_root_login", "permitrootlogin", root_login,
             {"yes", "no", "prohibit-password", "without-password", "forced-commands-only"});
  write.flag("ssh.password_authentication", "passwordauthentication", true);
  write.flag("ssh.keyboard_interactive", "kbdinteractiveauthentication", true);
  write.flag("ssh.permit_empty_passwords", "permitemptypasswords", false);
  write.number("ssh.max_auth_tries", "maxauthtries", 6);
  write.time("ssh.login_grace_seconds", "logingracetime", 120);
  write.time("ssh.client_alive_interval_seconds", "clientaliveinterval", 0);
  write.number("ssh.client_alive_count_max", "clientalivecountmax", 3);
  write.flag("ssh.use_pam", "usepam", false);
  write.flag("ssh.x11_forwarding", "x11forwarding", false);
  write.flag("ssh.ignore_rhosts", "ignorerhosts", true);
  write.flag("ssh.hostbased_authentication", "hostbasedauthentication", false);
  write.flag("ssh.permit_user_environment", "permituserenvironment", false);
  write.word("ssh.log_level", "loglevel", "INFO",
             {"QUIET", "SILENT", "FATAL", "ERROR", "INFO", "VERBOSE", "DEBUG", "DEBUG1", "DEBUG2", "DEBUG3"});
  bool limited = false;
  bool doubtful = false;
  for (const std::string_view keyword : {"allowusers", "allowgroups", "denyusers", "denygroups"}) {
    limited = limited || config.value(keyword) != nullptr;
    doubtful = doubtful || config.is_doubtful(keyword);
  }
  if (limited || !doubtful)
    facts.set("ssh.access_limited", limited);
  else
    facts.missing("ssh.access_limited", *config.unread);
  const auto ciphers = write.list("ssh.ciphers", "ciphers");
  const auto macs = write.list("ssh.macs", "macs");
  const auto exchanges = write.list("ssh.kex_algorithms", "kexalgorithms");
  write_weak({ciphers, macs, exchanges}, facts);
  facts.set("ssh.match_blocks", config.match_blocks);
  write_configured(config, write.refused(), facts);
}

/// What is not seen listening may do so unseen where some processes may not be looked at.
void write_running(Machine& machine, bool running, const std::vector<Socket>& sockets, Facts& facts) {
  const auto& processes = machine.processes();
  const auto& sockets_known = machine.sockets();
  const auto unseen = unseen_processes(machine);
  if (!running && unseen)
    facts.missing("ssh.running", *unseen);
  else if ((processes && !processes->empty()) || sockets_known)  // else a root that nobody runs: an image
    facts.set("ssh.running", running);
  else if (!processes && processes.error().kind != ErrorKind::not_found)
    facts.missing("ssh.running", processes.error());
  if (!sockets_known) {
    if (sockets_known.error().kind != ErrorKind::not_found) facts.missing("ssh.exposure", sockets_known.error());
    return;
  }
  const std::string_view exposure = exposure_of(sockets);
  if (exposure == "none" && unseen)
    facts.missing("ssh.exposure", *unseen);
  else
    facts.set("ssh.exposure", exposure);
}

}  // namespace

Result<void> probe_ssh(const Host& host, Machine& machine, Facts& facts) {
  std::vector<Socket> sockets;
  bool running = false;
  for (const Service& service : machine.services()) {
    if (service.product->kind != "ssh") continue;
    running = true;
    sockets.insert(sockets.end(), service.sockets.begin(), service.sockets.end());
  }
  std::string path = "/etc/ssh/sshd_config";
  const auto main = host.stat(path);
  // openSUSE keeps the vendor's file below /usr and reads it only where /etc has none.
  if (!main && main.error().kind == ErrorKind::not_found && host.stat("/usr/etc/ssh/sshd_config"))
    path = "/usr/etc/ssh/sshd_config";
  bool installed = running || main || path.starts_with("/usr");
  for (const std::string_view program : {"/usr/sbin/sshd", "/usr/local/sbin/sshd"})
    installed = installed || host.stat(program);
  for (const std::string_view name : {"openssh-server", "openssh"})
    installed = installed || machine.package(name) != nullptr;
  // a root without programs and packages, of which nobody knows what runs, does not tell
  const auto& sockets_known = machine.sockets();
  const bool seen = installed || (sockets_known && machine.processes()) || host.stat("/usr/sbin") || machine.package_manager() != "none";
  const bool hidden = !installed && ((!sockets_known && sockets_known.error().kind != ErrorKind::not_found) ||
                                     (!machine.processes() && machine.processes().error().kind != ErrorKind::not_found));
  if (!seen || hidden) {
    const Error why = !sockets_known ? sockets_known.error() : Error{ErrorKind::not_found, "not found: /usr/sbin, a package database, /proc"};
    for (const char* fact : {"ssh", "ssh.installed"}) facts.missing(fact, why);
    return {};
  }
  facts.set("ssh.installed", installed);
  write_running(machine, running, sockets, facts);
  if (!installed) return {};
  const auto config = read_sshd_config(host, path);
  if (config) {
    write_values(*config, default_root_login(host), facts);
  } else if (config.error().kind == ErrorKind::not_found) {
    write_values(SshdConfig{}, default_root_login(host), facts);
  } else {
    SshdConfig unread;
    unread.unread = config.error();
    write_values(unread, "", facts);
  }
  write_host_keys(host, machine, facts);
  write_authorized_keys(host, machine, facts);
  return {};
}

}  // namespace plumbline
