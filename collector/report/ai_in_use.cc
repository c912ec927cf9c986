// SPDX-License-Identifier: Apache-2.0
// Reads what AI a host has in use, and asks each rule whether a service alone would make it fail.
#include "collector/report/ai_in_use.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/text.h"
#include "collector/report/wording.h"
#include "rules/catalogue.h"
#include "rules/incidents.h"

namespace plumbline {
namespace {

constexpr std::string_view kTag = "ai";  // of rules about AI in use
constexpr std::size_t kMostServices = 300;
constexpr std::size_t kMostPackages = 1'000;
constexpr std::size_t kMostImages = 100;
constexpr std::size_t kMostModels = 100;

bool is_exposed(std::string_view exposure) { return exposure == "any" || exposure == "public" || exposure == "private"; }

/// `none`: nobody is asked there. Doubt about either is doubt.
AiReach reach_of(const AiService& service, bool filtered) {
  if (service.state == "stopped") return AiReach::stopped;
  if (service.proxy.empty() || !is_exposed(service.proxy_exposure) || service.auth == "required") {
    if (service.exposure == "unknown") return service.auth == "required" ? AiReach::login : AiReach::unclear;
    if (!is_exposed(service.exposure)) return AiReach::inside;
    if (service.auth == "required") return AiReach::login;
    if (filtered) return AiReach::shielded;
    return service.auth == "none" ? AiReach::open : AiReach::unclear;
  }
  if (is_exposed(service.exposure) && !filtered && service.auth == "none") return AiReach::open;  // the proxy can be gone round
  if (service.proxy_auth == "required") return AiReach::login;
  return service.proxy_auth == "none" && service.auth == "none" ? AiReach::open : AiReach::unclear;
}

AiService service_of(const FactRecord& facts) {
  AiService one;
  const std::pair<const char*, std::string*> texts[] = {
      {"kind", &one.kind}, {"category", &one.category}, {"state", &one.state}, {"version", &one.version}, {"version_source", &one.version_source},
      {"exposure", &one.exposure}, {"configured_exposure", &one.configured_exposure}, {"auth", &one.auth}, {"auth_evidence", &one.auth_evidence},
      {"user", &one.user}, {"image", &one.image}, {"proxy", &one.proxy}, {"proxy_exposure", &one.proxy_exposure}, {"proxy_auth", &one.proxy_auth},
      {"proxy_evidence", &one.proxy_evidence}};
  for (const auto& [name, text] : texts) *text = facts.text(name);
  if (const auto port = facts.number("port"); port && *port > 0) one.port = static_cast<int>(*port);
  one.root = facts.flag("root");
  one.managed = facts.flag("managed");
  one.foreign_code = facts.flag("trust_remote_code");
  one.reach = reach_of(one, facts.flag("filtered").value_or(false));
  return one;
}

double count_of_fact(const FactRecord& facts, const char* name) { return facts.number(name).value_or(0); }

void read_models(const FactRecord& ai, AiOnHost& found) {
  found.model_files = count_of_fact(ai, "model_files");
  found.model_bytes = count_of_fact(ai, "model_bytes");
  found.pickles = count_of_fact(ai, "pickle_models");
  for (const FactRecord& model : ai.objects("models"))
    if (found.models.size() < kMostModels) found.models.push_back({model.text("name"), model.text("format"), model.text("owner"), model.number("size_bytes").value_or(0)});
}

/// ai.model_formats: {"gguf": "2"}.
void read_formats(const FactRecord& ai, AiOnHost& found) {
  const cel::Cell* map = ai.cell("model_formats");
  if (map == nullptr || map->kind() != cel::CellKind::map) return;
  for (std::uint32_t at = 0; at < map->size(); ++at) {
    const cel::Cell &format = map->cells[1 + 2 * at], &count = map->cells[2 + 2 * at];
    if (format.kind() != cel::CellKind::string || count.kind() != cel::CellKind::string) continue;
    if (const auto number = parse_u64(count.view())) found.formats[std::string(format.view())] = static_cast<std::size_t>(*number);
  }
}

void read_agents(const FactRecord& ai, AiOnHost& found) {
  found.settings = count_of_fact(ai, "mcp_configs");
  found.tokens = count_of_fact(ai, "mcp_plaintext_tokens");
  found.tool_servers = count_of_fact(ai, "mcp_servers");
  found.remote_servers = count_of_fact(ai, "mcp_remote_servers");
  found.readable_by_others = count_of_fact(ai, "mcp_readable_by_others");
  found.open_gateways = count_of_fact(ai, "agent_gateway_open");
}

/// One list of ai.* in a document, which can be made to hold one element alone, or none; whole again when this goes.
class ListInDocument {
 public:
  ListInDocument(cel::Document& document, std::string_view name) : document_(document) {
    const cel::RecordLayout::Member* section = document.layout().root().find("ai");
    if (section == nullptr || document.cells()[section->cell].kind() != cel::CellKind::record) return;
    const cel::RecordLayout::Member* member = section->record->find(name);
    if (member == nullptr || member->record == nullptr) return;
    cel::Cell& cell = document.cells()[section->cell + 1 + member->cell];
    if (cell.kind() != cel::CellKind::list) return;
    list_ = &cell;
    whole_ = cell;
    stride_ = member->record->cells();
  }
  ListInDocument(const ListInDocument&) = delete;
  ListInDocument& operator=(const ListInDocument&) = delete;
  ~ListInDocument() {
    if (list_ == nullptr) return;
    *list_ = whole_;
    document_.changed();
  }
  void keep(std::optional<std::size_t> element) {
    if (list_ == nullptr) return;
    *list_ = whole_;
    if (element) list_->cells = whole_.cells + stride_ * *element;
    list_->head = cel::cell_head(cel::CellKind::list, element ? 1 : 0);
    document_.changed();
  }

 private:
  cel::Document& document_;
  cel::Cell* list_ = nullptr;
  cel::Cell whole_;
  std::size_t stride_ = 0;
};

bool reads(const Rule& rule, std::string_view list) {
  const auto& paths = rule.check->reads();
  return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) { return path.rfind(list, 0) == 0; });
}

/// Of `rules`, which fail on this host: those that would fail with one element of the list alone, and not without it.
template <class Items>
void add_causes(const RuleSet& all, const std::vector<std::size_t>& rules, cel::Document& document, ListInDocument& list, std::string_view path, Items& items) {
  for (const std::size_t rule : rules) {
    if (!reads(all.rules[rule], path)) continue;
    list.keep(std::nullopt);
    if (decide(all.rules[rule], document) == Verdict::fail) continue;
    for (std::size_t at = 0; at < items.size(); ++at) {
      list.keep(at);
      if (decide(all.rules[rule], document) == Verdict::fail) items[at].rules.push_back(rule);
    }
  }
  list.keep(std::nullopt);
}

/// Hardware for AI has the tag as well; what is meant here is AI that runs.
bool is_about_use(const RuleSet& rules, const Rule& rule) {
  return reads(rule, "ai.") || !incidents_of(rules, rule).empty();
}

std::vector<std::size_t> rules_about_ai(const RuleSet& rules) {
  std::vector<std::size_t> found;
  for (std::size_t at = 0; at < rules.rules.size(); ++at) {
    const Rule& rule = rules.rules[at];
    const bool tagged = std::find(rule.tags.begin(), rule.tags.end(), kTag) != rule.tags.end();
    if (tagged && !rule.fleet && rule.check && is_about_use(rules, rule)) found.push_back(at);
  }
  std::stable_sort(found.begin(), found.end(), [&](std::size_t a, std::size_t b) { return weight_of(rules.rules[a].severity) > weight_of(rules.rules[b].severity); });
  return found;
}

std::optional<std::size_t> measure_named(const RuleSet& rules, std::string_view id) {
  for (std::size_t at = 0; at < rules.measures.size(); ++at)
    if (rules.measures[at].id == id) return at;
  return std::nullopt;
}

std::optional<std::size_t> whole_aggregate(const ReportInput& input, std::string_view id) {
  const auto at = measure_named(*input.rules, id);
  if (!at || *at >= input.assessment->measures.size() || !input.assessment->measures[*at]) return std::nullopt;
  return static_cast<std::size_t>(std::llround(std::max(0.0, *input.assessment->measures[*at])));
}

std::optional<double> measured(const AssessedHost& host, const std::optional<std::size_t>& measure) {
  const auto& values = host.judgement.measures;
  return measure && *measure < values.size() ? values[*measure] : std::nullopt;
}

/// By host: the weight of the worst rule about AI that fails there.
std::vector<int> worst_weights(const ReportInput& input) {
  std::vector<int> weights(input.assessment->hosts.size());
  for (const std::size_t rule : rules_about_ai(*input.rules)) {
    const int weight = weight_of(input.rules->rules[rule].severity);
    for (const std::size_t host : input.assessment->rules[rule].failing) weights[host] = std::max(weights[host], weight);
  }
  return weights;
}

}  // namespace

std::string_view to_text(AiReach reach) {
  constexpr std::array<std::string_view, 6> kWords = {"open", "unclear", "shielded", "login", "inside", "stopped"};
  return kWords[static_cast<std::size_t>(reach)];
}

AiReader::AiReader(const ReportInput& input) : input_(input), rules_(rules_about_ai(*input.rules)) {}

cel::Document* AiReader::document_of(std::size_t host) {
  if (input_.document) {
    const auto scan = input_.document(host);
    const auto read = scan ? reader_.read_scan(*scan) : Result<cel::Document*>(tl::unexpected(scan.error()));
    if (read) {
      derive_facts(**read, input_.rules->catalogue, input_.assessment->hosts[host].taken_at);
      return *read;
    }
  }
  const nlohmann::json* facts = input_.facts ? input_.facts(host) : nullptr;
  if (facts == nullptr) return nullptr;
  const auto read = reader_.read_facts(*facts);
  return read ? *read : nullptr;
}

AiOnHost AiReader::read(std::size_t host) {
  AiOnHost found;
  found.host = host;
  cel::Document* document = document_of(host);
  if (document == nullptr) return found;
  found.read = true;
  const FactRecord ai = FactRecord(*document).object("ai");
  found.services_known = ai.has("services");
  for (const FactRecord& service : ai.objects("services"))
    if (found.services.size() < kMostServices) found.services.push_back(service_of(service));
  for (const FactRecord& package : ai.objects("frameworks"))
    if (found.packages.size() < kMostPackages) found.packages.push_back({package.text("name"), package.text("version"), package.text("environment"), {}});
  for (const FactRecord& image : ai.objects("images"))
    if (found.images.size() < kMostImages) found.images.push_back({image.text("image"), image.text("version"), image.text("state"), {}});
  read_models(ai, found);
  read_formats(ai, found);
  read_agents(ai, found);
  find_causes(found, *document);
  return found;
}

void AiReader::find_causes(AiOnHost& found, cel::Document& document) const {
  const auto& verdicts = input_.assessment->hosts[found.host].judgement.verdicts;
  std::vector<std::size_t> failing;
  for (const std::size_t rule : rules_)
    if (rule < verdicts.size() && verdicts[rule] == Verdict::fail) failing.push_back(rule);
  if (failing.empty()) return;
  ListInDocument services(document, "services"), packages(document, "frameworks"), images(document, "images");
  packages.keep(std::nullopt);
  images.keep(std::nullopt);
  add_causes(*input_.rules, failing, document, services, "ai.services", found.services);
  add_causes(*input_.rules, failing, document, packages, "ai.frameworks", found.packages);
  add_causes(*input_.rules, failing, document, images, "ai.images", found.images);
}

AiSurvey survey_ai(const ReportInput& input) {
  const auto& hosts = input.assessment->hosts;
  AiSurvey survey;
  AiTotals& totals = survey.totals;
  totals.hosts = hosts.size();
  const auto in_use = measure_named(*input.rules, "ai_hosts"), open = measure_named(*input.rules, "open_ai_services"), running = measure_named(*input.rules, "ai_services");
  const std::vector<int> weights = worst_weights(input);
  std::vector<char> is_open(hosts.size());
  for (std::size_t host = 0; host < hosts.size(); ++host) {
    const auto known = measured(hosts[host], in_use);
    totals.unread_hosts += in_use && !known ? 1 : 0;
    totals.service_hosts += measured(hosts[host], running).value_or(0) > 0 ? 1 : 0;
    is_open[host] = measured(hosts[host], open).value_or(0) > 0 ? 1 : 0;
    if (!in_use || known.value_or(0) > 0 || weights[host] > 0) survey.hosts.push_back(host);
  }
  std::stable_sort(survey.hosts.begin(), survey.hosts.end(), [&](std::size_t a, std::size_t b) {
    return is_open[a] != is_open[b] ? is_open[a] > is_open[b] : weights[a] > weights[b];
  });
  if (!in_use || totals.unread_hosts == totals.hosts) return survey;
  totals.services = whole_aggregate(input, "ai_services");
  totals.hosts_in_use = whole_aggregate(input, "ai_hosts");
  totals.open = whole_aggregate(input, "open_ai_services");
  totals.unmanaged_hosts = whole_aggregate(input, "unmanaged_ai_hosts");
  return survey;
}

std::string ai_sentence(const AiTotals& totals, std::string_view key) {
  if (!totals.services || !totals.open || *totals.services == 0 || totals.service_hosts == 0) return {};
  return say_count(key, *totals.services, {{"machines", say_count("count.machines", totals.service_hosts)}, {"open", say_count("ai.sentence_open", *totals.open)}});
}

std::vector<std::size_t> ai_findings(const ReportInput& input) {
  const std::vector<std::size_t> about = rules_about_ai(*input.rules);
  const std::set<std::size_t> known(about.begin(), about.end());
  std::vector<std::size_t> found;
  for (const std::size_t rule : input.assessment->findings)
    if (known.count(rule) > 0) found.push_back(rule);
  return found;
}

std::string ai_kind_title(std::string_view kind) {
  static constexpr std::pair<std::string_view, std::string_view> kTitles[] = {
      {"ollama", "Ollama"}, {"vllm", "vLLM"}, {"sglang", "SGLang"}, {"llama_cpp", "llama.cpp"}, {"llama_rpc", "llama.cpp worker"}, {"tgi", "Text Generation Inference"},
      {"tei", "Text Embeddings Inference"}, {"triton", "Triton"}, {"nim", "NVIDIA NIM"}, {"tensorrt_llm", "TensorRT-LLM"}, {"openvino", "OpenVINO"}, {"torchserve", "TorchServe"},
      {"tensorflow_serving", "TensorFlow Serving"}, {"localai", "LocalAI"}, {"lm_studio", "LM Studio"}, {"lmdeploy", "LMDeploy"}, {"xinference", "Xinference"}, {"bentoml", "BentoML"},
      {"koboldcpp", "KoboldCpp"}, {"whisper_cpp", "whisper.cpp"}, {"ray", "Ray"}, {"airflow", "Airflow"}, {"prefect", "Prefect"}, {"dagster", "Dagster"}, {"jupyter", "Jupyter"},
      {"rstudio", "RStudio"}, {"mlflow", "MLflow"}, {"tensorboard", "TensorBoard"}, {"label_studio", "Label Studio"}, {"litellm", "LiteLLM"}, {"open_webui", "Open WebUI"},
      {"gradio", "Gradio"}, {"streamlit", "Streamlit"}, {"comfyui", "ComfyUI"}, {"text_generation_webui", "text-generation-webui"}, {"stable_diffusion_webui", "Stable Diffusion WebUI"},
      {"langflow", "Langflow"}, {"flowise", "Flowise"}, {"n8n", "n8n"}, {"openclaw", "OpenClaw"}, {"dify", "Dify"}, {"anythingllm", "AnythingLLM"}, {"librechat", "LibreChat"},
      {"ragflow", "RAGFlow"}, {"torchrun", "torchrun"}, {"deepspeed", "DeepSpeed"}, {"accelerate", "Accelerate"}, {"axolotl", "Axolotl"}, {"llama_factory", "LLaMA-Factory"}};
  for (const auto& [one, title] : kTitles)
    if (one == kind) return std::string(title);
  if (kind == "mcp") return say("ai.kind_mcp");
  if (kind == "ai_app") return say("ai.kind_app");
  if (kind == "gpu_job") return say("ai.kind_job");
  return to_utf8(kind);
}

std::string leading_incident(const ReportInput& input, std::size_t rule) {
  const auto incidents = incidents_of(*input.rules, input.rules->rules[rule]);
  return incidents.empty() ? std::string() : show_incident(*incidents.front());
}

}  // namespace plumbline
