// SPDX-License-Identifier: Apache-2.0
// Products that are greeted by HTTP: the page that tells their version, and a page that wants a login where the
// product has one. Pages after the products' own documentation; what such a page holds is not looked at.
#include <algorithm>
#include <array>

#include "agent/asks/greeting_words.h"
#include "agent/asks/http_reply.h"
#include "base/json.h"
#include "base/text.h"

#include <nlohmann/json.hpp>

namespace plumbline {
namespace {

/// What the two answers say of logins; `guarded` has status 0 where there is no such page.
using JudgeAuth = std::string_view (*)(const HttpReply& first, const HttpReply& guarded);

struct HttpProduct {
  std::string_view protocol;
  std::string_view page;     // asked of all
  std::string_view version;  // where that page tells it: "version.number" in JSON, "header:x-…", "text", ""
  std::string_view sign;     // what a good answer to `page` holds, "body:x" is all of it; "" where a version does
  std::string_view guarded;  // "" where there is none; with a body after a blank it is a POST
  JudgeAuth auth;
};

bool is_good(int status) {
  return status >= 200 && status < 300;
}
bool is_refusal(int status) {
  return status == 401 || status == 403 || status == 407;
}

/// Sent to a page for logging in.
bool is_sent_to_login(const HttpReply& reply) {
  if (reply.status < 300 || reply.status >= 400) return false;
  const std::string place = lower(http_header(reply, "location"));
  return contains(place, "login") || contains(place, "sign") || contains(place, "oauth") ||
         contains(place, "auth");
}

std::string_view by_status(const HttpReply& reply) {
  if (is_refusal(reply.status) || is_sent_to_login(reply)) return "required";
  return is_good(reply.status) ? "none" : "unknown";
}
/// Where a good status alone does not tell.
std::string_view required_or_unknown(const HttpReply& reply) {
  return by_status(reply) == "required" ? "required" : "unknown";
}
std::string_view by_guarded(const HttpReply&, const HttpReply& guarded) {
  return by_status(guarded);
}
std::string_view by_first(const HttpReply& first, const HttpReply&) {
  return by_status(first);
}
/// The version page is open to all by design and there is none that could be asked for the rest.
std::string_view not_told(const HttpReply&, const HttpReply&) {
  return "unknown";
}
/// InfluxDB: /query without a query is 401 where one has to log in, and else 400 for want of the query.
std::string_view influxdb_auth(const HttpReply&, const HttpReply& guarded) {
  return guarded.status == 400 ? "none" : by_status(guarded);
}
/// etcd: nobody's name is "empty" where users are on.
std::string_view etcd_auth(const HttpReply&, const HttpReply& guarded) {
  return contains(guarded.body, "user name is empty") ? "required" : by_status(guarded);
}
/// MinIO has no anonymous list of buckets; 403 for all who have no key.
std::string_view minio_auth(const HttpReply&, const HttpReply& guarded) {
  return guarded.status == 403 ? "required" : "unknown";
}

nlohmann::json json_of(const HttpReply& reply) {
  auto json = parse_json(reply.body, {kMaxReplyBytes, 16, 4000, kMaxReplyBytes});
  return json && json->is_object() ? *std::move(json) : nlohmann::json::object();
}
const nlohmann::json* at(const nlohmann::json& json, std::string_view path) {
  const nlohmann::json* here = &json;
  for (const std::string_view key : split(path, '.')) {
    if (!here->is_object()) return nullptr;
    const auto found = here->find(std::string(key));
    if (found == here->end()) return nullptr;
    here = &*found;
  }
  return here;
}

/// CouchDB: in an "admin party" everybody's session has the role _admin.
std::string_view couchdb_auth(const HttpReply& first, const HttpReply& guarded) {
  if (is_refusal(first.status)) return "required";
  const auto json = json_of(guarded);
  const auto* roles = at(json, "userCtx.roles");
  if (roles == nullptr || !roles->is_array()) return required_or_unknown(guarded);
  return std::any_of(roles->begin(), roles->end(), [](const auto& role) { return role == "_admin"; })
             ? "none"
             : "required";
}
/// Milvus tells it in the body, under status 200 too: 1800 is "user hasn't authenticated".
std::string_view milvus_auth(const HttpReply& first, const HttpReply&) {
  const auto json = json_of(first);
  const auto* code = at(json, "code");
  if (code == nullptr || !code->is_number_integer()) return required_or_unknown(first);
  const auto number = code->get<std::int64_t>();
  return number == 1800 ? "required" : number == 200 || number == 0 ? "none" : "unknown";
}
/// Open WebUI says of itself whether people log in; Xinference has a page for just that.
std::string_view open_webui_auth(const HttpReply& first, const HttpReply&) {
  const auto json = json_of(first);
  const auto* auth = at(json, "features.auth");
  return auth == nullptr || !auth->is_boolean() ? "unknown" : auth->get<bool>() ? "required" : "none";
}
std::string_view xinference_auth(const HttpReply&, const HttpReply& guarded) {
  const auto json = json_of(guarded);
  const auto* auth = at(json, "auth");
  if (auth == nullptr || !auth->is_boolean()) return required_or_unknown(guarded);
  return auth->get<bool>() ? "required" : "none";
}

// The version in /config is Gradio's, whoever uses it for its pages.
constexpr std::array<HttpProduct, 46> kProducts = {{
    {"airflow", "/api/v2/version", "version", "", "/api/v2/pools?limit=1", by_guarded},
    {"bentoml", "/livez", "", "", "", by_first},
    {"chroma", "/api/v2/version", "text", "", "/api/v2/auth/identity", by_guarded},
    {"clickhouse", "/ping", "", "body:Ok.", "/?query=SELECT%20version()", by_guarded},
    {"comfyui", "/system_stats", "system.comfyui_version", "\"system\"", "", by_first},
    {"couchdb", "/", "version", "\"couchdb\"", "/_session", couchdb_auth},
    {"dagster", "/server_info", "dagster_webserver_version", "dagster", "", by_first},
    {"elasticsearch", "/", "version.number", "\"cluster_name\"", "", by_first},
    {"etcd", "/version", "etcdserver", "", "/v3/kv/range {\"key\":\"AA==\",\"serializable\":true,\"count_only\":true}",
     etcd_auth},
    {"flowise", "/api/v1/version", "version", "", "", not_told},
    {"gradio", "/config", "version", "", "", by_first},
    {"influxdb", "/ping", "header:x-influxdb-version", "", "/query", influxdb_auth},
    {"jupyter", "/api", "version", "", "/api/status", by_guarded},
    {"label_studio", "/api/version", "release", "", "/api/projects?page_size=1", by_guarded},
    {"langflow", "/api/v1/version", "version", "", "", not_told},
    {"litellm", "/health/readiness", "litellm_version", "", "/v1/models", by_guarded},
    {"llama_cpp", "/health", "", "\"status\"", "/props", by_guarded},
    {"lm_studio", "/v1/models", "", "\"data\"", "", by_first},
    {"lmdeploy", "/v1/models", "", "\"data\"", "", by_first},
    {"localai", "/version", "version", "", "", by_first},
    {"meilisearch", "/health", "", "\"status\"", "/version", by_guarded},
    {"milvus", "/v1/vector/collections", "", "\"code\"", "", milvus_auth},
    {"minio", "/minio/health/live", "", "header:server:minio", "/", minio_auth},
    {"mlflow", "/version", "text", "", "", by_first},
    {"n8n", "/healthz", "", "\"status\"", "", not_told},
    {"neo4j", "/", "neo4j_version", "", "", not_told},
    {"ollama", "/api/version", "version", "", "", by_first},
    {"open_webui", "/api/config", "version", "", "", open_webui_auth},
    {"opensearch", "/", "version.number", "\"cluster_name\"", "", by_first},
    {"prefect", "/api/admin/version", "text", "", "", by_first},
    {"qdrant", "/", "version", "qdrant", "/cluster", by_guarded},
    {"ray", "/api/version", "ray_version", "", "", by_first},
    {"rstudio", "/", "", "", "", by_first},
    {"sglang", "/v1/models", "", "\"data\"", "", by_first},
    {"solr", "/solr/admin/info/system?wt=json", "lucene.solr-spec-version", "", "", by_first},
    {"stable_diffusion_webui", "/config", "", "\"version\"", "", by_first},
    {"streamlit", "/_stcore/health", "", "body:ok", "", by_first},
    {"tei", "/info", "version", "", "", by_first},
    {"tensorboard", "/data/environment", "version", "", "", by_first},
    {"text_generation_webui", "/config", "", "\"version\"", "", by_first},
    {"tgi", "/info", "version", "", "", by_first},
    {"torchserve", "/ping", "", "\"status\"", "", not_told},
    {"triton", "/v2", "version", "", "", by_first},
    {"vllm", "/version", "version", "", "/v1/models", by_guarded},
    {"weaviate", "/v1/meta", "version", "", "", by_first},
    {"xinference", "/v1/cluster/version", "version", "", "/v1/cluster/auth", xinference_auth},
}};

const HttpProduct* find_http(std::string_view protocol) {
  const auto row = std::find_if(kProducts.begin(), kProducts.end(),
                                [&](const HttpProduct& one) { return one.protocol == protocol; });
  return row == kProducts.end() ? nullptr : &*row;
}

std::string request(std::string_view page, std::string_view authority) {
  const std::size_t blank = page.find(' ');
  const std::string_view body = blank == std::string_view::npos ? std::string_view() : page.substr(blank + 1);
  std::string text = std::string(body.empty() ? "GET " : "POST ") + std::string(page.substr(0, blank)) +
                     " HTTP/1.1\r\nHost: " + std::string(authority) +
                     "\r\nUser-Agent: plumbline-agent\r\nAccept: application/json\r\nConnection: close\r\n";
  if (!body.empty())
    text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

/// "version":"4.44.1" somewhere in an object too long to have been fetched whole.
std::string version_in_part(std::string_view body, std::string_view key) {
  if (!trim(body).starts_with('{')) return "";
  const std::string name = "\"" + std::string(key) + "\"";
  const std::size_t found = body.find(name);
  if (found == std::string_view::npos) return "";
  std::string_view rest = trim(body.substr(found + name.size()));
  if (!rest.starts_with(':')) return "";
  rest = trim(rest.substr(1));
  const std::size_t end = rest.find('"', 1);
  return rest.starts_with('"') && end != std::string_view::npos ? clean_version(rest.substr(1, end - 1)) : "";
}

/// A body that is all there, by its length or because it ends with the connection.
bool is_complete(const GreetingReply& reply) {
  const HttpReply http = read_http_reply(reply.bytes);
  const bool measured = !http_header(http, "content-length").empty() || !http_header(http, "transfer-encoding").empty();
  return is_whole_http_reply(reply.bytes) || (reply.closed && !measured);
}

std::string version_of(const GreetingReply& from, std::string_view place) {
  if (place.empty()) return "";
  const HttpReply reply = read_http_reply(from.bytes);
  if (place.starts_with("header:")) return clean_version(http_header(reply, place.substr(7)));
  if (place == "text") {  // 2.9.2, or "0.5.3" in quotes
    if (!is_complete(from)) return "";
    std::string_view text = trim(reply.body);
    if (text.starts_with('"')) text.remove_prefix(1);
    return clean_version(text);
  }
  const auto json = json_of(reply);
  if (json.empty() && is_complete(from)) return "";
  if (json.empty()) return version_in_part(reply.body, place.substr(place.rfind('.') + 1));
  const auto* value = at(json, place);
  return value != nullptr && value->is_string() ? clean_version(value->get_ref<const std::string&>()) : "";
}

/// "header:server:minio", "body:ok", or a word of the body.
bool is_signed(const HttpReply& reply, std::string_view sign) {
  if (sign.starts_with("body:")) return trim(reply.body) == sign.substr(5);
  if (!sign.starts_with("header:")) return contains(reply.body, sign);
  const std::size_t colon = sign.find(':', 7);
  return lower(http_header(reply, sign.substr(7, colon - 7))).starts_with(sign.substr(colon + 1));
}

/// Go's and nginx's answer to plain HTTP on a port with TLS.
bool wants_tls(const HttpReply& reply) {
  return reply.status == 400 && contains(reply.body, "HTTP request") && contains(reply.body, "HTTPS");
}

std::string_view path_of(std::string_view page) {
  return page.substr(0, page.find_first_of(" ?"));
}

std::string evidence_of(const HttpProduct& product, std::string_view auth) {
  const bool guarded = !product.guarded.empty();
  const std::string page(path_of(guarded ? product.guarded : product.page));
  if (auth == "none") return page + " is answered without a login";
  if (auth == "required") return page + " is refused without a login";
  return std::string(path_of(product.page)) + " is answered";
}

}  // namespace

std::vector<std::string_view> http_greeting_protocols() {
  std::vector<std::string_view> names;
  for (const HttpProduct& product : kProducts) names.push_back(product.protocol);
  return names;
}

std::vector<GreetingWords> http_greeting_words(std::string_view protocol, std::string_view authority) {
  const HttpProduct* product = find_http(protocol);
  if (product == nullptr) return {};
  std::vector<GreetingWords> words = {{request(product->page, authority), is_whole_http_reply}};
  if (product->guarded.empty()) return words;
  // Where the status tells, nothing but the status is fetched.
  const bool status_alone = product->auth == by_guarded && product->protocol != "clickhouse" &&
                            product->protocol != "meilisearch";
  words.push_back({request(product->guarded, authority), status_alone ? has_http_headers : is_whole_http_reply});
  return words;
}

Heard judge_http_greeting(std::string_view protocol, const std::vector<GreetingReply>& replies) {
  const HttpProduct& product = *find_http(protocol);
  const auto read = [](const GreetingReply& one) {
    return has_http_headers(one.bytes) ? read_http_reply(one.bytes) : HttpReply{};
  };
  const HttpReply first = read(replies[0]);
  const HttpReply guarded = replies.size() > 1 ? read(replies[1]) : HttpReply{};
  Heard found;
  if (wants_tls(first)) {
    found.understood = true;
    found.tls = "on";
    found.evidence = "plain HTTP is refused: the port is for TLS";
    return found;
  }
  const bool refused = is_refusal(first.status) || is_sent_to_login(first);
  if (is_good(first.status)) {
    found.version = version_of(replies[0], product.version);
    if (protocol == "clickhouse" && is_good(guarded.status)) found.version = version_of(replies[1], "text");
    if (protocol == "meilisearch" && is_good(guarded.status)) found.version = version_of(replies[1], "pkgVersion");
    const bool good = product.sign.empty() ? product.version.empty() || !found.version.empty()
                                           : is_signed(first, product.sign);
    if (!good) return {};
    if (protocol == "elasticsearch" && contains(first.body, "\"opensearch\"")) found.product = "opensearch";
  } else if (!refused) {
    return {};
  }
  found.understood = true;
  found.tls = "off";
  found.auth = refused ? "required" : product.auth(first, guarded);
  found.evidence = refused ? std::string(path_of(product.page)) + " is refused without a login"
                           : evidence_of(product, found.auth);
  return found;
}

}  // namespace plumbline
