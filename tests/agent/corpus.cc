// SPDX-License-Identifier: Apache-2.0
// Optional: machines that others recorded, in the folder PLUMBLINE_CORPUS names (roots.tsv and facts.tsv of each set).
// Every one must give a valid document; facts are graded, and differences that are meant stand in corpus_differences.tsv.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/host.h"
#include "agent/scan.h"
#include "base/text.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

using nlohmann::json;
using Row = std::map<std::string, std::string>;

std::vector<Row> read_table(const std::string& path) {
  std::ifstream in(path);
  std::vector<Row> rows;
  std::vector<std::string> names;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const auto cells = split(line, '\t');
    if (names.empty()) {
      for (const auto cell : cells) names.emplace_back(cell);
      continue;
    }
    Row row;
    for (std::size_t i = 0; i < cells.size() && i < names.size(); ++i) row[names[i]] = std::string(cells[i]);
    rows.push_back(std::move(row));
  }
  return rows;
}

class Grader {
 public:
  explicit Grader(std::string corpus) : corpus_(std::move(corpus)) {
    for (auto& row : read_table(PLUMBLINE_SOURCE_DIR "/tests/agent/corpus_differences.tsv")) meant_.insert(row["set"] + " " + row["machine"] + " " + row["fact"]);
  }

  /// The facts of one machine; its document is checked on the way.
  json facts(const std::string& root) {
    const auto host = recorded_host(corpus_ + "/" + root);
    INFO(root);
    REQUIRE(host);
    const auto scan = take_scan(**host);
    REQUIRE(scan);
    const auto read = read_scan(to_json(*scan));
    INFO((read ? std::string() : read.error().message));
    CHECK(read);
    return facts_of(*scan);
  }

  void grade(const std::string& set, const std::string& machine, const std::string& fact, const json& got, const json& want) {
    if (got == want) {
      ++right_;
    } else if (meant_.count(set + " " + machine + " " + fact) != 0 || meant_.count(set + " * " + fact) != 0) {
      ++explained_;
    } else {
      ++wrong_;
      std::cerr << set << "\t" << machine << "\t" << fact << "\tgot " << got.dump() << "\twant " << want.dump() << "\n";
    }
  }

  std::size_t finish(const std::string& set) const {
    std::cerr << set << ": " << right_ << " facts right, " << explained_ << " differ as explained, " << wrong_ << " wrong\n";
    return wrong_;
  }
  const std::string& corpus() const { return corpus_; }

 private:
  std::string corpus_;
  std::set<std::string> meant_;
  std::size_t right_ = 0;
  std::size_t explained_ = 0;
  std::size_t wrong_ = 0;
};

json value_at(const json& facts, const char* section, const char* key) {
  const auto found = facts.find(section);
  return found != facts.end() && found->contains(key) ? (*found)[key] : json();
}

json number(const std::string& text) {
  const auto value = parse_u64(text);
  return value ? json(*value) : json();
}

/// The given member of each object of a list, sorted.
json names(const json& list, const char* key) {
  std::set<std::string> sorted;
  if (list.is_array()) {
    for (const auto& item : list) sorted.insert(item.value(key, ""));
  }
  return sorted;
}

json names(const std::string& text) {
  std::set<std::string> sorted;
  for (const auto part : split(text, ',')) {
    if (!part.empty()) sorted.emplace(part);
  }
  return sorted;
}

std::string corpus_folder() {
  const char* folder = std::getenv("PLUMBLINE_CORPUS");
  if (folder == nullptr || !std::filesystem::exists(std::string(folder) + "/roots.tsv")) {
    std::cerr << "skipped: PLUMBLINE_CORPUS names no folder of recorded machines\n";
    return "";
  }
  return folder;
}

std::string text_at(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// "archive_mode|off|default" and "have_ssl\tDISABLED": what stands after the name, up to the next mark.
std::string told(const std::string& text, const std::string& name, char mark) {
  for (const auto line : lines(text)) {
    const auto cells = split(line, mark);
    if (cells.size() > 1 && cells[0] == name) return std::string(cells[1]);
  }
  return "";
}

/// redis-cli's "CONFIG GET": a name, and its value in the next line.
std::string told_next(const std::string& text, std::string_view name) {
  bool next = false;
  for (const auto line : lines(text)) {
    if (next) return std::string(line);
    next = line == name;
  }
  return "";
}

json store_of(const json& facts, std::string_view kind) {
  for (const auto& one : value_at(facts, "data_stores", "instances"))
    if (one.value("kind", "") == kind) return one;
  return json::object();
}

}  // namespace

TEST_CASE("Every recorded machine gives a valid document") {
  const auto corpus = corpus_folder();
  if (corpus.empty()) return;
  Grader grader(corpus);
  const auto rows = read_table(corpus + "/roots.tsv");
  for (auto row : rows) grader.facts(row["root"]);
  std::cerr << rows.size() << " recorded machines scanned\n";
}

TEST_CASE("Processors are what lscpu says of the same machine") {
  const auto corpus = corpus_folder();
  if (corpus.empty()) return;
  Grader grader(corpus);
  for (auto row : read_table(corpus + "/lscpu/facts.tsv")) {
    const auto& name = row["name"];
    const json facts = grader.facts("lscpu/roots/" + name);
    const auto grade = [&](const char* fact, const json& got, const json& want) { grader.grade("lscpu", name, fact, got, want); };
    const auto model = value_at(facts, "cpu", "model");
    const auto vendor = value_at(facts, "cpu", "vendor");
    grade("cpu.threads", value_at(facts, "cpu", "threads"), number(row["cpus_online"]));
    grade("cpu.model", model.is_null() ? json("-") : model, row["models"].empty() ? "-" : row["models"]);
    grade("cpu.vendor", vendor.is_null() ? json("") : vendor, row["vendor"]);
    grade("cpu.sockets", value_at(facts, "cpu", "sockets"), number(row["distinct_sockets"]));
    grade("cpu.cores", value_at(facts, "cpu", "cores"), number(row["distinct_cores"]));
    grade("cpu.threads_per_core", value_at(facts, "cpu", "threads_per_core"), number(row["threads_per_core"]));
    grade("memory.numa_node_count", value_at(facts, "memory", "numa_node_count"), number(row["numa_nodes"]));
    const auto hypervisor = value_at(facts, "host", "virtualization");
    const bool is_virtual = hypervisor.is_string() && hypervisor != "none";
    grade("host.virtualization", is_virtual, !row["hypervisor"].empty());
  }
  CHECK(grader.finish("lscpu") == 0);
}

TEST_CASE("Topology and memory are what hwloc says of the same machine") {
  const auto corpus = corpus_folder();
  if (corpus.empty()) return;
  Grader grader(corpus);
  for (auto row : read_table(corpus + "/hwloc/facts.tsv")) {
    const json facts = grader.facts("hwloc/roots/" + row["root"]);
    const auto grade = [&](const char* fact, const json& got, const json& want) { grader.grade("hwloc", row["test"], fact, got, want); };
    const auto model = value_at(facts, "cpu", "model");
    grade("cpu.threads", value_at(facts, "cpu", "threads"), number(row["pus"]));
    grade("cpu.sockets", value_at(facts, "cpu", "sockets"), number(row["packages"]));
    grade("cpu.cores", value_at(facts, "cpu", "cores"), number(row["cores"]));
    grade("cpu.model", model.is_null() ? json("") : model, std::string(trim(row["cpu_model"])));
    grade("memory.numa_node_count", value_at(facts, "memory", "numa_node_count"), number(row["numa_nodes"]));
    std::uint64_t sum = 0;
    for (const auto& node : value_at(facts, "memory", "numa_nodes")) sum += node.value("memory_bytes", std::uint64_t{0}) / 1024;
    grade("memory.numa_nodes[].memory_bytes", sum, number(row["node_mem_total_kB"]));
  }
  CHECK(grader.finish("hwloc") == 0);
}

TEST_CASE("Devices are what udev lists of the same machine") {
  const auto corpus = corpus_folder();
  if (corpus.empty()) return;
  Grader grader(corpus);
  for (auto row : read_table(corpus + "/udev/facts.tsv")) {
    const auto& name = row["dump"];
    const json facts = grader.facts("udev/roots/" + name);
    const auto grade = [&](const char* fact, const json& got, const json& want) { grader.grade("udev", name, fact, got, want); };
    const auto disks = value_at(facts, "storage", "disks");
    auto interfaces = names(value_at(facts, "network", "interfaces"), "name");
    auto expected = names(row["net_ifs"]);
    expected.erase(std::remove(expected.begin(), expected.end(), "lo"), expected.end());
    grade("storage.disks", names(disks, "name"), names(row["disks"]));
    grade("network.interfaces", interfaces, expected);
    grade("network.rdma_ports", names(value_at(facts, "network", "rdma_ports"), "device"), names(row["infiniband"]));
    const auto cpus = value_at(facts, "cpu", "threads");
    grade("cpu.threads", cpus.is_null() ? json(0) : cpus, number(row["cpus"]));
    const auto nodes = value_at(facts, "memory", "numa_node_count");
    grade("memory.numa_node_count", nodes.is_null() ? json(0) : nodes, number(row["numa_nodes"]));
    std::map<std::string, std::uint64_t> cards = {{"nvidia", 0}, {"amd", 0}};
    const auto devices = value_at(facts, "accelerators", "devices");
    if (devices.is_array()) for (const auto& item : devices) ++cards[item.value("vendor", "")];
    grade("accelerators.nvidia", cards["nvidia"], number(row["nvidia_gpu"]));
    grade("accelerators.amd", cards["amd"], number(row["amd_gpu"]));
  }
  CHECK(grader.finish("udev") == 0);
}

TEST_CASE("AMD accelerators are what their compute driver lists") {
  const auto corpus = corpus_folder();
  if (corpus.empty()) return;
  Grader grader(corpus);
  for (auto row : read_table(corpus + "/kfd/facts.tsv")) {
    const json facts = grader.facts("kfd/roots/" + row["root"]);
    const auto grade = [&](const char* fact, const json& got, const json& want) { grader.grade("kfd", row["root"], fact, got, want); };
    grade("accelerators.count", value_at(facts, "accelerators", "count"), number(row["distinct_pci_gpus"]));
    std::set<std::string> ids;
    std::set<std::string> places;
    std::set<std::uint64_t> sizes;
    for (const auto& item : value_at(facts, "accelerators", "devices")) {
      ids.insert(item.value("vendor_id", "") + ":" + item.value("device_id", ""));
      places.insert(item.value("address", "").substr(0, 10));
      sizes.insert(item.value("memory_bytes", std::uint64_t{0}));
    }
    grade("accelerators.devices[].device_id", ids, names(row["device_ids"]));
    grade("accelerators.devices[].address", places, names(row["location_bdf_list"]));
    if (sizes.size() == 1) grade("accelerators.devices[].memory_bytes", *sizes.begin(), number(row["vram_per_gpu_node"]));
  }
  CHECK(grader.finish("kfd") == 0);
}

TEST_CASE("NVIDIA servers show as many cards as they have, on their nodes") {
  const auto corpus = corpus_folder();
  if (corpus.empty()) return;
  Grader grader(corpus);
  for (const auto& [name, count] : {std::pair{"a100", 8}, {"gb300", 8}, {"t4", 4}}) {
    const json facts = grader.facts(std::string("nvidia/mock_roots/") + name);
    grader.grade("mock", name, "accelerators.count", value_at(facts, "accelerators", "count"), count);
    for (const auto& item : value_at(facts, "accelerators", "devices")) grader.grade("mock", name, "numa_node", item.contains("numa_node"), true);
  }
  CHECK(grader.finish("mock") == 0);
}

TEST_CASE("Data stores are what they say of themselves") {
  const auto corpus = corpus_folder();
  if (corpus.empty()) return;
  Grader grader(corpus);
  const json facts = grader.facts("dbhost/stock/root");
  const std::string oracle = corpus + "/dbhost/stock/oracle/";
  const auto grade = [&](const json& store, const char* fact, const json& want) {
    grader.grade("dbhost", store.value("kind", "absent"), fact, store.value(fact, json()), want);
  };
  std::set<std::string> running;
  for (const auto& one : value_at(facts, "data_stores", "instances"))
    if (one.value("running", false)) running.insert(one.value("kind", "") + " " + one.value("exposure", ""));
  grader.grade("dbhost", "stock", "running", running,
               {"etcd loopback", "mariadb loopback", "memcached loopback", "postgresql loopback", "rabbitmq any", "redis loopback"});
  const json postgresql = store_of(facts, "postgresql");
  const std::string shown = text_at(oracle + "postgres.txt");
  grade(postgresql, "version", std::string(split(told(shown, "server_version", '|'), ' ')[0]));
  grade(postgresql, "tls", told(shown, "ssl", '|'));
  grade(postgresql, "data_folder", told(shown, "data_directory", '|'));
  grade(postgresql, "archiving", told(shown, "archive_mode", '|'));
  grade(postgresql, "cache_bytes", parse_u64(told(shown, "shared_buffers", '|')).value_or(0) * 8192);
  grade(postgresql, "port", number(told(shown, "port", '|')));
  grade(postgresql, "auth", "required");  // its pg_hba_file_rules: peer and scram-sha-256
  const json mariadb = store_of(facts, "mariadb");
  const std::string variables = text_at(oracle + "mariadb.txt");
  grade(mariadb, "version", std::string(split(told(variables, "version", '\t'), '-')[0]));
  grade(mariadb, "data_folder", told(variables, "datadir", '\t') == "/var/lib/mysql/" ? "/var/lib/mysql" : "");
  grade(mariadb, "cache_bytes", number(told(variables, "innodb_buffer_pool_size", '\t')));
  grade(mariadb, "archiving", lower(told(variables, "log_bin", '\t')));
  grade(mariadb, "tls", told(variables, "have_ssl", '\t') == "YES" ? "on" : "off");
  grade(mariadb, "auth", told(variables, "skip_grant_tables", '\t') == "ON" ? "none" : "required");
  const json redis = store_of(facts, "redis");
  const std::string settings = text_at(oracle + "redis.txt");
  grade(redis, "version", told(settings, "redis_version", ':'));
  grade(redis, "port", number(told_next(settings, "port")));
  grade(redis, "auth", told_next(settings, "requirepass").empty() ? "none" : "required");
  grade(redis, "tls", told_next(settings, "tls-port") == "0" ? "off" : "on");
  grade(redis, "archiving", told_next(settings, "save").empty() && told_next(settings, "appendonly") == "no" ? "off" : "on");
  CHECK(grader.finish("dbhost") == 0);
}

}  // namespace plumbline
