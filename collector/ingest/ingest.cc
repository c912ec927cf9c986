// SPDX-License-Identifier: Apache-2.0
// The accept pipeline. Checks run on the caller's thread; one writer commits what has gathered and answers.
#include "collector/ingest/ingest.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <unordered_map>

#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "base/zstd.h"
#include "collector/history.h"
#include "collector/ingest/base_cache.h"
#include "collector/judging.h"
#include "facts/wire.h"

namespace plumbline {
namespace {

constexpr int kRetryAfterSeconds = 5;

Response json_answer(int status, const nlohmann::json& value) {
  Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return response;
}

Response unavailable(std::string_view what) {
  Response response = problem(503, what, "the agent keeps the scan and sends it again");
  response.headers.emplace_back("Retry-After", std::to_string(kRetryAfterSeconds));
  return response;
}

Response taken(std::uint64_t sequence, std::string_view result) {
  return json_answer(200, {{"sequence", sequence}, {"result", result}});
}

Response out_of_order(std::uint64_t last) {
  return json_answer(409, {{"error", "the scan's sequence is not above the last one of this host"},
                           {"next", "number the next scan above the sequence given here"},
                           {"sequence", last}});
}

Response base_missing() {
  return json_answer(409, {{"error", "the scan that this one is laid over is not what is stored here"},
                           {"next", "send the same scan again, whole"},
                           {"need", "everything"}});
}

// What a body must pass before anything else looks at it (goals S7, S8): the scan, or the answer that refuses it.
tl::expected<Arrived, Response> read_body(std::string_view content_type, std::string_view body) {
  const std::string_view media_type = trim(content_type.substr(0, content_type.find(';')));
  if (lower(media_type) != "application/zstd")
    return tl::unexpected(problem(415, "the body must be application/zstd", "send the scan as one zstd frame"));
  if (body.size() > kMaxWireBytes)
    return tl::unexpected(problem(413, "the body is larger than 4 MiB", "this scan cannot be taken; report it with plumbline-agent scan --record"));
  const auto document = decompress_zstd(body);
  if (!document)
    return tl::unexpected(problem(document.error().kind == ErrorKind::limit ? 413 : 400, document.error().message,
                                  "send the scan as one zstd frame of at most 16 MiB"));
  auto arrived = read_wire(*document);
  if (!arrived) return tl::unexpected(problem(400, arrived.error().message, "bring agent and collector to the same version"));
  arrived->scan.sections.erase(std::string(kHistorySection));  // the collector's own; nobody writes it for us
  return std::move(*arrived);
}

// A host's last committed scan, as far as this process knows; the store decides where another collector knows more.
struct Head {
  std::uint64_t sequence = 0;
  std::string facts_hash;
};

struct Queued {
  StoredScan stored;
  std::shared_ptr<const JudgedScan> scan;  // becomes the base of the next one
  std::size_t scan_bytes = 0;
  Reply reply;
};

using CurrentRules = std::function<std::shared_ptr<const RuleSet>()>;

class Pipeline final : public Ingest {
 public:
  Pipeline(Store& store, CurrentRules rules, const IngestLimits& limits)
      : store_(store), current_rules_(std::move(rules)), limits_(limits), bases_(limits.base_cache_bytes), writer_([this] { write_groups(); }) {}
  ~Pipeline() override {
    {
      const std::lock_guard lock(queue_mutex_);
      stopping_ = true;
    }
    queue_filled_.notify_all();
    writer_.join();
  }
  void accept(std::string_view agent_id, std::string_view content_type, std::string_view body, Reply reply) override;
  IngestCounts counts() const override;

 private:
  void refuse(const Reply& reply, Response response);
  Result<std::optional<Head>> head_of(const std::string& host_id);
  std::shared_ptr<const IndexedRules> rules();
  Result<std::shared_ptr<const JudgedScan>> base_of(const std::string& host_id);
  std::optional<Response> check_order(const Arrived& arrived);
  std::optional<Response> complete(Arrived& arrived, std::shared_ptr<const JudgedScan>& base);
  void enqueue(Queued queued);

  void write_groups();
  std::vector<Queued> next_group();
  void commit(std::vector<Queued> group);
  void answer(Queued& queued, Acceptance acceptance);
  void store_answered(const Result<std::vector<Acceptance>>& answers);

  Store& store_;
  const CurrentRules current_rules_;
  std::mutex rules_mutex_;
  std::shared_ptr<const IndexedRules> rules_;  // of the rules that were current when a scan last came
  const IngestLimits limits_;

  std::mutex heads_mutex_;
  std::unordered_map<std::string, Head> heads_;
  BaseCache bases_;

  std::mutex queue_mutex_;
  std::condition_variable queue_filled_;
  std::deque<Queued> queue_;
  std::size_t queued_bytes_ = 0;
  bool stopping_ = false;
  bool failing_ = false;  // of the writer alone: whether the last commit failed

  std::atomic<std::uint64_t> accepted_{0}, duplicates_{0}, refused_{0}, unavailable_{0}, commits_{0};
  std::thread writer_;  // last: it uses all of the above
};

IngestCounts Pipeline::counts() const { return {accepted_, duplicates_, refused_, unavailable_, commits_}; }

void Pipeline::refuse(const Reply& reply, Response response) {
  ++(response.status == 503 ? unavailable_ : refused_);
  reply(std::move(response));
}

Result<std::optional<Head>> Pipeline::head_of(const std::string& host_id) {
  {
    const std::lock_guard lock(heads_mutex_);
    if (const auto found = heads_.find(host_id); found != heads_.end()) return found->second;
  }
  const auto host = store_.host(host_id);
  if (!host) return tl::unexpected(host.error());
  if (!*host) return fail(ErrorKind::not_found, "host " + host_id + ": it is not enrolled here");
  if (!(*host)->sequence) return std::nullopt;
  return Head{*(*host)->sequence, (*host)->facts_hash};
}

std::shared_ptr<const IndexedRules> Pipeline::rules() {
  auto current = current_rules_();
  const std::lock_guard lock(rules_mutex_);
  if (rules_ == nullptr || rules_->rules != current) rules_ = std::make_shared<const IndexedRules>(std::move(current));
  return rules_;
}

Result<std::shared_ptr<const JudgedScan>> Pipeline::base_of(const std::string& host_id) {
  if (auto base = bases_.find(host_id)) return base;
  const auto stored = store_.latest_scan(host_id);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return nullptr;
  auto scan = read_stored(**stored);
  if (!scan) {  // damaged: the agent sends everything again
    log_error(scan.error().message + "; the agent is asked for a full scan");
    return nullptr;
  }
  return std::make_shared<const JudgedScan>(JudgedScan{std::move(*scan), (*stored)->rules_hash, (*stored)->judgement});
}

// The answer where the sequence is not above the last one.
std::optional<Response> Pipeline::check_order(const Arrived& arrived) {
  const Scan& scan = arrived.scan;
  const auto head = head_of(scan.host_id);
  if (!head) {
    if (head.error().kind == ErrorKind::not_found)
      return problem(403, "this host is not enrolled here", "enrol it again with plumbline-agent enroll");
    return unavailable(head.error().message);
  }
  if (!*head || scan.sequence > (*head)->sequence) return std::nullopt;
  if (scan.sequence == (*head)->sequence && arrived.facts == (*head)->facts_hash) {
    ++duplicates_;
    return taken(scan.sequence, "duplicate");
  }
  return out_of_order((*head)->sequence);
}

// The answer where the scan is not whole and its base is not here. Keeps the scan before it, where it is at hand or has
// sizes to compare with.
std::optional<Response> Pipeline::complete(Arrived& arrived, std::shared_ptr<const JudgedScan>& base) {
  const bool whole = arrived.base.empty();
  base = bases_.find(arrived.scan.host_id);
  if (whole && (base != nullptr || !tells_sizes(arrived.scan))) return std::nullopt;
  auto known = base_of(arrived.scan.host_id);
  if (!known) return unavailable(known.error().message);
  base = std::move(*known);
  if (!whole && !lay_over(base == nullptr ? nullptr : &base->scan, arrived)) return base_missing();
  return std::nullopt;
}

void Pipeline::accept(std::string_view agent_id, std::string_view content_type, std::string_view body, Reply reply) {
  auto arrived = read_body(content_type, body);
  if (!arrived) return refuse(reply, std::move(arrived.error()));
  Scan* const scan = &arrived->scan;
  if (scan->host_id.empty() || scan->host_id != agent_id)
    return refuse(reply, problem(403, "the scan is of another host than the certificate", "enrol this host again with plumbline-agent enroll"));
  if (auto ordered = check_order(*arrived)) {
    if (ordered->status == 200) return reply(std::move(*ordered));
    return refuse(reply, std::move(*ordered));
  }
  std::shared_ptr<const JudgedScan> base;
  if (auto incomplete = complete(*arrived, base)) return refuse(reply, std::move(*incomplete));
  remember_sizes(*scan, base == nullptr ? nullptr : &base->scan);
  Queued queued;
  queued.stored = judge_for_store(*scan, *rules(), base.get(), now_seconds());
  queued.scan_bytes = approximate_bytes(*scan);
  queued.scan = std::make_shared<const JudgedScan>(JudgedScan{std::move(*scan), queued.stored.rules_hash, queued.stored.judgement});
  queued.reply = std::move(reply);
  enqueue(std::move(queued));
}

void Pipeline::enqueue(Queued queued) {
  const std::size_t bytes = queued.stored.document_zstd.size() + queued.scan_bytes;
  {
    const std::lock_guard lock(queue_mutex_);
    if (!stopping_ && queue_.size() < limits_.queued_scans && queued_bytes_ + bytes <= limits_.queued_bytes) {
      queued_bytes_ += bytes;
      queue_.push_back(std::move(queued));
      queue_filled_.notify_one();
      return;
    }
  }
  refuse(queued.reply, unavailable("more scans arrive than can be stored now"));
}

std::vector<Queued> Pipeline::next_group() {
  std::unique_lock lock(queue_mutex_);
  queue_filled_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
  std::vector<Queued> group;
  while (!queue_.empty() && group.size() < limits_.group_scans) {
    queued_bytes_ -= queue_.front().stored.document_zstd.size() + queue_.front().scan_bytes;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

void Pipeline::write_groups() {
  for (;;) {
    std::vector<Queued> group = next_group();
    if (group.empty()) return;  // only when stopping
    commit(std::move(group));
  }
}

void Pipeline::store_answered(const Result<std::vector<Acceptance>>& answers) {
  if (answers) {
    ++commits_;
    if (failing_) log_info("the store takes scans again");
    failing_ = false;
  } else if (!failing_) {
    failing_ = true;
    log_error(answers.error().message + "; agents keep their scans and are told to try again");
  }
}

void Pipeline::commit(std::vector<Queued> group) {
  std::vector<StoredScan> scans;
  scans.reserve(group.size());
  for (Queued& queued : group) scans.push_back(std::move(queued.stored));
  const auto answers = store_.accept(scans);
  if (!answers && group.size() > 1 && (answers.error().kind == ErrorKind::not_found || answers.error().kind == ErrorKind::invalid)) {
    // One scan the store will never take must not keep the others out.
    for (std::size_t i = 0; i < group.size(); ++i) {
      group[i].stored = std::move(scans[i]);
      std::vector<Queued> alone;
      alone.push_back(std::move(group[i]));
      commit(std::move(alone));
    }
    return;
  }
  store_answered(answers);
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i].stored = std::move(scans[i]);
    if (answers) answer(group[i], (*answers)[i]);
    else refuse(group[i].reply, unavailable(answers.error().message));
  }
}

void Pipeline::answer(Queued& queued, Acceptance acceptance) {
  const StoredScan& stored = queued.stored;
  if (acceptance == Acceptance::stale) {
    const auto host = store_.host(stored.host_id);
    return refuse(queued.reply, out_of_order(host && *host ? (*host)->sequence.value_or(0) : stored.sequence));
  }
  {
    const std::lock_guard lock(heads_mutex_);
    Head& head = heads_[stored.host_id];
    if (head.sequence <= stored.sequence) head = {stored.sequence, stored.facts_hash};
  }
  ++(acceptance == Acceptance::accepted ? accepted_ : duplicates_);
  bases_.put(stored.host_id, queued.scan, queued.scan_bytes);
  queued.reply(taken(stored.sequence, acceptance == Acceptance::accepted ? "accepted" : "duplicate"));
}

}  // namespace

std::unique_ptr<Ingest> make_ingest(Store& store, std::shared_ptr<const RuleSet> rules, const IngestLimits& limits) {
  return std::make_unique<Pipeline>(store, [rules = std::move(rules)] { return rules; }, limits);
}

std::unique_ptr<Ingest> make_ingest(Store& store, const RulesInForce& rules, const IngestLimits& limits) {
  return std::make_unique<Pipeline>(store, [&rules] { return rules.rules(); }, limits);
}

std::vector<Route> agent_routes(Ingest& ingest) {
  Route scans;
  scans.method = "POST";
  scans.pattern = "/v1/scans";
  scans.permission = Permission::agent;
  scans.body_limit_bytes = kMaxWireBytes;
  scans.handle = [&ingest](const Request& request, Reply reply) {
    const auto type = request.headers.find("content-type");
    ingest.accept(request.agent_id, type == request.headers.end() ? std::string_view() : type->second, request.body, std::move(reply));
  };
  return {scans};
}

}  // namespace plumbline
