// SPDX-License-Identifier: Apache-2.0
// Gathers mistakes and writes them in order of place.
#include "rules/mistakes.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace plumbline {
namespace {
constexpr std::size_t kShownMistakes = 100;   // a page of them helps, a flood does not
constexpr std::size_t kKeptMistakes = 1'000;  // a file may hold a mistake in every byte, and each place has to be looked for
}  // namespace

void Mistakes::add(const SourceFile& file, std::size_t offset, std::string message) {
  if (entries_.size() >= kKeptMistakes) {
    ++not_kept_;
    return;
  }
  std::size_t at = std::min(offset, file.text.size());
  entries_.push_back({file.name, at, point_at(file.name, file.text, place_of(file.text, at), message)});
}

void Mistakes::add(std::string message) {
  if (entries_.size() >= kKeptMistakes) {
    ++not_kept_;
    return;
  }
  entries_.push_back({"", 0, std::move(message)});
}

std::string Mistakes::text() const {
  std::vector<const Entry*> ordered;
  for (const Entry& entry : entries_) ordered.push_back(&entry);
  std::stable_sort(ordered.begin(), ordered.end(), [](const Entry* a, const Entry* b) {
    return std::tie(a->file, a->offset, a->text) < std::tie(b->file, b->offset, b->text);
  });
  auto same = [](const Entry* a, const Entry* b) { return a->text == b->text; };
  ordered.erase(std::unique(ordered.begin(), ordered.end(), same), ordered.end());
  std::string out;
  for (std::size_t i = 0; i < ordered.size() && i < kShownMistakes; ++i) {
    out += ordered[i]->text;
    if (!out.empty() && out.back() != '\n') out += '\n';
  }
  std::size_t all = ordered.size() + not_kept_;
  if (ordered.size() > kShownMistakes) out += "… and " + std::to_string(all - kShownMistakes) + " more\n";
  return out + std::to_string(all) + (all == 1 ? " mistake" : " mistakes");
}

}  // namespace plumbline
