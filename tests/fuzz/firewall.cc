// SPDX-License-Identifier: Apache-2.0
// Fuzz target: rule sets as nftables.conf, iptables-save, firewalld and the kernel write them, and as scans keep them. The
// first byte says which. What is read must be followed to an end, and be the same once it was written and read again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/firewall/filter.h"
#include "agent/firewall/firewalld.h"
#include "agent/firewall/iptables.h"
#include "agent/firewall/kernel_rules.h"
#include "agent/firewall/nft_text.h"

namespace {

using namespace plumbline;

/// A root with one file at every place that is asked for.
class OneFile final : public Host {
 public:
  explicit OneFile(std::string_view text) : text_(text) {}
  Result<std::string> read(std::string_view, std::size_t) const override { return std::string(text_); }
  Result<std::string> read_redacted(std::string_view, Redact redact, std::size_t) const override { return redact(text_); }
  Result<std::vector<FolderEntry>> list(std::string_view) const override {
    return std::vector<FolderEntry>{{"internal.xml", FileType::regular}, {"one.nmconnection", FileType::regular}};
  }
  Result<std::string> read_link(std::string_view) const override { return fail(ErrorKind::not_found, "none"); }
  Result<FileStat> stat(std::string_view, bool) const override { return fail(ErrorKind::not_found, "none"); }
  Result<std::string> ask(std::string_view) const override { return fail(ErrorKind::not_found, "none"); }

 private:
  std::string_view text_;
};

/// Messages one after the other: u16 length, u8 type, u8 family, attributes.
Result<Ruleset> read_messages(std::string_view bytes) {
  KernelRules rules({{1, "lo"}, {2, "eth0"}});
  while (bytes.size() >= 4) {
    const std::size_t length = static_cast<unsigned char>(bytes[0]) | static_cast<std::size_t>(static_cast<unsigned char>(bytes[1])) << 8;
    const int type = static_cast<unsigned char>(bytes[2]), family = static_cast<unsigned char>(bytes[3]);
    bytes.remove_prefix(4);
    if (auto taken = rules.take(type, family, bytes.substr(0, length)); !taken) return tl::unexpected<Error>(taken.error());
    bytes.remove_prefix(std::min(length, bytes.size()));
  }
  return rules.finish();
}

Result<Ruleset> read_any(char language, std::string_view text) {
  switch (language) {
    case 'j': return parse_ruleset(text);
    case 'n':
      return read_nft_rules(text, [](std::string_view pattern) -> Result<std::vector<std::string>> {
        return std::vector<std::string>{std::string(pattern)};
      });
    case 'f': return read_firewalld_rules(OneFile(text));
    case 'k': return read_messages(text);
    default: {
      Ruleset ruleset;
      if (auto done = add_iptables_rules(text, language == '6', ruleset); !done) return tl::unexpected<Error>(done.error());
      return ruleset;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto ruleset = read_any(bytes[0], bytes.substr(1));
  if (!ruleset) return 0;
  const std::string written = to_json(*ruleset);
  const auto again = parse_ruleset(written);
  if (again && to_json(*again) != written) std::abort();
  Filter filter(*ruleset, std::nullopt);
  for (const bool v6 : {false, true})
    for (const int port : {0, 22}) (void)filter.drops({"tcp", port, v6, port == 0, "", v6 ? "eth0" : ""});
  (void)filter.refuses_anything();
  return 0;
}
