// SPDX-License-Identifier: Apache-2.0
// `serve`: the store, the rules, the ingest, two listeners, and a clean stop.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "collector/commands/common.h"
#include "collector/commands/refusals.h"
#include "collector/decisions/plan.h"
#include "collector/digest/sender.h"
#include "collector/ingest/ingest.h"
#include "collector/outlook.h"
#include "collector/pki/routes.h"
#include "collector/rejudging.h"
#include "collector/rules_in_force.h"
#include "collector/rules_status.h"
#include "collector/report/pdf.h"
#include "collector/report/view.h"
#include "collector/web/web.h"
#include "rules/questionnaire.h"

namespace plumbline {
namespace {

constexpr long kTickNanoseconds = 300'000'000;  // how soon pages show a scan and a denied host is cut off
constexpr unsigned kHandlerThreads = 2;

// Signals are taken by the main loop alone; every thread inherits the mask.
sigset_t block_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a full disk quota is an error of write(), not the end
  sigset_t awaited;
  sigemptyset(&awaited);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&awaited, number);
  pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
  return awaited;
}

// One tick: the signal that came within it, or none.
int next_signal(const sigset_t& awaited) {
  const timespec tick{0, kTickNanoseconds};
  return ::sigtimedwait(&awaited, nullptr, &tick);
}

// Removed when the collector stops, so that its presence means "ready".
class RunFile {
 public:
  explicit RunFile(const std::string& folder) : path_(folder + "/run.json") { ::unlink(path_.c_str()); }
  RunFile(const RunFile&) = delete;
  RunFile& operator=(const RunFile&) = delete;
  ~RunFile() { ::unlink(path_.c_str()); }
  Result<void> write(const std::string& address, int agents_port, int people_port) const {
    const nlohmann::json run = {{"pid", ::getpid()}, {"address", address}, {"agents_port", agents_port}, {"people_port", people_port}, {"version", PLUMBLINE_VERSION}};
    return write_file_atomic(path_, run.dump() + "\n", 0600);
  }

 private:
  std::string path_;
};

Route health_route(Store& store) {
  Route health;
  health.method = "GET";
  health.pattern = "/healthz";
  health.permission = Permission::anyone;
  health.handle = at_once([&store](const Request&) {
    if (!store.setting("organisation")) return problem(503, "the store does not answer", "see the collector's log");
    Response ok;
    ok.content_type = "text/plain; charset=utf-8";
    ok.body = "ok\n";
    return ok;
  });
  return health;
}

void append(std::vector<Route>& routes, std::vector<Route> more) {
  routes.insert(routes.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// Everything a running collector holds, in the order in which it must end: listeners first, the store last.
struct Running {
  Config config;
  std::unique_ptr<Store> store;
  RulesSource source;
  std::string fingerprint;  // of the rules' files, from before they were read
  std::unique_ptr<RulesInForce> rules;
  std::unique_ptr<Fleet> fleet;
  std::unique_ptr<Pki> pki;
  std::unique_ptr<Web> web;
  std::unique_ptr<Ingest> ingest;
  std::unique_ptr<Rejudging> rejudging;
  std::unique_ptr<RulesWatch> watch;
  std::unique_ptr<BackgroundClock> outlook;
  std::shared_ptr<const FleetView> planned;  // that the plan was last held against
  std::atomic<bool> ending = false;  // asked to: what takes long gives up
  std::unique_ptr<DigestThread> digests;
  Refusals refusals;
  std::unique_ptr<Server> agents, people;
};

ServerOptions listener(const Running& running, const Identity& identity, int port) {
  ServerOptions options;
  options.address = running.config.address;
  options.port = static_cast<unsigned short>(port);
  options.certificate_pem = identity.certificate_pem;
  options.private_key_pem = identity.private_key_pem;
  options.threads = kHandlerThreads;
  return options;
}

Result<std::unique_ptr<Server>> listen_for_agents(Running& running, const Identity& identity) {
  ServerOptions options = listener(running, identity, running.config.agents_port);
  options.client_ca_pem = running.pki->authority.certificate_pem;
  options.routes = pki_routes(*running.pki);
  append(options.routes, agent_routes(*running.ingest));
  options.routes.push_back(health_route(*running.store));
  options.identify = [&pki = *running.pki](Request& request) { identify_agent(pki, request); };
  options.allow = [](const Request& request, Permission permission) {
    return permission == Permission::anyone || (permission == Permission::agent && !request.agent_id.empty());
  };
  options.refused = [&refusals = running.refusals](const std::string& peer, const std::string& reason) { refusals.add(peer, reason); };
  return start_server(std::move(options));
}

Result<std::unique_ptr<Server>> listen_for_people(Running& running, const Identity& identity) {
  ServerOptions options = listener(running, identity, running.config.people_port);
  options.routes = web_routes(*running.web);
  options.routes.push_back(health_route(*running.store));
  options.identify = [&web = *running.web](Request& request) { identify(web, request); };
  options.allow = [](const Request& request, Permission permission) { return allow(request, permission); };
  options.dress = dressed;
  options.extra_headers = web_headers();
  return start_server(std::move(options));
}

Result<Config> effective_config(const ServeOptions& options) {
  auto config = read_config(options.common.state);
  if (!config) return config;
  if (!options.address.empty()) config->address = options.address;
  config->agents_port = options.agents_port.value_or(config->agents_port);
  config->people_port = options.people_port.value_or(config->people_port);
  return config;
}

// The rules to start with; a collector that never had good ones does not start.
Result<void> open_rules(Running& running, const ServeOptions& options) {
  auto source = rules_source(options.common);
  if (!source) return tl::unexpected(source.error());
  running.source = std::move(*source);
  running.fingerprint = fingerprint_of(running.source);
  auto rules = read_rules(running.source);
  if (!rules) return tl::unexpected(rules.error());
  running.rules = std::make_unique<RulesInForce>(std::move(*rules), now_seconds());
  return {};
}

RulesStatus status_of(const Running& running) {
  RulesStatus status{running.rules->state(), running.rejudging->progress(), {}, {}, 0};
  if (const auto view = running.fleet->latest()) {
    status.shown_hash = view->rules().hash;
    status.shown_version = view->rules().version;
    status.hosts_waiting = view->waiting();
  }
  return status;
}

// What changed goes to the audit log; stored hosts are judged again.
void apply_rules(Running& running, const RuleSet& before, const RuleSet& after) {
  running.rejudging->wake();
  const std::string what = before.hash + " -> " + after.hash + "; " + to_text(change_between(before, after));
  if (auto noted = running.store->add_audit("collector", "rules.in-force", after.version, what, now_seconds()); !noted) log_warning("audit log: " + noted.error().message);
}

void start_rules(Running& running) {
  running.rejudging = std::make_unique<Rejudging>(*running.store, *running.rules);
  running.watch = std::make_unique<RulesWatch>(*running.rules, running.source, running.fingerprint,
                                               [&running](const RuleSet& before, const RuleSet& after) { apply_rules(running, before, after); });
  running.web->notices = [&running] {
    std::vector<Notice> all = notices_of(status_of(running));
    if (running.digests)
      for (Notice& notice : running.digests->notices()) all.push_back(std::move(notice));
    return all;
  };
  running.web->rules_state = [&running] { return to_json(status_of(running)); };
}

// Store, rules, first view, and what the listeners hand requests to.
Result<void> open_parts(Running& running, const ServeOptions& options) {
  auto store = open_state_store(options.common.state, options.common.store_url);
  if (!store) return tl::unexpected(store.error());
  running.store = std::move(*store);
  if (auto opened = open_rules(running, options); !opened) return opened;
  running.fleet = std::make_unique<Fleet>(*running.store, *running.rules);
  if (auto questions = find_questionnaire(running.source.folder)) running.fleet->ask(std::make_shared<const Questionnaire>(std::move(*questions)));
  else log_warning(questions.error().message);
  if (auto view = running.fleet->refresh(); !view) return tl::unexpected(view.error());
  auto authority = read_authority(options.common.state);
  if (!authority) return tl::unexpected(authority.error());
  running.pki.reset(new Pki{*running.store, std::move(*authority)});
  running.web = std::make_unique<Web>();
  running.web->store = running.store.get();
  running.web->clock = now_seconds;
  running.web->rules_folder = running.source.folder;
  running.web->pdf = std::make_unique<PdfDesk>([](std::string_view html, const std::function<bool()>& asked_to_end) {
    PdfOptions pdf;
    pdf.stop = asked_to_end;
    return print_pdf(html, pdf);
  });
  running.web->report = [&fleet = *running.fleet]() -> std::shared_ptr<const ReportInput> {
    const auto view = fleet.latest();
    return view == nullptr ? nullptr : FleetView::shared_input(view, now_seconds());
  };
  running.ingest = make_ingest(*running.store, *running.rules);
  running.outlook = std::make_unique<BackgroundClock>();
  start_rules(running);
  return {};
}

Result<void> start_listeners(Running& running, const ServeOptions& options) {
  const auto identity = server_identity(options.common.state, running.config, now_seconds());
  if (!identity) return tl::unexpected(identity.error());
  auto agents = listen_for_agents(running, *identity);
  if (!agents) return fail("agents' listener", agents.error());
  running.agents = std::move(*agents);
  auto people = listen_for_people(running, *identity);
  if (!people) return fail("people's listener", people.error());
  running.people = std::move(*people);
  return {};
}

// Digests go out from a thread of their own; PDFs are printed on another.
void start_sending(Running& running, const ServeOptions& options) {
  DigestWorld world;
  world.store = running.store.get();
  world.state_folder = options.common.state;
  if (!running.config.names.empty()) world.link = "https://" + running.config.names.front() + ":" + std::to_string(running.config.people_port) + "/";
  world.clock = now_seconds;
  world.report = running.web->report;
  world.print_ceo_page = [&ending = running.ending](const ReportInput& input) {
    PdfOptions pdf;
    pdf.stop = [&ending] { return ending.load(); };
    return print_pdf(render_html(input, Audience::ceo), pdf);
  };
  running.digests = std::make_unique<DigestThread>(std::move(world));
}

// The plan is held against every new view of the whole fleet: what scans prove is done, or open again.
Result<void> keep_plan_up(Running& running, const std::shared_ptr<const FleetView>& view) {
  if (view == running.planned || view->waiting() > 0 || view->assessment().hosts.empty()) return {};
  const ReportInput input = view->report_input(now_seconds());
  const auto kept = keep_plan(*running.store, view->rules(), view->assessment(), [&](const Action& action) { return action_title(input, action); }, now_seconds());
  if (!kept) return fail("plan", kept.error());
  running.planned = view;
  return {};
}

// Offers the fleet to the clock in the background, and has pages show what it last found.
void keep_outlook_up(Running& running, const std::shared_ptr<const FleetView>& view) {
  running.outlook->offer({view->shared_rules(), view->assessment().hosts.size(), view->change(), [view] { return view->facts(); }});
  view->show_outlook(running.outlook->latest(), running.outlook->state());
}

// Until asked to end: shows what arrived, cuts off who was denied, writes down who was refused, reads the rules when told.
void attend(Running& running, const sigset_t& awaited) {
  std::vector<std::string> cut;
  bool failing = false;
  auto next = std::chrono::steady_clock::now();
  for (;;) {
    const int signal = next_signal(awaited);
    if (signal == SIGHUP) running.watch->read_now();
    else if (signal > 0) return;
    const auto begun = std::chrono::steady_clock::now();
    if (begun < next) continue;
    const auto view = running.fleet->refresh();
    if (running.fleet->to_rejudge() > 0) running.rejudging->wake();
    // A large fleet under load is assessed less often, so that it takes a fifth of a core at most.
    next = begun + 5 * (std::chrono::steady_clock::now() - begun);
    const auto flushed = running.refusals.flush(*running.store, now_seconds());
    const auto planned = view ? keep_plan_up(running, *view) : Result<void>();
    if (view) keep_outlook_up(running, *view);
    const bool failed = !view || !flushed || !planned;
    if (failed && !failing) log_error(!view ? view.error().message : !flushed ? flushed.error().message : planned.error().message);
    failing = failed;
    std::vector<std::string> denied = running.fleet->denied();
    for (const std::string& host : denied)
      if (!std::binary_search(cut.begin(), cut.end(), host)) running.agents->disconnect(host);
    cut = std::move(denied);
  }
}

void stop(Running& running) {
  running.outlook->stop();
  running.ending = true;
  running.watch.reset();
  running.web->pdf->stop();
  running.rejudging->stop();  // pages may still ask how far it is
  running.people.reset();
  running.digests.reset();
  running.agents.reset();  // after the requests in flight, which need the ingest
  running.ingest.reset();
  if (auto flushed = running.refusals.flush(*running.store, now_seconds()); !flushed) log_error(flushed.error().message);
}

}  // namespace

int run_serve(const ServeOptions& options) {
  const sigset_t awaited = block_signals();
  const auto config = effective_config(options);
  if (!config) return report_error(config.error());
  const auto lock = StateLock::take(options.common.state);
  if (!lock) return report_error(lock.error());
  Running running;
  running.config = *config;
  const RunFile run_file(options.common.state);
  if (auto opened = open_parts(running, options); !opened) return report_error(opened.error());
  start_sending(running, options);
  if (auto started = start_listeners(running, options); !started) return report_error(started.error());
  if (auto written = run_file.write(config->address, running.agents->port(), running.people->port()); !written) return report_error(written.error());
  log_info("ready: agents on " + config->address + ":" + std::to_string(running.agents->port()) + ", people on https://" +
           config->address + ":" + std::to_string(running.people->port()) + "/");
  attend(running, awaited);
  log_info("stopping: requests in flight are answered first");
  stop(running);
  return kExitOk;
}

}  // namespace plumbline
