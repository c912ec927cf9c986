// SPDX-License-Identifier: Apache-2.0
// Passwords of people: argon2id hashes (libsodium) and generated passwords. Nothing else may touch a password.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

inline constexpr std::size_t kMinPasswordBytes = 12;
inline constexpr std::size_t kMaxPasswordBytes = 1024;

/// An argon2id string "$argon2id$v=19$m=65536,t=2,p=1$…" with its salt inside; takes about 0.1 s and 64 MiB, so
/// the caller bounds how many run at once. Fails with limit for a password too short or too long, with io where
/// the memory is not there.
Result<std::string> hash_password(std::string_view password);
/// Whether the password is the hash's. Takes the same work for a wrong password as for the right one.
bool verify_password(std::string_view hash, std::string_view password);
/// A hash no password matches, to spend the same work on a user that does not exist (goal S18).
const std::string& hash_of_nobody();
/// "k7mq-w2xp-9fhd-t4ve-c8nb": 20 characters of an alphabet of 32 without look-alikes, 100 bits.
std::string make_password();

}  // namespace plumbline
