// SPDX-License-Identifier: Apache-2.0
// Reads single values, number lists and key-value lines; every parser takes whatever stands in the file.
#include "agent/read.h"

#include <algorithm>

#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxValueBytes = 64u << 10;

Error not_a_number(std::string_view path) {
  return {ErrorKind::invalid, "not a number: " + std::string(path)};
}

}  // namespace

Result<std::string> read_text(const Host& host, std::string_view path) {
  return host.read(path, kMaxValueBytes).map([](const std::string& text) { return std::string(trim(text)); });
}

Result<std::uint64_t> read_u64(const Host& host, std::string_view path) {
  const auto text = read_text(host, path);
  if (!text) return tl::unexpected<Error>(text.error());
  if (const auto number = parse_u64(*text)) return *number;
  return tl::unexpected<Error>(not_a_number(path));
}

Result<std::int64_t> read_i64(const Host& host, std::string_view path) {
  const auto text = read_text(host, path);
  if (!text) return tl::unexpected<Error>(text.error());
  if (const auto number = parse_i64(*text)) return *number;
  return tl::unexpected<Error>(not_a_number(path));
}

bool is_there(const Host& host, std::string_view path) {
  return host.stat(path).has_value();
}

std::string_view last_step(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::optional<std::vector<unsigned>> parse_number_list(std::string_view text) {
  std::vector<unsigned> numbers;
  text = trim(text);
  if (text.empty()) return numbers;
  for (const auto part : split(text, ',')) {
    const auto dash = part.find('-');
    const auto first = parse_u64(trim(part.substr(0, dash)));
    const auto last = dash == std::string_view::npos ? first : parse_u64(trim(part.substr(dash + 1)));
    if (!first || !last || *last < *first || *last >= kMaxCpus) return std::nullopt;
    for (auto number = *first; number <= *last; ++number) numbers.push_back(static_cast<unsigned>(number));
    if (numbers.size() > 2 * kMaxCpus) return std::nullopt;
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

std::optional<std::vector<unsigned>> parse_number_mask(std::string_view text) {
  auto parts = split(trim(text), ',');
  if (parts.size() > kMaxCpus / 32) return std::nullopt;
  std::reverse(parts.begin(), parts.end());
  std::vector<unsigned> numbers;
  // one long word where there is no comma, else words of 32 bits
  unsigned base = 0;
  for (const auto part : parts) {
    const auto word = parse_hex(trim(part));
    if (!word) return std::nullopt;
    for (unsigned bit = 0; bit < 64; ++bit) {
      if ((*word >> bit & 1u) != 0) numbers.push_back(base + bit);
    }
    base += 32;
  }
  return numbers;
}

std::string format_number_list(const std::vector<unsigned>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t first = i;
    while (i + 1 < numbers.size() && numbers[i + 1] == numbers[i] + 1) ++i;
    if (!text.empty()) text += ',';
    text += std::to_string(numbers[first]);
    if (i != first) text += '-' + std::to_string(numbers[i]);
  }
  return text;
}

std::optional<KeyValue> parse_key_value(std::string_view line, char separator) {
  const auto at = line.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  return KeyValue{trim(line.substr(0, at)), trim(line.substr(at + 1))};
}

std::optional<std::string_view> value_of(std::string_view text, std::string_view key, char separator) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    if (const auto pair = parse_key_value(line, separator); pair && pair->key == key) return pair->value;
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> meminfo_bytes(std::string_view text, std::string_view key) {
  const auto value = value_of(text, key, ':');
  if (!value) return std::nullopt;
  const auto kilobytes = parse_u64(value->substr(0, value->find(' ')));
  if (!kilobytes || *kilobytes > (UINT64_MAX >> 11)) return std::nullopt;
  return *kilobytes * 1024;
}

}  // namespace plumbline
