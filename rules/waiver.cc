// SPDX-License-Identifier: Apache-2.0
// Which hosts and days a waiver is for.
#include "rules/waiver.h"

namespace plumbline {
namespace {

char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

// Goes back to the last star only: never more steps than glob times name.
bool matches_glob(std::string_view glob, std::string_view name) {
  std::size_t g = 0, n = 0, star = std::string_view::npos, after_star = 0;
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      after_star = n;
    } else if (g < glob.size() && (glob[g] == '?' || lower_letter(glob[g]) == lower_letter(name[n]))) {
      ++g;
      ++n;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      n = ++after_star;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

bool is_active(const Waiver& waiver, std::int64_t moment) { return moment < waiver.ends; }

bool covers(const Waiver& waiver, std::string_view host_name) { return matches_glob(waiver.hosts, host_name); }

}  // namespace plumbline
