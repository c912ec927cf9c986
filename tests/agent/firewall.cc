// SPDX-License-Identifier: Apache-2.0
// Rule sets that nobody should write: too deep, too long, cut short, garbled. Nothing of it may make a listener look safe.
// What good ones mean is told in cases/firewall.txt, and held to the kernel by tests/end_to_end/firewall.test.sh.
#include <string>

#include "agent/firewall/filter.h"
#include "agent/firewall/iptables.h"
#include "agent/firewall/kernel_rules.h"
#include "agent/firewall/nft_text.h"
#include "agent/firewall/xtables.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

constexpr int kNewChain = 3, kNewRule = 6, kInet = 1;  // NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE, NFPROTO_INET
constexpr const char* kDropAll = "table inet f {\n chain input {\n  type filter hook input priority 0; policy drop;\n";

Result<Ruleset> nft(const std::string& text) {
  return read_nft_rules(text, [](std::string_view) -> Result<std::vector<std::string>> { return std::vector<std::string>(); });
}

bool drops(const Ruleset& ruleset, int port = 22, bool v6 = false) {
  Filter filter(ruleset, std::nullopt);
  return filter.drops({"tcp", port, v6, true, "", ""});
}

std::string attribute(int type, const std::string& value) {
  const std::uint16_t head[] = {static_cast<std::uint16_t>(4 + value.size()), static_cast<std::uint16_t>(type)};
  std::string out(reinterpret_cast<const char*>(head), sizeof head);
  out += value;
  out.resize((out.size() + 3) & ~std::size_t{3});
  return out;
}
std::string number(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}
std::string text(const std::string& value) { return value + '\0'; }

/// A chain on the input hook whose policy is to drop: table 1, name 3, hook 4 {number 1, priority 2}, policy 5, type 7.
std::string input_chain() {
  return attribute(1, text("f")) + attribute(3, text("input")) + attribute(4, attribute(1, number(1)) + attribute(2, number(0))) +
         attribute(5, number(0)) + attribute(7, text("filter"));
}
/// A rule of one expression: table 1, chain 2, expressions 4 {element 1 {name 1, data 2}}.
std::string rule(const std::string& name, const std::string& data) {
  return attribute(1, text("f")) + attribute(2, text("input")) + attribute(4, attribute(1, attribute(1, text(name)) + attribute(2, data)));
}

Ruleset taken(const std::string& chain, const std::string& one_rule) {
  KernelRules rules({});
  REQUIRE(rules.take(kNewChain, kInet, chain));
  REQUIRE(rules.take(kNewRule, kInet, one_rule));
  return rules.finish();
}

}  // namespace

TEST_CASE("What a file leaves open is open") {
  const auto good = nft(std::string(kDropAll) + "  tcp dport 80 accept\n }\n}\n");
  REQUIRE(good);
  CHECK(drops(*good));
  CHECK_FALSE(drops(*good, 80));
  for (const std::string more : {"  nobody knows this accept\n", "  jump nowhere\n", "  meta mark 7 accept\n", "  queue num 0\n",
                                 "  tcp dport nobody-knows accept\n", "  tcp dport @nowhere accept\n", "  tcp dport vmap @nowhere\n",
                                 "  ip saddr . tcp dport vmap { 10.0.0.1 . 22 : accept }\n", "  log prefix \"x\" accept\n",
                                 "  tcp dport { { 22, 23 }, 80 } accept\n", "  ip saddr & 255.0.0.255 == 10.0.0.1 accept\n"}) {
    const auto read = nft(std::string(kDropAll) + more + " }\n}\n");
    INFO(more);
    REQUIRE(read);
    CHECK_FALSE(drops(*read));
  }
}

TEST_CASE("Files that are cut, or say what is not followed, are errors") {
  for (const std::string& broken : {std::string(kDropAll), std::string("table inet f {\n"), std::string("flush chain inet f input\n"),
                                   std::string("insert rule inet f input handle 3 accept\n"), std::string("table inet f {\n set s {\n  elements = { 1"),
                                   std::string("hello\n")}) {
    INFO(broken);
    CHECK_FALSE(nft(broken));
  }
  const std::string self = "include \"x\"\n";
  const ReadIncludes again = [&](std::string_view) -> Result<std::vector<std::string>> { return std::vector<std::string>{self, self}; };
  CHECK_FALSE(read_nft_rules(self, again));
  std::string doubling = "define a0 = x\n";
  for (int i = 0; i < 40; ++i) doubling += "define a" + std::to_string(i + 1) + " = $a" + std::to_string(i) + " $a" + std::to_string(i) + "\n";
  CHECK_FALSE(nft(doubling + "$a40\n"));
}

TEST_CASE("Too many rules are an error, and too many to follow stop nothing") {
  std::string many = "*filter\n:INPUT DROP [0:0]\n";
  for (std::size_t i = 0; i <= kMaxFilterRules; ++i) many += "-A INPUT -p tcp --dport 1 -j DROP\n";
  Ruleset ruleset;
  const auto done = add_iptables_rules(many, false, ruleset);
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == ErrorKind::limit);

  // Every chain calls the next one twice: two to the power of their number, were they all followed.
  std::string wide = "{\"chains\":[";
  for (int i = 0; i < 15; ++i) {
    const std::string next = std::to_string(i + 1);
    wide += R"({"family":"inet","table":"f","name":"c)" + std::to_string(i) + R"(","rules":[["?","jump c)" + next + R"("],["?","jump c)" + next + R"("],["?","jump c)" +
            next + "\"]]},";
  }
  wide += R"({"family":"inet","table":"f","name":"c15","rules":[]},)"
          R"({"family":"inet","table":"f","name":"input","hook":"input","type":"filter","policy":"drop","rules":[["jump c0"]]}]})";
  const auto read = parse_ruleset(wide);
  REQUIRE(read);
  Filter filter(*read, std::nullopt);
  CHECK_FALSE(filter.drops({"tcp", 22, false, true, "", ""}));
  CHECK(filter.exhausted());
}

TEST_CASE("Answers that are no rule sets are errors or say nothing") {
  for (const std::string broken : {"", "[]", "{}", "{\"chains\":7}", "{\"chains\":[", "\xff"}) CHECK_FALSE(parse_ruleset(broken));
  const auto odd = parse_ruleset(R"({"chains":[7,{"family":3},{"family":"inet","table":"f","name":"input","hook":"input","type":"filter",
    "policy":"drop","priority":1e99,"rules":[7,[],[7],["dport=99999","accept"],["saddr=nonsense","accept"]]}]})");
  REQUIRE(odd);
  CHECK_FALSE(drops(*odd));
}

TEST_CASE("Text and rule set are one another") {
  const std::string answer =
      R"({"chains":[{"family":"inet","table":"f","name":"in,put","hook":"input","type":"filter","priority":-5,"policy":"drop",)"
      R"("rules":[["protocol=tcp","!dport=22,8000-8010","jump a b"],["!iif=lo","redirect 10.0.0.1"],["saddr=10.0.0.0-10.255.255.255,fd00::1","untrack"],["?","?"]]}]})";
  const auto read = parse_ruleset(answer);
  REQUIRE(read);
  CHECK(to_json(*read) == answer);
}

TEST_CASE("The kernel's messages: what cannot be read lets through") {
  // immediate: register 1 (verdict 0), data 2 {verdict 2 {code 1}}
  const auto verdict = [](std::uint32_t code) { return attribute(1, number(0)) + attribute(2, attribute(2, attribute(1, number(code)))); };
  CHECK(drops(taken(input_chain(), rule("counter", ""))));
  CHECK(drops(taken(input_chain(), rule("immediate", verdict(0)))));
  CHECK_FALSE(drops(taken(input_chain(), rule("immediate", verdict(1)))));
  CHECK_FALSE(drops(taken(input_chain(), rule("immediate", verdict(77)))));
  CHECK_FALSE(drops(taken(input_chain(), rule("immediate", ""))));
  CHECK_FALSE(drops(taken(input_chain(), rule("queue", ""))));
  CHECK(drops(taken(input_chain(), rule("immediate", verdict(0))), 22, true));
}

TEST_CASE("Messages that are cut anywhere, or have a byte changed, are read to their end") {
  const std::string good = rule("match", attribute(1, text("multiport")) + attribute(2, number(1)) + attribute(3, std::string(48, '\x07')));
  for (std::size_t i = 0; i < good.size(); ++i) {
    (void)taken(input_chain(), good.substr(0, i));
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 0x55);
    (void)taken(input_chain(), changed);
  }
  for (const std::string name : {"tcp", "udp", "multiport", "conntrack", "state", "addrtype", "nobody"})
    for (std::size_t size = 0; size < 200; size += 3)
      for (const std::uint32_t revision : {0u, 1u, 2u, 3u}) CHECK(read_xt_match(name, revision, std::string(size, '\xff')).size() <= 2);
}

TEST_CASE("Bridges of this machine's own guests are told by their whole name") {
  for (const char* inner : {"docker0", "docker_gwbridge", "br-0123456789ab", "cni0", "virbr1", "podman0", "lxdbr0", "docker*"}) CHECK(is_inner_interface(inner));
  for (const char* outer : {"br-lan", "br-ex", "br0", "eth0", "dockernet", "br-0123456789az", "veth0", "wg0", "tailscale0"}) CHECK_FALSE(is_inner_interface(outer));
}

}  // namespace plumbline
