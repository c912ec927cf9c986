// SPDX-License-Identifier: Apache-2.0
// Attributes of netlink messages, nested as deep as their readers ask. What is cut short ends the list.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace plumbline {

using Bytes = std::string_view;

/// Attributes of one message or nest, the first of each type. The bytes must outlive it.
class Attributes {
 public:
  explicit Attributes(Bytes bytes) {
    each(bytes, [&](int type, Bytes value) {
      if (!get(type)) found_.emplace_back(type, value);
    });
  }

  std::optional<Bytes> get(int type) const {
    for (const auto& [one, value] : found_)
      if (one == type) return value;
    return std::nullopt;
  }
  std::string text(int type) const {
    const Bytes value = get(type).value_or(Bytes());
    return to_utf8(value.substr(0, value.find('\0')));
  }
  /// A number as nftables sends it: four bytes, the highest first.
  std::optional<std::uint32_t> number(int type) const {
    const auto value = get(type);
    if (!value || value->size() < 4) return std::nullopt;
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < 4; ++i) word = word << 8 | static_cast<unsigned char>((*value)[i]);
    return word;
  }
  Attributes inside(int type) const { return Attributes(get(type).value_or(Bytes())); }

  /// Every attribute in its order. Head: u16 length with the head itself, u16 type; values begin at multiples of four.
  template <class Each>
  static void each(Bytes bytes, Each told) {
    constexpr std::size_t kHead = 4;
    while (bytes.size() >= kHead) {
      std::uint16_t head[2];
      std::memcpy(head, bytes.data(), sizeof head);
      const std::size_t length = head[0];
      if (length < kHead || length > bytes.size()) return;
      told(head[1] & 0x3fff, bytes.substr(kHead, length - kHead));  // without the flags "nested" and "byte order"
      bytes.remove_prefix(std::min(bytes.size(), (length + 3) & ~std::size_t{3}));
    }
  }

 private:
  std::vector<std::pair<int, Bytes>> found_;
};

}  // namespace plumbline
