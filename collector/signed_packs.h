// SPDX-License-Identifier: Apache-2.0
// Where packs must be signed: which keys a collector trusts, and which versions it has had in force.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "rules/pack.h"
#include "rules/trust.h"

namespace plumbline {

/// As configured.
struct SignedPacks {
  std::string keys;        // a minisign public key, or a folder with *.pub
  std::string seen_file;   // the versions that were in force; written here. Empty: none are remembered
  bool allow_old = false;  // once, for a person who wants an older or expired pack
};

/// Rules of packs that are signed by a trusted key, not older than those before and not expired. Notes their versions. The
/// site folder is the administrator's own word and needs no signature; an empty name means none.
Result<std::shared_ptr<const RuleSet>> load_signed_rules(const std::string& folder, const std::string& site_folder, const SignedPacks& signed_packs, std::int64_t now);

/// The notes as text, and back; a file that cannot be read is an error, for without it a rollback would not be seen.
std::string seen_text(const SeenPacks& seen);
Result<SeenPacks> read_seen(std::string_view text);

}  // namespace plumbline
