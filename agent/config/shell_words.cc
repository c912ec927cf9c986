// SPDX-License-Identifier: Apache-2.0
// Splits commands and settings with quotes in them.
#include "agent/config/shell_words.h"

#include "base/text.h"

namespace plumbline {

std::vector<std::string> shell_words(std::string_view text) {
  std::vector<std::string> found;
  bool open = false;  // a word has begun, be it an empty one: ""
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) {
      open = false;
      continue;
    }
    if (!open) found.emplace_back();
    open = true;
    if (quote == 0 && (c == '"' || c == '\''))
      quote = c;
    else if (c == quote)
      quote = 0;
    else if (c == '\\' && quote != '\'' && i + 1 < text.size())
      found.back() += text[++i];
    else
      found.back() += c;
  }
  return found;
}

std::vector<std::string> joined_lines(std::string_view text) {
  std::vector<std::string> found;
  std::string joined;
  for (const std::string_view raw : lines(text)) {
    joined += raw;
    if (joined.ends_with('\\')) {
      joined.back() = ' ';
      continue;
    }
    found.push_back(std::move(joined));
    joined.clear();
  }
  return found;
}

}  // namespace plumbline
