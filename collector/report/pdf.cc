// SPDX-License-Identifier: Apache-2.0
// The two engines, what each is told, and the desk that queues for them.
#include "collector/report/pdf.h"

#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "collector/report/child_program.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostScriptLine = 4'096;
constexpr std::size_t kMostWeasyPrintMemory = std::size_t{8} << 30;

// Runs in WeasyPrint's own Python. Its fetcher, which every address goes through, refuses all of them. The variant is asked
// for by the name this version knows it by; the oldest ones write a plain PDF.
constexpr std::string_view kWeasyPrintProgram = R"py(
import sys
import weasyprint

def refuse(url, *more, **named):
    raise ValueError("nothing is fetched")

with open(sys.argv[1], encoding="utf-8") as file:
    html = weasyprint.HTML(string=file.read(), base_url=None, url_fetcher=refuse)
for named in ({"pdf_variant": "pdf/ua-1"}, {"variant": "pdf/ua-1"}, {}):
    try:
        html.write_pdf(sys.argv[2], **named)
        break
    except TypeError:
        if not named:
            raise
)py";

/// The Python that a program begins with: "#!/usr/bin/python3", "#!/opt/venv/bin/python -I". WeasyPrint's modules are
/// certain to be there only for that one.
Result<std::string> interpreter_of(const std::string& program) {
  auto text = read_file(program, kMostScriptLine * 16);
  if (!text) return tl::unexpected(text.error());
  const std::string_view first = std::string_view(*text).substr(0, text->find('\n'));
  if (first.starts_with("#!/")) {
    const auto parts = words(first.substr(2));
    if (!parts.empty() && !parts[0].ends_with("/env") && contains(parts[0], "python")) return std::string(parts[0]);
  }
  if (std::string python = find_program({"python3"}); !python.empty()) return python;
  return fail(ErrorKind::not_found, program + ": no Python runs it");
}

Result<ChildProgram> with_weasyprint(const std::string& folder) {
  auto python = interpreter_of(find_program({"weasyprint"}));
  if (!python) return tl::unexpected(python.error());
  ChildProgram child;
  child.program = std::move(*python);
  child.arguments = {"-I", "-c", std::string(kWeasyPrintProgram), folder + "/report.html", folder + "/report.pdf"};
  child.most_memory_bytes = kMostWeasyPrintMemory;
  return child;
}

Result<ChildProgram> with_chromium(const std::string& folder) {
  ChildProgram child;
  child.program = find_program({"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"});
  child.arguments = {"--headless", "--disable-gpu", "--user-data-dir=" + folder + "/browser", "--no-first-run", "--no-default-browser-check",
                     "--disable-extensions", "--disable-sync", "--disable-background-networking", "--disable-component-update", "--disable-breakpad",
                     "--disable-crash-reporter", "--disable-dev-shm-usage", "--password-store=basic", "--mute-audio",
                     "--proxy-server=127.0.0.1:9", "--proxy-bypass-list=<-loopback>", "--host-resolver-rules=MAP * ~NOTFOUND",
                     "--export-tagged-pdf", "--no-pdf-header-footer", "--print-to-pdf-no-header", "--print-to-pdf=" + folder + "/report.pdf"};
  if (::geteuid() == 0) child.arguments.emplace_back("--no-sandbox");  // it does not start as root with it
  child.arguments.push_back("file://" + folder + "/report.html");
  return child;
}

bool installed(PdfEngine engine) {
  return engine == PdfEngine::weasyprint ? !find_program({"weasyprint"}).empty()
                                         : !find_program({"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"}).empty();
}

Error not_installed(std::optional<PdfEngine> engine) {
  if (engine == PdfEngine::chromium) return {ErrorKind::not_found, "PDF: Chromium is not installed; install it: apt-get install chromium"};
  if (engine == PdfEngine::weasyprint) return {ErrorKind::not_found, "PDF: WeasyPrint is not installed; install it: apt-get install weasyprint"};
  return {ErrorKind::not_found, "PDF: nothing is installed that can make one; install WeasyPrint (apt-get install weasyprint) or Chromium (apt-get install chromium), or take the HTML, which any browser prints"};
}

Error failed(PdfEngine engine, const ChildEnd& end, int most_seconds) {
  const std::string name(to_text(engine));
  if (end.stopped) return {ErrorKind::unavailable, "PDF: the program is ending; ask again in a minute"};
  if (end.timed_out)
    return {ErrorKind::limit, "PDF: " + name + " was stopped after " + std::to_string(most_seconds) + " seconds; take the HTML and print it from a browser, or choose the other engine with --pdf-engine"};
  std::string why = end.complaint.empty() ? "it said nothing" : end.complaint;
  return {ErrorKind::io, "PDF: " + name + " ended with status " + std::to_string(end.exit_code) + ": " + why};
}

// Markup, read as far as asking for something goes.

struct Attribute {
  std::string name, value;
};
struct Tag {
  std::string name;
  std::vector<Attribute> attributes;
  std::size_t end = 0;  // after its '>'
};

bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

Attribute attribute_at(std::string_view html, std::size_t& at) {
  Attribute one;
  while (at < html.size() && !blank(html[at]) && html[at] != '=' && html[at] != '>' && html[at] != '/') one.name += html[at++];
  while (at < html.size() && blank(html[at])) ++at;
  if (at >= html.size() || html[at] != '=') return one;
  for (++at; at < html.size() && blank(html[at]);) ++at;
  if (at < html.size() && (html[at] == '"' || html[at] == '\'')) {
    const std::size_t close = std::min(html.find(html[at], at + 1), html.size());
    one.value = std::string(html.substr(at + 1, close - at - 1));
    at = std::min(close + 1, html.size());
  } else {
    while (at < html.size() && !blank(html[at]) && html[at] != '>') one.value += html[at++];
  }
  return one;
}

Tag tag_at(std::string_view html, std::size_t at) {
  Tag tag;
  for (++at; at < html.size() && !blank(html[at]) && html[at] != '>' && !(html[at] == '/' && !tag.name.empty());) tag.name += html[at++];
  tag.name = lower(tag.name);
  while (at < html.size() && html[at] != '>') {
    if (blank(html[at]) || html[at] == '/' || html[at] == '=') {
      ++at;
      continue;
    }
    tag.attributes.push_back(attribute_at(html, at));
    tag.attributes.back().name = lower(tag.attributes.back().name);
  }
  tag.end = std::min(at + 1, html.size());
  return tag;
}

/// CSS that asks for something, however it is written: an escape in it is refused too, for it could hide either word.
bool css_asks(std::string_view css) {
  const std::string text = lower(css);
  return contains(text, "url(") || contains(text, "@import") || contains(text, "image-set(") || contains(text, "src(") || contains(text, "\\");
}

std::optional<std::string> asks(const Tag& tag) {
  static const std::vector<std::string_view> kElements = {"script", "iframe", "frame", "object", "embed", "applet", "link", "base", "img", "image",
                                                          "use", "video", "audio", "source", "track", "input", "feimage", "foreignobject", "portal", "picture"};
  for (const auto name : kElements)
    if (tag.name == name) return "the element " + tag.name;
  for (const auto& [name, value] : tag.attributes) {
    if (name == "style" && css_asks(value)) return "a style that asks for something";
    if (name == "http-equiv" && lower(value) == "refresh") return "a refresh";
    if (name == "rel" && contains(lower(value), "attachment")) return "an attachment";
    if (name.starts_with("on")) return "the attribute " + name;
    const bool address = name == "src" || name == "srcset" || name == "data" || name == "poster" || name == "background" || name == "xlink:href" || name == "ping" || name == "manifest";
    if (address) return "the attribute " + name;
    if (name == "href" && tag.name != "a" && !value.starts_with('#')) return "an address outside a link";
    const bool paint = name == "fill" || name == "stroke" || name == "filter" || name == "mask" || name == "clip-path" || name == "cursor" || name.starts_with("marker");
    if (paint && contains(lower(value), "url(") && !contains(value, "url(#")) return "a paint that is fetched";
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_text(PdfEngine engine) { return engine == PdfEngine::weasyprint ? "weasyprint" : "chromium"; }

std::optional<PdfEngine> pdf_engine_from(std::string_view text) {
  for (const PdfEngine engine : {PdfEngine::weasyprint, PdfEngine::chromium})
    if (to_text(engine) == text) return engine;
  return std::nullopt;
}

std::vector<PdfEngine> pdf_engines() {
  std::vector<PdfEngine> found;
  for (const PdfEngine engine : {PdfEngine::weasyprint, PdfEngine::chromium})
    if (installed(engine)) found.push_back(engine);
  return found;
}

std::optional<PdfEngine> pdf_engine_for(std::size_t html_bytes) {
  const auto found = pdf_engines();
  if (found.empty()) return std::nullopt;
  return html_bytes > kLargePdfPage ? found.back() : found.front();
}

Result<void> require_self_contained(std::string_view html) {
  for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at)) {
    if (html.substr(at, 4) == "<!--") {
      at = std::min(html.find("-->", at), html.size());
      continue;
    }
    const Tag tag = tag_at(html, at);
    if (const auto what = asks(tag)) return fail(ErrorKind::invalid, "PDF: the page is not self-contained: it holds " + *what + "; nothing was printed");
    at = tag.end;
    if (tag.name != "style") continue;
    const std::size_t close = std::min(html.find("</style", at), html.size());
    if (css_asks(html.substr(at, close - at))) return fail(ErrorKind::invalid, "PDF: the page is not self-contained: its style asks for something; nothing was printed");
    at = close;
  }
  return {};
}

Result<std::string> print_pdf(std::string_view html, const PdfOptions& options) {
  std::optional<PdfEngine> engine = options.engine;
  if (auto contained = require_self_contained(html); !contained) return tl::unexpected(contained.error());
  if (!engine) engine = pdf_engine_for(html.size());
  if (!engine || !installed(*engine)) return tl::unexpected(not_installed(engine));
  const auto folder = PrivateFolder::make();
  if (!folder) return tl::unexpected(folder.error());
  if (auto written = write_file_atomic(folder->path() + "/report.html", html, 0600); !written) return tl::unexpected(written.error());
  auto child = *engine == PdfEngine::weasyprint ? with_weasyprint(folder->path()) : with_chromium(folder->path());
  if (!child) return tl::unexpected(child.error());
  child->folder = folder->path();
  child->most_seconds = options.most_seconds;
  child->stop = options.stop;
  child->most_file_bytes = kMostPdfBytes;
  const auto end = run_child(*child);
  if (!end) return tl::unexpected(end.error());
  if (end->timed_out || end->stopped || end->exit_code != 0) return tl::unexpected(failed(*engine, *end, options.most_seconds));
  auto bytes = read_file(folder->path() + "/report.pdf", kMostPdfBytes);
  if (!bytes || !bytes->starts_with("%PDF-")) return tl::unexpected(failed(*engine, *end, options.most_seconds));
  return bytes;
}

struct PdfDesk::State {
  struct Job {
    std::string key, html;
    std::vector<Done> waiting;
  };
  Print print;
  std::mutex mutex;
  std::condition_variable something;
  std::deque<std::shared_ptr<Job>> queue;  // the first is being printed
  std::deque<std::pair<std::string, std::string>> kept;  // by hash of the HTML; the newest last
  bool ending = false;
  std::thread thread;

  bool asked_to_end() {
    const std::lock_guard lock(mutex);
    return ending;
  }
};

namespace {

void tell(const std::vector<PdfDesk::Done>& waiting, const Result<std::string>& pdf) {
  for (const auto& done : waiting) done(pdf);
}

}  // namespace

PdfDesk::PdfDesk(Print print) : state_(std::make_unique<State>()) {
  state_->print = std::move(print);
  state_->thread = std::thread([state = state_.get()] {
    std::unique_lock lock(state->mutex);
    for (;;) {
      state->something.wait(lock, [&] { return state->ending || !state->queue.empty(); });
      if (state->ending) return;
      const auto job = state->queue.front();
      lock.unlock();
      const Result<std::string> pdf = state->print(job->html, [state] { return state->asked_to_end(); });
      lock.lock();
      state->queue.pop_front();
      if (pdf) state->kept.emplace_back(job->key, *pdf);
      if (state->kept.size() > kPdfsKept) state->kept.pop_front();
      const auto waiting = std::move(job->waiting);
      lock.unlock();
      tell(waiting, pdf);
      lock.lock();
    }
  });
}

PdfDesk::~PdfDesk() { stop(); }

void PdfDesk::stop() {
  if (!state_->thread.joinable()) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
  }
  state_->something.notify_all();
  state_->thread.join();
  for (const auto& job : state_->queue) tell(job->waiting, fail(ErrorKind::unavailable, "PDF: the collector is stopping; ask again in a minute"));
  state_->queue.clear();
}

bool PdfDesk::ask(std::string html, Done done) {
  const std::string key = sha256(html);
  std::optional<std::string> kept;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->ending) return false;
    for (const auto& [name, pdf] : state_->kept)
      if (name == key) kept = pdf;
    if (!kept) {
      for (const auto& job : state_->queue) {
        if (job->key != key) continue;
        if (job->waiting.size() >= kMostPdfAsks) return false;
        job->waiting.push_back(std::move(done));
        return true;
      }
      if (state_->queue.size() > kMostPdfsWaiting) return false;
      auto job = std::make_shared<State::Job>();
      job->key = key;
      job->html = std::move(html);
      job->waiting.push_back(std::move(done));
      state_->queue.push_back(std::move(job));
    }
  }
  if (kept) done(Result<std::string>(std::move(*kept)));
  else state_->something.notify_one();
  return true;
}

}  // namespace plumbline
