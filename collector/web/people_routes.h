// SPDX-License-Identifier: Apache-2.0
// The routes on which people decide: /roadmap, /goals, /organisation and their forms.
#pragma once

#include <vector>

#include "collector/web/web.h"

namespace plumbline {

void add_people_routes(Web& web, std::vector<Route>& routes);

}  // namespace plumbline
