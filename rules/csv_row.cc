// SPDX-License-Identifier: Apache-2.0
// Reads numbers and dates of a row.
#include "rules/csv_row.h"

#include "base/text.h"
#include "base/time.h"

namespace plumbline {

std::optional<double> CsvRow::number(std::string_view column) const {
  const std::string_view cell = table.cell(row, column);
  if (cell.empty()) return std::nullopt;
  const auto value = parse_double(cell);
  if (value && *value >= 0) return value;
  mistake(std::string(column) + " '" + std::string(cell) + "' is no number; leave it empty where it is not known");
  return std::nullopt;
}

std::optional<std::int64_t> CsvRow::date(std::string_view column) const {
  const std::string_view cell = table.cell(row, column);
  if (cell.empty()) return std::nullopt;
  const auto value = parse_date(cell);
  if (!value) mistake(std::string(column) + " '" + std::string(cell) + "' is no date such as 2026-11-23");
  return value;
}

}  // namespace plumbline
