// SPDX-License-Identifier: Apache-2.0
// Redis, Valkey and memcached.
#include "agent/config/glob.h"
#include "agent/config/shell_words.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;
constexpr int kMaxIncludes = 32;

/// Settings of redis.conf; of users only whether the default one is on and needs a password.
std::string redact_redis(std::string_view text) {
  std::string out;
  for (const std::string_view line : lines(text)) {
    const auto parts = shell_words(trim(line));
    if (parts.size() < 2 || parts[0].starts_with('#')) continue;
    if (lower(parts[0]) != "user") {
      out += keep_settings(trim(line),
                           {"bind", "protected-mode", "port", "tls-port", "requirepass", "aclfile", "include",
                            "dir", "appendonly", "save", "loadmodule", "cluster-enabled"});
      if (lower(parts[0]) == "replicaof" || lower(parts[0]) == "slaveof") out += "replicaof x 1\n";
      continue;
    }
    if (parts[1] != "default") continue;
    out += "user default";
    for (std::size_t i = 2; i < parts.size(); ++i) {
      if (parts[i] == "on" || parts[i] == "off" || parts[i] == "nopass") out += " " + parts[i];
      if (parts[i].starts_with('>') || parts[i].starts_with('#')) out += " >" + std::string(kRedacted);
    }
    out += '\n';
  }
  return out;
}

struct RedisConfig {
  std::map<std::string, std::string> settings;  // the last one wins
  std::string default_user;                     // what follows "user default"
  bool save = true;
  int includes = 0;
};

Result<void> read_redis(const Host& host, const std::string& path, RedisConfig& config) {
  if (++config.includes > kMaxIncludes) return {};
  const auto text = host.read_redacted(path, redact_redis, kMaxConfigBytes);
  if (!text) return tl::unexpected<Error>(text.error());
  for (const std::string_view line : lines(*text)) {
    const auto parts = shell_words(line);
    if (parts.empty()) continue;
    const std::string key = lower(parts[0]);
    std::string value;
    for (std::size_t i = 1; i < parts.size(); ++i) value.append(i == 1 ? "" : " ").append(parts[i]);
    if (key == "include") {
      for (const auto& file : glob(host, value)) {
        auto done = read_redis(host, file, config);
        if (!done && done.error().kind != ErrorKind::not_found) return done;
      }
    } else if (key == "user") {
      config.default_user = value;
    } else if (key == "save") {
      config.save = !value.empty();
    } else if (key == "loadmodule") {
      config.settings[key] += value + " ";
    } else {
      config.settings[key] = value;
    }
  }
  return {};
}

/// The file whose port is the instance's, of the places where packages put it.
Result<std::string> find_redis_config(const Host& host, const Store& store) {
  for (std::size_t i = 1; i < store.arguments().size(); ++i) {
    if (store.arguments()[i].starts_with('/')) return store.arguments()[i];
    if (store.arguments()[i].starts_with("--")) break;
  }
  const std::string name(store.product->kind);
  const int port = store.service == nullptr ? 0 : main_port(*store.service);
  const std::string folder = "/etc/" + name + "/";
  if (port != 0 && port != store.product->port) {
    for (const std::string& path : glob(host, folder + "*.conf")) {
      RedisConfig config;
      if (read_redis(host, path, config) && last_of(config.settings, "port") == std::to_string(port))
        return path;
    }
    return fail(ErrorKind::not_found, "not found: the configuration of port " + std::to_string(port));
  }
  return first_readable(
      host, {folder + name + ".conf", "/etc/" + name + ".conf", "/usr/local/etc/" + name + ".conf"});
}

void judge_redis(const Host& host, const RedisConfig& config, Store& store) {
  const std::string name = std::string(store.product->kind) + ".conf: ";
  std::string user = config.default_user;
  if (const std::string file = last_of(config.settings, "aclfile"); !file.empty()) {
    RedisConfig users;
    if (auto done = read_redis(host, file, users); !done) return set_auth_unread(store, done.error());
    user = users.default_user;
  }
  const bool has_password = !last_of(config.settings, "requirepass").empty();
  const auto flags = words(user);
  const auto has = [&](std::string_view flag) {
    return std::any_of(flags.begin(), flags.end(), [flag](auto one) { return one.starts_with(flag); });
  };
  if (has("off")) return set_auth(store, "required", name + "the default user is off");
  if (has("nopass"))
    set_auth(store, "none", name + "the default user needs no password");
  else if (has_password || has(">"))
    return set_auth(store, "required",
                    name + (has_password ? "requirepass" : "the default user has a password"));
  else
    set_auth(store, "none", name + "no requirepass");
  // Without a password, protected mode answers no other host; redis.conf, "protected-mode". "nopass" by hand
  // lifts it.
  if (has("nopass") || !is_on(last_of(config.settings, "protected-mode", "yes"))) return;
  store.auth_evidence += "; protected-mode refuses other hosts";
  if (store.exposure == "any" || store.exposure == "public" || store.exposure == "private")
    store.exposure = "loopback";
}

}  // namespace

void inspect_redis(const Host& host, Store& store) {
  RedisConfig config;
  const auto path = find_redis_config(host, store);
  const bool own_arguments = std::any_of(store.arguments().begin(), store.arguments().end(),
                                         [](const auto& one) { return one.starts_with("--"); });
  if (path) {
    if (auto done = read_redis(host, *path, config); !done) return set_auth_unread(store, done.error());
  } else if (!own_arguments) {
    return set_auth_unread(store, path.error());
  }
  for (const std::string_view key :
       {"requirepass", "protected-mode", "tls-port", "aclfile", "appendonly", "dir", "bind"}) {
    const std::string value = option_value(store.arguments(), {"--" + std::string(key)});
    if (!value.empty()) config.settings[std::string(key)] = value;
  }
  if (store.exposure.empty()) {
    store.exposure = "none";
    for (std::string_view address : words(last_of(config.settings, "bind", "* -::*"))) {
      if (address.starts_with('-')) address.remove_prefix(1);
      store.exposure = wider(store.exposure, exposure_of(address == "::*" ? "::" : address));
    }
  }
  judge_redis(host, config, store);
  const std::string tls_port = last_of(config.settings, "tls-port", "0");
  store.tls = tls_port == "0" || tls_port.empty() ? "off" : "on";
  store.archiving = is_on(last_of(config.settings, "appendonly", "no")) || config.save ? "on" : "off";
  store.replication = config.settings.count("replicaof") != 0              ? "replica"
                      : is_on(last_of(config.settings, "cluster-enabled")) ? "primary"
                                                                           : "single";
  store.data_folder = last_of(config.settings, "dir", "/var/lib/" + std::string(store.product->kind));
  if (!store.data_folder.starts_with('/')) store.data_folder.clear();
  const bool search = contains(last_of(config.settings, "loadmodule"), "search");
  if (!store.version.empty())
    store.vector_capable = search || (store.product->kind == "redis" && major_of(store.version) >= 8);
}

void inspect_memcached(const Host& host, Store& store) {
  std::vector<std::string> options = store.arguments();
  if (store.process == nullptr) {
    const auto text = host.read("/etc/memcached.conf", 64u << 10);
    if (!text) return set_auth_unread(store, text.error());
    for (const std::string_view line : lines(*text)) {
      if (!trim(line).starts_with('#'))
        for (const auto& word : shell_words(line)) options.push_back(word);
    }
    if (store.exposure.empty()) {
      const std::string listen = option_value(options, {"-l", "--listen"});
      store.exposure = exposure_of(listen.empty() ? "*" : listen);
    }
  }
  const bool password = has_option(options, "-S") || has_option(options, "--enable-sasl") ||
                        has_option(options, "-Y") || has_option(options, "--auth-file");
  set_auth(store, password ? "required" : "none",
           password ? "memcached: SASL or an authentication file" : "memcached: neither -S nor -Y");
  store.tls = has_option(options, "-Z") || has_option(options, "--enable-ssl") ? "on" : "off";
  store.replication = "single";
  store.archiving = "off";
  store.vector_capable = false;
}

}  // namespace plumbline
