// SPDX-License-Identifier: Apache-2.0
// Channels and their records in the store.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "collector/digest/sender.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::string_view kKind = "digest";

std::string body_of(const ChannelRecord& record) {
  json body = {{"period", record.period}, {"claimed_at", record.claimed_at}, {"sent_at", record.sent_at}, {"gate_told_at", record.gate_told_at}, {"retry_at", nullptr}, {"tries", record.tries},
               {"trouble", to_utf8(record.trouble)}, {"shut_told", record.shut_told}, {"told", nullptr}};
  if (record.retry_at) body["retry_at"] = *record.retry_at;
  if (record.told) body["told"] = json::parse(to_json(*record.told));
  return canonical_json(body);
}

Result<ChannelRecord> record_from(const json& body) {
  ChannelRecord record;
  record.period = body.at("period").get<std::int64_t>();
  record.claimed_at = body.at("claimed_at").get<std::int64_t>();
  record.sent_at = body.at("sent_at").get<std::int64_t>();
  record.gate_told_at = body.at("gate_told_at").get<std::int64_t>();
  record.tries = body.at("tries").get<int>();
  record.trouble = body.at("trouble").get<std::string>();
  record.shut_told = body.at("shut_told").get<std::vector<std::string>>();
  std::sort(record.shut_told.begin(), record.shut_told.end());
  if (!body.at("retry_at").is_null()) record.retry_at = body.at("retry_at").get<std::int64_t>();
  if (body.at("told").is_null()) return record;
  auto told = told_from(body.at("told").dump());
  if (!told) return tl::unexpected(told.error());
  record.told = std::move(*told);
  return record;
}

}  // namespace

std::string_view to_text(Channel channel) {
  switch (channel) {
    case Channel::email: return "email";
    case Channel::slack: return "slack";
    case Channel::teams: break;
  }
  return "teams";
}

std::optional<Channel> channel_from(std::string_view text) {
  for (const Channel channel : {Channel::email, Channel::slack, Channel::teams})
    if (to_text(channel) == text) return channel;
  return std::nullopt;
}

std::vector<Channel> channels_of(const DigestSettings& settings) {
  std::vector<Channel> channels;
  if (settings.mail) channels.push_back(Channel::email);
  if (settings.slack) channels.push_back(Channel::slack);
  if (settings.teams) channels.push_back(Channel::teams);
  return channels;
}

Result<std::optional<ChannelRecord>> read_channel(Store& store, Channel channel) {
  const auto row = store.record(kKind, to_text(channel));
  if (!row) return fail("digest", row.error());
  if (!*row) return std::optional<ChannelRecord>();
  JsonLimits limits;
  limits.bytes = kMaxRecordBody;
  const auto body = parse_json((*row)->body, limits);
  try {
    auto record = body ? record_from(*body) : Result<ChannelRecord>(tl::unexpected(body.error()));
    if (record) {
      record->version = (*row)->version;
      return std::optional(std::move(*record));
    }
  } catch (const json::exception&) {  // a field of another type, or none: told below
  }
  return fail(ErrorKind::invalid, "digest: the record of " + std::string(to_text(channel)) + " in the store is damaged; send one by hand to write it anew: plumbline-collector digest send --to " + std::string(to_text(channel)));
}

Result<std::int64_t> write_channel(Store& store, Channel channel, const ChannelRecord& record, std::int64_t now) {
  RecordRow row;
  row.kind = std::string(kKind);
  row.id = std::string(to_text(channel));
  row.body = body_of(record);
  row.changed_at = now;
  row.changed_by = "collector";
  return store.put_record(std::move(row), record.version);
}

}  // namespace plumbline
