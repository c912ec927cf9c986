// SPDX-License-Identifier: Apache-2.0
// What a probe says is put in its place in the section; host text is made fit for a JSON document first.
#include "agent/probe.h"

#include <cassert>
#include <cmath>

#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxFactTextBytes = 4096;
constexpr std::size_t kMaxReasonBytes = 512;

/// Valid UTF-8 without NUL, cut between two characters.
std::string clean_text(std::string_view text, std::size_t limit) {
  std::string clean = to_utf8(text.substr(0, limit + 4));
  for (std::size_t at = clean.find('\0'); at != std::string::npos; at = clean.find('\0', at))
    clean.replace(at, 1, "\uFFFD");
  if (clean.size() > limit) {
    std::size_t end = limit;
    while (end > 0 && (static_cast<unsigned char>(clean[end]) & 0xC0u) == 0x80u) --end;
    clean.resize(end);
  }
  return clean;
}

void clean_value(nlohmann::json& value) {
  if (value.is_string()) {
    value = clean_text(value.get_ref<const std::string&>(), kMaxFactTextBytes);
  } else if (value.is_array()) {
    for (auto& item : value) clean_value(item);
  } else if (value.is_object()) {
    nlohmann::json clean = nlohmann::json::object();
    for (auto& [key, item] : value.items()) {
      clean_value(item);
      clean[clean_text(key, kMaxFactTextBytes)] = std::move(item);
    }
    value = std::move(clean);
  }
}

}  // namespace

void Facts::set(std::string_view path, nlohmann::json value) {
  const auto keys = split(path, '.');
  assert(keys.size() >= 2 && "a fact's path begins with its section");
  if (value.is_null() || (value.is_number_float() && !std::isfinite(value.get<double>()))) return;
  clean_value(value);
  nlohmann::json* place = &section_.data;
  for (std::size_t i = 1; i < keys.size(); ++i) place = &(*place)[std::string(keys[i])];
  *place = std::move(value);
}

void Facts::missing(std::string_view path, const Error& why) {
  section_.missing.emplace(std::string(path), clean_text(why.message, kMaxReasonBytes));
  section_.status = SectionStatus::partial;
}

}  // namespace plumbline
