// SPDX-License-Identifier: Apache-2.0
// A scan on its way to the collector: whole, or what changed since the last one that the collector has acknowledged.
//
//   {"agent":{…},"base":"<facts_hash of that scan>","facts":"<facts_hash of this one>","host_id":"…","schema":1,
//    "sections":{"memory":{"data":{…},"missing":{…},"status":"ok","took_ms":0.4}},"sequence":8,"taken_at":"…"}
//
// Sections that are not there are those of the base. Sections carry no hash of their own: `facts` holds for all of them.
// Without `base` the document is whole.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "facts/scan.h"

namespace plumbline {

/// `acknowledged`: the hashes of the last scan that the collector has, by section; empty where it has none. Whole where that
/// scan had a section that this one lacks.
std::string to_wire(const Scan& scan, const std::map<std::string, std::string>& acknowledged = {});

struct Arrived {
  Scan scan;          // until it is laid over its base only with the sections that came
  std::string base;   // empty: the scan is whole
  std::string facts;  // what facts_hash() of the whole is, as the sender says; of a whole scan it is checked
};
/// Reads and checks as read_scan() does. A document without `facts`, as a file of a scan is, must be whole.
Result<Arrived> read_wire(std::string_view json, const JsonLimits& limits = {});
/// Takes what did not come from `base`. False where that is not the base, or the result is not what was sent; the scan is
/// then of no use.
bool lay_over(const Scan* base, Arrived& arrived);

}  // namespace plumbline
