// SPDX-License-Identifier: Apache-2.0
// The stores a test runs over: SQLite always; PostgreSQL where its programs are installed, started by the test
// itself on a private folder and socket and stopped when the program ends.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collector/store/store.h"

namespace plumbline::testing {

/// A folder of this test that is removed with everything in it when it goes.
class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// "sqlite" and, where it can be started, "postgresql".
const std::vector<std::string>& store_kinds();
/// The URL of a new, empty store.
std::string new_store_url(const std::string& kind, const ScratchFolder& folder);

}  // namespace plumbline::testing
