// SPDX-License-Identifier: Apache-2.0
// The probes of the machine itself, one a file beside this one; agent/probes.cc lists them.
#pragma once

#include "agent/probe.h"

namespace plumbline {

Result<void> probe_host(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_os(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_cpu(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_memory(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_accelerators(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_storage(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_network(const Host& host, Machine& machine, Facts& facts);

}  // namespace plumbline
