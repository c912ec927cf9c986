// SPDX-License-Identifier: Apache-2.0
// Comma-separated tables (RFC 4180) with a header line and # comments; cells are found by the name of their column.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rules/mistakes.h"

namespace plumbline {

struct CsvTable {
  struct Row {
    std::size_t offset = 0;  // of the row in the file
    std::vector<std::string> cells;
  };
  std::vector<std::string> columns;
  std::vector<Row> rows;
  std::string newest_date;  // of the comments: "2026-11-23"

  /// The cell without blanks around it; empty where the column or the cell is not there.
  std::string_view cell(const Row& row, std::string_view column) const;
};

/// Reads a table; rows of another length than the header and missing `required` columns are mistakes.
CsvTable read_csv(const SourceFile& file, const std::vector<std::string>& required, Mistakes& mistakes);

}  // namespace plumbline
