// SPDX-License-Identifier: Apache-2.0
// libcrypto by whichever name this system has it (OpenSSL 3 or 1.1.1), loaded when the program starts. Each function that
// is used jumps to the loaded one; so the program needs no version of the library, and updates of it reach the agent.
#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>

namespace {

[[noreturn]] void no_library() {
  constexpr std::string_view kText =
      "plumbline-agent: libcrypto.so.3 or libcrypto.so.1.1 is not there or too old; install OpenSSL (libssl3 on Debian 12, "
      "openssl-libs on RHEL)\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kText.data(), kText.size());
  ::_exit(1);
}

}  // namespace

#if defined(__x86_64__)
#define JUMP(place) "endbr64\njmp *" place "(%rip)\n"
#elif defined(__aarch64__)
#define JUMP(place) "adrp x16, " place "\nldr x16, [x16, :lo12:" place "]\nbr x16\n"
#endif

#define EACH_FUNCTION(one)                                                                                             \
  one(ASN1_STRING_get0_data) one(ASN1_STRING_length) one(ASN1_TIME_to_tm) one(BIO_ctrl) one(BIO_free) one(BIO_free_all)  \
  one(BIO_new) one(BIO_new_mem_buf) one(BIO_s_mem) one(CRYPTO_free) one(CRYPTO_memcmp) one(ERR_clear_error)              \
  one(ERR_error_string_n) one(ERR_get_error) one(EVP_DigestSign) one(EVP_DigestSignInit) one(EVP_DigestVerify)           \
  one(EVP_DigestVerifyInit) one(EVP_MD_CTX_free) one(EVP_MD_CTX_new) one(EVP_PKEY_CTX_ctrl_str) one(EVP_PKEY_CTX_free)   \
  one(EVP_PKEY_CTX_new_id) one(EVP_PKEY_free) one(EVP_PKEY_get_base_id) one(EVP_PKEY_get_bits) one(EVP_PKEY_keygen)      \
  one(EVP_PKEY_keygen_init) one(EVP_sha256) one(PEM_read_bio_PrivateKey) one(PEM_read_bio_X509)                          \
  one(PEM_write_bio_PKCS8PrivateKey) one(PEM_write_bio_X509_REQ) one(RAND_bytes) one(SHA256)                             \
  one(X509_NAME_add_entry_by_txt) one(X509_NAME_get_text_by_NID) one(X509_REQ_free) one(X509_REQ_get_subject_name)       \
  one(X509_REQ_new) one(X509_REQ_set_pubkey) one(X509_REQ_sign) one(X509_check_ca) one(X509_free) one(X509_get0_notAfter) \
  one(X509_get0_notBefore) one(X509_get0_pubkey) one(X509_get0_serialNumber) one(X509_get_X509_PUBKEY)                   \
  one(X509_get_ext_by_NID) one(X509_get_subject_name) one(i2d_X509) one(i2d_X509_PUBKEY)

#define DEFINE(name)                                                                                               \
  extern "C" __attribute__((visibility("hidden"))) void* at_##name;                                                 \
  void* at_##name = reinterpret_cast<void*>(&no_library);                                                           \
  __asm__(".pushsection .text\n.balign 16\n.globl " #name "\n.hidden " #name "\n.type " #name ", %function\n" #name \
          ":\n" JUMP("at_" #name) ".size " #name ", . - " #name "\n.popsection\n");
EACH_FUNCTION(DEFINE)

namespace {

struct Function {
  const char* name;
  void** place;
};
#define ROW(name) Function{#name, &at_##name},
constexpr std::array kFunctions = {EACH_FUNCTION(ROW)};

/// OpenSSL 3 put "get_" into these names.
const char* older_name(const char* name) {
  if (std::strcmp(name, "EVP_PKEY_get_base_id") == 0) return "EVP_PKEY_base_id";
  return std::strcmp(name, "EVP_PKEY_get_bits") == 0 ? "EVP_PKEY_bits" : name;
}

__attribute__((constructor(101))) void load() {
  void* library = ::dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) library = ::dlopen("libcrypto.so.1.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return;  // who calls one is told
  for (const Function& one : kFunctions) {
    void* found = ::dlsym(library, one.name);
    if (found == nullptr) found = ::dlsym(library, older_name(one.name));
    if (found != nullptr) *one.place = found;
  }
}

}  // namespace
