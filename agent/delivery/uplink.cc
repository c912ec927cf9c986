// SPDX-License-Identifier: Apache-2.0
#include "agent/delivery/uplink.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxAnswerBytes = 1u << 20;
constexpr long kConnectSeconds = 10;
constexpr long kCallSeconds = 120;
constexpr const char* kLibrary = "libcurl.so.4";
constexpr int kProtocolsOption = 181;  // CURLOPT_PROTOCOLS, by number: the compiler warns of its name

/// The few functions of libcurl that are used, by name.
struct Curl {
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_easy_init) easy_init = nullptr;
  CURLcode (*setopt)(CURL*, CURLoption, ...) = nullptr;
  CURLcode (*getinfo)(CURL*, CURLINFO, ...) = nullptr;
  decltype(&::curl_easy_perform) perform = nullptr;
  decltype(&::curl_easy_cleanup) cleanup = nullptr;
  decltype(&::curl_easy_strerror) strerror = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
};

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

/// Stays loaded: OpenSSL and libcurl are not made to be unloaded.
Result<Curl> load_curl() {
  void* library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return fail(ErrorKind::not_found,
                std::string(kLibrary) +
                    ": it is not installed, and without it nothing can be delivered; install the package "
                    "libcurl4 (Debian 12) or libcurl4t64 (Ubuntu 24.04)");
  Curl curl;
  const bool all =
      find(library, "curl_global_init", curl.global_init) &&
      find(library, "curl_easy_init", curl.easy_init) && find(library, "curl_easy_setopt", curl.setopt) &&
      find(library, "curl_easy_getinfo", curl.getinfo) && find(library, "curl_easy_perform", curl.perform) &&
      find(library, "curl_easy_cleanup", curl.cleanup) &&
      find(library, "curl_easy_strerror", curl.strerror) &&
      find(library, "curl_slist_append", curl.slist_append) &&
      find(library, "curl_slist_free_all", curl.slist_free_all);
  if (!all || curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return fail(ErrorKind::io, std::string(kLibrary) + ": it cannot be used; reinstall its package");
  return curl;
}

std::size_t keep_body(char* bytes, std::size_t size, std::size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + size * count > kMaxAnswerBytes) return 0;
  body.append(bytes, size * count);
  return size * count;
}

int ask_to_stop(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& asked = *static_cast<const std::function<bool()>*>(stop);
  return asked && asked() ? 1 : 0;
}

curl_blob blob_of(const std::string& text) {
  curl_blob blob{};
  blob.data = const_cast<char*>(text.data());
  blob.len = text.size();
  blob.flags = CURL_BLOB_COPY;
  return blob;
}

class CurlUplink : public Uplink {
 public:
  CurlUplink(Curl curl, UplinkOptions options)
      : curl_(curl), options_(std::move(options)), easy_(curl_.easy_init()) {}
  ~CurlUplink() override {
    if (easy_) curl_.cleanup(easy_);
    close_files();
  }
  CurlUplink(const CurlUplink&) = delete;
  CurlUplink& operator=(const CurlUplink&) = delete;

  Result<void> prepare();
  Result<HttpAnswer> get(std::string_view path) override { return call(path, {}, nullptr); }
  Result<HttpAnswer> post(std::string_view path, std::string_view content_type,
                          std::string_view body) override {
    if (options_.ca_pem.empty())
      return fail(ErrorKind::permission_denied, "uplink: nothing is sent to a server that was not verified");
    return call(path, content_type, &body);
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    if (const CURLcode code = curl_.setopt(easy_, option, value); code != CURLE_OK && refused_ == CURLE_OK)
      refused_ = code;
  }
  void set_trust();
  void set_pem(CURLoption blob_option, CURLoption file_option, const std::string& pem);
  void close_files();
  Result<HttpAnswer> call(std::string_view path, std::string_view content_type, const std::string_view* body);
  Error error_of(CURLcode code) const;

  Curl curl_;
  UplinkOptions options_;
  CURL* easy_;
  CURLcode refused_ = CURLE_OK;  // the first setting that this libcurl does not take
  std::array<char, CURL_ERROR_SIZE> detail_{};
  std::vector<int> files_;  // ends of pipes, for a libcurl that takes no blobs
};

/// A libcurl before 7.77 (RHEL 8, Ubuntu 20.04) takes files alone, and reads them once a connection: pipes that are filled
/// before each call stand in for them, for a key shall lie nowhere else.
void CurlUplink::set_pem(CURLoption blob_option, CURLoption file_option, const std::string& pem) {
  curl_blob blob = blob_of(pem);
  if (curl_.setopt(easy_, blob_option, &blob) == CURLE_OK) return;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    refused_ = CURLE_OUT_OF_MEMORY;
    return;
  }
  files_.push_back(ends[0]);
  const auto written = ::write(ends[1], pem.data(), pem.size());
  ::close(ends[1]);
  if (written != static_cast<ssize_t>(pem.size())) refused_ = CURLE_OUT_OF_MEMORY;
  set(file_option, ("/proc/self/fd/" + std::to_string(ends[0])).c_str());
}

void CurlUplink::close_files() {
  for (const int file : files_) ::close(file);
  files_.clear();
}

void CurlUplink::set_trust() {
  // The system's authorities stand under these two by default and are believed beside the blob: they must go.
  set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  const bool verify = !options_.ca_pem.empty();
  set(CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
  if (verify) set_pem(CURLOPT_CAINFO_BLOB, CURLOPT_CAINFO, options_.ca_pem);
  if (options_.certificate_pem.empty()) return;
  set_pem(CURLOPT_SSLCERT_BLOB, CURLOPT_SSLCERT, options_.certificate_pem);
  set_pem(CURLOPT_SSLKEY_BLOB, CURLOPT_SSLKEY, options_.private_key_pem);
}

Result<void> CurlUplink::prepare() {
  if (!easy_) return fail(ErrorKind::io, "uplink: out of memory");
  set_trust();
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_3));
  if (curl_.setopt(easy_, CURLOPT_PROTOCOLS_STR, "https") != CURLE_OK)  // before 7.85
    set(static_cast<CURLoption>(kProtocolsOption), static_cast<long>(CURLPROTO_HTTPS));
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOPROXY, "*");  // the collector is in-house: variables of some session must not lead elsewhere
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_TIMEOUT, kCallSeconds);
  set(CURLOPT_USERAGENT, "plumbline-agent/" PLUMBLINE_VERSION);
  set(CURLOPT_ERRORBUFFER, detail_.data());
  set(CURLOPT_WRITEFUNCTION, &keep_body);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &ask_to_stop);
  set(CURLOPT_XFERINFODATA, &options_.stop);
  if (refused_ != CURLE_OK)
    return fail(ErrorKind::io, std::string("libcurl: it lacks what is needed here (") +
                                   curl_.strerror(refused_) +
                                   "); version 7.61 or newer with OpenSSL is needed");
  return {};
}

Error CurlUplink::error_of(CURLcode code) const {
  const std::string reason =
      printable(detail_[0] ? std::string_view(detail_.data()) : std::string_view(curl_.strerror(code)));
  long verified = 0;  // a forged signature shows here and not in the code
  curl_.getinfo(easy_, CURLINFO_SSL_VERIFYRESULT, &verified);
  const bool distrusted = !options_.ca_pem.empty() && verified != 0;
  if (distrusted || code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR)
    return {ErrorKind::permission_denied,
            options_.url + ": this server is not the collector this host trusts (" + reason +
                "); nothing was sent. Check the address, and whether something stands between"};
  return {ErrorKind::unavailable, options_.url + ": the collector cannot be reached (" + reason + "); check its address and port, and that it runs"};
}

Result<HttpAnswer> CurlUplink::call(std::string_view path, std::string_view content_type,
                                    const std::string_view* body) {
  HttpAnswer answer;
  detail_[0] = '\0';
  if (!files_.empty()) {
    close_files();
    set_trust();
  }
  const std::string url = options_.url + std::string(path);
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_WRITEDATA, &answer.body);
  // No "Expect": it would cost a round trip, and a collector that refuses answers while the body is on its
  // way.
  curl_slist* headers = curl_.slist_append(nullptr, "Expect:");
  if (body) {
    headers = curl_.slist_append(headers, ("Content-Type: " + std::string(content_type)).c_str());
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, body->data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
  } else {
    set(CURLOPT_HTTPGET, 1L);
  }
  set(CURLOPT_HTTPHEADER, headers);
  const CURLcode code = curl_.perform(easy_);
  set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
  curl_.slist_free_all(headers);
  if (code != CURLE_OK) return tl::unexpected(error_of(code));
  curl_.getinfo(easy_, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_off_t wait = 0;
  if (curl_.getinfo(easy_, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK)
    answer.retry_after_seconds = static_cast<long>(wait);
  return answer;
}

}  // namespace

Result<std::unique_ptr<Uplink>> open_uplink(UplinkOptions options) {
  auto curl = load_curl();
  if (!curl) return tl::unexpected(curl.error());
  auto uplink = std::make_unique<CurlUplink>(*curl, std::move(options));
  if (auto prepared = uplink->prepare(); !prepared) return tl::unexpected(prepared.error());
  return uplink;
}

std::string explain(const HttpAnswer& answer) {
  constexpr std::size_t kMostShown = 400;
  const std::string status = "HTTP " + std::to_string(answer.status);
  const auto body = parse_json(answer.body, JsonLimits{kMaxAnswerBytes, 8, 1000, 64u << 10});
  if (!body || !body->is_object()) return status;
  const auto text = [&](const char* key) {
    const auto found = body->find(key);
    return found != body->end() && found->is_string()
               ? printable(found->get<std::string>().substr(0, kMostShown))
               : std::string();
  };
  const std::string what = text("error"), next = text("next");
  if (what.empty()) return status;
  return what + (next.empty() ? "" : "; " + next);
}

}  // namespace plumbline
