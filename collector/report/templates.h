// SPDX-License-Identifier: Apache-2.0
// The templates and the style sheet, compiled into the program by cmake/embed.cmake.
#pragma once

#include <string_view>
#include <vector>

namespace plumbline {

struct TemplateFile {
  std::string_view name;  // "overview.html"
  std::string_view text;
};
const std::vector<TemplateFile>& template_files();

}  // namespace plumbline
