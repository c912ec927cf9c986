// SPDX-License-Identifier: Apache-2.0
// libcrypto by whichever name this system has it (OpenSSL 3 or 1.1.1), loaded by the first call of one of its functions:
// a scan that meets no certificate does without, and loading costs as much as reading 500 files. Each function that is
// used jumps to the loaded one; so the program needs no version of the library, and updates of it reach the agent.
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "agent/portable/sha256.h"

namespace {

[[noreturn]] void no_library() {
  constexpr std::string_view kText =
      "plumbline-agent: libcrypto.so.3 or libcrypto.so.1.1 is not there or too old; install OpenSSL (libssl3 on Debian 12, "
      "openssl-libs on RHEL)\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kText.data(), kText.size());
  ::_exit(1);
}

}  // namespace

extern "C" __attribute__((visibility("hidden"))) void load_libcrypto();

// LOAD keeps what a function was called with; seven words and the return address leave the stack aligned.
#if defined(__x86_64__)
#define JUMP(place) "endbr64\njmp *" place "(%rip)\n"
#define LOAD                                                                                                    \
  "endbr64\npush %rdi\npush %rsi\npush %rdx\npush %rcx\npush %r8\npush %r9\npush %rax\ncall load_libcrypto\n" \
  "pop %rax\npop %r9\npop %r8\npop %rcx\npop %rdx\npop %rsi\npop %rdi\n"
#elif defined(__aarch64__)
#define JUMP(place) "adrp x16, " place "\nldr x16, [x16, :lo12:" place "]\nbr x16\n"
#define LOAD                                                                                                          \
  "stp x29, x30, [sp, #-80]!\nstp x0, x1, [sp, #16]\nstp x2, x3, [sp, #32]\nstp x4, x5, [sp, #48]\nstp x6, x7, [sp, #64]\n" \
  "bl load_libcrypto\n"                                                                                               \
  "ldp x0, x1, [sp, #16]\nldp x2, x3, [sp, #32]\nldp x4, x5, [sp, #48]\nldp x6, x7, [sp, #64]\nldp x29, x30, [sp], #80\n"
#endif

#define EACH_FUNCTION(one)                                                                                             \
  one(ASN1_STRING_get0_data) one(ASN1_STRING_length) one(ASN1_TIME_to_tm) one(BIO_ctrl) one(BIO_free) one(BIO_free_all)  \
  one(BIO_new) one(BIO_new_mem_buf) one(BIO_s_mem) one(CRYPTO_free) one(CRYPTO_memcmp) one(ERR_clear_error)              \
  one(ERR_error_string_n) one(ERR_get_error) one(EVP_DigestSign) one(EVP_DigestSignInit) one(EVP_DigestVerify)           \
  one(EVP_DigestVerifyInit) one(EVP_MD_CTX_free) one(EVP_MD_CTX_new) one(EVP_PKEY_CTX_ctrl_str) one(EVP_PKEY_CTX_free)   \
  one(EVP_PKEY_CTX_new_id) one(EVP_PKEY_free) one(EVP_PKEY_get_base_id) one(EVP_PKEY_get_bits) one(EVP_PKEY_keygen)      \
  one(EVP_PKEY_keygen_init) one(EVP_sha256) one(PEM_read_bio_PrivateKey) one(PEM_read_bio_X509)                          \
  one(PEM_write_bio_PKCS8PrivateKey) one(PEM_write_bio_X509_REQ) one(RAND_bytes)                                         \
  one(X509_NAME_add_entry_by_txt) one(X509_NAME_get_text_by_NID) one(X509_REQ_free) one(X509_REQ_get_subject_name)       \
  one(X509_REQ_new) one(X509_REQ_set_pubkey) one(X509_REQ_sign) one(X509_check_ca) one(X509_free) one(X509_get0_notAfter) \
  one(X509_get0_notBefore) one(X509_get0_pubkey) one(X509_get0_serialNumber) one(X509_get_X509_PUBKEY)                   \
  one(X509_get_ext_by_NID) one(X509_get_subject_name) one(i2d_X509) one(i2d_X509_PUBKEY)

#define DEFINE(name)                                                                                               \
  extern "C" __attribute__((visibility("hidden"))) void* at_##name;                                                 \
  extern "C" __attribute__((visibility("hidden"))) void first_##name();                                             \
  void* at_##name = reinterpret_cast<void*>(&first_##name);                                                         \
  __asm__(".pushsection .text\n.balign 16\n.globl " #name "\n.hidden " #name "\n.type " #name ", %function\n" #name \
          ":\n" JUMP("at_" #name) ".size " #name ", . - " #name "\n.balign 16\n.globl first_" #name                   \
          "\n.hidden first_" #name "\n.type first_" #name ", %function\nfirst_" #name ":\n" LOAD JUMP("at_" #name)    \
          ".size first_" #name ", . - first_" #name "\n.popsection\n");
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

}  // namespace

/// Two threads that both come first load the same library and write the same addresses.
extern "C" void load_libcrypto() {
  void* library = ::dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) library = ::dlopen("libcrypto.so.1.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) no_library();
  for (const Function& one : kFunctions) {
    void* found = ::dlsym(library, one.name);
    if (found == nullptr) found = ::dlsym(library, older_name(one.name));
    *one.place = found != nullptr ? found : reinterpret_cast<void*>(&no_library);
  }
}

/// Of <openssl/sha.h>, for base/hash.cc: the library's own would set up all of OpenSSL for the hash of a scan.
extern "C" __attribute__((visibility("hidden"))) unsigned char* SHA256(const unsigned char* bytes, std::size_t count, unsigned char* digest) {
  const auto sum = plumbline::portable_sha256({reinterpret_cast<const char*>(bytes), count});
  std::copy(sum.begin(), sum.end(), digest);
  return digest;
}
