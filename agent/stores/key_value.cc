// SPDX-License-Identifier: Apache-2.0
// Redis, Valkey, Dragonfly and memcached.
#include <algorithm>
#include <array>

#include "agent/config/glob.h"
#include "agent/config/shell_words.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;
constexpr int kMaxIncludes = 32;
constexpr std::int64_t kMemcachedMegabytes = 64;  // memcached(1), -m

/// Commands that read or change the server itself; an ACL that takes @dangerous or @admin away takes them.
constexpr std::array<std::string_view, 4> kDangerous = {"config", "debug", "module", "flushall"};

/// "user default on nopass" and what of it tells how it is let in, names of other users left out.
std::string redact_user(const std::vector<std::string>& parts) {
  std::string out = parts[1] == "default" ? "user default" : "user other";
  for (std::size_t i = 2; i < parts.size(); ++i) {
    const std::string& part = parts[i];
    if (part == "on" || part == "off" || part == "nopass" || part == "resetpass" || part == "reset" ||
        part == "-@all" || part == "-@dangerous" || part == "-@admin" || part == "nocommands")
      out += " " + part;
    if (part.starts_with('>') || part.starts_with('#')) out += " >" + std::string(kRedacted);
  }
  return out + "\n";
}

/// Settings of redis.conf; of users only how they are let in.
std::string redact_redis(std::string_view text) {
  std::string out;
  for (const std::string_view line : lines(text)) {
    if (trim(line).starts_with('#')) continue;  // nine lines of ten
    const auto parts = shell_words(trim(line));
    if (parts.size() < 2 || parts[0].starts_with('#')) continue;
    const std::string key = lower(parts[0]);
    if (key == "user") {
      out += redact_user(parts);
    } else if (key == "rename-command") {
      out += "rename-command " + lower(parts[1]) + " x\n";
    } else if (key == "replicaof" || key == "slaveof") {
      out += lower(parts[1]) == "no" ? "replicaof no one\n" : "replicaof x 1\n";
    } else if (key == "sentinel") {
      if (lower(parts[1]) == "monitor" || parts[1] == "x") out += "sentinel monitor x\n";
    } else {
      out += keep_settings(
          trim(line), {"bind", "protected-mode", "port", "tls-port", "requirepass", "aclfile", "include", "dir",
                       "appendonly", "save", "loadmodule", "cluster-enabled", "maxmemory", "maxmemory-policy",
                       "enable-debug-command", "enable-module-command", "enable-protected-configs",
                       "min-replicas-to-write", "tls-auth-clients"});
    }
  }
  return out;
}

/// How a user is let in, as ACL SETUSER's words leave it, one after the other; redis.io, "ACL".
struct RedisUser {
  bool on = false, nopass = false, password = false, restricted = false;

  void apply(std::string_view word) {
    if (word == "reset") *this = {};
    if (word == "on") on = true;
    if (word == "off") on = false;
    if (word == "nopass") nopass = true, password = false;
    if (word == "resetpass") nopass = password = false;
    if (word.starts_with('>') || word.starts_with('#')) password = true, nopass = false;
    if (word.starts_with("-@") || word == "nocommands") restricted = true;
  }
};

struct RedisConfig {
  std::map<std::string, std::string> settings;  // the last one wins
  std::optional<RedisUser> default_user;
  bool other_open = false;  // a user of another name needs no password
  std::vector<std::string> renamed;
  bool save = true;
  bool sentinel = false;
  bool protects = true;  // protected-mode, where nothing sets it
  int includes = 0;
};

void add_user(std::string_view value, RedisConfig& config) {
  const auto parts = words(value);
  if (parts.empty()) return;
  RedisUser user;
  if (parts[0] == "default") user = {true, true, false, false};  // as it is before anybody changes it
  for (std::size_t i = 1; i < parts.size(); ++i) user.apply(parts[i]);
  if (parts[0] == "default")
    config.default_user = user;
  else if (user.on && user.nopass)
    config.other_open = true;
}

Result<void> read_redis(const Host& host, const std::string& path, RedisConfig& config);

Result<void> take(const Host& host, const std::string& key, const std::string& value, RedisConfig& config) {
  if (key == "include") {
    for (const auto& file : glob(host, value)) {
      auto done = read_redis(host, file, config);
      if (!done && done.error().kind != ErrorKind::not_found) return done;
    }
  } else if (key == "user") {
    add_user(value, config);
  } else if (key == "save") {
    config.save = !value.empty();
  } else if (key == "sentinel") {
    config.sentinel = true;
  } else if (key == "loadmodule") {
    config.settings[key] += value + " ";
  } else if (key == "rename-command") {
    config.renamed.push_back(value.substr(0, value.find(' ')));
  } else {
    config.settings[key] = value;
  }
  return {};
}

Result<void> read_redis(const Host& host, const std::string& path, RedisConfig& config) {
  if (++config.includes > kMaxIncludes) return {};
  const auto text = host.read_redacted(path, redact_redis, kMaxConfigBytes);
  if (!text) return tl::unexpected<Error>(text.error());
  for (const std::string_view line : lines(*text)) {
    const auto parts = shell_words(line);
    if (parts.empty()) continue;
    std::string value;
    for (std::size_t i = 1; i < parts.size(); ++i) value.append(i == 1 ? "" : " ").append(parts[i]);
    if (auto done = take(host, lower(parts[0]), value, config); !done) return done;
  }
  return {};
}

/// The file whose port is the instance's, of the places where packages put it.
Result<std::string> find_redis_config(const Host& host, const Store& store) {
  for (std::size_t i = 1; i < store.arguments().size(); ++i) {
    const std::string& word = store.arguments()[i];
    if (word.starts_with('/') && !store.arguments()[i - 1].starts_with("--")) return word;
    if (i == 1 && word.ends_with(".conf")) return whole_path(store, word);
  }
  const std::string name(store.product->kind);
  const int port = store.service == nullptr ? 0 : main_port(*store.service);
  const std::string folder = "/etc/" + name + "/";
  if (port != 0 && port != store.product->port) {
    for (const std::string& path : glob(host, folder + "*.conf")) {
      RedisConfig config;
      if (!read_redis(host, path, config)) continue;
      if (last_of(config.settings, "port") == std::to_string(port) ||
          last_of(config.settings, "tls-port") == std::to_string(port))
        return path;
    }
    return fail(ErrorKind::not_found, "not found: the configuration of port " + std::to_string(port));
  }
  return first_readable(
      host, {folder + name + ".conf", "/etc/" + name + ".conf", "/usr/local/etc/" + name + ".conf"});
}

Result<void> read_users(const Host& host, RedisConfig& config) {
  const std::string file = last_of(config.settings, "aclfile");
  if (file.empty()) return {};
  config.settings.erase("requirepass");  // a file of users makes it void; redis.conf, "requirepass"
  RedisConfig users;
  if (auto done = read_redis(host, file, users); !done) return done;
  config.default_user = users.default_user;
  config.other_open = users.other_open;
  return {};
}

void judge_redis(const RedisConfig& config, Store& store) {
  const std::string name = std::string(store.product->kind) + ".conf: ";
  const bool has_password = !last_of(config.settings, "requirepass").empty();
  const RedisUser user = config.default_user.value_or(RedisUser{true, true, false, false});
  if (config.other_open) store.risky.push_back("a user without password");
  if (!user.on) return set_auth(store, "required", name + "the default user is off");
  if (user.password || (has_password && !config.default_user))
    return set_auth(store, "required",
                    name + (user.password ? "the default user has a password" : "requirepass"));
  const bool by_hand = config.default_user && user.nopass;
  if (has_password && !by_hand) return set_auth(store, "required", name + "requirepass");
  set_auth(store, "none", name + (by_hand ? "the default user needs no password" : "no requirepass"));
  // Without a password, protected mode answers no other host; redis.conf, "protected-mode". "nopass" by hand
  // lifts it.
  if (by_hand || !is_on(last_of(config.settings, "protected-mode", config.protects ? "yes" : "no"))) return;
  store.auth_evidence += "; protected-mode refuses other hosts";
  if (store.exposure == "any" || store.exposure == "public" || store.exposure == "private")
    store.exposure = "loopback";
}

void find_redis_risks(const RedisConfig& config, Store& store) {
  for (const std::string_view key : {"enable-debug-command", "enable-module-command", "enable-protected-configs"})
    if (is_on(last_of(config.settings, std::string(key)))) store.risky.push_back(std::string(key) + "=yes");
  if (config.settings.count("protected-mode") != 0 && !is_on(last_of(config.settings, "protected-mode")))
    store.risky.push_back("protected-mode=no");
  const bool reachable =
      store.exposure == "private" || store.exposure == "public" || store.exposure == "any";
  const bool restricted = config.default_user && (config.default_user->restricted || !config.default_user->on);
  const bool renamed = std::any_of(kDangerous.begin(), kDangerous.end(), [&](std::string_view one) {
    return std::find(config.renamed.begin(), config.renamed.end(), one) != config.renamed.end();
  });
  if (reachable && !restricted && !renamed) store.risky.push_back("dangerous commands for every user");
}

void read_redis_settings(const Host& host, const RedisConfig& config, Store& store) {
  const std::string bind = last_of(config.settings, "bind", "* -::*");
  for (std::string_view address : words(bind)) {
    if (address.starts_with('-')) address.remove_prefix(1);
    listen_on(store, address == "::*" ? "::" : address);
  }
  const std::string tls_port = last_of(config.settings, "tls-port", "0");
  store.tls = tls_port == "0" || tls_port.empty() ? "off" : "on";
  store.tls_required = store.tls == "on" && last_of(config.settings, "port", "6379") == "0";
  store.port = static_cast<int>(
      parse_u64(last_of(config.settings, "port", std::to_string(store.product->port))).value_or(0) & 0xffff);
  store.archiving = is_on(last_of(config.settings, "appendonly", "no")) || config.save ? "on" : "off";
  const std::string source = last_of(config.settings, "replicaof");
  const bool sends = is_on(last_of(config.settings, "cluster-enabled")) ||
                     parse_u64(last_of(config.settings, "min-replicas-to-write")).value_or(0) > 0 ||
                     config.sentinel;
  store.replication = !source.empty() && source != "no one" ? "replica" : sends ? "primary" : "single";
  store.data_folder = whole_path(store, last_of(config.settings, "dir", "./"));
  while (store.data_folder.size() > 1 && store.data_folder.ends_with('/')) store.data_folder.pop_back();
  if (store.data_folder.empty() && host.stat("/var/lib/" + std::string(store.product->kind)))
    store.data_folder = "/var/lib/" + std::string(store.product->kind);
  const auto memory = parse_size(last_of(config.settings, "maxmemory", "0"));
  if (memory && *memory > 0) {
    store.cache_bytes = memory;
    store.evicts = last_of(config.settings, "maxmemory-policy", "noeviction") != "noeviction";
  }
  const bool search = contains(last_of(config.settings, "loadmodule"), "search");
  if (search)
    store.vector_capable = true;
  else if (!store.version.empty())
    store.vector_capable = store.product->kind == "redis" && is_version(store, 8);
}

/// Options on the command line go before the file: "--requirepass x", "--save ''".
void add_options(const Store& store, RedisConfig& config) {
  for (const std::string_view key : {"requirepass", "protected-mode", "tls-port", "port", "aclfile", "appendonly",
                                     "dir", "bind", "maxmemory", "maxmemory-policy", "replicaof"}) {
    const std::string value = option_value(store.arguments(), {"--" + std::string(key)});
    if (!value.empty()) config.settings[std::string(key)] = value;
  }
}

}  // namespace

void inspect_redis(const Host& host, Store& store) {
  RedisConfig config;
  const auto path = find_redis_config(host, store);
  if (store.working_folder != "/") store.data_folder = store.working_folder;  // it goes where its data is
  const bool own_arguments = std::any_of(store.arguments().begin(), store.arguments().end(),
                                         [](const auto& one) { return one.starts_with("--"); });
  if (path) {
    if (auto done = read_redis(host, *path, config); !done) return set_auth_unread(store, done.error());
  } else if (!own_arguments && !(store.contained && !store.words.empty())) {
    return set_auth_unread(store, path.error());
  } else if (store.contained) {
    config.protects = false;  // so the official images are built, for ports are published
  }
  add_options(store, config);
  if (auto done = read_users(host, config); !done) return set_auth_unread(store, done.error());
  RedisConfig sentinel;
  if (read_redis(host, "/etc/redis/sentinel.conf", sentinel) && sentinel.sentinel) config.sentinel = true;
  read_redis_settings(host, config, store);
  judge_redis(config, store);
  find_redis_risks(config, store);
}

void inspect_dragonfly(const Host& host, Store& store) {
  std::vector<std::string> options = store.arguments();
  std::string file = option_value(options, {"--flagfile"});
  if (file.empty()) file = "/etc/dragonfly/dragonfly.conf";
  if (const auto text = host.read_redacted(file, redact_text, kMaxConfigBytes))  // "--requirepass=…" a line
    for (const std::string_view line : lines(*text)) options.emplace_back(trim(line));
  const bool on = has_option(options, "--requirepass") || has_option(options, "--aclfile");
  set_auth(store, on ? "required" : "none", on ? "dragonfly: --requirepass" : "dragonfly: no --requirepass");
  store.tls = has_option(options, "--tls") ? "on" : "off";
  store.data_folder = option_value(options, {"--dir"});
  store.vector_capable = true;  // search is built in
}

void inspect_memcached(const Host& host, Store& store) {
  std::vector<std::string> options = store.arguments();
  if (options.empty()) {
    const auto path = first_readable(host, {"/etc/memcached.conf", "/etc/sysconfig/memcached"});
    if (!path) return set_auth_unread(store, path.error());
    const auto text = host.read(*path, 64u << 10);
    if (!text) return set_auth_unread(store, text.error());
    for (std::string_view line : lines(*text)) {
      line = trim(line);
      if (line.starts_with('#')) continue;
      if (line.starts_with("OPTIONS=")) line = trim(line.substr(8));
      while (!line.empty() && line.front() == '"') line.remove_prefix(1);
      while (!line.empty() && line.back() == '"') line.remove_suffix(1);
      for (const auto& word : shell_words(line)) options.push_back(word);
    }
  }
  std::string listen = option_value(options, {"-l", "--listen"});
  if (listen.empty()) listen = "*";
  for (const std::string_view address : split(listen, ',')) listen_on(store, address);
  const bool password = has_option(options, "-S") || has_option(options, "--enable-sasl") ||
                        has_option(options, "-Y") || has_option(options, "--auth-file");
  set_auth(store, password ? "required" : "none",
           password ? "memcached: SASL or an authentication file" : "memcached: neither -S nor -Y");
  store.tls = has_option(options, "-Z") || has_option(options, "--enable-ssl") ? "on" : "off";
  store.replication = "single";
  store.archiving = "off";
  store.vector_capable = false;
  store.evicts = !has_option(options, "-M") && !has_option(options, "--disable-evictions");
  const std::string memory = option_value(options, {"-m", "--memory-limit"});
  store.cache_bytes = parse_size(memory.empty() ? std::to_string(kMemcachedMegabytes) : memory, 1LL << 20);
  const std::string datagrams = option_value(options, {"-U", "--udp-port"});
  if (parse_u64(datagrams).value_or(0) > 0) store.risky.push_back("udp-port=" + datagrams);
}

}  // namespace plumbline
