// SPDX-License-Identifier: Apache-2.0
// Changes that somebody thinks of: actions of the roadmap that are done, facts of hosts that become others. Written one a
// line:
//
//   do ssh-baseline                                   # an action of the roadmap, on every host
//   do ssh-baseline on web-*                          # the same where a glob says
//   2 × L40S in db-07                                 # accelerators by their model; x and * stand for × too
//   db-07: accelerators.devices += 2 × L40S           # the same
//   *: accelerators.nvidia_driver = "580.95.05"       # any fact of the catalog, typed as it says; `set` may stand before
//   db-07: memory.total_bytes = 512 GB                # kB MB GB TB and KiB MiB GiB TiB where the unit is bytes
//   db-07: data_stores.instances[kind == "redis"].auth = "required"   # elements for which a condition (CEL) holds
//   db-07: data_stores.instances += {kind: "redis", running: true}    # one element more
//   *: kernel.sysctl["kernel.kptr_restrict"] = "2"    # one entry of names with texts
//   db-07: remove data_stores.instances[kind == "redis"]              # elements, facts or whole groups
//
//   *[has(accelerators.nvidia_driver)]: accelerators.nvidia_driver = "580.95.05"   # hosts for which a condition holds
//
// Hosts are named by a glob over names, or by id. `#` begins a comment.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/pack.h"

namespace plumbline {

/// The rules with this action pass.
struct ActionDone {
  std::string action;
  std::string hosts = "*";
};

/// Facts of some hosts become others.
struct FactEdit {
  enum class Kind { set, add, remove };
  struct Step {
    std::string name;
    bool elements = false;             // of a list of objects: those for which `which` holds, all where there is none
    std::optional<cel::Program> which; // on one element
  };
  Kind kind = Kind::set;
  std::string hosts;        // a glob over names, or an id
  std::optional<cel::Program> where = {};  // of these hosts those whose facts, as scanned and derived, say yes
  std::vector<Step> path;   // the first is the section
  std::optional<std::string> key = {};  // of names with texts: the entry that is set or removed
  nlohmann::json value;     // set: of the fact's type; add: the elements, in a list
};

struct FactChange {
  std::string text;         // as written, without what stands around it
  std::variant<ActionDone, FactEdit> what;
};

inline constexpr std::size_t kMostChanges = 1'000;
inline constexpr std::size_t kMostChangesBytes = 1u << 20;
inline constexpr std::size_t kMostAddedElements = 10'000;  // by all changes together, on one host

/// Reads a text with one change a line. The error holds every mistake with line, column and caret, under the name `file`.
/// Refused are names that the catalog or the roadmap lacks, values of another type, models that gpus.csv lacks, and facts
/// that are derived: they follow from others.
Result<std::vector<FactChange>> parse_changes(const std::string& file, std::string_view text, const RuleSet& rules);

/// What an edit did to one host.
struct EditEffect {
  std::size_t places = 0;    // facts set or removed, elements added or removed
  bool was_unread = false;   // added to a list or names that the host did not give: only what was added is in it
};
/// Derived facts are not touched; derive them again. `facts` must be of fact_layout().
EditEffect apply_edit(const FactEdit& edit, cel::Document& facts);

}  // namespace plumbline
