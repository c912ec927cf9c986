// SPDX-License-Identifier: Apache-2.0
// Reads pg_hba.conf as PostgreSQL 16's documentation, chapters 20.1 and 21.1, describe it.
#include "agent/config/pg_hba.h"

#include <algorithm>
#include <array>
#include <optional>

#include "agent/config/shell_words.h"
#include "base/text.h"

namespace plumbline {
namespace {

bool is_type(std::string_view word) {
  constexpr std::array<std::string_view, 6> types = {"local",     "host",       "hostssl",
                                                     "hostnossl", "hostgssenc", "hostnogssenc"};
  return std::find(types.begin(), types.end(), word) != types.end();
}

bool is_netmask(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789.:abcdefABCDEF") == std::string_view::npos &&
         (contains(word, ".") || contains(word, ":"));
}

bool is_loopback(std::string_view address, std::string_view mask) {
  if (address == "localhost" || address == "samehost") return true;
  if (address == "::1" || address == "::1/128") return true;
  if (!address.starts_with("127.")) return false;
  const std::size_t slash = address.find('/');
  if (slash != std::string_view::npos) return parse_u64(address.substr(slash + 1)).value_or(0) >= 8;
  return mask.empty() || mask.starts_with("255.");
}

bool is_everybody(std::string_view address, std::string_view mask) {
  return address == "all" || address.ends_with("/0") || mask == "0.0.0.0" || mask == "::";
}

constexpr std::size_t kMaxBytes = 1u << 20;
constexpr int kMaxDepth = 10;  // as PostgreSQL's own limit
constexpr std::size_t kMaxFiles = 100;
constexpr std::size_t kMaxLines = 20'000;

struct Fields {
  std::string type, database, user, address, mask, method;
};

// "hostssl  all  all  10.0.0.0  255.0.0.0  scram-sha-256  clientcert=verify-full"
std::optional<Fields> split_line(std::string_view line) {
  const std::size_t comment = line.find('#');
  const auto parts = shell_words(line.substr(0, comment));
  if (parts.size() < 4 || !is_type(parts[0])) return std::nullopt;
  Fields fields;
  fields.type = parts[0];
  fields.database = parts[1];
  fields.user = parts[2];
  std::size_t next = 3;
  if (fields.type != "local") {
    fields.address = parts[next++];
    if (next < parts.size() && fields.address.find('/') == std::string::npos && is_netmask(parts[next]))
      fields.mask = parts[next++];
  }
  if (next >= parts.size()) return std::nullopt;
  fields.method = lower(parts[next]);  // "scram-sha-256"; an address here is a line that PostgreSQL does not take
  if (fields.method.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") != std::string::npos) return std::nullopt;
  // "cert" is nothing else than "trust" with this; the manual, 21.12.
  const bool certificate = std::any_of(parts.begin() + static_cast<std::ptrdiff_t>(next), parts.end(),
                                       [](const std::string& option) { return option.starts_with("clientcert=verify-"); });
  if (certificate && fields.method == "trust") fields.method = "cert";
  return fields;
}

bool names(std::string_view list, std::string_view wanted) {
  for (const std::string_view one : split(list, ','))
    if (trim(one) == wanted) return true;
  return false;
}

// "include_dir hba.d", "include_if_exists 'more hba.conf'"
std::optional<std::pair<std::string, std::string>> split_include(std::string_view line) {
  const auto parts = shell_words(line.substr(0, line.find('#')));
  if (parts.size() != 2) return std::nullopt;
  if (parts[0] != "include" && parts[0] != "include_if_exists" && parts[0] != "include_dir")
    return std::nullopt;
  return std::pair{parts[0], parts[1]};
}

struct NumberedLine {
  int number;
  std::string text;
};

/// Lines that end with a backslash go on in the next; the first one's number counts.
std::vector<NumberedLine> numbered_lines(std::string_view text) {
  std::vector<NumberedLine> found;
  int number = 0;
  bool goes_on = false;
  for (std::string_view line : lines(text)) {
    ++number;
    while (line.ends_with('\r')) line.remove_suffix(1);
    const bool more = line.ends_with('\\');
    if (more) line.remove_suffix(1);
    if (goes_on)
      found.back().text.append(line);
    else if (found.size() < kMaxLines)
      found.push_back({number, std::string(line)});
    goes_on = more && !found.empty();
  }
  return found;
}

std::optional<HbaLine> parse_line(const NumberedLine& line) {
  const auto fields = split_line(line.text);
  if (!fields) return std::nullopt;
  HbaLine one;
  one.number = line.number;
  one.type = fields->type;
  one.loopback = fields->type != "local" && is_loopback(fields->address, fields->mask);
  one.everybody = fields->type != "local" && is_everybody(fields->address, fields->mask);
  one.all_addresses = fields->address == "all";
  one.replication = fields->database == "replication";
  one.all_databases = names(fields->database, "all");
  one.all_users = names(fields->user, "all");
  one.method = fields->method;
  return one;
}

/// Blank, or a comment.
bool is_empty(std::string_view line) {
  line = trim(line);
  return line.empty() || line.front() == '#';
}

struct Reading {
  std::size_t files = 0;
  std::vector<HbaLine> lines;
};

Result<void> read_file(const Host& host, const std::string& path, int depth, Reading& reading) {
  if (depth > kMaxDepth || ++reading.files > kMaxFiles)
    return fail(ErrorKind::limit, path + ": more includes than are followed");
  const auto text = host.read_redacted(path, redact_pg_hba, kMaxBytes);
  if (!text) return tl::unexpected<Error>(text.error());
  const std::size_t slash = path.rfind('/');
  for (const NumberedLine& line : numbered_lines(*text)) {
    if (const auto include = split_include(line.text)) {
      const auto& [verb, name] = *include;
      const std::string target = name.starts_with('/') ? name : path.substr(0, slash + 1) + name;
      std::vector<std::string> files = {target};
      if (verb == "include_dir") {
        files.clear();
        const auto entries = host.list(target);
        if (!entries) return tl::unexpected<Error>(entries.error());
        for (const auto& entry : *entries)
          if (entry.name.ends_with(".conf") && !entry.name.starts_with('.'))
            files.push_back(target + "/" + entry.name);
      }
      for (const std::string& file : files) {
        auto done = read_file(host, file, depth + 1, reading);
        const bool may_lack = verb == "include_if_exists";
        if (!done && !(may_lack && done.error().kind == ErrorKind::not_found)) return done;
      }
    } else if (auto one = parse_line(line); one && reading.lines.size() < kMaxLines) {
      one->file = path.substr(slash + 1);
      reading.lines.push_back(std::move(*one));
    } else if (!one && !is_empty(line.text)) {
      return fail(ErrorKind::invalid, path + ": line " + std::to_string(line.number) + " is none that is understood");
    }
  }
  return {};
}

std::string redacted_line(std::string_view line) {
  if (const auto include = split_include(line)) return include->first + " \"" + include->second + "\"";
  const auto fields = split_line(line);
  if (!fields) return is_empty(line) ? "" : "?";
  std::string out = fields->type;
  out.append(fields->database == "replication"       ? " replication"
             : names(fields->database, "all") ? " all"
                                              : " some");
  out.append(names(fields->user, "all") ? " all " : " some ");
  if (fields->type != "local")
    out.append(is_loopback(fields->address, fields->mask)    ? "127.0.0.1/32 "
               : fields->address == "all"                    ? "all "
               : is_everybody(fields->address, fields->mask) ? "0.0.0.0/0 "
                                                             : "10.0.0.0/8 ");
  return out + fields->method;
}

}  // namespace

std::string redact_pg_hba(std::string_view text) {
  std::string out;
  int number = 1;
  for (const NumberedLine& line : numbered_lines(text)) {  // so that numbers stay true
    for (; number < line.number; ++number) out += '\n';
    out.append(redacted_line(line.text)).append("\n");
    ++number;
  }
  return out;
}

std::vector<HbaLine> parse_pg_hba(std::string_view text) {
  std::vector<HbaLine> found;
  for (const NumberedLine& line : numbered_lines(text))
    if (auto one = parse_line(line)) found.push_back(std::move(*one));
  return found;
}

Result<std::vector<HbaLine>> read_pg_hba(const Host& host, const std::string& path) {
  Reading reading;
  if (auto done = read_file(host, path, 0, reading); !done) return tl::unexpected<Error>(done.error());
  return std::move(reading.lines);
}

}  // namespace plumbline
