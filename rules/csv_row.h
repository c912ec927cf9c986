// SPDX-License-Identifier: Apache-2.0
// One row of a dated table being read: cells as numbers and dates, mistakes at the start of the row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rules/csv.h"

namespace plumbline {

/// Lives no longer than what it refers to. An empty cell is nothing; a cell that is no number or date is a mistake, and
/// nothing.
struct CsvRow {
  const SourceFile& file;
  const CsvTable& table;
  const CsvTable::Row& row;
  Mistakes& mistakes;

  std::string text(std::string_view column) const { return std::string(table.cell(row, column)); }
  void mistake(std::string message) const { mistakes.add(file, row.offset, std::move(message)); }
  /// Zero or more.
  std::optional<double> number(std::string_view column) const;
  /// Midnight UTC.
  std::optional<std::int64_t> date(std::string_view column) const;
};

}  // namespace plumbline
