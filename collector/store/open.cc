// SPDX-License-Identifier: Apache-2.0
// Chooses the backend by the scheme of the store's URL.
#include <array>

#include "collector/store/backends.h"

namespace plumbline {
namespace {

struct Backend {
  std::string_view scheme;
  Result<std::unique_ptr<Store>> (*open)(const std::string& url);
};

constexpr std::array kBackends = {
    Backend{"sqlite:", open_sqlite},
    Backend{"postgresql://", open_postgres},
    Backend{"postgres://", open_postgres},
};

}  // namespace

Result<std::unique_ptr<Store>> open_store(const std::string& url) {
  for (const Backend& backend : kBackends)
    if (url.starts_with(backend.scheme)) return backend.open(url);
  return fail(ErrorKind::invalid,
              "store: the URL must begin with sqlite: or postgresql://; for example sqlite:/var/lib/plumbline/plumbline.db");
}

}  // namespace plumbline
