// SPDX-License-Identifier: Apache-2.0
// Finds five tags in a header's index and their values in its data.
#include "agent/rpm/header.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::uint32_t kMaxEntries = 0xffff;
constexpr std::uint32_t kMaxDataBytes = 256u << 20;  // rpm's own limit
constexpr std::size_t kPreambleBytes = 8;
constexpr std::size_t kEntryBytes = 16;
constexpr std::size_t kMaxTextBytes = 256;

enum Type : std::uint32_t { kInt32 = 4, kString = 6, kI18nString = 9 };
enum Tag : std::uint32_t { kName = 1000, kVersion = 1001, kRelease = 1002, kEpoch = 1003, kVendor = 1011 };

/// The caller has seen that four bytes are there.
std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(at, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

/// The text that ends with a NUL at `offset`; empty where it is not whole or too long to be one.
std::string_view text_at(std::string_view data, std::uint32_t offset) {
  if (offset >= data.size()) return {};
  const std::string_view rest = data.substr(offset, kMaxTextBytes + 1);
  const std::size_t end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

/// Names and versions are plain words; a vendor is free text.
bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

struct Values {
  std::string_view name, version, release, vendor;
  std::uint32_t epoch = 0;
};

void keep(std::uint32_t tag, std::uint32_t type, std::uint32_t offset, std::string_view data,
          Values& values) {
  if (tag == kEpoch) {
    if (type == kInt32 && data.size() >= 4 && offset <= data.size() - 4)
      values.epoch = number_at(data, offset);
    return;
  }
  if (type != kString && type != kI18nString) return;
  if (tag == kName) values.name = text_at(data, offset);
  if (tag == kVersion) values.version = text_at(data, offset);
  if (tag == kRelease) values.release = text_at(data, offset);
  if (tag == kVendor) values.vendor = text_at(data, offset);
}

}  // namespace

std::optional<RpmPackage> parse_rpm_header(std::string_view head) {
  if (head.size() < kPreambleBytes) return std::nullopt;
  const std::uint32_t entries = number_at(head, 0);
  const std::uint32_t data_bytes = number_at(head, 4);
  if (entries == 0 || entries > kMaxEntries || data_bytes > kMaxDataBytes) return std::nullopt;
  const std::size_t data_start = kPreambleBytes + entries * kEntryBytes;
  if (data_start > head.size()) return std::nullopt;
  const std::string_view data = head.substr(data_start, data_bytes);
  Values values;
  for (std::size_t at = kPreambleBytes; at < data_start; at += kEntryBytes) {
    keep(number_at(head, at), number_at(head, at + 4), number_at(head, at + 8), data, values);
  }
  if (!is_word(values.name) || !is_word(values.version)) return std::nullopt;
  RpmPackage package{std::string(values.name), std::string(values.version), printable(values.vendor)};
  if (is_word(values.release)) package.version += "-" + std::string(values.release);
  if (values.epoch != 0) package.version.insert(0, std::to_string(values.epoch) + ":");
  return package;
}

}  // namespace plumbline
