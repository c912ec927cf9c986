// SPDX-License-Identifier: Apache-2.0
// The probes of the machine itself, one a file beside this one; agent/probes.cc lists them.
#pragma once

#include "agent/probe.h"
#include "agent/read.h"

namespace plumbline {

/// Notes why a file that is there gave nothing; one that is not there has nothing to tell.
inline void missing_unless_absent(Facts& facts, std::string_view path, const Error& why) {
  if (!is_absent(why)) facts.missing(path, why);
}
/// A fact of a file that not every machine has.
template <class T>
void set_if_there(Facts& facts, std::string_view path, const Result<T>& value) {
  if (value)
    facts.set(path, nlohmann::json(*value));
  else
    missing_unless_absent(facts, path, value.error());
}

Result<void> probe_host(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_os(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_cpu(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_memory(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_accelerators(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_storage(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_network(const Host& host, Machine& machine, Facts& facts);

}  // namespace plumbline
