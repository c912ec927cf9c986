// SPDX-License-Identifier: Apache-2.0
// What the collector remembers of a host's earlier scans: how large its data stores were, so that growth can be told.
#pragma once

#include "facts/scan.h"

namespace plumbline {

/// Whether the scan tells the size of a data store: only then is the scan before it worth reading.
bool tells_sizes(const Scan& scan);

/// Writes the section "history" (facts history.stores[]) from the scan before, or takes it away where there is nothing to
/// remember. An older size stands two to four weeks once a host is known as long. `before` may be null: nothing is remembered.
void remember_sizes(Scan& scan, const Scan* before);

}  // namespace plumbline
