// SPDX-License-Identifier: Apache-2.0
// "nvml": what NVIDIA's management library tells, by dlopen; never linked, for most hosts have none.
//
//   {"status":"ok","driver":"550.54.15","cuda":"12.4","devices":[
//     {"address":"0000:41:00.0","name":"NVIDIA L40S","uuid_hash":"4f0c…16
//     digits","memory_bytes":…,"memory_free_bytes":…,
//      "compute_capability":8.9,"ecc":true,"ecc_uncorrected_errors":0,"mig":false,"power_limit_watts":350.0,
//      "temperature_celsius":41,"utilization_percent":0,"nvlink_active":0,"power_watts":60.5,"clock_mhz":210,
//      "clock_max_mhz":2520,"persistence":true,"slowdown":["thermal"],"repair_pending":false,"repair_failed":false,
//      "processes":1,"process_memory_bytes":…,"fabric":"none|not_started|starting|ready|failed",
//      "mig_instances":["1g.10gb"],"mig_memory_bytes":…,"mig_memory_free_bytes":…,
//      "unanswered":["nvmlDeviceGetMigMode: not supported"]},
//     {"index":3,"error":"GPU is lost"}]}
//
// A value the card or an old driver does not give is left out, and "unanswered" tells which call failed and how. Where the library gives nothing at all,
// "status" says why and "devices" is empty: "no library", "no driver", "no device file", "driver and library do not match", …
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

/// Loads `library` ("" is the system's libnvidia-ml.so.1) and asks it everything once. Gives up after ten
/// seconds: a card that has fallen off its bus can hold a caller for minutes.
Result<std::string> ask_nvml(std::string_view library);

}  // namespace plumbline
