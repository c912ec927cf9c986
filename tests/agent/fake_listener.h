// SPDX-License-Identifier: Apache-2.0
// A listener on loopback that behaves as told: answers, keeps silent, never ends, drips or closes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace plumbline {

enum class Manner {
  answers,  // what `answer` makes of the words it heard, then closes once the other side does
  closes,   // answers, then closes at once
  silent,   // takes the connection and says nothing
  endless,  // sends the answer again and again, as fast as it is taken
  drips,    // sends the answer byte by byte, one every 5 ms
};

class FakeListener {
 public:
  using Answer = std::function<std::string(const std::string& heard)>;

  /// Listens on `address` and a port of the kernel's choice.
  FakeListener(Manner manner, Answer answer, const char* address = "127.0.0.1", bool v6only = false)
      : manner_(manner), answer_(std::move(answer)) {
    const bool v6 = std::strchr(address, ':') != nullptr;
    socket_ = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_storage place {};
    socklen_t size = 0;
    if (v6) {
      auto* in6 = reinterpret_cast<struct sockaddr_in6*>(&place);
      in6->sin6_family = AF_INET6;
      inet_pton(AF_INET6, address, &in6->sin6_addr);
      size = sizeof *in6;
      const int only = v6only ? 1 : 0;
      setsockopt(socket_, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    } else {
      auto* in = reinterpret_cast<struct sockaddr_in*>(&place);
      in->sin_family = AF_INET;
      inet_pton(AF_INET, address, &in->sin_addr);
      size = sizeof *in;
    }
    good_ = ::bind(socket_, reinterpret_cast<struct sockaddr*>(&place), size) == 0 && ::listen(socket_, 512) == 0;
    getsockname(socket_, reinterpret_cast<struct sockaddr*>(&place), &size);
    port_ = ntohs(v6 ? reinterpret_cast<struct sockaddr_in6*>(&place)->sin6_port
                     : reinterpret_cast<struct sockaddr_in*>(&place)->sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeListener() {
    over_ = true;
    thread_.join();
    ::close(socket_);
  }
  FakeListener(const FakeListener&) = delete;
  FakeListener& operator=(const FakeListener&) = delete;

  bool good() const { return good_; }
  int port() const { return port_; }
  /// What each connection said so far.
  std::vector<std::string> heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  struct Peer {
    int socket;
    std::size_t number;
    std::string answer;
    std::size_t sent = 0;
    bool answered = false;
  };

  void take(Peer& peer) {
    std::array<char, 4096> buffer;
    const ssize_t count = ::recv(peer.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) {
      ::close(peer.socket);
      peer.socket = -1;
      return;
    }
    if (count < 0) return;
    const std::lock_guard lock(mutex_);
    heard_[peer.number].append(buffer.data(), static_cast<std::size_t>(count));
  }

  void reply(Peer& peer) {
    std::string words;
    {
      const std::lock_guard lock(mutex_);
      words = heard_[peer.number];
    }
    if (!peer.answered) {
      peer.answer = answer_(words);
      peer.answered = !peer.answer.empty();
    }
    if (manner_ == Manner::silent || !peer.answered) return;
    if (manner_ == Manner::endless && peer.sent >= peer.answer.size()) peer.sent = 0;
    if (peer.sent < peer.answer.size()) {
      const std::size_t most = manner_ == Manner::drips ? 1 : peer.answer.size() - peer.sent;
      const ssize_t count = ::send(peer.socket, peer.answer.data() + peer.sent, most, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count > 0) peer.sent += static_cast<std::size_t>(count);
    }
    if (manner_ == Manner::closes && peer.sent >= peer.answer.size()) {
      ::shutdown(peer.socket, SHUT_WR);
    }
  }

  void serve() {
    std::vector<Peer> peers;
    while (!over_) {
      std::vector<struct pollfd> waiting = {{socket_, POLLIN, 0}};
      for (const Peer& peer : peers) waiting.push_back({peer.socket, POLLIN, 0});
      ::poll(waiting.data(), waiting.size(), manner_ == Manner::endless ? 0 : manner_ == Manner::drips ? 5 : 2);
      if ((waiting[0].revents & POLLIN) != 0) {
        const int taken = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
        const std::lock_guard lock(mutex_);
        if (taken >= 0) {
          peers.push_back({taken, heard_.size(), "", 0, false});
          heard_.emplace_back();
        }
      }
      for (Peer& peer : peers) {
        take(peer);
        if (peer.socket >= 0) reply(peer);
      }
      std::erase_if(peers, [](const Peer& peer) { return peer.socket < 0; });
    }
    for (const Peer& peer : peers) ::close(peer.socket);
  }

  Manner manner_;
  Answer answer_;
  int socket_ = -1;
  int port_ = 0;
  bool good_ = false;
  std::atomic<bool> over_{false};
  std::mutex mutex_;
  std::vector<std::string> heard_;
  std::thread thread_;
};

}  // namespace plumbline
