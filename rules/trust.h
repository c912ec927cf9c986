// SPDX-License-Identifier: Apache-2.0
// Which packs may judge: every folder of rules carries a manifest signed by a trusted key, is not older than what was
// seen before, and has not expired. Everything is read once and checked before a line of it is understood.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "rules/manifest.h"
#include "rules/signature.h"

namespace plumbline {

struct RuleSet;

/// The newest of a pack that was in force: rollback is what comes before it.
struct SeenPack {
  std::string version;
  std::int64_t signed_at = 0;
};
/// By pack id, then by the id of the key that signed (16 hexadecimal digits). What a key that is trusted no more has
/// signed counts for nothing: a thief's version 9999 goes with the thief's key.
using SeenPacks = std::map<std::string, std::map<std::string, SeenPack>>;

struct PackTrust {
  std::vector<PublicKey> keys;
  std::int64_t now = 0;
  bool allow_old = false;  // accept versions before the newest seen, and expired ones
  SeenPacks seen;
};

/// A pack whose signature, manifest and files are good.
struct VerifiedPack {
  std::string folder;  // "rules/packs/ssh"
  PackManifest manifest;
  std::string key_id;  // as minisign shows it
  std::string key_name;
  std::string trusted_comment;
  PackFiles files;     // the bytes that were checked
};

/// Reads and checks one folder. The error begins with its path.
Result<VerifiedPack> verify_pack(const std::string& folder, const PackTrust& trust);

/// The folders below a rules folder that need a signature: packs/*, workloads, catalogue; sorted, those that are there.
std::vector<std::string> signed_folders(const std::string& rules_folder);

/// Rules of verified packs alone, and what to remember of them.
struct TrustedRules {
  std::shared_ptr<const RuleSet> rules;
  std::vector<VerifiedPack> packs;  // without their files
};
/// As load_rules(), from the very bytes that were checked; fails with every refusal at once, before anything is parsed.
/// The site folder, whose packs a customer writes on the spot, is read as it is.
Result<TrustedRules> load_trusted_rules(const std::string& folder, const std::string& site_folder, const PackTrust& trust);
/// `seen` with these packs in it.
SeenPacks remember(SeenPacks seen, const std::vector<VerifiedPack>& packs);

/// Every file of a folder, sorted, hidden ones and editors' copies left out: what a manifest is made of. Fails at links,
/// folders, devices, and at more than the limits of packs.
Result<PackFiles> read_pack_files(const std::string& folder);

/// One key file, or every *.pub in a folder. Fails where there is none.
Result<std::vector<PublicKey>> read_trusted_keys(const std::string& path);

}  // namespace plumbline
