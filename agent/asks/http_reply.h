// SPDX-License-Identifier: Apache-2.0
// One answer of an HTTP/1 server, as far as it came; for greetings, which read little and trust nothing.
#pragma once

#include <string>
#include <string_view>

namespace plumbline {

struct HttpReply {
  int status = 0;  // 0: this is no HTTP
  std::string headers;  // as they came, lines with CRLF
  std::string body;     // without chunk sizes; cut where the bytes were
};

HttpReply read_http_reply(std::string_view bytes);
/// True once the whole answer is there, by its length or its last chunk. An answer that ends with its
/// connection is never whole.
bool is_whole_http_reply(std::string_view bytes);
/// True once the status and the headers are there.
bool has_http_headers(std::string_view bytes);
/// The value of the first header of that name (in small letters); "" where there is none.
std::string http_header(const HttpReply& reply, std::string_view name);

}  // namespace plumbline
