// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a header of rpm's database, and whole databases that are no SQLite. What is read must make
// clean lines.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/rpm/database.h"
#include "agent/rpm/header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto package = plumbline::parse_rpm_header(bytes)) {
    const std::string all = package->name + package->version + package->vendor;
    const bool clean =
        std::none_of(all.begin(), all.end(), [](char c) { return c == '\t' || c == '\n' || c == '\0'; });
    if (!clean || package->name.empty() || package->version.empty()) std::abort();
  }
  static const int file = memfd_create("rpm", MFD_CLOEXEC);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) return 0;
  const auto look = [](std::string_view head) {
    (void)plumbline::parse_rpm_header(head);
    return true;
  };
  (void)plumbline::visit_ndb_headers(file, "/ndb", look);
  (void)plumbline::visit_berkeley_headers(file, "/berkeley", look);
  return 0;
}
