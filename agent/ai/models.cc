// SPDX-License-Identifier: Apache-2.0
// Model files in the usual places, and settings of agent tools.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "agent/ai/inventory.h"
#include "agent/config/glob.h"
#include "agent/redact.h"
#include "agent/services.h"
#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr int kMaxDepth = 6;                 // hub/models--x--y/snapshots/<revision>/folder/file
constexpr std::size_t kMaxEntries = 20'000;  // over all places
constexpr int kMaxModelFiles = 10'000;
constexpr int kMaxHeads = 300;
constexpr std::uint64_t kLeastModelBytes = 1u << 20;
constexpr std::size_t kMaxSettingsBytes = 2u << 20;

/// "models--meta-llama--Llama-3.1-8B" of the hub's cache to "meta-llama/Llama-3.1-8B".
std::string hub_name(std::string_view folder) {
  folder.remove_prefix(std::string_view("models--").size());
  std::string name(folder);
  if (const std::size_t dashes = name.find("--"); dashes != std::string::npos) name.replace(dashes, 2, "/");
  return name;
}

std::optional<unsigned> byte_at(std::string_view hexadecimal, std::size_t index) {
  if (hexadecimal.size() < 2 * index + 2) return std::nullopt;
  const auto value = parse_hex(hexadecimal.substr(2 * index, 2));
  return value ? std::optional(static_cast<unsigned>(*value)) : std::nullopt;
}

/// The name of a zip's first entry as far as the head shows it: at byte 30, its length at 26 (APPNOTE 4.3.7).
std::string first_entry(std::string_view head) {
  const unsigned low = byte_at(head, 26).value_or(0);
  const unsigned high = byte_at(head, 27).value_or(0);
  std::string name;
  for (std::size_t i = 0; i < low + 256 * high; ++i) {
    const auto one = byte_at(head, 30 + i);
    if (!one) break;
    name += static_cast<char>(*one);
  }
  return name;
}

enum class Name { model, zip_or_pickle, unclear, none };

Name name_tells(std::string_view text) {
  const auto ends = [&](std::initializer_list<std::string_view> wanted) {
    return std::any_of(wanted.begin(), wanted.end(), [&](auto one) { return text.ends_with(one); });
  };
  if (ends({".gguf", ".ggml", ".safetensors", ".onnx"})) return Name::model;
  if (ends({".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".mar"})) return Name::zip_or_pickle;
  if (ends({".bin", ".h5", ".keras", ".engine", ".plan"}) || text.starts_with("sha256-")) return Name::unclear;
  return Name::none;
}

/// By the first 64 bytes; empty where they are nothing we know.
std::string format_of_bytes(std::string_view head, std::string_view name, Name tells) {
  if (head.starts_with("47475546")) return "gguf";  // "GGUF"
  if (head.starts_with("6c6d6767") || head.starts_with("746a6767") || head.starts_with("666d6767"))
    return "ggml";  // "lmgg", "tjgg" and "fmgg", its predecessors
  if (head.size() >= 18 && head.substr(16, 2) == "7b")
    return "safetensors";  // eight bytes of length, then "{"
  if (head.starts_with("504b0304")) {
    // torch writes "<name>/data.pkl" first; a long name may hide the end of it.
    const std::string entry = first_entry(head);
    if (contains(entry, "data.pkl") || tells == Name::zip_or_pickle) return "pickle";
    if (name.ends_with(".keras")) return "keras";
    const bool cut = entry.size() == head.size() / 2 - std::min<std::size_t>(30, head.size() / 2);
    return cut && tells == Name::unclear ? "pickle" : "";
  }
  for (const std::string_view protocol : {"8002", "8003", "8004", "8005"})
    if (head.starts_with(protocol)) return "pickle";
  if (head.starts_with("894844460d0a1a0a")) return name.ends_with(".h5") || name.ends_with(".keras") ? "keras" : "";
  if (head.starts_with("66747274") || name.ends_with(".engine") || name.ends_with(".plan")) return "tensorrt";  // "ftrt"
  // ONNX is a protobuf whose first field is the version of the format: 08 03 … 08 0f.
  if (name.ends_with(".onnx")) return head.starts_with("080") ? "onnx" : "";
  if (tells == Name::zip_or_pickle && !name.ends_with(".mar")) return "pickle";  // compressed, or protocol 0
  return "";
}

/// Where the bytes could not be read: names that libraries give their files.
std::string format_of_name(std::string_view name, Name tells) {
  if (name.ends_with(".gguf") || name.ends_with(".ggml") || name.starts_with("sha256-")) return "gguf";
  if (name.ends_with(".safetensors")) return "safetensors";
  if (name.ends_with(".onnx")) return "onnx";
  if (name.starts_with("pytorch_model") || name.starts_with("adapter_model") || name.starts_with("consolidated"))
    return "pickle";
  return tells == Name::zip_or_pickle ? "pickle" : "";
}

class Walk {
 public:
  Walk(const Host& host, ModelFiles& found) : host_(host), found_(found) {}

  /// `model` is what files below are counted for; empty where each folder is a model of its own.
  void folder(const std::string& path, int depth, const std::string& model = "") {
    if (!seen_.insert(path).second) return;
    const auto entries = host_.list(path);
    if (!entries) return;
    const auto stat = host_.stat(path);
    if (!stat) return;
    // In a sticky folder nobody can replace what is another's.
    if ((stat->mode & 0002) != 0 && (stat->mode & 01000) == 0 && !entries->empty()) ++found_.world_writable;
    for (const auto& entry : *entries) {
      if (++entries_ > kMaxEntries || found_.count >= kMaxModelFiles) {
        found_.cut = true;
        return;
      }
      const std::string below = path + "/" + entry.name;
      if (entry.type == FileType::folder) {
        if (depth >= kMaxDepth || entry.name == ".git" || entry.name == ".locks" || entry.name == "blobs") continue;
        folder(below, depth + 1, entry.name.starts_with("models--") ? hub_name(entry.name) : model);
      } else {
        file(below, entry, model.empty() ? name_of(path, entry.name) : model);
      }
    }
  }

  /// A folder of Ollama's: its files are listed under the names of its manifests.
  void blobs(const std::string& path) { folder(path, kMaxDepth, "Ollama"); }

  std::vector<Model> largest() {
    std::vector<Model> models;
    for (const auto& [name, model] : models_) {
      models.push_back(model);
      models.back().format.clear();
      for (const std::string& format : formats_.at(name))
        models.back().format.append(models.back().format.empty() ? "" : ", ").append(format);
    }
    std::stable_sort(models.begin(), models.end(), [](const Model& a, const Model& b) { return a.bytes > b.bytes; });
    return models;
  }

 private:
  /// A file beside others in "models" is a model; a file in "models/llama" belongs to "llama".
  static std::string name_of(std::string_view folder, std::string_view file) {
    const std::string_view last = base_name(folder);
    constexpr std::array<std::string_view, 6> common = {"models", "hub", "checkpoints", "loras", "vae", "blobs"};
    const bool shared = std::find(common.begin(), common.end(), last) != common.end();
    return std::string(shared ? file : last);
  }

  void file(const std::string& path, const FolderEntry& entry, const std::string& model) {
    const std::string name = lower(entry.name);
    const Name tells = name_tells(name);
    if (tells == Name::none) return;
    // Revisions of the hub's cache are links to the same blob.
    if (entry.type == FileType::link) {
      const auto target = host_.read_link(path);
      const std::string key = model + " " + (target ? std::string(base_name(*target)) : name);
      if (target && contains(*target, "blobs/") && !blobs_.insert(key).second) return;
    }
    const auto stat = host_.stat(path);
    if (!stat || stat->type != FileType::regular) return;
    if (tells == Name::unclear && stat->size_bytes < kLeastModelBytes) return;
    if (stat->size_bytes < 8) return;
    const auto head = ++heads_ <= kMaxHeads ? host_.ask("head:" + path)
                                            : Result<std::string>(fail(ErrorKind::limit, "too many files"));
    const std::string format = head ? format_of_bytes(*head, name, tells) : format_of_name(name, tells);
    if (format.empty()) return;
    ++found_.count;
    found_.bytes += stat->size_bytes;
    ++found_.formats[format];
    if ((stat->mode & 0002) != 0) ++found_.world_writable;
    Model& whole = models_[model];
    whole.name = model;
    whole.bytes += stat->size_bytes;
    whole.owner = stat->uid;
    formats_[model].insert(format);
  }

  const Host& host_;
  ModelFiles& found_;
  std::set<std::string> seen_;
  std::set<std::string> blobs_;
  std::map<std::string, Model> models_;
  std::map<std::string, std::set<std::string>> formats_;
  std::size_t entries_ = 0;
  int heads_ = 0;
};

constexpr JsonLimits kSettingsLimits{kMaxSettingsBytes, 32, 200'000, 256u << 10};

struct SettingsSummary {
  std::uint64_t secrets = 0, servers = 0, remote = 0, open = 0;
};

/// Servers of "mcpServers", "servers" or "mcp": {"servers"}, wherever a tool nests them.
void count_servers(const nlohmann::json& value, SettingsSummary& found, int depth) {
  if (!value.is_object() || depth > 4) return;
  for (const auto& [name, below] : value.items()) {
    if (!below.is_object()) continue;
    if (name != "mcpServers" && name != "servers" && name != "mcp_servers") {
      count_servers(below, found, depth + 1);
      continue;
    }
    for (const auto& [server, settings] : below.items()) {
      if (!settings.is_object()) continue;
      const bool url = settings.contains("url") && settings["url"].is_string();
      if (!url && !settings.contains("command") && !settings.contains("httpUrl")) continue;
      ++found.servers;
      const std::string target = url ? lower(settings["url"].get_ref<const std::string&>()) : "";
      const bool here = contains(target, "://localhost") || contains(target, "://127.") || contains(target, "://[::1]");
      if (url && !here) ++found.remote;
    }
  }
}

/// OpenClaw's gateway: {"gateway":{"bind":"lan","auth":{"mode":"none"}}}; it is on loopback with a token unless
/// told otherwise.
bool is_open_gateway(const nlohmann::json& settings) {
  if (!settings.is_object() || !settings.contains("gateway") || !settings["gateway"].is_object()) return false;
  const auto& gateway = settings["gateway"];
  const auto text = [](const nlohmann::json& from, const char* name) {
    return from.is_object() && from.contains(name) && from[name].is_string() ? from[name].get<std::string>() : "";
  };
  const std::string bind = text(gateway, "bind");
  const bool asks_nothing = gateway.contains("auth") && text(gateway["auth"], "mode") == "none";
  return asks_nothing || bind == "lan" || bind == "all" || bind == "0.0.0.0";
}

std::string text_of(const SettingsSummary& summary) {
  return "secrets=" + std::to_string(summary.secrets) + " servers=" + std::to_string(summary.servers) +
         " remote=" + std::to_string(summary.remote) + " open=" + std::to_string(summary.open);
}

/// Four counts of text_of(); nothing for any other text.
std::optional<SettingsSummary> summary_of(std::string_view text) {
  SettingsSummary found;
  const auto parts = split(text, ' ');
  if (parts.size() != 4) return std::nullopt;
  std::size_t at = 0;
  for (const auto& [name, value] : {std::pair{"secrets=", &found.secrets}, std::pair{"servers=", &found.servers},
                                    std::pair{"remote=", &found.remote}, std::pair{"open=", &found.open}}) {
    if (!parts[at].starts_with(name)) return std::nullopt;
    const auto number = parse_u64(parts[at++].substr(std::string_view(name).size()));
    if (!number) return std::nullopt;
    *value = *number;
  }
  return found;
}

/// Settings of agents are full of secrets: only counts leave memory.
std::string redact_settings(std::string_view text) {
  if (summary_of(text)) return std::string(text);
  SettingsSummary summary;
  summary.secrets = lines(count_secrets(text)).size();
  if (const auto settings = parse_json(text, kSettingsLimits)) {
    count_servers(*settings, summary, 0);
    summary.open = is_open_gateway(*settings) ? 1 : 0;
  }
  return text_of(summary);
}

void read_agent_settings(const Host& host, const std::string& file, AgentSettings& found) {
  const auto text = host.read_redacted(file, redact_settings, kMaxSettingsBytes);
  if (!text && text.error().kind != ErrorKind::limit) return;
  ++found.files;
  const auto summary = text ? summary_of(*text) : std::nullopt;
  if (!summary) return;
  found.servers += static_cast<int>(summary->servers);
  found.remote += static_cast<int>(summary->remote);
  found.open_gateways += static_cast<int>(summary->open);
  if (summary->secrets == 0) return;
  ++found.with_tokens;
  const auto stat = host.stat(file);
  if (stat && (stat->mode & 0044) != 0) ++found.readable_by_others;
}

/// manifests/registry.ollama.ai/library/llama3.1/8b
void ollama_models(const Host& host, const std::string& base, std::vector<std::string>& found) {
  for (const std::string& path : glob(host, base + "/manifests/*/*/*/*")) {
    const auto parts = split(path, '/');
    if (parts.size() < 4) continue;
    std::string name = std::string(parts[parts.size() - 2]) + ":" + std::string(parts.back());
    const std::string_view owner = parts[parts.size() - 3];
    if (owner != "library") name = std::string(owner) + "/" + name;
    if (std::find(found.begin(), found.end(), name) == found.end()) found.push_back(std::move(name));
  }
}

}  // namespace

/// Folders that hold more than models, whoever names them.
static bool is_system_folder(std::string_view path) {
  constexpr std::array<std::string_view, 16> roots = {"", "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib",
                                                      "/opt", "/proc", "/root", "/run", "/srv", "/sys", "/usr", "/var"};
  return std::find(roots.begin(), roots.end(), path) != roots.end() || path.starts_with("/proc/") ||
         path.starts_with("/sys/") || path.starts_with("/dev/");
}

ModelFiles find_models(const Host& host, Machine& machine, const std::vector<std::string>& more) {
  ModelFiles found;
  Walk walk(host, found);
  std::vector<std::string> ollama = {"/usr/share/ollama/.ollama/models", "/var/lib/ollama/models",
                                     "/var/lib/ollama/.ollama/models"};
  std::vector<std::string> places = {"/models",
                                     "/opt/models",
                                     "/srv/models",
                                     "/data/models",
                                     "/mnt/models",
                                     "/var/lib/models",
                                     "/usr/local/share/models",
                                     "/opt/ComfyUI/models",
                                     "/var/cache/huggingface/hub",
                                     "/opt/huggingface/hub",
                                     "/data/huggingface/hub"};
  for (const std::string& home : machine.homes()) {
    ollama.push_back(home + "/.ollama/models");
    for (const std::string_view below :
         {"/.cache/huggingface/hub", "/.lmstudio/models", "/.cache/lm-studio/models", "/models",
          "/ComfyUI/models", "/.cache/torch/hub/checkpoints"})
      places.push_back(home + std::string(below));
  }
  for (const std::string& folder : more) {
    // A service may name its model's file, or Ollama's folder on a disk of its own.
    const bool file = name_tells(lower(folder)) != Name::none;
    const std::string place = file ? folder.substr(0, folder.rfind('/')) : folder;
    if (host.stat(place + "/manifests"))
      ollama.push_back(place);
    else if (host.stat(place + "/models/manifests"))
      ollama.push_back(place + "/models");
    else if (!is_system_folder(place))
      places.push_back(place);
  }
  for (const std::string& place : places) walk.folder(place, 0);
  for (const std::string& base : ollama) {
    walk.blobs(base + "/blobs");
    ollama_models(host, base, found.ollama);
  }
  std::sort(found.ollama.begin(), found.ollama.end());
  found.largest = walk.largest();
  return found;
}

AgentSettings find_agent_settings(const Host& host, Machine& machine) {
  AgentSettings found;
  for (const std::string& home : machine.homes()) {
    if (!host.stat(home)) continue;
    std::set<std::string> files;
    for (const std::string_view pattern : {"/.config/mcp/*.json", "/.config/*/mcp*.json", "/.config/*/*/mcp*.json"})
      for (std::string& file : glob(host, home + std::string(pattern))) files.insert(std::move(file));
    for (const std::string_view below :
         {"/.cursor/mcp.json", "/.config/Claude/claude_desktop_config.json", "/.claude.json", "/.mcp.json",
          "/.codeium/windsurf/mcp_config.json", "/.vscode/mcp.json", "/.config/Code/User/mcp.json",
          "/.gemini/settings.json", "/.codex/config.toml", "/.openclaw/openclaw.json", "/.clawdbot/clawdbot.json",
          "/.continue/config.json", "/.continue/config.yaml"}) {
      files.insert(home + std::string(below));
    }
    for (const std::string& file : files) read_agent_settings(host, file, found);
  }
  return found;
}

}  // namespace plumbline
