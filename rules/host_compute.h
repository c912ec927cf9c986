// SPDX-License-Identifier: Apache-2.0
// What of a host could run a model: its accelerators and its processor, short enough to be kept with its verdicts, so that
// a fleet's capacity is told without reading facts again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/catalogue.h"

namespace plumbline {

/// Whether work could start on a card now.
enum class CardUse : unsigned char {
  ready,
  no_driver,   // none is bound
  nouveau,     // the one that cannot compute is
  silent,      // one is bound, and the card does not answer or the driver cannot compute
  passed_on,   // given to a virtual machine
  unknown      // could not be told from here
};
std::string_view to_text(CardUse use);  // "no_driver"

/// As gpus.csv has it; unlisted: it has no row there.
enum class CardAge : unsigned char { current, legacy, sunset, dead, unlisted, unknown };
std::string_view to_text(CardAge age);

/// Cards of one host that are alike in all of this. What was not read is absent.
struct HostCard {
  std::string name;             // in gpus.csv ("A or B" where it may be either); unlisted: as the driver says, or the PCI id
  int count = 1;
  CardUse use = CardUse::unknown;
  CardAge age = CardAge::unknown;
  bool mig = false;             // cut into instances
  int memory_tenths = 0;        // of a GB; 0: unknown
  std::optional<int> free_tenths;
  std::optional<int> link_width, link_width_max;  // lanes; of physical machines only
  std::optional<int> numa_node;                   // likewise; -1: the firmware does not say
  std::optional<int> busy_percent;                // of one sample

  double memory_gb() const { return memory_tenths / 10.0; }
  bool operator==(const HostCard&) const = default;
};

struct HostCompute {
  bool cards_read = false;            // false: the host did not say which it has
  std::vector<HostCard> cards;
  std::optional<int> cores;           // that may really be used
  std::optional<int> memory_tenths;   // of a GB, that may really be used
  std::optional<int> sockets;         // of physical machines only
  std::optional<bool> wide_vectors;   // AVX2 and its like, or NEON

  bool operator==(const HostCompute&) const = default;
};

/// Facts with derived facts among them or not: cards are looked up in the catalogue.
HostCompute compute_of(const Catalogue& catalogue, const cel::Document& facts);

/// Appends its packed form, and takes one from the front of `bytes`; false where it is not exactly what was packed.
void pack_compute(const HostCompute& compute, std::string& out);
bool unpack_compute(std::string_view* bytes, HostCompute* out);

}  // namespace plumbline
