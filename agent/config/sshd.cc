// SPDX-License-Identifier: Apache-2.0
// Follows servconf.c of OpenSSH 9.2; sshd_config(5) has the rules.
#include "agent/config/sshd.h"

#include <algorithm>
#include <array>

#include "agent/config/glob.h"
#include "agent/redact.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr int kMaxIncludeDepth = 16;  // SERVCONF_MAX_DEPTH
constexpr int kMaxIncludedFiles = 256;
constexpr std::size_t kMaxSshdBytes = 1u << 20;
constexpr std::size_t kMaxArguments = 1024;
constexpr std::size_t kMaxOverrides = 200;
constexpr std::size_t kMaxNoted = 32;
/// Of Match lines, up to OpenSSH 10.
constexpr std::array<std::string_view, 12> kCriteria = {"all",     "user",      "group",        "host",    "localaddress", "localport",
                                                        "rdomain", "address",   "invalid-user", "version", "sessiontype",  "command"};

constexpr std::array<std::string_view, 7> kManyLines = {
    "allowusers", "denyusers", "allowgroups", "denygroups", "port", "listenaddress", "hostkey"};
constexpr std::array<std::string_view, 4> kNeverKept = {"setenv", "forcecommand", "authorizedkeyscommand",
                                                        "authorizedprincipalscommand"};
/// Old names of keywords that still work.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kOldNames = {
    {{"challengeresponseauthentication", "kbdinteractiveauthentication"},
     {"skeyauthentication", "kbdinteractiveauthentication"},
     {"dsaauthentication", "pubkeyauthentication"},
     {"keepalive", "tcpkeepalive"}}};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

/// The keyword ends at a blank or at one "=", with blanks around it; it may stand in quotes.
std::string take_keyword(std::string_view& line) {
  std::string keyword;
  if (line.starts_with('"')) {
    const std::size_t end = std::min(line.find('"', 1), line.size());
    keyword = line.substr(1, end - 1);
    line.remove_prefix(std::min(end + 1, line.size()));
  } else {
    std::size_t end = 0;
    while (end < line.size() && !is_blank(line[end]) && line[end] != '=') ++end;
    keyword = line.substr(0, end);
    line.remove_prefix(end);
  }
  const auto skip_blanks = [&] {
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  };
  skip_blanks();
  if (line.starts_with('=')) line.remove_prefix(1);
  skip_blanks();
  return lower(keyword);
}

/// Arguments as argv_split() has them: quotes join, "#" at the start of a word ends the line.
std::vector<std::string> take_arguments(std::string_view line) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < line.size() && found.size() < kMaxArguments;) {
    if (is_blank(line[i])) {
      ++i;
      continue;
    }
    if (line[i] == '#') break;
    std::string word;
    char quote = 0;
    for (; i < line.size() && (quote != 0 || !is_blank(line[i])); ++i) {
      const char c = line[i];
      const char next = i + 1 < line.size() ? line[i + 1] : '\0';
      if (c == '\\' && (next == '\'' || next == '"' || next == '\\' || (quote == 0 && next == ' ')))
        word += line[++i];
      else if (quote == 0 && (c == '"' || c == '\''))
        quote = c;
      else if (c == quote)
        quote = 0;
      else
        word += c;
    }
    found.push_back(std::move(word));
  }
  return found;
}

/// Without comments, and without what may hold a secret and is never judged: environments and commands.
std::string redact_sshd(std::string_view text) {
  std::string kept;
  for (const std::string_view raw : lines(text)) {
    std::string_view rest = trim(raw);
    if (rest.empty() || rest.front() == '#') continue;
    const std::string keyword = take_keyword(rest);
    const bool secret = std::find(kNeverKept.begin(), kNeverKept.end(), keyword) != kNeverKept.end();
    kept.append(secret ? keyword + " " + std::string(kRedacted) : std::string(trim(raw))).append("\n");
  }
  return kept;
}

/// Where a line stands: outside of Match blocks, in one that holds for everybody, in one that does not.
enum class Scope { global, everybody, some };

class Reader {
 public:
  Reader(const Host& host, std::string folder) : host_(host), folder_(std::move(folder)) {}

  Result<void> read(const std::string& path, int depth, Scope scope) {
    const auto text = host_.read_redacted(path, redact_sshd, kMaxSshdBytes);
    if (!text) return tl::unexpected<Error>(text.error());
    for (const std::string_view raw : lines(*text)) {
      std::string_view line = trim(raw);
      if (line.empty() || line.front() == '#') continue;
      const std::string keyword = take_keyword(line);
      const auto arguments = take_arguments(line);
      if (keyword == "include")
        include(arguments, depth, scope);
      else if (keyword == "match")
        scope = match(arguments);
      else if (arguments.empty())
        note(config_.refused, keyword);
      else if (scope != Scope::some)
        set(keyword, arguments, scope == Scope::global ? config_.values : for_everybody_);
      else if (config_.overrides.size() < kMaxOverrides)
        config_.overrides.emplace_back(current_name(keyword), join(arguments, " "));
    }
    return {};
  }

  /// For each login sshd reads the Match blocks that hold anew, before what stands outside of them.
  SshdConfig take() {
    for (auto& [keyword, arguments] : for_everybody_) config_.values[keyword] = std::move(arguments);
    return std::move(config_);
  }

 private:
  /// "Match all" holds for everybody; any other may not.
  Scope match(const std::vector<std::string>& arguments) {
    const bool all = arguments.size() == 1 && lower(arguments[0]) == "all";
    if (!all) ++config_.match_blocks;
    if (arguments.empty()) note(config_.refused, "match");
    // "user alice,bob address 10.0.0.0/8"; OpenSSH 9.9 takes "user=alice", too, and criteria without a value
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const std::string& word = arguments[i];
      const std::size_t equals = word.find('=');
      const std::string name = lower(std::string_view(word).substr(0, equals));
      const bool known = std::find(kCriteria.begin(), kCriteria.end(), name) != kCriteria.end();
      if (!known) note(config_.refused, "match");
      if (equals == std::string::npos && name != "all" && name != "invalid-user") ++i;
    }
    return all ? Scope::everybody : Scope::some;
  }

  static void note(std::vector<std::string>& list, const std::string& keyword) {
    if (list.size() < kMaxNoted && std::find(list.begin(), list.end(), keyword) == list.end())
      list.push_back(printable(keyword.substr(0, 64)));
  }

  static std::string current_name(const std::string& keyword) {
    for (const auto& [old, now] : kOldNames) {
      if (keyword == old) return std::string(now);
    }
    return keyword;
  }

  void include(const std::vector<std::string>& patterns, int depth, Scope scope) {
    if (depth >= kMaxIncludeDepth) return;
    for (const std::string& pattern : patterns) {
      const std::string whole = pattern.starts_with('/') ? pattern : folder_ + pattern;
      if (scope != Scope::some) note(config_.includes, whole);
      for (const std::string& path : glob(host_, whole)) {
        if (++files_ > kMaxIncludedFiles) return;
        const auto done = read(path, depth + 1, scope);
        if (!done && done.error().kind != ErrorKind::not_found) note_unread(done.error());
      }
    }
    // A folder that may not be listed looks empty to glob(); sshd, which is root, sees what is in it.
    for (const std::string& pattern : patterns) {
      const std::string whole = pattern.starts_with('/') ? pattern : folder_ + pattern;
      const auto entries = host_.list(whole.substr(0, whole.rfind('/')));
      if (!entries && entries.error().kind == ErrorKind::permission_denied) note_unread(entries.error());
    }
  }

  void note_unread(const Error& why) {
    if (config_.unread) return;
    config_.unread = why;
    for (const auto& [keyword, arguments] : config_.values) config_.settled.push_back(keyword);
  }

  void set(const std::string& written, const std::vector<std::string>& arguments,
           std::map<std::string, std::vector<std::string>>& into) {
    const std::string keyword = current_name(written);
    auto& slot = into[keyword];
    const bool many = std::find(kManyLines.begin(), kManyLines.end(), keyword) != kManyLines.end();
    if (slot.empty())
      slot = arguments;
    else if (many && slot.size() < kMaxArguments)
      slot.insert(slot.end(), arguments.begin(), arguments.end());
    else if (!many && lower(join(slot, " ")) != lower(join(arguments, " ")) && !is_repeatable(keyword))
      note(config_.conflicts, keyword);
  }

  /// Lines of these add up, each for something of its own.
  static bool is_repeatable(std::string_view keyword) {
    return keyword == "acceptenv" || keyword == "setenv" || keyword == "subsystem" || keyword == "hostcertificate" ||
           keyword == "permitlisten" || keyword == "permitopen" || keyword == "persourcepenalties";
  }

  const Host& host_;
  std::string folder_;
  SshdConfig config_;
  std::map<std::string, std::vector<std::string>> for_everybody_;  // of "Match all"
  int files_ = 0;
};

}  // namespace

const std::string* SshdConfig::value(std::string_view keyword) const {
  const auto found = values.find(std::string(keyword));
  return found == values.end() || found->second.empty() ? nullptr : &found->second.front();
}

bool SshdConfig::is_doubtful(std::string_view keyword) const {
  return unread && std::find(settled.begin(), settled.end(), keyword) == settled.end();
}

Result<SshdConfig> read_sshd_config(const Host& host, const std::string& path) {
  Reader reader(host, path.substr(0, path.rfind('/') + 1));
  if (auto done = reader.read(path, 0, Scope::global); !done) return tl::unexpected<Error>(done.error());
  return reader.take();
}

std::optional<std::int64_t> parse_sshd_time(std::string_view text) {
  if (lower(text) == "none") return 0;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    const auto number = parse_i64(text.substr(i, end - i));
    if (end == i || !number || *number > 1'000'000'000) return std::nullopt;
    std::int64_t unit = 1;
    if (end < text.size()) {
      switch (text[end++]) {
        case 's':
        case 'S':
          unit = 1;
          break;
        case 'm':
        case 'M':
          unit = 60;
          break;
        case 'h':
        case 'H':
          unit = 3600;
          break;
        case 'd':
        case 'D':
          unit = 86400;
          break;
        case 'w':
        case 'W':
          unit = 604800;
          break;
        default:
          return std::nullopt;
      }
    }
    total += *number * unit;
    i = end;
  }
  return text.empty() ? std::nullopt : std::optional(total);
}

}  // namespace plumbline
