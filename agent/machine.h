// SPDX-License-Identifier: Apache-2.0
// What several probes need of one host, each table read once and only when first asked for: processes,
// sockets, packages, mounts and the block devices below them, users, groups, systemd units.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"

namespace plumbline {

/// A process that is neither a kernel thread nor a zombie.
struct Process {
  int pid = 0;
  int parent = 0;
  std::string name;     // /proc/<pid>/stat, at most 15 bytes: "redis-server"
  std::string program;  // target of /proc/<pid>/exe without " (deleted)"; empty where not readable
  std::vector<std::string> arguments;  // /proc/<pid>/cmdline, secrets replaced (agent/redact.h)
};

/// A listening TCP or bound UDP socket.
struct Socket {
  std::string protocol;  // "tcp" or "udp"
  std::string address;   // "0.0.0.0", "::1", "10.0.0.5"
  int port = 0;
  std::uint64_t inode = 0;
  unsigned uid = 0;
  int pid = 0;  // 0 where the owner may not be read
};

struct Package {
  std::string name;
  std::string version;
  std::string origin;  // vendor or maintainer as the database tells: "Debian MySQL Maintainers <…>", "Rocky"
};

struct Mount {
  std::string device;  // "259:2" of mountinfo; empty on a capture that has /proc/mounts alone
  std::string root;    // the part of the file system that is mounted: "/", "/@home"
  std::string point;
  std::string type;
  std::string source;
  std::vector<std::string> options;  // of the mount and of the file system, each once
  bool network = false;              // its data lies on another machine; statvfs may hang
  bool pseudo = false;               // holds no data: proc, tmpfs, overlay, …
};

/// What lies below a file system.
struct BlockLayers {
  bool known = false;      // false: the device is not in /sys (network, zfs, container)
  bool encrypted = false;  // every path down to a disk passes a dm-crypt device
  std::string disk_class;  // the slowest below: nvme, ssd, hdd, virtual or other; empty where unknown
  std::vector<std::string> disks;
};

struct User {
  std::string name;
  unsigned uid = 0;
  unsigned gid = 0;
  std::string home;
  std::string shell;
};

struct Group {
  std::string name;
  unsigned gid = 0;
  std::vector<std::string> members;
};

/// A systemd unit file of /etc, /run or /usr/lib; the file that counts where several have its name.
struct UnitFile {
  std::string name;  // "ollama.service"
  std::string path;
  bool enabled = false;  // something in *.wants or *.requires leads to it
};

struct Service;           // agent/services.h: a recognised product that runs here
struct ContainersOnDisk;  // agent/containers_on_disk.h
struct Firewall;          // agent/firewall/firewall.h

/// One system's shared tables. Every verb reads on its first call and remembers what came of it, errors too.
/// Not for use by several threads.
struct Machine {
  explicit Machine(const Host& host);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  const Result<std::vector<Process>>& processes();
  const Process* process(int pid);
  /// Effective uid from /proc/<pid>/status.
  Result<unsigned> uid_of(int pid);
  /// The systemd service or container that holds the process: "ollama.service", "docker:3f2a…", "session" for
  /// a login session, "" where neither.
  std::string unit_of(int pid);

  const Result<std::vector<Socket>>& sockets();
  /// Recognised products, by kind and pid; empty where neither processes nor sockets can be read.
  const std::vector<Service>& services();

  /// What stores and AI services answered to greetings, all asked at once on the first call.
  const std::map<std::string, Result<std::string>>& greetings();

  /// The host's own packet filter, and what it lets through.
  Firewall& firewall();

  /// What this agent itself runs in: container_of() of agent/container.h.
  const std::string& container();
  /// Containers, running and stopped, and images, as engines keep them on disk.
  const ContainersOnDisk& containers();
  /// Home folders of people and of root, each once.
  const std::vector<std::string>& homes();

  /// dpkg, rpm, apk, pacman or none.
  std::string package_manager();
  const Result<std::vector<Package>>& packages();
  const Package* package(std::string_view name);

  const Result<std::vector<Mount>>& mounts();
  /// The mount that holds the path, or nullptr.
  const Mount* mount_of(std::string_view path);
  BlockLayers layers_of(const Mount& mount);
  /// Below one block device by its kernel name: "sda1", "dm-0".
  BlockLayers layers_of_device(std::string_view name);
  /// nvme, ssd, hdd, virtual or other, of a whole disk by its kernel name.
  std::string disk_class(std::string_view name);

  const Result<std::vector<User>>& users();
  const Result<std::vector<Group>>& groups();
  const User* user(unsigned uid);
  /// The user's name, or the number where /etc/passwd has none.
  std::string user_name(unsigned uid);

  const std::vector<UnitFile>& units();
  const UnitFile* unit(std::string_view name);

  /// UTC seconds of the host's clock (the question "now"), 0 where it was never asked.
  std::int64_t now();

 private:
  struct Tables;
  const Host& host_;
  std::unique_ptr<Tables> tables_;
};

}  // namespace plumbline
