// SPDX-License-Identifier: Apache-2.0
// Model files in the usual places, and settings of agent tools.
#include <algorithm>

#include "agent/ai/inventory.h"
#include "agent/config/glob.h"
#include "agent/redact.h"
#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr int kMaxDepth = 6;                 // hub/models--x--y/snapshots/<revision>/folder/file
constexpr std::size_t kMaxEntries = 20'000;  // over all places
constexpr int kMaxModelFiles = 10'000;
constexpr int kMaxHeads = 300;
constexpr std::uint64_t kLeastModelBytes = 1u << 20;
constexpr std::size_t kMaxSettingsBytes = 2u << 20;

class Walk {
 public:
  Walk(const Host& host, ModelFiles& found) : host_(host), found_(found) {}

  void folder(const std::string& path, int depth) {
    const auto entries = host_.list(path);
    if (!entries) return;
    if (const auto stat = host_.stat(path); stat && (stat->mode & 0002) != 0 && !entries->empty())
      ++found_.world_writable;
    for (const auto& entry : *entries) {
      if (++entries_ > kMaxEntries || found_.count >= kMaxModelFiles) return;
      const std::string below = path + "/" + entry.name;
      if (entry.type == FileType::folder) {
        if (depth < kMaxDepth && entry.name != ".git" && entry.name != ".locks" && entry.name != "blobs")
          folder(below, depth + 1);
      } else {
        file(below, entry.name);
      }
    }
  }

  void file(const std::string& path, std::string_view name) {
    std::string format = format_of_name(name);
    if (format.empty()) return;
    const auto stat = host_.stat(path);
    if (!stat || stat->type != FileType::regular) return;
    if (format == "?") {
      if (stat->size_bytes < kLeastModelBytes) return;
      format = format_of_head(path, name);
      if (format.empty()) return;
    }
    ++found_.count;
    found_.bytes += stat->size_bytes;
    ++found_.formats[format];
    if ((stat->mode & 0002) != 0) ++found_.world_writable;
  }

 private:
  /// "?" where only the contents can tell.
  static std::string format_of_name(std::string_view name) {
    const std::string text = lower(name);
    const auto ends = [&](std::string_view end) { return text.ends_with(end); };
    if (ends(".gguf") || ends(".ggml")) return "gguf";
    if (ends(".safetensors")) return "safetensors";
    if (ends(".onnx")) return "onnx";
    if (ends(".pt") || ends(".pth") || ends(".ckpt") || ends(".pkl") || ends(".pickle") || ends(".joblib"))
      return "pickle";
    if (ends(".bin") || text.starts_with("sha256-")) return "?";
    return "";
  }

  std::string format_of_head(const std::string& path, std::string_view name) {
    const auto head = ++heads_ <= kMaxHeads ? host_.ask("head:" + path)
                                            : Result<std::string>(fail(ErrorKind::limit, "too many files"));
    if (!head) {  // a recording without the question: names that transformers gives its pickles
      if (name.starts_with("pytorch_model") || name.starts_with("adapter_model") ||
          name.starts_with("consolidated"))
        return "pickle";
      return name.starts_with("sha256-") ? "gguf" : "";
    }
    if (head->starts_with("47475546")) return "gguf";  // "GGUF"
    if (head->starts_with("504b0304") || head->starts_with("8002") || head->starts_with("8003") ||
        head->starts_with("8004") || head->starts_with("8005"))
      return "pickle";
    if (head->size() >= 18 && head->substr(16, 2) == "7b")
      return "safetensors";  // eight bytes of length, then "{"
    return "";
  }

  const Host& host_;
  ModelFiles& found_;
  std::size_t entries_ = 0;
  int heads_ = 0;
};

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

ModelFiles find_models(const Host& host, Machine& machine) {
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
  for (const std::string& place : places) walk.folder(place, 0);
  for (const std::string& base : ollama) {
    walk.folder(base + "/blobs", kMaxDepth);
    ollama_models(host, base, found.ollama);
  }
  std::sort(found.ollama.begin(), found.ollama.end());
  return found;
}

AgentSettings find_agent_settings(const Host& host, Machine& machine) {
  AgentSettings found;
  for (const std::string& home : machine.homes()) {
    std::vector<std::string> files = glob(host, home + "/.config/mcp/*.json");
    for (const std::string_view below :
         {"/.cursor/mcp.json", "/.config/Claude/claude_desktop_config.json", "/.claude.json", "/.mcp.json",
          "/.codeium/windsurf/mcp_config.json", "/.vscode/mcp.json", "/.config/Code/User/mcp.json",
          "/.gemini/settings.json", "/.codex/config.toml", "/.openclaw/openclaw.json",
          "/.continue/config.json", "/.continue/config.yaml"}) {
      files.push_back(home + std::string(below));
    }
    for (const std::string& file : files) {
      const auto text = host.read_redacted(file, count_secrets, kMaxSettingsBytes);
      if (!text && text.error().kind != ErrorKind::limit) continue;
      ++found.files;
      if (text && !text->empty()) ++found.with_tokens;
    }
  }
  return found;
}

}  // namespace plumbline
