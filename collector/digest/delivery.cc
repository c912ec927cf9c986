// SPDX-License-Identifier: Apache-2.0
// libcurl, and what its answers mean.
#include "collector/digest/delivery.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>

#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostAnswerBytes = 64u << 10;
constexpr std::size_t kMostShownAnswer = 200;
constexpr long kLongestRetryAfter = 300;

/// What one transfer keeps while libcurl calls back.
struct Transfer {
  std::string_view body;        // what is sent
  std::size_t sent = 0;
  std::string answer;           // what a webhook says
  std::string refusal;          // a mail server's last line that says no
  std::string recipient;        // whom it was asked about last
  std::vector<std::string> refused;
  const Stop* stop = nullptr;
};

std::size_t give_body(char* into, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::size_t bytes = std::min(size * count, transfer.body.size() - transfer.sent);
  std::memcpy(into, transfer.body.data() + transfer.sent, bytes);
  transfer.sent += bytes;
  return bytes;
}

/// What is beyond the limit is dropped: whoever answers at length has taken the message all the same.
std::size_t keep_answer(char* bytes, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::size_t room = kMostAnswerBytes - std::min(transfer.answer.size(), kMostAnswerBytes);
  if (room == 0) return 0;
  transfer.answer.append(bytes, std::min(room, size * count));
  return size * count;
}

/// The dialogue of SMTP: which recipient was refused, and the server's last words. What carries a password is never looked at.
int watch(CURL*, curl_infotype kind, char* bytes, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::string_view text = trim(std::string_view(bytes, size));
  if (kind == CURLINFO_HEADER_OUT) {
    transfer.recipient.clear();
    if (text.starts_with("RCPT TO:<")) transfer.recipient = std::string(text.substr(9, text.find('>') - 9));
  }
  if (kind != CURLINFO_HEADER_IN) return 0;
  const bool refused = !text.empty() && (text.front() == '4' || text.front() == '5');
  if (refused) transfer.refusal = std::string(text);
  if (refused && !transfer.recipient.empty()) transfer.refused.push_back(transfer.recipient);
  return 0;
}

int ask_to_stop(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& transfer = *static_cast<Transfer*>(context);
  return transfer.stop != nullptr && *transfer.stop && (*transfer.stop)() ? 1 : 0;
}

/// Any appearance of a secret, or of the part of an address that makes it one, is cut out.
std::string without(std::string text, const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    constexpr std::size_t kShortest = 6;  // shorter ones would cut words
    if (secret.size() < kShortest) continue;
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos;) text.replace(at, secret.size(), "…");
  }
  return printable(text);
}

/// One call of libcurl with the settings that every one has.
class Call {
 public:
  Call(Transfer& transfer, const DeliveryLimits& limits) : transfer_(transfer) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    easy_ = curl_easy_init();
    if (easy_ == nullptr) return;
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_CONNECTTIMEOUT, limits.connect_seconds);
    set(CURLOPT_TIMEOUT, limits.call_seconds);
    set(CURLOPT_ERRORBUFFER, detail_.data());
    set(CURLOPT_WRITEFUNCTION, &keep_answer);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer_));
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &ask_to_stop);
    set(CURLOPT_XFERINFODATA, static_cast<void*>(&transfer_));
  }
  ~Call() {
    curl_slist_free_all(list_);
    if (easy_ != nullptr) curl_easy_cleanup(easy_);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  template <class Value>
  void set(CURLoption option, Value value) {
    if (const CURLcode code = easy_ != nullptr ? curl_easy_setopt(easy_, option, value) : CURLE_OUT_OF_MEMORY; code != CURLE_OK && refused_ == CURLE_OK) refused_ = code;
  }
  void add(const std::string& text) { list_ = curl_slist_append(list_, text.c_str()); }
  curl_slist* list() { return list_; }
  CURLcode run() { return refused_ != CURLE_OK ? refused_ : curl_easy_perform(easy_); }
  std::string reason(CURLcode code) const { return detail_[0] != '\0' ? detail_.data() : curl_easy_strerror(code); }
  long status() const {
    long status = 0;
    if (easy_ != nullptr) curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    return status;
  }
  long retry_after() const {
    curl_off_t seconds = 0;
    if (easy_ != nullptr) curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &seconds);
    return static_cast<long>(std::min<curl_off_t>(seconds, kLongestRetryAfter));
  }

 private:
  Transfer& transfer_;
  CURL* easy_ = nullptr;
  curl_slist* list_ = nullptr;
  CURLcode refused_ = CURLE_OK;
  std::array<char, CURL_ERROR_SIZE> detail_{};
};

bool distrusted(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_CERTPROBLEM;
}

/// A break after the message began to leave and before an answer came.
bool may_have_arrived(CURLcode code, const Transfer& transfer) {
  const bool broke = code == CURLE_OPERATION_TIMEDOUT || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR || code == CURLE_PARTIAL_FILE || code == CURLE_ABORTED_BY_CALLBACK;
  return broke && !transfer.body.empty() && transfer.sent >= transfer.body.size();
}

DeliveryEnd broken(CURLcode code, const Call& call, const Transfer& transfer, const std::string& where, const std::vector<std::string>& secrets) {
  DeliveryEnd end;
  const std::string why = without(call.reason(code), secrets);
  if (may_have_arrived(code, transfer)) {
    end.outcome = DeliveryEnd::Outcome::unsure;
    end.message = where + ": the connection broke after the message was sent (" + why + "); it may have arrived, so it is not sent again";
  } else if (distrusted(code)) {
    end.message = where + ": its certificate is not trusted (" + why + "); nothing was sent. Check the address; for an authority of your own set `authorities`";
  } else if (code == CURLE_USE_SSL_FAILED) {
    end.message = where + ": it offers no STARTTLS; nothing was sent. Use another port, or smtps://";
  } else {
    end.try_again = code != CURLE_ABORTED_BY_CALLBACK && code != CURLE_UNSUPPORTED_PROTOCOL && code != CURLE_URL_MALFORMAT;
    end.message = where + ": it could not be reached (" + why + "); check its address and port";
  }
  return end;
}

/// What a mail server's refusal means.
DeliveryEnd refused_mail(CURLcode code, const Transfer& transfer, const std::string& where, const std::vector<std::string>& secrets) {
  DeliveryEnd end;
  end.refused_recipients = transfer.refused;
  const std::string words = without(transfer.refusal, secrets);
  end.try_again = !words.empty() && words.front() == '4' && code != CURLE_LOGIN_DENIED;
  if (code == CURLE_LOGIN_DENIED) end.message = where + ": it refused the user and password (" + words + "); check `user` and the file of `password_file`";
  else if (!transfer.refused.empty()) end.message = where + ": it takes mail for none of the recipients (" + words + "); check `to` and `from`";
  else end.message = where + ": it refused the message (" + words + "); check `from`, and that it takes mail from this machine";
  return end;
}

}  // namespace

DeliveryEnd send_mail(const MailSettings& settings, const std::string& bytes, const Stop& stop, const DeliveryLimits& limits) {
  Transfer transfer;
  transfer.body = bytes;
  transfer.stop = &stop;
  Call call(transfer, limits);
  for (const auto& address : settings.to) call.add("<" + address + ">");
  call.set(CURLOPT_URL, settings.server.c_str());
  call.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  call.set(CURLOPT_USE_SSL, settings.starttls ? static_cast<long>(CURLUSESSL_ALL) : static_cast<long>(CURLUSESSL_NONE));
  if (!settings.authorities.empty()) call.set(CURLOPT_CAINFO, settings.authorities.c_str());
  if (!settings.user.empty()) {
    call.set(CURLOPT_USERNAME, settings.user.c_str());
    call.set(CURLOPT_PASSWORD, settings.password.c_str());
  }
  call.set(CURLOPT_MAIL_FROM, ("<" + settings.from + ">").c_str());
  call.set(CURLOPT_MAIL_RCPT, call.list());
#if LIBCURL_VERSION_NUM >= 0x080200
  call.set(CURLOPT_MAIL_RCPT_ALLOWFAILS, 1L);
#else
  call.set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
#endif
  call.set(CURLOPT_UPLOAD, 1L);
  call.set(CURLOPT_READFUNCTION, &give_body);
  call.set(CURLOPT_READDATA, static_cast<void*>(&transfer));
  call.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(bytes.size()));
  call.set(CURLOPT_VERBOSE, 1L);
  call.set(CURLOPT_DEBUGFUNCTION, &watch);
  call.set(CURLOPT_DEBUGDATA, static_cast<void*>(&transfer));
  const CURLcode code = call.run();
  const std::string where = "mail server " + host_of_url(settings.server);
  const std::vector<std::string> secrets = {settings.password};
  if (code == CURLE_OK) {
    DeliveryEnd end{DeliveryEnd::Outcome::sent, false, 0, where + " took the message", transfer.refused};
    if (!transfer.refused.empty()) end.message += ", but not for " + join(transfer.refused, ", ") + "; take " + (transfer.refused.size() == 1 ? "it" : "them") + " out of `to`";
    return end;
  }
  const bool by_answer = code == CURLE_LOGIN_DENIED || !transfer.refusal.empty();
  return by_answer && !distrusted(code) && code != CURLE_USE_SSL_FAILED ? refused_mail(code, transfer, where, secrets) : broken(code, call, transfer, where, secrets);
}

DeliveryEnd post_webhook(const WebhookSettings& settings, const std::string& what, const std::string& json_text, const Stop& stop, const DeliveryLimits& limits) {
  Transfer transfer;
  transfer.body = json_text;
  transfer.stop = &stop;
  Call call(transfer, limits);
  call.add("Content-Type: application/json");
  call.add("Expect:");
  call.set(CURLOPT_URL, settings.url.c_str());
  call.set(CURLOPT_PROTOCOLS_STR, settings.url.starts_with("http://") ? "http" : "https");
  if (!settings.authorities.empty()) call.set(CURLOPT_CAINFO, settings.authorities.c_str());
  call.set(CURLOPT_USERAGENT, "plumbline-collector/" PLUMBLINE_VERSION);
  call.set(CURLOPT_HTTPHEADER, call.list());
  call.set(CURLOPT_POST, 1L);
  call.set(CURLOPT_READFUNCTION, &give_body);
  call.set(CURLOPT_READDATA, static_cast<void*>(&transfer));
  call.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json_text.size()));
  const CURLcode code = call.run();
  const std::string where = what + " webhook " + shown_webhook(settings.url);
  const std::string& url = settings.url;
  const auto path = url.find('/', url.find("://") + 3);
  std::vector<std::string> secrets = {url};
  if (path != std::string::npos) {
    const std::string rest = url.substr(path + 1);
    secrets.push_back(rest);
    for (const auto piece : split(rest, '/')) secrets.emplace_back(piece);
  }
  const long status = call.status();
  if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && status > 0)) return broken(code, call, transfer, where, secrets);
  if (status >= 200 && status < 300) return {DeliveryEnd::Outcome::sent, false, 0, where + " took the message", {}};
  DeliveryEnd end;
  end.try_again = status == 408 || status == 429 || status >= 500;
  end.retry_after_seconds = call.retry_after();
  const std::string said = without(transfer.answer.substr(0, kMostShownAnswer), secrets);
  end.message = where + ": it answered " + std::to_string(status) + (said.empty() ? "" : " (" + said + ")") +
                (status >= 300 && status < 400 ? "; it wants to send us elsewhere, which is not followed: put the new address into the file of `webhook_file`"
                 : status == 404 || status == 410 || status == 403 ? "; make a new webhook and put its address into the file of `webhook_file`" : end.try_again ? "; it is tried again" : "");
  return end;
}

DeliveryEnd deliver_patiently(const std::function<DeliveryEnd()>& once, const Patience& patience, const std::function<bool(double seconds)>& wait, const std::function<double()>& random) {
  DeliveryEnd end;
  for (int tried = 1;; ++tried) {
    end = once();
    if (end.outcome != DeliveryEnd::Outcome::refused || !end.try_again || tried >= patience.tries) return end;
    const double most = std::min(patience.longest_wait_seconds, patience.first_wait_seconds * std::pow(2.0, tried - 1));
    const double seconds = end.retry_after_seconds > 0 ? static_cast<double>(end.retry_after_seconds) + random() : random() * most;
    if (!wait(seconds)) return end;
  }
}

}  // namespace plumbline
