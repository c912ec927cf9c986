// SPDX-License-Identifier: Apache-2.0
// Fuzz target: one text as what the agent keeps on disk and is told in its settings file. The first byte chooses which.
// Damage costs what it damaged, never the agent; a scan that privacy settings changed is still a document that is taken.
#include <stdlib.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "agent/delivery/identity.h"
#include "agent/delivery/spool.h"
#include "agent/host.h"
#include "agent/manners/history.h"
#include "agent/manners/privacy.h"
#include "agent/manners/settings.h"
#include "agent/recording.h"
#include "base/json.h"

namespace plumbline {
namespace {

/// A folder that takes the text under one name.
class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::exists("/dev/shm") ? "/dev/shm/fuzz_stateXXXXXX" : "/tmp/fuzz_stateXXXXXX";
    if (!mkdtemp(name.data())) std::abort();
    root_ = name;
    std::filesystem::create_directories(root_ + "/.plumbline");
    std::filesystem::create_directories(root_ + "/spool");
  }
  const std::string& with(const std::string& name, std::string_view text) {
    if (!last_.empty() && last_ != name) std::filesystem::remove(root_ + "/" + last_);
    last_ = name;
    std::ofstream(root_ + "/" + name, std::ios::binary | std::ios::trunc) << text;
    return root_;
  }

 private:
  std::string root_, last_;
};

Folder& folder() {
  static Folder one;
  return one;
}

void settings(std::string_view text) {
  const auto read = parse_settings(text, "agent.yaml");
  if (!read && read.error().message.empty()) std::abort();
}

void privacy(std::string_view text) {
  auto scan = read_scan(text);
  if (!scan) return;
  PrivacySettings hidden{Disclosure::hash, Disclosure::drop, Disclosure::hash, Disclosure::drop, "key"};
  apply_privacy(*scan, hidden);
  hash_sections(*scan);
  if (!read_scan(to_json(*scan))) std::abort();
}

void recording(std::string_view text) {
  const auto host = recorded_host(folder().with(".plumbline/recording.json", text));
  if (!host) return;
  for (const char* path : {"/", "/etc", "/etc/shadow", "/sys/class/net/eth0", "/proc/meminfo"}) {
    (void)(*host)->read(path, 1u << 16);
    (void)(*host)->list(path);
    (void)(*host)->read_link(path);
    (void)(*host)->stat(path, true);
    (void)(*host)->stat(path, false);
  }
  for (const char* question : {"now", "sockets", "nvml", "uname"}) (void)(*host)->ask(question);
}

void spooled(std::string_view text) {
  auto spool = Spool::open(folder().with("spool/00000000000000000007.scan", text));
  if (!spool || spool->delivered().dropped > 0) return;
  for (const auto sequence : spool->sequences())
    if (!spool->read(sequence)) std::abort();  // what open() leaves is whole
}

void delivered(std::string_view text) {
  const auto spool = Spool::open(folder().with("delivered.json", text));
  if (!spool || !spool->sequences().empty()) std::abort();
}

void history(std::string_view text) {
  const auto read = ProbeHistory::load(folder().with("probes.json", text) + "/probes.json", "1", "b");
  (void)read.left_out("os", 1'700'000'000);
}

void identity(std::string_view text) {
  const auto read = load_identity(folder().with("identity.json", text));
  if (read) (void)renewal_due(*read, 1'700'000'000);
}

void names(std::string_view text) {
  if (unquote_name(quote_name(text)) != text) std::abort();
  if (const auto url = check_collector_url(text); url && check_collector_url(*url) != url) std::abort();
}

constexpr std::array kTakes = {settings, privacy, recording, spooled, delivered, history, identity, names};

}  // namespace
}  // namespace plumbline

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  plumbline::kTakes[data[0] % plumbline::kTakes.size()]({reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
