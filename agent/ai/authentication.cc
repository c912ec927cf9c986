// SPDX-License-Identifier: Apache-2.0
// Authentication of AI services; sources are the products' own manuals, the defaults those of current
// releases.
#include "agent/ai/authentication.h"

#include <algorithm>

#include "agent/config/ini.h"
#include "agent/redact.h"
#include "agent/services.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;

/// Settings of jupyter_server_config.py that decide: "c.ServerApp.token = ''".
std::string redact_jupyter(std::string_view text) {
  std::string out;
  for (const std::string_view raw : lines(text)) {
    std::string_view line = trim(raw);
    if (!line.starts_with("c.")) continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trim(line.substr(0, equals));
    const std::string_view value = trim(line.substr(equals + 1));
    if (!name.ends_with(".token") && !name.ends_with(".password") && !name.ends_with(".hashed_password"))
      continue;
    const bool empty = value == "''" || value == "\"\"" || value == "u''";
    out.append(name).append(" = ").append(empty ? "''" : kRedacted).append("\n");
  }
  return out;
}

bool is_empty_value(std::string_view value) {
  return value.empty() || value == "''" || value == "\"\"";
}

/// Jupyter makes a token of its own at each start, unless somebody set it to nothing.
std::string jupyter(const Host& host, const AiProcess& service) {
  bool emptied = false;
  bool password =
      service.environment.count("JUPYTER_TOKEN") != 0 && !service.environment.at("JUPYTER_TOKEN").empty();
  const auto look = [&](std::string_view name, std::string_view value) {
    if (name.ends_with(".token") && is_empty_value(value)) emptied = true;
    if ((name.ends_with(".token") || name.ends_with("password")) && !is_empty_value(value)) password = true;
  };
  std::vector<std::string> folders = {"/etc/jupyter", "/usr/local/etc/jupyter"};
  if (!service.home.empty()) folders.push_back(service.home + "/.jupyter");
  for (const std::string& folder : folders) {
    for (const std::string_view file :
         {"jupyter_notebook_config.py", "jupyter_server_config.py", "jupyter_lab_config.py"}) {
      const auto text = host.read_redacted(folder + "/" + std::string(file), redact_jupyter, kMaxConfigBytes);
      if (!text) continue;
      for (const std::string_view line : lines(*text)) {
        const std::size_t equals = line.find(" = ");
        if (equals != std::string_view::npos) look(line.substr(0, equals), line.substr(equals + 3));
      }
    }
  }
  if (service.process == nullptr) return "unknown";
  for (const std::string& argument : service.process->arguments) {  // they win over files
    const std::size_t equals = argument.find('=');
    if (!argument.starts_with("--") || equals == std::string::npos) continue;
    const std::string_view name = std::string_view(argument).substr(0, equals);
    if (name.ends_with(".token")) emptied = false;
    look(name, std::string_view(argument).substr(equals + 1));
  }
  return emptied && !password ? "none" : "required";
}

/// One switch that turns authentication on, by an option or a variable; without it everybody may come.
std::string by_key(const AiProcess& service, std::initializer_list<std::string_view> options,
                   std::initializer_list<std::string_view> variables) {
  if (service.process != nullptr) {
    for (const std::string_view option : options)
      if (has_option(service.process->arguments, option)) return "required";
  }
  for (const std::string_view variable : variables)
    if (service.environment.count(std::string(variable)) != 0) return "required";
  const bool told = service.process != nullptr && (variables.size() == 0 || service.environment_known);
  return told ? "none" : "unknown";
}

std::string by_default_on(const AiProcess& service, const std::string& variable, bool off_value) {
  const auto found = service.environment.find(variable);
  if (found == service.environment.end()) return "required";
  return is_on(found->second) == off_value ? "none" : "required";
}

}  // namespace

std::string ai_authentication(const Host& host, const AiProcess& service) {
  const std::string_view kind = service.kind;
  if (kind == "jupyter") return jupyter(host, service);
  if (kind == "vllm") return by_key(service, {"--api-key"}, {"VLLM_API_KEY"});
  if (kind == "sglang" || kind == "lmdeploy") return by_key(service, {"--api-key", "--api-keys"}, {});
  if (kind == "llama_cpp") return by_key(service, {"--api-key", "--api-key-file"}, {"LLAMA_API_KEY"});
  if (kind == "tgi" || kind == "tei") return by_key(service, {"--api-key"}, {"API_KEY"});
  if (kind == "localai") return by_key(service, {"--api-keys"}, {"LOCALAI_API_KEY", "API_KEY"});
  if (kind == "litellm") return by_key(service, {}, {"LITELLM_MASTER_KEY"});
  if (kind == "xinference") return by_key(service, {"--auth-config"}, {});
  if (kind == "mlflow") {
    return service.process == nullptr                                                 ? "unknown"
           : option_value(service.process->arguments, {"--app-name"}) == "basic-auth" ? "required"
                                                                                      : "none";
  }
  if (kind == "ray") {
    const auto mode = service.environment.find("RAY_AUTH_MODE");
    if (mode != service.environment.end()) return mode->second == "token" ? "required" : "none";
    return service.environment_known ? "none" : "unknown";
  }
  if (kind == "prefect") return by_key(service, {}, {"PREFECT_SERVER_API_AUTH_STRING"});
  // None of these has a login of its own.
  for (const std::string_view open : {"ollama", "triton", "tensorflow_serving", "comfyui", "tensorboard",
                                      "streamlit", "lm_studio", "bentoml", "dagster"})
    if (kind == open) return "none";
  if (kind == "open_webui") return by_default_on(service, "WEBUI_AUTH", false);
  if (kind == "n8n") return by_default_on(service, "N8N_USER_MANAGEMENT_DISABLED", true);
  if (kind == "langflow") {
    const auto login = service.environment.find("LANGFLOW_AUTO_LOGIN");
    if (login != service.environment.end()) return is_on(login->second) ? "none" : "required";
    return service.environment_known ? "none"
                                     : "unknown";  // everybody is logged in by itself unless told otherwise
  }
  if (kind == "flowise") return service.environment.count("FLOWISE_PASSWORD") != 0 ? "required" : "unknown";
  if (kind == "text_generation_webui" || kind == "stable_diffusion_webui")
    return by_key(service, {"--gradio-auth", "--gradio-auth-path"}, {});
  for (const std::string_view asks : {"airflow", "label_studio", "rstudio"})
    if (kind == asks) return "required";
  return "unknown";
}

}  // namespace plumbline
