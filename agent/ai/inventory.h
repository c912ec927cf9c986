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

/// AI packages by their dist-info folders; nothing is imported. `interpreters` are programs of running
/// services
/// ("/srv/app/venv/bin/python3"), whose environments are looked at besides the usual places.
std::vector<Framework> find_frameworks(const Host& host, Machine& machine,
                                       const std::vector<std::string>& interpreters);

struct ModelFiles {
  int count = 0;
  std::uint64_t bytes = 0;
  std::map<std::string, int> formats;  // gguf, safetensors, pickle, onnx
  int world_writable = 0;
  std::vector<std::string> ollama;  // "llama3.1:8b"
};
/// In the usual places only, down to a depth and a number of entries.
ModelFiles find_models(const Host& host, Machine& machine);

struct AgentSettings {
  int files = 0;
  int with_tokens = 0;
};
/// Settings of agent tools (MCP) in home folders.
AgentSettings find_agent_settings(const Host& host, Machine& machine);

}  // namespace plumbline
