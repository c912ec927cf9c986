// SPDX-License-Identifier: Apache-2.0
// `rules new`: a starter pack that is right as it stands, commented for who writes the next rule.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/commands/common.h"
#include "collector/commands/rules.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxNameBytes = 40;

constexpr std::string_view kPack = R"(# What this pack is. Rules stand in any other .yaml file beside it, their tests in tests.yaml.
pack: {name}
version: {version}          # raise it with every release; an older one is refused where packs are signed
date: {date}            # the day whose knowledge is in the rules
licence: Apache-2.0
title: {title}
)";

constexpr std::string_view kRules = R"(# Each rule says what must hold on a host. Names such as ssh.permit_root_login are facts: plumbline-agent facts
# lists them all, and a misspelt one is an error here. Try a condition on real facts before you write it down:
#   plumbline-agent scan --format json >scan.json
#   plumbline-collector rules eval 'ssh.permit_root_login != "yes"' scan.json
rules:
  - id: {name}.root-login                  # [a-z0-9.-]+, unique over all packs
    title: Root cannot log in with a password over SSH      # what holds when it passes
    why: >-                                # to the business, one or two sentences
      A guessed root password hands over the whole machine and everything on it.
    pillar: security                       # accelerators data security compute storage_network platform
    severity: high                         # low medium high critical
    when: ssh.installed                    # left out: applies to every host
    check: ssh.permit_root_login != "yes"  # true passes; a fact that was not read makes it unknown, never pass
    observed: ssh.permit_root_login        # the evidence that is shown
    expected: no, or prohibit-password
    fail:                                  # one finding for three readers
      it: "{{host}}: PermitRootLogin is {{observed}}; expected {{expected}}"
      cio: "{{failing}} of {{applicable}} servers let the administrator log in from the network with a password"
      ceo: "Servers that one guessed password would hand to an attacker: {{failing}}."
    fix:
      text: Set PermitRootLogin no, use named accounts with keys, reload sshd.
      commands:                            # by os.family: debian rhel suse alpine arch, or any
        any:
          - "echo 'PermitRootLogin no' >/etc/ssh/sshd_config.d/10-{name}.conf"
          - "sshd -t && systemctl reload ssh"
      effort_days: 0.1                     # a host; once: true where one change serves all
      cost: C0                             # C0 nothing to buy … C4
      owner: Head of IT
    references: [sshd_config(5)]

  - id: {name}.memory
    title: The server has 16 GB of memory
    why: Below that, a search index or a small model does not fit beside the system.
    pillar: compute
    severity: medium
    when: host.container == "none"         # a container shows its host's memory: say for whom a rule makes no sense
    check: memory.total_bytes >= 15500000000
    observed: memory.total_bytes
    expected: 16 GB
    fail:
      it: "{{host}}: {{observed}} of memory; expected {{expected}}"
      cio: "{{failing}} of {{applicable}} servers have too little memory for an AI service"
      ceo: "Servers too small for an AI service: {{failing}}."
    fix:
      text: Add memory, or choose another server for the service.
      effort_days: 1
      cost: C1
      owner: Head of IT
    references: [our own measurement]
)";

constexpr std::string_view kTests = R"(# Facts in, verdict out; `plumbline-collector rules test` runs every case. One case for each way a rule can end.
tests:
  - rule: {name}.root-login
    cases:
      - {{facts: {{ssh: {{installed: true, permit_root_login: "no"}}}}, verdict: pass}}
      - {{facts: {{ssh: {{installed: true, permit_root_login: "yes"}}}}, verdict: fail, observed: "yes"}}
      - {{facts: {{ssh: {{installed: true}}}}, verdict: unknown}}
      - {{facts: {{ssh: {{installed: false}}}}, verdict: not_applicable}}
  - rule: {name}.memory
    cases:
      - {{facts: {{host: {{container: none}}, memory: {{total_bytes: 32000000000}}}}, verdict: pass}}
      - {{facts: {{host: {{container: none}}, memory: {{total_bytes: 8000000000}}}}, verdict: fail, observed: 8 GB}}
      - {{facts: {{host: {{container: none}}}}, verdict: unknown}}
      - {{facts: {{host: {{container: docker}}, memory: {{total_bytes: 8000000000}}}}, verdict: not_applicable}}
)";

Result<void> check_name(const std::string& name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  const bool good = !name.empty() && name.size() <= kMaxNameBytes && name[0] >= 'a' && name[0] <= 'z' && name.back() != '-' && std::all_of(name.begin(), name.end(), fits);
  if (!good) {
    std::string better;
    for (const char c : lower(name))
      if (fits(c)) better += c;
      else if (c == '_' || c == ' ' || c == '.') better += '-';
    better = better.substr(0, kMaxNameBytes);
    while (!better.empty() && (better[0] < 'a' || better[0] > 'z')) better.erase(0, 1);
    while (!better.empty() && better.back() == '-') better.pop_back();
    return fail(ErrorKind::invalid, "'" + printable(name) + "' is no name of a pack: a letter first, then letters in lower case, digits and dashes, at most " +
                                        std::to_string(kMaxNameBytes) + (better.empty() ? std::string() : "; '" + better + "' would be one"));
  }
  if (name == "workloads" || name == "catalogue") return fail(ErrorKind::invalid, "'" + name + "' has a meaning of its own beside packs; choose another name");
  return {};
}

// "2026-11-23" → "2026.11.0"
std::string version_of(const std::string& date) {
  const auto parts = split(date, '-');
  return std::string(parts[0]) + "." + std::to_string(parse_u64(parts[1]).value_or(1)) + ".0";
}

std::string folder_of(const std::string& into, const std::string& name) {
  const auto path = std::filesystem::path(into.empty() ? "." : into).lexically_normal();
  const auto last = path.has_filename() ? path.filename() : path.parent_path().filename();
  return ((last == "packs" ? path : path / "packs") / name).lexically_normal().string();
}

}  // namespace

int run_rules_new(const std::string& name, const std::string& into, bool json) {
  if (auto good = check_name(name); !good) return report_usage(good.error().message);
  const std::string folder = folder_of(into, name);
  struct stat info {};
  if (::lstat(folder.c_str(), &info) == 0) return report_error({ErrorKind::conflict, folder + ": is there already; nothing was changed. Choose another name, or remove it first"});
  const std::string date = to_iso8601(now_seconds()).substr(0, 10);
  std::string title = name;
  std::replace(title.begin(), title.end(), '-', ' ');
  title[0] = static_cast<char>(title[0] - 'a' + 'A');
  const auto fill = [&](std::string_view text) {
    return fmt::format(fmt::runtime(text), fmt::arg("name", name), fmt::arg("version", version_of(date)), fmt::arg("date", date), fmt::arg("title", title));
  };
  if (auto made = make_folder(folder, 0755); !made) return report_error(made.error());
  std::vector<std::string> files;
  for (const auto& [file, text] : {std::pair{"pack.yaml", kPack}, std::pair{"rules.yaml", kRules}, std::pair{"tests.yaml", kTests}}) {
    files.push_back(folder + "/" + file);
    if (auto written = write_file_atomic(files.back(), fill(text), 0644); !written) return report_error(written.error());
  }
  const auto rules = std::filesystem::path(folder).parent_path().parent_path();
  const std::string shown = rules.empty() ? "." : rules.string();
  if (json) print_json({{"pack", name}, {"folder", folder}, {"rules_folder", shown}, {"files", files}});
  else print(join(files, "\n") + "\n\nCheck it, and run its tests:\n  plumbline-collector rules check " + shown + "\n  plumbline-collector rules test " + folder + "\n");
  return kExitOk;
}

}  // namespace plumbline
