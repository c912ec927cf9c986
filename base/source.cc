// SPDX-License-Identifier: Apache-2.0
#include "base/source.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace plumbline {
namespace {

/// Characters of UTF-8 text: every byte that does not continue one.
int characters(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

Place place_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line_start = before.find_last_of('\n');
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::string_view in_line = line_start == std::string_view::npos ? before : before.substr(line_start + 1);
  return {static_cast<int>(line), characters(in_line) + 1};
}

std::string point_at(std::string_view file, std::string_view text, Place place, std::string_view message) {
  const auto all = lines(text);
  const auto index = static_cast<std::size_t>(std::max(place.line, 1) - 1);
  std::string out = fmt::format("{}:{}:{}: error: {}", file, place.line, place.column, message);
  if (index >= all.size()) return out;
  const auto indent = static_cast<std::size_t>(std::max(place.column, 1) - 1);
  return out + fmt::format("\n  {}\n  {:{}}^", printable(all[index]), "", indent);
}

}  // namespace plumbline
