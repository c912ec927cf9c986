// SPDX-License-Identifier: Apache-2.0
// Installed packages from the databases of dpkg, apk, pacman and rpm.
#include <algorithm>

#include "agent/tables/tables.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxDatabaseBytes = 64u << 20;
constexpr std::size_t kMaxPackages = 100'000;
constexpr std::size_t kMaxPacmanDescBytes = 256u << 10;

/// The line that begins at `at`, and where the next one begins.
std::string_view next_line(std::string_view text, std::size_t& at) {
  const std::size_t end = std::min(text.find('\n', at), text.size());
  const std::string_view line = text.substr(at, end - at);
  at = end + 1;
  return line;
}

//   %NAME%
//   linux
//
//   %VERSION%
//   6.9.1-1
Package parse_pacman_desc(std::string_view text) {
  Package package;
  std::string_view key;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = next_line(text, at);
    if (line.starts_with('%'))
      key = line;
    else if (key == "%NAME%" && package.name.empty())
      package.name = line;
    else if (key == "%VERSION%" && package.version.empty())
      package.version = line;
    else if (key == "%PACKAGER%" && package.origin.empty())
      package.origin = to_utf8(line);
  }
  return package;
}

Result<std::vector<Package>> read_pacman(const Host& host) {
  const auto entries = host.list("/var/lib/pacman/local");
  if (!entries) return tl::unexpected<Error>(entries.error());
  std::vector<Package> found;
  for (const auto& entry : *entries) {
    if (found.size() >= kMaxPackages) break;
    const auto text = host.read("/var/lib/pacman/local/" + entry.name + "/desc", kMaxPacmanDescBytes);
    if (!text) continue;
    Package package = parse_pacman_desc(*text);
    if (!package.name.empty()) found.push_back(std::move(package));
  }
  return found;
}

/// A root recorded before this question was known, and without the database itself, does not tell its
/// packages.
Result<std::vector<Package>> read_rpm(const Host& host, const std::string& path) {
  const auto answer = host.ask("rpm:" + path);
  if (answer) return parse_rpm_lines(*answer);
  if (answer.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(answer.error());
  return fail(ErrorKind::unavailable, "rpm database: not read when this machine was recorded: " + path);
}

}  // namespace

// Package: redis-server
// Status: install ok installed
// Maintainer: Chris Lamb <lamby@debian.org>
// Version: 5:7.0.15-1~deb12u6
std::vector<Package> parse_dpkg_status(std::string_view text) {
  std::vector<Package> found;
  Package package;
  bool installed = false;
  const auto finish = [&] {
    if (installed && !package.name.empty() && found.size() < kMaxPackages)
      found.push_back(std::move(package));
    package = {};
    installed = false;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = next_line(text, at);
    if (line.empty()) {
      finish();
      continue;
    }
    switch (line.front()) {
      case 'P':
        if (line.starts_with("Package: ")) package.name = trim(line.substr(9));
        break;
      case 'S':
        if (line.starts_with("Status: ")) installed = trim(line).ends_with(" installed");
        break;
      case 'V':
        if (line.starts_with("Version: ")) package.version = trim(line.substr(9));
        break;
      case 'M':
        if (line.starts_with("Maintainer: ")) package.origin = to_utf8(trim(line.substr(12)));
        break;
      default:
        break;
    }
  }
  finish();
  return found;
}

// P:busybox
// V:1.36.1-r5
// m:Sören Tempel <…>
std::vector<Package> parse_apk_installed(std::string_view text) {
  std::vector<Package> found;
  Package package;
  const auto finish = [&] {
    if (!package.name.empty() && found.size() < kMaxPackages) found.push_back(std::move(package));
    package = {};
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = next_line(text, at);
    if (line.empty())
      finish();
    else if (line.starts_with("P:"))
      package.name = line.substr(2);
    else if (line.starts_with("V:"))
      package.version = line.substr(2);
    else if (line.starts_with("m:"))
      package.origin = to_utf8(line.substr(2));
  }
  finish();
  return found;
}

// openssl	1:3.0.7-27.el9	Rocky Enterprise Software Foundation
std::vector<Package> parse_rpm_lines(std::string_view text) {
  std::vector<Package> found;
  for (std::size_t at = 0; at < text.size() && found.size() < kMaxPackages;) {
    const auto fields = split(next_line(text, at), '\t');
    if (fields.size() < 2 || fields[0].empty() || fields[1].empty()) continue;
    found.push_back(
        {std::string(fields[0]), std::string(fields[1]), fields.size() > 2 ? to_utf8(fields[2]) : ""});
  }
  return found;
}

PackageTable read_packages(const Host& host) {
  if (const auto text = host.read("/var/lib/dpkg/status", kMaxDatabaseBytes); text && !trim(*text).empty()) {
    if (!contains(*text, "Package: ")) return {"dpkg", fail(ErrorKind::invalid, "no package in it: /var/lib/dpkg/status")};
    return {"dpkg", parse_dpkg_status(*text)};
  } else if (!text && text.error().kind != ErrorKind::not_found) {
    return {"dpkg", tl::unexpected<Error>(text.error())};
  }
  if (const auto text = host.read("/lib/apk/db/installed", kMaxDatabaseBytes))
    return {"apk", parse_apk_installed(*text)};
  if (host.stat("/var/lib/pacman/local")) return {"pacman", read_pacman(host)};
  for (const std::string folder : {"/var/lib/rpm", "/usr/lib/sysimage/rpm"}) {
    for (const std::string_view file : {"rpmdb.sqlite", "Packages.db", "Packages"}) {
      if (host.stat(folder + "/" + std::string(file))) {
        return {"rpm", read_rpm(host, folder + "/" + std::string(file))};
      }
    }
  }
  return {"none", std::vector<Package>{}};
}

}  // namespace plumbline
