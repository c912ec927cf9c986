// SPDX-License-Identifier: Apache-2.0
// `init`: a new collector's folder. No user is made, so there is no default password.
#include "base/time.h"
#include "collector/commands/common.h"

namespace plumbline {

int run_init(const InitOptions& options) {
  if (auto made = make_state(options.state, options.config, now_seconds()); !made) return report_error(made.error());
  const auto store = open_state_store(options.state);
  if (!store) return report_error(store.error());
  if (!options.config.organisation.empty())
    if (auto kept = (*store)->put_setting("organisation", options.config.organisation); !kept) return report_error(kept.error());
  if (auto noted = (*store)->add_audit(local_actor(), "collector.init", options.state, "", now_seconds()); !noted) return report_error(noted.error());
  const std::string with_state = options.state == default_state_folder() ? "" : " --state " + options.state;
  print("A collector was made in " + options.state + ".\n\nNext:\n"
        "  plumbline-collector user create NAME --role admin" + with_state + "\n"
        "  plumbline-collector serve" + with_state + "\n"
        "  plumbline-collector token create" + with_state + "     (for each host: plumbline-agent enroll)\n");
  return kExitOk;
}

}  // namespace plumbline
