// SPDX-License-Identifier: Apache-2.0
// Keys in, rules out, and the memory of versions between.
#include "collector/signed_packs.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/time.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxSeenBytes = 4u << 20;
constexpr unsigned kPrivate = 0600;

Result<SeenPacks> read_seen_file(const std::string& path) {
  if (path.empty()) return SeenPacks{};
  const auto text = read_file(path, kMaxSeenBytes);
  if (!text && text.error().kind == ErrorKind::not_found) return SeenPacks{};  // before the first signed pack
  if (!text) return tl::unexpected(text.error());
  auto seen = read_seen(*text);
  if (!seen) return fail(path, seen.error());
  return seen;
}

}  // namespace

// {"packs":{"ssh":{"E7620F1842B4E81F":{"signed":"2026-11-23T19:00:00Z","version":"2026.11.0"}}}}
std::string seen_text(const SeenPacks& seen) {
  json packs = json::object();
  for (const auto& [pack, keys] : seen)
    for (const auto& [key, newest] : keys) packs[pack][key] = {{"version", newest.version}, {"signed", to_iso8601(newest.signed_at)}};
  return json({{"packs", packs}}).dump(2) + "\n";
}

Result<SeenPacks> read_seen(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) return tl::unexpected(document.error());
  const auto bad = [] { return fail(ErrorKind::invalid, "not what a collector writes there; remove it to forget which versions of signed packs were in force"); };
  if (!document->is_object() || !document->contains("packs") || !(*document)["packs"].is_object()) return bad();
  SeenPacks seen;
  for (const auto& [pack, keys] : (*document)["packs"].items()) {
    if (!keys.is_object()) return bad();
    for (const auto& [key, newest] : keys.items()) {
      if (!newest.is_object() || !newest.contains("version") || !newest.contains("signed") || !newest["version"].is_string() || !newest["signed"].is_string()) return bad();
      const auto signed_at = parse_iso8601(newest["signed"].get<std::string>());
      const std::string version = newest["version"];
      if (!signed_at || !is_pack_version(version)) return bad();
      seen[pack][key] = {version, *signed_at};
    }
  }
  return seen;
}

Result<std::shared_ptr<const RuleSet>> load_signed_rules(const std::string& folder, const std::string& site_folder, const SignedPacks& signed_packs, std::int64_t now) {
  auto keys = read_trusted_keys(signed_packs.keys);
  if (!keys) return fail("trusted keys", keys.error());
  auto seen = read_seen_file(signed_packs.seen_file);
  if (!seen) return tl::unexpected(seen.error());
  const PackTrust trust{std::move(*keys), now, signed_packs.allow_old, std::move(*seen)};
  auto loaded = load_trusted_rules(folder, site_folder, trust);
  if (!loaded) return tl::unexpected(loaded.error());
  const std::string before = seen_text(trust.seen), after = seen_text(remember(trust.seen, loaded->packs));
  if (!signed_packs.seen_file.empty() && before != after)
    if (auto written = write_file_atomic(signed_packs.seen_file, after, kPrivate); !written) return tl::unexpected(written.error());
  return std::move(loaded->rules);
}

}  // namespace plumbline
