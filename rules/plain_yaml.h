// SPDX-License-Identifier: Apache-2.0
// The plain part of YAML that packs are written in, read some twenty times faster than yaml-cpp does: block and flow
// lists and mappings, plain, quoted, folded and literal texts, comments.
#pragma once

#include <optional>
#include <string_view>

#include "rules/yaml.h"

namespace plumbline {

/// The tree where all of the text is of the plain kind; nothing at the first thing that is not, mistakes among them.
/// The caller then lets the whole reader decide, so this one never has to explain anything: what it returns is what
/// yaml-cpp would have returned (a test compares the two).
std::optional<YamlNode> read_plain_yaml(std::string_view text);

}  // namespace plumbline
