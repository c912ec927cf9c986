// SPDX-License-Identifier: Apache-2.0
// Small readings that many probes make: one value a file, lists of numbers, key and value lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"

namespace plumbline {

/// The text of a small file without blanks around it.
Result<std::string> read_text(const Host& host, std::string_view path);
/// One number; invalid where the file holds something else.
Result<std::uint64_t> read_u64(const Host& host, std::string_view path);
Result<std::int64_t> read_i64(const Host& host, std::string_view path);

/// The file is not there: on this machine it has nothing to tell.
inline bool is_absent(const Error& error) {
  return error.kind == ErrorKind::not_found;
}
/// True where a file or folder of this name exists.
bool is_there(const Host& host, std::string_view path);
/// The last step of a path: "nvidia" of "../../../bus/pci/drivers/nvidia".
std::string_view last_step(std::string_view path);

inline constexpr unsigned kMaxCpus = 65536;
/// "0-3,8" to 0 1 2 3 8, sorted, each once; nothing where the text is no such list or names a number over
/// kMaxCpus.
std::optional<std::vector<unsigned>> parse_number_list(std::string_view text);
/// "00000000,0000000f" (hexadecimal words of 32 bits, highest first) to 0 1 2 3.
std::optional<std::vector<unsigned>> parse_number_mask(std::string_view text);
std::string format_number_list(const std::vector<unsigned>& numbers);

/// "key : value" and "key\t: value"; both trimmed. Nothing where the line has no separator.
struct KeyValue {
  std::string_view key;
  std::string_view value;
};
std::optional<KeyValue> parse_key_value(std::string_view line, char separator);
/// The value of the first line with this key; nothing where there is none.
std::optional<std::string_view> value_of(std::string_view text, std::string_view key, char separator);

/// "MemTotal:  65536 kB" of /proc/meminfo and of a node's meminfo, in bytes.
std::optional<std::uint64_t> meminfo_bytes(std::string_view text, std::string_view key);

}  // namespace plumbline
