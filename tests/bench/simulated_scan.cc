// SPDX-License-Identifier: Apache-2.0
// Plausible facts from a seeded generator.
#include "tests/bench/simulated_scan.h"

#include <array>
#include <random>

namespace plumbline::testing {
namespace {

using nlohmann::json;

constexpr int kFilesystems = 12, kDisks = 12, kInterfaces = 8, kSockets = 70, kStores = 3;

// std::uniform_int_distribution differs between libraries; this does not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <std::size_t N>
  const char* any(const std::array<const char*, N>& words) { return words[below(N)]; }

 private:
  std::mt19937_64 engine_;
};

json storage(Dice& dice, Dice& moving) {
  json disks = json::array(), filesystems = json::array();
  for (int i = 0; i < kDisks; ++i)
    disks.push_back({{"name", "nvme" + std::to_string(i) + "n1"}, {"class", "nvme"}, {"size_bytes", (dice.below(8) + 1) << 40},
                     {"model", "SAMSUNG MZQL2" + std::to_string(dice.below(9000) + 1000)}, {"removable", false}, {"numa_node", 0}});
  for (int i = 0; i < kFilesystems; ++i) {
    const std::uint64_t size = (dice.below(900) + 100) << 30;
    const std::uint64_t free = moving.below(size);
    filesystems.push_back({{"mount", "/srv/data" + std::to_string(i)}, {"type", "xfs"}, {"device", "/dev/mapper/vg0-data" + std::to_string(i)},
                           {"network", false}, {"size_bytes", size}, {"free_bytes", free},
                           {"free_percent", static_cast<double>(free * 1000 / size) / 10.0}, {"inodes_free_percent", 98.5},
                           {"options", {"rw", "relatime", "attr2"}}, {"encrypted", dice.one_in(2)}});
  }
  return {{"disks", disks}, {"filesystems", filesystems}, {"root_encrypted", dice.one_in(2)}, {"local_nvme_bytes", std::uint64_t{7} << 40}};
}

json network(Dice& dice) {
  json interfaces = json::array();
  for (int i = 0; i < kInterfaces; ++i)
    interfaces.push_back({{"name", "ens" + std::to_string(i)}, {"kind", "physical"}, {"up", true}, {"speed_mbps", 25000}, {"mtu", 9000},
                          {"driver", "mlx5_core"}, {"numa_node", 0}, {"addresses", {"10.0." + std::to_string(i) + "." + std::to_string(dice.below(250) + 1) + "/24"}}});
  return {{"interfaces", interfaces}, {"fastest_mbps", 25000}, {"default_route_interface", "ens0"}, {"bonds_degraded", 0}};
}

json listeners(Dice& dice) {
  constexpr std::array kProcesses = {"postgres", "sshd", "node_exporter", "python3", "redis-server", "nginx", "ollama", "java"};
  constexpr std::array kExposures = {"loopback", "private", "any"};
  json sockets = json::array();
  for (int i = 0; i < kSockets; ++i)
    sockets.push_back({{"protocol", "tcp"}, {"address", "0.0.0.0"}, {"port", 1024 + i * 100 + static_cast<int>(dice.below(100))},
                       {"exposure", dice.any(kExposures)}, {"process", dice.any(kProcesses)}, {"user", "svc-" + std::to_string(dice.below(40))}});
  return {{"sockets", sockets}, {"exposed_count", kSockets / 3}};
}

json data_stores(Dice& dice) {
  constexpr std::array kKinds = {"postgresql", "redis", "mongodb"};
  json instances = json::array();
  for (int i = 0; i < kStores; ++i)
    instances.push_back({{"kind", kKinds[static_cast<std::size_t>(i)]}, {"category", "relational"}, {"version", "15." + std::to_string(dice.below(9))},
                         {"version_source", "package"}, {"running", true}, {"port", 5432 + i}, {"exposure", "private"},
                         {"auth", dice.one_in(4) ? "none" : "required"}, {"tls", dice.one_in(2) ? "on" : "off"},
                         {"data_folder", "/var/lib/store" + std::to_string(i)}, {"user", "postgres"}, {"root", false}});
  return {{"instances", instances}};
}

}  // namespace

Scan simulated_scan(const std::string& host_id, std::uint64_t seed, std::uint64_t sequence, std::int64_t taken_at) {
  Dice dice(seed), moving(seed * 1'000'003 + sequence);
  Scan scan;
  scan.host_id = host_id;
  scan.sequence = sequence;
  scan.taken_at = taken_at;
  scan.agent_version = "0.1.0";
  scan.privileged = true;
  scan.cpu_ms = 40;
  scan.took_ms = 55;
  scan.peak_memory_bytes = 9u << 20;
  const std::uint64_t memory = (dice.below(16) + 1) << 34;
  const auto set = [&](const char* name, json data) { scan.sections[name].data = std::move(data); };
  set("host", {{"name", "sim-" + std::to_string(seed)}, {"arch", "amd64"}, {"vendor", "Dell Inc."}, {"product", "PowerEdge R760"}, {"chassis", "server"},
               {"virtualization", "none"}, {"container", "none"}, {"cloud_provider", "none"},
               {"uptime_seconds", static_cast<double>(sequence * 3600)}, {"load_15min", static_cast<double>(moving.below(100)) / 10.0}, {"process_count", 300 + moving.below(100)}});
  set("os", {{"id", "debian"}, {"id_like", json::array()}, {"family", "debian"}, {"name", "Debian GNU/Linux 12 (bookworm)"}, {"version", dice.one_in(3) ? "11" : "12"},
             {"codename", "bookworm"}, {"kernel_release", "6.1.0-32-amd64"}, {"init", "systemd"}});
  set("cpu", {{"model", "Intel(R) Xeon(R) Gold 6430"}, {"vendor", "GenuineIntel"}, {"sockets", 2}, {"cores", 8 << dice.below(4)}, {"threads", 16 << dice.below(4)},
              {"isa_level", "x86-64-v4"}, {"features", {"avx2", "avx512f", "amx_tile"}}, {"vulnerable", json::array()}});
  set("memory", {{"total_bytes", memory}, {"available_bytes", moving.below(memory)}, {"effective_bytes", memory}, {"swap_total_bytes", 0}, {"ecc", true}, {"numa_node_count", 2}});
  set("storage", storage(dice, moving));
  set("network", network(dice));
  set("listeners", listeners(dice));
  set("data_stores", data_stores(dice));
  set("ssh", {{"installed", true}, {"permit_root_login", dice.one_in(3) ? "yes" : "no"}});
  hash_sections(scan);
  return scan;
}

}  // namespace plumbline::testing
