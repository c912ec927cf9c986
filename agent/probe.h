// SPDX-License-Identifier: Apache-2.0
// A probe reads one aspect of a host and fills one section of the scan.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "agent/host.h"
#include "facts/scan.h"

namespace plumbline {

struct Machine;  // agent/machine.h: what several probes need, read once: processes, sockets, packages,
                 // mounts, users

/// What a probe writes to. Paths are those of the catalog: facts.set("cpu.model", …).
class Facts {
 public:
  explicit Facts(Section& section) : section_(section) {}
  /// Sets a fact; the value's type must be the catalog's.
  void set(std::string_view path, nlohmann::json value);
  /// Notes why a fact could not be read; it stays unknown. A file that is simply not there on such a machine
  /// is not missing: then the probe sets what its absence means, or leaves the fact out.
  void missing(std::string_view path, const Error& why);
  /// set() with the value, or missing() with the error.
  template <class T>
  void set(std::string_view path, const Result<T>& value) {
    if (value)
      set(path, nlohmann::json(*value));
    else
      missing(path, value.error());
  }

 private:
  Section& section_;
};

/// One row of the list in probes.cc. `run` leaves what it found in Facts; an Error means that the whole
/// section could not be read, and the scan says so under the section's name.
struct Probe {
  std::string_view name;   // the section of the catalog
  std::string_view about;  // one line for `plumbline-agent scan --help`
  Result<void> (*run)(const Host& host, Machine& machine, Facts& facts);
};

/// Every probe, in the order in which they run.
const std::vector<Probe>& probes();

}  // namespace plumbline
