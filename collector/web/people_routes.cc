// SPDX-License-Identifier: Apache-2.0
// The routes on which people decide: roadmap, reviews, goals and answers. Everybody signed in reads; operators change.
#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "collector/decisions/edits.h"
#include "collector/decisions/plan.h"
#include "collector/decisions/records.h"
#include "collector/decisions/text.h"
#include "collector/report/people_pages.h"
#include "collector/report/view.h"
#include "collector/web/people_routes.h"
#include "collector/web/shown.h"

namespace plumbline {
namespace {

TitleOf titles_of(const ReportInput& input) {
  return [&input](const Action& action) { return action_title(input, action); };
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
    case ErrorKind::limit: return 400;
    case ErrorKind::not_found: return 404;
    case ErrorKind::conflict: return 409;
    case ErrorKind::permission_denied: return 403;
    default: return 503;
  }
}

// "what happened; what to do next" as a page; the browser's way back leads to the form with what was typed.
Response refused(const Error& error) {
  const int status = status_of(error.kind);
  if (status == 503) {
    log_warning("a change could not be kept: " + error.message);
    return html(page_error(503, "the change could not be kept", "try again in a moment"), 503);
  }
  const auto next = error.message.rfind("; ");
  const std::string what = error.message.substr(0, next);
  return html(page_error(status, what, next == std::string::npos ? "go back and correct the form" : error.message.substr(next + 2)), status);
}

/// The input with what people decided read this moment, so that a page shows what was just saved, and with the plan as the
/// assessment on the page proves it. The first input must outlive it.
Result<ReportInput> with_decisions(Web& web, const ReportInput& shown_input) {
  auto decisions = read_decisions(*web.store);
  if (!decisions) return tl::unexpected(decisions.error());
  ReportInput input = shown_input;
  if (input.hosts_waiting == 0) {
    const auto changes = reconcile(decisions->plan, *input.rules, *input.assessment, titles_of(input));
    decisions->plan = with_changes(std::move(decisions->plan), changes);
  }
  input.decisions = std::make_shared<const Decisions>(std::move(*decisions));
  return input;
}

using DecisionPage = std::function<Result<std::string>(const ReportInput&, const PageContext&)>;

Page page_of(Web& web, DecisionPage draw) {
  return [&web, draw = std::move(draw)](const Request&, const ReportInput& input, const PageContext& context) {
    const auto whole = with_decisions(web, input);
    if (!whole) return refused(whole.error());
    auto page = draw(*whole, context);
    return page ? html(std::move(*page)) : refused(page.error());
  };
}

Result<std::string> roadmap(Web& web, const ReportInput& input, const PageContext& context) {
  const auto since = [&](std::string_view audience) { return since_last_review(*web.store, input.decisions->reviews, audience, *input.rules, *input.assessment); };
  const auto it = since(kItReview), board = since(kBoardReview);
  // Damaged verdicts are no reason to show no roadmap: then what changed is not told.
  const auto or_nothing = [](const Result<std::optional<SinceReview>>& found) {
    if (!found) log_warning(found.error().message);
    return found ? *found : std::optional<SinceReview>();
  };
  return page_roadmap(input, context, or_nothing(it), or_nothing(board));
}

using Change = std::function<Result<std::string>(const Request&, const ReportInput&, const Editor&)>;

/// A form: its token is checked, then the change is made; its answer is where to go.
Route form(Web& web, std::string pattern, Change change) {
  return {"POST", std::move(pattern), Permission::operator_, shown(web, [&web, change = std::move(change)](const Request& request, const ReportInput& input, const PageContext&) {
            if (!same_token(form_value(request, "csrf"), request.csrf))
              return html(page_error(403, "the form was out of date", "go back, reload the page and try again"), 403);
            const auto place = change(request, input, Editor{request.user, web.clock()});
            return place ? redirect(*place) : refused(place.error());
          })};
}

std::optional<std::string> given(const Request& request, const char* name) {
  const auto found = request.form.find(name);
  return found == request.form.end() ? std::nullopt : std::optional(found->second);
}

Result<std::string> change_action(Web& web, const Request& request, const ReportInput& input, const Editor& editor) {
  const PlanEdit edit{form_value(request, "action"), given(request, "owner"), given(request, "due"), given(request, "status"),
                      given(request, "kpi"), given(request, "note"), given(request, "seen")};
  // An action that the page showed and that is not kept yet.
  const auto there = web.store->record(kPlanKind, edit.action);
  if (there && !*there && input.hosts_waiting == 0)
    if (auto kept = keep_plan(*web.store, *input.rules, *input.assessment, titles_of(input), editor.now); !kept) return tl::unexpected(kept.error());
  const auto item = edit_plan(*web.store, edit, editor);
  if (!item) return tl::unexpected(item.error());
  return "/roadmap#" + escape_url(edit.action);
}

Result<std::string> add_review(Web& web, const Request& request, const ReportInput& input, const Editor& editor) {
  if (input.hosts_waiting > 0) return fail(ErrorKind::conflict, "review: hosts wait to be judged by new rules; record it when they are");
  const auto review = record_review(*web.store, *input.rules, *input.assessment, form_value(request, "audience"), form_value(request, "note"), editor.name, editor.now);
  if (!review) return tl::unexpected(review.error());
  return std::string("/roadmap#reviews");
}

Result<std::int64_t> version_of(const Request& request) {
  const auto version = parse_i64(form_value(request, "version"));
  if (!version || *version < 0) return fail(ErrorKind::invalid, "the form lacks its version; reload the page and try again");
  return *version;
}

Result<std::string> change_answer(Web& web, const Request& request, const Editor& editor) {
  const auto version = version_of(request);
  if (!version) return tl::unexpected(version.error());
  const auto questions = find_questionnaire(web.rules_folder);
  if (!questions) return tl::unexpected(questions.error());
  const AnswerEdit edit{form_value(request, "question"), form_value(request, "value"), form_value(request, "evidence"), form_value(request, "owner"), *version};
  if (auto done = edit_answer(*web.store, *questions, edit, editor); !done) return tl::unexpected(done.error());
  return "/organisation#" + escape_url(edit.question);
}

/// The goals that the form showed: where they changed meanwhile, putting them back with the form's version is a conflict.
Result<Goals> goals_for(Web& web, const Request& request) {
  const auto version = version_of(request);
  if (!version) return tl::unexpected(version.error());
  const auto row = web.store->record(kGoalsKind, "goals");
  if (!row) return tl::unexpected(row.error());
  Goals goals;
  if (*row) {
    auto kept = goals_of(**row);
    if (!kept) return kept;
    goals = std::move(*kept);
  }
  goals.version = *version;
  return goals;
}

Result<std::optional<int>> whole(std::string_view what, const std::string& text, int most) {
  const std::string_view clean = trim(text);
  if (clean.empty()) return std::optional<int>();
  const auto number = parse_u64(clean);
  if (!number || *number > static_cast<std::uint64_t>(most))
    return fail(ErrorKind::invalid, "goals: " + std::string(what) + ": '" + printable(clean.substr(0, 40)) + "' is no whole number from 0 to " + std::to_string(most));
  return std::optional(static_cast<int>(*number));
}

Result<std::string> change_score(Web& web, const Request& request, const ReportInput& input, const Editor& editor) {
  auto goals = goals_for(web, request);
  if (!goals) return tl::unexpected(goals.error());
  const auto score = whole("score", form_value(request, "score"), 100);
  if (!score) return tl::unexpected(score.error());
  const auto by = clean_date("goals: by", form_value(request, "by"));
  if (!by) return tl::unexpected(by.error());
  goals->score = *score;
  goals->score_by = *by;
  if (auto kept = edit_goals(*web.store, *input.rules, std::move(*goals), editor); !kept) return tl::unexpected(kept.error());
  return std::string("/goals#score");
}

std::vector<WorkloadGoal>::iterator goal_of(Goals& goals, const std::string& workload) {
  return std::find_if(goals.workloads.begin(), goals.workloads.end(), [&](const WorkloadGoal& goal) { return goal.workload == workload; });
}

Result<KpiGoal> kpi_of(const Request& request, std::size_t place) {
  const auto field = [&](const char* name) { return form_value(request, ("kpi" + std::to_string(place) + "_" + name).c_str()); };
  KpiGoal kpi;
  kpi.name = field("name");
  kpi.unit = field("unit");
  for (const auto& [name, value] : {std::pair{"baseline", &kpi.baseline}, std::pair{"target", &kpi.target}, std::pair{"now", &kpi.now}}) {
    const auto number = clean_number("goals: " + std::string(name), field(name));
    if (!number) return tl::unexpected(number.error());
    *value = *number;
  }
  const auto measured = clean_date("goals: measured on", field("now_at"));
  if (!measured) return tl::unexpected(measured.error());
  kpi.now_at = measured->value_or(0);
  return kpi;
}

Result<void> take_kpis(const Request& request, WorkloadGoal& goal) {
  goal.kpis.clear();
  for (std::size_t place = 0; place < kMostKpiGoals; ++place) {
    auto kpi = kpi_of(request, place);
    if (!kpi) return tl::unexpected(kpi.error());
    if (trim(kpi->name).empty() || (!kpi->baseline && !kpi->target && !kpi->now)) continue;  // offered, and not taken
    goal.kpis.push_back(std::move(*kpi));
  }
  return {};
}

Result<std::string> change_goal(Web& web, const Request& request, const ReportInput& input, const Editor& editor) {
  auto goals = goals_for(web, request);
  if (!goals) return tl::unexpected(goals.error());
  const std::string workload = form_value(request, "workload");
  const auto goal = goal_of(*goals, workload);
  if (goal == goals->workloads.end()) return fail(ErrorKind::conflict, "goals: this workload is chosen no more; look at the goals again");
  const auto by = clean_date("goals: by", form_value(request, "by"));
  if (!by) return tl::unexpected(by.error());
  const auto people = whole("people", form_value(request, "people"), kMostPeople);
  if (!people) return tl::unexpected(people.error());
  goal->by = *by;
  goal->people = *people;
  goal->owner = form_value(request, "owner");
  if (auto taken = take_kpis(request, *goal); !taken) return tl::unexpected(taken.error());
  if (auto kept = edit_goals(*web.store, *input.rules, std::move(*goals), editor); !kept) return tl::unexpected(kept.error());
  return "/goals#" + escape_url(workload);
}

Result<std::string> add_goal(Web& web, const Request& request, const ReportInput& input, const Editor& editor) {
  auto goals = goals_for(web, request);
  if (!goals) return tl::unexpected(goals.error());
  const std::string workload = form_value(request, "workload");
  goals->workloads.push_back({workload, {}, {}, {}, {}});
  if (auto kept = edit_goals(*web.store, *input.rules, std::move(*goals), editor); !kept) return tl::unexpected(kept.error());
  return "/goals#" + escape_url(workload);
}

Result<std::string> move_goal(Web& web, const Request& request, const ReportInput& input, const Editor& editor) {
  auto goals = goals_for(web, request);
  if (!goals) return tl::unexpected(goals.error());
  const std::string workload = form_value(request, "workload"), move = form_value(request, "move");
  const auto goal = goal_of(*goals, workload);
  if (goal == goals->workloads.end()) return fail(ErrorKind::conflict, "goals: this workload is chosen no more; look at the goals again");
  if (move == "remove") goals->workloads.erase(goal);
  else if (move == "up" && goal != goals->workloads.begin()) std::iter_swap(goal, goal - 1);
  else if (move == "down" && goal + 1 != goals->workloads.end()) std::iter_swap(goal, goal + 1);
  else return fail(ErrorKind::invalid, "goals: this goal cannot move there");
  if (auto kept = edit_goals(*web.store, *input.rules, std::move(*goals), editor); !kept) return tl::unexpected(kept.error());
  return move == "remove" ? std::string("/goals") : "/goals#" + escape_url(workload);
}

}  // namespace

void add_people_routes(Web& web, std::vector<Route>& routes) {
  const auto page = [&](std::string pattern, DecisionPage draw) { routes.push_back({"GET", std::move(pattern), Permission::viewer, shown(web, page_of(web, std::move(draw)))}); };
  page("/roadmap", [&web](const ReportInput& input, const PageContext& context) { return roadmap(web, input, context); });
  page("/goals", [](const ReportInput& input, const PageContext& context) -> Result<std::string> { return page_goals(input, context); });
  page("/organisation", [&web](const ReportInput& input, const PageContext& context) -> Result<std::string> {
    const auto questions = find_questionnaire(web.rules_folder);
    if (!questions) return tl::unexpected(questions.error());
    return page_organisation(input, context, *questions);
  });
  const auto post = [&](std::string pattern, Result<std::string> (*change)(Web&, const Request&, const ReportInput&, const Editor&)) {
    routes.push_back(form(web, std::move(pattern), [&web, change](const Request& request, const ReportInput& input, const Editor& editor) { return change(web, request, input, editor); }));
  };
  post("/roadmap/action", change_action);
  post("/roadmap/review", add_review);
  post("/goals/score", change_score);
  post("/goals/workload", change_goal);
  post("/goals/add", add_goal);
  post("/goals/order", move_goal);
  post("/organisation/answer", [](Web& to, const Request& request, const ReportInput&, const Editor& editor) { return change_answer(to, request, editor); });
}

}  // namespace plumbline
