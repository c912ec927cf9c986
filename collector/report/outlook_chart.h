// SPDX-License-Identifier: Apache-2.0
// The score over the coming months as a line of steps.
#pragma once

#include <string>

#include "rules/clock.h"

namespace plumbline {

/// SVG; empty where there is no score or nothing to look ahead to.
std::string outlook_chart(const Clock& clock);

}  // namespace plumbline
