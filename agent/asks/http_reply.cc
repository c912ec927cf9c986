// SPDX-License-Identifier: Apache-2.0
// Status line, headers, and a body by Content-Length, in chunks or up to the end (RFC 9112).
#include "agent/asks/http_reply.h"

#include <algorithm>

#include "base/text.h"

namespace plumbline {
namespace {

struct Chunks {
  std::string body;
  bool whole = false;
};

/// "1a;name=value" CRLF, 26 bytes, CRLF, …, "0" CRLF
Chunks read_chunks(std::string_view text) {
  Chunks found;
  while (true) {
    const std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) return found;
    const auto size = parse_hex(trim(text.substr(0, std::min(end, text.find(';')))));
    if (!size) return found;
    text.remove_prefix(end + 2);
    if (*size == 0) {
      found.whole = true;
      return found;
    }
    found.body += text.substr(0, std::min<std::uint64_t>(*size, text.size()));
    if (*size >= text.size()) return found;
    text.remove_prefix(static_cast<std::size_t>(*size));
    if (text.starts_with("\r\n")) text.remove_prefix(2);
  }
}

bool is_chunked(const HttpReply& reply) {
  return contains(lower(http_header(reply, "transfer-encoding")), "chunked");
}

/// The status line and headers; `body` is all that follows, as it came.
HttpReply split_reply(std::string_view bytes) {
  HttpReply reply;
  const std::size_t end = bytes.find("\r\n\r\n");
  const std::string_view head = bytes.substr(0, end);
  const std::size_t line = head.find("\r\n");
  const auto parts = words(head.substr(0, line));  // "HTTP/1.1 200 OK"
  if (parts.size() < 2 || !parts[0].starts_with("HTTP/1.")) return reply;
  const auto status = parse_u64(parts[1]);
  if (!status || *status < 100 || *status > 599) return reply;
  reply.status = static_cast<int>(*status);
  if (line != std::string_view::npos) reply.headers = head.substr(line + 2);
  if (end != std::string_view::npos) reply.body = bytes.substr(end + 4);
  return reply;
}

}  // namespace

HttpReply read_http_reply(std::string_view bytes) {
  HttpReply reply = split_reply(bytes);
  if (is_chunked(reply)) reply.body = read_chunks(reply.body).body;
  return reply;
}

bool has_http_headers(std::string_view bytes) {
  return bytes.find("\r\n\r\n") != std::string_view::npos;
}

bool is_whole_http_reply(std::string_view bytes) {
  if (!has_http_headers(bytes)) return false;
  const HttpReply reply = split_reply(bytes);
  if (reply.status == 0) return true;  // nothing that comes can make it HTTP
  if (reply.status == 204 || reply.status == 304) return true;
  if (is_chunked(reply)) return read_chunks(reply.body).whole;
  const auto length = parse_u64(http_header(reply, "content-length"));
  return length && reply.body.size() >= *length;
}

std::string http_header(const HttpReply& reply, std::string_view name) {
  for (const std::string_view line : lines(reply.headers)) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && lower(trim(line.substr(0, colon))) == name)
      return std::string(trim(line.substr(colon + 1)));
  }
  return "";
}

}  // namespace plumbline
