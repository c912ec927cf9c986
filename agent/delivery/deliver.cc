// SPDX-License-Identifier: Apache-2.0
#include "agent/delivery/deliver.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/delivery/enroll.h"
#include "agent/delivery/uplink.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "base/zstd.h"
#include "facts/wire.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr int kTriesPerScan = 4;  // whole after what changed, another number after a stale one, and once more each
constexpr JsonLimits kAnswerLimits{1u << 20, 4, 1000, 64u << 10};

std::map<std::string, std::string> hashes_of(const Scan& scan) {
  std::map<std::string, std::string> hashes;
  for (const auto& [name, section] : scan.sections) hashes[name] = section.hash;
  return hashes;
}

/// Of a 409: {"sequence":12}, the last the collector has; none where it wants the scan whole.
std::optional<std::uint64_t> last_sequence(const HttpAnswer& answer) {
  const auto body = parse_json(answer.body, kAnswerLimits);
  if (!body || !body->is_object()) return std::nullopt;
  const auto sequence = body->find("sequence");
  if (sequence == body->end() || !sequence->is_number_unsigned()) return std::nullopt;
  return sequence->get<std::uint64_t>();
}

bool is_duplicate(const HttpAnswer& answer) {
  const auto body = parse_json(answer.body, kAnswerLimits);
  return body && body->is_object() && body->contains("result") && (*body)["result"] == json("duplicate");
}

/// One scan on its way: what to do with each answer.
class Errand {
 public:
  Errand(Spool& spool, Uplink& uplink) : spool_(spool), uplink_(uplink) {}

  /// True: the scan is off the spool, delivered or given up. False: it waits, and `end` says why.
  Result<bool> run(std::uint64_t sequence, DeliveryEnd& end) {
    const auto document = spool_.read(sequence);
    auto scan = document ? read_scan(*document) : Result<Scan>(tl::unexpected(document.error()));
    if (!scan) return give_up(sequence, scan.error().message);
    for (int tries = 0; tries < kTriesPerScan; ++tries) {
      scan->dropped_scans = spool_.delivered().dropped;
      const auto answer = uplink_.post("/v1/scans", "application/zstd",
                                       compress_zstd(to_wire(*scan, spool_.delivered().sections)));
      if (!answer) return wait(end, answer.error().message);
      if (answer->status == 200) return acknowledge(*scan, *answer, end);
      if (answer->status == 400 || answer->status == 413) return give_up(scan->sequence, explain(*answer));
      if (answer->status != 409) {
        end.retry_after_seconds = answer->retry_after_seconds;
        return wait(end, "the collector does not take it: " + explain(*answer));
      }
      if (auto settled = settle(*scan, *answer); !settled) return tl::unexpected(settled.error());
    }
    return wait(end,
                "collector and agent do not agree on what was delivered before; it is tried again later");
  }

 private:
  static Result<bool> wait(DeliveryEnd& end, std::string trouble) {
    end.trouble = std::move(trouble);
    return false;
  }

  Result<bool> give_up(std::uint64_t sequence, const std::string& why) {
    log_warning("scan " + std::to_string(sequence) + " is given up: " + why);
    if (auto dropped = spool_.drop(sequence); !dropped) return tl::unexpected(dropped.error());
    return true;
  }

  Result<bool> acknowledge(const Scan& scan, const HttpAnswer& answer, DeliveryEnd& end) {
    // A repeat was stored as it came first: what it tells of losses now was not kept.
    const std::uint64_t told = is_duplicate(answer) ? 0 : scan.dropped_scans;
    if (auto kept = spool_.acknowledge(scan.sequence, hashes_of(scan), told); !kept)
      return tl::unexpected(kept.error());
    ++end.delivered;
    return true;
  }

  /// After a 409: sends it whole, or under a higher number (this host's memory of its numbers was lost).
  Result<void> settle(Scan& scan, const HttpAnswer& answer) {
    const auto last = last_sequence(answer);
    if (!last) return spool_.forget_sections();
    const std::uint64_t before = scan.sequence;
    scan.sequence = std::max(*last + 1, spool_.next_sequence());
    return spool_.renumber(before, scan.sequence, to_json(scan));
  }

  Spool& spool_;
  Uplink& uplink_;
};

Result<DeliveryEnd> deliver_over(Uplink& uplink, Spool& spool) {
  DeliveryEnd end;
  Errand errand(spool, uplink);
  for (const std::uint64_t sequence : spool.sequences()) {
    const auto gone = errand.run(sequence, end);
    if (!gone) return tl::unexpected(gone.error());
    if (!*gone) break;
  }
  return end;
}

}  // namespace

Result<DeliveryEnd> deliver(const std::string& state_folder, AgentIdentity& identity, Spool& spool,
                            const std::function<bool()>& stop) {
  DeliveryEnd end;
  const auto try_renewal = [&]() -> Result<void> {
    auto renewed = renew(state_folder, identity, stop);
    if (!renewed) return tl::unexpected(renewed.error());
    identity = std::move(*renewed);
    return {};
  };
  const auto due = renewal_due(identity, now_seconds());
  bool renewed = false;
  if (due && *due) {
    const auto tried = try_renewal();
    renewed = tried.has_value();
    if (!tried) end.trouble = tried.error().message;
    if (!tried && tried.error().kind == ErrorKind::unavailable) return end;
  }
  if (spool.sequences().empty()) return end;
  for (;;) {
    const auto uplink = open_uplink(
        {identity.collector_url, identity.ca_pem, identity.certificate_pem, identity.private_key_pem, stop});
    if (!uplink) return tl::unexpected(uplink.error());
    auto over = deliver_over(**uplink, spool);
    if (!over) return over;
    over->delivered += end.delivered;
    end = *over;
    // A certificate that the collector's clock finds expired shows as a connection that ends: renew once, try
    // again.
    const bool again = !end.trouble.empty() && !renewed && contains(end.trouble, "alert");
    if (!again || !try_renewal()) return end;
    renewed = true;
  }
}

}  // namespace plumbline
