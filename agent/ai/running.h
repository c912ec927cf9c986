// SPDX-License-Identifier: Apache-2.0
// AI services and jobs that run here, are installed or wait in a stopped container: one row of ai.services each.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/ai/inventory.h"
#include "agent/machine.h"

namespace plumbline {

struct AiRunning {
  nlohmann::json services;                 // ai.services
  nlohmann::json images;                   // ai.images
  std::vector<std::string> model_folders;  // that services name: --download-dir, OLLAMA_MODELS, volumes
};

/// `frameworks` tell versions, and which own programs are built on AI software.
AiRunning find_running_ai(const Host& host, Machine& machine, const std::vector<Framework>& frameworks);

/// Programs and scripts of running interpreters that are not in a container: "/srv/app/venv/bin/python3".
std::vector<std::string> python_programs(Machine& machine);

}  // namespace plumbline
