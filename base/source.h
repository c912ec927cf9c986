// SPDX-License-Identifier: Apache-2.0
// A place in a text and the message about it: file:line:column, the source line, a caret.
#pragma once

#include <string>
#include <string_view>

namespace plumbline {

/// One-based; columns count characters, not bytes, so that the caret stands under the right one.
struct Place {
  int line = 1;
  int column = 1;
};

/// The place of a byte offset in a text.
Place place_of(std::string_view text, std::size_t offset);

/// Three lines: "ssh.yaml:12:10: error: no fact 'ssh.permitroot'; did you mean …", the source line, the caret.
std::string point_at(std::string_view file, std::string_view text, Place place, std::string_view message);

}  // namespace plumbline
