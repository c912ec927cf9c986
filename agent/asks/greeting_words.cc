// SPDX-License-Identifier: Apache-2.0
// The greetings that are not HTTP, and what is shared by all.
#include "agent/asks/greeting_words.h"

#include <algorithm>
#include <array>

#include "agent/asks/byte_reader.h"
#include "base/json.h"
#include "base/text.h"

#include <nlohmann/json.hpp>

namespace plumbline {
namespace {

using namespace std::string_literals;
using Replies = std::vector<GreetingReply>;

constexpr std::size_t kMaxVersionBytes = 40;

Heard heard(std::string_view auth, std::string_view tls, std::string evidence) {
  Heard found;
  found.understood = true;
  found.auth = auth;
  found.tls = tls;
  found.evidence = std::move(evidence);
  return found;
}

bool after_one_byte(std::string_view reply) {
  return !reply.empty();
}
bool after_one_line(std::string_view reply) {
  return reply.find('\n') != std::string_view::npos;
}

// PostgreSQL, "SSLRequest" of the message formats: length 8, code 80877103. One byte comes back. CockroachDB
// speaks the same.
std::vector<GreetingWords> postgresql_words() {
  return {{"\x00\x00\x00\x08\x04\xd2\x16\x2f"s, after_one_byte}};
}
Heard judge_postgresql(const Replies& replies) {
  const std::string& reply = replies[0].bytes;
  if (reply == "S") return heard("unknown", "on", "SSLRequest is answered with S: TLS is offered");
  if (reply == "N") return heard("unknown", "off", "SSLRequest is answered with N: there is no TLS");
  if (reply.starts_with('E') && reply.size() > 5)
    return heard("unknown", "unknown", "SSLRequest is answered with an error");
  return {};
}

// MySQL's "Protocol::HandshakeV10"; the server speaks first and is told nothing.
constexpr std::uint32_t kMysqlClientSsl = 0x0800;

bool after_mysql_packet(std::string_view reply) {
  ByteReader bytes(reply);
  const std::size_t length = static_cast<std::size_t>(bytes.little(3));
  return bytes.good() && reply.size() >= 4 + length;
}
std::vector<GreetingWords> mysql_words() {
  return {{"", after_mysql_packet}};
}
/// MariaDB and its MaxScale call themselves "5.5.5-10.11.6-MariaDB-0+deb12u1" for the sake of old replicas; MySQL's
/// own 5.5.5 was "5.5.5-m3".
void set_mysql_version(Heard& found, std::string_view text) {
  const bool disguised = text.starts_with("5.5.5-1");
  found.product = disguised || contains(lower(text), "mariadb") ? "mariadb" : "mysql";
  if (disguised) text.remove_prefix(6);
  found.version = clean_version(text.substr(0, text.find_first_of("-_")));
}
Heard judge_mysql(const Replies& replies) {
  const std::string& reply = replies[0].bytes;
  ByteReader bytes(reply);
  const auto length = static_cast<std::size_t>(bytes.little(3));
  const auto number = static_cast<unsigned>(bytes.little(1));
  if (!bytes.good() || number != 0 || length > bytes.left()) return {};
  const auto version = static_cast<unsigned>(bytes.little(1));
  if (version == 0xff) {  // an error instead: 1129 host blocked, 1130 not allowed, 1040 too many connections
    bytes.skip(2);
    return bytes.good() ? heard("unknown", "unknown", "the handshake is an error") : Heard{};
  }
  if (version != 10) return {};
  const std::string_view server = bytes.until('\0');
  bytes.skip(4 + 8 + 1);  // thread, first part of the scramble, filler
  const auto capabilities = static_cast<std::uint32_t>(bytes.little(2));
  if (!bytes.good()) return {};
  const bool tls = (capabilities & kMysqlClientSsl) != 0;
  Heard found = heard("unknown", tls ? "on" : "off",
                      tls ? "the handshake offers TLS" : "the handshake does not offer TLS");
  set_mysql_version(found, server);
  return found.version.empty() ? Heard{} : found;
}

// Redis and what speaks like it: two inline commands. INFO's section "server" is the version page.
bool after_redis_replies(std::string_view reply) {
  const std::size_t end = reply.find("\r\n");
  if (end == std::string_view::npos) return false;
  const std::string_view second = reply.substr(end + 2);
  const std::size_t line = second.find("\r\n");
  if (line == std::string_view::npos) return false;
  if (!second.starts_with('$')) return true;
  const auto length = parse_u64(second.substr(1, line - 1));
  return !length || *length > kMaxReplyBytes || second.size() >= line + 2 + *length + 2;
}
std::vector<GreetingWords> redis_words() {
  return {{"PING\r\nINFO server\r\n", after_redis_replies}};
}
/// "redis_version:7.0.15"
std::string info_value(std::string_view info, std::string_view key) {
  for (const std::string_view line : lines(info)) {
    if (line.starts_with(key) && line.substr(key.size()).starts_with(':'))
      return std::string(trim(line.substr(key.size() + 1)));
  }
  return "";
}
void set_redis_version(Heard& found, std::string_view info) {
  const std::string valkey = clean_version(info_value(info, "valkey_version"));
  const std::string dragonfly = clean_version(info_value(info, "dragonfly_version"));  // "df-v1.13.0"
  found.version = clean_version(info_value(info, "redis_version"));
  if (!valkey.empty()) {
    found.product = "valkey";
    found.version = valkey;
  } else if (!dragonfly.empty()) {
    found.product = "dragonfly";
    found.version = dragonfly;
  }
}
Heard judge_redis(const Replies& replies) {
  const std::string& reply = replies[0].bytes;
  if (reply.starts_with("+PONG\r\n")) {
    Heard found = heard("none", "off", "PING is answered without a password");
    // Cut before "valkey_version" it would be called a Redis.
    if (after_redis_replies(reply)) set_redis_version(found, reply);
    return found;
  }
  if (reply.starts_with("-NOAUTH"))
    return heard("required", "off", "PING is refused without a password (NOAUTH)");
  if (reply.starts_with("-DENIED"))
    return heard("none", "off", "protected mode refuses other hosts (DENIED), and there is no password");
  if (reply.starts_with("-NOPERM"))
    return heard("unknown", "off", "everybody is logged in and may not PING (NOPERM)");
  if (reply.starts_with("-LOADING") || reply.starts_with("-MASTERDOWN") || reply.starts_with("-BUSY"))
    return heard("none", "off", "PING is not refused for want of a password");
  if (reply.starts_with("-ERR")) return heard("unknown", "off", "PING is answered with an error");
  return {};
}

// memcached's text protocol. A server with SASL speaks the binary one alone and closes.
std::vector<GreetingWords> memcached_words() {
  return {{"version\r\n", after_one_line}};
}
Heard judge_memcached(const Replies& replies) {
  const std::string& reply = replies[0].bytes;
  if (reply.starts_with("VERSION ")) {
    Heard found = heard("none", "off", "version is answered without a login");
    if (after_one_line(reply)) found.version = clean_version(std::string_view(reply).substr(8));
    return found;
  }
  if (reply.starts_with("CLIENT_ERROR unauthenticated"))
    return heard("required", "off", "version is refused without a login");
  return {};
}

// AMQP 0-9-1: the protocol header, then Connection.Start from the server.
constexpr std::string_view kAmqpHeader("AMQP\x00\x00\x09\x01", 8);

bool after_amqp_frame(std::string_view reply) {
  if (reply.starts_with("AMQP")) return reply.size() >= 8;
  ByteReader bytes(reply);
  bytes.skip(3);
  const auto size = static_cast<std::size_t>(bytes.big(4));
  return bytes.good() && reply.size() >= 7 + size + 1;
}
std::vector<GreetingWords> amqp_words() {
  return {{std::string(kAmqpHeader), after_amqp_frame}};
}
/// One value of a field table; only what RabbitMQ puts into its properties. False where the type is another.
bool skip_amqp_value(ByteReader& bytes, char type) {
  switch (type) {
    case 't': bytes.skip(1); return true;
    case 'b': case 'B': bytes.skip(1); return true;
    case 's': case 'u': bytes.skip(2); return true;
    case 'I': case 'i': bytes.skip(4); return true;
    case 'l': case 'L': case 'T': case 'd': bytes.skip(8); return true;
    case 'F': case 'A': case 'x': bytes.skip(static_cast<std::size_t>(bytes.big(4))); return true;
    default: return false;
  }
}
void read_amqp_properties(Heard& found, std::string_view table) {
  ByteReader bytes(table);
  while (bytes.good() && bytes.left() > 0) {
    const std::string_view name = bytes.take(static_cast<std::size_t>(bytes.big(1)));
    const char type = static_cast<char>(bytes.big(1));
    if (type == 'S') {
      const std::string_view value = bytes.take(static_cast<std::size_t>(bytes.big(4)));
      if (name == "version") found.version = clean_version(value);
      if (name == "product" && lower(value) == "rabbitmq") found.product = "rabbitmq";
    } else if (!skip_amqp_value(bytes, type)) {
      return;
    }
  }
}
Heard judge_amqp(const Replies& replies) {
  const std::string& reply = replies[0].bytes;
  if (reply.starts_with("AMQP") && reply.size() >= 8)
    return heard("unknown", "off", "AMQP 0-9-1 is answered with another version of AMQP");
  ByteReader bytes(reply);
  const auto type = static_cast<unsigned>(bytes.big(1));
  bytes.skip(2 + 4);
  const auto method = static_cast<std::uint32_t>(bytes.big(4));
  bytes.skip(2);  // version 0-9
  if (!bytes.good() || type != 1 || method != 0x000a000a) return {};
  const std::string_view table = bytes.take(static_cast<std::size_t>(bytes.big(4)));
  const std::string_view mechanisms = bytes.take(static_cast<std::size_t>(bytes.big(4)));
  if (!bytes.good()) return {};
  // ANONYMOUS is guest's login, and guest may by default come in over loopback only: open, or not, unknown.
  const bool anonymous = contains(mechanisms, "ANONYMOUS");
  Heard found = heard(anonymous ? "unknown" : "required", "off",
                      anonymous ? "Connection.Start offers ANONYMOUS among its logins"
                                : "Connection.Start offers no anonymous login");
  read_amqp_properties(found, table);
  return found;
}

// NATS: the server says "INFO {…}" first.
std::vector<GreetingWords> nats_words() {
  return {{"", after_one_line}};
}
Heard judge_nats(const Replies& replies) {
  const std::string_view reply = replies[0].bytes;
  if (!reply.starts_with("INFO ")) return {};
  const auto info = parse_json(trim(reply.substr(5, reply.find('\n') - 5)), {kMaxReplyBytes, 8, 1000, 4096});
  if (!info || !info->is_object() || !info->contains("server_id")) return {};
  const auto says = [&](const char* key) {
    const auto found = info->find(key);
    return found != info->end() && found->is_boolean() && found->get<bool>();
  };
  const bool tls = says("tls_required") || says("tls_available") || says("tls_verify");
  Heard found = heard(says("auth_required") ? "required" : "none", tls ? "on" : "off",
                      says("auth_required") ? "INFO wants a login" : "INFO wants no login");
  const auto version = info->find("version");
  if (version != info->end() && version->is_string())
    found.version = clean_version(version->get_ref<const std::string&>());
  return found;
}

// Cassandra and ScyllaDB, CQL version 4: OPTIONS, then STARTUP, which names no user. READY: nobody need log in.
bool cql_frame(std::string_view& rest, unsigned& opcode) {
  ByteReader bytes(rest);
  const auto version = static_cast<unsigned>(bytes.big(1));
  bytes.skip(3);
  opcode = static_cast<unsigned>(bytes.big(1));
  bytes.take(static_cast<std::size_t>(bytes.big(4)));
  if (!bytes.good() || (version & 0x80u) == 0 || (version & 0x7fu) > 6) return false;
  rest = rest.substr(rest.size() - bytes.left());
  return true;
}
bool after_cql_frames(std::string_view reply) {
  unsigned opcode = 0;
  return cql_frame(reply, opcode) && (opcode == 0 || cql_frame(reply, opcode));
}
std::vector<GreetingWords> cassandra_words() {
  return {{"\x04\x00\x00\x00\x05\x00\x00\x00\x00"
           "\x04\x00\x00\x01\x01\x00\x00\x00\x16\x00\x01\x00\x0b"s "CQL_VERSION\x00\x05"s "3.0.0"s,
           after_cql_frames}};
}
Heard judge_cassandra(const Replies& replies) {
  std::string_view rest = replies[0].bytes;
  unsigned opcode = 0;
  bool any = false;
  Heard found;
  while (cql_frame(rest, opcode)) {
    any = true;
    if (opcode == 0x02) found = heard("none", "off", "STARTUP is answered with READY, without a login");
    if (opcode == 0x03) found = heard("required", "off", "STARTUP is answered with AUTHENTICATE");
  }
  if (any && !found.understood) return heard("unknown", "off", "it speaks CQL and tells nothing of logins");
  return found;
}

// ZooKeeper's four-letter word that is allowed by default.
std::vector<GreetingWords> zookeeper_words() {
  return {{"srvr", nullptr}};
}
Heard judge_zookeeper(const Replies& replies) {
  const std::string_view reply = replies[0].bytes;
  constexpr std::string_view start = "Zookeeper version: ";
  if (reply.starts_with("srvr is not executed"))
    return heard("unknown", "off", "srvr is not allowed");
  if (!reply.starts_with(start)) return {};
  Heard found = heard("unknown", "off", "srvr is answered");
  const std::string_view version = reply.substr(start.size());  // "3.8.0-11, built on 2022…", "3.6.2--803c7f1a"
  const std::size_t end = version.find_first_of("-, \r\n");
  if (end != std::string_view::npos) found.version = clean_version(version.substr(0, end));
  return found;
}

// MQTT 3.1.1: CONNECT with an empty client id, a clean session and no user, then DISCONNECT.
bool after_connack(std::string_view reply) {
  return reply.size() >= 4;
}
std::vector<GreetingWords> mqtt_words() {
  return {{"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00\xe0\x00"s, after_connack}};
}
Heard judge_mqtt(const Replies& replies) {
  const std::string& reply = replies[0].bytes;
  if (reply.size() < 4 || !reply.starts_with("\x20\x02")) return {};
  const auto code = static_cast<unsigned char>(reply[3]);
  if (code == 0) return heard("none", "off", "CONNECT is accepted without a login");
  if (code == 4 || code == 5) return heard("required", "off", "CONNECT is refused without a login");
  return heard("unknown", "off", "CONNECT is refused");
}

// SQL Server, PRELOGIN of [MS-TDS]: VERSION and ENCRYPTION, nothing else.
bool after_tds_packet(std::string_view reply) {
  ByteReader bytes(reply);
  bytes.skip(2);
  const auto length = static_cast<std::size_t>(bytes.big(2));
  return bytes.good() && reply.size() >= length;
}
std::vector<GreetingWords> mssql_words() {
  return {{"\x12\x01\x00\x1a\x00\x00\x00\x00"
           "\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff"
           "\x00\x00\x00\x00\x00\x00\x00"s,
           after_tds_packet}};
}
Heard judge_mssql(const Replies& replies) {
  const std::string_view reply = replies[0].bytes;
  if (reply.size() < 9 || reply[0] != '\x04') return {};
  const std::string_view body = reply.substr(8);
  ByteReader options(body);
  Heard found;
  while (options.good() && options.left() > 0) {
    const auto token = static_cast<unsigned>(options.big(1));
    if (token == 0xff) break;
    const auto offset = static_cast<std::size_t>(options.big(2));
    const auto length = static_cast<std::size_t>(options.big(2));
    if (!options.good() || offset > body.size() || length > body.size() - offset) return {};
    ByteReader value(body.substr(offset, length));
    if (token == 0 && length >= 6) {
      const auto major = value.big(1), minor = value.big(1), build = value.big(2);
      found.version = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(build);
      found.understood = true;
    }
    if (token == 1 && length == 1) {
      const auto encryption = value.big(1);  // 0 off, 1 on, 2 not supported, 3 required
      found.tls = encryption == 1 || encryption == 3 ? "on" : encryption == 2 ? "off" : "unknown";
    }
  }
  if (!found.understood) return {};
  found.auth = "required";  // there is no way in without one
  found.evidence = "PRELOGIN is answered; every connection has to log in";
  return found;
}

// MongoDB: three commands as OP_MSG. hello and buildInfo are open to all; the third asks for the databases
// whose name is empty, of which there are none, and is refused where one has to log in.
constexpr std::uint32_t kMongoMessage = 2013;
constexpr int kMongoUnauthorized = 13;

std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xffu);
  return text;
}
std::string bson(const std::string& elements) {
  return little(4 + elements.size() + 1, 4) + elements + '\0';
}
std::string bson_int(const std::string& name, std::uint32_t value) {
  return '\x10' + name + '\0' + little(value, 4);
}
std::string bson_text(const std::string& name, const std::string& value) {
  return '\x02' + name + '\0' + little(value.size() + 1, 4) + value + '\0';
}
std::string mongo_message(std::uint32_t number, const std::string& elements) {
  const std::string body = little(0, 4) + '\0' + bson(elements + bson_text("$db", "admin"));
  return little(16 + body.size(), 4) + little(number, 4) + little(0, 4) + little(kMongoMessage, 4) + body;
}

/// What is looked for in one answer; everything else is read over.
struct MongoAnswer {
  bool ok = false;
  bool hello = false;  // it told the wire versions it speaks
  int code = 0;
  std::string version;
};

/// The size of a value of BSON that no interest is taken in; nothing where the type is not known.
bool skip_bson_value(ByteReader& bytes, unsigned type) {
  switch (type) {
    case 0x01: case 0x09: case 0x11: case 0x12: bytes.skip(8); return true;
    case 0x02: bytes.skip(static_cast<std::size_t>(bytes.little(4))); return true;
    case 0x03: case 0x04: {
      const auto size = static_cast<std::size_t>(bytes.little(4));
      if (size < 5) return false;
      bytes.skip(size - 4);
      return true;
    }
    case 0x05: bytes.skip(static_cast<std::size_t>(bytes.little(4)) + 1); return true;
    case 0x07: bytes.skip(12); return true;
    case 0x08: bytes.skip(1); return true;
    case 0x0a: return true;
    case 0x10: bytes.skip(4); return true;
    default: return false;
  }
}

void read_mongo_element(MongoAnswer& answer, ByteReader& bytes, unsigned type, std::string_view name) {
  if (type == 0x02 && name == "version") {
    std::string_view value = bytes.take(static_cast<std::size_t>(bytes.little(4)));
    if (!value.empty()) value.remove_suffix(1);
    answer.version = clean_version(value);
  } else if (type == 0x10) {
    const auto value = static_cast<std::int32_t>(bytes.little(4));
    if (name == "code") answer.code = value;
    if (name == "maxWireVersion") answer.hello = true;
    if (name == "ok") answer.ok = value == 1;
  } else if (type == 0x01) {
    const std::uint64_t bits = bytes.little(8);
    if (name == "ok") answer.ok = bits == 0x3ff0000000000000;  // 1.0
  } else if (!skip_bson_value(bytes, type)) {
    bytes.skip(bytes.left() + 1);
  }
}

/// Takes one whole message off the front; false where there is none.
bool take_mongo_message(std::string_view& rest, MongoAnswer& answer) {
  ByteReader header(rest);
  const auto length = static_cast<std::size_t>(header.little(4));
  header.skip(8);
  const auto opcode = static_cast<std::uint32_t>(header.little(4));
  if (!header.good() || opcode != kMongoMessage || length < 26 || length > rest.size()) return false;
  ByteReader bytes(rest.substr(16, length - 16));
  rest.remove_prefix(length);
  bytes.skip(4 + 1 + 4);  // flags, kind of the section, size of the document
  while (bytes.good() && bytes.left() > 0) {
    const auto type = static_cast<unsigned>(bytes.big(1));
    if (type == 0) break;
    const std::string_view name = bytes.until('\0');
    read_mongo_element(answer, bytes, type, name);
  }
  return true;
}
bool after_mongo_messages(std::string_view reply) {
  MongoAnswer answer;
  return take_mongo_message(reply, answer) && take_mongo_message(reply, answer) &&
         take_mongo_message(reply, answer);
}
std::vector<GreetingWords> mongodb_words() {
  const std::string none_of_them = '\x03' + "filter\0"s + bson(bson_text("name", ""));
  return {{mongo_message(1, bson_int("hello", 1)) + mongo_message(2, bson_int("buildInfo", 1)) +
               mongo_message(3, bson_int("listDatabases", 1) + "\x08nameOnly\0\1"s + none_of_them),
           after_mongo_messages}};
}
Heard judge_mongodb(const Replies& replies) {
  std::string_view rest = replies[0].bytes;
  MongoAnswer hello, build, list;
  if (!take_mongo_message(rest, hello) || !hello.hello) return {};
  Heard found = heard("unknown", "off", "hello is answered");
  if (take_mongo_message(rest, build) && build.ok) found.version = build.version;
  if (take_mongo_message(rest, list)) {
    if (list.ok) {
      found.auth = "none";
      found.evidence = "listDatabases is answered without a login";
    } else if (list.code == kMongoUnauthorized) {
      found.auth = "required";
      found.evidence = "listDatabases is refused without a login";
    }
  }
  return found;
}

// Kafka: ApiVersions, which every listener answers, then Metadata of no topic, which one that wants a login
// answers by closing.
std::string kafka_request(const std::string& body) {
  std::string size;
  for (int i = 3; i >= 0; --i) size += static_cast<char>(body.size() >> (8 * i) & 0xffu);
  return size + body;
}
/// Takes one frame off the front and gives its correlation id; -1 where there is none.
std::int64_t take_kafka_frame(std::string_view& rest) {
  ByteReader bytes(rest);
  const std::string_view frame = bytes.take(static_cast<std::size_t>(bytes.big(4)));
  if (!bytes.good() || frame.size() < 6) return -1;
  rest = rest.substr(rest.size() - bytes.left());
  return static_cast<std::int64_t>(ByteReader(frame).big(4));
}
bool after_kafka_frames(std::string_view reply) {
  return take_kafka_frame(reply) >= 0 && take_kafka_frame(reply) >= 0;
}
std::vector<GreetingWords> kafka_words() {
  const std::string client = "\x00\x0fplumbline-agent"s;
  return {{kafka_request("\x00\x12\x00\x00\x00\x00\x00\x01"s + client) +
               kafka_request("\x00\x03\x00\x01\x00\x00\x00\x02"s + client + "\x00\x00\x00\x00"s),
           after_kafka_frames}};
}
Heard judge_kafka(const Replies& replies) {
  std::string_view rest = replies[0].bytes;
  if (take_kafka_frame(rest) != 1) return {};
  if (take_kafka_frame(rest) == 2) return heard("none", "off", "Metadata is answered without a login");
  if (replies[0].closed && rest.empty()) return heard("required", "off", "Metadata without a login ends the connection");
  return heard("unknown", "off", "ApiVersions is answered");
}

struct Row {
  std::string_view name;
  std::vector<GreetingWords> (*words)();
  Heard (*judge)(const Replies& replies);
};

constexpr std::array<Row, 12> kProtocols = {{
    {"amqp", amqp_words, judge_amqp},
    {"cassandra", cassandra_words, judge_cassandra},
    {"kafka", kafka_words, judge_kafka},
    {"memcached", memcached_words, judge_memcached},
    {"mongodb", mongodb_words, judge_mongodb},
    {"mqtt", mqtt_words, judge_mqtt},
    {"mssql", mssql_words, judge_mssql},
    {"mysql", mysql_words, judge_mysql},
    {"nats", nats_words, judge_nats},
    {"postgresql", postgresql_words, judge_postgresql},
    {"redis", redis_words, judge_redis},
    {"zookeeper", zookeeper_words, judge_zookeeper},
}};

const Row* find_row(std::string_view protocol) {
  const auto row = std::find_if(kProtocols.begin(), kProtocols.end(),
                                [&](const Row& one) { return one.name == protocol; });
  return row == kProtocols.end() ? nullptr : &*row;
}

}  // namespace

std::vector<std::string_view> greeting_protocols() {
  std::vector<std::string_view> names = http_greeting_protocols();
  for (const Row& row : kProtocols) names.push_back(row.name);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<GreetingWords> greeting_words(std::string_view protocol, std::string_view authority) {
  const Row* row = find_row(protocol);
  return row == nullptr ? http_greeting_words(protocol, authority) : row->words();
}

Heard judge_greeting(std::string_view protocol, const std::vector<GreetingReply>& replies) {
  const std::size_t wanted = greeting_words(protocol, "").size();
  if (wanted == 0 || replies.size() != wanted) return {};
  const Row* row = find_row(protocol);
  return row == nullptr ? judge_http_greeting(protocol, replies) : row->judge(replies);
}

std::string tls_hello() {
  // RFC 5246: a handshake record with a ClientHello of version 1.2, a random that is none (nothing will be
  // encrypted with it), no session, two common cipher suites, no compression, and the two extensions that
  // servers with elliptic curves want.
  const std::string suites = "\xc0\x2f\xc0\x30\xc0\x2b\xc0\x2c\x00\x9c\x00\x2f"s;
  const std::string extensions = "\x00\x0a\x00\x06\x00\x04\x00\x1d\x00\x17"
                                 "\x00\x0d\x00\x0a\x00\x08\x04\x03\x08\x04\x04\x01\x05\x01"s;
  const auto sized = [](std::size_t bytes, const std::string& text) {
    std::string out;
    for (std::size_t i = bytes; i-- > 0;) out += static_cast<char>(text.size() >> (8 * i) & 0xffu);
    return out + text;
  };
  const std::string hello = "\x03\x03"s + "plumbline-agent greets its host." + "\x00"s + sized(2, suites) +
                            "\x01\x00"s + sized(2, extensions);
  return "\x16\x03\x01"s + sized(2, "\x01"s + sized(3, hello));
}

bool is_tls(std::string_view reply) {
  // A handshake or an alert record, of a version that there is.
  return reply.size() >= 3 && (reply[0] == '\x16' || reply[0] == '\x15') && reply[1] == '\x03' &&
         static_cast<unsigned char>(reply[2]) <= 4;
}

std::string clean_version(std::string_view text) {
  text = trim(text);
  if (text.starts_with("df-")) text.remove_prefix(3);
  if (text.starts_with('v') || text.starts_with('V')) text.remove_prefix(1);
  if (text.empty() || text[0] < '0' || text[0] > '9') return "";
  std::size_t end = 0;
  while (end < text.size() && end < kMaxVersionBytes) {
    const char c = text[end];
    const bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                      c == '-' || c == '+' || c == '_' || c == '~';
    if (!good) break;
    ++end;
  }
  return std::string(text.substr(0, end));
}

}  // namespace plumbline
