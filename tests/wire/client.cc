// SPDX-License-Identifier: Apache-2.0
#include "tests/wire/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>

#include "base/text.h"

namespace plumbline {
namespace {

void use_identity(SSL_CTX* context, const Identity& identity) {
  BIO* certificate_bio = BIO_new_mem_buf(identity.certificate_pem.data(), static_cast<int>(identity.certificate_pem.size()));
  BIO* key_bio = BIO_new_mem_buf(identity.private_key_pem.data(), static_cast<int>(identity.private_key_pem.size()));
  X509* certificate = PEM_read_bio_X509(certificate_bio, nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(key_bio, nullptr, nullptr, nullptr);
  SSL_CTX_use_certificate(context, certificate);
  SSL_CTX_use_PrivateKey(context, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  BIO_free_all(certificate_bio);
  BIO_free_all(key_bio);
}

void give_up_after(int fd, int seconds) {
  timeval time{};
  time.tv_sec = seconds;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

sockaddr_in loopback(unsigned short port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

struct WireClient::Tls {
  SSL_CTX* context = nullptr;
  SSL* ssl = nullptr;
  int fd = -1;
};

WireClient::WireClient(unsigned short port, const Identity* identity, bool tls12) : tls_(std::make_unique<Tls>()) {
  std::signal(SIGPIPE, SIG_IGN);
  tls_->context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(tls_->context, 0);
  if (tls12) SSL_CTX_set_max_proto_version(tls_->context, TLS1_2_VERSION);
  if (identity) use_identity(tls_->context, *identity);
  tls_->ssl = SSL_new(tls_->context);
  tls_->fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  give_up_after(tls_->fd, 30);
  const sockaddr_in address = loopback(port);
  const int at_once = 1;  // or a body of two records waits for an acknowledgement that the other side delays
  ::setsockopt(tls_->fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  if (::connect(tls_->fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
  SSL_set_fd(tls_->ssl, tls_->fd);
  connected_ = SSL_connect(tls_->ssl) == 1;
  ERR_clear_error();
}

WireClient::~WireClient() {
  SSL_free(tls_->ssl);
  SSL_CTX_free(tls_->context);
  if (tls_->fd >= 0) ::close(tls_->fd);
}

bool WireClient::send(std::string_view bytes) {
  if (!connected_) return false;
  while (!bytes.empty()) {
    const int sent = SSL_write(tls_->ssl, bytes.data(), static_cast<int>(bytes.size()));
    ERR_clear_error();
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool WireClient::more() {
  char block[16384];
  const int count = connected_ ? SSL_read(tls_->ssl, block, sizeof block) : 0;
  ERR_clear_error();
  if (count <= 0) return false;
  buffer_.append(block, static_cast<std::size_t>(count));
  return true;
}

bool WireClient::is_at_end() { return buffer_.empty() && !more(); }

void WireClient::leave() {
  if (connected_) SSL_shutdown(tls_->ssl);
  ERR_clear_error();
  char byte = 0;
  while (::recv(tls_->fd, &byte, 1, 0) > 0) {
  }
}

WireAnswer WireClient::receive(bool head) {
  WireAnswer answer;
  while (!contains(buffer_, "\r\n\r\n"))
    if (!more()) return answer;
  const auto end = buffer_.find("\r\n\r\n");
  const std::string header = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  const auto all = lines(header);
  answer.status = static_cast<int>(parse_u64(words(all[0])[1]).value_or(0));
  for (std::size_t i = 1; i < all.size(); ++i) {
    const auto colon = all[i].find(':');
    answer.headers[lower(all[i].substr(0, colon))] = std::string(trim(all[i].substr(colon + 1)));
  }
  const std::size_t length = head ? 0 : static_cast<std::size_t>(parse_u64(answer.headers["content-length"]).value_or(0));
  while (buffer_.size() < length)
    if (!more()) break;
  answer.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return answer;
}

WireAnswer WireClient::ask(const std::string& method, const std::string& target, std::string_view body, const std::string& headers) {
  std::string request = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers;
  if (!body.empty() || method == "POST") request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  if (!send(request + "\r\n" + std::string(body))) return {};
  return receive(method == "HEAD");
}

struct CountingListener::Tls {
  SSL_CTX* context = nullptr;
};

CountingListener::CountingListener(const Identity& identity) : tls_(std::make_unique<Tls>()) {
  tls_->context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_num_tickets(tls_->context, 0);
  use_identity(tls_->context, identity);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
  ::listen(listener_, 16);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

CountingListener::~CountingListener() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
  SSL_CTX_free(tls_->context);
}

void CountingListener::serve() {
  while (!stopping_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    ++connections_;
    give_up_after(fd, 5);
    SSL* ssl = SSL_new(tls_->context);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
      char block[16384];
      for (int count = SSL_read(ssl, block, sizeof block); count > 0; count = SSL_read(ssl, block, sizeof block))
        bytes_ += static_cast<std::size_t>(count);
    }
    ERR_clear_error();
    SSL_free(ssl);
    ::close(fd);
  }
}

}  // namespace plumbline
