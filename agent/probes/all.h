// SPDX-License-Identifier: Apache-2.0
// The probes of software and posture, one a file beside this one; agent/probes.cc lists them.
#pragma once

#include "agent/probe.h"

namespace plumbline {

Result<void> probe_listeners(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_data_stores(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_ai(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_containers(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_packages(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_ssh(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_accounts(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_kernel(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_firewall(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_mac(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_patching(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_boot(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_time(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_logging(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_backup(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_certificates(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_secrets(const Host& host, Machine& machine, Facts& facts);
Result<void> probe_roles(const Host& host, Machine& machine, Facts& facts);

}  // namespace plumbline
