// SPDX-License-Identifier: Apache-2.0
// JSON read straight into a document's cells, along its layout.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "rules/cel/document.h"

namespace plumbline::cel {

/// Where the members of a document stand in its JSON, when they do not stand at the top:
/// {"sections":{"cpu":{"data":{…},"missing":{"cpu.max_mhz":"…"}}}} has members "sections", value "data",
/// unread "missing".
struct Envelope {
  std::string_view members;  // the object that holds them
  std::string_view value;    // of each, the member that is its value
  std::string_view unread;   // of each, an object whose keys are paths of the layout that could not be read
};

/// Keeps its memory from one document to the next: once it has met the largest, it allocates no more. One
/// thread.
class DocumentReader {
 public:
  explicit DocumentReader(std::shared_ptr<const Layout> layout);
  ~DocumentReader();
  DocumentReader(const DocumentReader&) = delete;
  DocumentReader& operator=(const DocumentReader&) = delete;

  /// The document lives in the reader until it reads the next one. What the layout does not know is passed
  /// over; what has another type than declared stays absent, null as well; whole numbers serve as doubles; of
  /// a key that comes twice the last counts. Fails on what is no JSON object or larger than 64 MiB. Of values
  /// that are passed over only the brackets, the quotes and the UTF-8 are looked at.
  Result<Document*> read(std::string_view json);
  Result<Document*> read(std::string_view json, const Envelope& envelope);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plumbline::cel
