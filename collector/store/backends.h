// SPDX-License-Identifier: Apache-2.0
// The backends by name; only open.cc chooses between them.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "collector/store/store.h"

namespace plumbline {

Result<std::unique_ptr<Store>> open_sqlite(const std::string& url);
Result<std::unique_ptr<Store>> open_postgres(const std::string& url);

}  // namespace plumbline
