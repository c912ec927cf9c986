// SPDX-License-Identifier: Apache-2.0
// Which AI product an image holds, by the names under which its makers publish it, and the version its tag names.
#include <array>

#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

struct ImageSign {
  std::string_view text;
  std::string_view kind;
};

/// Repositories of images, without registry and owner where those vary; the first that is found counts.
constexpr std::array kImages = {
    ImageSign{"ollama/ollama", "ollama"},
    ImageSign{"vllm/vllm-", "vllm"},
    ImageSign{"rocm/vllm", "vllm"},
    ImageSign{"sglang", "sglang"},
    ImageSign{"/llama.cpp", "llama_cpp"},
    ImageSign{"text-generation-inference", "tgi"},
    ImageSign{"text-embeddings-inference", "tei"},
    ImageSign{"tritonserver", "triton"},
    ImageSign{"nvcr.io/nim/", "nim"},
    ImageSign{"tensorrt-llm/release", "tensorrt_llm"},
    ImageSign{"openvino/model_server", "openvino"},
    ImageSign{"pytorch/torchserve", "torchserve"},
    ImageSign{"tensorflow/serving", "tensorflow_serving"},
    ImageSign{"localai/localai", "localai"},
    ImageSign{"go-skynet/local-ai", "localai"},
    ImageSign{"lmdeploy", "lmdeploy"},
    ImageSign{"xinference", "xinference"},
    ImageSign{"koboldcpp", "koboldcpp"},
    ImageSign{"rayproject/ray", "ray"},
    ImageSign{"apache/airflow", "airflow"},
    ImageSign{"prefecthq/prefect", "prefect"},
    ImageSign{"dagster", "dagster"},
    ImageSign{"jupyterhub/jupyterhub", "jupyter"},
    ImageSign{"jupyter/", "jupyter"},
    ImageSign{"rocker/rstudio", "rstudio"},
    ImageSign{"mlflow/mlflow", "mlflow"},
    ImageSign{"label-studio", "label_studio"},
    ImageSign{"berriai/litellm", "litellm"},
    ImageSign{"open-webui/open-webui", "open_webui"},
    ImageSign{"langflowai/langflow", "langflow"},
    ImageSign{"flowiseai/flowise", "flowise"},
    ImageSign{"n8nio/n8n", "n8n"},
    ImageSign{"openclaw/openclaw", "openclaw"},
    ImageSign{"langgenius/dify-", "dify"},
    ImageSign{"mintplexlabs/anythingllm", "anythingllm"},
    ImageSign{"danny-avila/librechat", "librechat"},
    ImageSign{"infiniflow/ragflow", "ragflow"},
    ImageSign{"comfyui", "comfyui"},
    ImageSign{"text-generation-webui", "text_generation_webui"},
    ImageSign{"stable-diffusion-webui", "stable_diffusion_webui"},
    ImageSign{"axolotlai/axolotl", "axolotl"},
    ImageSign{"winglian/axolotl", "axolotl"},
    ImageSign{"mcp/", "mcp"},
};

}  // namespace

const Product* ai_product_of_image(std::string_view image) {
  const std::string name = "/" + lower(image.substr(0, image.find('@')));
  for (const ImageSign& sign : kImages) {
    // A path that ends in the sign's name is an owner of the same name only where the sign begins a part.
    const std::size_t at = name.find(sign.text);
    if (at == std::string::npos) continue;
    if (sign.kind == "mcp" && name[at - 1] != '/') continue;
    return find_product(sign.kind);
  }
  return nullptr;
}

std::string version_of_image(std::string_view image) {
  image = image.substr(0, image.find('@'));
  const std::size_t colon = image.rfind(':');
  if (colon == std::string_view::npos || image.find('/', colon) != std::string_view::npos) return "";
  std::string_view tag = image.substr(colon + 1);
  if (tag.starts_with('v')) tag.remove_prefix(1);
  const std::size_t end = tag.find_first_not_of("0123456789.");
  const std::string_view version = tag.substr(0, end);
  const bool whole = end == std::string_view::npos || tag[end] == '-' || tag[end] == '+' || tag[end] == '_';
  return whole && contains(version, ".") ? std::string(version) : "";
}

}  // namespace plumbline
