// SPDX-License-Identifier: Apache-2.0
// The routes of pages that stand in files of their own; web.cc puts them into the table.
#pragma once

#include <vector>

#include "collector/web/web.h"

namespace plumbline {

void add_outlook_routes(Web& web, std::vector<Route>& routes);
void add_what_if_routes(Web& web, std::vector<Route>& routes);

}  // namespace plumbline
