// SPDX-License-Identifier: Apache-2.0
// Request targets, forms and cookies from the outside; responses as bytes. Pure functions over text.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "collector/http/http.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostPairs = 256;  // of a query, a form or a cookie header
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

auto bad(std::string message) { return fail(ErrorKind::invalid, "request: " + std::move(message)); }

/// "db%2D07" → "db-07"; `plus_is_blank` for forms.
Result<std::string> unescape(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return bad("a % in it begins no escape of two hexadecimal digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (out.find('\0') != std::string::npos || !is_utf8(out)) return bad("it holds a NUL or bytes that are no UTF-8");
  return out;
}

Result<std::string> parse_path(std::string_view raw) {
  if (raw.empty() || raw.front() != '/') return bad("its path must begin with /");
  if (contains(lower(raw), "%2f")) return bad("its path holds an escaped slash");
  auto path = unescape(raw, false);
  if (!path) return path;
  const bool odd = std::any_of(path->begin(), path->end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\'; });
  if (odd) return bad("its path holds a control character or a backslash");
  const auto parts = split(std::string_view(*path).substr(1), '/');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool trailing = parts[i].empty() && i + 1 == parts.size();
    if ((parts[i].empty() && !trailing) || parts[i] == "." || parts[i] == "..") return bad("its path is not in its plain form");
  }
  return path;
}

std::string_view reason_of(int status) {
  static constexpr std::array<std::pair<int, std::string_view>, 25> kReasons = {{
      {100, "Continue"}, {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {301, "Moved Permanently"},
      {302, "Found"}, {303, "See Other"}, {304, "Not Modified"}, {307, "Temporary Redirect"}, {400, "Bad Request"},
      {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {408, "Request Timeout"},
      {409, "Conflict"}, {411, "Length Required"}, {413, "Content Too Large"}, {415, "Unsupported Media Type"},
      {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
      {501, "Not Implemented"}, {503, "Service Unavailable"}}};
  for (const auto& [code, reason] : kReasons)
    if (code == status) return reason;
  return "Other";
}

bool same_name(std::string_view a, std::string_view b) { return a.size() == b.size() && lower(a) == lower(b); }

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

bool is_header_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

bool has_header(const std::vector<std::pair<std::string, std::string>>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& header) { return same_name(header.first, name); });
}

void add_line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

/// What every response carries unless it or the server says otherwise.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kDefaultHeaders = {{
    {"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}, {"Referrer-Policy", "no-referrer"}}};

bool is_sound(const Response& response) {
  const auto sound = [](const auto& header) { return is_token(header.first) && is_header_value(header.second); };
  return is_header_value(response.content_type) && std::all_of(response.headers.begin(), response.headers.end(), sound);
}

}  // namespace

Result<std::map<std::string, std::string>> parse_form(std::string_view text) {
  std::map<std::string, std::string> form;
  if (text.empty()) return form;
  const auto pairs = split(text, '&');
  if (pairs.size() > kMostPairs) return fail(ErrorKind::limit, "request: more than 256 parameters");
  for (const std::string_view pair : pairs) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = unescape(pair.substr(0, equals), true);
    auto value = unescape(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name) return tl::unexpected(name.error());
    if (!value) return tl::unexpected(value.error());
    form.emplace(std::move(*name), std::move(*value));
  }
  return form;
}

Result<Target> parse_target(std::string_view target) {
  // "GET https://collector:7444/hosts HTTP/1.1", as a proxy sends it
  if (const auto scheme = target.find("://"); scheme != std::string_view::npos && target.front() != '/' && scheme <= 5) {
    const auto slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  const auto question = target.find('?');
  auto path = parse_path(target.substr(0, question));
  if (!path) return tl::unexpected(path.error());
  auto query = parse_form(question == std::string_view::npos ? std::string_view() : target.substr(question + 1));
  if (!query) return tl::unexpected(query.error());
  return Target{std::move(*path), std::move(*query)};
}

std::map<std::string, std::string> parse_cookies(std::string_view header) {
  std::map<std::string, std::string> cookies;
  for (const std::string_view part : split(header, ';')) {
    const std::string_view pair = trim(part);
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || cookies.size() >= kMostPairs) continue;
    cookies.emplace(trim(pair.substr(0, equals)), trim(pair.substr(equals + 1)));
  }
  return cookies;
}

std::string escape_url(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
  }
  return out;
}

std::string wire_bytes(const Response& response, const WireOptions& options) {
  if (!is_sound(response)) return wire_bytes(problem(500, "the answer could not be written", "tell whoever runs this collector"), options);
  std::string out;
  out.reserve(512 + response.body.size());
  out += "HTTP/1.1 " + std::to_string(response.status) + ' ';
  out += reason_of(response.status);
  out += "\r\n";
  if (!options.date.empty()) add_line(out, "Date", options.date);
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless) {
    if (!response.body.empty()) add_line(out, "Content-Type", response.content_type);
    add_line(out, "Content-Length", std::to_string(response.body.size()));
  }
  if (!options.keep_alive) add_line(out, "Connection", "close");
  for (const auto& [name, value] : response.headers) add_line(out, name, value);
  if (options.extra_headers)
    for (const auto& [name, value] : *options.extra_headers)
      if (!has_header(response.headers, name)) add_line(out, name, value);
  for (const auto& [name, value] : kDefaultHeaders)
    if (!has_header(response.headers, name) && !(options.extra_headers && has_header(*options.extra_headers, name))) add_line(out, name, value);
  out += "\r\n";
  if (!options.head && !bodiless) out += response.body;
  return out;
}

}  // namespace plumbline
