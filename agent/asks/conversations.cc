// SPDX-License-Identifier: Apache-2.0
// connect, send, receive without blocking; poll(2) waits for all of them.
#include "agent/asks/conversations.h"

#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "agent/files.h"

namespace plumbline {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::string_view kLoopbackDevice = "lo";
constexpr std::size_t kReadBytes = 4096;

/// One that has begun.
struct Open {
  Conversation* conversation = nullptr;
  Descriptor socket;
  std::size_t sent = 0;
  Clock::time_point began;
};

void finish(Open& one, int error = 0) {
  Conversation& conversation = *one.conversation;
  conversation.finished = true;
  conversation.error = error;
  conversation.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - one.began);
  one.socket = Descriptor();
}

bool is_loopback(const Endpoint& to) {
  if (to.address.ss_family == AF_INET)
    return (ntohl(reinterpret_cast<const struct sockaddr_in&>(to.address).sin_addr.s_addr) >> 24) == 127;
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const struct sockaddr_in6&>(to.address).sin6_addr);
}

/// Loopback goes through its own device; kernels before 5.7 want a capability to say so, and keep 127.0.0.0/8
/// there anyway. To another of this host's addresses, which lead not through that device, one comes from that
/// same address, which the kernel refuses where the host has it no more: for IPv4 always, for IPv6 unless
/// net.ipv6.ip_nonlocal_bind is on.
bool stay_on_host(int socket, const Endpoint& to) {
  if (is_loopback(to)) {
    (void)setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, kLoopbackDevice.data(),
                     static_cast<socklen_t>(kLoopbackDevice.size()));
    return true;
  }
  Endpoint from = to;
  if (from.address.ss_family == AF_INET)
    reinterpret_cast<struct sockaddr_in&>(from.address).sin_port = 0;
  else
    reinterpret_cast<struct sockaddr_in6&>(from.address).sin6_port = 0;
  return ::bind(socket, reinterpret_cast<const struct sockaddr*>(&from.address), from.size) == 0;
}

Open begin(Conversation& conversation) {
  const auto& to = conversation.to;
  Open one{&conversation, Descriptor(::socket(to.address.ss_family,
                                              SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
           0, Clock::now()};
  if (!one.socket) {
    finish(one, errno);
    return one;
  }
  const auto* address = reinterpret_cast<const struct sockaddr*>(&to.address);
  if (!stay_on_host(one.socket.get(), to)) {
    finish(one, errno);
    return one;
  }
  if (::connect(one.socket.get(), address, to.size) == 0)
    conversation.connected = true;
  else if (errno != EINPROGRESS)
    finish(one, errno);
  return one;
}

bool has_connected(Open& one) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(one.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) {
    finish(one, error);
    return false;
  }
  one.conversation->connected = true;
  return true;
}

void send_more(Open& one) {
  const std::string& bytes = one.conversation->words.bytes;
  const ssize_t count =
      ::send(one.socket.get(), bytes.data() + one.sent, bytes.size() - one.sent, MSG_NOSIGNAL);
  if (count > 0) one.sent += static_cast<std::size_t>(count);
  // What the other side said before it closed is still to be read.
  if (count < 0 && errno != EAGAIN && errno != EINTR) one.sent = bytes.size();
}

void receive_more(Open& one) {
  Conversation& conversation = *one.conversation;
  std::array<char, kReadBytes> buffer;
  const ssize_t count = ::recv(one.socket.get(), buffer.data(), buffer.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    conversation.reply.closed = true;
    finish(one);
    return;
  }
  std::string& bytes = conversation.reply.bytes;
  bytes.append(buffer.data(), std::min(static_cast<std::size_t>(count), kMaxReplyBytes - bytes.size()));
  const bool whole = conversation.words.whole != nullptr && conversation.words.whole(bytes);
  if (whole || bytes.size() >= kMaxReplyBytes) finish(one);
}

void serve(Open& one, short events) {
  if (!one.conversation->connected && !has_connected(one)) return;
  if ((events & POLLOUT) != 0 && one.sent < one.conversation->words.bytes.size()) send_more(one);
  if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) receive_more(one);
}

short wanted(const Open& one) {
  const bool says = !one.conversation->connected || one.sent < one.conversation->words.bytes.size();
  return static_cast<short>(says ? POLLIN | POLLOUT : POLLIN);
}

/// Waits once; false where the end is there.
bool step(std::vector<Open>& open, Clock::time_point end) {
  std::vector<struct pollfd> waiting;
  for (const Open& one : open) waiting.push_back({one.socket.get(), wanted(one), 0});
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
  if (left <= 0) return false;
  const int ready = ::poll(waiting.data(), waiting.size(), static_cast<int>(left));
  if (ready < 0) return errno == EINTR;
  for (std::size_t i = 0; i < open.size(); ++i)
    if (waiting[i].revents != 0) serve(open[i], waiting[i].revents);
  std::erase_if(open, [](const Open& one) { return one.conversation->finished; });
  return true;
}

}  // namespace

void hold(std::vector<Conversation>& conversations, Clock::time_point end) {
  std::vector<Open> open;
  std::size_t next = 0;
  do {
    while (next < conversations.size() && open.size() < kMaxOpenConversations && Clock::now() < end) {
      Open one = begin(conversations[next++]);
      if (!one.conversation->finished) open.push_back(std::move(one));
    }
    if (open.empty()) return;
  } while (step(open, end));
}

}  // namespace plumbline
