// SPDX-License-Identifier: Apache-2.0
// AI in use, asked for or not: model servers, notebooks, agents, frameworks, models.
#include <algorithm>
#include <array>
#include <set>

#include "agent/ai/authentication.h"
#include "agent/ai/inventory.h"
#include "agent/config/glob.h"
#include "agent/config/ini.h"
#include "agent/probes/all.h"
#include "agent/redact.h"
#include "agent/services.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxServices = 256;
constexpr std::size_t kMaxEnvironmentBytes = 256u << 10;
constexpr std::size_t kMaxUnitBytes = 256u << 10;

using Environment = std::map<std::string, std::string>;

/// Environment= lines of a unit and of its drop-ins.
Environment unit_environment(const Host& host, Machine& machine, const std::string& unit) {
  Environment found;
  const UnitFile* file = machine.unit(unit);
  if (file == nullptr) return found;
  auto paths = glob(host, "/etc/systemd/system/" + unit + ".d/*.conf");
  paths.insert(paths.begin(), file->path);
  for (const std::string& path : paths) {
    const auto text = host.read_redacted(path, redact_unit, kMaxUnitBytes);
    if (!text) continue;
    for (const std::string_view line : lines(*text)) {
      if (!line.starts_with("Environment=")) continue;
      const std::string_view assignment = line.substr(12);
      const std::size_t equals = assignment.find('=');
      if (equals != std::string_view::npos)
        found[std::string(assignment.substr(0, equals))] = assignment.substr(equals + 1);
    }
  }
  return found;
}

bool read_environment(const Host& host, int pid, Environment& found) {
  const auto text = host.read_redacted("/proc/" + std::to_string(pid) + "/environ", redact_environment,
                                       kMaxEnvironmentBytes);
  if (!text || text->empty()) return false;
  for (const std::string_view part : split(*text, '\0')) {
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos)
      found[std::string(part.substr(0, equals))] = part.substr(equals + 1);
  }
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

/// Where no socket could be seen: the address that arguments or environment name.
std::string configured_exposure(const Process* process, const Environment& environment) {
  std::string address;
  if (process != nullptr)
    address = option_value(process->arguments, {"--host", "--ip", "--ServerApp.ip", "--NotebookApp.ip",
                                                "--dashboard-host", "--listen", "--server.address", "-H"});
  for (const std::string_view name : {"OLLAMA_HOST", "JUPYTER_IP", "LLAMA_ARG_HOST", "MLFLOW_HOST",
                                      "GRADIO_SERVER_NAME", "STREAMLIT_SERVER_ADDRESS"}) {
    if (address.empty()) address = last_of(environment, std::string(name));
  }
  return address.empty() ? "unknown" : std::string(exposure_of(address_of(address)));
}

std::string package_version(Machine& machine, std::string_view kind) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> packages = {
      {{"ollama", "ollama"}, {"rstudio", "rstudio-server"}, {"triton", "tritonserver"}}};
  for (const auto& [one, name] : packages) {
    if (one != kind) continue;
    if (const Package* package = machine.package(name)) return upstream_version(package->version);
  }
  return "";
}

/// The version that the service's own environment holds: the longest folder that its program lies in.
std::string framework_version(const std::vector<Framework>& frameworks, std::string_view kind,
                              const Process* process) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> names = {
      {{"llama_cpp", "llama-cpp-python"},
       {"open_webui", "open-webui"},
       {"airflow", "apache-airflow"},
       {"label_studio", "label-studio"},
       {"jupyter", "jupyterlab"},
       {"tgi", "text-generation-server"}}};
  std::string_view name = kind;
  for (const auto& [one, package] : names)
    if (one == kind) name = package;
  std::string version;
  std::size_t best = 0;
  int candidates = 0;
  for (const Framework& framework : frameworks) {
    if (framework.name != name && !(kind == "jupyter" && framework.name == "notebook")) continue;
    ++candidates;
    for (const std::string& place :
         process == nullptr ? std::vector<std::string>{}
                            : std::vector<std::string>{
                                  process->program, process->arguments.empty() ? "" : process->arguments[0],
                                  process->arguments.size() < 2 ? "" : process->arguments[1]}) {
      if (place.starts_with(framework.environment + "/") && framework.environment.size() >= best) {
        best = framework.environment.size();
        version = framework.version;
      }
    }
    if (candidates == 1 && best == 0) version = framework.version;
  }
  return best > 0 || candidates == 1 ? version : "";
}

nlohmann::json running_service(const Host& host, Machine& machine, const Service& service,
                               const std::vector<Framework>& frameworks) {
  AiProcess judged{service.product->kind, machine.process(service.pid), {}, false, ""};
  const std::string unit = judged.process == nullptr ? "" : machine.unit_of(service.pid);
  nlohmann::json fact = {{"kind", service.product->kind}, {"category", service.product->category}};
  if (judged.process != nullptr) {
    judged.environment_known = read_environment(host, service.pid, judged.environment);
    if (!judged.environment_known && unit.ends_with(".service"))
      judged.environment = unit_environment(host, machine, unit);
    if (const auto uid = machine.uid_of(service.pid)) {
      fact["user"] = machine.user_name(*uid);
      fact["root"] = *uid == 0;
      if (const User* user = machine.user(*uid)) judged.home = user->home;
    }
    if (!unit.empty()) fact["managed"] = unit != "session";
    const auto& arguments = judged.process->arguments;
    const bool server = service.product->category == "model_server";
    if (server)
      fact["trust_remote_code"] =
          has_option(arguments, "--trust-remote-code") || has_option(arguments, "--trust_remote_code");
  }
  if (const int port = main_port(service); port != 0) {
    fact["port"] = port;
    fact["exposure"] = exposure_of(service.sockets);
  } else {
    fact["exposure"] = configured_exposure(judged.process, judged.environment);
  }
  fact["auth"] = ai_authentication(host, judged);
  const bool contained = contains(unit, ":");
  std::string version = contained ? "" : package_version(machine, service.product->kind);
  if (version.empty() && !contained)
    version = framework_version(frameworks, service.product->kind, judged.process);
  if (!version.empty()) fact["version"] = version;
  return fact;
}

/// Services that a unit would start and that do not run: "ollama.service", "vllm@70b.service".
void add_installed(Machine& machine, nlohmann::json& services) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 16> units = {
      {{"ollama", "ollama"},
       {"vllm", "vllm"},
       {"sglang", "sglang"},
       {"llama-server", "llama_cpp"},
       {"llamacpp", "llama_cpp"},
       {"triton", "triton"},
       {"tritonserver", "triton"},
       {"ray", "ray"},
       {"jupyter", "jupyter"},
       {"jupyterhub", "jupyter"},
       {"jupyterlab", "jupyter"},
       {"mlflow", "mlflow"},
       {"open-webui", "open_webui"},
       {"litellm", "litellm"},
       {"n8n", "n8n"},
       {"comfyui", "comfyui"}}};
  for (const UnitFile& unit : machine.units()) {
    if (!unit.name.ends_with(".service")) continue;
    const std::string name = unit.name.substr(0, unit.name.find_first_of(".@"));
    const auto row =
        std::find_if(units.begin(), units.end(), [&](const auto& one) { return one.first == name; });
    if (row == units.end() || services.size() >= kMaxServices) continue;
    const bool known = std::any_of(services.begin(), services.end(),
                                   [&](const auto& one) { return one.at("kind") == row->second; });
    if (!known)
      services.push_back({{"kind", row->second},
                          {"category", find_product(row->second)->category},
                          {"exposure", "none"},
                          {"auth", "unknown"},
                          {"managed", true}});
  }
}

}  // namespace

Result<void> probe_ai(const Host& host, Machine& machine, Facts& facts) {
  std::vector<const Service*> running;
  std::vector<std::string> interpreters;
  for (const Service& service : machine.services()) {
    if (service.product->family != ProductFamily::ai || running.size() >= kMaxServices) continue;
    running.push_back(&service);
    const Process* process = machine.process(service.pid);
    if (process == nullptr || contains(machine.unit_of(service.pid), ":")) continue;
    for (const std::string& one : process->arguments)
      if (one.starts_with('/') && interpreters.size() < kMaxServices) interpreters.push_back(one);
  }
  const auto frameworks = find_frameworks(host, machine, interpreters);
  nlohmann::json services = nlohmann::json::array();
  for (const Service* service : running)
    services.push_back(running_service(host, machine, *service, frameworks));
  add_installed(machine, services);
  if (machine.processes())
    facts.set("ai.services", std::move(services));
  else
    facts.missing("ai.services", machine.processes().error());
  nlohmann::json list = nlohmann::json::array();
  for (const Framework& one : frameworks)
    list.push_back({{"name", one.name}, {"version", one.version}, {"environment", one.environment}});
  facts.set("ai.frameworks", std::move(list));
  const ModelFiles models = find_models(host, machine);
  facts.set("ai.model_files", models.count);
  facts.set("ai.model_bytes", models.bytes);
  nlohmann::json formats = nlohmann::json::object();
  for (const auto& [format, count] : models.formats) formats[format] = std::to_string(count);
  facts.set("ai.model_formats", std::move(formats));
  const auto pickles = models.formats.find("pickle");
  facts.set("ai.pickle_models", pickles == models.formats.end() ? 0 : pickles->second);
  facts.set("ai.models_world_writable", models.world_writable);
  facts.set("ai.ollama_models", models.ollama);
  const AgentSettings settings = find_agent_settings(host, machine);
  facts.set("ai.mcp_configs", settings.files);
  facts.set("ai.mcp_plaintext_tokens", settings.with_tokens);
  return {};
}

}  // namespace plumbline
