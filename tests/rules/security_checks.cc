// SPDX-License-Identifier: Apache-2.0
// docs/security-checks.md is true: every one of the 67 checks has its rules in the packs, with the severity, facts and references it
// names; where the list asks for another severity, the page argues it.
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "rules/fact_values.h"
#include "rules/judge.h"
#include "rules/pack.h"
#include "tests/catch.h"
#include "tests/rules/check_page.h"
#include "tests/rules/fixture.h"

using namespace plumbline;
using namespace plumbline::test;

namespace {

constexpr std::string_view kChecks[] = {
    "ssh.root-login", "ssh.empty-pw", "ssh.password-auth", "ssh.crypto", "ssh.limits", "ssh.keyperms", "acct.uid0", "acct.empty-hash",
    "acct.hash-alg", "acct.svc-shell", "acct.faillock", "acct.pwpolicy", "acct.sudo-nopasswd", "acct.file-perms", "kern.aslr", "kern.ptrace",
    "kern.coredump", "kern.kptr / dmesg / bpf", "kern.userns", "kern.lockdown / cpu-vuln", "net.forward", "net.redirect / rpf / syncookies",
    "fw.active", "fw.docker-bypass", "patch.pending-reboot", "patch.freshness", "patch.unattended", "patch.os-eol", "mac.enabled",
    "disk.luks", "boot.secureboot", "boot.tpm", "boot.grub-perms", "time.sync", "log.audit", "log.persist-remote", "fim.present",
    "backup.present", "tls.expiry", "svc.listeners", "svc.legacy", "db.pg-trust", "db.pg-listen", "db.redis", "db.mongo", "db.elastic",
    "db.mysql", "db.vector-noauth", "ctr.docker-group", "ctr.tcp-2375", "ctr.privileged", "ctr.sock-mount", "ctr.hostns",
    "ctr.toolkit-version", "gpu.driver-floor", "gpu.devperms", "ai.endpoint-exposed", "ai.ollama-env", "ai.vllm-args", "ai.jupyter-token",
    "ai.ray-token", "ai.service-user", "sec.env-secrets", "sec.model-format", "sec.model-perms", "sec.pydeps", "sec.mcp"};

}  // namespace

TEST_CASE("each of the 67 security checks has its rules, and its severity agrees or is argued") {
  const auto rules = load_shipped();
  const auto rows = read_check_page("security-checks.md");
  REQUIRE(rows.size() == 67);
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const CheckRow& row = rows[at];
    INFO(row.check);
    CHECK(row.check == kChecks[at]);
    CHECK_FALSE(row.rules.empty());
    const Severity strongest = check_rules(*rules, row);
    if (row.listed != to_text(strongest)) CHECK_FALSE(row.argued.empty());
  }
}

TEST_CASE("what may be reached is judged once a site says what it expects") {
  const nlohmann::json facts = nlohmann::json::parse(R"({"listeners":{"sockets":[
    {"protocol":"tcp","port":22,"exposure":"any","service":"ssh"},{"protocol":"tcp","port":8443,"exposure":"private","service":""},
    {"protocol":"tcp","port":4444,"exposure":"any","service":""},{"protocol":"udp","port":68,"exposure":"any","service":""},
    {"protocol":"tcp","port":5432,"exposure":"loopback","service":"postgresql"}]}})");
  const auto verdict_with = [&](const std::string& services) {
    test::RulesFolder site;
    site.write("site.yaml", "props: {network-exposure: {expected_services: [" + services + "]}}\n");
    const auto rules = load_shipped(site.path());
    return explain(*find_rule(*rules, "network.expected-services"), facts);
  };
  const Evidence without = explain(*find_rule(*load_shipped(), "network.expected-services"), facts);
  CHECK(without.verdict == Verdict::not_applicable);
  CHECK(without.not_applicable == "depends on what this site sets as expected_services");
  const Evidence failing = verdict_with("ssh, '8443'");
  CHECK(failing.verdict == Verdict::fail);
  CHECK(failing.observed == "port 4444");
  CHECK(verdict_with("ssh, '8443', '4444'").verdict == Verdict::pass);
}

TEST_CASE("a rule that does not concern a host says why, what the host is before what it has") {
  const auto rules = load_shipped();
  const auto why = [&](const std::string& rule, const char* facts) {
    const Evidence evidence = explain(*find_rule(*rules, rule), nlohmann::json::parse(facts));
    CHECK(evidence.verdict == Verdict::not_applicable);
    return evidence.not_applicable;
  };
  CHECK(why("kernel.memory-layout", R"({"host":{"container":"docker"}})") == "a container (docker): this is judged on the machine that runs it");
  CHECK(why("trust.remote-log", R"({"host":{"container":"none"},"roles":{"names":["notebook"]}})") ==
        "its roles: notebook server; asked of: database, AI server, AI card, container host, Kubernetes node, web server");
  CHECK(why("trust.audit", R"({"host":{"container":"none"},"roles":{"names":["workstation"]}})") == "its roles: workstation; not asked of: workstation");
  CHECK(why("trust.file-integrity", R"({"host":{"container":"podman"},"roles":{"names":[]}})") ==
        "its roles: none that was recognised; asked of: database, AI server; a container (podman): this is judged on the machine that runs it");
  CHECK(why("ssh.root-login", R"({"ssh":{"installed":false}})") == "an SSH server is installed: no");
  CHECK(why("accel.driver-security", R"({"accelerators":{}})") == "version of the loaded NVIDIA kernel driver: none found");
  CHECK(why("ai.ray-floor", R"({"ai":{"services":[{"kind":"vllm"},{"kind":"ollama"}]}})")  == "AI services: none of this kind among 2");
  CHECK(why("kernel.bpf", R"({"host":{"container":"none"},"kernel":{"sysctl":{}}})") == "kernel.unprivileged_bpf_disabled: not there on this host");
  CHECK(why("patching.lists-fresh", R"({"host":{"container":"none"},"packages":{"manager":"apk"}})") == "package manager: apk");
}

TEST_CASE("every rule that does not concern a host has words for it, on hosts of every kind") {
  const auto rules = load_shipped();
  for (const char* facts : {R"({"host":{"container":"docker","virtualization":"kvm","cloud_provider":"aws","chassis":"vm"},"roles":{"names":[]},"ssh":{"installed":false},
         "accelerators":{"devices":[]},"ai":{"services":[],"frameworks":[]},"data_stores":{"instances":[]},"containers":{"runtimes":[],"kubernetes_role":"none","running":0},
         "packages":{"manager":"none"},"kernel":{"sysctl":{}},"storage":{"raids":[]},"boot":{"firmware":"bios","grub_config_mode":"none"},"firewall":{"active":false}})",
                            R"({"host":{"container":"none","virtualization":"none","cloud_provider":"none","chassis":"server"},"roles":{"names":["web_server"]},"ssh":{"installed":true,"running":false}})"}) {
    const nlohmann::json parsed = nlohmann::json::parse(facts);
    for (const Rule& rule : rules->rules) {
      if (rule.fleet) continue;
      const Evidence evidence = explain(rule, parsed);
      INFO(rule.id << ": " << evidence.not_applicable);
      CHECK((evidence.verdict == Verdict::not_applicable) == !evidence.not_applicable.empty());
      CHECK_FALSE(contains(evidence.not_applicable, "applies where"));
    }
  }
}
