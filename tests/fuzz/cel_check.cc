// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as an expression, checked and planned with declarations and without.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tests/fuzz/cel_names.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumbline::cel;
  if (size > 8192) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool checked : {true, false}) {
    CompileOptions options;
    options.check = checked;
    if (!checked) options.container = "a.b";
    const auto program = compile(text, fuzz_declarations(), options);
    if (!program) {
      const auto& issues = program.error();
      const auto wrong = [&](const Issue& issue) { return issue.offset > size || issue.message.empty(); };
      if (issues.empty() || std::any_of(issues.begin(), issues.end(), wrong)) std::abort();
      continue;
    }
    const Bounds cost = program->cost();
    if (cost.least == 0 || cost.least > cost.most) std::abort();
    if (program->text() != text || to_text(program->result_type()).empty()) std::abort();
    if (!std::is_sorted(program->reads().begin(), program->reads().end())) std::abort();
  }
  return 0;
}
