// SPDX-License-Identifier: Apache-2.0
// The state of the rules in JSON and in words.
#include "collector/rules_status.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/time.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostLinesShown = 24;      // of mistakes, on a page
constexpr std::size_t kMostLineCharacters = 300;
constexpr std::size_t kMostRefusedBytes = 64u << 10;  // of mistakes, in JSON

nlohmann::json moment(std::int64_t seconds) { return seconds > 0 ? nlohmann::json(to_iso8601(seconds)) : nlohmann::json(); }

std::string clipped(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0u) == 0x80u) --most;
  return text.substr(0, most) + " …";
}

nlohmann::json progress_json(const RejudgingProgress& progress) {
  nlohmann::json json = {{"running", progress.running},        {"rules_hash", progress.rules_hash}, {"rules_version", progress.rules_version},
                         {"done", progress.done},              {"total", progress.total},           {"unreadable", progress.unreadable},
                         {"begun_at", moment(progress.begun_at)}, {"ended_at", moment(progress.ended_at)},
                         {"per_second", std::round(progress.per_second)}, {"problem", to_utf8(progress.problem)}};
  json["expected_at"] = progress.expected_at ? nlohmann::json(to_iso8601(*progress.expected_at)) : nlohmann::json();
  return json;
}

// "34 000" reads better than "34000".
std::string grouped(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

Notice refusal(const RulesState& state) {
  Notice notice;
  notice.trouble = true;
  notice.title = "New rules are refused; the old ones stay in force";
  notice.text = "Since " + to_iso8601(state.refused_since) + " the files of the rules have mistakes. Hosts are judged with rules " + state.rules->version +
                ", in force since " + to_iso8601(state.since) + ". Mend the files: they are read again as soon as they change.";
  const std::string refused = to_utf8(state.refused);
  const auto rows = lines(refused);
  for (std::size_t i = 0; i < rows.size() && i < kMostLinesShown; ++i) notice.lines.push_back(clipped(std::string(rows[i]), kMostLineCharacters));
  if (rows.size() > kMostLinesShown) notice.lines.push_back("… and " + std::to_string(rows.size() - kMostLinesShown) + " lines more");
  return notice;
}

Notice judging_again(const RulesStatus& status) {
  const RejudgingProgress& progress = status.progress;
  Notice notice;
  notice.title = "Rules " + progress.rules_version + " are being applied";
  notice.text = grouped(progress.done) + " of " + grouped(progress.total) + " stored judgements are made again";
  if (progress.per_second >= 1) notice.text += ", " + grouped(static_cast<std::size_t>(progress.per_second)) + " a second";
  if (progress.expected_at) notice.text += ", until about " + to_iso8601(*progress.expected_at).substr(11, 5) + " UTC";
  notice.text += ".";
  if (status.hosts_waiting > 0)
    notice.text += " " + grouped(status.hosts_waiting) + (status.hosts_waiting == 1 ? " host waits" : " hosts wait") + " and " +
                   (status.hosts_waiting == 1 ? "is" : "are") + " in no figure yet.";
  else if (status.shown_hash != progress.rules_hash)
    notice.text += " Until then every figure is that of rules " + status.shown_version + ".";
  if (!progress.problem.empty()) {
    notice.trouble = true;
    notice.lines.push_back(clipped(to_utf8(progress.problem), kMostLineCharacters));
  }
  return notice;
}

}  // namespace

std::string to_json(const RulesStatus& status) {
  const RulesState& state = status.state;
  nlohmann::json packs = nlohmann::json::array();
  for (const PackInfo& pack : state.rules->packs) packs.push_back({{"id", pack.id}, {"version", pack.version}, {"date", pack.date}});
  nlohmann::json json = {{"in_force", {{"hash", state.rules->hash}, {"version", state.rules->version}, {"date", state.rules->date},
                                       {"since", moment(state.since)}, {"rules", state.rules->rules.size()}, {"packs", std::move(packs)}}},
                         {"state", state.refused.empty() ? "in force" : "refused"},
                         {"shown", {{"hash", status.shown_hash}, {"version", status.shown_version}, {"hosts_waiting", status.hosts_waiting}}},
                         {"rejudging", progress_json(status.progress)}};
  json["refused"] = state.refused.empty() ? nlohmann::json()
                                          : nlohmann::json({{"since", moment(state.refused_since)}, {"mistakes", clipped(to_utf8(state.refused), kMostRefusedBytes)}});
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::vector<Notice> notices_of(const RulesStatus& status) {
  std::vector<Notice> notices;
  if (!status.state.refused.empty()) notices.push_back(refusal(status.state));
  if (status.progress.running) notices.push_back(judging_again(status));
  return notices;
}

}  // namespace plumbline
