// SPDX-License-Identifier: Apache-2.0
// "nftables": the packet filter that is in force, by netlink (NFNL_SUBSYS_NFTABLES), read alone. What iptables-nft and
// firewalld load is there as well. The answer's shape: agent/firewall/ruleset.h.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/utsname.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "agent/asks/asks.h"
#include "agent/files.h"
#include "agent/firewall/kernel_rules.h"
#include "base/file.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kAnswerBytes = 64u << 10;
constexpr int kTimeoutSeconds = 2;
constexpr std::size_t kMaxModules = 1u << 20;
constexpr int kTries = 3;  // where the rules change while they are read

tl::unexpected<Error> failed(int error_number) {
  const bool denied = error_number == EACCES || error_number == EPERM;
  const ErrorKind kind = denied ? ErrorKind::permission_denied : error_number == EINTR ? ErrorKind::conflict : ErrorKind::unavailable;
  return fail(kind, "nftables: " + std::generic_category().message(error_number) +
                        (denied ? "; reading the rules in force needs CAP_NET_ADMIN" : ""));
}

void append_attribute(std::string& out, int type, std::string_view text) {
  const std::size_t length = NLA_HDRLEN + text.size() + 1;
  const std::uint16_t head[] = {static_cast<std::uint16_t>(length), static_cast<std::uint16_t>(type)};
  out.append(reinterpret_cast<const char*>(head), sizeof head).append(text);
  out.append(static_cast<std::size_t>(NLA_ALIGN(length)) - length + 1, '\0');
}

/// One conversation with the kernel.
class Dump {
 public:
  explicit Dump(KernelRules& rules) : rules_(rules), channel_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER)) {}

  Result<void> read() {
    if (!channel_) return failed(errno);
    const struct timeval timeout { kTimeoutSeconds, 0 };
    setsockopt(channel_.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    for (const int question : {NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE, NFT_MSG_GETSET})
      if (auto done = ask(question, NFPROTO_UNSPEC, ""); !done) return done;
    for (const KernelSet* set : rules_.wanted()) {
      std::string attributes;
      append_attribute(attributes, NFTA_SET_ELEM_LIST_TABLE, set->table);
      append_attribute(attributes, NFTA_SET_ELEM_LIST_SET, set->name);
      if (auto done = ask(NFT_MSG_GETSETELEM, set->family, attributes); !done) return done;
    }
    return {};
  }

 private:
  Result<void> ask(int question, int family, const std::string& attributes) {
    struct nlmsghdr header {};
    struct nfgenmsg general {};
    general.nfgen_family = static_cast<std::uint8_t>(family);
    general.version = NFNETLINK_V0;
    header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof general) + attributes.size());
    header.nlmsg_type = static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | question);
    header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    header.nlmsg_seq = ++sequence_;
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    bytes.append(reinterpret_cast<const char*>(&general), sizeof general).append(attributes);
    if (::send(channel_.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return failed(errno);
    return receive();
  }

  Result<void> receive() {
    alignas(struct nlmsghdr) std::array<char, kAnswerBytes> buffer;
    while (true) {
      const ssize_t size = ::recv(channel_.get(), buffer.data(), buffer.size(), MSG_TRUNC);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return failed(size == 0 ? ECONNRESET : errno);
      if (static_cast<std::size_t>(size) > buffer.size()) return failed(EMSGSIZE);
      auto left = static_cast<unsigned>(size);
      for (auto* header = reinterpret_cast<struct nlmsghdr*>(buffer.data()); NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
        if (header->nlmsg_seq != sequence_) continue;
        if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) return ended(*header);
        if (auto taken = take(*header); !taken) return taken;
      }
    }
  }

  /// Both begin with a negative errno, 0 where all is well.
  static Result<void> ended(const struct nlmsghdr& header) {
    int error = 0;
    if (header.nlmsg_len >= NLMSG_LENGTH(sizeof error)) std::memcpy(&error, NLMSG_DATA(&header), sizeof error);
    else if (header.nlmsg_type == NLMSG_ERROR) error = -EIO;
    if (error < 0) return failed(-error);
    if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) return failed(EINTR);
    return {};
  }

  Result<void> take(const struct nlmsghdr& header) {
    if (header.nlmsg_len < NLMSG_LENGTH(sizeof(struct nfgenmsg))) return failed(EIO);
    const auto* general = static_cast<const struct nfgenmsg*>(NLMSG_DATA(&header));
    // Half of one state and half of another says nothing: res_id is the number of the state.
    if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0 || (told_ && state_ != general->res_id)) return failed(EINTR);
    state_ = general->res_id;
    told_ = true;
    const char* first = reinterpret_cast<const char*>(general) + NLMSG_ALIGN(sizeof *general);
    const char* end = reinterpret_cast<const char*>(&header) + header.nlmsg_len;
    return rules_.take(header.nlmsg_type & 0xff, general->nfgen_family, Bytes(first, static_cast<std::size_t>(end - first)));
  }

  KernelRules& rules_;
  Descriptor channel_;
  std::uint32_t sequence_ = 0;
  std::uint16_t state_ = 0;
  bool told_ = false;
};

enum class Loaded { yes, no, unknown };

/// Asking for what is a module would load it, and a scan changes nothing.
Loaded is_loaded() {
  const auto modules = read_file("/proc/modules", kMaxModules);
  if (!modules) return modules.error().kind == ErrorKind::not_found ? Loaded::yes : Loaded::unknown;  // a kernel without modules
  for (const std::string_view line : lines(*modules))  // "nf_tables 376832 412 nft_ct,nft_log, Live 0x0000000000000000"
    if (line.starts_with("nf_tables ")) return Loaded::yes;
  struct utsname name {};
  if (uname(&name) != 0) return Loaded::unknown;
  for (const std::string folder : {"/lib/modules/", "/usr/lib/modules/"}) {
    const auto builtin = read_file(folder + name.release + "/modules.builtin", kMaxModules);
    if (builtin) return contains(*builtin, "/nf_tables.ko") ? Loaded::yes : Loaded::no;
  }
  return Loaded::unknown;
}

std::map<std::uint32_t, std::string> interfaces_by_number() {
  std::map<std::uint32_t, std::string> names;
  struct if_nameindex* all = if_nameindex();
  if (all == nullptr) return names;
  for (const auto* one = all; one->if_index != 0; ++one) names.emplace(one->if_index, to_utf8(one->if_name));
  if_freenameindex(all);
  return names;
}

}  // namespace

Result<std::string> ask_nftables(std::string_view) {
  const Loaded loaded = is_loaded();
  if (loaded == Loaded::no) return to_json(Ruleset());
  if (loaded == Loaded::unknown)
    return fail(ErrorKind::unavailable, "nftables: not asked, for nothing tells whether this kernel has it loaded");
  for (int left = kTries;; --left) {
    KernelRules rules(interfaces_by_number());
    const auto done = Dump(rules).read();
    if (done) return to_json(rules.finish());
    if (done.error().kind != ErrorKind::conflict || left <= 1) return tl::unexpected<Error>(done.error());
  }
}

}  // namespace plumbline
