// SPDX-License-Identifier: Apache-2.0
// Starts a private PostgreSQL for the tests that run over every store.
#include "tests/collector/stores.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

namespace plumbline::testing {
namespace {

namespace fs = std::filesystem;

std::string make_scratch(const char* prefix) {
  std::string name = (fs::temp_directory_path() / prefix).string() + "-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  return name;
}

std::optional<std::string> find_programs() {
  for (const int version : {18, 17, 16, 15}) {
    const std::string folder = "/usr/lib/postgresql/" + std::to_string(version) + "/bin";
    if (fs::exists(folder + "/initdb")) return folder;
  }
  return std::nullopt;
}

// PostgreSQL refuses to run as root; then it runs as its own user, or as nobody.
const passwd* server_user() {
  if (::geteuid() != 0) return nullptr;
  const passwd* user = ::getpwnam("postgres");
  return user != nullptr ? user : ::getpwnam("nobody");
}

class PostgresServer {
 public:
  static std::unique_ptr<PostgresServer> start() {
    const auto programs = find_programs();
    if (!programs) {
      std::puts("PostgreSQL is not installed: the store is tested over SQLite alone");
      return nullptr;
    }
    auto server = std::unique_ptr<PostgresServer>(new PostgresServer(*programs));
    const std::string options = "-k " + server->folder_ + " -c listen_addresses= -c fsync=off -c max_connections=200";
    if (server->run("initdb -D " + server->folder_ + "/data -U plumbline -A trust -E UTF8 --locale=C.UTF-8") != 0 ||
        server->run("pg_ctl -D " + server->folder_ + "/data -l " + server->folder_ + "/log -w -o '" + options + "' start") != 0) {
      std::printf("PostgreSQL could not be started (%s/log): the store is tested over SQLite alone\n", server->folder_.c_str());
      return nullptr;
    }
    server->running_ = true;
    return server;
  }
  ~PostgresServer() {
    if (running_) run("pg_ctl -D " + folder_ + "/data -m immediate stop");
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  std::string new_database() {
    const std::string name = "store_" + std::to_string(++databases_);
    if (run("createdb -h " + folder_ + " -U plumbline " + name) != 0) std::abort();
    return "postgresql:///" + name + "?user=plumbline&host=" + folder_;
  }

 private:
  explicit PostgresServer(std::string programs) : programs_(std::move(programs)), folder_(make_scratch("plumbline-pg")) {
    if (const passwd* user = server_user(); user != nullptr) {
      prefix_ = "setpriv --reuid=" + std::to_string(user->pw_uid) + " --regid=" + std::to_string(user->pw_gid) + " --clear-groups ";
      if (::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) std::abort();
    }
  }
  // Every part of the command is ours: a found folder, a made folder, a counter.
  int run(const std::string& command) const {
    return std::system(("cd / && " + prefix_ + programs_ + "/" + command + " >/dev/null 2>&1").c_str());
  }

  std::string programs_, folder_, prefix_;
  bool running_ = false;
  int databases_ = 0;
};

PostgresServer* postgres() {
  static const std::unique_ptr<PostgresServer> server = PostgresServer::start();
  return server.get();
}

}  // namespace

ScratchFolder::ScratchFolder() : path_(make_scratch("plumbline-test")) {}
ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

const std::vector<std::string>& store_kinds() {
  static const std::vector<std::string> kinds =
      postgres() != nullptr ? std::vector<std::string>{"sqlite", "postgresql"} : std::vector<std::string>{"sqlite"};
  return kinds;
}

std::string new_store_url(const std::string& kind, const ScratchFolder& folder) {
  static std::atomic<int> number{0};
  if (kind == "postgresql") return postgres()->new_database();
  return "sqlite:" + folder.path() + "/store-" + std::to_string(++number) + ".db";
}

}  // namespace plumbline::testing
