// SPDX-License-Identifier: Apache-2.0
// rpmdb.sqlite: table Packages(hnum, blob), through the system's own library, which rpm needs itself. Opened
// as immutable: no lock, no journal, nothing written beside it; what a transaction under way has not yet
// written back is not seen.
#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/rpm/database.h"
#include "agent/rpm/header.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr const char* kLibrary = "libsqlite3.so.0";
constexpr int kMaxSteps = 2'000'000;  // of SQLite's machine; 20,000 rows need about a tenth
constexpr int kOk = 0;
constexpr int kRow = 100;
constexpr int kDone = 101;
constexpr int kOpenReadOnly = 0x1;
constexpr int kOpenUri = 0x40;
constexpr int kOpenNoMutex = 0x8000;

// Our own declarations of the functions used; the interface of SQLite 3 is kept for ever.
struct Functions {
  int (*open)(const char*, void**, int, const char*) = nullptr;
  int (*close)(void*) = nullptr;
  const char* (*error)(void*) = nullptr;
  void (*progress)(void*, int, int (*)(void*), void*) = nullptr;
  int (*prepare)(void*, const char*, int, void**, const char**) = nullptr;
  int (*step)(void*) = nullptr;
  std::int64_t (*column)(void*, int) = nullptr;
  int (*finalize)(void*) = nullptr;
  int (*blob_open)(void*, const char*, const char*, const char*, std::int64_t, int, void**) = nullptr;
  int (*blob_reopen)(void*, std::int64_t) = nullptr;
  int (*blob_bytes)(void*) = nullptr;
  int (*blob_read)(void*, void*, int, int) = nullptr;
  int (*blob_close)(void*) = nullptr;
};

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

bool find_all(void* library, Functions& sqlite) {
  return find(library, "sqlite3_open_v2", sqlite.open) && find(library, "sqlite3_close", sqlite.close) &&
         find(library, "sqlite3_errmsg", sqlite.error) &&
         find(library, "sqlite3_progress_handler", sqlite.progress) &&
         find(library, "sqlite3_prepare_v2", sqlite.prepare) && find(library, "sqlite3_step", sqlite.step) &&
         find(library, "sqlite3_column_int64", sqlite.column) &&
         find(library, "sqlite3_finalize", sqlite.finalize) &&
         find(library, "sqlite3_blob_open", sqlite.blob_open) &&
         find(library, "sqlite3_blob_reopen", sqlite.blob_reopen) &&
         find(library, "sqlite3_blob_bytes", sqlite.blob_bytes) &&
         find(library, "sqlite3_blob_read", sqlite.blob_read) &&
         find(library, "sqlite3_blob_close", sqlite.blob_close);
}

/// A handle of the library's, closed by one of its functions.
using Handle = std::unique_ptr<void, int (*)(void*)>;

tl::unexpected<Error> failed(const Functions& sqlite, void* database, std::string_view path) {
  const char* words = database == nullptr ? nullptr : sqlite.error(database);
  return fail(ErrorKind::invalid, "rpm database " + std::string(path) + ": " +
                                      printable(words == nullptr ? "cannot be opened" : words));
}

/// Row by row and only the beginning of each: headers of large packages take megabytes.
Result<void> visit_rows(const Functions& sqlite, void* database, std::string_view path,
                        const RpmVisit& visit) {
  void* made = nullptr;
  const int prepared =
      sqlite.prepare(database, "SELECT rowid FROM main.Packages ORDER BY rowid", -1, &made, nullptr);
  const Handle statement(made, sqlite.finalize);
  if (prepared != kOk) return failed(sqlite, database, path);
  Handle blob(nullptr, sqlite.blob_close);
  std::string head;
  for (int code = sqlite.step(statement.get()); code != kDone; code = sqlite.step(statement.get())) {
    if (code != kRow) return failed(sqlite, database, path);
    const std::int64_t row = sqlite.column(statement.get(), 0);
    if (blob == nullptr) {
      void* opened = nullptr;
      if (sqlite.blob_open(database, "main", "Packages", "blob", row, 0, &opened) != kOk)
        return failed(sqlite, database, path);
      blob.reset(opened);
    } else if (sqlite.blob_reopen(blob.get(), row) != kOk) {
      return failed(sqlite, database, path);
    }
    const int size = std::clamp(sqlite.blob_bytes(blob.get()), 0, static_cast<int>(kRpmHeadBytes));
    head.resize(static_cast<std::size_t>(size));
    if (size > 0 && sqlite.blob_read(blob.get(), head.data(), size, 0) != kOk)
      return failed(sqlite, database, path);
    if (!visit(head)) break;
  }
  return {};
}

}  // namespace

Result<void> visit_sqlite_headers(int file, std::string_view path, const RpmVisit& visit) {
  const Handle library(dlopen(kLibrary, RTLD_LAZY | RTLD_LOCAL), [](void* one) { return dlclose(one); });
  Functions sqlite;
  if (library == nullptr || !find_all(library.get(), sqlite)) {
    return fail(ErrorKind::unavailable, "rpm database " + std::string(path) +
                                            ": needs the library libsqlite3.so.0, which is not here");
  }
  const std::string place = "file:/proc/self/fd/" + std::to_string(file) + "?mode=ro&immutable=1";
  void* opened = nullptr;
  const int code = sqlite.open(place.c_str(), &opened, kOpenReadOnly | kOpenUri | kOpenNoMutex, nullptr);
  const Handle database(opened, sqlite.close);
  if (code != kOk) return failed(sqlite, database.get(), path);
  // A file made to harm may hold a view that never ends.
  sqlite.progress(
      database.get(), kMaxSteps, [](void*) { return 1; }, nullptr);
  return visit_rows(sqlite, database.get(), path, visit);
}

}  // namespace plumbline
