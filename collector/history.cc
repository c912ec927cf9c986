// SPDX-License-Identifier: Apache-2.0
// Carries sizes of data stores from scan to scan.
#include "collector/history.h"

#include <cmath>
#include <map>
#include <optional>
#include <tuple>

#include "base/time.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kMiddleAfterSeconds = 14 * kDaySeconds;
constexpr std::int64_t kOldestSeconds = 28 * kDaySeconds;
constexpr std::size_t kMostStores = 256;  // as many as an agent tells of

// Which store of its host: kind, port and folder; those that differ in nothing of this are one.
using Key = std::tuple<std::string, std::int64_t, std::string>;

struct Size {
  std::int64_t at = 0, bytes = 0;
};
struct Remembered {
  std::optional<Size> from, middle;
};

std::int64_t whole_in(const json& item, const char* name, std::int64_t otherwise) {
  const auto found = item.find(name);
  if (found == item.end() || !found->is_number_integer()) return otherwise;
  return found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX ? otherwise : found->get<std::int64_t>();
}
std::string text_in(const json& item, const char* name) {
  const auto found = item.find(name);
  return found != item.end() && found->is_string() ? found->get<std::string>() : std::string();
}
Key key_of(const json& item) { return {text_in(item, "kind"), whole_in(item, "port", -1), text_in(item, "data_folder")}; }

// The objects of a list in a section; empty where there is none.
std::vector<const json*> items_of(const Scan& scan, std::string_view section, const char* list) {
  std::vector<const json*> out;
  const auto found = scan.sections.find(std::string(section));
  if (found == scan.sections.end() || !found->second.data.is_object()) return out;
  const auto items = found->second.data.find(list);
  if (items == found->second.data.end() || !items->is_array()) return out;
  for (const json& item : *items)
    if (item.is_object() && out.size() < kMostStores) out.push_back(&item);
  return out;
}

std::map<Key, std::int64_t> sizes_in(const Scan& scan) {
  std::map<Key, std::int64_t> out;
  for (const json* item : items_of(scan, "data_stores", "instances"))
    if (const std::int64_t bytes = whole_in(*item, "data_bytes", -1); bytes >= 0) out.emplace(key_of(*item), bytes);
  return out;
}

std::optional<Size> size_in(const json& item, const char* at_name, const char* bytes_name) {
  const auto at = parse_iso8601(text_in(item, at_name));
  const std::int64_t bytes = whole_in(item, bytes_name, -1);
  if (!at || bytes < 0) return std::nullopt;
  return Size{*at, bytes};
}

std::map<Key, Remembered> remembered_in(const Scan& scan) {
  std::map<Key, Remembered> out;
  for (const json* item : items_of(scan, kHistorySection, "stores"))
    out.emplace(key_of(*item), Remembered{size_in(*item, "from", "from_bytes"), size_in(*item, "middle", "middle_bytes")});
  return out;
}

// The size of the scan before joins; the one between takes the place of an older one that is four weeks old.
void carry_on(Remembered& known, std::optional<Size> last, std::int64_t now) {
  if (known.from && known.from->at >= now) known = {};  // the host's clock was set back
  if (known.middle && known.middle->at >= now) known.middle.reset();
  if (last && last->at >= now) last.reset();
  if (!known.from) known.from = last;
  if (last && known.from && !known.middle && last->at - known.from->at >= kMiddleAfterSeconds) known.middle = last;
  if (known.from && known.middle && now - known.from->at > kOldestSeconds) {
    known.from = known.middle;
    known.middle.reset();
  }
}

json entry_of(const Key& key, const Remembered& known, std::int64_t now) {
  constexpr double kTenths = 10;
  const auto& [kind, port, folder] = key;
  json entry = {{"kind", kind}, {"from", to_iso8601(known.from->at)}, {"from_bytes", known.from->bytes}};
  if (port >= 0) entry["port"] = port;
  if (!folder.empty()) entry["data_folder"] = folder;
  // Rounded, so that the section changes a few times a day and not with every scan.
  entry["days"] = std::floor(static_cast<double>(now - known.from->at) / static_cast<double>(kDaySeconds) * kTenths) / kTenths;
  if (!known.middle) return entry;
  entry["middle"] = to_iso8601(known.middle->at);
  entry["middle_bytes"] = known.middle->bytes;
  return entry;
}

}  // namespace

bool tells_sizes(const Scan& scan) { return !sizes_in(scan).empty(); }

void remember_sizes(Scan& scan, const Scan* before) {
  scan.sections.erase(std::string(kHistorySection));
  if (before == nullptr) return;
  auto known = remembered_in(*before);
  const auto last = sizes_in(*before);
  json entries = json::array();
  std::map<Key, bool> told;
  for (const json* item : items_of(scan, "data_stores", "instances")) {
    const Key key = key_of(*item);
    if (!told.emplace(key, true).second) continue;
    Remembered& one = known[key];
    const auto size = last.find(key);
    carry_on(one, size == last.end() ? std::nullopt : std::optional(Size{before->taken_at, size->second}), scan.taken_at);
    if (one.from) entries.push_back(entry_of(key, one, scan.taken_at));
  }
  if (entries.empty()) return;
  Section section;
  section.data = {{"stores", std::move(entries)}};
  section.hash = hash_of(section);
  scan.sections.emplace(std::string(kHistorySection), std::move(section));
}

}  // namespace plumbline
