// SPDX-License-Identifier: Apache-2.0
// The collector's folder: config.json, its authority (ca.key, ca.pem), its listeners' certificate (server.key,
// server.pem), the embedded store, and run.json while it serves. The folder is 0700, every key 0600.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "collector/pki/pki.h"
#include "collector/signed_packs.h"
#include "collector/store/store.h"

namespace plumbline {

inline constexpr int kAgentsPort = 7443;
inline constexpr int kPeoplePort = 7444;

struct Config {
  std::string organisation;
  std::string store_url = "sqlite:plumbline.db";  // a relative path is inside the folder
  std::string address = "127.0.0.1";              // both listeners
  int agents_port = kAgentsPort;
  int people_port = kPeoplePort;
  std::vector<std::string> names;                 // DNS names and addresses agents and people use
  bool require_signed_packs = false;              // packs, workloads and catalogue need a trusted signature
  std::string language;                           // a file of texts (docs/translating.md); empty: English; a relative path is inside the folder
  std::string pack_keys = "pack-keys";            // minisign public keys; a relative path is inside the folder
};

/// $PLUMBLINE_STATE, else /var/lib/plumbline for root, else ~/.local/state/plumbline.
std::string default_state_folder();

/// Makes the folder, the authority, the certificate and the configuration; fails with conflict where there is one.
Result<void> make_state(const std::string& folder, const Config& config, std::int64_t now);
/// Fails with not_found, naming `init`, where the folder is none of ours.
Result<Config> read_config(const std::string& folder);
Result<Identity> read_authority(const std::string& folder);
/// The listeners' identity: the stored one, or a new one where that ends soon or lacks a name.
Result<Identity> server_identity(const std::string& folder, const Config& config, std::int64_t now);
/// The configured store, or `store_url` where it is not empty.
Result<std::unique_ptr<Store>> open_state_store(const std::string& folder, const std::string& store_url = {});

/// What `require_signed_packs` asks for, with paths made whole; nothing where it is off.
std::optional<SignedPacks> signed_packs_of(const Config& config, const std::string& folder);

/// Held while a collector serves a folder, so that a second one is refused; the kernel frees it however it ends.
class StateLock {
 public:
  static Result<StateLock> take(const std::string& folder);
  StateLock(StateLock&& other) noexcept;
  StateLock& operator=(StateLock&&) = delete;
  ~StateLock();

 private:
  explicit StateLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace plumbline
