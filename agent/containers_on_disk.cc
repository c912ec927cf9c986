// SPDX-License-Identifier: Apache-2.0
// Readers of the engines' own files. Formats: Docker's config.v2.json and hostconfig.json (moby, package
// container), containers/storage's containers.json and images.json, and the OCI runtime specification's
// config.json, which Podman, CRI-O and containerd leave in a container's bundle.
#include "agent/containers_on_disk.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/config/glob.h"
#include "agent/redact.h"
#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxConfigBytes = 1u << 20;
constexpr std::size_t kMaxListBytes = 8u << 20;
constexpr std::size_t kMaxImages = 500;
constexpr std::size_t kMaxNamed = 200;  // arguments, variables, ports, volumes of one container
constexpr JsonLimits kConfigLimits{kMaxConfigBytes, 24, 100'000, 64u << 10};
constexpr JsonLimits kListLimits{kMaxListBytes, 24, 400'000, 256u << 10};

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The value below names, or nothing that anybody could find: json() is null.
const json& below(const json& value, std::initializer_list<const char*> names) {
  static const json nothing;
  const json* at = &value;
  for (const char* name : names) {
    if (!at->is_object() || !at->contains(name)) return nothing;
    at = &at->at(name);
  }
  return *at;
}

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : "";
}

bool truth_of(const json& value) {
  return value.is_boolean() && value.get<bool>();
}

std::vector<std::string> texts_of(const json& value) {
  std::vector<std::string> found;
  if (value.is_string()) found.push_back(value.get<std::string>());
  if (!value.is_array()) return found;
  for (const json& one : value)
    if (one.is_string() && found.size() < kMaxNamed) found.push_back(one.get<std::string>());
  return found;
}

/// Lists joined by NUL, as the filters of /proc know them, and taken apart again.
json filtered(const std::vector<std::string>& parts, std::string (*filter)(std::string_view)) {
  std::string joined;
  for (const std::string& part : parts) joined.append(part.substr(0, part.find('\0'))).append(1, '\0');
  joined = filter(joined);
  json out = json::array();
  while (joined.ends_with('\0')) joined.pop_back();
  if (joined.empty()) return out;
  for (const std::string_view part : split(joined, '\0')) out.push_back(part);
  return out;
}

/// config.v2.json: what runs, from which image, with which words; no label, no value of a variable.
std::string redact_docker(std::string_view text) {
  const auto config = parse_json(text, kConfigLimits);
  if (!config || !config->is_object()) return "{}";
  std::vector<std::string> words = texts_of(below(*config, {"Args"}));
  words.insert(words.begin(), text_of(below(*config, {"Path"})));
  json arguments = filtered(words, redact_arguments);
  json kept = {{"Name", text_of(below(*config, {"Name"}))},
               {"State", {{"Running", truth_of(below(*config, {"State", "Running"}))}}},
               {"Config",
                {{"Image", text_of(below(*config, {"Config", "Image"}))},
                 {"User", text_of(below(*config, {"Config", "User"}))},
                 {"Env", filtered(texts_of(below(*config, {"Config", "Env"})), redact_environment)}}}};
  if (const json& pid = below(*config, {"State", "Pid"}); pid.is_number_integer()) kept["State"]["Pid"] = pid;
  if (!arguments.empty()) {
    kept["Path"] = arguments.front();
    arguments.erase(arguments.begin());
    kept["Args"] = std::move(arguments);
  }
  if (const json& mounts = below(*config, {"MountPoints"}); mounts.is_object()) {
    for (const auto& [inside, mount] : mounts.items())
      kept["MountPoints"][inside] = {{"Source", text_of(below(mount, {"Source"}))}};
  }
  return dumped(kept);
}

/// Of a container's settings only what decides on its power over the host and who reaches it.
std::string redact_hostconfig(std::string_view text) {
  const auto config = parse_json(text, kConfigLimits);
  json kept = json::object();
  if (!config || !config->is_object()) return "{}";
  for (const char* key :
       {"Privileged", "CapAdd", "Binds", "PortBindings", "PidMode", "NetworkMode", "IpcMode"})
    if (config->contains(key)) kept[key] = config->at(key);
  if (const json& mounts = below(*config, {"Mounts"}); mounts.is_array()) {
    for (const json& mount : mounts)
      if (const std::string source = text_of(below(mount, {"Source"})); !source.empty())
        kept["Mounts"].push_back({{"Source", source}});
  }
  return dumped(kept);
}

/// The OCI specification's config.json: words, names of variables, user, names that the engine noted.
std::string redact_bundle(std::string_view text) {
  const auto config = parse_json(text, kConfigLimits);
  if (!config || !config->is_object()) return "{}";
  json kept = {{"process",
                {{"args", filtered(texts_of(below(*config, {"process", "args"})), redact_arguments)},
                 {"env", filtered(texts_of(below(*config, {"process", "env"})), redact_environment)}}}};
  if (const json& uid = below(*config, {"process", "user", "uid"}); uid.is_number_unsigned())
    kept["process"]["user"] = {{"uid", uid}};
  for (const char* name : {"io.kubernetes.cri.image-name", "io.kubernetes.cri.container-name",
                           "io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ImageName",
                           "io.kubernetes.cri-o.ContainerType", "io.kubernetes.container.name"})
    if (const std::string value = text_of(below(*config, {"annotations", name})); !value.empty())
      kept["annotations"][name] = redact_line(value);
  return dumped(kept);
}

/// containers.json and images.json of containers/storage: ids, names, and what `metadata` says of the image.
std::string redact_storage(std::string_view text) {
  const auto list = parse_json(text, kListLimits);
  json kept = json::array();
  if (!list || !list->is_array()) return "[]";
  for (const json& one : *list) {
    json row = {{"id", text_of(below(one, {"id"}))}, {"names", texts_of(below(one, {"names"}))}};
    // "metadata" is JSON within a text: {"image-name":"docker.io/library/redis:7","name":"cache",…}
    const auto metadata = parse_json(text_of(below(one, {"metadata"})), kConfigLimits);
    if (metadata && metadata->is_object())
      row["metadata"] = dumped({{"image-name", text_of(below(*metadata, {"image-name"}))}});
    kept.push_back(std::move(row));
  }
  return dumped(kept);
}

/// repositories.json: {"Repositories":{"redis":{"redis:7":"sha256:…","redis@sha256:…":"sha256:…"}}}
std::string redact_repositories(std::string_view text) {
  const auto config = parse_json(text, kListLimits);
  json kept = {{"Repositories", json::object()}};
  if (!config) return dumped(kept);
  const json& repositories = below(*config, {"Repositories"});
  if (!repositories.is_object()) return dumped(kept);
  for (const auto& [repository, names] : repositories.items()) {
    if (!names.is_object()) continue;
    for (const auto& [name, digest] : names.items())
      if (!contains(name, "@")) kept["Repositories"][repository][name] = "";
  }
  return dumped(kept);
}

Result<json> read_json(const Host& host, const std::string& path, Redact redact, const JsonLimits& limits) {
  const auto text = host.read_redacted(path, redact, limits.bytes);
  if (!text) return tl::unexpected<Error>(text.error());
  return parse_json(*text, limits);
}

Container container_of(std::string_view engine, std::string id) {
  Container container;
  container.engine = engine;
  container.id = std::move(id);
  return container;
}

void add_environment(Container& container, const json& variables) {
  for (const std::string& one : texts_of(variables)) {
    const std::size_t equals = one.find('=');
    if (equals != std::string::npos) container.environment[one.substr(0, equals)] = one.substr(equals + 1);
  }
}

/// "8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8000"}]
void add_published(Container& container, const json& bindings) {
  if (!bindings.is_object()) return;
  for (const auto& [inside, places] : bindings.items()) {
    const std::size_t slash = inside.find('/');
    const auto port = parse_u64(inside.substr(0, slash));
    if (!port || *port > 65535 || !places.is_array()) continue;
    for (const json& place : places) {
      if (!place.is_object() || container.published.size() >= kMaxNamed) continue;
      const auto outside = parse_u64(text_of(below(place, {"HostPort"})));
      container.published.push_back({slash == std::string::npos ? "tcp" : inside.substr(slash + 1),
                                     static_cast<int>(*port), text_of(below(place, {"HostIp"})),
                                     outside && *outside <= 65535 ? static_cast<int>(*outside) : 0});
    }
  }
}

/// "/etc:/host/etc:ro" begins with the host's path.
void add_settings(Container& container, const json& settings) {
  container.has_settings = true;
  container.privileged = truth_of(below(settings, {"Privileged"}));
  container.capabilities = texts_of(below(settings, {"CapAdd"}));
  container.network = text_of(below(settings, {"NetworkMode"}));
  container.pid_mode = text_of(below(settings, {"PidMode"}));
  container.ipc_mode = text_of(below(settings, {"IpcMode"}));
  for (const std::string& bind : texts_of(below(settings, {"Binds"})))
    container.host_folders.push_back(bind.substr(0, bind.find(':')));
  if (const json& mounts = below(settings, {"Mounts"}); mounts.is_array()) {
    for (const json& mount : mounts)
      if (container.host_folders.size() < kMaxNamed)
        container.host_folders.push_back(text_of(below(mount, {"Source"})));
  }
  add_published(container, below(settings, {"PortBindings"}));
}

void read_docker(const Host& host, ContainersOnDisk& found) {
  const std::string base = "/var/lib/docker/containers";
  const auto folders = host.list(base);
  if (!folders) {
    if (folders.error().kind != ErrorKind::not_found) found.docker_error = folders.error();
    return;
  }
  for (const FolderEntry& folder : *folders) {
    if (found.containers.size() >= kMaxContainers) return;
    const std::string path = base + "/" + folder.name;
    const auto config = read_json(host, path + "/config.v2.json", redact_docker, kConfigLimits);
    if (!config) continue;
    Container container = container_of("docker", folder.name);
    container.name = text_of(below(*config, {"Name"}));
    if (container.name.starts_with('/')) container.name.erase(0, 1);
    container.image = text_of(below(*config, {"Config", "Image"}));
    container.user = text_of(below(*config, {"Config", "User"}));
    container.running = truth_of(below(*config, {"State", "Running"}));
    if (const json& pid = below(*config, {"State", "Pid"}); container.running && pid.is_number_integer())
      container.pid = pid.get<int>();
    container.arguments = texts_of(below(*config, {"Args"}));
    container.arguments.insert(container.arguments.begin(), text_of(below(*config, {"Path"})));
    add_environment(container, below(*config, {"Config", "Env"}));
    if (const json& mounts = below(*config, {"MountPoints"}); mounts.is_object()) {
      for (const auto& [inside, mount] : mounts.items())
        if (container.volumes.size() < kMaxNamed)
          container.volumes[inside] = text_of(below(mount, {"Source"}));
    }
    const auto settings = read_json(host, path + "/hostconfig.json", redact_hostconfig, kConfigLimits);
    if (settings) add_settings(container, *settings);
    found.containers.push_back(std::move(container));
  }
}

void read_docker_images(const Host& host, ContainersOnDisk& found) {
  for (const std::string& path : glob(host, "/var/lib/docker/image/*/repositories.json")) {
    const auto config = read_json(host, path, redact_repositories, kListLimits);
    if (!config) continue;
    const json& repositories = below(*config, {"Repositories"});
    if (!repositories.is_object()) continue;
    for (const auto& [repository, names] : repositories.items()) {
      if (!names.is_object()) continue;
      for (const auto& [name, nothing] : names.items())
        if (found.images.size() < kMaxImages) found.images.push_back({"docker", name});
    }
  }
}

void add_bundle(Container& container, const json& config) {
  container.arguments = texts_of(below(config, {"process", "args"}));
  add_environment(container, below(config, {"process", "env"}));
  if (const json& uid = below(config, {"process", "user", "uid"}); uid.is_number_unsigned())
    container.user = std::to_string(uid.get<std::uint64_t>());
  const json& notes = below(config, {"annotations"});
  for (const char* name : {"io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName"})
    if (container.image.empty()) container.image = text_of(below(notes, {name}));
  for (const char* name : {"io.kubernetes.cri.container-name", "io.kubernetes.container.name"})
    if (container.name.empty()) container.name = text_of(below(notes, {name}));
}

bool is_sandbox(const json& config) {
  return text_of(below(config, {"annotations", "io.kubernetes.cri.container-type"})) == "sandbox" ||
         text_of(below(config, {"annotations", "io.kubernetes.cri-o.ContainerType"})) == "sandbox";
}

/// /var/lib/containers/storage of Podman and CRI-O. What runs has a folder below /run.
void read_storage(const Host& host, const std::string& base, ContainersOnDisk& found) {
  const auto list =
      read_json(host, base + "/overlay-containers/containers.json", redact_storage, kListLimits);
  for (const json& one : list ? *list : json::array()) {
    if (found.containers.size() >= kMaxContainers) break;
    Container container = container_of("podman", text_of(below(one, {"id"})));
    if (container.id.empty() || contains(container.id, "/")) continue;
    const auto names = texts_of(below(one, {"names"}));
    const auto metadata = parse_json(text_of(below(one, {"metadata"})), kConfigLimits);
    if (metadata) container.image = text_of(below(*metadata, {"image-name"}));
    if (!names.empty()) container.name = names.front();
    const std::string bundle = base + "/overlay-containers/" + container.id + "/userdata";
    const auto config = read_json(host, bundle + "/config.json", redact_bundle, kConfigLimits);
    if (config && is_sandbox(*config)) continue;
    if (config && !below(*config, {"annotations"}).is_null()) container.engine = "cri-o";
    if (config) add_bundle(container, *config);
    // Podman and CRI-O write the first process's number into the state folder, which a stop removes.
    const auto pid = host.read("/run/containers/storage/overlay-containers/" + container.id + "/userdata/pidfile", 32);
    const auto number = pid ? parse_u64(trim(*pid)) : std::nullopt;
    if (number && *number < (1u << 22) && host.stat("/proc/" + std::to_string(*number))) {
      container.running = true;
      container.pid = static_cast<int>(*number);
    }
    found.containers.push_back(std::move(container));
  }
  const auto images = read_json(host, base + "/overlay-images/images.json", redact_storage, kListLimits);
  for (const json& one : images ? *images : json::array())
    for (const std::string& name : texts_of(below(one, {"names"})))
      if (found.images.size() < kMaxImages && !contains(name, "@")) found.images.push_back({"podman", name});
}

/// Bundles of running tasks. Docker's lie in "moby" and are known from its own folder.
void read_containerd(const Host& host, ContainersOnDisk& found) {
  const std::string base = "/run/containerd/io.containerd.runtime.v2.task";
  const auto spaces = host.list(base);
  for (const FolderEntry& space : spaces.value_or(std::vector<FolderEntry>{})) {
    if (space.name == "moby") continue;
    const auto tasks = host.list(base + "/" + space.name);
    for (const FolderEntry& task : tasks.value_or(std::vector<FolderEntry>{})) {
      if (found.containers.size() >= kMaxContainers) return;
      const std::string bundle = base + "/" + space.name + "/" + task.name;
      const auto config = read_json(host, bundle + "/config.json", redact_bundle, kConfigLimits);
      if (!config || is_sandbox(*config)) continue;
      Container container = container_of("containerd", task.name);
      container.running = true;
      add_bundle(container, *config);
      const auto pid = host.read(bundle + "/init.pid", 32);
      if (const auto number = pid ? parse_u64(trim(*pid)) : std::nullopt; number && *number < (1u << 22))
        container.pid = static_cast<int>(*number);
      found.containers.push_back(std::move(container));
    }
  }
}

}  // namespace

ContainersOnDisk read_containers(const Host& host, const std::vector<std::string>& homes) {
  ContainersOnDisk found;
  read_docker(host, found);
  read_docker_images(host, found);
  read_storage(host, "/var/lib/containers/storage", found);
  for (const std::string& home : homes) read_storage(host, home + "/.local/share/containers/storage", found);
  read_containerd(host, found);
  std::stable_sort(found.containers.begin(), found.containers.end(), [](const Container& a, const Container& b) {
    return std::tie(a.engine, a.id) < std::tie(b.engine, b.id);
  });
  std::sort(found.images.begin(), found.images.end(), [](const ContainerImage& a, const ContainerImage& b) {
    return std::tie(a.name, a.engine) < std::tie(b.name, b.engine);
  });
  return found;
}

}  // namespace plumbline
