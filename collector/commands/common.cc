// SPDX-License-Identifier: Apache-2.0
// Shared by the commands.
#include "collector/commands/common.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "base/zstd.h"
#include "collector/rules_in_force.h"
#include "rules/questionnaire.h"

namespace plumbline {
namespace {

constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
constexpr std::array kAudiences = {std::pair{Audience::ceo, "ceo"}, std::pair{Audience::cio, "cio"}, std::pair{Audience::it, "it"}};

Result<std::string> read_input(const std::string& path) {
  auto text = read_file(path == "-" ? "/dev/stdin" : path, kMaxInflatedBytes);
  if (!text) return fail(text.error().kind, text.error().message + "; give a scan made with: plumbline-agent scan --format json");
  if (text->starts_with(kZstdMagic)) return decompress_zstd(*text);
  return text;
}

std::string text_for(const FleetView& view, Audience audience, const std::string& format) {
  if (format == "json") return view.json() + "\n";
  if (format == "csv") return render_findings_csv(view.report_input(0));
  if (format == "text") return render_text(view.report_input(0), audience, colour_wanted());
  return render_html(view.report_input(0), audience);
}

int write_out(const std::string& path, std::string_view text) {
  if (auto written = write_file_atomic(path, text, 0644); !written) return report_error(written.error());
  print(path + "\n");
  return kExitOk;
}

// One file for all readers, or one a reader.
int write_files(const FleetView& view, const Rendering& rendering) {
  if (auto made = make_folder(rendering.out, 0755); !made) return report_error(made.error());
  const std::string folder = rendering.out + "/";
  if (rendering.format == "json") return write_out(folder + "assessment.json", view.json() + "\n");
  if (rendering.format == "csv") return write_out(folder + "findings.csv", render_findings_csv(view.report_input(0)));
  if (rendering.format == "xlsx") {
    const auto sheet = render_findings_xlsx(view.report_input(0));
    return sheet ? write_out(folder + "findings.xlsx", *sheet) : report_error(sheet.error());
  }
  const std::string ending = rendering.format == "text" ? ".txt" : ".html";
  for (const auto& [audience, name] : kAudiences) {
    if (rendering.audience && *rendering.audience != audience) continue;
    const ReportInput input = view.report_input(0);
    const std::string text = rendering.format == "text" ? render_text(input, audience, false) : render_html(input, audience);
    if (const int code = write_out(folder + name + ending, text); code != kExitOk) return code;
  }
  return kExitOk;
}

// Reports show answers without their questions where these cannot be read; the page and commands of the questions say why.
std::shared_ptr<const Questionnaire> shown_questions(const StateOptions& options) {
  const auto source = rules_source(options);
  if (!source) return nullptr;
  auto questions = find_questionnaire(source->folder);
  return questions ? std::make_shared<const Questionnaire>(std::move(*questions)) : nullptr;
}

}  // namespace

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  report_error({ErrorKind::io, "standard output: could not be written; is its disk full, or did its reader leave?"});
  std::_Exit(kExitError);
}

int report_error(const Error& error) {
  std::fprintf(stderr, "plumbline-collector: %s\n", error.message.c_str());
  return kExitError;
}

int report_usage(std::string_view message) {
  std::fprintf(stderr, "plumbline-collector: %.*s\n", static_cast<int>(message.size()), message.data());
  return kExitUsage;
}

bool colour_wanted() {
  const char* refused = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (refused == nullptr || *refused == '\0');
}

std::string local_actor() {
  const passwd* user = ::getpwuid(::getuid());
  return "local:" + (user != nullptr ? std::string(user->pw_name) : std::to_string(::getuid()));
}

Result<std::shared_ptr<const RuleSet>> rules_for(const std::string& packs) {
  const auto source = find_rules(packs);
  if (!source) return tl::unexpected(source.error());
  return read_rules(*source);
}

Result<RulesSource> rules_source(const StateOptions& options) {
  auto source = find_rules(options.packs, options.site);
  if (!source) return source;
  auto config = read_config(options.state);
  if (!config) return tl::unexpected(config.error());
  if (options.require_signed_packs) config->require_signed_packs = true;
  if (!options.pack_keys.empty()) config->pack_keys = std::filesystem::absolute(options.pack_keys).string();
  source->signed_packs = signed_packs_of(*config, options.state);
  if (source->signed_packs) source->signed_packs->allow_old = options.allow_old_packs;
  return source;
}

Result<std::shared_ptr<const RuleSet>> rules_for(const StateOptions& options) {
  const auto source = rules_source(options);
  if (!source) return tl::unexpected(source.error());
  return read_rules(*source);
}

Result<std::string> read_document(const std::string& path) {
  const std::string shown = path == "-" ? "standard input" : path;
  auto text = read_input(path);
  if (!text) return fail(text.error().kind, contains(text.error().message, shown) ? text.error().message : shown + ": " + text.error().message);
  return text;
}

Result<Scan> read_scan_file(const std::string& path) {
  const std::string shown = path == "-" ? "standard input" : path;
  const auto text = read_document(path);
  if (!text) return tl::unexpected(text.error());
  auto scan = read_scan(*text);
  if (!scan) return fail(shown, scan.error());
  return scan;
}

Result<OpenFleet> open_fleet(const StateOptions& options) {
  OpenFleet open;
  auto store = open_state_store(options.state, options.store_url);
  if (!store) return tl::unexpected(store.error());
  open.store = std::move(*store);
  auto rules = rules_for(options);
  if (!rules) return tl::unexpected(rules.error());
  open.fleet = std::make_unique<Fleet>(*open.store, std::move(*rules), ScoreHistory::read);
  if (auto questions = shown_questions(options)) open.fleet->ask(std::move(questions));
  auto view = open.fleet->refresh();
  if (!view) return tl::unexpected(view.error());
  open.view = std::move(*view);
  return open;
}

bool reaches(const FleetView& view, std::optional<Severity> threshold) {
  if (!threshold) return false;
  const auto& findings = view.assessment().findings;
  return std::any_of(findings.begin(), findings.end(), [&](std::size_t rule) { return view.rules().rules[rule].severity >= *threshold; });
}

int render(const FleetView& view, const Rendering& rendering) {
  if (!rendering.out.empty()) return write_files(view, rendering);
  if (rendering.format == "xlsx") return report_usage("a spreadsheet is a file: name its folder with --out DIR");
  if (rendering.format == "html" && !rendering.audience)
    return report_usage("three pages need a folder: --out DIR, or choose one with --audience it|cio|ceo");
  print(text_for(view, rendering.audience.value_or(Audience::it), rendering.format));
  return kExitOk;
}

}  // namespace plumbline
