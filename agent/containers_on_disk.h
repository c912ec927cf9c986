// SPDX-License-Identifier: Apache-2.0
// Containers of this host, running and stopped, as their engines keep them on disk: no engine is asked.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"

namespace plumbline {

struct PublishedPort {
  std::string protocol;  // "tcp" or "udp"
  int inside = 0;
  std::string address;  // on the host; empty is every address
  int port = 0;         // on the host; 0 where the engine chose one that is not written down
};

struct Container {
  std::string engine;  // docker, podman, containerd, cri-o
  std::string id;      // 64 hexadecimal digits, mostly
  std::string name;    // "ollama"; empty where none is written down
  std::string image;   // as it was started: "vllm/vllm-openai:v0.11.0"
  bool running = false;
  int pid = 0;                // of its first process, 0 where it does not run or is not written down
  std::string user;           // as the image or the command says; empty is root
  std::string network;        // "host", "bridge", …; empty where it is not written down
  std::vector<std::string> arguments;              // entry point and command, secrets replaced
  std::map<std::string, std::string> environment;  // names, and values that hold no secret
  std::vector<PublishedPort> published;
  std::map<std::string, std::string> volumes;  // folder inside → folder of this host
  bool has_settings = false;                   // what follows could be read; Docker alone keeps it
  bool privileged = false;
  std::vector<std::string> capabilities;  // added ones
  std::vector<std::string> host_folders;  // mounted from this host
  std::string pid_mode, ipc_mode;
};

/// An image that an engine holds, be it used or not: "vllm/vllm-openai:v0.11.0".
struct ContainerImage {
  std::string engine;
  std::string name;
};

struct ContainersOnDisk {
  std::vector<Container> containers;   // by engine, then id
  std::vector<ContainerImage> images;  // by name
  Error docker_error;                  // why Docker's folder could not be read; empty message where it could
};
/// Docker's folder, containers/storage of Podman and CRI-O (root's and those of people in `homes`), and the
/// bundles of what containerd runs now; what containerd has stopped stands in its database alone and is not
/// seen. At most kMaxContainers.
ContainersOnDisk read_containers(const Host& host, const std::vector<std::string>& homes);

inline constexpr std::size_t kMaxContainers = 2'000;

}  // namespace plumbline
