// SPDX-License-Identifier: Apache-2.0
// The templates in the language chosen, compiled once a thread.
#pragma once

#include <kainjow/mustache.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

/// A template with its texts in and its parts in place: `{{>part.html}}` stands for that template, `{{>body}}` for the
/// template `body` where one is named. Fails with file and line where a template does not exist or asks for a text that
/// does not, and where parts stand in each other too deep.
Result<std::string> template_source(std::string_view name, std::string_view body = {});

/// Fills `layout`, whose body is the template `body`.
std::string fill_template(std::string_view layout, std::string_view body, const kainjow::mustache::data& view);

}  // namespace plumbline
