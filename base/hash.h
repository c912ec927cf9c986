// SPDX-License-Identifier: Apache-2.0
// SHA-256, random bytes and comparison in constant time (OpenSSL behind it).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plumbline {

/// 32 raw bytes.
std::string sha256(std::string_view bytes);
/// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);
/// From the system's generator; ends the program if there is none, for nothing here is safe without it.
std::string random_bytes(std::size_t count);
/// True where both are equal; takes the same time wherever they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace plumbline
