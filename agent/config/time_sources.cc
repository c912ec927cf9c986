// SPDX-License-Identifier: Apache-2.0
// Reads chrony.conf(5), ntp.conf(5), timesyncd.conf(5).
#include "agent/config/time_sources.h"

#include <algorithm>
#include <array>

#include "agent/config/glob.h"
#include "agent/redact.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxTimeBytes = 1u << 20;
constexpr int kMaxTimeFiles = 64;
constexpr int kMaxIncludes = 8;

constexpr std::array<std::string_view, 7> kChronyValues = {"cmdport", "port", "makestep", "leapsectz", "user", "maxupdateskew", "rtcsync"};
constexpr std::array<std::string_view, 4> kSources = {"server", "pool", "peer", "refclock"};
constexpr std::array<std::string_view, 4> kWholeLines = {"sourcedir", "confdir", "include", "restrict"};

template <class Range>
bool is_one_of(std::string_view word, const Range& range) {
  return std::find(range.begin(), range.end(), word) != range.end();
}

/// What the files say before it becomes settings: counts of sources, and the rest.
class TimeReader {
 public:
  explicit TimeReader(const Host& host) : host_(host) {}

  // "server 0.pool.ntp.org iburst", "sourcedir /etc/chrony/sources.d", "cmdport 0"
  void chrony(const std::string& path, int depth, bool sources_only) {
    const auto text = read(path);
    if (!text) return found_.note(text.error());
    for (const std::string_view raw : lines(*text)) {
      const auto parts = words(raw);
      if (parts.empty() || std::string_view("#%!;").find(parts[0].front()) != std::string_view::npos) continue;
      const std::string name = lower(parts[0]);
      const bool source = is_one_of(name, kSources);
      if (source && parts.size() > 1) ++sources_["chrony." + name];
      if (source || sources_only) continue;
      if ((name == "sourcedir" || name == "confdir" || name == "include") && depth < kMaxIncludes) include(name, parts, depth);
      if (is_one_of(name, kChronyValues)) found_.put("chrony." + name, parts.size() > 1 ? parts[1] : "true");
    }
  }

  // "restrict -4 default kod nomodify notrap nopeer noquery"
  void ntp(const std::string& path) {
    const auto text = read(path);
    if (!text) return found_.note(text.error());
    for (const std::string_view raw : lines(*text)) {
      const auto parts = words(raw.substr(0, raw.find('#')));
      if (parts.size() < 2) continue;
      if (parts[0] == "server" || parts[0] == "pool" || parts[0] == "peer") ++sources_["ntp." + std::string(parts[0])];
      if (parts[0] == "restrict") restrict(parts);
    }
  }

  Layered take() {
    for (const auto& [name, count] : sources_) found_.put(name, std::to_string(count));
    return std::move(found_);
  }

 private:
  Result<std::string> read(const std::string& path) {
    if (++files_ > kMaxTimeFiles) return fail(ErrorKind::limit, "too many files: " + path);
    return host_.read_redacted(path, redact_time_sources, kMaxTimeBytes);
  }

  void include(const std::string& name, const std::vector<std::string_view>& parts, int depth) {
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const std::string place(parts[i]);
      if (!place.starts_with('/')) continue;
      const char* suffix = name == "sourcedir" ? "/*.sources" : name == "confdir" ? "/*.conf" : "";
      const GlobMatches files = glob_matches(host_, place + suffix);
      if (files.unread) found_.note(*files.unread);
      for (const auto& path : files.paths) chrony(path, depth + 1, name == "sourcedir");
    }
  }

  void restrict(const std::vector<std::string_view>& parts) {
    std::vector<std::string> flags;
    bool is_default = false;
    bool v6 = false;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      if (parts[i] == "default")
        is_default = true;
      else if (parts[i] == "-6")
        v6 = true;
      else if (parts[i] != "-4")
        flags.emplace_back(parts[i]);
    }
    std::sort(flags.begin(), flags.end());
    if (is_default) found_.put(v6 ? "ntp.restrict6" : "ntp.restrict4", join(flags, " "));
  }

  const Host& host_;
  Layered found_;
  std::map<std::string, int> sources_;
  int files_ = 0;
};

// "ExecStart=/usr/sbin/ntpd -u ntp:ntp $OPTIONS"
void put_user(const Host& host, Machine& machine, std::string_view unit_name, Layered& into) {
  const UnitFile* unit = machine.unit(unit_name);
  if (unit == nullptr) return;
  const auto text = host.read_redacted(unit->path, redact_unit, kMaxTimeBytes);
  if (!text) return into.note(text.error());
  std::string user;
  for (const std::string_view line : lines(*text)) {
    const auto parts = words(line);
    if (parts.empty() || !parts[0].starts_with("ExecStart=")) continue;
    const auto flag = std::find(parts.begin(), parts.end(), "-u");
    if (flag != parts.end() && flag + 1 != parts.end()) user = *(flag + 1);
  }
  if (!user.empty()) into.put("ntp.user", user);
}

/// What may not be looked at may be there: then reading it tells why nothing is known.
bool may_be_there(const Host& host, std::string_view path) {
  const auto stat = host.stat(path);
  return stat || stat.error().kind != ErrorKind::not_found;
}

}  // namespace

// "server ntp.example.org iburst key 7" to "server ntp.example.org"; "crypto pw …" goes as a whole.
std::string redact_time_sources(std::string_view text) {
  std::string out;
  for (const std::string_view raw : lines(text)) {
    const auto parts = words(raw.substr(0, raw.find('#')));
    if (parts.empty()) continue;
    const std::string name = lower(parts[0]);
    const bool whole = is_one_of(name, kWholeLines);
    if (!whole && !is_one_of(name, kSources) && !is_one_of(name, kChronyValues)) continue;
    const std::size_t kept = whole ? parts.size() : std::min<std::size_t>(parts.size(), 2);
    for (std::size_t i = 0; i < kept; ++i) out.append(i == 0 ? "" : " ").append(parts[i]);
    out.append("\n");
  }
  return out;
}

Layered read_time_settings(const Host& host, Machine& machine) {
  TimeReader reader(host);
  const bool debian = may_be_there(host, "/etc/chrony/chrony.conf");
  reader.chrony(debian ? "/etc/chrony/chrony.conf" : "/etc/chrony.conf", 0, false);
  reader.ntp(may_be_there(host, "/etc/ntpsec/ntp.conf") ? "/etc/ntpsec/ntp.conf" : "/etc/ntp.conf");
  Layered found = reader.take();
  Layered timesyncd;
  read_systemd_settings(host, "timesyncd.conf", {"ntp", "fallbackntp"}, "timesyncd.", timesyncd);
  if (timesyncd.unread) found.note(*timesyncd.unread);
  for (const auto& [name, value] : timesyncd.values) {
    if (!value.empty()) found.put(name, std::to_string(words(value).size()));
  }
  for (const std::string_view unit : {"ntpd.service", "ntp.service", "ntpsec.service"}) put_user(host, machine, unit, found);
  return found;
}

}  // namespace plumbline
