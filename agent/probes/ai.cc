// SPDX-License-Identifier: Apache-2.0
// AI in use, asked for or not: model servers, notebooks, agents, training jobs, frameworks, models.
#include <algorithm>
#include <array>
#include <optional>
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

/// The host, and the first thing that it would not show.
class NotingHost final : public Host {
 public:
  explicit NotingHost(const Host& host) : host_(host) {}

  Result<std::string> read(std::string_view path, std::size_t limit) const override { return noted(host_.read(path, limit)); }
  Result<std::string> read_redacted(std::string_view path, Redact redact, std::size_t limit) const override {
    return noted(host_.read_redacted(path, redact, limit));
  }
  Result<std::vector<FolderEntry>> list(std::string_view path) const override { return noted(host_.list(path)); }
  Result<std::string> read_link(std::string_view path) const override { return noted(host_.read_link(path)); }
  Result<FileStat> stat(std::string_view path, bool follow) const override { return noted(host_.stat(path, follow)); }
  Result<std::string> ask(std::string_view question) const override { return host_.ask(question); }

  const std::optional<Error>& refusal() const { return refusal_; }

 private:
  template <class Value>
  Result<Value> noted(Result<Value> answer) const {
    if (!answer && !refusal_ && answer.error().kind == ErrorKind::permission_denied) refusal_ = answer.error();
    return answer;
  }

  const Host& host_;
  mutable std::optional<Error> refusal_;
};

/// Why home folders may be unknown: a machine without a single user has an /etc/passwd that cannot be understood.
std::optional<Error> unread_homes(Machine& machine) {
  const auto& users = machine.users();
  if (!users) return users.error().kind == ErrorKind::not_found ? std::nullopt : std::optional(users.error());
  if (!users->empty()) return std::nullopt;
  return Error{ErrorKind::invalid, "/etc/passwd: names no user"};
}

/// Sums over folders, one of which may not have been read: then they are not known.
class Sums {
 public:
  Sums(Facts& facts, std::optional<Error> unread) : facts_(facts), unread_(std::move(unread)) {}

  template <class Value>
  void set(std::string_view path, Value value) {
    if (unread_) facts_.missing(path, *unread_);
    else facts_.set(path, nlohmann::json(std::move(value)));
  }

  /// What was found is there; what else there may be is told as missing.
  void set_list(std::string_view path, nlohmann::json found) {
    facts_.set(path, std::move(found));
    if (unread_) facts_.missing(path, *unread_);
  }

 private:
  Facts& facts_;
  std::optional<Error> unread_;
};

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
  const NotingHost noting(host);
  const ModelFiles models = find_models(noting, machine, more);
  std::optional<Error> unread = noting.refusal() ? noting.refusal() : unread_homes(machine);
  if (models.cut) unread = Error{ErrorKind::limit, "model folders: more files than a scan looks at"};
  Sums sums(facts, unread);
  sums.set("ai.model_files", models.count);
  sums.set("ai.model_bytes", models.bytes);
  sums.set("ai.model_formats", formats_of(models));
  const auto pickles = models.formats.find("pickle");
  sums.set("ai.pickle_models", pickles == models.formats.end() ? 0 : pickles->second);
  sums.set("ai.models_world_writable", models.world_writable);
  sums.set_list("ai.ollama_models", models.ollama);
  sums.set_list("ai.models", listed(machine, models.largest));
}

void set_frameworks(Facts& facts, const PythonSoftware& software, const std::optional<Error>& unread) {
  nlohmann::json list = nlohmann::json::array();
  for (const Framework& one : software.frameworks)
    list.push_back({{"name", one.name}, {"version", one.version}, {"environment", one.environment}});
  Sums sums(facts, unread);
  sums.set_list("ai.frameworks", std::move(list));
  nlohmann::json hooks = nlohmann::json::array();
  for (const std::string& one : software.start_code)
    if (hooks.size() < kMaxListedHooks) hooks.push_back(one);
  sums.set_list("ai.start_code", std::move(hooks));
}

void set_agents(const Host& host, Machine& machine, Facts& facts) {
  const NotingHost noting(host);
  const AgentSettings settings = find_agent_settings(noting, machine);
  Sums sums(facts, noting.refusal() ? noting.refusal() : unread_homes(machine));
  sums.set("ai.mcp_configs", settings.files);
  sums.set("ai.mcp_plaintext_tokens", settings.with_tokens);
  sums.set("ai.mcp_servers", settings.servers);
  sums.set("ai.mcp_remote_servers", settings.remote);
  sums.set("ai.mcp_readable_by_others", settings.readable_by_others);
  sums.set("ai.agent_gateway_open", settings.open_gateways);
}

}  // namespace

Result<void> probe_ai(const Host& host, Machine& machine, Facts& facts) {
  const std::vector<std::string> interpreters = python_programs(machine);
  const NotingHost noting(host);
  const PythonSoftware software = find_python_software(noting, machine, interpreters);
  AiRunning running = find_running_ai(host, machine, software.frameworks);
  add_reach(machine, running.services);
  if (machine.processes())
    facts.set("ai.services", std::move(running.services));
  else
    facts.missing("ai.services", machine.processes().error());
  facts.set("ai.images", std::move(running.images));
  set_frameworks(facts, software, noting.refusal() ? noting.refusal() : unread_homes(machine));
  set_models(host, machine, facts, running.model_folders);
  set_agents(host, machine, facts);
  return {};
}

}  // namespace plumbline
