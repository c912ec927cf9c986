// SPDX-License-Identifier: Apache-2.0
// Databases, caches, queues, object, search and vector stores: those that run, and those that are installed.
#include <algorithm>
#include <optional>

#include "agent/containers_on_disk.h"
#include "agent/firewall/firewall.h"
#include "agent/probes/all.h"
#include "agent/services.h"
#include "agent/stores/answered.h"
#include "agent/stores/inside.h"
#include "agent/stores/store.h"
#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::size_t kMaxWalks = 24;  // of data folders, each bounded in itself
constexpr std::uint64_t kMaxFilesWalked = 40'000;  // of all of them in one scan
constexpr std::size_t kMaxRisks = 12;

/// "Chris Lamb <lamby@debian.org>" is told as "Chris Lamb, debian.org": no address, but for whom it is.
std::string origin_of(const Package& package) {
  const std::string_view origin = package.origin;
  const std::size_t mail = origin.find('<');
  std::string told(trim(origin.substr(0, mail)));
  const std::size_t at = mail == std::string_view::npos ? mail : origin.find('@', mail);
  if (at == std::string_view::npos) return told;
  const std::string_view domain = origin.substr(at + 1, origin.find('>', at) - at - 1);
  return told.append(", ").append(domain);
}

std::optional<std::uint64_t> number_in(const json& answer, const char* key) {
  const auto found = answer.find(key);
  if (found == answer.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

/// A count of blocks that "statvfs" answered, in bytes.
std::optional<std::uint64_t> bytes_in(const json& space, const char* blocks) {
  const auto size = number_in(space, "block_bytes"), count = number_in(space, blocks);
  if (!size || !count) return std::nullopt;
  return *size * *count;
}

Result<json> ask_object(const Host& host, const std::string& question) {
  const auto answer = host.ask(question);
  if (!answer) return tl::unexpected<Error>(answer.error());
  auto parsed = parse_json(*answer);
  if (parsed && !parsed->is_object()) return fail(ErrorKind::invalid, question + ": the answer is no object");
  return parsed;
}

class StoreWriter {
 public:
  StoreWriter(const Host& host, Machine& machine, Facts& facts) : host_(host), machine_(machine), facts_(facts) {}

  json write(Store& store) {
    json fact = {{"kind", store.product->kind},
                 {"category", store.product->category},
                 {"auth", store.auth},
                 {"tls", store.tls},
                 {"replication", store.replication},
                 {"archiving", store.archiving}};
    const auto unseen = store.running ? std::nullopt : unseen_processes(machine_);
    if (!unseen)
      fact["running"] = store.running;
    else
      facts_.missing("data_stores.instances[].running", *unseen);
    set(fact, "exposure", store.exposure);
    write_texts(store, fact);
    write_settings(store, fact);
    write_owner(store, fact);
    write_place(store, fact);
    return fact;
  }

 private:
  static void set(json& fact, const char* key, const std::string& value) {
    if (!value.empty()) fact[key] = value;
  }
  template <class T>
  static void set(json& fact, const char* key, const std::optional<T>& value) {
    if (value) fact[key] = *value;
  }

  static void write_texts(const Store& store, json& fact) {
    set(fact, "version", store.version);
    set(fact, "version_source", store.version_source);
    set(fact, "auth_evidence", store.auth_evidence);
    set(fact, "vector_version", store.vector_version);
    set(fact, "coordination", store.coordination);
    set(fact, "answered_version", store.answered_version);
    set(fact, "answered_auth", store.answered_auth);
    set(fact, "answered_tls", store.answered_tls);
    set(fact, "unit", store.unit);
    set(fact, "image", store.image);
    if (store.package == nullptr) return;
    set(fact, "package_version", store.package->version);
    set(fact, "package_origin", origin_of(*store.package));
  }

  static void write_settings(const Store& store, json& fact) {
    set(fact, "vector_capable", store.vector_capable);
    set(fact, "tls_required", store.tls_required);
    set(fact, "archive_age_hours", store.archive_age_hours);
    set(fact, "cache_bytes", store.cache_bytes);
    set(fact, "evicts", store.evicts);
    set(fact, "replication_factor", store.replication_factor);
    set(fact, "min_insync", store.min_insync);
    set(fact, "cluster_nodes", store.cluster_nodes);
    set(fact, "snapshot_repository", store.snapshot_repository);
    // Where its settings were read, that there is none is known, too.
    if (!store.risky.empty() || store.auth != "unknown") {
      fact["risky_settings"] =
          std::vector<std::string>(store.risky.begin(),
                                   store.risky.begin() + static_cast<std::ptrdiff_t>(
                                                             std::min(store.risky.size(), kMaxRisks)));
    }
    const int seen = store.service == nullptr ? 0 : main_port(*store.service);
    const int port = seen != 0 ? seen : store.running ? store.port : 0;
    if (port != 0) fact["port"] = port;
  }

  void write_owner(const Store& store, json& fact) {
    if (store.process == nullptr) return;
    const auto uid = machine_.uid_of(store.process->pid);
    if (!uid) return;
    fact["user"] = machine_.user_name(*uid);
    fact["root"] = *uid == 0;
  }

  /// Where the data lies on this host; of a container only what a volume holds can be told.
  std::string place_of(const Store& store) const {
    if (!store.contained) return store.data_folder;
    if (store.container == nullptr) return "";
    const InsideHost inside(host_, 0, store.container->volumes);
    return inside.is_in_volume(store.data_folder) ? inside.outside(store.data_folder) : "";
  }

  void write_place(Store& store, json& fact) {
    while (store.data_folder.size() > 1 && store.data_folder.ends_with('/')) store.data_folder.pop_back();
    if (store.data_folder.empty()) return;
    const std::string place = place_of(store);
    fact["data_folder"] = place.empty() ? store.data_folder : place;
    const Mount* mount = place.empty() ? nullptr : machine_.mount_of(place);
    if (mount == nullptr) return;
    fact["data_on_network_fs"] = mount->network;
    if (mount->network) return facts_.missing(kBytes, Error{ErrorKind::unavailable,
                                                             mount->type + ": folders on other machines are not walked"});
    if (const BlockLayers layers = machine_.layers_of(*mount); layers.known)
      fact["data_encrypted"] = layers.encrypted;
    const json space = ask_object(host_, "statvfs:" + mount->point).value_or(json::object());
    set(fact, "data_free_bytes", bytes_in(space, "blocks_available"));
    write_size(store, place, fact);
    const bool own = mount->point == place || (mount->point != "/" && store.more_folders.empty() &&
                                               mount->point == place.substr(0, place.rfind('/')));
    if (fact.contains("data_bytes") || !own) return;
    const auto whole = bytes_in(space, "blocks"), unused = bytes_in(space, "blocks_free");
    if (whole && unused && *whole >= *unused) fact["data_bytes"] = *whole - *unused;
  }

  void write_size(const Store& store, const std::string& place, json& fact) {
    std::vector<std::string> folders = store.more_folders;
    folders.insert(folders.begin(), place);
    std::uint64_t bytes = 0;
    std::uint64_t oldest = 0;
    for (const std::string& folder : folders) {
      if (++walks_ > kMaxWalks || files_walked_ > kMaxFilesWalked)
        return facts_.missing(kBytes, Error{ErrorKind::limit, "data folders: more than are walked in one scan"});
      const auto usage = ask_object(host_, "usage:" + folder);
      if (!usage) return facts_.missing(kBytes, usage.error());
      files_walked_ += number_in(*usage, "files").value_or(0);
      const auto held = number_in(*usage, "bytes");
      const auto complete = usage->find("complete");
      if (!held || complete == usage->end() || *complete != json(true))
        return facts_.missing(kBytes, Error{ErrorKind::limit, folder + ": more files than a scan counts, or not all may be read"});
      bytes += *held;
      const auto first = number_in(*usage, "oldest").value_or(0);
      if (first != 0 && (oldest == 0 || first < oldest)) oldest = first;
    }
    fact["data_bytes"] = bytes;
    const auto begun = static_cast<std::int64_t>(oldest);
    if (begun > 0 && store.now >= begun) fact["oldest_file_days"] = (store.now - begun) / kSecondsPerDay;
  }

  static constexpr std::string_view kBytes = "data_stores.instances[].data_bytes";
  const Host& host_;
  Machine& machine_;
  Facts& facts_;
  std::size_t walks_ = 0;
  std::uint64_t files_walked_ = 0;
};

/// What runs tells its version best; inspectors judge by it.
void take_answered_version(Machine& machine, Store& store) {
  if (store.service == nullptr) return;
  const auto answer = answer_of(machine, *store.service);
  if (!answer || !contains(answer->version, ".")) return;
  store.version = upstream_version(answer->version);
  store.version_source = "greeting";
}

void inspect(const Host& host, Machine& machine, Store& store) {
  take_answered_version(machine, store);
  if (!store.contained) {
    find_version(host, store);
    inspect_store(host, store);
  } else {
    int pid = store.process == nullptr ? 0 : store.process->pid;
    if (pid == 0 && store.container != nullptr && store.running) pid = store.container->pid;
    const int published = store.port;  // what others reach it by, whatever it is set to inside
    const InsideHost inside(host, pid,
                            store.container == nullptr ? std::map<std::string, std::string>{}
                                                       : store.container->volumes);
    find_version(inside, store);
    inspect_store(inside, store);
    if (published != 0) store.port = published;
    if (store.auth == "unknown")
      store.auth_evidence = "it runs in a container" + (store.auth_evidence.empty() ? "" : "; " + store.auth_evidence);
    const bool lost = store.container != nullptr && store.data_folder.starts_with('/') &&
                      store.container->engine == "docker" && !inside.is_in_volume(store.data_folder) &&
                      !(store.archiving == "off" && store.product->category == "key_value") &&
                      !store.evicts.value_or(false);
    if (lost) store.risky.push_back("data inside the container");
  }
  if (!store.running && unseen_processes(machine)) {
    if (store.exposure == "none") store.exposure.clear();  // as configured, or not known
  } else if (store.exposure.empty() || !store.running) {
    store.exposure = "none";
  }
  add_answers(machine, store);
}

}  // namespace

Result<void> probe_data_stores(const Host& host, Machine& machine, Facts& facts) {
  json instances = json::array();
  StoreWriter writer(host, machine, facts);
  for (Store& store : find_stores(host, machine)) {
    inspect(host, machine, store);
    instances.push_back(writer.write(store));
  }
  if (const auto& processes = machine.processes(); !processes && !machine.packages())
    return tl::unexpected<Error>(processes.error());
  add_reach(machine, instances);
  facts.set("data_stores.instances", std::move(instances));
  return {};
}

}  // namespace plumbline
