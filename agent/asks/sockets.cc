// SPDX-License-Identifier: Apache-2.0
// "sockets": listening TCP and bound UDP sockets by netlink sock_diag, which walks the listeners alone where
// /proc/net/tcp walks the kernel's whole table.
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>
#include <tuple>
#include <vector>

#include "agent/asks/asks.h"
#include "agent/files.h"

namespace plumbline {
namespace {

constexpr std::uint32_t kStateClose = 7;  // of net/tcp_states.h: what an unconnected UDP socket is in
constexpr std::uint32_t kStateListen = 10;
constexpr std::size_t kMaxSockets = 100'000;
constexpr std::size_t kAnswerBytes = 64u << 10;
constexpr int kTimeoutSeconds = 2;

struct Socket {
  const char* protocol;
  std::string address;
  int port;
  std::uint32_t inode;
  std::uint32_t uid;
  bool v6only;
};

struct Family {
  const char* protocol;
  unsigned char number;
  unsigned char transport;
  std::uint32_t states;
};

constexpr std::array<Family, 4> kFamilies = {{
    {"tcp", AF_INET, IPPROTO_TCP, 1u << kStateListen},
    {"tcp", AF_INET6, IPPROTO_TCP, 1u << kStateListen},
    {"udp", AF_INET, IPPROTO_UDP, 1u << kStateClose},
    {"udp", AF_INET6, IPPROTO_UDP, 1u << kStateClose},
}};

tl::unexpected<Error> failed(int error_number) {
  const ErrorKind kind =
      error_number == EACCES || error_number == EPERM ? ErrorKind::permission_denied : ErrorKind::unavailable;
  return fail(kind, "sockets: " + std::generic_category().message(error_number));
}

Result<void> send_request(int channel, const Family& family) {
  struct {
    struct nlmsghdr header;
    struct inet_diag_req_v2 request;
  } message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  message.request.sdiag_family = family.number;
  message.request.sdiag_protocol = family.transport;
  message.request.idiag_states = family.states;
  if (::send(channel, &message, sizeof message, 0) != static_cast<ssize_t>(sizeof message))
    return failed(errno);
  return {};
}

bool reads_v6only(const struct nlmsghdr& header, const struct inet_diag_msg& message) {
  const char* at = reinterpret_cast<const char*>(&message) + NLMSG_ALIGN(sizeof message);
  const char* end = reinterpret_cast<const char*>(&header) + header.nlmsg_len;
  while (at + sizeof(struct rtattr) <= end) {
    struct rtattr attribute {};
    std::memcpy(&attribute, at, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || at + attribute.rta_len > end) return false;
    if (attribute.rta_type == INET_DIAG_SKV6ONLY && attribute.rta_len > sizeof attribute)
      return at[sizeof attribute] != 0;
    at += RTA_ALIGN(attribute.rta_len);
  }
  return false;
}

Socket to_socket(const struct nlmsghdr& header, const struct inet_diag_msg& message, const char* protocol) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(message.idiag_family, message.id.idiag_src, text.data(), text.size());
  return {protocol,
          text.data(),
          ntohs(message.id.idiag_sport),
          message.idiag_inode,
          message.idiag_uid,
          message.idiag_family == AF_INET6 && reads_v6only(header, message)};
}

/// Reads one dump to its end.
Result<void> receive(int channel, const Family& family, std::vector<Socket>& sockets) {
  alignas(struct nlmsghdr) std::array<char, kAnswerBytes> buffer;
  while (true) {
    const ssize_t size = ::recv(channel, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return failed(size == 0 ? ECONNRESET : errno);
    auto left = static_cast<unsigned>(size);
    for (auto* header = reinterpret_cast<struct nlmsghdr*>(buffer.data()); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE) return {};
      if (header->nlmsg_type == NLMSG_ERROR) {
        const auto* error = static_cast<const struct nlmsgerr*>(NLMSG_DATA(header));
        return failed(header->nlmsg_len >= NLMSG_LENGTH(sizeof *error) ? -error->error : EIO);
      }
      if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg))) return failed(EIO);
      const auto& message = *static_cast<const struct inet_diag_msg*>(NLMSG_DATA(header));
      if (message.id.idiag_sport == 0) continue;
      if (sockets.size() >= kMaxSockets)
        return fail(ErrorKind::limit, "sockets: more than 100000 listening sockets");
      sockets.push_back(to_socket(*header, message, family.protocol));
    }
  }
}

}  // namespace

Result<std::string> ask_sockets(std::string_view) {
  const Descriptor channel(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!channel) return failed(errno);
  const struct timeval timeout { kTimeoutSeconds, 0 };
  setsockopt(channel.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  std::vector<Socket> sockets;
  for (const auto& family : kFamilies) {
    auto done = send_request(channel.get(), family);
    if (done) done = receive(channel.get(), family, sockets);
    // ENOENT: this kernel has no such family (IPv6 switched off) or the module for it is not loaded
    if (!done && family.number == AF_INET) return tl::unexpected<Error>(done.error());
  }
  std::sort(sockets.begin(), sockets.end(), [](const Socket& a, const Socket& b) {
    return std::tuple(std::string_view(a.protocol), a.port, std::string_view(a.address), a.inode) <
           std::tuple(std::string_view(b.protocol), b.port, std::string_view(b.address), b.inode);
  });
  nlohmann::json answer = nlohmann::json::array();
  for (const auto& socket : sockets) {
    answer.push_back({{"protocol", socket.protocol},
                      {"address", socket.address},
                      {"port", socket.port},
                      {"inode", socket.inode},
                      {"uid", socket.uid},
                      {"v6only", socket.v6only}});
  }
  return answer.dump();
}

}  // namespace plumbline
