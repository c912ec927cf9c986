// SPDX-License-Identifier: Apache-2.0
// Fuzz target: request targets, forms, cookies and what a response makes of them. A path that is taken must be plain,
// and no value may ever break a response in two.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "collector/http/http.h"

using namespace plumbline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto target = parse_target(text)) {
    const bool plain = target->path.starts_with('/') && !contains(target->path, "//") && !contains(target->path + "/", "/../") &&
                       target->path.find('\0') == std::string::npos && is_utf8(target->path);
    if (!plain) std::abort();
    const auto again = parse_form("a=" + escape_url(target->path));
    if (!again || again->at("a") != target->path) std::abort();
  }
  (void)parse_form(text);
  (void)parse_cookies(text);
  Response response;
  response.headers.emplace_back("X-Value", std::string(text));
  const std::string bytes = wire_bytes(response, {});
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos && !bytes.starts_with("HTTP/1.1 500 ")) std::abort();
  return 0;
}
