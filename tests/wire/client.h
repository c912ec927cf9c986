// SPDX-License-Identifier: Apache-2.0
// A blocking TLS client and a TLS listener that count what passes; for tests on loopback.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "collector/pki/pki.h"

namespace plumbline {

struct WireAnswer {
  int status = 0;  // 0: the connection ended without an answer
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
};

/// Believes every server; presents what it is given.
class WireClient {
 public:
  explicit WireClient(unsigned short port, const Identity* identity = nullptr, bool tls12 = false);
  ~WireClient();
  WireClient(const WireClient&) = delete;
  WireClient& operator=(const WireClient&) = delete;

  bool connected() const { return connected_; }
  bool send(std::string_view bytes);
  /// One answer; `head` where none has a body.
  WireAnswer receive(bool head = false);
  /// Sends a request with Host and Content-Length, and receives.
  WireAnswer ask(const std::string& method, const std::string& target, std::string_view body = {}, const std::string& headers = {});
  /// Says goodbye and waits until the server has closed too.
  void leave();
  /// True when the server has closed and nothing more came.
  bool is_at_end();

 private:
  bool more();
  struct Tls;
  std::unique_ptr<Tls> tls_;
  bool connected_ = false;
  std::string buffer_;
};

/// A server that shakes hands with the given certificate, counts what arrives after it and answers nothing.
class CountingListener {
 public:
  explicit CountingListener(const Identity& identity);
  ~CountingListener();
  CountingListener(const CountingListener&) = delete;
  CountingListener& operator=(const CountingListener&) = delete;
  unsigned short port() const { return port_; }
  std::size_t bytes() const { return bytes_; }
  int connections() const { return connections_; }

 private:
  void serve();
  struct Tls;
  std::unique_ptr<Tls> tls_;
  int listener_ = -1;
  unsigned short port_ = 0;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace plumbline
