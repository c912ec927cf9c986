// SPDX-License-Identifier: Apache-2.0
// Bytes of the formats, most of them counted lengths around each other.
#include "tests/agent/wire_formats.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace plumbline::wire {
namespace {

using namespace std::string_literals;

std::string big(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes; i-- > 0;) text += static_cast<char>(value >> (8 * i));
  return text;
}
std::string little(std::uint64_t value, int bytes) {
  const std::string text = big(value, bytes);
  return {text.rbegin(), text.rend()};
}
std::uint64_t read_big(std::string_view text, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(text.at(at + i));
  return value;
}
std::uint64_t read_little(std::string_view text, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(text.at(at + i));
  return value;
}
std::string sized(int bytes, const std::string& text) { return big(text.size(), bytes) + text; }

std::string bson(const std::string& elements) { return little(4 + elements.size() + 1, 4) + elements + '\0'; }
std::string bson_int(const std::string& name, std::uint32_t value) { return "\x10" + name + '\0' + little(value, 4); }
std::string bson_double_one(const std::string& name) { return "\x01" + name + '\0' + little(0x3ff0000000000000, 8); }
std::string bson_text(const std::string& name, const std::string& value) {
  return "\x02" + name + '\0' + little(value.size() + 1, 4) + value + '\0';
}
std::string bson_document(const std::string& name, const std::string& elements, bool array = false) {
  return (array ? "\x04" : "\x03") + name + '\0' + bson(elements);
}
std::string op_msg(std::uint64_t to, const std::string& elements) {
  const std::string body = little(0, 4) + '\0' + bson(elements);
  return little(16 + body.size(), 4) + little(77, 4) + little(to, 4) + little(2013, 4) + body;
}

/// The messages of a stream whose first field of `bytes` tells their length; nothing where the last is not whole.
template <class Length>
std::optional<std::vector<std::string>> messages(const std::string& heard, std::size_t header, Length length) {
  std::vector<std::string> found;
  std::size_t at = 0;
  while (at < heard.size()) {
    if (heard.size() - at < header) return {};
    const std::size_t size = length(std::string_view(heard).substr(at));
    if (size < header || heard.size() - at < size) return {};
    found.push_back(heard.substr(at, size));
    at += size;
  }
  return found;
}

}  // namespace

std::string postgresql(const std::string& heard, const std::string& answer) {
  const bool request = heard.size() == 8 && read_big(heard, 0, 4) == 8 && read_big(heard, 4, 4) == 80877103;
  return request ? answer : "";
}

std::string mysql_handshake(const std::string& version, bool tls) {
  const std::string payload = "\x0a" + version + '\0' + little(4711, 4) + "abcdefgh" + '\0' +
                              little(tls ? 0xffff : 0xf7ff, 2) + '\x08' + little(2, 2) + little(0x81ff, 2) + '\x15' +
                              std::string(10, '\0') + "ijklmnopqrst" + '\0' + "mysql_native_password" + '\0';
  return little(payload.size(), 3) + '\0' + payload;
}

std::string mysql_error(int code, const std::string& message) {
  const std::string payload = "\xff" + little(static_cast<std::uint64_t>(code), 2) + message;
  return little(payload.size(), 3) + '\0' + payload;
}

std::string redis(const std::string& heard, const std::string& ping, const std::string& info) {
  if (heard != "PING\r\nINFO server\r\n") return "";
  const std::string second =
      info.empty() ? "-NOAUTH Authentication required.\r\n" : "$" + std::to_string(info.size()) + "\r\n" + info + "\r\n";
  return ping + "\r\n" + second;
}

std::string memcached(const std::string& heard, const std::string& answer) {
  return heard == "version\r\n" ? answer + "\r\n" : "";
}

std::string amqp_start(const std::string& heard, const std::string& version, const std::string& mechanisms) {
  if (heard != "AMQP\0\0\x09\x01"s) return "";
  const auto name = [](const std::string& text) { return sized(1, text); };
  const auto text_value = [&](const std::string& key, const std::string& value) { return name(key) + 'S' + sized(4, value); };
  const std::string capabilities = name("publisher_confirms") + "t\x01" + name("basic.nack") + "t\x01";
  const std::string table = name("capabilities") + 'F' + sized(4, capabilities) + text_value("cluster_name", "rabbit@db") +
                            text_value("platform", "Erlang/OTP 25") + text_value("product", "RabbitMQ") + text_value("version", version);
  const std::string method = big(10, 2) + big(10, 2) + "\x00\x09"s + sized(4, table) + sized(4, mechanisms) + sized(4, "en_US");
  return "\x01\x00\x00"s + sized(4, method) + '\xce';
}

std::string cql(const std::string& heard, int opcode) {
  const auto frames = messages(heard, 9, [](std::string_view rest) { return 9 + read_big(rest, 5, 4); });
  if (!frames || frames->size() != 2) return "";
  const std::string& options = frames->at(0);
  const std::string& startup = frames->at(1);
  const std::string version = big(1, 2) + sized(2, "CQL_VERSION") + sized(2, "3.0.0");
  if (options[4] != 5 || options[0] != 4 || startup[4] != 1 || startup.substr(9) != version) return "";
  const auto frame = [](const std::string& request, int code, const std::string& body) {
    return "\x84\x00"s + request.substr(2, 2) + static_cast<char>(code) + sized(4, body);
  };
  const std::string supported = big(1, 2) + sized(2, "CQL_VERSION") + big(1, 2) + sized(2, "3.4.6");
  const std::string body = opcode == 3   ? sized(2, "org.apache.cassandra.auth.PasswordAuthenticator")
                           : opcode == 0 ? big(0x0a, 4) + sized(2, "unsupported")
                                         : "";
  return frame(options, 6, supported) + frame(startup, opcode, body);
}

std::string mqtt(const std::string& heard, int code) {
  // Fixed header, remaining length, "MQTT", level 4, clean session alone, keep alive, an empty client id; DISCONNECT.
  if (heard.size() != 16 || heard[0] != '\x10' || heard[1] != 12 || heard.substr(2, 6) != sized(2, "MQTT")) return "";
  const bool anonymous = heard[8] == 4 && heard[9] == 2 && read_big(heard, 12, 2) == 0;
  if (!anonymous || heard.substr(14) != "\xe0\x00"s) return "";
  return "\x20\x02\x00"s + static_cast<char>(code);
}

std::string tds(const std::string& heard, int encryption) {
  if (heard.size() < 8 || heard[0] != '\x12' || heard[1] != 1 || read_big(heard, 2, 2) != heard.size()) return "";
  // Two options and the terminator, each offset from the end of the header.
  const std::string body = heard.substr(8);
  const auto option = [&](std::size_t at, int token, std::uint64_t length) {
    return body[at] == token && read_big(body, at + 3, 2) == length && read_big(body, at + 1, 2) + length <= body.size();
  };
  if (!option(0, 0, 6) || !option(5, 1, 1) || body[10] != '\xff') return "";
  const std::string values = "\x10\x00"s + big(4135, 2) + big(0, 2) + static_cast<char>(encryption);
  const std::string options = '\0' + big(11, 2) + big(6, 2) + '\1' + big(17, 2) + big(1, 2) + '\xff';
  return "\x04\x01"s + big(8 + options.size() + values.size(), 2) + "\0\0\1\0"s + options + values;
}

std::string mongodb(const std::string& heard, const std::string& version, bool login) {
  const auto asked = messages(heard, 26, [](std::string_view rest) { return read_little(rest, 0, 4); });
  if (!asked || asked->size() != 3) return "";
  std::string answer;
  const std::vector<std::string> commands = {"hello", "buildInfo", "listDatabases"};
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const std::string& message = asked->at(i);
    const bool good = read_little(message, 12, 4) == 2013 && read_little(message, 16, 4) == 0 && message[20] == '\0' &&
                      read_little(message, 21, 4) == message.size() - 21 &&
                      message.substr(25).starts_with(bson_int(commands[i], 1)) &&
                      message.ends_with(bson_text("$db", "admin") + '\0');
    if (!good) return "";
    const std::uint64_t number = read_little(message, 4, 4);
    if (i == 0) {
      answer += op_msg(number, "\x08isWritablePrimary\0\x01"s + bson_document("topologyVersion", "\x07processId\0abcdefghijkl"s) +
                                   bson_int("maxWireVersion", 21) + "\x09localTime\0\1\2\3\4\5\6\7\0"s + bson_double_one("ok"));
    } else if (i == 1) {
      answer += op_msg(number, bson_text("version", version) + bson_document("versionArray", bson_int("0", 7), true) +
                                   bson_document("openssl", bson_text("version", "9.9.9")) + bson_double_one("ok"));
    } else if (login) {
      answer += op_msg(number, "\x01ok\0\0\0\0\0\0\0\0\0"s + bson_text("errmsg", "command listDatabases requires authentication") +
                                   bson_int("code", 13) + bson_text("codeName", "Unauthorized"));
    } else {
      answer += op_msg(number, bson_document("databases", "", true) + bson_double_one("ok"));
    }
  }
  return answer;
}

std::string kafka(const std::string& heard, bool login) {
  const auto asked = messages(heard, 14, [](std::string_view rest) { return 4 + read_big(rest, 0, 4); });
  if (!asked || asked->size() != 2) return "";
  const std::string client = sized(2, "plumbline-agent");
  const std::string& versions = asked->at(0);
  const std::string& metadata = asked->at(1);
  if (read_big(versions, 4, 2) != 18 || read_big(versions, 6, 2) != 0 || versions.substr(12) != client) return "";
  if (read_big(metadata, 4, 2) != 3 || read_big(metadata, 6, 2) != 1 || metadata.substr(12) != client + big(0, 4)) return "";
  const std::string first = versions.substr(8, 4) + big(0, 2) + big(1, 4) + big(18, 2) + big(0, 2) + big(3, 2);
  const std::string second = metadata.substr(8, 4) + big(1, 4) + big(0, 4) + sized(2, "localhost") + big(9092, 4) +
                             "\xff\xff" + big(0, 4) + big(0, 4);
  return sized(4, first) + (login ? "" : sized(4, second));
}

std::string tls(const std::string& heard, bool refuses) {
  // A record of type 22 around a ClientHello (1) of version 1.2.
  if (heard.size() < 9 || heard[0] != '\x16' || read_big(heard, 3, 2) != heard.size() - 5) return "";
  if (heard[5] != 1 || read_big(heard, 6, 3) != heard.size() - 9 || read_big(heard, 9, 2) != 0x0303) return "";
  const std::size_t session = 11 + 32, suites = session + 1 + read_big(heard, session, 1);
  const std::size_t compression = suites + 2 + read_big(heard, suites, 2);
  const std::size_t extensions = compression + 1 + read_big(heard, compression, 1);
  if (read_big(heard, extensions, 2) != heard.size() - extensions - 2) return "";
  if (refuses) return "\x15\x03\x03\x00\x02\x02\x28"s;
  const std::string hello = "\x03\x03"s + std::string(32, 'r') + '\0' + "\xc0\x2f"s + '\0';
  return "\x16\x03\x03"s + sized(2, "\x02" + sized(3, hello));
}

}  // namespace plumbline::wire
