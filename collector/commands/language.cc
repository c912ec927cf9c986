// SPDX-License-Identifier: Apache-2.0
// Reads the file of texts and tells who translates what is missing in it.
#include "collector/commands/language.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "collector/report/phrases.h"
#include "collector/state.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostTold = 5;

void tell(const std::string& file, const std::string& what, const std::vector<std::string>& keys) {
  if (keys.empty()) return;
  std::vector<std::string> first(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(std::min(keys.size(), kMostTold)));
  const std::string more = keys.size() > first.size() ? " and " + std::to_string(keys.size() - first.size()) + " more" : "";
  std::fprintf(stderr, "plumbline-collector: %s: %s: %s%s\n", file.c_str(), what.c_str(), join(first, ", ").c_str(), more.c_str());
}

std::string configured(const std::string& state) {
  if (state.empty()) return {};
  const auto config = read_config(state);  // a folder that is not there yet has no language either
  if (!config || config->language.empty()) return {};
  return config->language.front() == '/' ? config->language : state + "/" + config->language;
}

}  // namespace

Result<void> choose_language(const std::string& file, const std::string& state) {
  const std::string path = file.empty() ? configured(state) : file;
  if (path.empty()) return {};
  auto read = read_phrases(path);
  if (!read) return fail("language", read.error());
  tell(path, std::to_string(read->missing().size()) + " texts are missing and stay English", read->missing());
  for (const std::string& line : read->unused()) std::fprintf(stderr, "plumbline-collector: %s\n", line.c_str());
  use_phrases(std::move(*read));
  return {};
}

}  // namespace plumbline
