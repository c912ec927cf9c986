// SPDX-License-Identifier: Apache-2.0
// Authentication of AI services; sources are the products' own manuals, the defaults those of current
// releases.
#include "agent/ai/authentication.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "agent/config/ini.h"
#include "agent/redact.h"
#include "agent/services.h"
#include "agent/stores/store.h"
#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;
constexpr JsonLimits kConfigLimits{kMaxConfigBytes, 16, 20'000, 64u << 10};

bool is_empty_value(std::string_view value) {
  return value.empty() || value == "''" || value == "\"\"" || value == "u''";
}

bool is_login_setting(std::string_view name) {
  return name.ends_with(".token") || name.ends_with(".password") || name.ends_with(".hashed_password");
}

/// Settings of jupyter_server_config.py that decide: "c.ServerApp.token = ''".
std::string redact_jupyter(std::string_view text) {
  std::string out;
  for (const std::string_view raw : lines(text)) {
    std::string_view line = trim(raw);
    if (!line.starts_with("c.")) continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trim(line.substr(0, equals));
    std::string_view value = trim(line.substr(equals + 1));
    value = trim(value.substr(0, value.find(" #")));
    if (!is_login_setting(name)) continue;
    out.append(name).append(" = ").append(is_empty_value(value) ? "''" : kRedacted).append("\n");
  }
  return out;
}

/// The same of jupyter_server_config.json, {"ServerApp":{"token":""}}, in the form of the other file.
std::string redact_jupyter_json(std::string_view text) {
  if (text.starts_with("c.")) return redact_jupyter(text);  // a recording holds what came out
  const auto config = parse_json(text, kConfigLimits);
  std::string out;
  if (!config || !config->is_object()) return out;
  for (const auto& [application, settings] : config->items()) {
    if (!settings.is_object()) continue;
    for (const auto& [name, value] : settings.items()) {
      const std::string whole = "c." + application + "." + name;
      if (!is_login_setting(whole) || !value.is_string() || contains(whole, "\n")) continue;
      out.append(whole).append(" = ").append(value.get_ref<const std::string&>().empty() ? "''" : kRedacted);
      out.append("\n");
    }
  }
  return out;
}

/// What Jupyter's settings say of tokens and passwords, the last word first.
struct JupyterSettings {
  bool emptied = false;   // the token was set to nothing
  bool password = false;  // a token or a password was set
  std::string evidence;

  void look(std::string_view name, std::string_view value, std::string_view where) {
    const bool empty = is_empty_value(value);
    if (name.ends_with(".token")) emptied = empty;
    if (!empty && is_login_setting(name)) password = true;
    evidence = std::string(where) + ": " + std::string(name.substr(name.find_first_not_of('-'))) +
               (empty ? " is empty" : " is set");
  }
};

/// Jupyter makes a token of its own at each start, unless somebody set it to nothing.
AiLogin jupyter(const Host& host, const AiProcess& service) {
  JupyterSettings settings;
  std::vector<std::string> folders = {"/etc/jupyter", "/usr/local/etc/jupyter"};
  if (!service.home.empty()) folders.push_back(service.home + "/.jupyter");
  if (service.contained) folders.clear();
  for (const std::string& folder : folders) {
    for (const std::string_view name : {"jupyter_notebook_config", "jupyter_server_config", "jupyter_lab_config"}) {
      for (const std::string_view end : {".py", ".json"}) {  // what "jupyter server password" writes goes before
        const std::string file = std::string(name) + std::string(end);
        const auto text = host.read_redacted(folder + "/" + file, end == ".py" ? redact_jupyter : redact_jupyter_json,
                                             kMaxConfigBytes);
        if (!text) continue;
        for (const std::string_view line : lines(*text)) {
          const std::size_t equals = line.find(" = ");
          if (equals != std::string_view::npos) settings.look(line.substr(2, equals - 2), line.substr(equals + 3), file);
        }
      }
    }
  }
  if (const auto token = service.environment.find("JUPYTER_TOKEN"); token != service.environment.end()) {
    settings.emptied = is_empty_value(token->second);
    settings.password = settings.password || !settings.emptied;
    settings.evidence = settings.emptied ? "JUPYTER_TOKEN is empty" : "JUPYTER_TOKEN";
  }
  if (!service.seen) return {"unknown", ""};
  for (const std::string& argument : service.arguments) {  // they win over files
    const std::size_t equals = argument.find('=');
    if (!argument.starts_with("--") || equals == std::string::npos) continue;
    const std::string_view name = std::string_view(argument).substr(0, equals);
    if (is_login_setting(name)) settings.look(name, std::string_view(argument).substr(equals + 1), "arguments");
  }
  if (settings.emptied && !settings.password) return {"none", settings.evidence};
  return {"required", settings.evidence.empty() ? "a token is made at each start" : settings.evidence};
}

/// One switch that turns authentication on, by an option or a variable; without it everybody may come.
AiLogin by_key(const AiProcess& service, std::initializer_list<std::string_view> options,
               std::initializer_list<std::string_view> variables) {
  for (const std::string_view option : options)
    if (has_option(service.arguments, option)) return {"required", std::string(option)};
  for (const std::string_view variable : variables)
    if (const auto found = service.environment.find(std::string(variable));
        found != service.environment.end() && !is_empty_value(found->second))
      return {"required", std::string(variable)};
  if (!service.seen || (variables.size() != 0 && !service.environment_known)) return {"unknown", ""};
  std::string names;
  for (const std::string_view option : options) names.append(names.empty() ? "" : ", ").append(option);
  for (const std::string_view variable : variables) names.append(names.empty() ? "" : ", ").append(variable);
  return {"none", "no " + names};
}

AiLogin by_default_on(const AiProcess& service, const std::string& variable, bool off_value) {
  const auto found = service.environment.find(variable);
  if (found == service.environment.end()) return {"required", "its own login, on unless switched off"};
  return {is_on(found->second) == off_value ? "none" : "required", variable + "=" + found->second};
}

AiLogin mlflow(const AiProcess& service) {
  if (!service.seen) return {"unknown", ""};
  const bool basic = option_value(service.arguments, {"--app-name"}) == "basic-auth";
  return basic ? AiLogin{"required", "--app-name basic-auth"} : AiLogin{"none", "no --app-name basic-auth"};
}

AiLogin ray(const AiProcess& service) {
  const auto mode = service.environment.find("RAY_AUTH_MODE");
  if (mode != service.environment.end())
    return {mode->second == "token" ? "required" : "none", "RAY_AUTH_MODE=" + mode->second};
  return service.environment_known ? AiLogin{"none", "RAY_AUTH_MODE is not set"} : AiLogin{"unknown", ""};
}

AiLogin langflow(const AiProcess& service) {
  const auto login = service.environment.find("LANGFLOW_AUTO_LOGIN");
  if (login != service.environment.end())
    return {is_on(login->second) ? "none" : "required", "LANGFLOW_AUTO_LOGIN=" + login->second};
  // Everybody is logged in by itself unless told otherwise.
  return service.environment_known ? AiLogin{"none", "LANGFLOW_AUTO_LOGIN is not set"} : AiLogin{"unknown", ""};
}

AiLogin torchserve(const AiProcess& service) {
  if (has_option(service.arguments, "--disable-token-auth")) return {"none", "--disable-token-auth"};
  return {"unknown", ""};  // on from 0.11.1, and switched off in config.properties as well
}


/// Products with one switch.
AiLogin by_table(const AiProcess& service) {
  const auto is = [&](std::initializer_list<std::string_view> kinds) {
    return std::find(kinds.begin(), kinds.end(), service.kind) != kinds.end();
  };
  if (is({"vllm"})) return by_key(service, {"--api-key"}, {"VLLM_API_KEY"});
  if (is({"sglang", "lmdeploy"})) return by_key(service, {"--api-key", "--api-keys"}, {});
  if (is({"llama_cpp"})) return by_key(service, {"--api-key", "--api-key-file"}, {"LLAMA_API_KEY"});
  if (is({"tgi", "tei"})) return by_key(service, {"--api-key"}, {"API_KEY"});
  if (is({"localai"})) return by_key(service, {"--api-keys"}, {"LOCALAI_API_KEY", "API_KEY"});
  if (is({"litellm"})) return by_key(service, {}, {"LITELLM_MASTER_KEY"});
  if (is({"xinference"})) return by_key(service, {"--auth-config"}, {});
  if (is({"koboldcpp"})) return by_key(service, {"--password"}, {});
  if (is({"prefect"})) return by_key(service, {}, {"PREFECT_SERVER_API_AUTH_STRING"});
  if (is({"text_generation_webui", "stable_diffusion_webui"}))
    return by_key(service, {"--gradio-auth", "--gradio-auth-path"}, {});
  if (is({"anythingllm"})) return by_key(service, {}, {"AUTH_TOKEN"});
  return {"unknown", ""};
}

}  // namespace

AiLogin ai_authentication(const Host& host, const AiProcess& service) {
  const std::string_view kind = service.kind;
  if (kind == "jupyter") return jupyter(host, service);
  if (kind == "mlflow") return mlflow(service);
  if (kind == "ray") return ray(service);
  if (kind == "langflow") return langflow(service);
  if (kind == "torchserve") return torchserve(service);
  if (kind == "open_webui") return by_default_on(service, "WEBUI_AUTH", false);
  if (kind == "n8n") return by_default_on(service, "N8N_USER_MANAGEMENT_DISABLED", true);
  if (kind == "flowise")
    return service.environment.count("FLOWISE_PASSWORD") != 0 ? AiLogin{"required", "FLOWISE_PASSWORD"}
                                                              : AiLogin{"unknown", ""};
  constexpr std::array<std::string_view, 14> open = {
      "ollama",    "triton",  "tensorflow_serving", "comfyui",      "tensorboard", "streamlit",   "lm_studio",
      "bentoml",   "dagster", "llama_rpc",          "nim",          "openvino",    "whisper_cpp", "tensorrt_llm"};
  if (std::find(open.begin(), open.end(), kind) != open.end()) return {"none", "it has no login of its own"};
  constexpr std::array<std::string_view, 6> asks = {"airflow", "label_studio", "rstudio",
                                                    "dify",    "librechat",    "ragflow"};
  if (std::find(asks.begin(), asks.end(), kind) != asks.end()) return {"required", "its own login"};
  return by_table(service);
}

}  // namespace plumbline
