// SPDX-License-Identifier: Apache-2.0
// What a site does not want to leave its hosts: names and addresses, by the privacy class of the catalog.
#pragma once

#include <string>

#include "base/result.h"
#include "facts/scan.h"

namespace plumbline {

enum class Disclosure { keep, hash, drop };

struct PrivacySettings {
  Disclosure host_names = Disclosure::keep;
  Disclosure user_names = Disclosure::keep;  // of accounts, and the NAME of /home/NAME in every text
  Disclosure names = Disclosure::keep;       // others that people gave: mount points, folders, models, databases
  Disclosure addresses = Disclosure::keep;   // of the network; those that mean "this host" or "any" always stay
  std::string key;                           // what hashes are made with; the same key gives the same hash

  bool changes_anything() const;
};

/// Hashes or takes out what the settings say; what was taken out stands in `missing`, so that it is unknown and
/// neither passes nor fails. "root" stays: rules ask for it and it names nobody. Call before hash_sections().
void apply_privacy(Scan& scan, const PrivacySettings& settings);

/// The key of `state_folder`, made and kept there the first time; a fresh one where there is no such folder.
std::string privacy_key(const std::string& state_folder);

}  // namespace plumbline
