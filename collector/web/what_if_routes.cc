// SPDX-License-Identifier: Apache-2.0
// /what-if and its API: the question stands in the address, so that an answer can be passed on.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "collector/web/area_routes.h"
#include "collector/web/shown.h"
#include "collector/web/what_if_answers.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostGlobBytes = 200;
constexpr std::size_t kMostActions = 200;
constexpr std::string_view kActionPrefix = "do.";

std::string value_of(const Request& request, const char* name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string() : found->second;
}

// Browsers send lines of a text area with CR LF.
std::string without_returns(std::string text) {
  std::erase(text, '\r');
  return text;
}

// ?do.ssh-baseline=1&hosts=web-*&edits=…
WhatIfQuestion question_of(const Request& request) {
  WhatIfQuestion question;
  for (const auto& [name, value] : request.query)
    if (name.starts_with(kActionPrefix) && !value.empty() && question.actions.size() < kMostActions) question.actions.push_back(name.substr(kActionPrefix.size()));
  question.hosts = value_of(request, "hosts").substr(0, kMostGlobBytes);
  question.edits = without_returns(value_of(request, "edits"));
  return question;
}

Response problem_of(const WhatIfAnswer& answer) {
  return problem(400, answer.problem.empty() ? "no change is given" : answer.problem, "write one change a line in `edits`, or choose actions with do.ACTION=1");
}

using Render = std::function<Response(const Request&, const ReportInput&, const PageContext&, const WhatIfQuestion&, const WhatIfAnswer&)>;

// Answered by the slow thread; an empty question is answered at once.
std::function<void(const Request&, Reply)> answered(Web& web, std::shared_ptr<WhatIfAnswers> answers, Render render) {
  return [&web, answers = std::move(answers), render = std::move(render)](const Request& request, const Reply& reply) {
    const auto input = web.report();
    if (!input) return reply(nothing_to_show());
    const WhatIfQuestion question = question_of(request);
    const PageContext context = context_of(web, request);
    if (question.empty()) return reply(render(request, *input, context, question, {}));
    const bool taken = web.slow.add([answers, render, input, request, context, question, reply] {
      reply(render(request, *input, context, question, answers->answer(*input, question)));
    });
    if (taken) return;
    Response busy = html(page_error(503, "others are asking right now", "try again in a few seconds"), 503);
    busy.headers.emplace_back("Retry-After", "3");
    reply(std::move(busy));
  };
}

}  // namespace

void add_what_if_routes(Web& web, std::vector<Route>& routes) {
  const auto answers = std::make_shared<WhatIfAnswers>();  // used by the slow thread alone
  routes.push_back({"GET", "/what-if", Permission::viewer, answered(web, answers, [](const Request&, const ReportInput& input, const PageContext& context, const WhatIfQuestion& question, const WhatIfAnswer& answer) {
                      return html(page_what_if(input, context, question, answer), answer.problem.empty() ? 200 : 400);
                    })});
  routes.push_back({"GET", "/api/v1/what-if", Permission::viewer, answered(web, answers, [](const Request&, const ReportInput& input, const PageContext&, const WhatIfQuestion&, const WhatIfAnswer& answer) {
                      return answer.result ? json_body(to_json(*input.rules, answer.changes, *answer.result)) : problem_of(answer);
                    })});
}

}  // namespace plumbline
