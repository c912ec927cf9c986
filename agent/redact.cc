// SPDX-License-Identifier: Apache-2.0
// The secrets filter. Where it is in doubt it takes too much: a lost setting is an unknown, a leaked one an
// incident.
#include "agent/redact.h"

#include <algorithm>
#include <array>
#include <vector>

#include "agent/config/shell_words.h"
#include "base/text.h"

namespace plumbline {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

template <class Range>
bool is_one_of(std::string_view word, const Range& range) {
  return std::find(std::begin(range), std::end(range), word) != std::end(range);
}
template <class Range>
bool ends_with_one_of(std::string_view word, const Range& range) {
  return std::any_of(std::begin(range), std::end(range),
                     [word](std::string_view end) { return word.ends_with(end); });
}

/// "secretAccessKey" and "SECRET_ACCESS_KEY" give secret, access, key.
std::vector<std::string> name_words(std::string_view name) {
  std::vector<std::string> found(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '_' || c == '-' || c == '.') {
      found.emplace_back();
      continue;
    }
    if (is_upper(c) && i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z') found.emplace_back();
    found.back() += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  std::erase_if(found, [](const std::string& word) { return word.empty(); });
  return found;
}

constexpr std::array<std::string_view, 17> kSecretEnds = {
    "password",   "passwd",      "passphrase", "secret",     "secrets",  "apikey",
    "credential", "credentials", "token",      "tokens",     "pass",     "pwd",
    "cookie",     "accesskey",   "secretkey",  "privatekey", "passwords"};
constexpr std::array<std::string_view, 9> kSecretWords = {
    "psw", "pw", "bearer", "authorization", "masterauth", "passin", "passout", "setcookie", "cookies"};
constexpr std::array<std::string_view, 16> kKeyKinds = {
    "api",     "access", "secret",  "private", "encryption", "account", "auth",  "master",
    "signing", "shared", "storage", "encrypt", "license",    "service", "admin", "root"};
// A name that ends so speaks about a secret and does not hold one.
constexpr std::array<std::string_view, 37> kHarmlessEnds = {
    "file",      "files",   "path",    "dir",        "folder",         "type",   "length", "len",
    "age",       "ttl",     "policy",  "encryption", "authentication", "count",  "limit",  "size",
    "method",    "mode",    "enabled", "required",   "days",           "min",    "max",    "name",
    "algorithm", "timeout", "expiry",  "ask",        "minlen",         "prompt", "command",
    "store",     "manager", "provider", "endpoint",  "env",            "ref"};
constexpr std::array<std::string_view, 12> kTokenCounts = {"max",        "min", "num",     "batched",
                                                           "budget",     "new", "prompt",  "total",
                                                           "completion", "ctx", "predict", "special"};

constexpr std::array<std::string_view, 24> kTokenShapes = {
    "sk-",   "hf_",   "ghp_",  "gho_",    "ghs_", "ghu_", "github_pat_", "glpat-",
    "xoxb-", "xoxp-", "xapp-", "AKIA",    "ASIA", "AIza", "eyJ",         "nvapi-",
    "pypi-", "npm_",  "ya29.", "dop_v1_", "SG.",  "r8_",  "gsk_",        "hvs."};
constexpr std::size_t kTokenBytes = 16;  // the shortest of them is longer

constexpr std::array<std::string_view, 17> kHarmlessValues = {
    "true",     "false",    "yes",      "no",     "on",
    "off",      "none",     "null",     "nil",    "required",
    "optional", "enabled",  "disabled", "bearer", "prohibit-password",
    "default",  "preferred"};

bool is_harmless_value(std::string_view value) {
  if (value.empty() || value == kRedacted || is_one_of(lower(value), kHarmlessValues)) return true;
  // "${DB_PASSWORD}" names where the secret is and is none.
  return value.size() > 3 && value.starts_with("${") && value.find('}') == value.size() - 1 &&
         std::all_of(value.begin() + 2, value.end() - 1, is_name_character);
}

/// "amqp://user:pass@host" to "amqp://<redacted>@host".
std::string redact_urls(std::string_view line) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t at = line.find("://"); at != std::string_view::npos; at = line.find("://", from)) {
    at += 3;
    out += line.substr(from, at - from);
    from = at;
    const std::size_t end = std::min(line.find_first_of(" \t\"'", at), line.size());
    const std::size_t user_end = line.substr(at, end - at).rfind('@');
    if (user_end == std::string_view::npos) continue;
    out += kRedacted;
    from = at + user_end;
  }
  return out += line.substr(from);
}

std::string redact_token_shapes(std::string_view line) {
  std::string out;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t end = i;
    while (end < line.size() && is_name_character(line[end])) ++end;
    const std::string_view word = line.substr(i, end - i);
    const bool token =
        word.size() >= kTokenBytes && std::any_of(kTokenShapes.begin(), kTokenShapes.end(),
                                                  [word](auto shape) { return word.starts_with(shape); });
    out += token ? kRedacted : word;
    if (end < line.size()) out += line[end++];
    i = end;
  }
  return out;
}

struct Value {
  std::size_t from = 0;
  std::size_t to = 0;  // both 0 where there is none
};

/// Where the value of the name that ends at `at` stands: after "=", ":", "=>", a tag's ">", or a blank where
/// the name is the first word of the line.
Value value_after(std::string_view line, std::size_t at, bool first_word) {
  std::size_t i = at;
  const auto skip_blanks = [&] {
    while (i < line.size() && is_blank(line[i])) ++i;
  };
  if (i < line.size() && (line[i] == '"' || line[i] == '\'')) ++i;
  skip_blanks();
  bool separated = first_word && i > at;
  while (i < line.size() && (line[i] == '=' || line[i] == ':' || line[i] == '>')) {
    separated = true;
    ++i;
  }
  if (!separated) return {};
  skip_blanks();
  if (i >= line.size() || line[i] == '#') return {};
  std::size_t end = line.size();
  if (line[i] == '"' || line[i] == '\'') {
    const char quote = line[i++];
    end = std::min(line.find(quote, i), line.size());
  } else {
    if (line.substr(i).starts_with(kRedacted)) return {};
    end = std::min(line.find_first_of("&<", i), line.size());
    while (end > i && (is_blank(line[end - 1]) || line[end - 1] == '"' || line[end - 1] == '\'')) --end;
  }
  return {i, end};
}

std::string redact_assignments(std::string_view line) {
  std::string out;
  std::size_t kept = 0;
  bool first_word = true;
  for (std::size_t i = 0; i < line.size();) {
    if (!is_name_character(line[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < line.size() && is_name_character(line[end])) ++end;
    if (is_secret_name(line.substr(i, end - i))) {
      const Value value = value_after(line, end, first_word);
      if (value.to > value.from) {
        const std::string_view secret = line.substr(value.from, value.to - value.from);
        out += line.substr(kept, value.from - kept);
        out += is_harmless_value(secret) ? secret : kRedacted;
        kept = end = value.to;
      }
    }
    first_word = false;
    i = end;
  }
  return out += line.substr(kept);
}

std::string_view program_name(std::string_view argument) {
  const std::size_t slash = argument.rfind('/');
  return slash == std::string_view::npos ? argument : argument.substr(slash + 1);
}

/// Options of one letter that take a secret: {start of the program's name, option, joined to its value}.
struct ShortOption {
  std::string_view program;
  std::string_view option;
  bool joined;
};
constexpr std::array<ShortOption, 12> kShortOptions = {{{"mysql", "-p", true},
                                                        {"mariadb", "-p", true},
                                                        {"redis-cli", "-a", false},
                                                        {"valkey-cli", "-a", false},
                                                        {"sshpass", "-p", true},
                                                        {"sshpass", "-p", false},
                                                        {"curl", "-u", false},
                                                        {"mongo", "-p", false},
                                                        {"ldap", "-w", false},
                                                        {"smbclient", "-U", false},
                                                        {"mosquitto", "-P", false},
                                                        {"cypher-shell", "-p", false}}};

const ShortOption* short_option(std::string_view program, std::string_view argument) {
  for (const auto& option : kShortOptions) {
    if (!program.starts_with(option.program)) continue;
    if (option.joined ? argument.size() > 2 && argument.starts_with(option.option)
                      : argument == option.option)
      return &option;
  }
  return nullptr;
}

bool is_secret_option(std::string_view word) {
  const std::size_t name = std::min(word.find_first_not_of('-'), word.size());
  return name > 0 && name < word.size() && word.find('=') == std::string_view::npos && is_secret_name(word.substr(name));
}

bool takes_short_options(std::string_view program) {
  return std::any_of(kShortOptions.begin(), kShortOptions.end(),
                     [program](const ShortOption& option) { return program.starts_with(option.program); });
}

/// One argument that is a whole command: "cd /srv && app --token abc | mysql -pabc".
class CommandRedactor {
 public:
  std::string take(std::string_view command) {
    std::string out;
    for (std::size_t at = 0; at < command.size();) {
      const std::size_t end = std::min(command.find_first_of(" \t\n;|&()", at), command.size());
      if (end > at) out += take_word(command.substr(at, end - at));
      if (end < command.size()) out += command[end];
      at = end + 1;
    }
    return out;
  }

 private:
  std::string take_word(std::string_view word) {
    if (pending_) return take_value(word);
    if (takes_short_options(program_name(word))) program_ = program_name(word);
    const ShortOption* letter = short_option(program_, word);
    pending_ = is_secret_option(word) || (letter != nullptr && !letter->joined);
    if (letter != nullptr && letter->joined) return std::string(word.substr(0, 2)) + std::string(kRedacted);
    return std::string(word);
  }

  /// A value in quotes goes on until they close.
  std::string take_value(std::string_view word) {
    const bool opens = quote_ == 0 && (word.front() == '"' || word.front() == '\'');
    if (opens) quote_ = word.front();
    const bool closes = quote_ != 0 && word.back() == quote_ && (!opens || word.size() > 1);
    pending_ = quote_ != 0 && !closes;
    if (!pending_) quote_ = 0;
    if (!opens && word.starts_with("--")) return take_word(word);
    return is_harmless_value(word) ? std::string(word) : std::string(kRedacted);
  }

  std::string_view program_;
  bool pending_ = false;
  char quote_ = 0;
};

std::string redact_argument(std::string_view argument) {
  const std::size_t equals = argument.find('=');
  if (equals != std::string_view::npos && is_secret_name(trim(argument.substr(0, equals)))) {
    std::string_view value = argument.substr(equals + 1);
    if (value == "''" || value == "\"\"" || is_harmless_value(value)) return std::string(argument);
    return std::string(argument.substr(0, equals + 1)) + std::string(kRedacted);
  }
  const std::string line = redact_line(argument);
  return line.find_first_of(" \t\n") == std::string::npos ? line : CommandRedactor().take(line);
}

/// Values that are switches and can be no secret, whatever the variable.
constexpr std::array<std::string_view, 10> kSwitches = {"true", "false", "yes",     "no",       "on",
                                                        "off",  "none",  "enabled", "disabled", "required"};

constexpr std::array<std::string_view, 93> kPlainVariables = {
    "OLLAMA_HOST", "OLLAMA_MODELS", "OLLAMA_ORIGINS", "RAY_AUTH_MODE", "WEBUI_AUTH", "HF_HOME",
    "HF_HUB_CACHE", "TRANSFORMERS_CACHE", "PERSIST_DIRECTORY", "IS_PERSISTENT",
    "CHROMA_SERVER_AUTHN_PROVIDER", "CHROMA_HOST_ADDR", "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED",
    "AUTHENTICATION_APIKEY_ENABLED", "AUTHENTICATION_OIDC_ENABLED", "PERSISTENCE_DATA_PATH",
    "QDRANT__SERVICE__HOST", "QDRANT__SERVICE__HTTP_PORT", "QDRANT__SERVICE__ENABLE_TLS",
    "QDRANT__STORAGE__STORAGE_PATH", "MINIO_VOLUMES", "ETCD_LISTEN_CLIENT_URLS", "ETCD_DATA_DIR",
    "ETCD_CLIENT_CERT_AUTH", "ETCD_CERT_FILE", "ETCD_AUTH_TOKEN", "PGDATA", "N8N_USER_MANAGEMENT_DISABLED",
    "N8N_BASIC_AUTH_ACTIVE", "FLOWISE_AUTH", "LANGFLOW_AUTO_LOGIN", "GRADIO_SERVER_NAME",
    "STREAMLIT_SERVER_ADDRESS", "MLFLOW_HOST", "VLLM_HOST", "JUPYTER_IP", "discovery.type",
    "xpack.security.enabled", "DISABLE_SECURITY_PLUGIN", "RABBITMQ_NODENAME", "LLAMA_ARG_HOST",
    "POSTGRES_HOST_AUTH_METHOD", "MYSQL_ALLOW_EMPTY_PASSWORD", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD",
    "ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD", "MARIADB_RANDOM_ROOT_PASSWORD", "MYSQL_HOME",
    "ALLOW_ANONYMOUS_LOGIN", "network.host", "http.host", "path.repo", "path.data", "discovery.seed_hosts",
    "cluster.initial_master_nodes", "plugins.security.disabled", "xpack.security.http.ssl.enabled",
    "ES_PATH_CONF", "OPENSEARCH_PATH_CONF", "ES_JAVA_OPTS", "OPENSEARCH_JAVA_OPTS", "KAFKA_LISTENERS",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "KAFKA_PROCESS_ROLES", "KAFKA_DEFAULT_REPLICATION_FACTOR",
    "KAFKA_MIN_INSYNC_REPLICAS", "KAFKA_LOG_DIRS", "KAFKA_CONTROLLER_LISTENER_NAMES", "KAFKA_CFG_LISTENERS",
    "KAFKA_CFG_LISTENER_SECURITY_PROTOCOL_MAP", "KAFKA_CFG_PROCESS_ROLES",
    "KAFKA_CFG_DEFAULT_REPLICATION_FACTOR", "KAFKA_CFG_MIN_INSYNC_REPLICAS", "KAFKA_CFG_LOG_DIRS",
    "KAFKA_CFG_CONTROLLER_LISTENER_NAMES", "QDRANT__CLUSTER__ENABLED",
    "COMMON_SECURITY_AUTHORIZATIONENABLED", "CLUSTER_JOIN", "ENABLE_MODULES", "BACKUP_FILESYSTEM_PATH",
    "CHROMA_SERVER_AUTH_PROVIDER", "ETCD_INITIAL_CLUSTER", "ETCD_CONFIG_FILE", "MINIO_OPTS",
    "SOLR_AUTH_TYPE", "SOLR_JETTY_HOST", "SOLR_HOME", "SOLR_SSL_ENABLED", "MEILI_ENV", "MEILI_HTTP_ADDR",
    "MEILI_DB_PATH", "INFLUXD_BOLT_PATH", "INFLUXDB_HTTP_AUTH_ENABLED"};

/// "NAME=value" to "NAME=" with what of the value may be kept.
std::string redact_variable(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) return "";
  const std::string_view name = assignment.substr(0, equals);
  const std::string_view value = assignment.substr(equals + 1);
  std::string out(assignment.substr(0, equals + 1));
  if (is_plain_variable(name)) return out + redact_token_shapes(redact_urls(value));
  if (is_one_of(lower(value), kSwitches) && !is_secret_name(name)) return out + std::string(value);
  if (trim(value).empty() || value == "\"\"" || value == "''" || !is_secret_name(name)) return out;
  return out + std::string(trim(value) == "minioadmin" || trim(value) == kWellKnown ? kWellKnown : kRedacted);
}

}  // namespace

bool is_plain_variable(std::string_view name) {
  // Images of containers name what they hold: PG_VERSION=16.4-1.pgdg120+1.
  return name.ends_with("_VERSION") || is_one_of(name, kPlainVariables);
}

bool is_secret_name(std::string_view name) {
  const auto found = name_words(name);
  if (found.empty() || is_one_of(found.back(), kHarmlessEnds)) return false;
  const bool counts =
      std::any_of(found.begin(), found.end(), [](const auto& word) { return is_one_of(word, kTokenCounts); });
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i] == "tokens" && counts) continue;
    if (found[i] == "bypass" || found[i] == "compass") continue;
    if (is_one_of(found[i], kSecretWords) || ends_with_one_of(found[i], kSecretEnds)) return true;
    if (i > 0 && (found[i] == "key" || found[i] == "keys") && is_one_of(found[i - 1], kKeyKinds)) return true;
  }
  return false;
}

std::string redact_line(std::string_view line) {
  return redact_assignments(redact_token_shapes(redact_urls(line)));
}

std::string redact_text(std::string_view text) {
  std::string out;
  bool in_key = false;
  std::size_t block_indent = std::string_view::npos;  // inside the block value of a secret name
  for (const std::string_view line : lines(text)) {
    const std::size_t indent = std::min(line.find_first_not_of(" \t"), line.size());
    if (contains(line, "-----BEGIN") && contains(line, "PRIVATE KEY")) in_key = true;
    if (in_key) {
      if (contains(line, "-----END")) in_key = false;
      continue;
    }
    if (block_indent != std::string_view::npos) {
      if (indent > block_indent || indent == line.size()) continue;
      block_indent = std::string_view::npos;
    }
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && is_secret_name(trim(line.substr(indent, colon - indent)))) {
      const std::string_view value = trim(line.substr(colon + 1));
      if (value.starts_with('|') || value.starts_with('>')) {
        out.append(line.substr(0, colon + 1)).append(" ").append(kRedacted).append("\n");
        block_indent = indent;
        continue;
      }
    }
    out.append(redact_line(line)).append("\n");
  }
  return out;
}

std::string redact_arguments(std::string_view arguments) {
  while (arguments.ends_with('\0')) arguments.remove_suffix(1);
  if (arguments.empty()) return "";
  const auto parts = split(arguments, '\0');
  const std::string_view program = program_name(parts[0]);
  std::string out;
  bool pending = false;  // the argument before this one was an option that takes a secret
  bool many = false;     // and takes any number of them
  for (const std::string_view part : parts) {
    const ShortOption* letter = short_option(program, part);
    if (pending && (!part.starts_with("--") || part.size() < 4)) {
      out += is_harmless_value(part) ? part : kRedacted;
      pending = many;
    } else if (letter != nullptr && letter->joined) {
      out.append(part.substr(0, 2)).append(kRedacted);
    } else {
      out += redact_argument(part);
      const bool option = part.starts_with('-') && part.find_first_of("= ") == std::string_view::npos;
      pending = letter != nullptr ||
                (option && is_secret_name(part.substr(std::min(part.find_first_not_of('-'), part.size()))));
      many = pending && contains(part, "api-key");
    }
    out += '\0';
  }
  return out;
}

std::string redact_environment(std::string_view environment) {
  std::string out;
  for (const std::string_view part : split(environment, '\0')) {
    const std::string kept = redact_variable(part);
    if (!kept.empty()) out.append(kept).append(1, '\0');
  }
  return out;
}

std::string redact_variables(std::string_view text) {
  std::string out;
  for (std::string_view line : lines(text)) {
    line = trim(line);
    if (line.starts_with("export ")) line = trim(line.substr(7));
    if (line.empty() || line.front() == '#' ||
        !std::all_of(line.begin(),
                     line.begin() + static_cast<std::ptrdiff_t>(std::min(line.find('='), line.size())),
                     is_name_character))
      continue;
    const std::string kept = redact_variable(line);
    if (!kept.empty()) out.append(kept).append("\n");
  }
  return out;
}

std::string redact_shadow(std::string_view text) {
  std::string out;
  for (const std::string_view line : lines(text)) {
    if (line.starts_with('+')) {  // "+@admins": whoever the network names
      out.append("+:\n");
      continue;
    }
    const auto fields = split(line, ':');  // "root:$y$j9T$…:19700:0:99999:7:::"
    if (fields.size() < 2 || fields[0].empty()) continue;
    const std::string_view hash = fields[1];
    std::string_view kind = "other";
    if (hash.empty() || hash.front() == '!' || hash.front() == '*')
      kind = hash.substr(0, 1);
    else if (hash.front() == '$' && hash.find('$', 1) != std::string_view::npos)
      kind = hash.substr(0, hash.find('$', 1) + 1);
    else if (hash.size() == 13 || hash == "des")
      kind = "des";
    if (kind.size() > 8) kind = "other";
    out.append(fields[0]).append(":").append(kind).append(":\n");
  }
  return out;
}

std::string redact_passwd(std::string_view text) {
  std::string out;
  for (const std::string_view line : lines(text)) {
    const std::size_t start = line.find(':');
    const std::size_t end = start == std::string_view::npos ? start : line.find(':', start + 1);
    if (end == std::string_view::npos) {
      out.append(line).append("\n");
      continue;
    }
    const std::string_view password = line.substr(start + 1, end - start - 1);
    const bool kept = password.empty() || password == "x" || password == "*" || password.front() == '!';
    out.append(line.substr(0, start + 1)).append(kept ? password.substr(0, 2) : kRedacted).append(line.substr(end)).append("\n");
  }
  return out;
}

std::string redact_unit(std::string_view text) {
  constexpr std::array<std::string_view, 15> kept = {"User",
                                                     "Group",
                                                     "Type",
                                                     "ExecStart",
                                                     "WorkingDirectory",
                                                     "EnvironmentFile",
                                                     "OnCalendar",
                                                     "OnBootSec",
                                                     "OnUnitActiveSec",
                                                     "Unit",
                                                     "Description",
                                                     "After",
                                                     "WantedBy",
                                                     "DynamicUser",
                                                     "ListenStream"};
  std::string out;
  std::string joined;  // lines that end with a backslash go on in the next
  for (const std::string_view raw : lines(text)) {
    if (joined.empty() && (trim(raw).starts_with('#') || trim(raw).starts_with(';'))) continue;
    joined += raw;
    if (joined.ends_with('\\')) {
      joined.back() = ' ';
      continue;
    }
    const std::string line(trim(joined));
    joined.clear();
    const std::size_t equals = line.find('=');
    if (line.starts_with('[')) out.append(line).append("\n");
    if (equals == std::string::npos) continue;
    const std::string_view name = trim(std::string_view(line).substr(0, equals));
    const std::string_view value = trim(std::string_view(line).substr(equals + 1));
    if (name == "Environment") {
      for (const std::string& part : shell_words(value)) {  // Environment="A=b" C=d
        const std::string variable = redact_variable(part);
        if (!variable.empty()) out.append("Environment=").append(variable).append("\n");
      }
    } else if (name == "ExecStart") {
      std::string arguments;
      for (const std::string& word : shell_words(value))
        for (const std::string_view part : split(word, '\0'))
          if (!part.empty()) arguments.append(part).append(1, '\0');
      arguments = redact_arguments(arguments);
      std::replace(arguments.begin(), arguments.end(), '\0', ' ');
      out.append("ExecStart=").append(trim(arguments)).append("\n");
    } else if (is_one_of(name, kept)) {
      out.append(name).append("=").append(redact_line(value)).append("\n");
    }
  }
  return out;
}

std::string count_secrets(std::string_view text) {
  const std::string clean = redact_text(text);
  std::string out;
  for (std::size_t at = clean.find(kRedacted); at != std::string::npos; at = clean.find(kRedacted, at + 1)) {
    out.append(kRedacted).append("\n");
  }
  return out;
}

std::string keep_settings(std::string_view text, std::initializer_list<std::string_view> names) {
  const auto same = [](std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
             const auto fold = [](char c) {
               return c == '-' ? '_' : is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
             };
             return fold(x) == fold(y);
           });
  };
  std::string out;
  bool in_list = false;  // below a kept name that had no value on its line
  for (const std::string_view line : lines(text)) {
    const std::string_view body = trim(line);
    if (body.empty() || body.front() == '#' || body.front() == ';') continue;
    std::size_t end = 0;
    while (end < body.size() && is_name_character(body[end])) ++end;
    const std::string_view name = body.substr(0, end);
    const bool wanted = std::any_of(names.begin(), names.end(), [&](auto one) { return same(one, name); });
    const std::string_view value = trim(body.substr(end));
    const bool item = body.starts_with("- ");
    if ((body.front() == '[' && body.back() == ']') || wanted || value == ":" || (item && in_list)) {
      out.append(redact_line(line)).append("\n");
    }
    if (!item) in_list = wanted && value == ":";
  }
  return out;
}

}  // namespace plumbline
