// SPDX-License-Identifier: Apache-2.0
// What servers put on the wire, built from their documented formats; docs/greetings.md names the documents. Each
// fake reads what it was told by the same format and answers nothing to what is not whole or not well-formed.
#pragma once

#include <string>

namespace plumbline::wire {

/// PostgreSQL: one byte to an SSLRequest; `answer` is "S", "N" or an ErrorResponse.
std::string postgresql(const std::string& heard, const std::string& answer);

/// MySQL's Protocol::HandshakeV10 with the capability CLIENT_SSL or without, and its ERR_Packet.
std::string mysql_handshake(const std::string& version, bool tls);
std::string mysql_error(int code, const std::string& message);

/// RESP: `ping` to PING; to INFO the text as a bulk string, or an error where it is empty.
std::string redis(const std::string& heard, const std::string& ping, const std::string& info);

/// memcached's text protocol.
std::string memcached(const std::string& heard, const std::string& answer);

/// AMQP 0-9-1: Connection.Start with RabbitMQ's properties.
std::string amqp_start(const std::string& heard, const std::string& version, const std::string& mechanisms);

/// CQL 4: SUPPORTED to OPTIONS, and a frame of `opcode` (READY 2, AUTHENTICATE 3, ERROR 0) to STARTUP.
std::string cql(const std::string& heard, int opcode);

/// MQTT 3.1.1: CONNACK with `code`.
std::string mqtt(const std::string& heard, int code);

/// TDS: the answer to PRELOGIN with the version 16.0.4135 and `encryption` (0 off, 1 on, 2 none, 3 required).
std::string tds(const std::string& heard, int encryption);

/// MongoDB: OP_MSG to hello, buildInfo and listDatabases, which is refused with Unauthorized (13) where `login`.
std::string mongodb(const std::string& heard, const std::string& version, bool login);

/// Kafka: ApiVersions, then Metadata; without Metadata where `login`, for then the broker closes.
std::string kafka(const std::string& heard, bool login);

/// The TLS records of a server that refuses (alert) and of one that goes on (ServerHello) to a whole ClientHello.
std::string tls(const std::string& heard, bool refuses);

}  // namespace plumbline::wire
