// SPDX-License-Identifier: Apache-2.0
// Argon2id through libsodium, at the cost its authors name "interactive".
#include "collector/web/password.h"

#include <sodium.h>

#include <array>

#include "base/hash.h"

namespace plumbline {
namespace {

// sodium_init() may be called from several threads and again; it fails only where there is no random source.
bool ready() {
  static const bool initialised = sodium_init() >= 0;
  return initialised;
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  if (password.size() < kMinPasswordBytes)
    return fail(ErrorKind::limit, "password: it has fewer than 12 characters; choose a longer one");
  if (password.size() > kMaxPasswordBytes)
    return fail(ErrorKind::limit, "password: it has more than 1024 bytes; choose a shorter one");
  if (!ready()) return fail(ErrorKind::io, "password: the cryptographic library could not start");
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(ErrorKind::io, "password: hashing needs 64 MiB of memory that is not there; try again");
  return std::string(hash.data());
}

bool verify_password(std::string_view hash, std::string_view password) {
  if (!ready() || hash.size() >= crypto_pwhash_STRBYTES || password.size() > kMaxPasswordBytes) return false;
  std::array<char, crypto_pwhash_STRBYTES> padded{};
  hash.copy(padded.data(), hash.size());
  return crypto_pwhash_str_verify(padded.data(), password.data(), password.size()) == 0;
}

const std::string& hash_of_nobody() {
  static const std::string hash = hash_password(random_bytes(kMinPasswordBytes * 2)).value_or("");
  return hash;
}

std::string make_password() {
  constexpr std::string_view kAlphabet = "abcdefghjkmnpqrstuvwxyz123456789";  // without i, l, o and 0
  static_assert(kAlphabet.size() == 32);
  constexpr std::size_t kCharacters = 20, kGroup = 4;
  const std::string bytes = random_bytes(kCharacters);
  std::string password;
  for (std::size_t i = 0; i < kCharacters; ++i) {
    if (i != 0 && i % kGroup == 0) password += '-';
    password += kAlphabet[static_cast<unsigned char>(bytes[i]) % kAlphabet.size()];
  }
  return password;
}

}  // namespace plumbline
