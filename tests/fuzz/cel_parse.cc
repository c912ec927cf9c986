// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as the text of an expression. Every node lies inside the text and inside its parent's depth.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/cel/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumbline::cel;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto syntax = parse(text);
  if (!syntax) {
    if (syntax.error().offset > size || syntax.error().message.empty()) std::abort();
    return 0;
  }
  if (syntax->root >= syntax->nodes.size()) std::abort();
  for (const Node& node : syntax->nodes) {
    if (node.begin > node.end || node.end > size || node.place > size || node.depth > kMaxDepth) std::abort();
    for (const NodeId child : node.children)
      if (child >= syntax->nodes.size()) std::abort();
  }
  return 0;
}
