// SPDX-License-Identifier: Apache-2.0
// Reads pg_hba.conf as PostgreSQL 16's documentation, chapter 21.1, describes it.
#include "agent/config/pg_hba.h"

#include <algorithm>
#include <array>

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

struct Fields {
  std::string type, address, mask, method;
};

// "hostssl  all  all  10.0.0.0  255.0.0.0  scram-sha-256  clientcert=verify-full"
std::optional<Fields> split_line(std::string_view line) {
  const std::size_t comment = line.find('#');
  const auto parts = shell_words(line.substr(0, comment));
  if (parts.size() < 4 || !is_type(parts[0])) return std::nullopt;
  Fields fields;
  fields.type = parts[0];
  std::size_t next = 3;
  if (fields.type != "local") {
    fields.address = parts[next++];
    if (next < parts.size() && fields.address.find('/') == std::string::npos && is_netmask(parts[next]))
      fields.mask = parts[next++];
  }
  if (next >= parts.size()) return std::nullopt;
  fields.method = lower(parts[next]);
  return fields;
}

}  // namespace

std::string redact_pg_hba(std::string_view text) {
  std::string out;
  for (const std::string_view line : lines(text)) {  // one line for each, so that numbers stay true
    if (const auto fields = split_line(line)) {
      const std::string address = is_loopback(fields->address, fields->mask)    ? "127.0.0.1/32"
                                  : is_everybody(fields->address, fields->mask) ? "0.0.0.0/0"
                                                                                : "10.0.0.0/8";
      out.append(fields->type)
          .append(" all all ")
          .append(fields->type == "local" ? "" : address + " ")
          .append(fields->method);
    }
    out += '\n';
  }
  return out;
}

std::vector<HbaLine> parse_pg_hba(std::string_view text) {
  std::vector<HbaLine> found;
  int number = 0;
  for (const std::string_view line : lines(text)) {
    ++number;
    const auto fields = split_line(line);
    if (!fields) continue;
    found.push_back({number, fields->type,
                     fields->type != "local" && is_loopback(fields->address, fields->mask),
                     is_everybody(fields->address, fields->mask), fields->method});
  }
  return found;
}

}  // namespace plumbline
