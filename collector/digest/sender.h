// SPDX-License-Identifier: Apache-2.0
// Sends each digest at most once for its moment, however many collectors share a store and whenever one of them ends: who
// writes the claim into the store sends, and a claim whose sender is gone is not sent again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collector/digest/delivery.h"
#include "collector/digest/digest.h"
#include "collector/digest/settings.h"
#include "collector/store/store.h"

namespace plumbline {

enum class Channel { email, slack, teams };
std::string_view to_text(Channel channel);
std::optional<Channel> channel_from(std::string_view text);
/// Those that the settings name.
std::vector<Channel> channels_of(const DigestSettings& settings);

/// What the store keeps of a channel: record "digest/<channel>".
struct ChannelRecord {
  std::int64_t period = 0;                 // as of DigestMemory
  std::int64_t claimed_at = 0;             // of a digest that is on its way; 0: none is
  std::int64_t sent_at = 0, gate_told_at = 0;
  std::optional<std::int64_t> retry_at;
  int tries = 0;                           // of the digest that was not delivered yet
  std::string trouble;                     // why the last one was not delivered; empty where it was
  std::vector<std::string> shut_told;      // sorted
  std::optional<Told> told;                // nothing before the first digest
  std::int64_t version = 0;                // of the record
};
Result<std::optional<ChannelRecord>> read_channel(Store& store, Channel channel);
/// Fails with conflict where somebody wrote it meanwhile. Gives the new version.
Result<std::int64_t> write_channel(Store& store, Channel channel, const ChannelRecord& record, std::int64_t now);

inline constexpr std::int64_t kClaimSeconds = 20 * 60;  // after which a claim's sender is taken for gone
inline constexpr int kMostTries = 5;                    // of one digest; then the next moment is awaited

/// A digest that goes out.
struct Outgoing {
  DigestPage page;
  std::string id;                    // of the message: 32 hexadecimal digits
  std::int64_t now = 0;
  std::optional<std::string> pdf;    // of the CEO page, for e-mail
};
DeliveryEnd deliver_digest(const DigestSettings& settings, Channel channel, const Outgoing& outgoing, const Stop& stop = {});
/// The bytes of it: a mail message or JSON.
std::string digest_bytes(const DigestSettings& settings, Channel channel, const Outgoing& outgoing);

/// What sending needs of the program around it.
struct DigestWorld {
  Store* store = nullptr;
  std::string state_folder;
  std::string link;                                                      // where the settings name none
  std::function<std::int64_t()> clock;
  std::function<std::shared_ptr<const ReportInput>()> report;            // may give nullptr
  std::function<Result<std::string>(const ReportInput&)> print_ceo_page; // PDF
  std::function<DeliveryEnd(const DigestSettings&, Channel, const Outgoing&)> deliver;
};

/// Looks at the settings and the clock, and sends what is due. One thread uses it, but notices().
class DigestSender {
 public:
  explicit DigestSender(DigestWorld world);
  ~DigestSender();
  DigestSender(const DigestSender&) = delete;
  DigestSender& operator=(const DigestSender&) = delete;
  /// One look. Nothing that goes wrong ends it: it is logged once, and told by notices().
  void look();
  /// Wrong settings and digests that could not be delivered, for who is signed in. Safe from any thread.
  std::vector<Notice> notices() const;

 private:
  struct State;
  /// What is wrong with a channel; nothing where the text is empty.
  struct Trouble {
    std::string text;
    bool logged = false;
  };
  Trouble look_at(Channel channel, const ReportInput& input);
  Trouble begin(Channel channel, const ReportInput& input, std::int64_t now);
  Trouble wait_for_claim(Channel channel, ChannelRecord record, std::int64_t now);
  Trouble kept(Channel channel, const ChannelRecord& record, std::int64_t now, std::string trouble);
  std::unique_ptr<State> state_;
};

/// Sends now, whatever the schedule says, and keeps the record. Fails with conflict where a digest is on its way.
Result<DeliveryEnd> send_now(const DigestWorld& world, const DigestSettings& settings, Channel channel, const ReportInput& input);

/// A DigestSender with a thread of its own that looks twice a minute.
class DigestThread {
 public:
  /// `world.deliver` may be empty: then digests are really delivered, patiently.
  explicit DigestThread(DigestWorld world);
  ~DigestThread();  // ends a delivery that waits
  DigestThread(const DigestThread&) = delete;
  DigestThread& operator=(const DigestThread&) = delete;
  std::vector<Notice> notices() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plumbline
