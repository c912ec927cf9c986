// SPDX-License-Identifier: Apache-2.0
// The encoders extension: base64 with the standard alphabet; decoding takes it with and without padding.
#include <optional>

#include "rules/cel/cost.h"
#include "rules/cel/functions.h"

namespace plumbline::cel {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Value encode(Arguments a, Meter& meter) {
  const std::string& data = a[0]->bytes()->data;
  if (data.size() / 3 * 4 > meter.max_string_bytes()) return Value::error("the string becomes too long");
  meter.spend_bytes(data.size());
  std::string out;
  for (std::size_t at = 0; at < data.size(); at += 3) {
    std::uint32_t bits = 0;
    const std::size_t count = std::min<std::size_t>(3, data.size() - at);
    for (std::size_t i = 0; i < 3; ++i)
      bits = (bits << 8U) | (i < count ? static_cast<unsigned char>(data[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) out += i <= count ? kLetters[(bits >> (18 - 6 * i)) & 63U] : '=';
  }
  return Value::of(std::move(out));
}

std::optional<std::string> decoded(std::string_view text) {
  if (text.size() % 4 == 0)
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  std::uint32_t bits = 0, count = 0;
  for (const char c : text) {
    const std::size_t letter = kLetters.find(c);
    if (letter == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(letter);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(static_cast<unsigned char>((bits >> count) & 0xFFU));
  }
  return out;
}

Value decode(Arguments a, Meter& meter) {
  meter.spend_bytes(a[0]->string()->size());
  auto data = decoded(*a[0]->string());
  return data ? Value::of(Bytes{std::move(*data)}) : Value::error("the text is no base64");
}

constexpr FunctionRow kRows[] = {
    {"base64.encode(bytes): string", encode, cost::double_first},
    {"base64.decode(string): bytes", decode, cost::change_first},
};

}  // namespace

std::span<const FunctionRow> encoder_functions() {
  return kRows;
}

}  // namespace plumbline::cel
