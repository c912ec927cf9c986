// SPDX-License-Identifier: Apache-2.0
// Every thing that a scan of a recorded machine reads is, one after another, gone, refused, cut and garbled. The document
// stays valid; a fact stays what it was or becomes unknown, never another; and what is refused is told as missing. What
// may differ stands in mutations.tsv, each with its reason.
//
// Always over the hosts of tests/hosts; in the long tiers over every machine in the folder PLUMBLINE_CORPUS names, too.
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

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

/// How much two stores or services of one kind have in common, of what tells one from another.
int likeness(const json& one, const json& other) {
  int alike = 0;
  for (const char* name : {"unit", "data_folder", "port", "image", "user", "running", "state"})
    alike += one.contains(name) && other.contains(name) && one[name] == other[name] ? 1 : 0;
  return alike;
}

constexpr const char* kIs = "is";  // which of the unchanged scan's: "redis 2"

/// Stores and services have no names, and what tells them apart may be what a change took: each is that of the
/// unchanged scan which is of its kind and has most in common with it, or another.
void name_items(json& before, json& after) {
  for (std::size_t i = 0; i < before.size(); ++i) before[i][kIs] = before[i].value("kind", "") + " " + std::to_string(i);
  std::set<std::size_t> taken;
  for (json& item : after) {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (taken.count(i) != 0 || before[i].value("kind", "") != item.value("kind", "")) continue;
      if (!best || likeness(before[i], item) > likeness(before[*best], item)) best = i;
    }
    if (best) taken.insert(*best);
    item[kIs] = best ? before[*best][kIs] : json("another " + item.value("kind", "") + " " + std::to_string(taken.size()));
  }
}

void name_stores_and_services(json& before, json& after) {
  for (const char* list : {"instances", "services"}) {
    const bool nameless = before.contains(list) && after.contains(list) && before[list].is_array() && after[list].is_array();
    if (nameless) name_items(before[list], after[list]);
  }
}

/// What tells one item of a list from its like.
std::string key_of(const json& item, std::size_t index) {
  if (item.contains(kIs)) return item[kIs].dump();
  if (item.contains("protocol") && item.contains("port")) return item["protocol"].dump() + item.value("address", "") + item["port"].dump();
  std::string key = item.contains("kind") && !item.contains("name") ? item["kind"].dump() : "";
  for (const char* name : {"address", "name", "id", "mount", "path", "device", "user", "unit", "file"}) {
    if (key.empty() && item.contains(name)) key = item[name].dump();
  }
  for (const char* name : {"port", "environment", "image"})
    if (item.contains(name)) key += item[name].dump();
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

/// The agent's own words, which no text of the machine is: they are as true as a number.
bool is_own_word(std::string_view fact) {
  for (const std::string_view name : {".auth", ".tls", ".exposure", ".replication", ".archiving", ".state", ".proxy_auth", ".proxy_exposure"})
    if (fact.ends_with(name)) return true;
  return false;
}

/// Fewer of a list, and nothing that was not in it.
bool is_less(const json& before, const json& after) {
  if (before.is_number() && after.is_number()) return after <= before;  // how many items
  if (after == 0) return before.is_array();
  return before.is_array() && after.is_array() && std::all_of(after.begin(), after.end(), [&](const json& one) {
    return std::find(before.begin(), before.end(), one) != before.end();
  });
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
    json as_it_was = before.data, as_it_is = after.data;
    name_stores_and_services(as_it_was, as_it_is);
    flatten(as_it_was, section, old);
    flatten(as_it_is, section, now);
    for (const auto& [fact, value] : now) {
      const auto found = old.find(fact);
      if (found != old.end() && found->second == value) continue;
      if (value == "unknown" || value == "") continue;
      // garbled text is garbled text; what is no text must not come of it
      const bool text = value.is_string() || (value.is_array() && !value.empty());
      if (text && !is_own_word(fact) && (change == "noise" || change == "letters")) continue;
      if (found != old.end() && is_missing(after, fact) && is_less(found->second, value)) continue;
      report(change, fact, path, fact + ": " + (found == old.end() ? "nothing" : found->second.dump()) + " -> " + value.dump());
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
  std::vector<std::string> found;
  for (const char* name : {"gpu-server", "careless-database-server", "open-gpu-server", "hardened-gpu-node"})
    found.push_back(PLUMBLINE_SOURCE_DIR "/tests/hosts/" + std::string(name));
  const char* tier = std::getenv("PLUMBLINE_TIER");
  const char* corpus = std::getenv("PLUMBLINE_CORPUS");
  if (corpus == nullptr || tier == nullptr || std::string_view(tier) == "quick") return found;
  std::ifstream in(std::string(corpus) + "/roots.tsv");
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    const auto cells = split(line, '\t');
    if (cells.size() > 2) found.push_back(std::string(corpus) + "/" + std::string(cells[2]));
  }
  return found;
}

}  // namespace

TEST_CASE("Whatever is gone, refused, cut or garbled, facts stay true or become unknown") {
  std::map<std::string, std::pair<std::string, std::string>> wrong;
  std::size_t runs = 0;
  const auto all = machines();
  for (const auto& root : all) {
    Mutations mutations(root);
    mutations.run();
    runs += mutations.runs();
    for (const auto& [what, example] : mutations.wrong()) wrong.try_emplace(what, root, example);
    std::cerr << root << ": " << mutations.runs() << " scans\n";
  }
  for (const auto& [what, example] : wrong) std::cerr << what << "\t" << example.first << "\t" << example.second << "\n";
  std::cerr << all.size() << " machines, " << runs << " scans of a changed machine, " << wrong.size() << " kinds of wrong facts\n";
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
