// SPDX-License-Identifier: Apache-2.0
// Tells a distribution's packages from others', and joins stores with the lifecycle table and with their own past.
#include "rules/store_support.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <optional>

#include "base/text.h"
#include "base/time.h"

namespace plumbline {
namespace {

constexpr double kMostDaysToFull = 3650;   // what lies ten years ahead is no forecast
constexpr double kLeastGrowthDays = 1;     // between two scans of one day, a backup or a big job looks like growth
constexpr double kMostDayBytes = 1e15;

std::string store_product(const std::string& kind) {
  static const std::map<std::string, std::string, std::less<>> products = {
      {"kafka", "apache-kafka"},    {"cassandra", "apache-cassandra"}, {"couchbase", "couchbase-server"},
      {"mssql", "mssqlserver"},     {"sqlserver", "mssqlserver"},      {"oracle", "oracle-database"},
      {"db2", "ibm-db2"}};
  auto at = products.find(kind);
  return at == products.end() ? kind : at->second;
}

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

bool has_digit_after(std::string_view text, std::string_view mark) {
  std::size_t at = text.find(mark);
  return at != std::string_view::npos && at + mark.size() < text.size() && is_digit(text[at + mark.size()]);
}

bool says_one_of(std::string_view text, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return contains(text, name); });
}

// "1ubuntu22.04", as makers name packages for a release of Ubuntu; Ubuntu's own go on counting: "0ubuntu0.22.04.1".
bool names_ubuntu_release(std::string_view revision) {
  const std::size_t at = revision.find("ubuntu");
  if (at == std::string_view::npos) return false;
  const std::string_view after = revision.substr(at + 6);
  return after.size() == 5 && is_digit(after[0]) && is_digit(after[1]) && after[2] == '.' && is_digit(after[3]) && is_digit(after[4]);
}

// "~deb12u6", "+deb11u1": how Debian numbers fixes for a release (its developer's reference, 5.8.5).
bool names_stable_update(std::string_view version) {
  for (std::size_t at = version.find("deb"); at != std::string_view::npos; at = version.find("deb", at + 1)) {
    if (at == 0 || (version[at - 1] != '~' && version[at - 1] != '+')) continue;
    const std::string_view release = version.substr(at + 3);
    const std::size_t end = release.find_first_not_of("0123456789");
    if (end != std::string_view::npos && end > 0 && release[end] == 'u' && end + 1 < release.size() && is_digit(release[end + 1])) return true;
  }
  return false;
}

// Debian: "15.18-0+deb12u1", "5:7.0.15-1~deb12u3", "8.0.39-0ubuntu0.22.04.1", "3.4.23-1+b1" are the distribution's;
// "15.8-1.pgdg120+1", "1:10.11.6+maria~deb12", "8.0.39-1debian12", "6:7.4.1-1rl1~bookworm1" are not. A plain revision may be
// anybody's: there the maintainer decides, where he is known; many of Debian's packages have a person for one, with an address there.
PackageOrigin debian_origin(std::string_view version, std::string_view vendor) {
  if (says_one_of(version, {"pgdg", "maria~", "percona", "debian"})) return PackageOrigin::elsewhere;
  if (names_stable_update(version) || has_digit_after(version, "+rpi")) return PackageOrigin::distribution;
  const bool distribution_made = vendor.empty() || says_one_of(vendor, {"debian", "ubuntu", "raspbian"});
  if (has_digit_after(version, "~deb") && !distribution_made) return PackageOrigin::elsewhere;
  std::size_t dash = version.rfind('-');
  if (dash == std::string_view::npos) return vendor.empty() || distribution_made ? PackageOrigin::unknown : PackageOrigin::elsewhere;
  std::string_view revision = version.substr(dash + 1);
  if (names_ubuntu_release(revision)) return PackageOrigin::elsewhere;
  if (has_digit_after(revision, "ubuntu") || has_digit_after(revision, "build")) return PackageOrigin::distribution;
  bool plain = !revision.empty() && std::all_of(revision.begin(), revision.end(), [](char c) { return is_digit(c) || c == '.' || c == '+' || c == 'b'; });
  if (plain && contains(revision, "+b")) return PackageOrigin::distribution;  // built anew by Debian's own machines
  if (plain && !distribution_made) return PackageOrigin::unknown;
  return plain ? PackageOrigin::distribution : PackageOrigin::elsewhere;
}

// Enterprise Linux: the vendor decides; EPEL's is the Fedora Project. Without one "13.16-1.el9_4" and "…module+el8.9.0+…" are the
// distribution's, "15.8-1PGDG.rhel9" is not, and a plain ".el9" may be anybody's.
PackageOrigin rhel_origin(std::string_view version, std::string_view vendor, std::string_view id) {
  if (contains(version, "PGDG")) return PackageOrigin::elsewhere;
  if (!vendor.empty()) {
    if (contains(vendor, "fedora")) return id == "fedora" ? PackageOrigin::distribution : PackageOrigin::elsewhere;
    const bool made = says_one_of(vendor, {"red hat", "rocky", "almalinux", "centos", "oracle america", "amazon", "scientific linux"});
    return made ? PackageOrigin::distribution : PackageOrigin::elsewhere;
  }
  if (contains(version, "module+el") || contains(version, "module_el")) return PackageOrigin::distribution;
  std::size_t at = version.find(".el");
  if (at == std::string_view::npos) return PackageOrigin::unknown;
  return contains(version.substr(at), "_") ? PackageOrigin::distribution : PackageOrigin::unknown;
}

PackageOrigin suse_origin(std::string_view vendor) {
  if (vendor.empty()) return PackageOrigin::unknown;
  // What anybody builds in the open build service is "obs://build.opensuse.org/…".
  return contains(vendor, "suse") && !contains(vendor, "obs://") ? PackageOrigin::distribution : PackageOrigin::elsewhere;
}

// Alpine: "16.9-r0".
PackageOrigin alpine_origin(std::string_view version) {
  return has_digit_after(version, "-r") ? PackageOrigin::distribution : PackageOrigin::unknown;
}

// Ubuntu's security team covers its component "main" for everybody; of the stores we know these lie there (packages.ubuntu.com).
bool in_ubuntu_main(std::string_view kind) { return kind == "postgresql" || kind == "mysql" || kind == "memcached" || kind == "rabbitmq"; }

// The package's own version where the instance has a shortened one: the entry of packages.versions whose name begins
// with the kind and whose version begins with that of the instance.
std::string package_version(const FactRecord& facts, const std::string& kind, const std::string& version) {
  if (version.find('-') != std::string::npos || version.empty()) return version;
  const FactRecord packages = facts.object("packages");
  const cel::Cell* versions = packages.cell("versions");
  if (versions == nullptr || versions->kind() != cel::CellKind::map) return version;
  for (std::uint32_t i = 0; i < versions->size(); ++i) {
    std::string_view name = versions->cells[1 + 2 * i].view(), full = versions->cells[2 + 2 * i].view();
    if (name.compare(0, kind.size(), kind) != 0) continue;
    std::string_view plain = full;
    if (auto colon = plain.find(':'); colon != std::string_view::npos && colon < 4) plain.remove_prefix(colon + 1);
    bool longer = plain.size() > version.size() && !is_digit(plain[version.size()]);
    if (longer && plain.compare(0, version.size(), version) == 0) return std::string(full);
  }
  return version;
}

PackageOrigin origin_of_store(const FactRecord& facts, const FactRecord& instance) {
  const FactRecord os = facts.object("os");
  if (!os) return PackageOrigin::unknown;
  const std::string source = instance.text("version_source");
  PackageName package{instance.text("kind"), instance.text("package_version"), instance.text("package_origin")};
  // What runs in a container or was unpacked by hand is from no package, though one of that name may be installed.
  if (package.version.empty() && !source.empty() && source != "package") return PackageOrigin::unknown;
  if (package.version.empty()) package.version = package_version(facts, package.kind, instance.text("version"));
  return origin_of(package, os.text("family"), os.text("id"));
}

void put_distro_supported(FactRecord& instance, PackageOrigin origin, const FactRecord& os) {
  instance.erase("distro_supported");
  if (origin == PackageOrigin::elsewhere || origin == PackageOrigin::community) instance.set("distro_supported", false);
  const auto left = os.number("support_days_left");
  if (origin == PackageOrigin::distribution && left) instance.set("distro_supported", *left >= 0);
}

// The later of both ends counts: the kinder truth, with the name of who keeps it.
void put_support(FactRecord& instance, const Lifecycle* line, PackageOrigin origin, const FactRecord& os, std::int64_t taken_at) {
  for (const char* key : {"support_days_left", "upstream_ends", "support_ends", "supported_days_left", "supported_by"}) instance.erase(key);
  std::optional<std::int64_t> upstream, distribution;
  if (line != nullptr) upstream = line->support_end;
  if (origin == PackageOrigin::distribution) distribution = parse_date(os.text("support_ends"));
  if (upstream) {
    instance.set("support_days_left", days_left(*upstream, taken_at));
    instance.set("upstream_ends", std::string_view(to_iso8601(*upstream).substr(0, 10)));
  }
  if (!upstream && line != nullptr) return instance.set("supported_by", std::string_view("upstream"));  // without a date
  if (!upstream && !distribution) return;
  const bool by_distribution = distribution && (!upstream || *distribution > *upstream);
  const std::int64_t ends = by_distribution ? *distribution : *upstream;
  const std::int64_t left = days_left(ends, taken_at);
  instance.set("support_ends", std::string_view(to_iso8601(ends).substr(0, 10)));
  instance.set("supported_days_left", left);
  instance.set("supported_by", std::string_view(left < 0 ? "nobody" : by_distribution ? "distribution" : "upstream"));
}

void put_lag(FactRecord& instance, const Lifecycle* line, PackageOrigin origin) {
  instance.erase("latest_version");
  instance.erase("releases_behind");
  if (line == nullptr || line->latest.empty()) return;
  instance.set("latest_version", std::string_view(line->latest));
  if (origin == PackageOrigin::distribution || origin == PackageOrigin::community) return;
  if (const auto behind = releases_between(instance.text("version"), line->latest)) instance.set("releases_behind", *behind);
}

// The package of pgvector whose version is that of the control file: "0.8.0-1+b1" of "postgresql-17-pgvector". Beside it there may
// be one that was built by hand.
std::string vector_package(const FactRecord& facts, const std::string& version) {
  const FactRecord packages = facts.object("packages");
  const cel::Cell* versions = packages.cell("versions");
  if (versions == nullptr || versions->kind() != cel::CellKind::map) return "";
  for (std::uint32_t i = 0; i < versions->size(); ++i) {
    const std::string_view name = versions->cells[1 + 2 * i].view(), full = versions->cells[2 + 2 * i].view();
    if (contains(name, "pgvector") && full.starts_with(version + "-"))
      return std::string(full);
  }
  return "";
}

void put_vector_by_distribution(FactRecord& instance, const FactRecord& facts, const FactRecord& os) {
  instance.erase("vector_by_distribution");
  const std::string version = instance.text("vector_version");
  const std::string package = version.empty() ? "" : vector_package(facts, version);
  if (package.empty()) return;
  const PackageOrigin origin = origin_of({"pgvector", package, ""}, os.text("family"), os.text("id"));
  const auto left = os.number("support_days_left");
  if (origin == PackageOrigin::distribution && left) instance.set("vector_by_distribution", *left >= 0);
  if (origin == PackageOrigin::elsewhere || origin == PackageOrigin::community) instance.set("vector_by_distribution", false);
}

// ---- growth

const FactRecord* remembered(const std::vector<FactRecord>& history, const FactRecord& instance) {
  for (const FactRecord& one : history)
    if (one.text("kind") == instance.text("kind") && one.number("port") == instance.number("port") && one.text("data_folder") == instance.text("data_folder")) return &one;
  return nullptr;
}

void put_growth(FactRecord& instance, const std::vector<FactRecord>& history) {
  for (const char* key : {"growth_day_bytes", "growth_days", "full_in_days"}) instance.erase(key);
  const auto bytes = instance.number("data_bytes");
  const FactRecord* before = remembered(history, instance);
  if (!bytes || before == nullptr) return;
  const auto days = before->number("days"), from = before->number("from_bytes");
  if (!days || !from || !(*days >= kLeastGrowthDays)) return;
  const double a_day = std::clamp((*bytes - *from) / *days, -kMostDayBytes, kMostDayBytes);
  instance.set("growth_days", *days);
  instance.set("growth_day_bytes", static_cast<std::int64_t>(std::llround(a_day)));
  const auto free = instance.number("data_free_bytes");
  if (free && *free >= 0 && a_day >= 1 && *free / a_day <= kMostDaysToFull) instance.set("full_in_days", static_cast<std::int64_t>(*free / a_day));
}

void put_accelerator_here(FactRecord& instance, const FactRecord& facts) {
  instance.erase("accelerator_here");
  const FactRecord accelerators = facts.object("accelerators");
  if (!accelerators.has("devices")) return;
  bool here = false;
  for (const FactRecord& device : accelerators.objects("devices")) {
    const auto usable = device.flag("usable");
    if (!usable) return;
    here = here || *usable;
  }
  instance.set("accelerator_here", here);
}

// "5:7.0.15-1~deb12u6" to {7, 0, 15}; nothing where it does not begin with a number, or a part is none.
std::optional<std::vector<std::int64_t>> numbers_of(std::string_view version) {
  constexpr std::size_t kMostParts = 6;
  constexpr std::int64_t kMostNumber = 1'000'000'000;
  if (const std::size_t colon = version.find(':'); colon != std::string_view::npos && colon < 4) version.remove_prefix(colon + 1);
  if (!version.empty() && version[0] == 'v') version.remove_prefix(1);
  std::vector<std::int64_t> out;
  while (!version.empty() && is_digit(version[0]) && out.size() < kMostParts) {
    std::int64_t number = 0;
    for (; !version.empty() && is_digit(version[0]); version.remove_prefix(1)) number = std::min(kMostNumber, number * 10 + (version[0] - '0'));
    out.push_back(number);
    if (version.empty() || version[0] != '.') break;
    version.remove_prefix(1);
  }
  if (out.empty()) return std::nullopt;
  return out;
}

}  // namespace

PackageOrigin origin_of(const PackageName& package, std::string_view family, std::string_view id) {
  const std::string vendor = lower(package.vendor);
  PackageOrigin origin = PackageOrigin::unknown;
  if (family == "debian") origin = debian_origin(package.version, vendor);
  if (family == "rhel") origin = rhel_origin(package.version, vendor, id);
  if (family == "suse") origin = suse_origin(vendor);
  if (family == "alpine") origin = alpine_origin(package.version);
  // A fix that came with Ubuntu Pro says so: "…ubuntu0.1+esm2".
  const bool paid = contains(package.version, "esm");
  if (origin == PackageOrigin::distribution && id == "ubuntu" && !paid && !in_ubuntu_main(package.kind)) return PackageOrigin::community;
  return origin;
}

std::optional<std::int64_t> releases_between(std::string_view version, std::string_view latest) {
  const auto have = numbers_of(version), newest = numbers_of(latest);
  if (!have || !newest) return std::nullopt;
  for (std::size_t i = 0; i < have->size() && i < newest->size(); ++i)
    if ((*have)[i] != (*newest)[i]) return std::max<std::int64_t>(0, (*newest)[i] - (*have)[i]);
  // "15" of a data folder says nothing about releases
  if (have->size() < newest->size()) return std::nullopt;
  return 0;
}

void derive_data_stores(const FactRecord& facts, const Catalogue& catalogue, std::int64_t taken_at) {
  const FactRecord os = facts.object("os");
  const std::vector<FactRecord> history = facts.object("history").objects("stores");
  for (FactRecord& instance : facts.object("data_stores").objects("instances")) {
    const std::string version = instance.text("version");
    const Lifecycle* line = version.empty() ? nullptr : find_lifecycle(catalogue, store_product(instance.text("kind")), version);
    const PackageOrigin origin = origin_of_store(facts, instance);
    put_distro_supported(instance, origin, os);
    put_support(instance, line, origin, os, taken_at);
    put_lag(instance, line, origin);
    put_vector_by_distribution(instance, facts, os);
    put_growth(instance, history);
    put_accelerator_here(instance, facts);
  }
}

}  // namespace plumbline
