// SPDX-License-Identifier: Apache-2.0
// minisign's three file formats. All are lines of base64 under an "untrusted comment:"; layouts stand at the readers.
#include "rules/signature.h"

#include <sodium.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/hash.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::string_view kUntrusted = "untrusted comment: ";
constexpr std::string_view kTrusted = "trusted comment: ";
constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kSignedBytes = crypto_sign_BYTES;
constexpr std::size_t kMaxCommentBytes = 1u << 10;
// A key file may ask for this much work and memory to open it; minisign's own files ask for exactly the half of it.
constexpr std::uint64_t kMostOperations = 2 * crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE;
constexpr std::uint64_t kMostMemoryBytes = 2 * crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE;

const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* raw(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

std::string blake2b(std::string_view bytes, std::size_t length) {
  std::string out(length, '\0');
  crypto_generichash(raw(out), out.size(), raw(bytes), bytes.size(), nullptr, 0);
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), raw(bytes), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();  // the terminating NUL
  return out;
}

// Padded base64 of exactly `length` bytes in its one spelling.
std::optional<std::string> unbase64(std::string_view text, std::size_t length) {
  std::string out(length, '\0');
  std::size_t got = 0;
  const char* end = nullptr;
  if (sodium_base642bin(raw(out), out.size(), text.data(), text.size(), nullptr, &got, &end, sodium_base64_VARIANT_ORIGINAL) != 0) return std::nullopt;
  if (got != length || end != text.data() + text.size() || base64(out) != text) return std::nullopt;
  return out;
}

bool is_comment(std::string_view text) {
  return text.size() <= kMaxCommentBytes && std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
}

// Lines end in "\n" and in nothing else: what another reader might take for a line end makes the file unreadable.
std::vector<std::string_view> exact_lines(std::string_view text) {
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  return split(text, '\n');
}

std::string little_endian(std::uint64_t number) {
  std::string out;
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>((number >> (8 * i)) & 0xff));
  return out;
}
std::uint64_t from_little_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

void exclusive_or(std::string& bytes, const std::string& stream) {
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ stream[i]);
}

void start_sodium() {
  if (sodium_init() < 0) std::abort();  // no random numbers: nothing here is safe without
}

constexpr std::size_t kKeyPartBytes = kIdBytes + crypto_sign_SECRETKEYBYTES + crypto_generichash_BYTES;  // id, key, checksum

Result<std::string> password_stream(const std::string& password, std::string_view salt, std::uint64_t operations, std::uint64_t memory_bytes) {
  std::string stream(kKeyPartBytes, '\0');
  if (crypto_pwhash_scryptsalsa208sha256(raw(stream), stream.size(), password.data(), password.size(), raw(salt), operations, memory_bytes) != 0)
    return fail(ErrorKind::limit, "there is not enough memory to open it; it asks for " + std::to_string(memory_bytes >> 20) + " MiB");
  return stream;
}

std::string checksum(std::string_view id, std::string_view key) {
  return blake2b("Ed" + std::string(id) + std::string(key), crypto_generichash_BYTES);
}

// The public half in a secret key must be the one its seed makes: signing with another would give the seed away.
bool is_whole(std::string_view secret) {
  std::string made_public(crypto_sign_PUBLICKEYBYTES, '\0'), made_secret(crypto_sign_SECRETKEYBYTES, '\0');
  crypto_sign_seed_keypair(raw(made_public), raw(made_secret), raw(secret));
  const bool same = equal_in_constant_time(made_secret, secret);
  sodium_memzero(made_secret.data(), made_secret.size());
  return same;
}

struct SignatureFile {
  std::string key_id, signature, trusted_comment, global;
};

// untrusted comment: …
// base64("ED", 8 bytes of key id, 64 bytes of signature over BLAKE2b-512 of the file)
// trusted comment: …
// base64(64 bytes of signature over the signature above and the trusted comment)
Result<SignatureFile> read_signature(std::string_view text) {
  const auto bad = [](const std::string& why) { return fail(ErrorKind::invalid, "no signature that minisign makes: " + why); };
  if (text.size() > kMaxSignatureBytes) return bad("longer than " + std::to_string(kMaxSignatureBytes) + " bytes");
  if (contains(text, "\r")) return bad("its lines do not end as minisign ends them; was it converted on the way?");
  const auto rows = exact_lines(text);
  if (rows.size() != 4) return bad("four lines belong in it, not " + std::to_string(text.empty() ? 0 : rows.size()));
  if (!rows[0].starts_with(kUntrusted)) return bad("line 1 must begin with \"untrusted comment: \"");
  if (!rows[2].starts_with(kTrusted)) return bad("line 3 must begin with \"trusted comment: \"");
  const auto head = unbase64(rows[1], 2 + kIdBytes + kSignedBytes);
  const auto global = unbase64(rows[3], kSignedBytes);
  if (!head) return bad("line 2 is not the base64 of a signature");
  if (!global) return bad("line 4 is not the base64 of a signature");
  if (head->starts_with("Ed")) return bad("it is of the old kind without a hash; sign again with minisign 0.10 or newer, without -l");
  if (!head->starts_with("ED")) return bad("its algorithm is not Ed25519 with BLAKE2b");
  SignatureFile file{head->substr(2, kIdBytes), head->substr(2 + kIdBytes), std::string(rows[2].substr(kTrusted.size())), *global};
  if (!is_comment(rows[0]) || !is_comment(file.trusted_comment)) return bad("a comment is too long or holds control characters");
  return file;
}

bool is_signed_by(const PublicKey& key, std::string_view signature, std::string_view message) {
  return crypto_sign_verify_detached(raw(signature), raw(message), message.size(), raw(key.bytes)) == 0;
}

}  // namespace

SecretKey::~SecretKey() {
  if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
}

std::string key_id_text(std::string_view id) {
  std::string shown = hex(std::string(id.rbegin(), id.rend()));
  for (char& c : shown) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  return shown;
}

// untrusted comment: minisign public key E7620F1842B4E81F
// base64("Ed", 8 bytes of id, 32 bytes of key)
Result<PublicKey> read_public_key(std::string_view text) {
  const auto rows = exact_lines(text.size() > kMaxKeyFileBytes ? std::string_view() : text);
  const bool with_comment = rows.size() == 2 && rows[0].starts_with(kUntrusted);
  const auto bytes = rows.size() == 1 || with_comment ? unbase64(trim(rows.back()), 2 + kIdBytes + crypto_sign_PUBLICKEYBYTES) : std::nullopt;
  if (!bytes || !bytes->starts_with("Ed")) return fail(ErrorKind::invalid, "no public key that minisign makes; it is two lines, the second begins with RW");
  return PublicKey{bytes->substr(2, kIdBytes), bytes->substr(2 + kIdBytes), {}};
}

std::string public_key_text(const PublicKey& key) {
  return std::string(kUntrusted) + "minisign public key " + key_id_text(key.id) + "\n" + base64("Ed" + key.id + key.bytes) + "\n";
}

PublicKey public_half(const SecretKey& key) { return {key.id, key.bytes.substr(crypto_sign_SEEDBYTES), {}}; }

// untrusted comment: …
// base64("Ed", "Sc" or two NULs, "B2", 32 bytes of salt, operations and memory as 64 bits little-endian, and then,
//        hidden by a stream made of the password: 8 bytes of id, 64 of key, 32 of checksum)
Result<SecretKey> read_secret_key(std::string_view text, const AskPassword& password) {
  start_sodium();
  constexpr std::size_t kSalt = 6, kOperations = kSalt + 32, kMemory = kOperations + 8, kParts = kMemory + 8;
  const auto rows = exact_lines(text.size() > kMaxKeyFileBytes ? std::string_view() : text);
  auto bytes = rows.size() == 2 && rows[0].starts_with(kUntrusted) ? unbase64(trim(rows[1]), kParts + kKeyPartBytes) : std::nullopt;
  if (!bytes || !bytes->starts_with("Ed") || bytes->substr(4, 2) != "B2")
    return fail(ErrorKind::invalid, "no secret key that minisign makes; it is two lines, the second begins with RW");
  const std::string method = bytes->substr(2, 2);
  const bool encrypted = method == "Sc";
  if (!encrypted && method != std::string(2, '\0')) return fail(ErrorKind::invalid, "this secret key is encrypted in a way that is not known here");
  std::string parts = bytes->substr(kParts);
  if (encrypted) {
    const std::uint64_t operations = from_little_endian(std::string_view(*bytes).substr(kOperations)), memory = from_little_endian(std::string_view(*bytes).substr(kMemory));
    if (operations > kMostOperations || memory > kMostMemoryBytes) return fail(ErrorKind::limit, "this secret key asks for more work than any that minisign makes");
    auto given = password();
    if (!given) return tl::unexpected(given.error());
    const auto stream = password_stream(*given, std::string_view(*bytes).substr(kSalt, 32), operations, memory);
    sodium_memzero(given->data(), given->size());
    if (!stream) return tl::unexpected(stream.error());
    exclusive_or(parts, *stream);
  }
  SecretKey key;
  key.id = parts.substr(0, kIdBytes);
  key.bytes = parts.substr(kIdBytes, crypto_sign_SECRETKEYBYTES);
  const std::string sum = parts.substr(kIdBytes + crypto_sign_SECRETKEYBYTES);
  const bool unsummed = !encrypted && sum == std::string(crypto_generichash_BYTES, '\0');  // minisign leaves it out there
  const bool good = (unsummed || equal_in_constant_time(checksum(key.id, key.bytes), sum)) && is_whole(key.bytes);
  sodium_memzero(parts.data(), parts.size());
  sodium_memzero(bytes->data(), bytes->size());
  if (!good) return fail(encrypted ? ErrorKind::permission_denied : ErrorKind::invalid, encrypted ? "the password is wrong" : "this secret key is damaged");
  return key;
}

Result<std::string> secret_key_text(const SecretKey& key, const std::string& password) {
  start_sodium();
  std::string parts = key.id + key.bytes + checksum(key.id, key.bytes);
  std::uint64_t operations = crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE, memory = crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE;
  const std::string salt = password.empty() ? std::string(32, '\0') : random_bytes(32);
  if (password.empty()) operations = memory = 0;
  while (operations > 0) {  // a machine with little memory makes a key that asks for less
    const auto stream = password_stream(password, salt, operations, memory);
    if (stream) {
      exclusive_or(parts, *stream);
      break;
    }
    operations /= 2;
    memory /= 2;
    if (memory < crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_INTERACTIVE) return tl::unexpected(stream.error());
  }
  const std::string head = "Ed" + (password.empty() ? std::string(2, '\0') : std::string("Sc")) + "B2" + salt + little_endian(operations) + little_endian(memory);
  std::string text = std::string(kUntrusted) + (password.empty() ? "minisign secret key\n" : "minisign encrypted secret key\n") + base64(head + parts) + "\n";
  sodium_memzero(parts.data(), parts.size());
  return text;
}

SecretKey make_secret_key() {
  start_sodium();
  SecretKey key;
  key.id = random_bytes(kIdBytes);
  key.bytes.assign(crypto_sign_SECRETKEYBYTES, '\0');
  std::string made_public(crypto_sign_PUBLICKEYBYTES, '\0');
  crypto_sign_keypair(raw(made_public), raw(key.bytes));
  return key;
}

Result<std::string> make_signature(std::string_view message, const SecretKey& key, std::string_view trusted_comment) {
  start_sodium();
  if (!is_comment(trusted_comment) || !is_utf8(trusted_comment))
    return fail(ErrorKind::invalid, "a trusted comment is one line of text, at most " + std::to_string(kMaxCommentBytes) + " bytes, without control characters");
  std::string signature(kSignedBytes, '\0'), global(kSignedBytes, '\0');
  const std::string hash = blake2b(message, crypto_generichash_BYTES_MAX);
  crypto_sign_detached(raw(signature), nullptr, raw(hash), hash.size(), raw(key.bytes));
  const std::string both = signature + std::string(trusted_comment);
  crypto_sign_detached(raw(global), nullptr, raw(both), both.size(), raw(key.bytes));
  return std::string(kUntrusted) + "signature of key " + key_id_text(key.id) + "\n" + base64("ED" + key.id + signature) + "\n" + std::string(kTrusted) +
         std::string(trusted_comment) + "\n" + base64(global) + "\n";
}

Result<GoodSignature> check_signature(std::string_view message, std::string_view signature, const std::vector<PublicKey>& keys) {
  start_sodium();
  const auto file = read_signature(signature);
  if (!file) return tl::unexpected(file.error());
  const std::string hash = blake2b(message, crypto_generichash_BYTES_MAX);
  bool known = false;
  for (const PublicKey& key : keys) {
    if (key.id != file->key_id) continue;
    known = true;
    if (!is_signed_by(key, file->signature, hash)) continue;
    if (!is_signed_by(key, file->global, file->signature + file->trusted_comment))
      return fail(ErrorKind::permission_denied, "its trusted comment was changed after it was signed");
    return GoodSignature{key.id, key.name, file->trusted_comment};
  }
  const std::string id = key_id_text(file->key_id);
  if (known) return fail(ErrorKind::permission_denied, "the signature is wrong: the bytes are not those that key " + id + " signed");
  return fail(ErrorKind::permission_denied, "signed with key " + id + ", which is not one that is trusted here");
}

}  // namespace plumbline
