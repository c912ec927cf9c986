// SPDX-License-Identifier: Apache-2.0
// Reverse proxies of this host that pass requests on to a port of it, and whether they ask who comes.
#pragma once

#include <string>
#include <vector>

#include "agent/machine.h"

namespace plumbline {

struct ProxyRoute {
  std::string proxy;     // nginx, caddy, apache, haproxy
  int port = 0;          // on this host, that requests go to
  std::string exposure;  // of the proxy: loopback, private, public or any
  std::string auth;      // required; none where nothing asks; unknown where a script or an own word decides
  std::string evidence;  // "nginx: auth_basic", "nginx: no auth_basic, auth_request or client certificate"
};

/// Routes of the proxies that run here, as their configurations tell. A port may be told several times.
std::vector<ProxyRoute> find_proxy_routes(const Host& host, Machine& machine);

}  // namespace plumbline
