// SPDX-License-Identifier: Apache-2.0
// AI in use, asked for or not: model servers, notebooks, agents, training jobs, frameworks, models.
#include <algorithm>
#include <array>
#include <set>

#include "agent/ai/inventory.h"
#include "agent/ai/running.h"
#include "agent/config/glob.h"
#include "agent/firewall/firewall.h"
#include "agent/probes/all.h"
#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxListedModels = 60;
constexpr std::size_t kMaxListedHooks = 20;

nlohmann::json formats_of(const ModelFiles& models) {
  nlohmann::json formats = nlohmann::json::object();
  for (const auto& [format, count] : models.formats) formats[format] = std::to_string(count);
  return formats;
}

nlohmann::json listed(Machine& machine, const std::vector<Model>& models) {
  nlohmann::json list = nlohmann::json::array();
  for (const Model& model : models) {
    if (list.size() == kMaxListedModels) break;
    list.push_back({{"name", model.name},
                    {"format", model.format},
                    {"size_bytes", model.bytes},
                    {"owner", machine.user_name(model.owner)}});
  }
  return list;
}

void set_models(const Host& host, Machine& machine, Facts& facts, const std::vector<std::string>& more) {
  const ModelFiles models = find_models(host, machine, more);
  facts.set("ai.model_files", models.count);
  facts.set("ai.model_bytes", models.bytes);
  facts.set("ai.model_formats", formats_of(models));
  const auto pickles = models.formats.find("pickle");
  facts.set("ai.pickle_models", pickles == models.formats.end() ? 0 : pickles->second);
  facts.set("ai.models_world_writable", models.world_writable);
  facts.set("ai.ollama_models", models.ollama);
  facts.set("ai.models", listed(machine, models.largest));
}

void set_frameworks(Facts& facts, const PythonSoftware& software) {
  nlohmann::json list = nlohmann::json::array();
  for (const Framework& one : software.frameworks)
    list.push_back({{"name", one.name}, {"version", one.version}, {"environment", one.environment}});
  facts.set("ai.frameworks", std::move(list));
  nlohmann::json hooks = nlohmann::json::array();
  for (const std::string& one : software.start_code)
    if (hooks.size() < kMaxListedHooks) hooks.push_back(one);
  facts.set("ai.start_code", std::move(hooks));
}

void set_agents(const Host& host, Machine& machine, Facts& facts) {
  const AgentSettings settings = find_agent_settings(host, machine);
  facts.set("ai.mcp_configs", settings.files);
  facts.set("ai.mcp_plaintext_tokens", settings.with_tokens);
  facts.set("ai.mcp_servers", settings.servers);
  facts.set("ai.mcp_remote_servers", settings.remote);
  facts.set("ai.mcp_readable_by_others", settings.readable_by_others);
  facts.set("ai.agent_gateway_open", settings.open_gateways);
}

}  // namespace

Result<void> probe_ai(const Host& host, Machine& machine, Facts& facts) {
  const std::vector<std::string> interpreters = python_programs(machine);
  const PythonSoftware software = find_python_software(host, machine, interpreters);
  AiRunning running = find_running_ai(host, machine, software.frameworks);
  add_reach(machine, running.services);
  if (machine.processes())
    facts.set("ai.services", std::move(running.services));
  else
    facts.missing("ai.services", machine.processes().error());
  facts.set("ai.images", std::move(running.images));
  set_frameworks(facts, software);
  set_models(host, machine, facts, running.model_folders);
  set_agents(host, machine, facts);
  return {};
}

}  // namespace plumbline
