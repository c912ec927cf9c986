// SPDX-License-Identifier: Apache-2.0
// The agent's own SHA-256 against OpenSSL's, over every length around a block, and the standard's example.
#include "agent/portable/sha256.h"

#include "base/hash.h"
#include "base/text.h"
#include "tests/catch.h"

namespace plumbline {

TEST_CASE("The agent's own SHA-256 is OpenSSL's") {
  const auto own = [](std::string_view bytes) {
    const auto digest = portable_sha256(bytes);
    return hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
  };
  CHECK(own("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  std::string text;
  for (int i = 0; i < 300; ++i) {
    CHECK(own(text) == sha256_hex(text));
    text += static_cast<char>(i * 37);
  }
  const std::string large(1'000'003, 'a');
  CHECK(own(large) == sha256_hex(large));
}

}  // namespace plumbline
