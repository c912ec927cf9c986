// SPDX-License-Identifier: Apache-2.0
// `digest`: shown, sent by hand, tested.
#include "collector/commands/digest.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/digest/sender.h"
#include "collector/report/pdf.h"
#include "collector/report/phrases.h"

namespace plumbline {
namespace {

constexpr int kTries = 3;

/// Where pages of a collector are, as far as its configuration tells.
std::string link_of(const std::string& state) {
  const auto config = read_config(state);
  return config && !config->names.empty() ? "https://" + config->names.front() + ":" + std::to_string(config->people_port) + "/" : std::string();
}

Result<DigestSettings> settings_of(const DigestOptions& options) {
  auto settings = read_digest_settings(options.common.state);
  if (!settings) return tl::unexpected(settings.error());
  if (!*settings)
    return fail(ErrorKind::not_found, options.common.state + "/" + std::string(kDigestSettingsFile) + ": there is none; docs/digests.md shows what to write into it");
  return std::move(**settings);
}

/// The channels that are asked for; fails where one is not configured.
Result<std::vector<Channel>> wanted_channels(const DigestOptions& options, const DigestSettings& settings) {
  const auto configured = channels_of(settings);
  if (configured.empty()) return fail(ErrorKind::not_found, std::string(kDigestSettingsFile) + ": it names no channel; add email, slack or teams (docs/digests.md)");
  if (options.to.empty()) return configured;
  for (const Channel channel : configured)
    if (to_text(channel) == options.to) return std::vector<Channel>{channel};
  return fail(ErrorKind::not_found, std::string(kDigestSettingsFile) + ": it says nothing about " + options.to + "; add it (docs/digests.md)");
}

DeliveryEnd deliver_from_here(const DigestSettings& settings, Channel channel, const Outgoing& outgoing) {
  std::mt19937_64 random{std::random_device{}()};
  Patience patience;
  patience.tries = kTries;
  patience.longest_wait_seconds = 5;
  return deliver_patiently([&] { return deliver_digest(settings, channel, outgoing); }, patience,
                           [](double seconds) {
                             constexpr double kLongest = 10;  // somebody waits at a terminal
                             if (seconds > kLongest) return false;
                             std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
                             return true;
                           },
                           [&] { return std::uniform_real_distribution<double>(0, 1)(random); });
}

DigestWorld world_of(Store& store, const DigestOptions& options) {
  DigestWorld world;
  world.store = &store;
  world.state_folder = options.common.state;
  world.link = link_of(options.common.state);
  world.clock = now_seconds;
  world.print_ceo_page = [](const ReportInput& input) { return print_pdf(render_html(input, Audience::ceo)); };
  world.deliver = deliver_from_here;
  return world;
}

std::string where_text(const DigestSettings& settings, Channel channel) {
  switch (channel) {
    case Channel::email: return host_of_url(settings.mail->server) + ", for " + join(settings.mail->to, ", ");
    case Channel::slack: return shown_webhook(settings.slack->url);
    case Channel::teams: break;
  }
  return shown_webhook(settings.teams->url);
}

int print_end(Channel channel, const DeliveryEnd& end) {
  if (end.outcome == DeliveryEnd::Outcome::sent && end.refused_recipients.empty()) {
    print(std::string(to_text(channel)) + ": " + end.message + "\n");
    return kExitOk;
  }
  return report_error({ErrorKind::unavailable, std::string(to_text(channel)) + ": " + end.message});
}

/// What was told last by a channel, or by the one that waits longest.
Result<std::optional<Told>> told_before(Store& store, const std::string& to) {
  std::optional<Told> oldest;
  for (const Channel channel : {Channel::email, Channel::slack, Channel::teams}) {
    if (!to.empty() && to_text(channel) != to) continue;
    auto record = read_channel(store, channel);
    if (!record) return tl::unexpected(record.error());
    if (*record && (*record)->told && (!oldest || (*record)->told->at < oldest->at)) oldest = std::move((*record)->told);
  }
  return oldest;
}

int dry_run(const DigestWorld& world, const DigestSettings& settings, Channel channel, const ReportInput& input) {
  const auto before = told_before(*world.store, std::string(to_text(channel)));
  if (!before) return report_error(before.error());
  Outgoing outgoing;
  outgoing.now = world.clock();
  outgoing.id = std::string(32, '0');
  outgoing.page = page_of(make_digest(input, *before ? &**before : nullptr, settings.link.empty() ? world.link : settings.link, outgoing.now));
  print("To " + where_text(settings, channel) + ":\n" + digest_bytes(settings, channel, outgoing) + "\n");
  return kExitOk;
}

}  // namespace

int run_digest_show(const DigestOptions& options) {
  const auto open = open_fleet(options.common);
  if (!open) return report_error(open.error());
  const auto settings = read_digest_settings(options.common.state);
  if (!settings) return report_error(settings.error());
  const auto before = told_before(*open->store, options.to);
  if (!before) return report_error(before.error());
  const std::string link = *settings && !(*settings)->link.empty() ? (*settings)->link : link_of(options.common.state);
  const DigestPage page = page_of(make_digest(open->view->report_input(0), *before ? &**before : nullptr, link, now_seconds()));
  if (options.format == "html") print(render_digest_html(page));
  else if (options.format == "slack") print(render_digest_slack(page) + "\n");
  else if (options.format == "teams") print(render_digest_teams(page) + "\n");
  else print(page.subject + "\n\n" + render_digest_text(page));
  return kExitOk;
}

int run_digest_send(const DigestOptions& options) {
  const auto settings = settings_of(options);
  if (!settings) return report_error(settings.error());
  const auto channels = wanted_channels(options, *settings);
  if (!channels) return report_error(channels.error());
  const auto open = open_fleet(options.common);
  if (!open) return report_error(open.error());
  if (open->view->assessment().hosts.empty()) return report_error({ErrorKind::not_found, "digest: no host has sent a scan yet; enrol one: plumbline-collector token create"});
  const ReportInput input = open->view->report_input(0);
  const DigestWorld world = world_of(*open->store, options);
  int code = kExitOk;
  for (const Channel channel : *channels) {
    int one = kExitOk;
    if (options.dry_run) {
      one = dry_run(world, *settings, channel, input);
    } else {
      const auto end = send_now(world, *settings, channel, input);
      one = end ? print_end(channel, *end) : report_error(end.error());
    }
    if (one != kExitOk) code = one;
  }
  return code;
}

int run_digest_test(const DigestOptions& options) {
  const auto settings = settings_of(options);
  if (!settings) return report_error(settings.error());
  const auto channels = wanted_channels(options, *settings);
  if (!channels) return report_error(channels.error());
  Outgoing outgoing;
  outgoing.now = now_seconds();
  outgoing.id = "test" + std::to_string(outgoing.now);
  outgoing.page.subject = say("digest.test_subject");
  outgoing.page.headline = say("digest.test_headline");
  outgoing.page.facts = {say("digest.test_text")};
  outgoing.page.link = settings->link.empty() ? link_of(options.common.state) : settings->link;
  outgoing.page.link_text = say("digest.open");
  outgoing.page.footer = say("digest.test_subject");
  int code = kExitOk;
  for (const Channel channel : *channels)
    if (const int one = print_end(channel, deliver_from_here(*settings, channel, outgoing)); one != kExitOk) code = one;
  return code;
}

int run_digest_status(const DigestOptions& options) {
  const auto settings = settings_of(options);
  if (!settings) return report_error(settings.error());
  auto store = open_state_store(options.common.state, options.common.store_url);
  if (!store) return report_error(store.error());
  const auto next = next_weekly_moment(settings->schedule, now_seconds());
  nlohmann::json rows = nlohmann::json::array();
  std::string text = next ? "Next weekly digest: " + to_iso8601(*next) + " (" + weekday_name(*settings->schedule.weekday) + ")\n" : std::string("No weekly digest.\n");
  text += settings->schedule.on_gate ? "At once when a gate shuts or opens, after " + std::to_string(settings->schedule.gate_minutes) + " minutes.\n" : "";
  for (const Channel channel : channels_of(*settings)) {
    const auto record = read_channel(**store, channel);
    if (!record) return report_error(record.error());
    const bool known = record->has_value();
    const std::string last = known && (*record)->sent_at > 0 ? to_iso8601((*record)->sent_at) : "";
    const std::string trouble = known ? (*record)->trouble : "";
    rows.push_back({{"channel", to_text(channel)}, {"to", where_text(*settings, channel)}, {"last_sent", last.empty() ? nlohmann::json() : nlohmann::json(last)}, {"trouble", trouble},
                    {"retry_at", known && (*record)->retry_at ? nlohmann::json(to_iso8601(*(*record)->retry_at)) : nlohmann::json()}});
    text += std::string(to_text(channel)) + " (" + where_text(*settings, channel) + "): " + (last.empty() ? "none sent yet" : "last sent " + last) + (trouble.empty() ? "" : "\n  " + printable(trouble)) +
            (known && (*record)->retry_at ? "\n  tried again at " + to_iso8601(*(*record)->retry_at) : "") + "\n";
  }
  if (options.common.json) print(canonical_json({{"next", next ? nlohmann::json(to_iso8601(*next)) : nlohmann::json()}, {"on_gate", settings->schedule.on_gate}, {"channels", rows}}) + "\n");
  else print(text);
  return kExitOk;
}

}  // namespace plumbline
