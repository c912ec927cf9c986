// SPDX-License-Identifier: Apache-2.0
// Probes that open what files hold: certificates made here, container settings, rights of key and start-up
// files.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "agent/machine.h"
#include "agent/probes/all.h"
#include "agent/probes/hardware.h"
#include "tests/agent/scratch.h"
#include "tests/catch.h"

using namespace plumbline;
using nlohmann::json;

namespace {

constexpr std::int64_t kNow = 1795466100;
constexpr std::int64_t kDay = 86400;

struct Made {
  std::string certificate;
  std::string key;
};

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

/// Signed by itself; `bits` of RSA, 0 for an elliptic curve.
Made make_certificate(std::int64_t end, unsigned bits, bool authority = false, const char* name = "db01.example") {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      bits == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen(bits), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
  X509_set_version(made.get(), 2);
  ASN1_TIME_set(X509_getm_notBefore(made.get()), end - 90 * kDay);
  ASN1_TIME_set(X509_getm_notAfter(made.get()), end);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
  X509_set_pubkey(made.get(), key.get());
  X509_EXTENSION* limits = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints,
                                               authority ? "critical,CA:TRUE" : "CA:FALSE");
  X509_add_ext(made.get(), limits, -1);
  X509_EXTENSION_free(limits);
  REQUIRE(X509_sign(made.get(), key.get(), EVP_sha256()) > 0);
  BIO* certificate = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate, made.get());
  BIO* secret = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(secret, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {text_of(certificate), text_of(secret)};
}

using Run = Result<void> (*)(const Host& host, Machine& machine, Facts& facts);

/// The section that one probe makes of a root; `recording` is its recording.json.
Section section_of(const Scratch& root, Run run, json recording = json::object()) {
  recording["answers"]["now"] = std::to_string(kNow);
  root.write("/.plumbline/recording.json", recording.dump());
  const auto host = recorded_host(root.path());
  REQUIRE(host);
  Machine machine(**host);
  Section section;
  Facts facts(section);
  REQUIRE(run(**host, machine, facts));
  return section;
}

json file_stat(std::string mode) {
  return {{"type", "f"}, {"mode", std::move(mode)}, {"uid", 0}, {"gid", 0}, {"size", 1}, {"modified", kNow}};
}

json refused() {
  return {{"error", "permission_denied"}, {"message", "permission denied"}};
}

}  // namespace

TEST_CASE("certificates are counted once, with their ends and the strength of their keys") {
  const Scratch root;
  const Made good = make_certificate(kNow + 60 * kDay, 0);
  const Made ending = make_certificate(kNow + 10 * kDay, 2048);
  const Made ended = make_certificate(kNow - 3 * kDay, 1024);
  const Made authority = make_certificate(kNow - 3 * kDay, 1024, true, "Example Works Root CA 2.0");
  const Made its_own_authority = make_certificate(kNow + 20 * kDay, 2048, true);  // as "openssl req -x509" makes them
  root.write("/etc/nginx/tls/site.crt", good.certificate + authority.certificate);
  root.write("/etc/haproxy/site.pem", good.key + good.certificate);  // the same again, behind its key
  root.write("/etc/postgresql/15/main/server.crt", ending.certificate);
  root.write("/etc/redis/old.cert", ended.certificate);
  root.write("/etc/pki/tls/authority.pem", authority.certificate);
  root.write("/etc/ssl/its_own_authority.crt", its_own_authority.certificate);
  root.write("/etc/ssl/certs/bundle.pem", ended.certificate + good.certificate);
  root.write("/etc/apache2/garbled.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const Section section = section_of(root, probe_certificates);
  CHECK(section.data.at("count") == 4);
  CHECK(section.data.at("expired") == 1);
  CHECK(section.data.at("expiring_30d") == 2);
  CHECK(section.data.at("weak_keys") == 1);
  CHECK(section.data.at("next_expiry_days").get<double>() == Approx(-3.0));
}

TEST_CASE("keys that everybody may read are counted by their mode") {
  const Scratch root;
  for (const char* name : {"/etc/nginx/a.key", "/etc/nginx/b.key", "/etc/nginx/privkey.pem"})
    root.write(name, "secret");
  const json stats = {{"/etc/nginx/a.key", file_stat("0644")},
                      {"/etc/nginx/b.key", file_stat("0640")},
                      {"/etc/nginx/privkey.pem", file_stat("0604")}};
  const Section section = section_of(root, probe_certificates, {{"stats", stats}});
  CHECK(section.data.at("private_keys_too_open") == 2);
  CHECK(section.data.at("count") == 0);
}

TEST_CASE("containers that run are judged by what their settings give them") {
  const Scratch root;
  const auto container = [&](const std::string& id, bool running, const json& settings) {
    const std::string base = "/var/lib/docker/containers/" + id;
    root.write(base + "/config.v2.json",
               json{{"State", {{"Running", running}}}, {"Config", {{"Env", {"PASSWORD=x"}}}}}.dump());
    root.write(base + "/hostconfig.json", settings.dump());
  };
  container("a1", true, {{"Privileged", true}, {"IpcMode", "host"}, {"Binds", {"/etc/:/host/etc:ro"}}});
  container("a2", true,
            {{"CapAdd", {"NET_ADMIN", "SYS_ADMIN"}},
             {"PidMode", "host"},
             {"Mounts", {{{"Type", "bind"}, {"Source", "/run/docker.sock"}}}}});
  container("a3", true,
            {{"Binds", {"/srv/data:/data"}},
             {"NetworkMode", "host"},
             {"PortBindings",
              {{"80/tcp", {{{"HostIp", ""}, {"HostPort", "80"}}}},
               {"81/tcp", {{{"HostIp", "127.0.0.1"}, {"HostPort", "81"}}}},
               {"82/tcp",
                {{{"HostIp", "0.0.0.0"}, {"HostPort", "82"}}, {{"HostIp", "::"}, {"HostPort", "82"}}}}}}});
  container("a4", false, {{"Privileged", true}, {"PidMode", "host"}, {"Binds", {"/:/host"}}});
  root.write("/var/lib/docker/containers/a5/config.v2.json", R"({"State":{"Running":true}})");
  root.write("/var/lib/docker/containers/a5/hostconfig.json", "{garbled");
  const Section section = section_of(root, probe_containers);
  CHECK(section.data.at("running") == 4);
  CHECK(section.data.at("privileged") == 2);
  CHECK(section.data.at("host_mounts") == 2);
  CHECK(section.data.at("host_namespaces") == 2);  // a shared memory space is no finding
  CHECK(section.data.at("published_any") == 3);
}

TEST_CASE("the start-up settings have a mode, none, or a reason why it is not known") {
  const Scratch root;
  CHECK(section_of(root, probe_boot).data.at("grub_config_mode") == "none");
  root.write("/boot/grub2/grub.cfg", "");
  const json open = {{"stats", {{"/boot/grub2/grub.cfg", file_stat("0644")}}}};
  CHECK(section_of(root, probe_boot, open).data.at("grub_config_mode") == "0644");
  const Section closed = section_of(root, probe_boot, {{"stats", {{"/boot/grub2/grub.cfg", refused()}}}});
  CHECK(!closed.data.contains("grub_config_mode"));
  CHECK(closed.missing.count("boot.grub_config_mode") == 1);
}

TEST_CASE("a start menu has a password where its files set one, and no hash leaves the host") {
  const Scratch none;
  CHECK(!section_of(none, probe_boot).data.contains("grub_password"));
  const Scratch debian;
  debian.write("/boot/grub/grub.cfg", "set default=0\nmenuentry 'Debian' {\n  linux /vmlinuz\n}\n# password_pbkdf2 root x\n");
  CHECK(section_of(debian, probe_boot).data.at("grub_password") == false);
  debian.write("/boot/grub/grub.cfg", "set superusers=\"root\"\npassword_pbkdf2 root grub.pbkdf2.sha512.10000.AB.CD\n");
  const Section set = section_of(debian, probe_boot);
  CHECK(set.data.at("grub_password") == true);
  CHECK(set.data.dump().find("pbkdf2") == std::string::npos);
  const Scratch red_hat;
  red_hat.write("/boot/grub2/grub.cfg", "if [ -n \"${GRUB2_PASSWORD}\" ]; then\n  password_pbkdf2 root ${GRUB2_PASSWORD}\nfi\n");
  CHECK(section_of(red_hat, probe_boot).data.at("grub_password") == false);
  red_hat.write("/boot/grub2/user.cfg", "GRUB2_PASSWORD=grub.pbkdf2.sha512.10000.AB.CD\n");
  CHECK(section_of(red_hat, probe_boot).data.at("grub_password") == true);
  const Section closed = section_of(red_hat, probe_boot, {{"redacted", {{"/boot/grub2/user.cfg", refused()}}}});
  CHECK(!closed.data.contains("grub_password"));
  CHECK(closed.missing.count("boot.grub_password") == 1);
}

TEST_CASE("lists of login keys that others may write are counted by account") {
  const Scratch root;
  root.write("/etc/passwd", "root:x:0:0::/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/bash\nbob:x:1001:1001::/home/bob:/bin/bash\n");
  root.write("/usr/sbin/sshd", "");
  root.write("/home/ann/.ssh/authorized_keys", "");
  root.write("/home/bob/.ssh/authorized_keys", "");
  const auto with = [&](const json& stats) { return section_of(root, probe_ssh, {{"stats", stats}}); };
  CHECK(with({{"/home/ann/.ssh/authorized_keys", file_stat("0600")}, {"/home/bob/.ssh/authorized_keys", file_stat("0644")}}).data.at("authorized_keys_too_open") == 0);
  CHECK(with({{"/home/ann/.ssh/authorized_keys", file_stat("0664")}, {"/home/bob/.ssh/authorized_keys", file_stat("0600")}}).data.at("authorized_keys_too_open") == 1);
  const Section closed = with({{"/home/ann/.ssh/authorized_keys", refused()}, {"/home/bob/.ssh/authorized_keys", file_stat("0600")}});
  CHECK(!closed.data.contains("authorized_keys_too_open"));
  CHECK(closed.missing.count("ssh.authorized_keys_too_open") == 1);
  CHECK(with({{"/home/ann/.ssh/authorized_keys", refused()}, {"/home/bob/.ssh/authorized_keys", file_stat("0602")}}).data.at("authorized_keys_too_open") == 1);
}

TEST_CASE("device files of accelerators that everybody may use are counted") {
  const Scratch root;
  for (const char* path : {"/dev/nvidia0", "/dev/nvidia1", "/dev/nvidiactl", "/dev/kfd", "/dev/dri/renderD128", "/dev/dri/card0", "/dev/null"}) root.write(path, "");
  const json stats = {{"/dev/nvidia0", file_stat("0666")},      {"/dev/nvidia1", file_stat("0660")}, {"/dev/nvidiactl", file_stat("0666")}, {"/dev/kfd", file_stat("0666")},
                      {"/dev/dri/renderD128", file_stat("0660")}, {"/dev/dri/card0", file_stat("0666")}, {"/dev/null", file_stat("0666")}};
  CHECK(section_of(root, probe_accelerators, {{"stats", stats}}).data.at("open_devices") == 2);
  const Scratch without;
  CHECK(!section_of(without, probe_accelerators).data.contains("open_devices"));
}
