// SPDX-License-Identifier: Apache-2.0
// No secret leaves: the filter's cases, and canaries planted everywhere on a host that is scanned.
#include "agent/redact.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "agent/config/pg_hba.h"
#include "agent/config/ini.h"
#include "agent/config/rsyslog.h"
#include "agent/config/sudoers.h"
#include "agent/config/time_sources.h"
#include "agent/host.h"
#include "agent/scan.h"
#include "base/text.h"
#include "tests/agent/scratch.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

std::string with_nul(std::string text) {
  for (char& c : text) c = c == ' ' ? '\0' : c;
  return text;
}
std::string arguments(const std::string& text) {
  std::string out = redact_arguments(with_nul(text));
  for (char& c : out) c = c == '\0' ? ' ' : c;
  return std::string(trim(out));
}

}  // namespace

TEST_CASE("Names of secrets are told from names that only speak of them") {
  for (const std::string_view name : {"password", "DB_PASSWORD", "api-key", "apiKey", "secretAccessKey", "MYSQL_PWD", "requirepass", "hf_token", "client_secret", "auth_token", "private_key", "Authorization"}) {
    INFO(name);
    CHECK(is_secret_name(name));
  }
  for (const std::string_view name : {"tokenizer", "max-tokens", "max_new_tokens", "password-file", "password-store", "token-endpoint", "secret_manager", "PASS_MAX_DAYS", "password_encryption", "host", "key", "kv-cache-dtype", "author", "bypass"}) {
    INFO(name);
    CHECK_FALSE(is_secret_name(name));
  }
}

TEST_CASE("Arguments lose their secrets and keep the rest") {
  CHECK(arguments("vllm serve m --api-key abc --port 80") == "vllm serve m --api-key <redacted> --port 80");
  CHECK(arguments("vllm --api-key a b c --port 80") == "vllm --api-key <redacted> <redacted> <redacted> --port 80");
  CHECK(arguments("app --token=abc --tokenizer x --max-tokens 7") == "app --token=<redacted> --tokenizer x --max-tokens 7");
  CHECK(arguments("jupyter-lab --ServerApp.token= --ip=0.0.0.0") == "jupyter-lab --ServerApp.token= --ip=0.0.0.0");
  CHECK(arguments("mysqldump -uroot -psecret db") == "mysqldump -uroot -p<redacted> db");
  CHECK(arguments("redis-cli -a secret ping") == "redis-cli -a <redacted> ping");
  CHECK(arguments("sshpass -p secret ssh host") == "sshpass -p <redacted> ssh host");
  CHECK(arguments("psql postgresql://app:s3cret@db/x") == "psql postgresql://<redacted>@db/x");
  CHECK(arguments("env HF=hf_abcdefghijklmnopqrst run") == "env HF=<redacted> run");
  CHECK(arguments("docker run -e POSTGRES_PASSWORD=x postgres") == "docker run -e POSTGRES_PASSWORD=<redacted> postgres");
  CHECK(arguments("postgres -D /data") == "postgres -D /data");
}

TEST_CASE("A whole command in one argument loses its secrets, too") {
  const auto after_shell = [](const std::string& command) {
    const std::string out = redact_arguments(std::string("sh") + '\0' + "-c" + '\0' + command + '\0');
    return out.substr(6, out.size() - 7);
  };
  CHECK(after_shell("cd /srv && exec vllm serve m --api-key abc --port 80") == "cd /srv && exec vllm serve m --api-key <redacted> --port 80");
  CHECK(after_shell("(app --token 'a b c' x; mysqldump -uroot -pabc db | gzip)") == "(app --token <redacted> <redacted> <redacted> x; mysqldump -uroot -p<redacted> db | gzip)");
  CHECK(after_shell("redis-cli -a abc ping") == "redis-cli -a <redacted> ping");
  CHECK(after_shell("app --password --verbose --token-file /x") == "app --password --verbose --token-file /x");
  CHECK(after_shell("psql postgres://a:b@h/x --quiet") == "psql postgres://<redacted>@h/x --quiet");
  CHECK(redact_unit("ExecStart=/bin/sh -c \"exec app --token abc\"\n") == "ExecStart=/bin/sh -c exec app --token <redacted>\n");
}

TEST_CASE("Every redactor gives the same when it is applied again") {
  const std::string samples[] = {
      "password: hunter2\nurl: amqp://u:p@h/\n  token: |\n    line\n    line\nnext: 1\n", "requirepass foo\nuser default on >abc ~* +@all\nbind 1.2.3.4\n",
      "root:$6$salt$hash:1:2:3\nx::1\ny:!:1\nz:abcdefghijklm:1\nu:$argon2id$v=19$m:1\n", "Environment=\"A_TOKEN=x\" B=c\nExecStart=/bin/app --password x\\\n  --y\n[Service]\nUser=a\n",
      "A_KEY=1\nexport API_KEY='x'\nEMPTY_TOKEN=\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\nafter: 1\n", "{\"a\":{\"apiKey\":\"x\",\"token\":\"${env:T}\"}}",
      "app ALL=(ALL) NOPASSWD: /bin/x --token abc, !/bin/y # note\n@includedir /etc/sudoers.d\nDefaults use_pty, passwd_tries=3\n",
      "server ntp.x iburst key 7\nrestrict -4 default nopeer\n", "*.* action(type=\"omfwd\" target=\"x\" pwd=\"y\")\n*.* @@x:514\n",
      "host all all 10.0.0.0 255.0.0.0 md5\nlocal all all trust\nhost a b ::/0 ldap ldapbindpasswd=x\n", "[mysqld]\npassword=x\nssl\n!includedir /etc/x\nbind-address = 1.1.1.1\n"};
  const Redact redactors[] = {redact_text, redact_arguments, redact_environment, redact_variables, redact_shadow, redact_unit, count_secrets, redact_pg_hba, redact_mysql, redact_postgresql, redact_rsyslog, redact_sudoers, redact_time_sources};
  for (const std::string& sample : samples) {
    for (const Redact redact : redactors) {
      const std::string once = redact(sample);
      INFO(sample << "→" << once);
      CHECK(redact(once) == once);
    }
  }
}

TEST_CASE("Of shadow only the kind of each hash is left") {
  CHECK(redact_shadow("root:$y$j9T$abc$def:19700:0:99999:7:::\na:!$6$x$y:1\nb::1\nc:*:1\nd:abcdefghijklm:1\n") == "root:$y$:\na:!:\nb::\nc:*:\nd:des:\n");
}

TEST_CASE("Of time services' files, and of what forwards logs, only what is read is left") {
  CHECK(redact_time_sources("server ntp.x iburst key Canary\npool 2.x maxsources 4 # Canary\nkeyfile /etc/chrony/chrony.keys\n"
                            "crypto pw Canary\nkeys /etc/ntp.keys\ncmdport 0\nrestrict -4 default kod\nsourcedir /run/a /run/b\n") ==
        "server ntp.x\npool 2.x\ncmdport 0\nrestrict -4 default kod\nsourcedir /run/a /run/b\n");
  const std::string kept = redact_rsyslog("*.* action(type=\"ommysql\" server=\"db\" uid=\"u\" pwd=\"Canary\")\n"
                                          "*.* action(type=\"omelasticsearch\" server=\"es\" uid=\"u\" pwd=\"Canary\" usehttps=\"on\")\n"
                                          "*.* :ommysql:db,logs,u,Canary\n*.* action(type=\"omfwd\" target=\"x\" protocol=\"tcp\" streamdrivermode=\"1\")\n"
                                          "$ActionSendStreamDriverMode 1 # Canary\n$DefaultNetstreamDriverKeyFile /etc/key.pem\n");
  INFO(kept);
  CHECK_FALSE(contains(kept, "Canary"));
  CHECK(contains(kept, "omelasticsearch"));
  CHECK(contains(kept, "$actionsendstreamdrivermode 1\n"));
}

TEST_CASE("Rules of sudo lose the arguments of their commands and keep what they allow") {
  CHECK(redact_sudoers("# Canary\nDefaults use_pty, badpass_message=\"Canary\", logfile=\"/var/log/sudo.log\"\n"
                       "Defaults:anna !requiretty\nCmnd_Alias X = /bin/x Canary\n#1000 ALL=(#0) /bin/x # Canary\n"
                       "app ALL=(ALL) NOPASSWD: /bin/x --token Canary, \\\n  !/bin/y, ALL # Canary\n%sudo\tALL=(ALL:ALL) ALL\n"
                       "@includedir /etc/sudoers.d Canary\n") ==
        "Defaults use_pty, logfile=\"/var/log/sudo.log\"\n#1000 ALL=(#0) /bin/x\napp ALL=(ALL) NOPASSWD: /bin/x <redacted>,!/bin/y,ALL\n"
        "%sudo\tALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n");
}

TEST_CASE("Canaries planted in every file with secrets are not in the scan") {
  const Scratch machine;
  const std::string canary = "CaNaRy7531";
  machine.write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/bash\n");
  machine.write("/etc/shadow", "root:$6$" + canary + "$" + canary + ":1:2:3:::\nada:" + canary + ":1:2:3:::\n");
  machine.write("/etc/redis/redis.conf", "requirepass " + canary + "\nmasterauth " + canary + "\nuser default on >" + canary + " #" + canary + "\n");
  machine.write("/etc/mysql/my.cnf", "[mysqld]\nuser=mysql\n[client]\npassword=" + canary + "\n");
  machine.write("/etc/mongod.conf", "security:\n  authorization: enabled\nnet:\n  tls:\n    certificateKeyFilePassword: " + canary + "\n");
  machine.write("/etc/systemd/system/app.service", "[Service]\nEnvironment=\"TOKEN=" + canary + " " + canary + "\"\nEnvironmentFile=/etc/app.env\nExecStart=/bin/app --password \"x " + canary + "\" --db postgres://u:" + canary + "@h/\n");
  machine.write("/etc/app.env", "PASSWORD=" + canary + "\nDATABASE_URL=postgres://u:" + canary + "@h/\n");
  machine.write("/home/ada/.env", "OPENAI_API_KEY=" + canary + "\n");
  machine.write("/home/ada/.cursor/mcp.json", "{\"mcpServers\":{\"x\":{\"env\":{\"TOKEN\":\"" + canary + "\"},\"args\":[\"--key\",\"" + canary + "\"]}}}");
  machine.write("/home/ada/.jupyter/jupyter_server_config.py", "c.ServerApp.password = '" + canary + "'\nc.ServerApp.token = '" + canary + "'\n");
  machine.write("/etc/cron.d/backup", "1 2 * * * root PGPASSWORD=" + canary + " pg_dump -h x | restic --password-command 'echo " + canary + "' backup\n");
  machine.write("/etc/rsyslog.conf", "*.* action(type=\"ommysql\" server=\"x\" pwd=\"" + canary + "\")\n*.* @@" + canary + "\n");
  machine.write("/etc/ssl/site.pem", "-----BEGIN PRIVATE KEY-----\n" + canary + "\n-----END PRIVATE KEY-----\n");
  machine.write("/etc/docker/daemon.json", "{\"hosts\":[\"unix:///x\"],\"proxies\":{\"https-proxy\":\"http://u:" + canary + "@p\"},\"log-opts\":{\"splunk-token\":\"" + canary + "\"}}");
  machine.write("/etc/containerd/config.toml", "[registry]\n  auth = { password = \"" + canary + "\" }\n");
  machine.write("/etc/clickhouse-server/users.xml", "<users><default><password>" + canary + "</password></default></users>\n");
  machine.write("/etc/default/minio", "MINIO_ROOT_PASSWORD=" + canary + "\n");
  machine.write("/etc/elasticsearch/elasticsearch.yml", "xpack.notification.email.account.x.smtp.password: " + canary + "\nxpack.security.enabled: true\n");
  machine.write("/etc/qdrant/config.yaml", "service:\n  api_key: " + canary + "\n");
  machine.write("/etc/kafka/server.properties", "listeners=SASL_SSL://:9092\nssl.key.password=" + canary + "\n");
  machine.write("/var/lib/docker/containers/abc/config.v2.json", "{\"State\":{\"Running\":true},\"Config\":{\"Env\":[\"TOKEN=" + canary + "\"]}}");
  machine.write("/var/lib/docker/containers/abc/hostconfig.json", "{\"Privileged\":true,\"LogConfig\":{\"Config\":{\"splunk-token\":\"" + canary + "\"}}}");
  machine.write("/data/pg/pg_hba.conf", "host all all 0.0.0.0/0 ldap ldapbindpasswd=" + canary + "\n");
  machine.write("/data/pg/postgresql.conf", "primary_conninfo = 'host=x password=" + canary + "'\narchive_command = 'curl -u u:" + canary + " x'\nssl_passphrase_command = 'echo " + canary + "'\n");
  const std::string processes[][2] = {{"postgres", "/usr/bin/postgres -D /data/pg"}, {"redis-server", "redis-server --requirepass " + canary}, {"mongod", "mongod --config /etc/mongod.conf"},
                                      {"vllm", "/opt/v/bin/python3 /opt/v/bin/vllm serve m --api-key " + canary}, {"jupyter-lab", "python3 /usr/bin/jupyter-lab --ServerApp.token=" + canary},
                                      {"mysql", "mysql -p" + canary}, {"qdrant", "qdrant"}, {"minio", "minio server /data"}, {"clickhouse-serv", "clickhouse-server"},
                                      {"java", "java org.elasticsearch.bootstrap.Elasticsearch"}, {"bash", "bash -c TOKEN=" + canary}};
  int pid = 100;
  for (const auto& [name, command] : processes) {
    const std::string folder = "/proc/" + std::to_string(++pid);
    machine.write(folder + "/stat", std::to_string(pid) + " (" + name + ") S 1 1 1\n");
    machine.write(folder + "/cmdline", with_nul(command + " "));
    machine.write(folder + "/environ", with_nul("SECRET_KEY=" + canary + " OLLAMA_HOST=0.0.0.0 PLAIN=" + canary + " "));
  }
  const auto host = recorded_host(machine.path());
  REQUIRE(host);
  const auto scan = take_scan(**host);
  REQUIRE(scan);
  CHECK(to_json(*scan).find(canary) == std::string::npos);
  CHECK(facts_of(*scan)["data_stores"]["instances"].size() >= 6);
  CHECK(facts_of(*scan)["secrets"]["in_arguments"] == 5);
  CHECK(facts_of(*scan)["secrets"]["world_readable_files"].get<int>() >= 1);
}

}  // namespace plumbline
