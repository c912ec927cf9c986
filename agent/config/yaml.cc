// SPDX-License-Identifier: Apache-2.0
// A flattening reader of simple YAML.
#include "agent/config/yaml.h"

#include <vector>

#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxValues = 5'000;

std::string clean(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'')) {
    const std::size_t end = text.find(text.front(), 1);
    return std::string(text.substr(1, end == std::string_view::npos ? end : end - 1));
  }
  const std::size_t comment = text.find(" #");
  if (comment != std::string_view::npos) text = trim(text.substr(0, comment));
  if (text.starts_with('#')) return "";
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {  // ["a", "b"]
    std::string out;
    for (const std::string_view item : split(text.substr(1, text.size() - 2), ','))
      out.append(out.empty() ? "" : ",").append(clean(item));
    return out;
  }
  return std::string(text);
}

/// "{ enabled: true, keystore: { path: x } }" below `path`.
void add_flow_map(std::string_view text, const std::string& path, std::size_t depth,
                  std::map<std::string, std::string>& values) {
  text = trim(text);
  if (depth > kMaxDepth || text.size() < 2) return;
  text = text.substr(1, text.size() - 2);
  int nested = 0;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && (text[i] == '{' || text[i] == '[')) ++nested;
    if (i < text.size() && (text[i] == '}' || text[i] == ']')) --nested;
    if (i < text.size() && (text[i] != ',' || nested > 0)) continue;
    const std::string_view pair = trim(text.substr(from, i - from));
    from = i + 1;
    const std::size_t colon = pair.find(':');
    if (colon == std::string_view::npos || values.size() >= kMaxValues) continue;
    const std::string key = path + "." + clean(pair.substr(0, colon));
    const std::string_view value = trim(pair.substr(colon + 1));
    if (value.starts_with('{') && value.ends_with('}'))
      add_flow_map(value, key, depth + 1, values);
    else if (const std::string text_value = clean(value); !text_value.empty())
      values[key] = text_value;
  }
}

struct Level {
  std::size_t indent;
  std::string path;
};

}  // namespace

std::map<std::string, std::string> flatten_yaml(std::string_view text) {
  std::map<std::string, std::string> values;
  std::vector<Level> levels;
  for (const std::string_view line : lines(text)) {
    const std::size_t indent = line.find_first_not_of(' ');
    if (indent == std::string_view::npos || line[indent] == '#' || line.substr(indent).starts_with("---"))
      continue;
    std::string_view body = trim(line.substr(indent));
    if (body.empty() || values.size() >= kMaxValues) continue;
    const bool item = body.starts_with("- ") || body == "-";
    // An item may stand at the indent of its list's key.
    while (!levels.empty() && (levels.back().indent > indent || (levels.back().indent == indent && !item)))
      levels.pop_back();
    if (item) {
      if (levels.empty()) continue;
      std::string& list = values[levels.back().path];
      list.append(list.empty() ? "" : ",").append(clean(body.substr(1)));
      continue;
    }
    const std::size_t colon = body.find(':');
    if (colon == std::string_view::npos || (colon + 1 < body.size() && body[colon + 1] != ' ')) continue;
    const std::string path = (levels.empty() ? "" : levels.back().path + ".") + clean(body.substr(0, colon));
    const std::string value = clean(body.substr(colon + 1));
    if (value.starts_with('{') && value.ends_with('}'))
      add_flow_map(value, path, 0, values);
    else if (!value.empty())
      values[path] = value;
    if (levels.size() < kMaxDepth) levels.push_back({indent, path});
  }
  return values;
}

}  // namespace plumbline
