// SPDX-License-Identifier: Apache-2.0
// The people's side: the table of routes, who somebody is, and what they may do. Pages themselves are in
// collector/report; here stand sessions, login and exports. Every function may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "collector/http/http.h"
#include "collector/report/pdf.h"
#include "collector/report/report.h"
#include "collector/store/store.h"
#include "collector/web/login_limit.h"
#include "collector/web/slow_answers.h"

namespace plumbline {

inline constexpr std::int64_t kSessionIdleSeconds = 60 * 60;
inline constexpr std::int64_t kSessionMostSeconds = 12 * 3600;
inline constexpr std::string_view kSessionCookie = "__Host-plumbline";
inline constexpr std::string_view kLoginCookie = "__Host-plumbline-login";

/// What the routes need; outlives them.
struct Web {
  Store* store = nullptr;
  /// What pages show now, kept alive while it is held; nullptr while nothing can be shown yet (503).
  std::function<std::shared_ptr<const ReportInput>()> report;
  std::function<std::int64_t()> clock;  // UTC seconds
  /// What stands above every page for who is signed in, and the state of the rules as JSON; both may be empty.
  std::function<std::vector<Notice>()> notices;
  std::function<std::string()> rules_state;
  std::string rules_folder;  // where the questionnaire is read from, each time it is asked for
  std::unique_ptr<PdfDesk> pdf;  // nullptr: no PDFs are made
  LoginLimit login_limit;
  /// Sessions signed out lately: a request that was on its way must not bring one back by noting its use.
  std::mutex ended_mutex;
  std::set<std::string> ended;
  SlowAnswers slow;  // for questions that take longer than a page may
};

/// Every route people have, each with its permission.
std::vector<Route> web_routes(Web& web);
/// Fills user, role and csrf of a request from its session cookie; leaves them empty where there is no live session.
void identify(Web& web, Request& request);
/// viewer < operator < admin; `anyone` needs nothing, `agent` is never a person.
bool allow(const Request& request, Permission permission);
/// For every response of the people's listener: content security policy without unsafe-inline, and its companions.
std::vector<std::pair<std::string, std::string>> web_headers();
/// What a browser gets where `dispatch` refused: the login page for who is nobody, else a page that says what is
/// missing; a JSON problem for /api/. Anything else is handed through.
Response dressed(const Request& request, Response response);

}  // namespace plumbline
