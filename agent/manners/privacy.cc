// SPDX-License-Identifier: Apache-2.0
// A walk over the facts with the catalog in hand.
#include "agent/manners/privacy.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "facts/catalog.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kHashDigits = 12;
constexpr std::size_t kMaxKeyFileBytes = 256;
constexpr std::string_view kHome = "/home/";
constexpr const char* kLeftOut = "left out, as this host's privacy settings say";
constexpr std::array<std::string_view, 4> kUserKeys = {"user", "users", "owner", "owners"};
constexpr std::array<std::string_view, 2> kHostFacts = {"host.name", "host.domain"};

template <class List>
bool is_one_of(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::string_view last_key(std::string_view path) { return path.substr(path.rfind('.') + 1); }

/// What says nothing about where the host is: any, and itself.
bool is_everywhere_the_same(std::string_view address) {
  return address.empty() || address == "0.0.0.0" || address == "::" || address == "*" || address == "::1" ||
         address.substr(0, 4) == "127." || address.substr(0, 11) == "::ffff:127." || address == "localhost";
}

class Discloser {
 public:
  explicit Discloser(const PrivacySettings& settings) : settings_(settings) {}

  void section(const std::string& name, Section& section) const {
    object(name + ".", section.data, section);
    if (settings_.user_names == Disclosure::keep) return;
    for (auto& [fact, reason] : section.missing) reason = without_homes(reason);
  }

 private:
  Disclosure chosen(const Fact* fact) const {
    if (fact == nullptr || fact->privacy == Privacy::plain) return Disclosure::keep;
    if (fact->privacy == Privacy::address) return settings_.addresses;
    if (is_one_of(kHostFacts, fact->path)) return settings_.host_names;
    return is_one_of(kUserKeys, last_key(fact->path)) ? settings_.user_names : settings_.names;
  }

  void object(const std::string& prefix, json& value, Section& section) const {
    for (auto entry = value.begin(); entry != value.end();) {
      const std::string path = prefix + entry.key();
      const Fact* fact = find_fact(path);
      const auto how = chosen(fact);
      if (how == Disclosure::drop) {
        section.missing[path] = kLeftOut;
        if (section.status == SectionStatus::ok) section.status = SectionStatus::partial;
        entry = value.erase(entry);
        continue;
      }
      if (how == Disclosure::hash) hash(entry.value(), *fact);
      else deeper(path, entry.value(), section);
      ++entry;
    }
  }

  void deeper(const std::string& path, json& value, Section& section) const {
    if (value.is_object()) return object(path + ".", value, section);
    if (value.is_string()) return hide_homes(value);
    if (!value.is_array()) return;
    for (auto& item : value) {
      if (item.is_object()) object(path + "[].", item, section);
      if (item.is_string()) hide_homes(item);
    }
  }

  void hash(json& value, const Fact& fact) const {
    if (value.is_string()) value = hashed(value.get_ref<const std::string&>(), fact);
    if (value.is_array())
      for (auto& item : value) hash(item, fact);
    if (!value.is_object()) return;
    json changed = json::object();
    for (auto& [key, item] : value.items()) {
      hash(item, fact);
      changed[hashed(key, fact)] = std::move(item);
    }
    value = std::move(changed);
  }

  /// "10.0.0.5/24" keeps its "/24": a size, not a place.
  std::string hashed(const std::string& text, const Fact& fact) const {
    if (fact.privacy == Privacy::name) return text.empty() || text == "root" || text == "/" ? text : digest(text);
    const auto slash = text.find('/');
    const std::string place = text.substr(0, slash);
    if (is_everywhere_the_same(place)) return text;
    return digest(place) + (slash == std::string::npos ? std::string() : text.substr(slash));
  }

  std::string digest(std::string_view text) const {
    return "hash-" + sha256_hex(settings_.key + '\0' + std::string(text)).substr(0, kHashDigits);
  }

  void hide_homes(json& text) const {
    if (settings_.user_names != Disclosure::keep && contains(text.get_ref<const std::string&>(), kHome))
      text = without_homes(text.get_ref<const std::string&>());
  }

  /// "/home/anna/venv" to "/home/hash-…/venv" or "/home/…/venv".
  std::string without_homes(const std::string& text) const {
    std::string out;
    std::size_t at = 0;
    for (auto home = text.find(kHome); home != std::string::npos; home = text.find(kHome, at)) {
      const auto begin = home + kHome.size();
      const auto end = std::min(text.find_first_of("/ :,\"'", begin), text.size());
      const std::string user = text.substr(begin, end - begin);
      out += text.substr(at, begin - at);
      out += user.empty() ? std::string() : settings_.user_names == Disclosure::hash ? digest(user) : "…";
      at = end;
    }
    return out + text.substr(at);
  }

  const PrivacySettings& settings_;
};

}  // namespace

bool PrivacySettings::changes_anything() const {
  return host_names != Disclosure::keep || user_names != Disclosure::keep || names != Disclosure::keep ||
         addresses != Disclosure::keep;
}

void apply_privacy(Scan& scan, const PrivacySettings& settings) {
  if (!settings.changes_anything()) return;
  const Discloser discloser(settings);
  for (auto& [name, section] : scan.sections) discloser.section(name, section);
}

std::string privacy_key(const std::string& state_folder) {
  const std::string path = state_folder + "/privacy.key";
  if (const auto kept = read_file(path, kMaxKeyFileBytes); kept && kept->size() >= kKeyBytes) return *kept;
  const std::string fresh = hex(random_bytes(kKeyBytes));
  if (const auto written = write_file_atomic(path, fresh, 0600); !written) return fresh;  // hashes of one scan agree
  return fresh;
}

}  // namespace plumbline
