// SPDX-License-Identifier: Apache-2.0
// The PAM stacks that guard a login, and the password policy that they and their modules' files make.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/config/layered.h"
#include "agent/host.h"

namespace plumbline {

struct PamLine {
  std::string file;                    // "common-password"
  std::string type;                    // auth, account, password, session
  int place = 0;                       // the line's number among those of its type in the file, from 1
  std::string module;                  // "pwquality" of pam_pwquality.so
  std::vector<std::string> arguments;  // only those that hold no secret: "retry=3", "use_authtok"
};

/// Lines of common-*, system-auth, password-auth and the like, in their order. A word that begins with "#" ends the
/// line, as in pam.conf(5). Fails with not_found where there is no such file.
Result<std::vector<PamLine>> read_pam(const Host& host);

/// "common-password password 1 pwhistory remember=24 use_authtok"; only modules that rules look at.
std::vector<std::string> judged_pam_lines(const std::vector<PamLine>& lines);

/// What modules are told by their files and, over that, by their arguments: pwquality.minlen, faillock.deny,
/// pwhistory.remember, unix.rounds. pwquality reads its folder before its file, so that the file wins.
void put_pam_policy(const Host& host, const std::vector<PamLine>& lines, Layered& policy);

}  // namespace plumbline
