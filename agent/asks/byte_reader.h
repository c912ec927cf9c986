// SPDX-License-Identifier: Apache-2.0
// Reads numbers and pieces off bytes that came from outside; past the end it gives zeroes and stops being good.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plumbline {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  bool good() const { return good_; }
  std::size_t left() const { return bytes_.size() - at_; }

  std::string_view take(std::size_t count) {
    if (!good_ || count > left()) {
      good_ = false;
      at_ = bytes_.size();
      return {};
    }
    const std::string_view piece = bytes_.substr(at_, count);
    at_ += count;
    return piece;
  }
  void skip(std::size_t count) { (void)take(count); }

  /// Up to and without `end`, which is read over.
  std::string_view until(char end) {
    const std::size_t found = bytes_.find(end, at_);
    if (found == std::string_view::npos) {
      skip(left() + 1);
      return {};
    }
    const std::string_view piece = take(found - at_);
    skip(1);
    return piece;
  }

  /// A number of up to eight bytes, most significant first.
  std::uint64_t big(std::size_t count) {
    std::uint64_t value = 0;
    for (const char byte : take(count)) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }
  /// The same, least significant first.
  std::uint64_t little(std::size_t count) {
    std::uint64_t value = 0;
    unsigned shift = 0;
    for (const char byte : take(count)) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(byte)) << shift;
      shift += 8;
    }
    return value;
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool good_ = true;
};

}  // namespace plumbline
