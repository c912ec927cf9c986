// SPDX-License-Identifier: Apache-2.0
// AI on disk: Python environments with their packages, model files, models of Ollama, settings of agent
// tools.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/machine.h"

namespace plumbline {

struct Framework {
  std::string name;  // normalised: "flash-attn"
  std::string version;
  std::string environment;  // folder that holds lib/python3.x
};

struct PythonSoftware {
  std::vector<Framework> frameworks;
  // Files that run code at every start of Python and look like an attack: "litellm_init.pth in /opt/app: exec"
  std::vector<std::string> start_code;
};

/// AI packages by their dist-info folders, and *.pth files; nothing is imported. `interpreters` are programs of
/// running services ("/srv/app/venv/bin/python3"), whose environments are looked at besides the usual places.
PythonSoftware find_python_software(const Host& host, Machine& machine,
                                    const std::vector<std::string>& interpreters);

/// One model, as a folder or a file of its own: "meta-llama/Llama-3.1-8B-Instruct".
struct Model {
  std::string name;
  std::string format;  // "safetensors", "pickle, safetensors"
  std::uint64_t bytes = 0;
  unsigned owner = 0;
};

struct ModelFiles {
  int count = 0;
  std::uint64_t bytes = 0;
  std::map<std::string, int> formats;  // gguf, ggml, safetensors, pickle, onnx, keras, tensorrt
  int world_writable = 0;
  std::vector<std::string> ollama;  // "llama3.1:8b"
  std::vector<Model> largest;       // by bytes
  bool cut = false;                 // there are more than are looked at
};
/// In the usual places and `more`, down to a depth and a number of entries.
ModelFiles find_models(const Host& host, Machine& machine, const std::vector<std::string>& more);

struct AgentSettings {
  int files = 0;
  int with_tokens = 0;         // hold what looks like a secret
  int readable_by_others = 0;  // of those: the group or anybody may read the file
  int servers = 0;             // tool servers that they name
  int remote = 0;              // of those: at an address that is not this machine
  int open_gateways = 0;       // agents whose own gateway listens beyond this machine, or asks for nothing
};
/// Settings of agent tools (MCP) in home folders.
AgentSettings find_agent_settings(const Host& host, Machine& machine);

}  // namespace plumbline
