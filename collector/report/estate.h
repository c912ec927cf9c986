// SPDX-License-Identifier: Apache-2.0
// What stands on the hosts beside the machines: data stores, AI services, models, accelerators; read from their facts.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "collector/report/view.h"

namespace plumbline {

/// What stands in the estate under one name: databases of a kind, AI services of a kind.
struct Estate {
  std::set<std::size_t> hosts;
  std::set<std::string> versions;
  int instances = 0, exposed = 0, without_login = 0, clear_text = 0, ended = 0, unmanaged = 0;
};
using Estates = std::map<std::string, Estate>;

struct CardCount {
  int count = 0;
  double memory_bytes = 0;
  std::set<std::size_t> hosts;
};

struct Inventory {
  Estates stores, services;
  std::map<std::string, CardCount> cards;
  std::size_t hosts_read = 0, hosts = 0;
  double model_files = 0, model_bytes = 0, pickles = 0;
};

inline constexpr std::size_t kMostHostsRead = 2'000;

/// Of the first kMostHostsRead hosts whose facts are kept.
Inventory inventory_of(const ReportInput& input);
/// Adds stores, services, cards, models and the note on what was read.
void put_inventory(View& view, const ReportInput& input);

}  // namespace plumbline
