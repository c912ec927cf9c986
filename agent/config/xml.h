// SPDX-License-Identifier: Apache-2.0
// Enough XML for settings of services: nested elements with plain text; no entities of their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plumbline {

struct XmlValue {
  std::string path;        // "clickhouse.users.default.password"; attributes are left out
  std::string value;       // trimmed text; empty for an empty element
  std::string attributes;  // as they stand: "remove=\"1\""
};

/// Elements without elements inside, in their order. Comments, declarations and CDATA marks are dropped. Not a
/// validator: what it does not understand it skips. "<redacted>" (agent/redact.h) is text.
std::vector<XmlValue> flatten_xml(std::string_view text);

/// Text of elements whose name speaks of a secret becomes kRedacted; an empty one stays empty.
std::string redact_xml(std::string_view text);

}  // namespace plumbline
