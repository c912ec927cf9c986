// SPDX-License-Identifier: Apache-2.0
// What `nvidia-smi -q -x` wrote on some machine, as far as the fake library answers from it. Not a parser of XML: these
// files hold one element a line.
#pragma once

#include <cstdlib>
#include <deque>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace plumbline {

/// The text of the first element of this name, its own elements included; empty where there is none.
inline std::string_view element(std::string_view text, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">", close = "</" + std::string(name) + ">";
  const auto from = text.find(open);
  const auto to = from == std::string_view::npos ? from : text.find(close, from);
  return to == std::string_view::npos ? std::string_view() : text.substr(from + open.size(), to - from - open.size());
}

/// "15360 MiB", "70.00 W", "44 %"; nothing for "N/A" and "GPU is lost".
inline std::optional<double> amount(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  return end == copy.c_str() ? std::nullopt : std::optional(value);
}

/// "Enabled" 1, "Disabled" 0, else -1.
inline int switched(std::string_view text) { return text == "Enabled" ? 1 : text == "Disabled" ? 0 : -1; }

inline std::string read_capture(const char* path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// The texts of all elements whose start begins so: "<gpu id=", "<mig_device>".
inline std::vector<std::string_view> each(std::string_view text, std::string_view start, std::string_view close) {
  std::vector<std::string_view> found;
  for (auto from = text.find(start); from != std::string_view::npos; from = text.find(start, from + 1)) {
    const auto to = text.find(close, from);
    if (to != std::string_view::npos) found.push_back(text.substr(from, to - from));
  }
  return found;
}

}  // namespace plumbline
