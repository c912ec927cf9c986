// SPDX-License-Identifier: Apache-2.0
// Pages on what can be shown now, and answers as HTML and JSON.
#include "collector/web/shown.h"

#include "base/hash.h"

namespace plumbline {

Response html(std::string body, int status) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response json_body(std::string body) {
  Response response;
  response.content_type = "application/json";
  response.body = std::move(body);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

PageContext context_of(const Web& web, const Request& request) {
  return PageContext{request.user, request.role, request.csrf, request.path, request.query, web.notices ? web.notices() : std::vector<Notice>()};
}

std::string form_value(const Request& request, const char* name) {
  const auto found = request.form.find(name);
  return found == request.form.end() ? std::string() : found->second;
}

bool same_token(const std::string& given, const std::string& wanted) {
  return !wanted.empty() && equal_in_constant_time(given, wanted);
}

Response nothing_to_show() {
  Response response = html(page_error(503, "the collector is still reading its store", "reload in a few seconds"), 503);
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

std::function<void(const Request&, Reply)> shown(Web& web, Page page) {
  return at_once([&web, page = std::move(page)](const Request& request) {
    const auto input = web.report();
    return input ? page(request, *input, context_of(web, request)) : nothing_to_show();
  });
}

}  // namespace plumbline
