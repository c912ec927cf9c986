// SPDX-License-Identifier: Apache-2.0
// URLs as Kubernetes has them: url("https://example.com:8443/path?q=1").getPort().
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "rules/cel/cost.h"
#include "rules/cel/functions.h"

namespace plumbline::cel {
namespace {

constexpr std::size_t kMaxUrlBytes = 8192;
constexpr std::string_view kInPaths = "-._~!$&'()*+,;=:@/[]";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
std::optional<unsigned> hex_digit(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

/// %41 → A, and in a query + → space; nothing where a % is not followed by two hexadecimal digits.
std::optional<std::string> unescaped(std::string_view text, bool query) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += query && text[at] == '+' ? ' ' : text[at];
      continue;
    }
    const auto high = at + 2 < text.size() ? hex_digit(text[at + 1]) : std::nullopt;
    const auto low = at + 2 < text.size() ? hex_digit(text[at + 2]) : std::nullopt;
    if (!high || !low) return std::nullopt;
    out += static_cast<char>(static_cast<unsigned char>(*high * 16 + *low));
    at += 2;
  }
  return out;
}

std::string escaped_path(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (is_letter(c) || is_digit(c) || kInPaths.find(c) != std::string_view::npos || c == '%') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    (out += '%') += "0123456789ABCDEF"[byte >> 4U];
    out += "0123456789ABCDEF"[byte & 15U];
  }
  return out;
}

class Url : public Opaque {
 public:
  static constexpr std::string_view kTypeName = "kubernetes.URL";
  std::string_view type_name() const override { return kTypeName; }
  bool equals(const Opaque& other) const override { return whole == static_cast<const Url&>(other).whole; }
  std::string text() const override { return whole; }
  std::string whole, scheme, host, hostname, port, path, query;
};

/// "user@[::1]:80" → host "[::1]:80", hostname "::1", port "80"; false where it is none.
bool read_authority(Url& out, std::string_view authority) {
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    if (!unescaped(user, false) || user.find_first_of(" \"<>[]/?#@\\^`{|}") != std::string_view::npos)
      return false;
    authority.remove_prefix(at + 1);
  }
  std::size_t name_end = authority.rfind(':');
  std::string_view name = authority;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return false;
    name = authority.substr(1, close - 1);
    name_end = close + 1 == authority.size() ? std::string_view::npos : close + 1;
    if (name_end != std::string_view::npos && authority[name_end] != ':') return false;
    if (name.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) return false;
  } else {
    name = authority.substr(0, name_end);
    if (name.find_first_of(" :\"<>[]\\^`{|}") != std::string_view::npos || !unescaped(name, false))
      return false;
  }
  const std::string_view port =
      name_end == std::string_view::npos ? std::string_view() : authority.substr(name_end + 1);
  if (!std::all_of(port.begin(), port.end(), is_digit)) return false;
  out.host = authority;
  out.hostname = name;
  out.port = port;
  return true;
}

/// Absolute, with a scheme, or a path that begins with a slash.
std::optional<Url> parse(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (text.empty() || text.size() > kMaxUrlBytes || std::any_of(text.begin(), text.end(), control))
    return std::nullopt;
  Url out;
  out.whole = text;
  text = text.substr(0, text.find('#'));
  std::size_t at = 0;
  while (at < text.size() && (is_letter(text[at]) || (at > 0 && (is_digit(text[at]) || text[at] == '+' ||
                                                                 text[at] == '-' || text[at] == '.'))))
    ++at;
  if (at > 0 && at < text.size() && text[at] == ':') {
    out.scheme = lower(text.substr(0, at));
    text.remove_prefix(at + 1);
  } else if (!text.starts_with('/')) {
    return std::nullopt;
  }
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    out.query = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  if (!text.starts_with('/')) return std::nullopt;
  if (!out.scheme.empty() && text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t slash = std::min(text.find('/'), text.size());
    if (!read_authority(out, text.substr(0, slash))) return std::nullopt;
    text.remove_prefix(slash);
  }
  if (!unescaped(text, false)) return std::nullopt;
  out.path = escaped_path(text);
  return out;
}

const Url& url_of(const Value& value) {
  return *value.opaque_as<Url>();
}
Value make_url(Arguments a, Meter& meter) {
  meter.spend_bytes(a[0]->string()->size());
  auto url = parse(*a[0]->string());
  return url ? Value::of(std::make_shared<const Url>(std::move(*url)))
             : Value::error(shown(*a[0]) + " is no absolute URL, as in \"https://example.com/path\"");
}
Value is_url(Arguments a, Meter& meter) {
  meter.spend_bytes(a[0]->string()->size());
  return Value::of(parse(*a[0]->string()).has_value());
}
template <std::string Url::*Part>
Value part(Arguments a, Meter&) {
  return Value::of(url_of(*a[0]).*Part);
}

/// "a=1&a=2&b" → {"a": ["1", "2"], "b": [""]}; what cannot be read is left out.
Value query(Arguments a, Meter& meter) {
  const std::string& text = url_of(*a[0]).query;
  meter.spend_bytes(text.size());
  std::vector<std::pair<std::string, List>> keys;
  for (const std::string_view pair : split(text, '&')) {
    if (pair.empty() || pair.find(';') != std::string_view::npos) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto key = unescaped(pair.substr(0, equals), true);
    auto value = unescaped(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!key || !value || !is_utf8(*key) || !is_utf8(*value)) continue;
    auto known =
        std::find_if(keys.begin(), keys.end(), [&](const auto& entry) { return entry.first == *key; });
    if (!meter.spend(keys.size() / 10 + 1)) return Value();
    if (known == keys.end()) known = keys.emplace(keys.end(), std::move(*key), List());
    known->second.push_back(Value::of(std::move(*value)));
  }
  Map out;
  for (auto& [key, values] : keys)
    out.entries.emplace_back(Value::of(std::move(key)), Value::of(std::move(values)));
  return Value::of(std::move(out));
}

constexpr FunctionRow kRows[] = {
    {"url(string): kubernetes.URL", make_url, cost::read_opaque},
    {"isURL(string): bool", is_url, cost::read_first},
    {"kubernetes.URL.getScheme(): string", part<&Url::scheme>, cost::part_of_first},
    {"kubernetes.URL.getHost(): string", part<&Url::host>, cost::part_of_first},
    {"kubernetes.URL.getHostname(): string", part<&Url::hostname>, cost::part_of_first},
    {"kubernetes.URL.getPort(): string", part<&Url::port>, cost::part_of_first},
    {"kubernetes.URL.getEscapedPath(): string", part<&Url::path>, cost::part_of_first},
    {"kubernetes.URL.getQuery(): map(string, list(string))", query, cost::query},
};

}  // namespace

std::span<const FunctionRow> url_functions() {
  return kRows;
}

}  // namespace plumbline::cel
