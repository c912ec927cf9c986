// SPDX-License-Identifier: Apache-2.0
// Listening sockets and who owns them.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "agent/tables/tables.h"
#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxSockets = 20'000;
constexpr std::size_t kMaxLinks =
    400'000;  // over all processes; a host with more keeps sockets without a process

/// "0100007F" is 127.0.0.1 on a little-endian machine, as nearly all are.
std::string ipv4(std::uint32_t word) {
  std::string out;
  for (int i = 0; i < 4; ++i) out.append(i == 0 ? "" : ".").append(std::to_string((word >> (8 * i)) & 0xff));
  return out;
}

/// The longest run of zero groups becomes "::", as RFC 5952 wants it.
std::string ipv6(const std::array<std::uint16_t, 8>& groups) {
  constexpr std::array<std::uint16_t, 6> mapped = {0, 0, 0, 0, 0, 0xffff};
  if (std::equal(mapped.begin(), mapped.end(), groups.begin())) {
    std::string out = "::ffff:";
    for (std::size_t i = 6; i < 8; ++i) {
      out.append(i == 6 ? "" : ".")
          .append(std::to_string(groups[i] >> 8))
          .append(".")
          .append(std::to_string(groups[i] & 0xff));
    }
    return out;
  }
  std::size_t best = 0;
  std::size_t best_length = 0;
  for (std::size_t i = 0; i < groups.size();) {
    std::size_t end = i;
    while (end < groups.size() && groups[end] == 0) ++end;
    if (end - i > best_length) best = i, best_length = end - i;
    i = end + 1;
  }
  std::string out;
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (best_length > 1 && i == best) {
      out += "::";
      i += best_length - 1;
      continue;
    }
    if (!out.empty() && !out.ends_with(':')) out += ':';
    bool started = false;
    for (int shift = 12; shift >= 0; shift -= 4) {
      const auto digit = static_cast<std::size_t>((groups[i] >> shift) & 0xf);
      started = started || digit != 0 || shift == 0;
      if (started) out += digits[digit];
    }
  }
  return out;
}

std::optional<std::string> parse_address(std::string_view text) {
  if (text.size() == 8) {
    const auto word = parse_hex(text);
    if (!word) return std::nullopt;
    return ipv4(static_cast<std::uint32_t>(*word));
  }
  if (text.size() != 32) return std::nullopt;
  std::array<std::uint16_t, 8> groups{};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto word = parse_hex(text.substr(8 * i, 8));
    if (!word) return std::nullopt;
    const auto bytes = static_cast<std::uint32_t>(*word);  // four bytes of the address, the first one lowest
    groups[2 * i] = static_cast<std::uint16_t>(((bytes & 0xff) << 8) | ((bytes >> 8) & 0xff));
    groups[2 * i + 1] = static_cast<std::uint16_t>((((bytes >> 16) & 0xff) << 8) | ((bytes >> 24) & 0xff));
  }
  return ipv6(groups);
}

//   sl  local_address rem_address   st tx_queue:rx_queue tr:tm->when retrnsmt   uid  timeout inode
//    0: 0100007F:094C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 690919 …
void parse_proc_net(std::string_view text, std::string_view protocol, std::vector<Socket>& found) {
  const bool tcp = protocol == "tcp";
  for (const std::string_view line : lines(text)) {
    const auto fields = words(line);
    if (fields.size() < 10 || fields[0] == "sl") continue;
    if (tcp ? fields[3] != "0A" : (fields[3] != "07" || !fields[2].ends_with(":0000"))) continue;
    const std::size_t colon = fields[1].find(':');
    if (colon == std::string_view::npos) continue;
    const auto address = parse_address(fields[1].substr(0, colon));
    const auto port = parse_hex(fields[1].substr(colon + 1));
    if (!address || !port || *port > 65535 || found.size() >= kMaxSockets) continue;
    Socket socket;
    socket.protocol = protocol;
    socket.address = *address;
    socket.port = static_cast<int>(*port);
    socket.uid = static_cast<unsigned>(parse_u64(fields[7]).value_or(0));
    socket.inode = parse_u64(fields[9]).value_or(0);
    found.push_back(std::move(socket));
  }
}

Result<std::vector<Socket>> parse_answer(std::string_view answer) {
  const auto json = parse_json(answer, JsonLimits{16u << 20, 4, 1'000'000, 4096});
  if (!json) return fail("sockets", json.error());
  std::vector<Socket> found;
  if (!json->is_array()) return fail(ErrorKind::invalid, "sockets: the answer is not a list");
  for (const auto& row : *json) {
    if (!row.is_object() || found.size() >= kMaxSockets) continue;
    Socket socket;
    for (const auto& [key, value] : row.items()) {
      if (key == "protocol" && value.is_string()) socket.protocol = value.get<std::string>();
      if (key == "address" && value.is_string()) socket.address = value.get<std::string>();
      if (key == "port" && value.is_number_integer()) socket.port = value.get<int>();
      if (key == "inode" && value.is_number_integer()) socket.inode = value.get<std::uint64_t>();
      if (key == "uid" && value.is_number_integer()) socket.uid = value.get<unsigned>();
    }
    if (!socket.protocol.empty() && socket.port > 0) found.push_back(std::move(socket));
  }
  return found;
}

}  // namespace

Result<std::vector<Socket>> read_sockets(const Host& host) {
  std::vector<Socket> found;
  const auto answer = host.ask("sockets");
  if (answer) {
    auto parsed = parse_answer(*answer);
    if (!parsed) return parsed;
    found = std::move(*parsed);
  } else {
    bool any = false;
    for (const std::string_view name : {"tcp", "tcp6", "udp", "udp6"}) {
      const std::string path = "/proc/net/" + std::string(name);
      const auto text = host.read(path, 32u << 20);
      if (!text && text.error().kind == ErrorKind::not_found) continue;  // a kernel without IPv6
      if (!text) return tl::unexpected<Error>(text.error());
      if (!contains(*text, "local_address")) return fail(ErrorKind::invalid, "no table of sockets: " + path);
      any = true;
      parse_proc_net(*text, name.substr(0, 3), found);
    }
    if (!any) return fail(answer.error().kind, answer.error().message);
  }
  std::sort(found.begin(), found.end(), [](const Socket& a, const Socket& b) {
    return std::tie(a.protocol, a.port, a.address, a.inode) <
           std::tie(b.protocol, b.port, b.address, b.inode);
  });
  return found;
}

void find_socket_owners(const Host& host, const std::vector<Process>& processes,
                        std::vector<Socket>& sockets) {
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> wanted;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    if (sockets[i].inode != 0) wanted[sockets[i].inode].push_back(i);
  }
  std::size_t links = 0;
  // Parents come first, so that a socket goes to the master and not to the worker that inherited it.
  for (const auto& process : processes) {
    if (wanted.empty() || links > kMaxLinks) return;
    const std::string folder = "/proc/" + std::to_string(process.pid) + "/fd/";
    const auto entries = host.list(folder);
    if (!entries) continue;
    for (const auto& entry : *entries) {
      if (++links > kMaxLinks) return;
      const auto target = host.read_link(folder + entry.name);
      if (!target || !target->starts_with("socket:[")) continue;
      const auto inode =
          parse_u64(std::string_view(*target).substr(8, target->size() - 9));  // "socket:[688309]"
      const auto match = inode ? wanted.find(*inode) : wanted.end();
      if (match == wanted.end()) continue;
      for (const std::size_t i : match->second) sockets[i].pid = process.pid;
      wanted.erase(match);
    }
  }
}

}  // namespace plumbline
