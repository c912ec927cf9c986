// SPDX-License-Identifier: Apache-2.0
// What leaves for spreadsheets, printers and programs: tables, workbook, JSON, PDF, and the one program that is started for it.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/report/child_program.h"
#include "collector/report/figures.h"
#include "collector/report/pdf.h"
#include "collector/report/reports.h"
#include "collector/report/tables.h"
#include "tests/catch.h"
#include "tests/collector/report/sample.h"

using namespace plumbline;

namespace {

/// A CSV text as rows of cells (RFC 4180), read by other code than wrote it.
std::vector<std::vector<std::string>> csv_rows(const std::string& text) {
  std::vector<std::vector<std::string>> rows(1);
  std::string cell;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '"' && at + 1 < text.size() && text[at + 1] == '"') cell += text[++at];
    else if (c == '"') quoted = !quoted;
    else if (!quoted && (c == ',' || c == '\n')) {
      rows.back().push_back(std::exchange(cell, {}));
      if (c == '\n') rows.emplace_back();
    } else if (quoted || c != '\r') cell += c;
  }
  rows.pop_back();
  return rows;
}

/// Listens on the loopback and says whether anybody came.
struct Listener {
  int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  int port = 0;
  Listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket, 8) == 0);
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
  ~Listener() { ::close(socket); }
  bool somebody_came() const {
    pollfd watched{socket, POLLIN, 0};
    return ::poll(&watched, 1, 0) > 0;
  }
};

Result<ChildEnd> run(const std::string& program, std::vector<std::string> arguments, int seconds = 20) {
  const auto folder = PrivateFolder::make();
  REQUIRE(folder);
  ChildProgram child;
  child.program = program;
  child.arguments = std::move(arguments);
  child.folder = folder->path();
  child.most_seconds = seconds;
  return run_child(child);
}

Result<ChildEnd> shell(const std::string& script, int seconds = 20) { return run("/bin/sh", {"-c", script}, seconds); }

bool is_gone(const std::string& pid_text) {
  const auto pid = parse_i64(pid_text);
  REQUIRE(pid);
  for (int tries = 0; tries < 500; ++tries) {  // the kernel takes it away at once; init reaps it a moment later
    const auto status = read_file("/proc/" + std::string(pid_text) + "/stat", 4096);
    if (!status || contains(*status, ") Z ")) return true;
    ::usleep(10'000);
  }
  return false;
}

}  // namespace

TEST_CASE("a program gets an environment of its own, nothing to read, and its words are kept") {
  ::setenv("PLUMBLINE_CANARY", "canary-0123456789", 1);
  const auto end = shell("env; cat; echo to the error >&2; exit 3");
  REQUIRE(end);
  CHECK(end->exit_code == 3);
  CHECK_FALSE(end->timed_out);
  CHECK(contains(end->complaint, "to the error"));
  CHECK(contains(end->complaint, "HOME=/"));
  CHECK_FALSE(contains(end->complaint, "canary"));
  const auto descriptors = shell("ls /proc/self/fd | tr '\\n' ' '");
  REQUIRE(descriptors);
  CHECK(contains(descriptors->complaint, "0 1 2 3"));  // 3 is the listing itself
  CHECK_FALSE(contains(descriptors->complaint, "4"));
}

TEST_CASE("a program that does not end is ended with all that it started") {
  const auto end = shell("sleep 1000 & echo $!; sleep 1000", 1);
  REQUIRE(end);
  CHECK(end->timed_out);
  CHECK(end->exit_code == 128 + 9);
  CHECK(is_gone(end->complaint));
}

TEST_CASE("what a program leaves behind is ended, too") {
  const auto end = shell("sleep 1000 >/dev/null 2>&1 & echo $!");
  REQUIRE(end);
  CHECK(end->exit_code == 0);
  CHECK(is_gone(end->complaint));
}

TEST_CASE("a program can be told to end, says too much, or writes too much") {
  const auto folder = PrivateFolder::make();
  REQUIRE(folder);
  ChildProgram child;
  child.program = "/bin/sh";
  child.folder = folder->path();
  child.arguments = {"-c", "sleep 1000"};
  int asked = 0;
  child.stop = [&] { return ++asked > 2; };
  const auto stopped = run_child(child);
  REQUIRE(stopped);
  CHECK(stopped->stopped);
  child.stop = {};
  child.arguments = {"-c", "yes | head -c 10000000"};
  const auto loud = run_child(child);
  REQUIRE(loud);
  CHECK(loud->complaint.size() <= kMostComplaintBytes * 3);  // printable() may triple a byte
  child.most_file_bytes = 1000;
  child.arguments = {"-c", "head -c 5000 /dev/zero > big; ls -l big"};
  const auto heavy = run_child(child);
  REQUIRE(heavy);
  CHECK(std::filesystem::file_size(folder->path() + "/big") <= 1000);
  const auto nothing = run("/nonexistent/program", {});
  REQUIRE(nothing);
  CHECK(nothing->exit_code == 127);
}

TEST_CASE("a program has no network where the kernel can take it away") {
  const Listener listener;
  const auto end = run("/usr/bin/python3", {"-c", "import socket; socket.create_connection(('127.0.0.1', " + std::to_string(listener.port) + "), 2)"});
  REQUIRE(end);
  if (!end->without_network) {
    WARN("skipped: this kernel gives no network namespace here");
    return;
  }
  CHECK(end->exit_code != 0);
  CHECK_FALSE(listener.somebody_came());
}

TEST_CASE("a private folder is its owner's alone and goes with all in it") {
  std::string path;
  {
    const auto folder = PrivateFolder::make();
    REQUIRE(folder);
    path = folder->path();
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);
    REQUIRE(write_file_atomic(path + "/x", "y"));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a page that asks for anything outside itself is not printed") {
  for (const char* page : {"<img src=\"http://127.0.0.1/x\">", "<IMG SRC=x>", "<link rel=stylesheet href=x>", "<script>x</script>", "<iframe src=x>", "<a rel=\"attachment\" href=\"file:///etc/passwd\">x</a>",
                           "<style>@import 'x'</style>", "<style>p{background:url(x)}</style>", "<style>p{background:u\\72l(x)}</style>", "<p style=\"background:url(file:///etc/passwd)\">", "<meta http-equiv=refresh content=\"0;x\">",
                           "<base href=x>", "<object data=x>", "<svg><image href=\"x\"/></svg>", "<svg><use href=\"http://x/#a\"/></svg>", "<svg><rect fill=\"url(http://x/#a)\"/></svg>", "<p onclick=x>", "<body background=x>", "<link\nhref=x>", "<video poster=x>"}) {
    INFO(page);
    const auto contained = require_self_contained(page);
    REQUIRE_FALSE(contained);
    CHECK(contained.error().kind == ErrorKind::invalid);
    CHECK_FALSE(print_pdf(page));
  }
  for (const char* page : {"<p>&lt;img src=x&gt;</p>", "<a href=\"https://example.com/\">x</a>", "<a href=\"#part\">x</a>", "<style>p{color:red}</style>", "<svg><rect fill=\"url(#a)\"/></svg>", "<!-- <img src=x> --><p>x</p>"}) {
    INFO(page);
    CHECK(require_self_contained(page));
  }
}

TEST_CASE("every report of every hostile fleet is self-contained") {
  for (const std::string& payload : xss_payloads()) {
    INFO(payload);
    const Sample sample = make_sample(payload);
    for (const Audience audience : {Audience::it, Audience::cio, Audience::ceo}) CHECK(require_self_contained(render_html(sample.input(), audience)));
  }
}

TEST_CASE("each installed engine prints a tagged page, and fetches nothing that a host asks for") {
  if (pdf_engines().empty()) {
    WARN("skipped: neither WeasyPrint nor Chromium is installed");
    return;
  }
  const Listener listener;
  const std::string address = "http://127.0.0.1:" + std::to_string(listener.port) + "/";
  const Sample sample = make_sample("<img src=\"" + address + "\"><link rel=attachment href=file:///etc/passwd> url(" + address + ")");
  for (const PdfEngine engine : pdf_engines()) {
    INFO(to_text(engine));
    PdfOptions options;
    options.engine = engine;
    const auto pdf = print_pdf(render_html(sample.input(), Audience::ceo), options);
    if (!pdf) FAIL(pdf.error().message);
    CHECK(pdf->starts_with("%PDF-"));
    CHECK(contains(*pdf, "/StructTreeRoot"));
    CHECK_FALSE(listener.somebody_came());
    options.most_seconds = 0;
    const auto late = print_pdf(render_html(sample.input(), Audience::it), options);
    REQUIRE_FALSE(late);
    CHECK(late.error().kind == ErrorKind::limit);
  }
}

TEST_CASE("PDFs are printed one at a time, shared by who asks for the same, refused where too many wait, and kept") {
  std::mutex mutex;
  std::condition_variable turn;
  bool open = false;
  std::atomic<int> printed = 0;
  PdfDesk desk([&](std::string_view html, const std::function<bool()>& stop) -> Result<std::string> {
    ++printed;
    std::unique_lock lock(mutex);
    while (!open && !stop()) turn.wait_for(lock, std::chrono::milliseconds(5));
    return "%PDF " + std::string(html);
  });
  std::vector<std::string> answers;
  std::condition_variable answered;
  const auto note = [&](const Result<std::string>& pdf) {
    const std::lock_guard lock(mutex);
    answers.push_back(pdf ? *pdf : pdf.error().message);
    answered.notify_all();
  };
  CHECK(desk.ask("a", note));
  CHECK(desk.ask("a", note));  // joins
  for (std::size_t waiting = 0; waiting < kMostPdfsWaiting; ++waiting) CHECK(desk.ask("b" + std::to_string(waiting), note));
  CHECK_FALSE(desk.ask("one too many", note));
  {
    std::unique_lock lock(mutex);
    open = true;
    turn.notify_all();
    answered.wait(lock, [&] { return answers.size() == 2 + kMostPdfsWaiting; });
  }
  CHECK(printed == 1 + static_cast<int>(kMostPdfsWaiting));
  CHECK(std::count(answers.begin(), answers.end(), "%PDF a") == 2);
  CHECK(desk.ask("a", note));  // kept: answered before ask() returns
  CHECK(answers.size() == 3 + kMostPdfsWaiting);
  CHECK(printed == 1 + static_cast<int>(kMostPdfsWaiting));
}

TEST_CASE("a desk that ends answers who waits") {
  std::atomic<int> told = 0;
  {
    std::atomic<bool> begun = false;
    PdfDesk desk([&](std::string_view, const std::function<bool()>& stop) -> Result<std::string> {
      begun = true;
      while (!stop()) ::usleep(1'000);
      return fail(ErrorKind::unavailable, "ended");
    });
    CHECK(desk.ask("a", [&](const Result<std::string>& pdf) { told += pdf ? 100 : 1; }));
    CHECK(desk.ask("b", [&](const Result<std::string>& pdf) { told += pdf ? 100 : 1; }));
    while (!begun) ::usleep(1'000);
    desk.stop();
    CHECK_FALSE(desk.ask("c", [&](const Result<std::string>&) { told += 100; }));
  }
  CHECK(told == 2);
}

TEST_CASE("no cell of any table begins like a formula, whatever hosts, packs and people wrote") {
  for (const char* start : {"=cmd|'/c calc'!A1", "+1", "-1+2", "@SUM(A1)", "\tx", "\rx", "\nx", "\"=1", "'=1", "=HYPERLINK(\"http://x\")"}) {
    Sample sample = make_sample();
    for (auto& host : sample.assessment.hosts) host.name = start;
    for (auto& rule : sample.rules->rules) {
      rule.title = rule.fix.text = rule.fix.owner = start;
      for (auto& [family, commands] : rule.fix.commands) commands = {start};
    }
    Decisions decisions;
    for (const auto& action : sample.assessment.actions) {
      PlanItem item;
      item.action = action.id;
      item.owner = item.kpi = item.note = start;
      decisions.plan.push_back(item);
    }
    Answer answer;
    answer.question = "Q1";
    answer.evidence = answer.owner = answer.answered_by = start;
    decisions.answers.push_back(answer);
    ReportInput input = sample.input();
    input.organisation = start;
    input.decisions = std::make_shared<const Decisions>(decisions);
    const WorkList list = work_list(input);
    for (const Table& table : {summary_table(input), work_by_action_table(input, list), work_by_host_table(input, list), findings_table(input), workloads_table(input), roadmap_table(input, list), risks_table(input),
                               outlook_table(input), organisation_table(input), measures_table(input), method_table(input)}) {
      INFO(table.name << " " << start);
      const auto rows = csv_rows(to_csv(table));
      REQUIRE(rows.size() == table.rows.size() + 1);
      for (std::size_t row = 0; row < rows.size(); ++row) {
        REQUIRE(rows[row].size() == table.columns.size());
        for (std::size_t column = 0; column < rows[row].size(); ++column) {
          const std::string& cell = rows[row][column];
          const bool number = row > 0 && column < table.rows[row - 1].size() && table.rows[row - 1][column].kind == Cell::Kind::number;
          if (!cell.empty() && !number) CHECK(std::string("=+-@\t\r\n").find(cell.front()) == std::string::npos);
        }
      }
    }
    CHECK(to_xlsx({work_by_action_table(input, list)}, {"x", start, 0}));
  }
}

TEST_CASE("numbers and days of a table are exact, texts are cut at whole characters, and missing rows are told") {
  Table table;
  table.name = "T";
  table.columns = {{"A", 10}, {"B", 10}, {"C", 10}};
  std::string wide;
  while (wide.size() < kMostCellBytes + 10) wide += "漢";
  table.rows = {{Cell::of(0.1), Cell::on(*parse_date("2026-11-23")), Cell("a\"b,c\r\nd")}, {Cell::of(-2.0), Cell::of(1e15), Cell(wide)}, {Cell()}};
  table.left_out = 7;
  const auto rows = csv_rows(to_csv(table));
  REQUIRE(rows.size() == 5);
  CHECK(rows[1] == std::vector<std::string>{"0.1", "2026-11-23", "a\"b,c\r\nd"});
  CHECK(rows[2][0] == "-2");
  CHECK(rows[2][1] == "1e+15");
  CHECK(is_utf8(rows[2][2]));
  CHECK(rows[2][2].ends_with(" …"));
  CHECK(contains(rows[4][0], "7 more rows"));
}

TEST_CASE("the same fleet gives the same workbook and the same document, byte for byte") {
  const Sample sample = make_sample();
  const auto book = render_report_xlsx(sample.input());
  REQUIRE(book);
  CHECK(book->substr(0, 2) == "PK");
  CHECK(*book == *render_report_xlsx(sample.input()));
  CHECK(render_json(sample.input()) == render_json(sample.input()));
}

TEST_CASE("the work list holds every check that fails, once by action and once by host, with the host's own commands") {
  const Sample sample = make_sample();
  const WorkList list = work_list(sample.input());
  std::size_t failing = 0;
  for (const std::size_t rule : sample.assessment.findings) failing += sample.rules->rules[rule].fleet ? 1 : sample.assessment.rules[rule].failing.size();
  REQUIRE(failing > 0);
  CHECK(list.rows.size() == failing);
  CHECK(list.by_host.size() == failing);
  CHECK(std::set<std::size_t>(list.by_host.begin(), list.by_host.end()).size() == failing);
  CHECK(list.actions.size() == sample.assessment.actions.size());
  std::size_t counted = 0;
  for (const WorkAction& action : list.actions) {
    CHECK(action.first_row == counted);
    counted += action.rows;
    CHECK_FALSE(action.title.empty());
    CHECK_FALSE(action.done_when.empty());
  }
  CHECK(counted == failing);
  for (const WorkRow& row : list.rows) {
    const Rule& rule = sample.rules->rules[row.rule];
    if (!row.host) continue;
    const std::string family = sample.facts[*row.host].value("/os/family"_json_pointer, "");
    if (rule.fix.commands.count(family) > 0) CHECK(row.commands == rule.fix.commands.at(family));
    else if (rule.fix.commands.count("any") > 0) CHECK(row.commands == rule.fix.commands.at("any"));
    else CHECK(row.commands.empty());
  }
}

TEST_CASE("the work list shows what people planned") {
  Sample sample = make_sample();
  Decisions decisions;
  PlanItem item;
  item.action = sample.assessment.actions.front().id;
  item.owner = "Ada Lovelace";
  item.due_at = sample.assessment.as_of - 5 * 86400;
  item.status = PlanStatus::in_progress;
  decisions.plan.push_back(item);
  ReportInput input = sample.input();
  input.decisions = std::make_shared<const Decisions>(decisions);
  const WorkList list = work_list(input);
  CHECK(list.actions.front().owner == "Ada Lovelace");
  CHECK(list.actions.front().owner_planned);
  CHECK(list.actions.front().overdue);
  CHECK(list.actions.front().status == PlanStatus::in_progress);
  CHECK_FALSE(list.actions.back().owner_planned);
  CHECK(contains(render_work_list_csv(input, WorkOrder::by_host), "\"Ada Lovelace\""));
}

TEST_CASE("each figure has a name of its own, and is told where nothing is known") {
  const Sample sample = make_sample();
  std::set<std::string> names;
  for (const Figure& figure : figures(sample.input())) {
    INFO(figure.name);
    CHECK(names.insert(figure.name).second);
    CHECK_FALSE(figure.text.empty());
  }
  for (const char* name : {"score", "score.lower", "score.upper", "level", "checks_known", "hosts", "pillar.security"}) CHECK(names.count(name) == 1);
  Sample nothing = make_sample();
  nothing.assessment.score.value.reset();
  for (const Figure& figure : figures(nothing.input()))
    if (figure.name == "score") CHECK_FALSE(figure.number);
}
