// SPDX-License-Identifier: Apache-2.0
// The table of products and how they are recognised. Ports after the products' own documentation.
#include "agent/services.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"

namespace plumbline {
namespace {

using enum ProductFamily;

constexpr std::array kProducts = {
    Product{"postgresql", data_store, "relational", 5432, true},
    Product{"mysql", data_store, "relational", 3306, true},
    Product{"mariadb", data_store, "relational", 3306, false},
    Product{"mssql", data_store, "relational", 1433, true},
    Product{"oracle", data_store, "relational", 1521, true},
    Product{"db2", data_store, "relational", 50000, false},
    Product{"cockroachdb", data_store, "relational", 26257, true},
    Product{"redis", data_store, "key_value", 6379, true},
    Product{"valkey", data_store, "key_value", 6379, false},
    Product{"dragonfly", data_store, "key_value", 6379, false},
    Product{"memcached", data_store, "key_value", 11211, true},
    Product{"mongodb", data_store, "document", 27017, true},
    Product{"couchdb", data_store, "document", 5984, true},
    Product{"elasticsearch", data_store, "search", 9200, true},
    Product{"opensearch", data_store, "search", 9200, false},
    Product{"solr", data_store, "search", 8983, true},
    Product{"meilisearch", data_store, "search", 7700, true},
    Product{"kafka", data_store, "queue", 9092, true},
    Product{"rabbitmq", data_store, "queue", 5672, true},
    Product{"nats", data_store, "queue", 4222, true},
    Product{"mosquitto", data_store, "queue", 1883, true},
    Product{"minio", data_store, "object", 9000, false},
    Product{"ceph", data_store, "object", 6789, false},
    Product{"qdrant", data_store, "vector", 6333, true},
    Product{"milvus", data_store, "vector", 19530, true},
    Product{"weaviate", data_store, "vector", 8080, false},
    Product{"chroma", data_store, "vector", 8000, false},
    Product{"clickhouse", data_store, "relational", 9000, false},
    Product{"influxdb", data_store, "time_series", 8086, true},
    Product{"cassandra", data_store, "document", 9042, true},
    Product{"scylla", data_store, "document", 9042, false},
    Product{"neo4j", data_store, "graph", 7687, true},
    Product{"etcd", data_store, "coordination", 2379, true},
    Product{"zookeeper", data_store, "coordination", 2181, true},

    Product{"ollama", ai, "model_server", 11434, true},
    Product{"vllm", ai, "model_server", 8000, false},
    Product{"sglang", ai, "model_server", 30000, false},
    Product{"llama_cpp", ai, "model_server", 8080, false},
    Product{"tgi", ai, "model_server", 3000, false},
    Product{"tei", ai, "model_server", 3000, false},
    Product{"triton", ai, "model_server", 8000, false},
    Product{"torchserve", ai, "model_server", 8080, false},
    Product{"tensorflow_serving", ai, "model_server", 8501, false},
    Product{"localai", ai, "model_server", 8080, false},
    Product{"lmdeploy", ai, "model_server", 23333, false},
    Product{"lm_studio", ai, "model_server", 1234, false},
    Product{"xinference", ai, "model_server", 9997, false},
    Product{"bentoml", ai, "model_server", 3000, false},
    Product{"llama_rpc", ai, "model_server", 50052, false},
    Product{"nim", ai, "model_server", 8000, false},
    Product{"tensorrt_llm", ai, "model_server", 8000, false},
    Product{"openvino", ai, "model_server", 9000, false},
    Product{"koboldcpp", ai, "model_server", 5001, false},
    Product{"whisper_cpp", ai, "model_server", 8080, false},
    Product{"ray", ai, "orchestration", 8265, true},
    Product{"airflow", ai, "orchestration", 8080, false},
    Product{"prefect", ai, "orchestration", 4200, false},
    Product{"dagster", ai, "orchestration", 3000, false},
    Product{"jupyter", ai, "notebook", 8888, true},
    Product{"rstudio", ai, "notebook", 8787, true},
    Product{"mlflow", ai, "tracking", 5000, false},
    Product{"tensorboard", ai, "tracking", 6006, true},
    Product{"label_studio", ai, "tracking", 8080, false},
    Product{"litellm", ai, "model_server", 4000, false},
    Product{"open_webui", ai, "interface", 8080, false},
    Product{"gradio", ai, "interface", 7860, false},
    Product{"streamlit", ai, "interface", 8501, true},
    Product{"comfyui", ai, "interface", 8188, true},
    Product{"text_generation_webui", ai, "interface", 7860, false},
    Product{"stable_diffusion_webui", ai, "interface", 7860, false},
    Product{"langflow", ai, "agent", 7860, false},
    Product{"flowise", ai, "agent", 3000, false},
    Product{"n8n", ai, "agent", 5678, true},
    Product{"openclaw", ai, "agent", 18789, true},
    Product{"dify", ai, "agent", 5001, false},
    Product{"anythingllm", ai, "interface", 3001, false},
    Product{"librechat", ai, "interface", 3080, false},
    Product{"ragflow", ai, "agent", 9380, false},
    Product{"mcp", ai, "agent", 0, false},
    Product{"ai_app", ai, "interface", 0, false},
    Product{"torchrun", ai, "training", 0, false},
    Product{"deepspeed", ai, "training", 0, false},
    Product{"accelerate", ai, "training", 0, false},
    Product{"axolotl", ai, "training", 0, false},
    Product{"llama_factory", ai, "training", 0, false},
    Product{"gpu_job", ai, "training", 0, false},

    Product{"docker", container, "", 2375, true},
    Product{"docker_proxy", container, "", 0, false},
    Product{"containerd", container, "", 0, false},
    Product{"podman", container, "", 0, false},
    Product{"cri-o", container, "", 0, false},
    Product{"kubelet", container, "", 10250, true},
    Product{"kube-apiserver", container, "", 6443, true},
    Product{"lxc", container, "", 0, false},

    Product{"nginx", web, "", 0, false},
    Product{"apache", web, "", 0, false},
    Product{"caddy", web, "", 0, false},
    Product{"haproxy", web, "", 0, false},
    Product{"traefik", web, "", 0, false},
    Product{"envoy", web, "", 0, false},
    Product{"lighttpd", web, "", 0, false},
    Product{"squid", web, "", 3128, true},
    Product{"tomcat", web, "", 0, false},
    Product{"http", web, "", 80, true},
    Product{"https", web, "", 443, true},

    Product{"ssh", ProductFamily::system, "", 22, true},
    Product{"dns", ProductFamily::system, "", 53, true},
    Product{"dhcp", ProductFamily::system, "", 68, true},
    Product{"ntp", ProductFamily::system, "", 123, true},
    Product{"smtp", ProductFamily::system, "", 25, true},
    Product{"imap", ProductFamily::system, "", 143, true},
    Product{"ftp", ProductFamily::system, "", 21, true},
    Product{"telnet", ProductFamily::system, "", 23, true},
    Product{"tftp", ProductFamily::system, "", 69, true},
    Product{"portmapper", ProductFamily::system, "", 111, true},
    Product{"nfs", ProductFamily::system, "", 2049, true},
    Product{"smb", ProductFamily::system, "", 445, true},
    Product{"vnc", ProductFamily::system, "", 5900, true},
    Product{"rdp", ProductFamily::system, "", 3389, true},
    Product{"rsync", ProductFamily::system, "", 873, true},
    Product{"ldap", ProductFamily::system, "", 389, true},
    Product{"snmp", ProductFamily::system, "", 161, true},
    Product{"syslog", ProductFamily::system, "", 514, false},
    Product{"cups", ProductFamily::system, "", 631, true},
    Product{"mdns", ProductFamily::system, "", 5353, true},
    Product{"epmd", ProductFamily::system, "", 4369, true},
    Product{"rsh", ProductFamily::system, "", 513, true},
    Product{"node_exporter", ProductFamily::system, "", 9100, true},
    Product{"dcgm_exporter", ProductFamily::system, "", 9400, true},
    Product{"prometheus", ProductFamily::system, "", 9090, true},
    Product{"grafana", ProductFamily::system, "", 3000, false},
    Product{"data_catalogue", ProductFamily::system, "", 0, false},
    Product{"change_feed", ProductFamily::system, "", 0, false},
    Product{"zabbix_agent", ProductFamily::system, "", 10050, true},
    Product{"systemd", ProductFamily::system, "", 0, false},
    Product{"tailscale", ProductFamily::system, "", 0, false},
    Product{"openvpn", ProductFamily::system, "", 1194, true},
    Product{"wireguard", ProductFamily::system, "", 51820, true},
};

struct Sign {
  std::string_view text;
  std::string_view kind;
};

/// Names of programs: of the process, of its first argument or of a script that an interpreter runs.
constexpr std::array kPrograms = {
    Sign{"postgres", "postgresql"},
    Sign{"postmaster", "postgresql"},
    Sign{"mysqld", "mysql"},
    Sign{"mariadbd", "mariadb"},
    Sign{"sqlservr", "mssql"},
    Sign{"tnslsnr", "oracle"},
    Sign{"db2sysc", "db2"},
    Sign{"cockroach", "cockroachdb"},
    Sign{"redis-server", "redis"},
    Sign{"keydb-server", "redis"},
    Sign{"valkey-server", "valkey"},
    Sign{"dragonfly", "dragonfly"},
    Sign{"memcached", "memcached"},
    Sign{"mongod", "mongodb"},
    Sign{"mongos", "mongodb"},
    Sign{"meilisearch", "meilisearch"},
    Sign{"nats-server", "nats"},
    Sign{"mosquitto", "mosquitto"},
    Sign{"minio", "minio"},
    Sign{"ceph-mon", "ceph"},
    Sign{"ceph-osd", "ceph"},
    Sign{"radosgw", "ceph"},
    Sign{"qdrant", "qdrant"},
    Sign{"milvus", "milvus"},
    Sign{"weaviate", "weaviate"},
    Sign{"chroma", "chroma"},
    Sign{"clickhouse-server", "clickhouse"},
    Sign{"clickhouse-serv", "clickhouse"},
    Sign{"influxd", "influxdb"},
    Sign{"influxdb3", "influxdb"},
    Sign{"scylla", "scylla"},
    Sign{"etcd", "etcd"},
    Sign{"vllm", "vllm"},
    Sign{"llama-server", "llama_cpp"},
    Sign{"rpc-server", "llama_rpc"},
    Sign{"ggml-rpc-server", "llama_rpc"},
    Sign{"llamafile", "llama_cpp"},
    Sign{"text-generation-launcher", "tgi"},
    Sign{"text-generation-router", "tgi"},
    Sign{"text-embeddings-router", "tei"},
    Sign{"text-generation", "tgi"},
    Sign{"text-embeddings", "tei"},
    Sign{"tritonserver", "triton"},
    Sign{"tensorflow_model_server", "tensorflow_serving"},
    Sign{"local-ai", "localai"},
    Sign{"lmdeploy", "lmdeploy"},
    Sign{"lms", "lm_studio"},
    Sign{"xinference", "xinference"},
    Sign{"xinference-local", "xinference"},
    Sign{"bentoml", "bentoml"},
    Sign{"trtllm-serve", "tensorrt_llm"},
    Sign{"ovms", "openvino"},
    Sign{"koboldcpp", "koboldcpp"},
    Sign{"koboldcpp.py", "koboldcpp"},
    Sign{"whisper-server", "whisper_cpp"},
    Sign{"ray", "ray"},
    Sign{"raylet", "ray"},
    Sign{"gcs_server", "ray"},
    Sign{"airflow", "airflow"},
    Sign{"prefect", "prefect"},
    Sign{"dagster-webserver", "dagster"},
    Sign{"dagit", "dagster"},
    Sign{"jupyter-lab", "jupyter"},
    Sign{"jupyter-notebook", "jupyter"},
    Sign{"jupyter-server", "jupyter"},
    Sign{"jupyter", "jupyter"},
    Sign{"jupyterhub", "jupyter"},
    Sign{"jupyter-labhub", "jupyter"},
    Sign{"jupyterhub-singleuser", "jupyter"},
    Sign{"jupyter-nbclassic", "jupyter"},
    Sign{"rserver", "rstudio"},
    Sign{"mlflow", "mlflow"},
    Sign{"tensorboard", "tensorboard"},
    Sign{"label-studio", "label_studio"},
    Sign{"litellm", "litellm"},
    Sign{"open-webui", "open_webui"},
    Sign{"streamlit", "streamlit"},
    Sign{"comfy", "comfyui"},
    Sign{"comfyui", "comfyui"},
    Sign{"langflow", "langflow"},
    Sign{"flowise", "flowise"},
    Sign{"n8n", "n8n"},
    Sign{"openclaw", "openclaw"},
    Sign{"openclaw-gateway", "openclaw"},
    Sign{"clawdbot", "openclaw"},  // its names before 2026-02
    Sign{"moltbot", "openclaw"},
    Sign{"anythingllm", "anythingllm"},
    Sign{"mcp-proxy", "mcp"},
    Sign{"torchrun", "torchrun"},
    Sign{"deepspeed", "deepspeed"},
    Sign{"accelerate", "accelerate"},
    Sign{"axolotl", "axolotl"},
    Sign{"llamafactory-cli", "llama_factory"},
    Sign{"dockerd", "docker"},
    Sign{"docker-proxy", "docker_proxy"},
    Sign{"containerd", "containerd"},
    Sign{"podman", "podman"},
    Sign{"crio", "cri-o"},
    Sign{"kubelet", "kubelet"},
    Sign{"k3s", "kubelet"},
    Sign{"k3s-server", "kubelet"},
    Sign{"k3s-agent", "kubelet"},
    Sign{"kube-apiserver", "kube-apiserver"},
    Sign{"lxcfs", "lxc"},
    Sign{"lxd", "lxc"},
    Sign{"incusd", "lxc"},
    Sign{"nginx", "nginx"},
    Sign{"apache2", "apache"},
    Sign{"httpd", "apache"},
    Sign{"caddy", "caddy"},
    Sign{"haproxy", "haproxy"},
    Sign{"traefik", "traefik"},
    Sign{"envoy", "envoy"},
    Sign{"lighttpd", "lighttpd"},
    Sign{"squid", "squid"},
    Sign{"sshd", "ssh"},
    Sign{"dropbear", "ssh"},
    Sign{"systemd-resolved", "dns"},
    Sign{"systemd-resolve", "dns"},
    Sign{"dnsmasq", "dns"},
    Sign{"named", "dns"},
    Sign{"unbound", "dns"},
    Sign{"coredns", "dns"},
    Sign{"dhclient", "dhcp"},
    Sign{"dhcpcd", "dhcp"},
    Sign{"systemd-network", "dhcp"},
    Sign{"systemd-networkd", "dhcp"},
    Sign{"NetworkManager", "dhcp"},
    Sign{"chronyd", "ntp"},
    Sign{"ntpd", "ntp"},
    Sign{"systemd-timesyn", "ntp"},
    Sign{"master", "smtp"},
    Sign{"exim4", "smtp"},
    Sign{"sendmail", "smtp"},
    Sign{"dovecot", "imap"},
    Sign{"vsftpd", "ftp"},
    Sign{"proftpd", "ftp"},
    Sign{"pure-ftpd", "ftp"},
    Sign{"in.telnetd", "telnet"},
    Sign{"telnetd", "telnet"},
    Sign{"in.tftpd", "tftp"},
    Sign{"tftpd", "tftp"},
    Sign{"atftpd", "tftp"},
    Sign{"rpcbind", "portmapper"},
    Sign{"rpc.mountd", "nfs"},
    Sign{"rpc.statd", "nfs"},
    Sign{"smbd", "smb"},
    Sign{"nmbd", "smb"},
    Sign{"Xvnc", "vnc"},
    Sign{"Xtigervnc", "vnc"},
    Sign{"x11vnc", "vnc"},
    Sign{"vino-server", "vnc"},
    Sign{"xrdp", "rdp"},
    Sign{"rsync", "rsync"},
    Sign{"slapd", "ldap"},
    Sign{"snmpd", "snmp"},
    Sign{"rsyslogd", "syslog"},
    Sign{"syslog-ng", "syslog"},
    Sign{"cupsd", "cups"},
    Sign{"avahi-daemon", "mdns"},
    Sign{"epmd", "epmd"},
    Sign{"in.rshd", "rsh"},
    Sign{"in.rlogind", "rsh"},
    Sign{"node_exporter", "node_exporter"},
    Sign{"prometheus-node-exporter", "node_exporter"},
    Sign{"dcgm-exporter", "dcgm_exporter"},
    Sign{"prometheus", "prometheus"},
    Sign{"grafana", "grafana"},
    Sign{"grafana-server", "grafana"},
    Sign{"zabbix_agentd", "zabbix_agent"},
    Sign{"zabbix_agent2", "zabbix_agent"},
    Sign{"tailscaled", "tailscale"},
    Sign{"openvpn", "openvpn"},
};

/// Modules and classes within the arguments of python, java, node and beam.
constexpr std::array kArguments = {
    Sign{"org.elasticsearch.", "elasticsearch"},
    Sign{"-Des.path.home", "elasticsearch"},
    Sign{"org.opensearch.", "opensearch"},
    Sign{"-Dopensearch.path.home", "opensearch"},
    Sign{"kafka.Kafka", "kafka"},
    Sign{"kafka.docker.", "kafka"},
    Sign{"org.apache.kafka.connect.cli.", "change_feed"},
    Sign{"io.debezium.server.", "change_feed"},
    Sign{"org.apache.atlas.Atlas", "data_catalogue"},
    Sign{"org.openmetadata.service.", "data_catalogue"},
    Sign{"/datahub-gms/", "data_catalogue"},
    Sign{"org.apache.zookeeper.server.", "zookeeper"},
    Sign{"org.apache.cassandra.service.CassandraDaemon", "cassandra"},
    Sign{"org.neo4j.", "neo4j"},
    Sign{"org.apache.solr", "solr"},
    Sign{"-Dsolr.solr.home", "solr"},
    Sign{"org.apache.catalina.startup", "tomcat"},
    Sign{"org.pytorch.serve.ModelServer", "torchserve"},
    Sign{"rabbit_prelaunch", "rabbitmq"},
    Sign{"-rabbit", "rabbitmq"},
    Sign{"/rabbitmq/", "rabbitmq"},
    Sign{"couch_ini", "couchdb"},
    Sign{"vllm_nvext.entrypoints", "nim"},
    Sign{"vllm.entrypoints", "vllm"},
    Sign{"sglang.launch_server", "sglang"},
    Sign{"llama_cpp.server", "llama_cpp"},
    Sign{"chromadb.app", "chroma"},
    Sign{"chromadb.cli", "chroma"},
    Sign{"text_generation_server", "tgi"},
    Sign{"mlflow.server", "mlflow"},
    Sign{"open_webui.main", "open_webui"},
    Sign{"litellm.proxy", "litellm"},
    Sign{"/ComfyUI/", "comfyui"},
    Sign{"text-generation-webui/", "text_generation_webui"},
    Sign{"stable-diffusion-webui/", "stable_diffusion_webui"},
    Sign{"ray/dashboard/dashboard.py", "ray"},
    Sign{"notebookapp", "jupyter"},
    Sign{"/flowise/", "flowise"},
    Sign{"/n8n/", "n8n"},
    Sign{"/openclaw/", "openclaw"},
    Sign{"@modelcontextprotocol/server-", "mcp"},
    Sign{"torch/distributed/run.py", "torchrun"},
    Sign{"torch/distributed/launch.py", "torchrun"},
};
/// What follows "python -m".
constexpr std::array kModules = {
    Sign{"vllm", "vllm"},
    Sign{"sglang", "sglang"},
    Sign{"jupyterlab", "jupyter"},
    Sign{"notebook", "jupyter"},
    Sign{"jupyter", "jupyter"},
    Sign{"jupyter_server", "jupyter"},
    Sign{"jupyterhub", "jupyter"},
    Sign{"mlflow", "mlflow"},
    Sign{"streamlit", "streamlit"},
    Sign{"langflow", "langflow"},
    Sign{"tensorboard.main", "tensorboard"},
    Sign{"chromadb", "chroma"},
    Sign{"open_webui", "open_webui"},
    Sign{"llama_cpp.server", "llama_cpp"},
    Sign{"litellm", "litellm"},
    Sign{"airflow", "airflow"},
    Sign{"prefect", "prefect"},
    Sign{"ray.dashboard", "ray"},
    Sign{"lmdeploy", "lmdeploy"},
    Sign{"tensorrt_llm.commands.serve", "tensorrt_llm"},
    Sign{"torch.distributed.run", "torchrun"},
    Sign{"torch.distributed.launch", "torchrun"},
    Sign{"deepspeed.launcher.launch", "deepspeed"},
    Sign{"deepspeed.launcher.runner", "deepspeed"},
    Sign{"accelerate.commands.launch", "accelerate"},
    Sign{"axolotl.cli.train", "axolotl"},
    Sign{"llamafactory.cli", "llama_factory"},
};

template <class Table>
std::string_view lookup(const Table& table, std::string_view text) {
  const auto found =
      std::find_if(table.begin(), table.end(), [text](const Sign& sign) { return sign.text == text; });
  return found == table.end() ? std::string_view() : found->kind;
}

bool is_interpreter(std::string_view program) {
  return program.starts_with("python") || program.starts_with("pypy") || program == "node" ||
         program == "nodejs" || program == "sh" || program == "bash" || program == "ruby" ||
         program == "perl";
}

/// Whether the first or, run by an interpreter, the second word is this program.
bool has_program(const std::vector<std::string>& arguments, std::string_view name) {
  for (std::size_t i = 0; i < arguments.size() && i < 2; ++i)
    if (base_name(arguments[i]) == name) return true;
  return false;
}

/// Packages of tool servers by the names that their registries use: "mcp-server-git",
/// "@modelcontextprotocol/server-filesystem@2026.1", "@acme/tickets-mcp".
bool is_mcp_package(std::string_view name) {
  if (name.starts_with("@modelcontextprotocol/server-")) return true;
  name = base_name(name);
  name = name.substr(0, name.find('@', 1));
  if (name.ends_with(".js") || name.ends_with(".py")) name.remove_suffix(3);
  return name.starts_with("mcp-server-") || name.ends_with("-mcp-server") || name.ends_with("-mcp") ||
         name == "mcp-proxy" || name == "mcp-remote";
}

/// Programs that are clients or servers after their first words.
bool serves(std::string_view kind, const std::vector<std::string>& arguments) {
  const auto has = [&](std::initializer_list<std::string_view> wanted) {
    return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& one) {
      return std::find(wanted.begin(), wanted.end(), one) != wanted.end();
    });
  };
  if (kind == "minio") return has({"server", "gateway"});
  if (kind == "redis" || kind == "valkey")  // one that watches others keeps no data
    return !has({"--sentinel", "[sentinel]"}) &&
           !std::any_of(arguments.begin(), arguments.end(), [](const auto& one) { return one.ends_with(" [sentinel]"); });
  if (kind == "chroma")
    return has({"run"}) || std::any_of(arguments.begin(), arguments.end(),
                                       [](const auto& one) { return contains(one, "chromadb.app"); });
  if (kind == "mlflow")
    return has({"server", "ui"}) || std::any_of(arguments.begin(), arguments.end(), [](const auto& one) {
             return contains(one, "mlflow.server");
           });
  if (kind == "airflow")
    return has(
        {"webserver", "scheduler", "api-server", "standalone", "celery", "triggerer", "dag-processor"});
  if (kind == "prefect") return has({"server", "orion", "worker", "agent"});
  if (kind == "vllm")
    return has({"serve"}) || std::any_of(arguments.begin(), arguments.end(),
                                         [](const auto& one) { return contains(one, "vllm.entrypoints"); });
  if (kind == "ray")
    return has({"start"}) || std::none_of(arguments.begin(), arguments.end(), [](const auto& one) {
             return base_name(one) == "ray";  // "ray status" is a client; raylet and gcs_server are not named so
           });
  if (kind == "jupyter" && has_program(arguments, "jupyter"))
    return has({"lab", "notebook", "server", "nbclassic"});
  if (kind == "accelerate") return has({"launch"}) || !has_program(arguments, "accelerate");
  if (kind == "axolotl") return has({"train", "axolotl.cli.train"});
  if (kind == "llama_factory") return has({"train"});
  if (kind == "cockroachdb") return has({"start", "start-single-node", "demo"});
  if (kind == "rsync") return has({"--daemon"});
  if (kind == "podman") return has({"system", "service"});
  if (kind == "streamlit") return has({"run"});
  if (kind == "bentoml") return has({"serve"});
  if (kind == "ssh") return arguments.empty() || !contains(arguments[0], "@");  // not the session of a user
  return true;
}

std::string_view kind_of_argument(const std::string& argument) {
  for (const Sign& sign : kArguments) {
    if (contains(argument, sign.text)) return sign.kind;
  }
  return {};
}

/// What a runner of packages runs: "npm exec n8n@1.2", "npx -y flowise", "uvx mcp-server-git".
std::string_view kind_of_package(const std::vector<std::string>& arguments) {
  std::vector<std::string_view> parts;  // npm writes its whole command into the first argument
  for (const std::string& argument : arguments)
    for (const std::string_view word : words(argument))
      if (parts.size() < 16) parts.push_back(word);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    std::string_view word = parts[i];
    if (word.starts_with('-') || word == "exec" || word == "x" || word == "tool" || word == "run" ||
        base_name(word).starts_with("npx") || base_name(word).starts_with("npm"))
      continue;
    if (is_mcp_package(word)) return "mcp";
    word = base_name(word);
    return lookup(kPrograms, word.substr(0, word.find('@', 1)));
  }
  return {};
}

/// A cut process name stands for the whole one: "text-generation" for text-generation-launcher.
std::string_view kind_of(const Process& process) {
  const auto& arguments = process.arguments;
  // A title that the program wrote itself: "nginx: master process", "postgres: checkpointer",
  // "VLLM::EngineCore".
  const std::string_view first = arguments.empty() ? std::string_view() : std::string_view(arguments[0]);
  if (process.name.starts_with("VLLM::") || first.starts_with("VLLM::")) return "vllm";
  if (process.name.starts_with("sglang::") || first.starts_with("sglang::")) return "sglang";
  if (first.starts_with("ray::")) return "ray";
  if (first.starts_with("ora_pmon_")) return "oracle";
  const std::string_view program =
      base_name(first.substr(0, first.find(first.starts_with('/') ? '\0' : ':')));
  if (program == "ollama" || process.name == "ollama") {
    return std::find(arguments.begin(), arguments.end(), "serve") != arguments.end() ||
                   std::find(arguments.begin(), arguments.end(), "runner") != arguments.end()
               ? "ollama"
               : "";
  }
  if (first.starts_with("npm exec ") || program == "npx" || program == "uvx" || program == "uv" ||
      program == "pipx" || program == "bunx")
    return kind_of_package(arguments);
  const bool interpreted = is_interpreter(program) || is_interpreter(base_name(process.program));
  if (interpreted) {
    for (std::size_t i = 1; i < arguments.size() && i < 8; ++i) {
      if (arguments[i] == "-m" && i + 1 < arguments.size()) {
        if (const auto kind = lookup(kModules, arguments[i + 1]); !kind.empty()) return kind;
        break;
      }
      if (arguments[i].starts_with('-')) continue;
      if (const auto kind = lookup(kPrograms, base_name(arguments[i])); !kind.empty()) return kind;
      if (is_mcp_package(arguments[i])) return "mcp";
      const std::string_view script = base_name(arguments[i]);
      if (script == "npx-cli.js" || script == "npm-cli.js" || script == "npx" || script == "npm" || script == "uvx")
        return kind_of_package({arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end()});
      break;
    }
  }
  if (interpreted || program == "java" || process.name == "java" || process.name == "beam.smp" ||
      program == "gunicorn" || program == "uvicorn" || process.name == "node") {
    for (const std::string& argument : arguments) {
      if (const auto kind = kind_of_argument(argument); !kind.empty()) return kind;
    }
    // Erlang's start: "-s rabbit boot"
    if (process.name == "beam.smp" &&
        std::find(arguments.begin(), arguments.end(), "rabbit") != arguments.end())
      return "rabbitmq";
    if (process.name == "beam.smp" || interpreted || program == "java") return {};
  }
  if (const auto kind = lookup(kPrograms, program); !kind.empty()) return kind;
  return lookup(kPrograms, process.name);
}

/// The topmost process of the same product that leads to this one.
int root_of(Machine& machine, const Process& process, std::string_view kind,
            const std::map<int, const Product*>& products) {
  int root = process.pid;
  const Process* at = &process;
  for (int depth = 0; depth < 16 && at != nullptr; ++depth) {
    const auto known = products.find(at->pid);
    if (known != products.end() && known->second->kind == kind) root = at->pid;
    at = machine.process(at->parent);
  }
  return root;
}

/// It is there, and /proc shows nothing of it but its number.
bool is_unseen(const Process& process) {
  return process.name.empty() && process.program.empty() && process.arguments.empty();
}

/// The port inside the container that a docker-proxy stands for.
int container_port(const Process& process) {
  return static_cast<int>(parse_i64(option_value(process.arguments, {"-container-port"})).value_or(0));
}

class Finder {
 public:
  explicit Finder(Machine& machine) : machine_(machine) {}

  std::vector<Service> run() {
    if (const auto& processes = machine_.processes()) {
      for (const auto& process : *processes) {
        if (const Product* product = product_of(process)) products_[process.pid] = product;
      }
      for (const auto& process : *processes) adopt_unseen(process);
      for (const auto& process : *processes) add_process(process);
    }
    if (const auto& sockets = machine_.sockets()) {
      for (const auto& socket : *sockets) add_socket(socket);
    }
    std::stable_sort(services_.begin(), services_.end(), [](const Service& a, const Service& b) {
      return std::tie(a.product->kind, a.pid) < std::tie(b.product->kind, b.pid);
    });
    return std::move(services_);
  }

 private:
  /// What started a worker and may not be seen itself is of the worker's product: "postgres: 15/main: checkpointer".
  void adopt_unseen(const Process& process) {
    const auto known = products_.find(process.pid);
    const bool worker = !process.arguments.empty() && contains(process.arguments.front(), ": ");
    if (known == products_.end() || !worker) return;
    const Process* parent = machine_.process(process.parent);
    if (parent != nullptr && parent->pid > 1 && is_unseen(*parent)) products_.emplace(parent->pid, known->second);
  }

  void add_process(const Process& process) {
    const auto known = products_.find(process.pid);
    if (known == products_.end() || known->second->kind == "docker_proxy") return;
    const int root = root_of(machine_, process, known->second->kind, products_);
    if (root == process.pid) services_.push_back({known->second, process.pid, {}});
  }

  Service* service_of(int pid) {
    const Process* at = machine_.process(pid);
    for (int depth = 0; depth < 6 && at != nullptr && at->pid > 1; ++depth) {
      const auto known = products_.find(at->pid);
      if (known != products_.end()) {
        const int root = root_of(machine_, *at, known->second->kind, products_);
        const auto found = std::find_if(services_.begin(), services_.end(), [&](const Service& one) {
          return one.pid == root && one.product == known->second;
        });
        return found == services_.end() ? nullptr : &*found;
      }
      at = machine_.process(at->parent);
    }
    return nullptr;
  }

  /// A service of this port's product that has no socket yet; one in a container where the port is published.
  Service* waiting_service(int port) {
    const auto found = std::find_if(services_.begin(), services_.end(), [&](const Service& one) {
      return one.sockets.empty() && one.product->port == port && port != 0;
    });
    return found == services_.end() ? nullptr : &*found;
  }

  void add_socket(const Socket& socket) {
    if (Service* service = service_of(socket.pid)) {
      service->sockets.push_back(socket);
      return;
    }
    int port = socket.port;
    const Process* owner = machine_.process(socket.pid);
    const bool proxy = owner != nullptr &&
                       base_name(owner->program.empty() ? owner->name : owner->program) == "docker-proxy";
    if (proxy) port = container_port(*owner);
    if (socket.protocol != "tcp") return;
    if (owner != nullptr && !is_unseen(*owner) && !proxy && owner->pid != 1)
      return;  // a program we do not know: its port proves nothing
    if (Service* same = published_service(port); same != nullptr && (proxy || socket.pid == 0)) {
      same->sockets.push_back(socket);
    } else if (Service* waiting = waiting_service(port)) {
      waiting->sockets.push_back(socket);
      published_[port] = {waiting->product, waiting->pid};
    } else if (const Product* product = product_of_port(socket.protocol, port)) {
      const auto found = std::find_if(services_.begin(), services_.end(), [&](const Service& one) {
        return one.product == product && !one.sockets.empty() &&
               (one.pid == 0 || product->family == ProductFamily::system);
      });
      if (found != services_.end())
        found->sockets.push_back(socket);
      else
        services_.push_back({product, 0, {socket}});
    }
  }

  Service* published_service(int port) {
    const auto known = published_.find(port);
    if (known == published_.end()) return nullptr;
    const auto found = std::find_if(services_.begin(), services_.end(), [&](const Service& one) {
      return one.product == known->second.first && one.pid == known->second.second;
    });
    return found == services_.end() ? nullptr : &*found;
  }

  Machine& machine_;
  std::map<int, const Product*> products_;
  std::map<int, std::pair<const Product*, int>> published_;
  std::vector<Service> services_;
};

}  // namespace

std::optional<Error> unseen_processes(Machine& machine) {
  const auto& processes = machine.processes();
  if (!processes) return processes.error().kind == ErrorKind::permission_denied ? std::optional(processes.error()) : std::nullopt;
  const bool some = std::any_of(processes->begin(), processes->end(), is_unseen);
  const Mount* proc = machine.mount_of("/proc");
  const bool hidden = proc != nullptr && machine.process(1) == nullptr &&
                      std::any_of(proc->options.begin(), proc->options.end(), [](const std::string& one) {
                        return one.starts_with("hidepid=") && one != "hidepid=0" && one != "hidepid=off";
                      });
  if (!some && !hidden) return std::nullopt;
  return Error{ErrorKind::permission_denied, "permission denied: processes of other users"};
}

const Product* find_product(std::string_view kind) {
  const auto found = std::find_if(kProducts.begin(), kProducts.end(),
                                  [kind](const Product& one) { return one.kind == kind; });
  return found == kProducts.end() ? nullptr : &*found;
}

const Product* product_of(const Process& process) {
  const std::string_view kind = kind_of(process);
  return kind.empty() || !serves(kind, process.arguments) ? nullptr : find_product(kind);
}

const Product* product_of_port(std::string_view protocol, int port) {
  constexpr std::array<std::string_view, 7> datagram = {"dns",  "dhcp", "ntp",      "tftp",
                                                        "snmp", "mdns", "wireguard"};
  if (port >= 5900 && port <= 5909 && protocol == "tcp") return find_product("vnc");
  if ((port == 512 || port == 514) && protocol == "tcp") return find_product("rsh");
  const auto found = std::find_if(kProducts.begin(), kProducts.end(), [&](const Product& one) {
    if (!one.telling || one.port != port) return false;
    const bool by_datagram = std::find(datagram.begin(), datagram.end(), one.kind) != datagram.end();
    return one.kind == "dns" || one.kind == "portmapper" || one.kind == "openvpn" ||
           by_datagram == (protocol == "udp");
  });
  return found == kProducts.end() ? nullptr : &*found;
}

std::vector<Service> find_services(Machine& machine) {
  return Finder(machine).run();
}

int main_port(const Service& service) {
  int lowest = 0;
  for (const auto& socket : service.sockets) {
    if (socket.protocol != "tcp") continue;
    if (socket.port == service.product->port) return socket.port;
    if (lowest == 0 || socket.port < lowest) lowest = socket.port;
  }
  return lowest;
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string option_value(const std::vector<std::string>& arguments,
                         std::initializer_list<std::string_view> names) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    for (const std::string_view name : names) {
      if (arguments[i] == name && i + 1 < arguments.size()) return arguments[i + 1];
      if (arguments[i].size() > name.size() && arguments[i].starts_with(name) &&
          arguments[i][name.size()] == '=')
        return arguments[i].substr(name.size() + 1);
    }
  }
  return "";
}

bool has_option(const std::vector<std::string>& arguments, std::string_view name) {
  return std::any_of(arguments.begin(), arguments.end(), [name](const std::string& one) {
    return one == name || (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=');
  });
}

std::optional<Error> unseen_timers(const Host& host) {
  for (const char* folder : {"/etc/systemd/system", "/etc/systemd/system/timers.target.wants"}) {
    const auto entries = host.list(folder);
    if (!entries && entries.error().kind == ErrorKind::permission_denied) return entries.error();
  }
  return std::nullopt;
}

}  // namespace plumbline
