// SPDX-License-Identifier: Apache-2.0
// Which products run here: processes and sockets recognised by program and arguments first, by port last.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/machine.h"

namespace plumbline {

enum class ProductFamily { data_store, ai, container, web, system };

/// A product we know. `port` is its own one, 0 where it has none; `telling` means that the port alone is
/// proof enough where the process may not be read.
struct Product {
  std::string_view kind;
  ProductFamily family;
  std::string_view category;
  int port;
  bool telling;
};

/// The product of this kind, or nullptr.
const Product* find_product(std::string_view kind);
/// What the program and its arguments say it is, or nullptr.
const Product* product_of(const Process& process);
/// What this port is by custom, or nullptr; only ports that are not shared by many products.
const Product* product_of_port(std::string_view protocol, int port);

/// The AI product that an image holds by its name, or nullptr: "ghcr.io/open-webui/open-webui:main".
const Product* ai_product_of_image(std::string_view image);
/// The version that an image's tag names: "vllm/vllm-openai:v0.11.0" is "0.11.0", "25.07-py3" is "25.07";
/// empty for "latest", digests and other words.
std::string version_of_image(std::string_view image);

/// One running instance.
struct Service {
  const Product* product = nullptr;
  int pid = 0;                  // the first of its processes; 0 where only a socket told
  std::vector<Socket> sockets;  // those it listens on, its children's among them
};

/// All recognised services, ordered by kind, then by pid.
std::vector<Service> find_services(Machine& machine);

/// Why a program that was not seen may run all the same: processes may not be read, or /proc shows only our own.
/// Nothing where every process was seen.
std::optional<Error> unseen_processes(Machine& machine);
/// Why a timer that is not seen as enabled may be so all the same: the folders of those that are may not be read.
std::optional<Error> unseen_timers(const Host& host);

/// loopback, private, public or any.
std::string_view exposure_of(std::string_view address);
/// The widest exposure of the TCP sockets on `port` (of all where it is 0); "none" where there are none.
std::string_view exposure_of(const std::vector<Socket>& sockets, int port = 0);
/// The wider one of two.
std::string_view wider(std::string_view a, std::string_view b);
/// The port to show: the product's own if it listens there, else its lowest TCP port; 0 for none.
int main_port(const Service& service);

/// "/usr/bin/redis-server" to "redis-server".
std::string_view base_name(std::string_view path);
/// The value of an option: "--port 80", "--port=80" for {"--port"}; empty where it is not there.
std::string option_value(const std::vector<std::string>& arguments,
                         std::initializer_list<std::string_view> names);
bool has_option(const std::vector<std::string>& arguments, std::string_view name);

}  // namespace plumbline
