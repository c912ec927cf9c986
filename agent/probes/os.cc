// SPDX-License-Identifier: Apache-2.0
// The operating system: distribution, version, kernel, first process.
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/probes/hardware.h"
#include "agent/read.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxReleaseBytes = 64u << 10;

/// The value of os-release(5): bare, or in quotes with backslashes before " $ ` and itself.
std::string unquote(std::string_view text) {
  text = trim(text);
  const char quote =
      text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front()
          ? text.front()
          : '\0';
  if (quote != '\0') text = text.substr(1, text.size() - 2);
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && quote != '\'' && i + 1 < text.size()) ++i;
    value += text[i];
  }
  return value;
}

std::map<std::string, std::string> parse_release(std::string_view text) {
  std::map<std::string, std::string> values;
  for (const auto line : lines(text)) {
    const auto pair = parse_key_value(line, '=');  // PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
    if (pair && !pair->key.empty() && pair->key.front() != '#')
      values[std::string(pair->key)] = unquote(pair->value);
  }
  return values;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 25> kFamilies = {{
    {"debian", "debian"},      {"ubuntu", "debian"},
    {"raspbian", "debian"},    {"linuxmint", "debian"},
    {"pop", "debian"},         {"kali", "debian"},
    {"rhel", "rhel"},          {"fedora", "rhel"},
    {"centos", "rhel"},        {"rocky", "rhel"},
    {"almalinux", "rhel"},     {"ol", "rhel"},
    {"amzn", "rhel"},          {"openEuler", "rhel"},
    {"openeuler", "rhel"},     {"azurelinux", "rhel"},
    {"mariner", "rhel"},       {"suse", "suse"},
    {"sles", "suse"},          {"opensuse", "suse"},
    {"opensuse-leap", "suse"}, {"opensuse-tumbleweed", "suse"},
    {"sle-micro", "suse"},     {"alpine", "alpine"},
    {"arch", "arch"},
}};

std::string family_of(const std::string& id, const std::vector<std::string>& like) {
  std::vector<std::string> names = {id};
  names.insert(names.end(), like.begin(), like.end());
  for (const auto& name : names) {
    for (const auto& [distribution, family] : kFamilies) {
      if (name == distribution) return std::string(family);
    }
  }
  return "other";
}

void set_release(const Host& host, Facts& facts) {
  auto text = host.read("/etc/os-release", kMaxReleaseBytes);
  if (!text) {
    const auto vendor = host.read("/usr/lib/os-release", kMaxReleaseBytes);
    if (vendor) text = vendor;
  }
  const auto values = parse_release(text.value_or(""));
  if (text && values.empty()) text = fail(ErrorKind::invalid, "no setting in it: /etc/os-release");
  if (!text) {
    for (const char* path : {"os.id", "os.id_like", "os.family", "os.name", "os.version", "os.codename"})
      facts.missing(path, text.error());
    return;
  }
  const auto value = [&](const char* key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string() : found->second;
  };
  const std::string id = value("ID").empty() ? "linux" : value("ID");  // os-release(5): the default
  std::vector<std::string> like;
  const std::string descent = value("ID_LIKE");
  for (const auto word : words(descent)) like.emplace_back(word);
  facts.set("os.id", id);
  facts.set("os.id_like", like);
  facts.set("os.family", family_of(id, like));
  for (const auto& [key, path] : {std::pair{"PRETTY_NAME", "os.name"},
                                  {"VERSION_ID", "os.version"},
                                  {"VERSION_CODENAME", "os.codename"}}) {
    if (const auto text_value = value(key); !text_value.empty()) facts.set(path, text_value);
  }
}

}  // namespace

Result<void> probe_os(const Host& host, Machine&, Facts& facts) {
  set_release(host, facts);
  facts.set("os.kernel_release", read_text(host, "/proc/sys/kernel/osrelease"));
  facts.set("os.init", read_text(host, "/proc/1/comm"));
  return {};
}

}  // namespace plumbline
