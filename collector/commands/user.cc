// SPDX-License-Identifier: Apache-2.0
// `user create` and `user list`: who may sign in. A password is generated where none is given, and shown once.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/time.h"
#include "collector/commands/common.h"
#include "collector/web/password.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxUserName = 64;

bool is_user_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxUserName && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == '@';
  });
}

Result<std::string> chosen_password(const UserOptions& options) {
  if (!options.password_stdin) return make_password();
  std::string password;
  std::getline(std::cin, password);
  if (!password.empty() && password.back() == '\r') password.pop_back();
  if (password.size() > kMaxPasswordBytes) return fail(ErrorKind::limit, "password: it has more than 1024 bytes; choose a shorter one");
  return password;
}

}  // namespace

int run_user_create(const UserOptions& options) {
  if (!is_user_name(options.name))
    return report_usage("a user's name has 1 to 64 letters, digits and . - _ @, for example: plumbline-collector user create ada --role viewer");
  const auto store = open_state_store(options.common.state, options.common.store_url);
  if (!store) return report_error(store.error());
  const auto before = (*store)->user(options.name);
  if (!before) return report_error(before.error());
  const auto password = chosen_password(options);
  if (!password) return report_error(password.error());
  const auto hash = hash_password(*password);
  if (!hash) return report_error(hash.error());
  const std::int64_t now = now_seconds();
  if (auto kept = (*store)->put_user({options.name, *hash, options.role, *before ? (*before)->created_at : now}); !kept) return report_error(kept.error());
  if (auto noted = (*store)->add_audit(local_actor(), *before ? "user.replace" : "user.create", options.name, options.role, now); !noted)
    return report_error(noted.error());
  if (options.common.json) {
    nlohmann::json answer = {{"user", options.name}, {"role", options.role}};
    if (!options.password_stdin) answer["password"] = *password;
    print(answer.dump() + "\n");
    return kExitOk;
  }
  print((*before ? "Replaced " : "Created ") + options.name + " (" + options.role + ").\n");
  if (!options.password_stdin) print("Password, shown this once: " + *password + "\n");
  return kExitOk;
}

int run_user_list(const StateOptions& options) {
  const auto store = open_state_store(options.state, options.store_url);
  if (!store) return report_error(store.error());
  const auto users = (*store)->users();
  if (!users) return report_error(users.error());
  nlohmann::json list = nlohmann::json::array();
  for (const UserRow& user : *users) {
    list.push_back({{"user", user.name}, {"role", user.role}, {"created_at", to_iso8601(user.created_at)}});
    if (!options.json) print(user.name + "  " + user.role + "  " + to_iso8601(user.created_at) + "\n");
  }
  if (options.json) print(list.dump() + "\n");
  else if (users->empty()) print("Nobody can sign in yet; make a user with: plumbline-collector user create NAME --role admin\n");
  return kExitOk;
}

}  // namespace plumbline
