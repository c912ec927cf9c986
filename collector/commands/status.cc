// SPDX-License-Identifier: Apache-2.0
// `status`: the rules on disk, how much of the store they have judged, and whether a collector serves it.
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "collector/commands/common.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxRunFileBytes = 64u << 10;
constexpr std::size_t kShownDigits = 12;  // of a hash

// What the collector that serves this folder wrote when it was ready; null where none does.
nlohmann::json run_file(const std::string& state) {
  const auto text = read_file(state + "/run.json", kMaxRunFileBytes);
  if (!text) return nullptr;
  auto run = nlohmann::json::parse(*text, nullptr, false);
  return run.is_object() ? run : nlohmann::json();
}

std::string left_text(std::size_t left, bool serving) {
  if (left == 0) return "Every stored judgement is theirs.\n";
  const std::string many = std::to_string(left) + (left == 1 ? " stored judgement is" : " stored judgements are") + " not theirs yet: ";
  return many + (serving ? "the running collector makes them again.\n" : "serve makes them again; score and report judge in memory.\n");
}

std::string serving_text(const nlohmann::json& run) {
  if (!run.is_object()) return "No collector serves this folder.\n";
  return "A collector serves this folder: process " + run.value("pid", nlohmann::json()).dump() + ", people on https://" + printable(run.value("address", "")) + ":" +
         run.value("people_port", nlohmann::json()).dump() + "/\n";
}

}  // namespace

int run_status(const StateOptions& options) {
  const auto source = rules_source(options);
  if (!source) return report_error(source.error());
  const auto store = open_state_store(options.state, options.store_url);
  if (!store) return report_error(store.error());
  const nlohmann::json run = run_file(options.state);
  nlohmann::json status = {{"serving", run}, {"rules", nullptr}, {"mistakes", nullptr}, {"to_rejudge", nullptr}};
  const auto rules = read_rules(*source);
  std::string text;
  if (rules) {
    const auto left = (*store)->count_to_rejudge((*rules)->hash);
    if (!left) return report_error(left.error());
    status["rules"] = {{"folder", source->folder}, {"hash", (*rules)->hash}, {"version", (*rules)->version}, {"rules", (*rules)->rules.size()}};
    status["to_rejudge"] = *left;
    text = "Rules " + (*rules)->version + " (" + (*rules)->hash.substr(0, kShownDigits) + "), " + std::to_string((*rules)->rules.size()) + " rules in " +
           source->folder + ". " + left_text(*left, run.is_object());
  } else {
    status["mistakes"] = rules.error().message;
    report_error(rules.error());
    text = run.is_object() ? "The running collector stays with the rules it has until these are mended.\n" : "";
  }
  print(options.json ? status.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n" : text + serving_text(run));
  return rules ? kExitOk : kExitError;
}

}  // namespace plumbline
