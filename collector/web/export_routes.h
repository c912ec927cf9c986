// SPDX-License-Identifier: Apache-2.0
// Files that people take along: reports as HTML and PDF, the work list and findings for spreadsheets, JSON.
#pragma once

#include <vector>

#include "collector/web/web.h"

namespace plumbline {

/// Below /export, all for viewers. PDFs are made by web.pdf on its own thread; without it they answer 503.
void add_export_routes(Web& web, std::vector<Route>& routes);

}  // namespace plumbline
