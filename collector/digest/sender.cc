// SPDX-License-Identifier: Apache-2.0
// From "is one due" to "it was delivered": claim, send, record.
#include "collector/digest/sender.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/digest/mail.h"
#include "collector/report/phrases.h"

namespace plumbline {
namespace {

constexpr auto kLookEvery = std::chrono::seconds(30);
constexpr std::array<std::int64_t, kMostTries> kRetrySeconds = {10 * 60, 3600, 4 * 3600, 12 * 3600, 0};  // after a try; the last is given up

std::string id_of(const ReportInput& input, Channel channel, std::int64_t now) {
  return sha256_hex(input.organisation + "\n" + std::string(to_text(channel)) + "\n" + std::to_string(now) + "\n" + hex(random_bytes(8))).substr(0, 32);
}

Outgoing outgoing_of(const DigestWorld& world, const DigestSettings& settings, Channel channel, const ReportInput& input, const ChannelRecord& record, std::int64_t now) {
  Outgoing outgoing;
  outgoing.page = page_of(make_digest(input, record.told ? &*record.told : nullptr, settings.link.empty() ? world.link : settings.link, now));
  outgoing.id = id_of(input, channel, now);
  outgoing.now = now;
  if (channel != Channel::email || !settings.mail->attach_pdf || !world.print_ceo_page) return outgoing;
  auto pdf = world.print_ceo_page(input);
  if (pdf) outgoing.pdf = std::move(*pdf);
  else log_warning("digest: it goes without its attachment: " + pdf.error().message);
  return outgoing;
}

/// Writes how a delivery ended into the record. What is told stays what it was unless it certainly arrived, so that the
/// next digest leaves nothing out.
void note(ChannelRecord& record, const DeliveryEnd& end, const ReportInput& input, std::int64_t now) {
  record.claimed_at = 0;
  record.retry_at.reset();
  record.trouble = end.outcome == DeliveryEnd::Outcome::sent ? std::string() : end.message;
  if (end.outcome == DeliveryEnd::Outcome::sent) {
    record.sent_at = now;
    record.told = told_now(input, now);
    if (!end.refused_recipients.empty()) record.trouble = end.message;
  }
  if (end.outcome != DeliveryEnd::Outcome::refused) {
    record.tries = 0;
    return;
  }
  record.tries = std::min(record.tries + 1, kMostTries);
  const std::int64_t wait = kRetrySeconds[static_cast<std::size_t>(record.tries - 1)];
  if (wait > 0) record.retry_at = now + wait;
  else record.tries = 0;
}

/// Whether a digest is on its way and its sender may still be there; clocks of two collectors differ a little.
bool is_fresh(const ChannelRecord& record, std::int64_t now) { return record.claimed_at > 0 && std::abs(now - record.claimed_at) < kClaimSeconds; }

std::string_view outcome_text(DeliveryEnd::Outcome outcome) {
  return outcome == DeliveryEnd::Outcome::sent ? "digest.sent" : outcome == DeliveryEnd::Outcome::unsure ? "digest.unsure" : "digest.refused";
}

/// Log and audit log.
void tell(Store& store, Channel channel, const DeliveryEnd& end, std::int64_t now) {
  const std::string text = "digest by " + std::string(to_text(channel)) + ": " + end.message;
  if (end.outcome == DeliveryEnd::Outcome::sent && end.refused_recipients.empty()) log_info(text);
  else log_warning(text);
  if (auto noted = store.add_audit("collector", outcome_text(end.outcome), to_text(channel), end.message, now); !noted) log_warning("audit log: " + noted.error().message);
}

/// Claims, sends, records. The record is written before anything leaves: a kill between the two loses this digest (the
/// next one tells its changes), and never sends it twice.
Result<DeliveryEnd> claim_and_send(const DigestWorld& world, const DigestSettings& settings, Channel channel, const ReportInput& input, ChannelRecord record) {
  const std::int64_t now = world.clock();
  const Outgoing outgoing = outgoing_of(world, settings, channel, input, record, now);
  record.claimed_at = now;
  record.shut_told = told_now(input, now).shut_gates;
  auto claimed = write_channel(*world.store, channel, record, now);
  if (!claimed) return tl::unexpected(claimed.error());
  record.version = *claimed;
  const DeliveryEnd end = world.deliver(settings, channel, outgoing);
  note(record, end, input, world.clock());
  tell(*world.store, channel, end, world.clock());
  if (auto written = write_channel(*world.store, channel, record, world.clock()); !written) return tl::unexpected(written.error());
  return end;
}

MailMessage mail_of(const MailSettings& settings, const Outgoing& outgoing) {
  MailMessage message;
  message.from = settings.from;
  message.from_name = settings.from_name;
  message.to = settings.to;
  message.subject = outgoing.page.subject;
  message.text = render_digest_text(outgoing.page);
  message.html = render_digest_html(outgoing.page);
  message.date = outgoing.now;
  message.id = outgoing.id;
  if (!outgoing.pdf) return message;
  message.attachment_name = "plumbline-ceo.pdf";
  message.attachment_type = "application/pdf";
  message.attachment = *outgoing.pdf;
  return message;
}

}  // namespace

std::string digest_bytes(const DigestSettings& settings, Channel channel, const Outgoing& outgoing) {
  switch (channel) {
    case Channel::email: return mail_bytes(mail_of(*settings.mail, outgoing));
    case Channel::slack: return render_digest_slack(outgoing.page);
    case Channel::teams: break;
  }
  return render_digest_teams(outgoing.page);
}

DeliveryEnd deliver_digest(const DigestSettings& settings, Channel channel, const Outgoing& outgoing, const Stop& stop) {
  const std::string bytes = digest_bytes(settings, channel, outgoing);
  switch (channel) {
    case Channel::email: return send_mail(*settings.mail, bytes, stop);
    case Channel::slack: return post_webhook(*settings.slack, "Slack", bytes, stop);
    case Channel::teams: break;
  }
  return post_webhook(*settings.teams, "Teams", bytes, stop);
}

Result<DeliveryEnd> send_now(const DigestWorld& world, const DigestSettings& settings, Channel channel, const ReportInput& input) {
  const std::int64_t now = world.clock();
  auto record = read_channel(*world.store, channel);
  ChannelRecord there;
  if (record && *record) there = std::move(**record);
  if (!record && record.error().kind != ErrorKind::invalid) return tl::unexpected(record.error());
  if (!record) {  // damaged: written anew over its version
    const auto row = world.store->record("digest", to_text(channel));
    if (row && *row) there.version = (*row)->version;
  }
  if (is_fresh(there, now))
    return fail(ErrorKind::conflict, "digest by " + std::string(to_text(channel)) + ": one is on its way since " + to_iso8601(there.claimed_at) + "; try again in " + std::to_string(kClaimSeconds / 60) + " minutes");
  // One that was sent by hand takes nothing from the schedule, but the first one begins it.
  if (there.period == 0) there.period = weekly_moment(settings.schedule, now).value_or(0);
  return claim_and_send(world, settings, channel, input, std::move(there));
}

struct DigestSender::State {
  struct Seen {
    std::vector<std::string> shut;
    std::int64_t since = 0;
  };
  DigestWorld world;
  std::string fingerprint;
  std::optional<DigestSettings> settings;
  std::map<Channel, Seen> seen;          // of gates, for settling
  mutable std::mutex mutex;              // guards what follows
  std::string settings_trouble;
  std::map<Channel, std::string> trouble;
};

DigestSender::DigestSender(DigestWorld world) : state_(std::make_unique<State>()) { state_->world = std::move(world); }
DigestSender::~DigestSender() = default;

std::vector<Notice> DigestSender::notices() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<Notice> all;
  if (!state_->settings_trouble.empty()) all.push_back({say("digest.notice_settings"), say("digest.notice_settings_text"), {state_->settings_trouble}, true});
  for (const auto& [channel, text] : state_->trouble)
    if (!text.empty()) all.push_back({say("digest.notice_channel", {{"channel", std::string(to_text(channel))}}), say("digest.notice_channel_text"), {text}, true});
  return all;
}

void DigestSender::look() {
  State& state = *state_;
  if (std::string fingerprint = digest_settings_fingerprint(state.world.state_folder); fingerprint != state.fingerprint) {
    state.fingerprint = std::move(fingerprint);
    auto settings = read_digest_settings(state.world.state_folder);
    const std::string trouble = settings ? std::string() : settings.error().message;
    if (!trouble.empty()) log_error(trouble.substr(0, trouble.find('\n')) + "; all of it: plumbline-collector digest show");
    state.settings = settings ? std::move(*settings) : std::nullopt;
    const std::lock_guard lock(state.mutex);
    state.settings_trouble = trouble;
    state.trouble.clear();
  }
  if (!state.settings) return;
  const auto input = state.world.report();
  // Nothing is told while rules are judged anew: half of a fleet is no news.
  if (!input || input->assessment->hosts.empty() || input->hosts_waiting > 0) return;
  for (const Channel channel : channels_of(*state.settings)) {
    const Trouble trouble = look_at(channel, *input);
    const std::lock_guard lock(state.mutex);
    if (!trouble.text.empty() && !trouble.logged && state.trouble[channel] != trouble.text) log_warning("digest by " + std::string(to_text(channel)) + ": " + trouble.text);
    state.trouble[channel] = trouble.text;
  }
}

DigestSender::Trouble DigestSender::look_at(Channel channel, const ReportInput& input) {
  const DigestWorld& world = state_->world;
  const DigestSettings& settings = *state_->settings;
  const std::int64_t now = world.clock();
  auto found = read_channel(*world.store, channel);
  if (!found) return {found.error().message};
  if (!*found) return begin(channel, input, now);
  ChannelRecord record = std::move(**found);
  if (record.claimed_at > 0) return wait_for_claim(channel, std::move(record), now);
  DigestMemory memory{record.period, record.retry_at, record.gate_told_at, record.shut_told, told_now(input, now).shut_gates, {}};
  State::Seen& seen = state_->seen[channel];
  if (seen.shut != memory.shut_now || seen.since > now) seen = {memory.shut_now, now};
  memory.differs_since = seen.since;
  const Due what = due(settings.schedule, memory, now);
  if (what == Due::no) return {record.trouble, true};
  if (what == Due::clock_went_back) {
    record.period = weekly_moment(settings.schedule, now).value_or(0);
    record.gate_told_at = std::min(record.gate_told_at, now);
    return kept(channel, record, now, say("digest.clock_went_back"));
  }
  if (what == Due::weekly) {
    record.period = *weekly_moment(settings.schedule, now);
    record.tries = 0;
  }
  if (what == Due::gate) {
    record.gate_told_at = now;
    record.tries = 0;
  }
  const auto end = claim_and_send(world, settings, channel, input, std::move(record));
  if (!end && end.error().kind == ErrorKind::conflict) return {};  // another collector was faster
  if (!end) return {end.error().message};
  const bool well = end->outcome == DeliveryEnd::Outcome::sent && end->refused_recipients.empty();
  return {well ? std::string() : end->message, true};
}

/// The first look at a channel: from here on changes are told, beginning at the next moment.
DigestSender::Trouble DigestSender::begin(Channel channel, const ReportInput& input, std::int64_t now) {
  ChannelRecord record;
  record.period = weekly_moment(state_->settings->schedule, now).value_or(0);
  record.told = told_now(input, now);
  record.shut_told = record.told->shut_gates;
  return kept(channel, record, now, {});
}

DigestSender::Trouble DigestSender::wait_for_claim(Channel channel, ChannelRecord record, std::int64_t now) {
  if (is_fresh(record, now)) return {};
  record.trouble = say("digest.interrupted", {{"when", to_iso8601(record.claimed_at)}});
  record.claimed_at = 0;
  record.retry_at.reset();
  record.tries = 0;
  return kept(channel, record, now, record.trouble);
}

DigestSender::Trouble DigestSender::kept(Channel channel, const ChannelRecord& record, std::int64_t now, std::string trouble) {
  const auto written = write_channel(*state_->world.store, channel, record, now);
  if (!written && written.error().kind != ErrorKind::conflict) return {written.error().message};
  return {std::move(trouble)};
}

struct DigestThread::State {
  std::unique_ptr<DigestSender> sender;
  std::mutex mutex;
  std::condition_variable ended;
  bool ending = false;
  std::mt19937_64 random{std::random_device{}()};  // of its thread alone
  std::thread thread;

  bool asked_to_end() {
    const std::lock_guard lock(mutex);
    return ending;
  }
  bool wait(double seconds) {
    std::unique_lock lock(mutex);
    return !ended.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return ending; });
  }
};

DigestThread::DigestThread(DigestWorld world) : state_(std::make_unique<State>()) {
  State* state = state_.get();
  if (!world.deliver)
    world.deliver = [state](const DigestSettings& settings, Channel channel, const Outgoing& outgoing) {
      const Stop stop = [state] { return state->asked_to_end(); };
      return deliver_patiently([&] { return deliver_digest(settings, channel, outgoing, stop); }, Patience{}, [state](double seconds) { return state->wait(seconds); },
                               [state] { return std::uniform_real_distribution<double>(0, 1)(state->random); });
    };
  state->sender = std::make_unique<DigestSender>(std::move(world));
  state->thread = std::thread([state] {
    do state->sender->look();
    while (state->wait(std::chrono::duration<double>(kLookEvery).count()));
  });
}

DigestThread::~DigestThread() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
  }
  state_->ended.notify_all();
  state_->thread.join();
}

std::vector<Notice> DigestThread::notices() const { return state_->sender->notices(); }

}  // namespace plumbline
