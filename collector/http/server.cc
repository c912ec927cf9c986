// SPDX-License-Identifier: Apache-2.0
// Moves the bytes of HTTP over TLS: one thread for all sockets, handlers on a pool, answers from any thread. OpenSSL
// works on the socket itself (no buffers of ours between), Beast only parses. A connection without a request holds no
// buffer at all.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <csignal>
#include <ctime>
#include <list>
#include <thread>

#include "base/log.h"
#include "base/text.h"
#include "collector/http/http.h"
#include "collector/http/tls_context.h"

namespace plumbline {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
using Parser = http::request_parser<http::string_body>;

constexpr std::size_t kScratchBytes = 64u << 10;         // one for all connections: only one is read at a time
constexpr std::uint32_t kMaxHeaderBytes = 8u << 10;
constexpr std::size_t kMaxHeaders = 64;
constexpr std::size_t kMaxBodiesBytes = 256u << 20;      // of all requests being read together
constexpr std::size_t kMaxDrainedBytes = 8u << 20;       // of a body that nobody wants, read so that its sender sees the answer
constexpr std::size_t kSlowestBytesPerSecond = 16u << 10;
constexpr int kReadsPerTurn = 8;                         // records of one connection before others have their turn
constexpr auto kHandshakeTime = std::chrono::seconds(10);
constexpr auto kHeaderTime = std::chrono::seconds(10);
constexpr auto kBodyTime = std::chrono::seconds(10);     // and as long as its bytes need at the slowest speed
constexpr auto kIdleTime = std::chrono::seconds(60);
constexpr auto kDrainTime = std::chrono::seconds(2);
constexpr auto kLastAnswersTime = std::chrono::seconds(10);
constexpr auto kSweepEvery = std::chrono::seconds(1);

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, FreeSsl>;

std::string http_date(std::time_t now) {
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40] = "";
  // Not strftime: day and month must be English whatever the locale.
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday % 7], parts.tm_mday % 100,
                kMonths[parts.tm_mon % 12], (parts.tm_year + 1900) % 10000, parts.tm_hour % 100, parts.tm_min % 100, parts.tm_sec % 100);
  return text;
}

// ---- what all connections share -------------------------------------------------------------------------------

class Connection;

/// Lives as long as any answer is still owed, even when the Server is gone.
struct Core {
  Core(ServerOptions given, TlsContext tls_context)
      : options(std::move(given)), tls(std::move(tls_context)), io(1), acceptor(io), sweep_timer(io), retry_timer(io),
        pool(std::max(1u, options.threads)), scratch(kScratchBytes) {}

  /// The callback writes to a store, which may wait for a disk: never on the thread that moves bytes.
  void tell_refused(std::string peer, std::string reason) {
    if (!options.refused) return;
    asio::post(pool, [this, peer = std::move(peer), reason = std::move(reason)] {
      try {
        options.refused(peer, reason);
      } catch (const std::exception& error) {
        log_error(std::string("audit of a refused connection: ") + error.what());
      }
    });
  }

  const ServerOptions options;
  const TlsContext tls;
  asio::io_context io;
  Acceptor acceptor;
  Timer sweep_timer, retry_timer;
  asio::thread_pool pool;
  std::vector<char> scratch;
  std::list<std::shared_ptr<Connection>> connections;
  std::size_t bodies_bytes = 0;
  bool stopping = false;
};

// ---- one connection -------------------------------------------------------------------------------------------

/// All members run on the I/O thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  enum class Phase { handshaking, idle, header, body, handling, writing, draining, closed };

  Connection(std::shared_ptr<Core> core, Socket socket, std::string peer)
      : core_(std::move(core)), socket_(std::move(socket)), peer_(std::move(peer)) {}

  void start(std::list<std::shared_ptr<Connection>>::iterator place);
  void close();
  void write(std::string bytes, bool keep_alive);
  Phase phase() const { return phase_; }
  const std::string& agent_id() const { return agent_id_; }
  bool is_late(Clock::time_point now) const { return now > deadline_; }

 private:
  using Step = void (Connection::*)();

  void wait(tcp::socket::wait_type what, Step next);
  void wait_as_told(int result, Step next);
  void handshake();
  void tell_failed_handshake();
  bool read_peer_certificate();
  void enter(Phase phase, Clock::duration time);
  void read();
  bool feed(std::string_view bytes);
  bool parse(std::string_view& bytes);
  bool header_is_fine();
  bool refuse(int status, std::string_view what);
  void count_body();
  Request take_request();
  void handle(Request request);
  void keep_writing();
  void next_request();
  void drain();
  void forget_request();

  std::shared_ptr<Core> core_;
  Socket socket_;
  SslPtr ssl_;
  std::string peer_, agent_id_, agent_serial_;
  Phase phase_ = Phase::handshaking;
  Clock::time_point deadline_ = Clock::time_point::max(), body_began_{};
  std::list<std::shared_ptr<Connection>>::iterator place_;
  std::optional<Parser> parser_;
  Target target_;
  bool header_seen_ = false;
  std::size_t body_counted_ = 0;
  std::string pending_;  // bytes that the parser could not use yet
  std::string out_;
  std::size_t sent_ = 0, drained_ = 0;
  bool keep_alive_ = true, interim_ = false;
};

/// Owes one answer: gives it, or a 500 where the handler forgot it.
class Answer {
 public:
  Answer(std::shared_ptr<Core> core, std::shared_ptr<Connection> connection, WireOptions wire, std::string peer, std::string about, bool to_agents)
      : core_(std::move(core)), connection_(std::move(connection)), wire_(wire), peer_(std::move(peer)), about_(std::move(about)), to_agents_(to_agents) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() {
    if (!given_.load()) give(problem(500, "the collector failed at this request", "try again; its log says why"));
  }

  void give(Response response) {
    if (given_.exchange(true)) return;
    const bool refused = to_agents_ && (response.status == 401 || response.status == 403);
    if (refused) core_->tell_refused(peer_, about_ + ": " + std::to_string(response.status) + " " + response.body.substr(0, 300));
    const std::string date = http_date(std::time(nullptr));
    wire_.date = date;
    wire_.extra_headers = &core_->options.extra_headers;
    wire_.keep_alive = wire_.keep_alive && !refused;
    std::string bytes = wire_bytes(response, wire_);
    // The connection travels along, so that it is let go on the thread it belongs to.
    asio::post(core_->io, [connection = std::move(connection_), bytes = std::move(bytes), keep_alive = wire_.keep_alive]() mutable {
      connection->write(std::move(bytes), keep_alive);
    });
  }

 private:
  std::shared_ptr<Core> core_;
  std::shared_ptr<Connection> connection_;
  WireOptions wire_;
  std::string peer_, about_;
  bool to_agents_;
  std::atomic<bool> given_{false};
};

void Connection::start(std::list<std::shared_ptr<Connection>>::iterator place) {
  place_ = place;
  enter(Phase::handshaking, kHandshakeTime);
  ssl_.reset(SSL_new(core_->tls.get()));
  if (!ssl_ || SSL_set_fd(ssl_.get(), socket_.native_handle()) != 1) return close();
  SSL_set_accept_state(ssl_.get());
  wait(tcp::socket::wait_read, &Connection::handshake);
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  forget_request();
  phase_ = Phase::closed;
  const auto self = shared_from_this();
  core_->connections.erase(place_);
  error_code ignored;
  socket_.close(ignored);
}

void Connection::wait(tcp::socket::wait_type what, Step next) {
  socket_.async_wait(what, [self = shared_from_this(), next](error_code failed) {
    if (self->phase_ == Phase::closed) return;
    if (failed) return self->close();
    try {
      (self.get()->*next)();
    } catch (const std::exception& error) {
      log_error("connection of " + self->peer_ + ": " + error.what());
      self->close();
    }
  });
}

/// After an OpenSSL call that did not succeed: waits for what it wants and tries again, or closes.
void Connection::wait_as_told(int result, Step next) {
  const int reason = SSL_get_error(ssl_.get(), result);
  if (reason == SSL_ERROR_WANT_READ) return wait(tcp::socket::wait_read, next);
  if (reason == SSL_ERROR_WANT_WRITE) return wait(tcp::socket::wait_write, next);
  ERR_clear_error();
  close();
}

void Connection::enter(Phase phase, Clock::duration time) {
  phase_ = phase;
  deadline_ = Clock::now() + time;
}

void Connection::handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) {
    if (!read_peer_certificate()) return close();
    enter(Phase::idle, kHeaderTime);
    return read();
  }
  const int reason = SSL_get_error(ssl_.get(), done);
  if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) tell_failed_handshake();
  wait_as_told(done, &Connection::handshake);
}

void Connection::tell_failed_handshake() {
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK)
    return core_->tell_refused(peer_, std::string("client certificate: ") + X509_verify_cert_error_string(verified));
  // A peer that came and went without a word (a port check) is no refusal.
  if (ERR_peek_error() != 0 && ERR_GET_REASON(ERR_peek_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING)
    core_->tell_refused(peer_, "handshake: " + openssl_reason());
}

/// OpenSSL has checked signature, dates and purpose; what is left is that no authority comes as a host.
bool Connection::read_peer_certificate() {
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (!certificate) return true;
  if (X509_check_ca(const_cast<X509*>(certificate)) > 0) {
    core_->tell_refused(peer_, "client certificate: it is an authority's, not a host's");
    return false;
  }
  char name[256] = "";
  if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name) > 0) agent_id_ = printable(name);
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  agent_serial_ = hex({reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)), static_cast<std::size_t>(ASN1_STRING_length(serial))});
  return true;
}

void Connection::read() {
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), core_->scratch.data(), static_cast<int>(core_->scratch.size()));
    if (count <= 0) return wait_as_told(count, &Connection::read);
    if (!feed({core_->scratch.data(), static_cast<std::size_t>(count)})) return;
  }
  asio::post(core_->io, [self = shared_from_this()] {
    if (self->phase_ == Phase::closed) return;
    try {
      self->read();
    } catch (const std::exception& error) {
      log_error("connection of " + self->peer_ + ": " + error.what());
      self->close();
    }
  });
}

/// Gives new bytes to the parser. True: it wants more; false: a request is on its way, or the connection ends.
bool Connection::feed(std::string_view bytes) {
  if (phase_ == Phase::idle) {
    enter(Phase::header, kHeaderTime);
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(boost::none);  // set by the route, once the header tells which
    header_seen_ = false;
  }
  std::string joined;
  if (!pending_.empty()) {
    joined = std::move(pending_);
    joined.append(bytes);
    bytes = joined;
  }
  pending_.clear();
  const bool more = parse(bytes);
  if (phase_ != Phase::closed && !bytes.empty()) pending_.assign(bytes);
  if (!more) return false;
  if (interim_) {  // the client waits for "go on" before it sends the body
    write("HTTP/1.1 100 Continue\r\n\r\n", true);
    return false;
  }
  return true;
}

bool Connection::parse(std::string_view& bytes) {
  while (!bytes.empty()) {
    error_code failed;
    const std::size_t used = parser_->put(asio::const_buffer(bytes.data(), bytes.size()), failed);
    bytes.remove_prefix(used);
    if (failed == http::error::need_more) break;
    if (failed == http::error::header_limit) return refuse(431, "the request's header is longer than 8 KiB");
    if (failed == http::error::body_limit) return refuse(413, "the body is larger than this path takes");
    if (failed) return refuse(400, "this is no HTTP request that can be read");
    if (parser_->is_header_done() && !header_seen_) {
      header_seen_ = true;
      if (!header_is_fine()) return false;
    }
    count_body();
    if (core_->bodies_bytes > kMaxBodiesBytes) return refuse(503, "too many requests at once");
    if (parser_->is_done()) {
      handle(take_request());
      return false;
    }
    if (used == 0) break;
  }
  return true;
}

/// Everything two readers of one request could understand in two ways is refused (goal S9), and a body is read only
/// where a route wants it from this peer.
bool Connection::header_is_fine() {
  const auto& message = parser_->get();
  if (message.version() != 11 && message.version() != 10) return refuse(400, "only HTTP/1.1 is spoken here");
  const auto lengths = message.count(http::field::content_length), encodings = message.count(http::field::transfer_encoding);
  if (lengths + encodings > 1) return refuse(400, "a body needs one Content-Length or one Transfer-Encoding");
  if (encodings == 1 && (message.version() == 10 || lower(message[http::field::transfer_encoding]) != "chunked"))
    return refuse(400, "the only Transfer-Encoding is chunked");
  const auto hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() == 11)) return refuse(400, "a request needs one Host header");
  if (static_cast<std::size_t>(std::distance(message.begin(), message.end())) > kMaxHeaders) return refuse(431, "the request has more than 64 headers");
  auto target = parse_target(message.target());
  if (!target) return refuse(400, target.error().message);
  target_ = std::move(*target);
  const Route* route = route_for(core_->options.routes, message.method_string(), target_.path);
  const std::size_t limit = route ? route->body_limit_bytes : Route{}.body_limit_bytes;
  if (parser_->content_length() && *parser_->content_length() > limit) return refuse(413, "the body is larger than this path takes");
  if (route && route->permission == Permission::agent && agent_id_.empty() && !parser_->is_done()) {
    keep_alive_ = false;
    handle(take_request());
    return false;
  }
  if (const auto expects = message.find(http::field::expect); expects != message.end()) {
    if (lower(expects->value()) != "100-continue") return refuse(417, "only 100-continue can be expected here");
    interim_ = !parser_->is_done();
  }
  parser_->body_limit(limit);
  parser_->eager(true);
  body_began_ = Clock::now();
  enter(Phase::body, kBodyTime);
  return true;
}

void Connection::count_body() {
  const std::size_t size = parser_->get().body().size();
  core_->bodies_bytes += size - body_counted_;
  body_counted_ = size;
  if (phase_ == Phase::body) deadline_ = body_began_ + kBodyTime + std::chrono::seconds(size / kSlowestBytesPerSecond);
}

/// Lets go of what the request held; its body is handed over or thrown away.
void Connection::forget_request() {
  core_->bodies_bytes -= body_counted_;
  body_counted_ = 0;
  parser_.reset();
}

bool Connection::refuse(int status, std::string_view what) {
  forget_request();
  pending_.clear();
  interim_ = false;
  phase_ = Phase::handling;
  const std::string date = http_date(std::time(nullptr));
  const Response response = problem(status, what, status == 503 ? "try again later" : "");
  WireOptions wire;
  wire.keep_alive = false;
  wire.date = date;
  wire.extra_headers = &core_->options.extra_headers;
  write(wire_bytes(response, wire), false);
  return false;
}

Request Connection::take_request() {
  Request request;
  auto message = parser_->release();
  request.method = std::string(message.method_string());
  request.path = std::move(target_.path);
  request.query = std::move(target_.query);
  for (const auto& field : message) {
    auto [header, fresh] = request.headers.emplace(lower(field.name_string()), std::string(field.value()));
    if (!fresh) header->second += (header->first == "cookie" ? "; " : ", ") + std::string(field.value());
  }
  if (const auto cookies = request.headers.find("cookie"); cookies != request.headers.end()) request.cookies = parse_cookies(cookies->second);
  request.body = std::move(message.body());
  request.peer_address = peer_;
  request.agent_id = agent_id_;
  request.agent_serial = agent_serial_;
  keep_alive_ = keep_alive_ && message.keep_alive() && !core_->stopping;
  forget_request();
  return request;
}

/// On the pool: who is it, may they, and the route's answer.
void run_handler(Core& core, Request request, const std::shared_ptr<Answer>& answer) {
  const auto reply = [answer](Response response) { answer->give(std::move(response)); };
  try {
    const auto type = request.headers.find("content-type");
    if (type != request.headers.end() && lower(trim(type->second.substr(0, type->second.find(';')))) == "application/x-www-form-urlencoded") {
      auto form = parse_form(request.body);
      if (!form) return reply(problem(400, form.error().message));
      request.form = std::move(*form);
    }
    if (core.options.identify) core.options.identify(request);
    if (!core.options.dress) return dispatch(core.options.routes, std::move(request), core.options.allow, reply);
    const Request asked = request;
    dispatch(core.options.routes, std::move(request), core.options.allow, [&core, asked, reply](Response response) {
      reply(core.options.dress(asked, std::move(response)));
    });
  } catch (const std::exception& error) {
    log_error(std::string("request: ") + error.what());
    reply(problem(500, "the collector failed at this request", "try again; its log says why"));
  }
}

void Connection::handle(Request request) {
  phase_ = Phase::handling;
  deadline_ = Clock::time_point::max();
  interim_ = false;
  WireOptions wire;
  wire.head = request.method == "HEAD";
  wire.keep_alive = keep_alive_;
  const Route* route = route_for(core_->options.routes, request.method, request.path);
  const bool to_agents = route && route->permission == Permission::agent;
  std::string about = request.method + ' ' + request.path + (agent_id_.empty() ? "" : " by " + agent_id_);
  auto answer = std::make_shared<Answer>(core_, shared_from_this(), wire, peer_, std::move(about), to_agents);
  asio::post(core_->pool, [core = core_.get(), request = std::move(request), answer = std::move(answer)]() mutable {
    run_handler(*core, std::move(request), answer);
  });
}

void Connection::write(std::string bytes, bool keep_alive) {
  if (phase_ == Phase::closed) return;
  out_ = std::move(bytes);
  sent_ = 0;
  if (!interim_) {
    keep_alive_ = keep_alive && keep_alive_;
    enter(Phase::writing, kBodyTime + std::chrono::seconds(out_.size() / kSlowestBytesPerSecond));
  }
  keep_writing();
}

void Connection::keep_writing() {
  while (sent_ < out_.size()) {
    ERR_clear_error();
    const std::size_t left = std::min<std::size_t>(out_.size() - sent_, 1u << 30);
    const int count = SSL_write(ssl_.get(), out_.data() + sent_, static_cast<int>(left));
    if (count <= 0) return wait_as_told(count, &Connection::keep_writing);
    sent_ += static_cast<std::size_t>(count);
  }
  std::string().swap(out_);
  if (interim_) {
    interim_ = false;
    return read();
  }
  next_request();
}

void Connection::next_request() {
  if (!keep_alive_ || core_->stopping) {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    enter(Phase::draining, kDrainTime);
    return drain();
  }
  enter(Phase::idle, kIdleTime);
  // Requests that came in one go wait their turn here.
  if (!pending_.empty() && !feed({})) return;
  read();
}

/// Closing a socket with unread bytes resets it, and the peer might lose our answer: read them first, within bounds.
void Connection::drain() {
  for (;;) {
    error_code failed;
    const std::size_t count = socket_.read_some(asio::buffer(core_->scratch), failed);
    if (failed == asio::error::would_block) return wait(tcp::socket::wait_read, &Connection::drain);
    drained_ += count;
    if (failed || drained_ > kMaxDrainedBytes) return close();
  }
}

// ---- the listener ---------------------------------------------------------------------------------------------

class TlsServer : public Server {
 public:
  explicit TlsServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~TlsServer() override { stop(); }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  Result<void> listen();
  unsigned short port() const override { return port_; }
  void disconnect(const std::string& agent_id) override;

 private:
  void accept();
  void take(Socket socket);
  bool make_room();
  void sweep();
  void stop();

  std::shared_ptr<Core> core_;
  unsigned short port_ = 0;
  std::thread thread_;
};

Result<void> TlsServer::listen() {
  const ServerOptions& options = core_->options;
  const std::string where = options.address + " port " + std::to_string(options.port);
  error_code failed;
  const auto address = asio::ip::make_address(options.address, failed);
  if (failed) return fail(ErrorKind::invalid, "listener: \"" + printable(options.address) + "\" is no address");
  const tcp::endpoint endpoint(address, options.port);
  core_->acceptor.open(endpoint.protocol(), failed);
  if (!failed) core_->acceptor.set_option(asio::socket_base::reuse_address(true), failed);
  if (!failed) core_->acceptor.bind(endpoint, failed);
  if (!failed) core_->acceptor.listen(4096, failed);
  if (failed == asio::error::address_in_use)
    return fail(ErrorKind::conflict, "listener: " + where + " is taken by another program; choose another port, or stop that one (ss -ltnp shows it)");
  if (failed == asio::error::access_denied)
    return fail(ErrorKind::permission_denied, "listener: " + where + " needs more rights; choose a port from 1024 up");
  if (failed) return fail(ErrorKind::io, "listener: " + where + ": " + failed.message());
  port_ = core_->acceptor.local_endpoint(failed).port();
  accept();
  sweep();
  thread_ = std::thread([core = core_] {
    for (;;) {
      try {
        core->io.run();
        return;
      } catch (const std::exception& error) {
        log_error(std::string("listener: ") + error.what());
      }
    }
  });
  return {};
}

void TlsServer::accept() {
  core_->acceptor.async_accept([this, core = core_](error_code failed, Socket socket) {
    if (core->stopping) return;
    if (!failed) {
      take(std::move(socket));
      return accept();
    }
    // Out of descriptors, mostly: those in use come free again.
    core->retry_timer.expires_after(std::chrono::milliseconds(100));
    core->retry_timer.async_wait([this, core](error_code cancelled) {
      if (!cancelled && !core->stopping) accept();
    });
  });
}

void TlsServer::take(Socket socket) {
  error_code failed;
  const auto peer = socket.remote_endpoint(failed);
  if (failed || !make_room()) return;
  socket.non_blocking(true, failed);
  if (!failed) socket.set_option(tcp::no_delay(true), failed);
  if (failed) return;
  core_->connections.push_back(std::make_shared<Connection>(core_, std::move(socket), peer.address().to_string()));
  const auto place = std::prev(core_->connections.end());
  (*place)->start(place);
}

/// At the limit the oldest connection without a request gives way; where all are busy the new one does.
bool TlsServer::make_room() {
  if (core_->connections.size() < core_->options.most_connections) return true;
  for (const auto& connection : core_->connections)
    if (connection->phase() == Connection::Phase::idle) {
      const auto leaving = connection;
      leaving->close();
      return true;
    }
  return false;
}

void TlsServer::sweep() {
  core_->sweep_timer.expires_after(kSweepEvery);
  core_->sweep_timer.async_wait([this, core = core_](error_code cancelled) {
    if (cancelled || core->stopping) return;
    const auto now = Clock::now();
    for (auto next = core->connections.begin(); next != core->connections.end();) {
      const auto connection = *next++;
      if (connection->is_late(now)) connection->close();
    }
    sweep();
  });
}

void TlsServer::disconnect(const std::string& agent_id) {
  asio::post(core_->io, [core = core_, agent_id] {
    for (auto next = core->connections.begin(); next != core->connections.end();) {
      const auto connection = *next++;
      if (connection->agent_id() == agent_id) connection->close();
    }
  });
}

/// Requests in flight are answered; what is not answered in time is not waited for.
void close_when_answered(const std::shared_ptr<Core>& core, Clock::time_point last_moment) {
  const bool too_late = Clock::now() > last_moment;
  for (auto next = core->connections.begin(); next != core->connections.end();) {
    const auto connection = *next++;
    const auto phase = connection->phase();
    if (too_late || (phase != Connection::Phase::handling && phase != Connection::Phase::writing)) connection->close();
  }
  if (core->connections.empty()) return;
  core->sweep_timer.expires_after(std::chrono::milliseconds(10));
  core->sweep_timer.async_wait([core, last_moment](error_code) { close_when_answered(core, last_moment); });
}

void TlsServer::stop() {
  if (!thread_.joinable()) return;
  asio::post(core_->io, [core = core_] {
    core->stopping = true;
    error_code ignored;
    core->acceptor.close(ignored);
    core->retry_timer.cancel();
    core->sweep_timer.cancel();
    close_when_answered(core, Clock::now() + kLastAnswersTime);
  });
  thread_.join();
  core_->pool.join();
  // Answers that came after the last moment find their connections closed.
  core_->io.restart();
  core_->io.poll();
}

}  // namespace

Result<std::unique_ptr<Server>> start_server(ServerOptions options) {
  // A peer that goes away while we write is an error of that write, not the end of the program.
  std::signal(SIGPIPE, SIG_IGN);
  auto context = make_tls_context(options);
  if (!context) return tl::unexpected(context.error());
  auto server = std::make_unique<TlsServer>(std::make_shared<Core>(std::move(options), std::move(*context)));
  if (auto listening = server->listen(); !listening) return tl::unexpected(listening.error());
  return server;
}

}  // namespace plumbline
