// SPDX-License-Identifier: Apache-2.0
// Opens NVIDIA's library and finds its functions.
#include "agent/asks/nvml_library.h"

#include <dlfcn.h>

namespace plumbline::nvml {

Library::Library(const std::string& name) : handle_(dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL)) {}

Library::~Library() {
  if (handle_ != nullptr) dlclose(handle_);
}

void* Library::symbol(const char* name) const { return dlsym(handle_, name); }

void Library::note(std::string_view name, int code) {
  if (const auto version = name.rfind("_v"); version != std::string_view::npos) name = name.substr(0, version);
  const auto [found, is_new] = codes_.try_emplace(std::string(name), code);
  if (!is_new && found->second != kSuccess) found->second = code;
}

std::vector<std::string> Library::take_failures() {
  std::vector<std::string> failures;
  for (const auto& [name, code] : codes_)
    if (code != kSuccess) failures.push_back(name + ": " + text(code));
  codes_.clear();
  return failures;
}

std::string Library::text(int code) const {
  if (code == kDriverNotLoaded) return "no driver";
  if (code == kMismatch) return "driver and library do not match: restart after the driver's update";
  if (code == kGpuIsLost) return "GPU is lost";
  if (code == kResetRequired) return "GPU requires a reset";
  if (code == kNoPermission) return "permission denied";
  if (code == kNotSupported) return "not supported";
  if (code == kFunctionNotFound) return "not in this driver";
  void* function = symbol("nvmlErrorString");
  const char* words = function == nullptr ? nullptr : reinterpret_cast<const char* (*)(int)>(function)(code);
  return words == nullptr ? "NVML error " + std::to_string(code) : to_utf8(words);
}

}  // namespace plumbline::nvml
