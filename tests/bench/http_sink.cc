// SPDX-License-Identifier: Apache-2.0
// Our listener with one route that reads a body and answers 204: what HTTP and TLS cost without a store behind them.
//   http_sink PORT CERT KEY CA
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/file.h"
#include "collector/http/http.h"

using namespace plumbline;

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  ServerOptions options;
  options.port = static_cast<unsigned short>(std::atoi(argv[1]));
  const auto text = [](const char* path) { return read_file(path, 1u << 20).value_or(std::string()); };
  options.certificate_pem = text(argv[2]);
  options.private_key_pem = text(argv[3]);
  options.client_ca_pem = text(argv[4]);
  options.routes = {{"POST", "/sink", Permission::agent, at_once([](const Request&) { return Response{204, "", "", {}}; }), 4u << 20}};
  const auto server = start_server(std::move(options));
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  ::pause();
}
