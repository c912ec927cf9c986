// SPDX-License-Identifier: Apache-2.0
// Signatures in minisign's format: Ed25519 over the BLAKE2b hash of the raw bytes, with a trusted comment under a
// signature of its own. Made and checked here with libsodium; `minisign` makes and checks the same.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plumbline {

inline constexpr std::size_t kMaxSignatureBytes = 4u << 10;
inline constexpr std::size_t kMaxKeyFileBytes = 4u << 10;

struct PublicKey {
  std::string id;     // 8 raw bytes
  std::string bytes;  // 32 raw bytes
  std::string name;   // for messages: the file it was read from
};

/// A key that signs. Its bytes are wiped when it goes.
struct SecretKey {
  std::string id;     // 8 raw bytes
  std::string bytes;  // 64 raw bytes: seed, then public key
  SecretKey() = default;
  SecretKey(SecretKey&& other) noexcept = default;
  SecretKey& operator=(SecretKey&& other) noexcept = default;
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;
  ~SecretKey();
};

/// "E7620F1842B4E81F", as minisign shows it.
std::string key_id_text(std::string_view id);

/// A key file (an untrusted comment and the key) or the key's line alone.
Result<PublicKey> read_public_key(std::string_view text);
std::string public_key_text(const PublicKey& key);
PublicKey public_half(const SecretKey& key);

/// Asks for the password only where the key file is encrypted. Fails with permission_denied where it is wrong.
using AskPassword = std::function<Result<std::string>()>;
Result<SecretKey> read_secret_key(std::string_view text, const AskPassword& password);
/// An empty password leaves the key unencrypted. Takes seconds and up to 1 GiB of memory otherwise: that is the point.
Result<std::string> secret_key_text(const SecretKey& key, const std::string& password);
SecretKey make_secret_key();

/// The text of a .minisig file. Fails where a comment holds a line end or another control character.
Result<std::string> make_signature(std::string_view message, const SecretKey& key, std::string_view trusted_comment);

/// What a good signature says.
struct GoodSignature {
  std::string key_id;           // 8 raw bytes
  std::string key_name;
  std::string trusted_comment;
};
/// Checks a .minisig file over raw bytes. Four lines and nothing else; one of `keys` must have made it. Fails with
/// permission_denied where the key is not one of them or a signature is wrong, with invalid where the file is none.
Result<GoodSignature> check_signature(std::string_view message, std::string_view signature, const std::vector<PublicKey>& keys);

}  // namespace plumbline
