// SPDX-License-Identifier: Apache-2.0
// Python environments, by the folders that pip leaves: "torch-2.6.0.dist-info".
#include <algorithm>
#include <array>
#include <set>

#include "agent/ai/inventory.h"
#include "agent/config/glob.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxEnvironments = 200;
constexpr std::size_t kMaxFrameworks = 1'000;
constexpr std::size_t kMaxStartCode = 100;
constexpr std::size_t kMaxStartCodeBytes = 256u << 10;

constexpr std::array kWanted = {std::string_view("torch"),
                                std::string_view("tensorflow"),
                                std::string_view("jax"),
                                std::string_view("jaxlib"),
                                std::string_view("onnxruntime"),
                                std::string_view("onnxruntime-gpu"),
                                std::string_view("tensorrt"),
                                std::string_view("tensorrt-llm"),
                                std::string_view("vllm"),
                                std::string_view("sglang"),
                                std::string_view("lmdeploy"),
                                std::string_view("transformers"),
                                std::string_view("accelerate"),
                                std::string_view("deepspeed"),
                                std::string_view("flash-attn"),
                                std::string_view("xformers"),
                                std::string_view("bitsandbytes"),
                                std::string_view("peft"),
                                std::string_view("diffusers"),
                                std::string_view("sentence-transformers"),
                                std::string_view("llama-cpp-python"),
                                std::string_view("ctransformers"),
                                std::string_view("langchain"),
                                std::string_view("langchain-core"),
                                std::string_view("langgraph"),
                                std::string_view("llama-index"),
                                std::string_view("llama-index-core"),
                                std::string_view("haystack-ai"),
                                std::string_view("openai"),
                                std::string_view("anthropic"),
                                std::string_view("litellm"),
                                std::string_view("ray"),
                                std::string_view("mlflow"),
                                std::string_view("mlflow-skinny"),
                                std::string_view("wandb"),
                                std::string_view("jupyterlab"),
                                std::string_view("notebook"),
                                std::string_view("jupyter-server"),
                                std::string_view("jupyterhub"),
                                std::string_view("gradio"),
                                std::string_view("streamlit"),
                                std::string_view("open-webui"),
                                std::string_view("langflow"),
                                std::string_view("comfyui"),
                                std::string_view("chromadb"),
                                std::string_view("qdrant-client"),
                                std::string_view("pymilvus"),
                                std::string_view("weaviate-client"),
                                std::string_view("faiss-cpu"),
                                std::string_view("faiss-gpu"),
                                std::string_view("pgvector"),
                                std::string_view("scikit-learn"),
                                std::string_view("xgboost"),
                                std::string_view("lightgbm"),
                                std::string_view("catboost"),
                                std::string_view("keras"),
                                std::string_view("spacy"),
                                std::string_view("ultralytics"),
                                std::string_view("openai-whisper"),
                                std::string_view("faster-whisper"),
                                std::string_view("tensorboard"),
                                std::string_view("apache-airflow"),
                                std::string_view("prefect"),
                                std::string_view("bentoml"),
                                std::string_view("crewai"),
                                std::string_view("autogen"),
                                std::string_view("mcp"),
                                std::string_view("label-studio"),
                                std::string_view("optimum"),
                                std::string_view("triton"),
                                std::string_view("cupy-cuda12x"),
                                std::string_view("rapids"),
                                std::string_view("cudf-cu12"),
                                std::string_view("docling"),
                                std::string_view("xinference"),
                                std::string_view("dbt-core"),
                                std::string_view("nvidia-cudnn-cu12"),
                                std::string_view("safetensors"),
                                std::string_view("picklescan"),
                                std::string_view("torchtriton"),
                                std::string_view("llamafactory"),
                                std::string_view("axolotl"),
                                std::string_view("unsloth"),
                                std::string_view("openvino"),
                                std::string_view("torchserve"),
                                std::string_view("dagster")};

/// PEP 503: runs of "-", "_" and "." become one "-".
std::string normalised(std::string_view name) {
  std::string out;
  for (const char c : lower(name)) {
    if (c != '-' && c != '_' && c != '.')
      out += c;
    else if (!out.ends_with('-'))
      out += '-';
  }
  return out;
}

/// A line of a .pth file that begins with "import" runs at every start of Python. Packagers' own do so for
/// good reasons (import hooks, measuring coverage); none of them starts programs, goes to the network or unpacks
/// hidden text, as that of the LiteLLM incident of March 2026 did.
std::string start_code_of(std::string_view text) {
  constexpr std::array<std::string_view, 11> marks = {"base64", "subprocess", "urllib",        "socket",
                                                      "requests", "os.system", "popen",        "marshal",
                                                      "zlib",   "http",       "codecs.decode"};
  for (const std::string_view line : lines(text)) {
    if (!line.starts_with("import ") && !line.starts_with("import\t")) continue;
    const std::string code = lower(line);
    for (const std::string_view mark : marks)
      if (contains(code, mark)) return std::string(mark);
  }
  return "";
}

/// Only what start_code_of() found leaves memory: code may hold anything.
std::string redact_start_code(std::string_view text) {
  const std::string mark = start_code_of(text);
  return mark.empty() ? "" : "import " + mark + "\n";
}

void read_start_code(const Host& host, const std::string& folder, const std::string& name,
                     std::vector<std::string>& found) {
  if (found.size() >= kMaxStartCode) return;
  const auto text = host.read_redacted(folder + "/" + name, redact_start_code, kMaxStartCodeBytes);
  const std::string mark = text ? start_code_of(*text) : "";
  if (!mark.empty()) found.push_back(name + " in " + folder + ": " + mark);
  if (!text && text.error().kind == ErrorKind::limit)
    found.push_back(name + " in " + folder + ": larger than any honest one");
}

void read_packages(const Host& host, const std::string& folder, const std::string& environment,
                   PythonSoftware& software) {
  std::vector<Framework>& found = software.frameworks;
  const auto entries = host.list(folder);
  if (!entries) return;
  for (const auto& entry : *entries) {
    std::string_view name = entry.name;
    if (name.ends_with(".dist-info"))
      name.remove_suffix(10);
    else if (name.ends_with(".egg-info"))
      name.remove_suffix(9);
    else if (name.ends_with(".pth") && entry.type != FileType::folder) {
      read_start_code(host, folder, entry.name, software.start_code);
      continue;
    } else
      continue;
    const std::size_t dash = name.find('-');  // names in dist-info hold "_" for "-"
    if (dash == std::string_view::npos || found.size() >= kMaxFrameworks) continue;
    const std::string package = normalised(name.substr(0, dash));
    if (std::find(kWanted.begin(), kWanted.end(), package) == kWanted.end()) continue;
    const std::string_view version = name.substr(dash + 1);
    found.push_back({package, std::string(version.substr(0, version.find("-py"))), environment});
  }
}

/// Environments below `base`: base/lib/python3.11/site-packages.
void read_environment(const Host& host, const std::string& base, std::set<std::string>& seen,
                      PythonSoftware& found) {
  for (const std::string_view lib : {"lib", "lib64", "local/lib"}) {
    const auto versions = host.list(base + "/" + std::string(lib));
    if (!versions) continue;
    for (const auto& version : *versions) {
      if (!version.name.starts_with("python3") || seen.size() >= kMaxEnvironments) continue;
      for (const std::string_view kind : {"site-packages", "dist-packages"}) {
        const std::string folder =
            base + "/" + std::string(lib) + "/" + version.name + "/" + std::string(kind);
        // lib64 is a link to lib in most environments.
        if (lib == "lib64" && seen.count(base + "/lib/" + version.name + "/" + std::string(kind)) != 0)
          continue;
        if (host.stat(folder) && seen.insert(folder).second) read_packages(host, folder, base, found);
      }
    }
  }
}

}  // namespace

PythonSoftware find_python_software(const Host& host, Machine& machine,
                                    const std::vector<std::string>& interpreters) {
  std::set<std::string> bases = {"/usr", "/usr/local"};
  const auto add = [&](const std::string& pattern) {
    for (auto& path : glob(host, pattern))
      if (bases.size() < kMaxEnvironments) bases.insert(std::move(path));
  };
  for (const std::string& program : interpreters) {
    const std::size_t bin = program.rfind("/bin/");
    if (bin != std::string::npos && bin > 0) bases.insert(program.substr(0, bin));
  }
  for (const std::string_view pattern :
       {"/opt/*", "/opt/*/venv", "/opt/*/.venv", "/opt/*/env", "/opt/*/envs/*", "/srv/*", "/srv/*/venv",
        "/srv/*/.venv", "/var/lib/*/venv", "/var/www/*/venv"})
    add(std::string(pattern));
  for (const std::string& home : machine.homes()) {
    if (!host.list(home)) continue;
    bases.insert(home + "/.local");
    for (const std::string_view below :
         {"/venv", "/.venv", "/env", "/*/venv", "/*/.venv", "/*/env", "/.virtualenvs/*", "/miniconda3",
          "/miniconda3/envs/*", "/anaconda3", "/anaconda3/envs/*", "/miniforge3", "/miniforge3/envs/*",
          "/.conda/envs/*", "/.local/share/uv/tools/*", "/.local/pipx/venvs/*", "/.local/share/pipx/venvs/*",
          "/.pyenv/versions/*"}) {
      add(home + std::string(below));
    }
  }
  std::set<std::string> seen;
  PythonSoftware software;
  for (const std::string& base : bases) read_environment(host, base, seen, software);
  // Debian keeps its own Python packages in one folder for all versions.
  if (seen.count("/usr/lib/python3/dist-packages") == 0)
    read_packages(host, "/usr/lib/python3/dist-packages", "/usr", software);
  std::vector<Framework>& found = software.frameworks;
  std::sort(found.begin(), found.end(), [](const Framework& a, const Framework& b) {
    return std::tie(a.name, a.environment, a.version) < std::tie(b.name, b.environment, b.version);
  });
  found.erase(std::unique(found.begin(), found.end(),
                          [](const Framework& a, const Framework& b) {
                            return std::tie(a.name, a.environment, a.version) ==
                                   std::tie(b.name, b.environment, b.version);
                          }),
              found.end());
  std::sort(software.start_code.begin(), software.start_code.end());
  return software;
}

}  // namespace plumbline
