// SPDX-License-Identifier: Apache-2.0
// Enough YAML for settings of services: nested maps and lists of plain values; no anchors, no documents
// within values.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace plumbline {

/// Values by dotted path: "security.authorization" → "enabled", and "net.bindIp" → "127.0.0.1"; both nested
/// and dotted keys ("xpack.security.enabled: false") give the same path. A list's items are joined with ",".
/// Flow maps ("{a: b}") of one line count like others; multi-line texts are left out. Not a validator: what it does not understand it
/// skips.
std::map<std::string, std::string> flatten_yaml(std::string_view text);

}  // namespace plumbline
