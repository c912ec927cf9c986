// SPDX-License-Identifier: Apache-2.0
// What every file of routes needs: pages on what can be shown now, answers as HTML and JSON, the token of forms.
#pragma once

#include <functional>
#include <string>

#include "collector/web/web.h"

namespace plumbline {

/// A page or an export; the context is the reader's, with the notices of this moment.
using Page = std::function<Response(const Request&, const ReportInput&, const PageContext&)>;

/// Never kept by browsers and proxies.
Response html(std::string body, int status = 200);
Response json_body(std::string body);
PageContext context_of(const Web& web, const Request& request);
/// Runs a page on what can be shown now, held until the page is drawn; 503 while there is nothing.
std::function<void(const Request&, Reply)> shown(Web& web, Page page);
/// The 503 of it.
Response nothing_to_show();

/// A field of a form; empty where it is not there.
std::string form_value(const Request& request, const char* name);
/// Whether a form's token is the session's; compared in constant time, never equal to an empty one.
bool same_token(const std::string& given, const std::string& wanted);

}  // namespace plumbline
