// SPDX-License-Identifier: Apache-2.0
// Every thing that a scan of a recorded machine reads is, one after another, gone, refused, cut and garbled. The document
// stays valid; a fact stays what it was or becomes unknown, never another; and what is refused is told as missing. What
// may differ stands in mutations.tsv, each with its reason.
//
// Always over the hosts of tests/hosts; in the long tiers over every machine in the folder PLUMBLINE_CORPUS names, too.
#include <fnmatch.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/probe.h"
#include "agent/scan.h"
#include "base/text.h"
#include "tests/agent/altered_host.h"
#include "tests/agent/scratch.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<Change, const char*>, 5> kChanges = {{{Change::gone, "gone"}, {Change::refused, "refused"},
    {Change::cut, "cut"}, {Change::noise, "noise"}, {Change::letters, "letters"}}};
constexpr std::size_t kOfOneKind = 3;  // of paths that differ in their numbers alone: the first, one between, the last

struct Meant {
  std::string change, fact, path, why;
};

std::vector<Meant> read_meant() {
  std::ifstream in(PLUMBLINE_SOURCE_DIR "/tests/agent/mutations.tsv");
  std::vector<Meant> rows;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    const auto cells = split(line, '\t');
    if (cells.size() == 4) rows.push_back({std::string(cells[0]), std::string(cells[1]), std::string(cells[2]), std::string(cells[3])});
  }
  return rows;
}

/// "/sys/devices/system/cpu/cpu17/topology" to "/sys/devices/system/cpu/cpu#/topology"; hexadecimal addresses likewise.
std::string kind_of(std::string_view path) {
  std::string kind;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool address = i + 12 <= path.size() && path[i + 4] == ':' && path[i + 7] == ':' && path[i + 10] == '.';
    if (address) kind += '@', i += 11;
    else if (path[i] < '0' || path[i] > '9') kind += path[i];
    else if (kind.empty() || kind.back() != '#') kind += '#';
  }
  return kind;
}

std::vector<std::string> chosen(const std::set<std::string>& paths) {
  std::map<std::string, std::vector<std::string>> kinds;
  for (const auto& path : paths) kinds[kind_of(path)].push_back(path);
  std::vector<std::string> some;
  for (auto& [kind, all] : kinds) {
    if (all.size() <= kOfOneKind) some.insert(some.end(), all.begin(), all.end());
    else for (const auto at : {std::size_t{0}, all.size() / 2, all.size() - 1}) some.push_back(all[at]);
  }
  return some;
}

/// What tells one item of a list from its like.
std::string key_of(const json& item, std::size_t index) {
  if (item.contains("protocol") && item.contains("port")) return item["protocol"].dump() + item.value("address", "") + item["port"].dump();
  std::string key = item.contains("kind") && !item.contains("name") ? item["kind"].dump() : "";
  for (const char* name : {"address", "name", "id", "mount", "path", "device", "user", "unit", "file"}) {
    if (key.empty() && item.contains(name)) key = item[name].dump();
  }
  if (item.contains("port")) key += item["port"].dump();
  return key.empty() ? std::to_string(index) : key;
}

/// Every fact by its path; items of lists by what names them: accelerators.devices["0000:41:00.0"].name
void flatten(const json& value, const std::string& path, std::map<std::string, json>& into) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) flatten(member, path + "." + key, into);
  } else if (value.is_array() && !value.empty() && value[0].is_object()) {
    into[path] = value.size();
    for (std::size_t i = 0; i < value.size(); ++i) flatten(value[i], path + "[" + key_of(value[i], i) + "]", into);
  } else {
    into[path] = value.is_array() && value.empty() ? json(0) : value;
  }
}

/// accelerators.devices["0000:41:00.0"].name to accelerators.devices.name
std::string fact_of(const std::string& path) {
  std::string fact;
  int depth = 0;
  for (const char c : path) {
    if (c == '[') ++depth;
    if (depth == 0) fact += c;
    if (c == ']') --depth;
  }
  return fact;
}

class Mutations {
 public:
  explicit Mutations(const std::string& root) : root_(root) {
    auto host = recorded_host(root);
    INFO(root);
    REQUIRE(host);
    recorded_ = std::move(*host);
  }

  void run() {
    const RememberingHost host(*recorded_);
    for (const auto& probe : probes()) {
      host.take_answered();
      const auto before = scan(host, probe.name, "as it was");
      auto answered = host.take_answered();
      answered.erase("now");  // nobody refuses the clock
      const auto paths = chosen(answered);
      for (const auto& path : paths) {
        for (const auto& [change, name] : kChanges) {
          const auto after = scan(AlteredHost(host, change, path), probe.name, name + (" " + path));
          ++runs_;
          if (change != Change::cut) compare(std::string(probe.name), before, after, name, path);
        }
      }
    }
  }

  std::size_t runs() const { return runs_; }
  const std::map<std::string, std::string>& wrong() const { return wrong_; }
  const std::set<std::string>& used() const { return used_; }

 private:
  Section scan(const Host& host, std::string_view probe, const std::string& what) const {
    INFO(root_ << ": " << probe << " with " << what);
    const auto scan = take_scan(host, {{std::string(probe)}});
    REQUIRE(scan);
    const auto read = read_scan(to_json(*scan));
    INFO((read ? std::string() : read.error().message));
    REQUIRE(read);
    return scan->sections.at(std::string(probe));
  }

  void compare(const std::string& section, const Section& before, const Section& after, const std::string& change, const std::string& path) {
    if (after.status == SectionStatus::failed) return;  // all of it is unknown
    std::map<std::string, json> old, now;
    flatten(before.data, section, old);
    flatten(after.data, section, now);
    for (const auto& [fact, value] : now) {
      const auto found = old.find(fact);
      if (found != old.end() && found->second == value) continue;
      if (value == "unknown" || value == "") continue;
      // garbled text is garbled text; what is no text must not come of it
      const bool text = value.is_string() || (value.is_array() && !value.empty());
      if (text && (change == "noise" || change == "letters")) continue;
      report(change, fact, path, (found == old.end() ? "nothing" : found->second.dump()) + " -> " + value.dump());
    }
    if (change != "refused") return;
    for (const auto& [fact, value] : old) {
      const bool whole_missing = after.missing.count(section) != 0;
      if (now.count(fact) != 0 || fact.find('[') != std::string::npos || whole_missing || is_missing(after, fact)) continue;
      report(change, fact, path, value.dump() + " vanished and is not told as missing");
    }
  }

  static bool is_missing(const Section& section, const std::string& fact) {
    for (const auto& [path, why] : section.missing) {
      if (fact == path || fact.starts_with(path + ".") || fact.starts_with(path + "[")) return true;
    }
    return false;
  }

  void report(const std::string& change, const std::string& where, const std::string& path, const std::string& what) {
    const std::string fact = fact_of(where);
    for (const auto& row : meant()) {
      const bool same = fnmatch(row.change.c_str(), change.c_str(), 0) == 0 && fnmatch(row.fact.c_str(), fact.c_str(), 0) == 0 &&
                        fnmatch(row.path.c_str(), path.c_str(), 0) == 0;
      if (same) return void(used_.insert(row.change + row.fact + row.path));
    }
    wrong_.emplace(change + "\t" + fact + "\t" + kind_of(path), path + ": " + what.substr(0, 300));
  }

  static const std::vector<Meant>& meant() {
    static const std::vector<Meant> rows = read_meant();
    return rows;
  }

  std::string root_;
  std::unique_ptr<Host> recorded_;
  std::size_t runs_ = 0;
  std::map<std::string, std::string> wrong_;
  std::set<std::string> used_;
};

std::vector<std::string> machines() {
  std::vector<std::string> roots = {PLUMBLINE_SOURCE_DIR "/tests/hosts/gpu-server"};
  const char* tier = std::getenv("PLUMBLINE_TIER");
  const char* corpus = std::getenv("PLUMBLINE_CORPUS");
  if (corpus == nullptr || tier == nullptr || std::string_view(tier) == "quick") return roots;
  std::ifstream in(std::string(corpus) + "/roots.tsv");
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    const auto cells = split(line, '\t');
    if (cells.size() > 2) roots.push_back(std::string(corpus) + "/" + std::string(cells[2]));
  }
  return roots;
}

}  // namespace

TEST_CASE("Whatever is gone, refused, cut or garbled, facts stay true or become unknown") {
  std::map<std::string, std::pair<std::string, std::string>> wrong;
  std::size_t runs = 0;
  const auto roots = machines();
  for (const auto& root : roots) {
    Mutations mutations(root);
    mutations.run();
    runs += mutations.runs();
    for (const auto& [what, example] : mutations.wrong()) wrong.try_emplace(what, root, example);
    if (roots.size() > 1) std::cerr << root << ": " << mutations.runs() << " scans\n";
  }
  for (const auto& [what, example] : wrong) std::cerr << what << "\t" << example.first << "\t" << example.second << "\n";
  std::cerr << roots.size() << " machines, " << runs << " scans of a changed machine, " << wrong.size() << " kinds of wrong facts\n";
  CHECK(runs > 1000);
  CHECK(wrong.empty());
}

TEST_CASE("A store that may run unseen is not told as stopped, nor as reached by nobody") {
  Scratch scratch;
  scratch.write("/.plumbline/recording.json", R"({"answers":{"sockets":"[]"}})");
  scratch.write("/var/lib/dpkg/status", "Package: memcached\nStatus: install ok installed\nVersion: 1.6.18-1+deb12u1\n");
  scratch.folder("/proc/1");
  const auto host = recorded_host(scratch.path());
  REQUIRE(host);
  const auto instance_on = [](const Host& seen) {
    const auto scan = take_scan(seen, {{"data_stores"}});
    REQUIRE(scan);
    return std::pair(facts_of(*scan)["data_stores"]["instances"][0], scan->sections.at("data_stores").missing.count("data_stores.instances[].running"));
  };
  const auto [stopped, told] = instance_on(**host);
  CHECK(stopped["running"] == false);
  CHECK(stopped["exposure"] == "none");
  CHECK(told == 0);
  const auto [unseen, missing] = instance_on(AlteredHost(**host, Change::refused, "/proc"));
  CHECK(unseen["kind"] == "memcached");
  CHECK_FALSE(unseen.contains("running"));
  CHECK_FALSE(unseen.value("exposure", "") == "none");
  CHECK(missing == 1);
}

}  // namespace plumbline
