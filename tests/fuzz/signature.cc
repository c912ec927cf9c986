// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as a public key, a secret key and a signature file, and as a change to a good signature or to
// what it signs. Nothing but the signature itself over the very bytes is good.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "rules/signature.h"

namespace {

using namespace plumbline;

const std::string kMessage = "pack: p\nversion: 2026.11.0\n";

/// The signature with some of its bytes replaced: the first byte says where, the rest with what.
std::string changed(std::string text, std::string_view change) {
  if (change.empty()) return text;
  const std::size_t at = static_cast<unsigned char>(change[0]) * text.size() / 256;
  change.remove_prefix(1);
  return text.replace(at, std::min(change.size(), text.size() - at), change);
}

/// The first line is the untrusted comment: nothing vouches for it.
std::string_view behind_first_line(std::string_view text) {
  return text.substr(std::min(text.find('\n'), text.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const SecretKey secret = make_secret_key();
  static const std::vector<PublicKey> keys = {public_half(secret)};
  static const std::string good = *make_signature(kMessage, secret, "file:pack.yaml");
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  if (const auto key = read_public_key(input)) {
    const auto again = read_public_key(public_key_text(*key));
    if (!again || again->id != key->id || again->bytes != key->bytes) std::abort();
  }
  // An encrypted key asks for its password, and is left there: unlocking takes a GiB and seconds.
  static_cast<void>(read_secret_key(input, [] { return fail(ErrorKind::permission_denied, "no password here"); }));

  if (check_signature(kMessage, input, keys)) std::abort();
  const std::string other = changed(good, input);
  const bool signed_part_changed = behind_first_line(other) != behind_first_line(good);
  if (check_signature(kMessage, other, keys).has_value() && signed_part_changed) std::abort();
  const std::string message = changed(kMessage, input);
  if (check_signature(message, good, keys).has_value() != (message == kMessage)) std::abort();
  return 0;
}
