// SPDX-License-Identifier: Apache-2.0
// Listening sockets: who owns them, what they are, and who can reach them.
#include <algorithm>
#include <map>
#include <set>

#include "agent/firewall/firewall.h"
#include "agent/probes/all.h"
#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxListed = 2'000;
constexpr int kFirstEphemeralPort = 32768;

using Key = std::tuple<std::string, std::string, int, std::uint64_t>;
Key key_of(const Socket& socket) {
  return {socket.protocol, socket.address, socket.port, socket.inode};
}

std::string program_of(const Process& process) {
  // A symbolic link may stand for many programs: redis-server's is redis-check-rdb.
  return process.name.size() < 15 || process.program.empty() ? process.name
                                                             : std::string(base_name(process.program));
}

bool is_legacy(std::string_view kind) {
  return kind == "ftp" || kind == "telnet" || kind == "tftp" || kind == "portmapper" || kind == "rsh" ||
         kind == "vnc";
}

/// A process is not named where its files may not be looked at: those of the first process, which is root's, tell. Who may
/// read every file may list them, and not follow them.
void tell_refusal(const Host& host, const nlohmann::json& sockets, Facts& facts) {
  const bool all_named = std::all_of(sockets.begin(), sockets.end(), [](const nlohmann::json& row) { return row.contains("process"); });
  if (all_named) return;
  const std::string folder = "/proc/1/fd/";
  const auto files = host.list(folder);
  const auto target = !files || files->empty() ? Result<std::string>() : host.read_link(folder + files->front().name);
  const auto refused = [](const auto& answer) { return !answer && answer.error().kind == ErrorKind::permission_denied; };
  if (!refused(files) && !refused(target)) return;
  facts.missing("listeners.sockets[].process", Error{ErrorKind::permission_denied, "not permitted: /proc/<pid>/fd of other users' processes (CAP_SYS_PTRACE)"});
}

}  // namespace

Result<void> probe_listeners(const Host& host, Machine& machine, Facts& facts) {
  const auto& sockets = machine.sockets();
  if (!sockets) return tl::unexpected<Error>(sockets.error());
  std::map<Key, std::string_view> kinds;
  for (const Service& service : machine.services()) {
    for (const Socket& socket : service.sockets) kinds[key_of(socket)] = service.product->kind;
  }
  nlohmann::json list = nlohmann::json::array();
  std::set<std::string> legacy;
  int exposed = 0, reachable = 0;
  for (const Socket& socket : *sockets) {
    const Process* process = machine.process(socket.pid);
    // A client that asked something by UDP a moment ago is no listener.
    if (socket.protocol == "udp" && socket.port >= kFirstEphemeralPort &&
        product_of_port("udp", socket.port) == nullptr)
      continue;
    std::string_view kind;
    if (const auto known = kinds.find(key_of(socket)); known != kinds.end())
      kind = known->second;
    else if (const Product* product = process == nullptr || process->pid == 1
                                          ? product_of_port(socket.protocol, socket.port)
                                          : product_of(*process))
      kind = product->kind;
    const std::string_view exposure = exposure_of(socket.address);
    std::optional<Reach> reach;
    if (exposure != "loopback")
      reach = machine.firewall().reach_of(socket.protocol, socket.address, socket.port, is_published(machine, socket.port, process));
    if (socket.protocol == "tcp" && exposure != "loopback") ++exposed;
    if (socket.protocol == "tcp" && reach && !reach->filtered) ++reachable;
    if (exposure != "loopback" && is_legacy(kind) && !(reach && reach->filtered)) legacy.insert(std::string(kind));
    if (list.size() >= kMaxListed) continue;
    nlohmann::json row = {
        {"protocol", socket.protocol}, {"address", socket.address}, {"port", socket.port},
        {"exposure", exposure},        {"service", kind},           {"user", machine.user_name(socket.uid)}};
    if (process != nullptr) row["process"] = program_of(*process);
    if (reach) {
      row["filtered"] = reach->filtered;
      row["filtered_public"] = reach->filtered_public;
    }
    if (std::find(list.begin(), list.end(), row) == list.end()) list.push_back(std::move(row));
  }
  tell_refusal(host, list, facts);
  facts.set("listeners.sockets", std::move(list));
  facts.set("listeners.exposed_count", exposed);
  if (const Error& why = machine.firewall().unreadable(); !why.message.empty()) facts.missing("listeners.reachable_count", why);
  else facts.set("listeners.reachable_count", reachable);
  facts.set("listeners.legacy", nlohmann::json(legacy));
  return {};
}

}  // namespace plumbline
