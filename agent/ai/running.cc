// SPDX-License-Identifier: Apache-2.0
// Puts together what processes, sockets, containers, units and proxies tell of one AI service.
#include "agent/ai/running.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "agent/ai/authentication.h"
#include "agent/ai/proxies.h"
#include "agent/config/glob.h"
#include "agent/config/shell_words.h"
#include "agent/containers_on_disk.h"
#include "agent/redact.h"
#include "agent/services.h"
#include "agent/stores/answered.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxServices = 256;
constexpr std::size_t kMaxImages = 60;
constexpr std::size_t kMaxPrograms = 256;
constexpr std::size_t kMaxJobsLookedAt = 64;
constexpr std::size_t kMaxLinksOfJob = 256;
constexpr std::size_t kMaxEnvironmentBytes = 256u << 10;
constexpr std::size_t kMaxUnitBytes = 256u << 10;
constexpr std::size_t kShortIdBytes = 12;  // of a container, as Machine::unit_of() gives it

using Environment = std::map<std::string, std::string>;

void add_variable(Environment& found, std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals != std::string_view::npos)
    found[std::string(assignment.substr(0, equals))] = assignment.substr(equals + 1);
}

/// What a unit starts: Environment= and EnvironmentFile= of the file and its drop-ins, and its last ExecStart=.
struct UnitStart {
  Environment environment;
  std::vector<std::string> arguments;
};

UnitStart read_unit(const Host& host, Machine& machine, const std::string& unit) {
  UnitStart start;
  const UnitFile* file = machine.unit(unit);
  if (file == nullptr) return start;
  auto paths = glob(host, "/etc/systemd/system/" + unit + ".d/*.conf");
  paths.insert(paths.begin(), file->path);
  for (const std::string& path : paths) {
    const auto text = host.read_redacted(path, redact_unit, kMaxUnitBytes);
    if (!text) continue;
    for (const std::string_view line : lines(*text)) {
      if (line.starts_with("Environment=")) add_variable(start.environment, line.substr(12));
      if (line.starts_with("ExecStart=")) start.arguments = shell_words(line.substr(10));
      if (!line.starts_with("EnvironmentFile=")) continue;
      std::string_view variables = trim(line.substr(16));
      if (variables.starts_with('-')) variables.remove_prefix(1);  // "-" lets the file be absent
      const auto values = host.read_redacted(variables, redact_variables, kMaxUnitBytes);
      if (!values) continue;
      for (const std::string_view one : lines(*values)) add_variable(start.environment, one);
    }
  }
  return start;
}

bool read_environment(const Host& host, int pid, Environment& found) {
  const auto text = host.read_redacted("/proc/" + std::to_string(pid) + "/environ", redact_environment,
                                       kMaxEnvironmentBytes);
  if (!text || text->empty()) return false;
  for (const std::string_view part : split(*text, '\0')) add_variable(found, part);
  return true;
}

/// "0.0.0.0:11434" and "http://[::]:11434" to the address.
std::string address_of(std::string_view text) {
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos)
    text.remove_prefix(scheme + 3);
  if (text.starts_with('[')) return std::string(text.substr(1, text.find(']') - 1));
  if (std::count(text.begin(), text.end(), ':') == 1) text = text.substr(0, text.find(':'));
  return std::string(text);
}

/// The address that arguments or environment name; empty where they name none.
std::string configured_exposure(const std::vector<std::string>& arguments, const Environment& environment) {
  std::string address = option_value(arguments, {"--host", "--ip", "--ServerApp.ip", "--NotebookApp.ip",
                                                 "--dashboard-host", "--listen", "--server.address", "-H",
                                                 "--http-address", "--server-name", "--bind-address"});
  if (address.starts_with('-')) address = "0.0.0.0";  // "--listen" alone means everybody
  for (const std::string_view name :
       {"OLLAMA_HOST", "JUPYTER_IP", "LLAMA_ARG_HOST", "MLFLOW_HOST", "GRADIO_SERVER_NAME", "STREAMLIT_SERVER_ADDRESS"}) {
    if (address.empty()) address = last_of(environment, std::string(name));
  }
  return address.empty() ? "" : std::string(exposure_of(address_of(address)));
}

std::string package_version(Machine& machine, std::string_view kind) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> packages = {
      {{"ollama", "ollama"}, {"rstudio", "rstudio-server"}, {"triton", "tritonserver"}, {"openvino", "ovms"}}};
  for (const auto& [one, name] : packages) {
    if (one != kind) continue;
    if (const Package* package = machine.package(name)) return upstream_version(package->version);
  }
  return "";
}

std::string_view framework_of(std::string_view kind) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> names = {
      {{"llama_cpp", "llama-cpp-python"},
       {"open_webui", "open-webui"},
       {"airflow", "apache-airflow"},
       {"label_studio", "label-studio"},
       {"jupyter", "jupyterlab"},
       {"tensorrt_llm", "tensorrt-llm"},
       {"llama_factory", "llamafactory"},
       {"torchrun", "torch"}}};
  for (const auto& [one, package] : names)
    if (one == kind) return package;
  return kind;
}

/// The folder of the longest environment that a program or its script lies in; empty where none.
std::string environment_of(const std::vector<Framework>& frameworks, const Process& process) {
  std::string best;
  std::vector<std::string> places = {process.program};
  for (std::size_t i = 0; i < process.arguments.size() && i < 2; ++i) places.push_back(process.arguments[i]);
  for (const std::string& place : places) {
    for (const Framework& framework : frameworks)
      if (place.starts_with(framework.environment + "/") && framework.environment.size() > best.size())
        best = framework.environment;
  }
  return best;
}

/// The version that the service's own environment holds, or the only one there is.
std::string framework_version(const std::vector<Framework>& frameworks, std::string_view kind,
                              const Process* process) {
  const std::string_view name = framework_of(kind);
  const std::string own = process == nullptr ? "" : environment_of(frameworks, *process);
  std::set<std::string> versions;
  for (const Framework& framework : frameworks) {
    if (framework.name != name && !(kind == "jupyter" && framework.name == "notebook")) continue;
    if (!own.empty() && framework.environment == own) return framework.version;
    versions.insert(framework.version);
  }
  return versions.size() == 1 ? *versions.begin() : "";
}

/// Reachable from where, by the ports that an engine publishes.
std::string published_exposure(const Container& container) {
  if (!container.has_settings) return "unknown";
  if (container.network == "host") return "unknown";  // its sockets are the host's; none was seen
  std::string_view widest = "loopback";               // this host and other containers alone
  for (const PublishedPort& one : container.published)
    if (one.protocol == "tcp") widest = wider(widest, exposure_of(one.address));
  return std::string(widest);
}

int published_port(const Container& container, int wanted) {
  int port = 0;
  for (const PublishedPort& one : container.published)
    if (one.protocol == "tcp" && (port == 0 || one.inside == wanted)) port = one.port;
  return port;
}

bool runs_foreign_code(const std::vector<std::string>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const std::string& one) {
    const std::string text = lower(one);
    return text == "--trust-remote-code" || text == "--trust_remote_code" || text == "--trust-remote-code=true" ||
           text == "--trust_remote_code=true";
  });
}

/// One row while it is put together.
struct Row {
  const Product* product = nullptr;
  const Service* service = nullptr;      // what the socket and process tables say
  const Process* process = nullptr;      // nullptr where it may not be seen
  const Container* container = nullptr;  // that holds it
  bool contained = false;
  bool running = true;
};

class Inventory {
 public:
  Inventory(const Host& host, Machine& machine, const std::vector<Framework>& frameworks)
      : host_(host), machine_(machine), frameworks_(frameworks) {}

  AiRunning run() {
    add_running();
    add_own_programs();
    add_containers();
    add_units();
    add_images();
    return {std::move(services_), std::move(images_), {folders_.begin(), folders_.end()}};
  }

 private:
  const Container* container_of(std::string_view unit) {
    const std::size_t colon = unit.find(':');
    if (colon == std::string_view::npos) return nullptr;
    const std::string_view id = unit.substr(colon + 1, kShortIdBytes);
    for (const Container& one : machine_.containers().containers)
      if (one.id.starts_with(id)) return &one;
    return nullptr;
  }

  void add_running() {
    for (const Service& service : machine_.services()) {
      if (service.product->family != ProductFamily::ai) continue;
      Row row;
      row.product = service.product;
      row.service = &service;
      row.process = machine_.process(service.pid);
      if (row.process != nullptr) {
        const std::string unit = machine_.unit_of(service.pid);
        row.contained = contains(unit, ":");
        row.container = container_of(unit);
      }
      if (row.container != nullptr) used_.insert(row.container->id);
      add(row);
    }
    merge_ray();
  }

  /// Ray's head, its dashboard and its store of objects are one cluster to whoever looks at it.
  void merge_ray() {
    std::optional<std::size_t> first;
    json kept = json::array();
    for (json& one : services_) {
      if (one.at("kind") != "ray" || !first) {
        if (one.at("kind") == "ray") first = kept.size();
        kept.push_back(std::move(one));
        continue;
      }
      json& whole = kept.at(*first);
      whole["exposure"] = wider(whole.at("exposure").get<std::string>(), one.at("exposure").get<std::string>());
      if (one.value("port", 0) == find_product("ray")->port) whole["port"] = one.at("port");
      if (whole.at("auth") == "unknown") whole["auth"] = one.at("auth");
    }
    services_ = std::move(kept);
  }

  /// Containers by their image, where no process of theirs was recognised.
  void add_containers() {
    for (const Container& container : machine_.containers().containers) {
      const Product* product = ai_product_of_image(container.image);
      if (product == nullptr || used_.count(container.id) != 0) continue;
      Row row;
      row.product = product;
      row.container = &container;
      row.contained = true;
      row.running = container.running;
      row.process = machine_.process(container.pid);
      add(row);
    }
  }

  AiProcess judged(const Row& row, const std::string& unit) {
    AiProcess found;
    found.kind = row.product->kind;
    found.contained = row.contained;
    if (row.process != nullptr) {
      found.seen = true;
      found.arguments = row.process->arguments;
      found.environment_known = read_environment(host_, row.process->pid, found.environment);
    }
    if (row.container != nullptr && !found.environment_known) {
      found.environment = row.container->environment;
      found.environment_known = true;
    }
    if (row.container != nullptr && !found.seen) {
      found.arguments = row.container->arguments;
      found.seen = true;
    }
    if (!found.environment_known && unit.ends_with(".service"))
      found.environment = read_unit(host_, machine_, unit).environment;
    return found;
  }

  void add_owner(const Row& row, const std::string& unit, AiProcess& service, json& fact) {
    if (row.process != nullptr) {
      if (const auto uid = machine_.uid_of(row.process->pid)) {
        fact["user"] = machine_.user_name(*uid);
        fact["root"] = *uid == 0;
        if (const User* user = machine_.user(*uid)) service.home = user->home;
      }
    } else if (row.container != nullptr) {
      const std::string& user = row.container->user;
      const std::string name = user.substr(0, user.find(':'));
      fact["root"] = name.empty() || name == "0" || name == "root";
    }
    // Jobs and tool servers come and go with whoever started them.
    const bool lasting = row.product->category != "training" && row.product->kind != "mcp";
    if (lasting && (row.contained || !unit.empty())) fact["managed"] = row.contained || unit != "session";
  }

  void add_exposure(const Row& row, const AiProcess& service, json& fact) {
    std::string exposure = "none";
    int port = row.service == nullptr ? 0 : main_port(*row.service);
    const std::string configured = configured_exposure(service.arguments, service.environment);
    if (port != 0) {
      exposure = exposure_of(row.service->sockets);
    } else if (row.container != nullptr) {
      port = published_port(*row.container, row.product->port);
      exposure = row.running ? published_exposure(*row.container) : "none";
    } else if (row.product->category != "training" && row.product->kind != "mcp") {
      exposure = configured.empty() || row.contained ? "unknown" : configured;
    }
    if (port != 0) fact["port"] = port;
    fact["exposure"] = exposure;
    if (!row.contained && !configured.empty() && wider(configured, exposure) != exposure) fact["configured_exposure"] = configured;
  }

  void add_version(const Row& row, json& fact) {
    const std::string_view kind = row.product->kind;
    std::string version;
    std::string source;
    const auto take = [&](std::string text, std::string_view where) {
      if (!version.empty() || text.empty()) return;
      version = std::move(text);
      source = where;
    };
    if (row.container != nullptr) take(version_of_image(row.container->image), "image");
    if (!row.contained) {
      take(package_version(machine_, kind), "package");
      take(framework_version(frameworks_, kind, row.process), "dist-info");
    }
    if (version.empty()) return;
    fact["version"] = version;
    fact["version_source"] = source;
  }

  /// What it said goes before what its files say.
  void add_answer(const Row& row, json& fact) {
    if (row.service == nullptr || row.service->sockets.empty()) return;
    const auto answer = answer_of(machine_, *row.service);
    if (!answer) return;
    if (answer->auth != "unknown") {
      fact["auth"] = answer->auth;
      fact["auth_evidence"] = "answered: " + answer->evidence;
    }
    if (answer->version.empty()) return;
    fact["version"] = answer->version;
    fact["version_source"] = "answer";
  }

  void add_proxy(json& fact) {
    if (!fact.contains("port") || fact.at("exposure") != "loopback") return;
    if (!routes_) routes_ = find_proxy_routes(host_, machine_);
    const int port = fact.at("port").get<int>();
    const ProxyRoute* worst = nullptr;
    const auto rank = [](const ProxyRoute& one) {
      return one.exposure == "loopback" ? 0 : one.auth == "required" ? 1 : one.auth == "unknown" ? 2 : 3;
    };
    for (const ProxyRoute& one : *routes_)
      if (one.port == port && (worst == nullptr || rank(one) > rank(*worst))) worst = &one;
    if (worst == nullptr) return;
    fact["proxy"] = worst->proxy;
    fact["proxy_exposure"] = worst->exposure;
    fact["proxy_auth"] = worst->auth;
    fact["proxy_evidence"] = worst->evidence;
  }

  void note_folders(const Row& row, const AiProcess& service) {
    const auto note = [&](const std::string& path) {
      if (path.starts_with('/') && path.size() > 1 && folders_.size() < kMaxServices) folders_.insert(path);
    };
    if (!row.contained) {
      for (const std::string_view name : {"HF_HUB_CACHE", "TRANSFORMERS_CACHE", "OLLAMA_MODELS"})
        note(last_of(service.environment, std::string(name)));
      if (const std::string home = last_of(service.environment, "HF_HOME"); !home.empty()) note(home + "/hub");
      note(option_value(service.arguments,
                        {"--download-dir", "--model", "-m", "--model-repository", "--model-store", "--model-path",
                         "--models-dir"}));
      if (service.arguments.size() > 2 && service.arguments[2] == "serve" && service.arguments.size() > 3)
        note(service.arguments[3]);  // "vllm serve /models/llama"
    } else if (row.container != nullptr) {
      for (const auto& [inside, outside] : row.container->volumes) {
        if (contains(inside, "model") || contains(inside, "huggingface") || contains(inside, "ollama") || inside == "/data")
          note(outside);
      }
    }
  }

  void add(const Row& row) {
    if (services_.size() >= kMaxServices) return;
    const std::string unit = row.process == nullptr ? "" : machine_.unit_of(row.process->pid);
    AiProcess service = judged(row, unit);
    json fact = {{"kind", row.product->kind},
                 {"category", row.product->category},
                 {"state", row.running ? "running" : "stopped"}};
    add_owner(row, unit, service, fact);
    if (row.product->category == "model_server" && service.seen)
      fact["trust_remote_code"] = runs_foreign_code(service.arguments);
    if (row.container != nullptr) fact["image"] = row.container->image;
    add_exposure(row, service, fact);
    const AiLogin login = ai_authentication(host_, service);
    fact["auth"] = login.auth;
    if (!login.evidence.empty()) fact["auth_evidence"] = login.evidence;
    add_version(row, fact);
    add_answer(row, fact);
    add_proxy(fact);
    note_folders(row, service);
    const bool many = row.product->category == "training" || row.product->kind == "mcp";
    if (many && std::find(services_.begin(), services_.end(), fact) != services_.end()) return;
    services_.push_back(std::move(fact));
  }

  /// A program of an interpreter that no table knows: what its folder or its environment says it is.
  const Product* own_product(const Process& process, bool listens) {
    const auto folder = host_.read_link("/proc/" + std::to_string(process.pid) + "/cwd");
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> folders = {
        {{"/ComfyUI", "comfyui"},
         {"/stable-diffusion-webui", "stable_diffusion_webui"},
         {"/text-generation-webui", "text_generation_webui"},
         {"/AnythingLLM", "anythingllm"},
         {"/openclaw", "openclaw"}}};
    if (folder && listens) {
      for (const auto& [part, kind] : folders)
        if (contains(*folder, part)) return find_product(kind);
    }
    if (holds_accelerator(process)) return find_product(listens ? "ai_app" : "gpu_job");
    const std::string own = environment_of(frameworks_, process);
    if (!listens || own.empty() || own == "/usr" || own == "/usr/local") return nullptr;
    constexpr std::array<std::string_view, 16> telling = {
        "torch",     "transformers", "vllm",        "onnxruntime", "tensorflow",            "llama-cpp-python",
        "langchain", "langgraph",    "llama-index", "haystack-ai", "sentence-transformers", "openai",
        "anthropic", "diffusers",    "crewai",      "faster-whisper"};
    bool found = false;
    for (const Framework& one : frameworks_) {
      if (one.environment != own) continue;
      if (one.name == "gradio") return find_product("gradio");
      found = found || std::find(telling.begin(), telling.end(), one.name) != telling.end();
    }
    return found ? find_product("ai_app") : nullptr;
  }

  bool holds_accelerator(const Process& process) {
    if (!accelerator_) accelerator_ = host_.stat("/dev/nvidiactl").has_value() || host_.stat("/dev/kfd").has_value();
    if (!*accelerator_) return false;
    const std::string folder = "/proc/" + std::to_string(process.pid) + "/fd/";
    const auto entries = host_.list(folder);
    if (!entries) return false;
    std::size_t links = 0;
    for (const FolderEntry& entry : *entries) {
      if (++links > kMaxLinksOfJob) return false;
      const auto target = host_.read_link(folder + entry.name);
      if (target && (target->starts_with("/dev/nvidia") || *target == "/dev/kfd")) return true;
    }
    return false;
  }

  /// Whether it or a process that it comes from is told already.
  bool is_known(const Process& process) {
    const Process* at = &process;
    for (int depth = 0; depth < 8 && at != nullptr && at->pid > 1; ++depth) {
      if (product_of(*at) != nullptr || own_.count(at->pid) != 0) return true;
      at = machine_.process(at->parent);
    }
    return false;
  }

  void add_own_programs() {
    const auto& processes = machine_.processes();
    if (!processes) return;
    std::map<int, Service> listening;
    if (const auto& sockets = machine_.sockets()) {
      for (const Socket& socket : *sockets)
        if (socket.pid > 1 && socket.protocol == "tcp") listening[socket.pid].sockets.push_back(socket);
    }
    std::size_t looked = 0;
    for (const Process& process : *processes) {
      const std::string_view program = base_name(process.arguments.empty() ? process.name : process.arguments[0]);
      const bool script = program.starts_with("python") || program.starts_with("uvicorn") ||
                          program.starts_with("gunicorn") || program == "node" ||
                          base_name(process.program).starts_with("python");
      if (!script || is_known(process)) continue;
      if (++looked > kMaxJobsLookedAt) return;
      const auto sockets = listening.find(process.pid);
      const Product* product = own_product(process, sockets != listening.end());
      if (product == nullptr) continue;
      own_.insert(process.pid);
      Row row;
      row.product = product;
      row.process = &process;
      if (sockets != listening.end()) {
        sockets->second.product = product;
        sockets->second.pid = process.pid;
        row.service = &sockets->second;
      }
      const std::string unit = machine_.unit_of(process.pid);
      row.contained = contains(unit, ":");
      row.container = container_of(unit);
      if (row.container != nullptr) used_.insert(row.container->id);
      add(row);
    }
  }

  /// Services that a unit would start and that do not run: "ollama.service", "vllm@70b.service".
  void add_units() {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 18> units = {
        {{"ollama", "ollama"},         {"vllm", "vllm"},           {"sglang", "sglang"},
         {"llama-server", "llama_cpp"}, {"llamacpp", "llama_cpp"},  {"triton", "triton"},
         {"tritonserver", "triton"},   {"ray", "ray"},             {"jupyter", "jupyter"},
         {"jupyterhub", "jupyter"},    {"jupyterlab", "jupyter"},  {"mlflow", "mlflow"},
         {"open-webui", "open_webui"}, {"litellm", "litellm"},     {"n8n", "n8n"},
         {"comfyui", "comfyui"},       {"text-generation-inference", "tgi"}, {"openclaw", "openclaw"}}};
    for (const UnitFile& unit : machine_.units()) {
      if (!unit.name.ends_with(".service") || services_.size() >= kMaxServices) continue;
      const std::string name = unit.name.substr(0, unit.name.find_first_of(".@"));
      const auto row = std::find_if(units.begin(), units.end(), [&](const auto& one) { return one.first == name; });
      if (row == units.end()) continue;
      const auto kind = row->second;
      const auto running =
          std::find_if(services_.begin(), services_.end(), [&](const json& one) { return one.at("kind") == kind; });
      const UnitStart start = read_unit(host_, machine_, unit.name);
      const std::string configured = configured_exposure(start.arguments, start.environment);
      if (running == services_.end()) {
        AiProcess stopped;
        stopped.kind = kind;
        stopped.seen = !start.arguments.empty();
        stopped.arguments = start.arguments;
        stopped.environment = start.environment;
        stopped.environment_known = true;
        const AiLogin login = ai_authentication(host_, stopped);
        json fact = {{"kind", kind},       {"category", find_product(kind)->category}, {"state", "stopped"},
                     {"exposure", "none"}, {"auth", login.auth},                       {"managed", true}};
        if (!login.evidence.empty()) fact["auth_evidence"] = login.evidence;
        if (const std::string version = package_version(machine_, kind); !version.empty()) {
          fact["version"] = version;
          fact["version_source"] = "package";
        }
        if (!configured.empty() && configured != "loopback") fact["configured_exposure"] = configured;
        services_.push_back(std::move(fact));
      } else if (running->at("exposure") == "loopback" && !configured.empty() && configured != "loopback" &&
                 !running->contains("image")) {
        (*running)["configured_exposure"] = configured;  // changed and not restarted, or overruled by an argument
      }
    }
  }

  void add_images() {
    std::map<std::string, std::string> state;
    for (const ContainerImage& one : machine_.containers().images)
      if (ai_product_of_image(one.name) != nullptr) state.emplace(one.name, "pulled");
    for (const Container& one : machine_.containers().containers) {
      if (ai_product_of_image(one.image) == nullptr) continue;
      std::string& known = state[one.image];
      if (known != "running") known = one.running ? "running" : "stopped";
    }
    for (const auto& [name, how] : state) {
      if (images_.size() == kMaxImages) break;
      json row = {{"image", name}, {"kind", ai_product_of_image(name)->kind}, {"state", how}};
      if (const std::string version = version_of_image(name); !version.empty()) row["version"] = version;
      images_.push_back(std::move(row));
    }
  }

  const Host& host_;
  Machine& machine_;
  const std::vector<Framework>& frameworks_;
  json services_ = json::array();
  json images_ = json::array();
  std::set<std::string> folders_;
  std::set<std::string> used_;  // ids of containers that are told
  std::set<int> own_;           // processes of add_own_programs()
  std::optional<std::vector<ProxyRoute>> routes_;
  std::optional<bool> accelerator_;
};

}  // namespace

AiRunning find_running_ai(const Host& host, Machine& machine, const std::vector<Framework>& frameworks) {
  return Inventory(host, machine, frameworks).run();
}

std::vector<std::string> python_programs(Machine& machine) {
  std::vector<std::string> found;
  const auto& processes = machine.processes();
  if (!processes) return found;
  std::set<std::string> seen;
  for (const Process& process : *processes) {
    const bool python = base_name(process.program).starts_with("python") ||
                        (!process.arguments.empty() && base_name(process.arguments[0]).starts_with("python")) ||
                        product_of(process) != nullptr;
    if (!python) continue;
    for (std::size_t i = 0; i < process.arguments.size() && i < 2; ++i) {
      const std::string& one = process.arguments[i];
      if (!one.starts_with('/') || !contains(one, "/bin/") || one.starts_with("/usr/bin/") || !seen.insert(one).second)
        continue;
      if (contains(machine.unit_of(process.pid), ":")) continue;  // its files are in a container
      found.push_back(one);
      if (found.size() == kMaxPrograms) return found;
    }
  }
  return found;
}

}  // namespace plumbline
