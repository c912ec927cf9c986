// SPDX-License-Identifier: Apache-2.0
// A table as spreadsheets take it, as CSV or as a sheet of a workbook. A spreadsheet runs what it takes for a formula, so
// texts that begin like one get an apostrophe in CSV (goal S11), and in a workbook every text is written as a string.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plumbline {

/// One cell: a text, one of our own numbers, a day, or nothing.
struct Cell {
  enum class Kind { text, number, day };
  Kind kind = Kind::text;
  std::string text;
  double number = 0;
  std::int64_t day = 0;  // UTC seconds

  Cell() = default;
  Cell(std::string value) : text(std::move(value)) {}
  Cell(std::string_view value) : text(value) {}
  Cell(const char* value) : text(value) {}
  static Cell of(double value);
  static Cell of(std::optional<double> value) { return value ? of(*value) : Cell(); }
  static Cell on(std::int64_t day);
  static Cell on(std::optional<std::int64_t> day) { return day ? on(*day) : Cell(); }
};

struct Column {
  std::string title;
  double width = 16;  // characters
};

struct Table {
  std::string name;                     // of the sheet
  std::string file;                     // of the CSV, without its ending: "work-list"
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  // each as wide as `columns`, or shorter
  std::size_t left_out = 0;             // rows there was no room for: told in a last row
};

inline constexpr std::size_t kMostSheetRows = 1'048'576;  // a sheet's, headings included
inline constexpr std::size_t kMostCellBytes = 8'000;      // a sheet's cell holds 32,767 characters

/// RFC 4180, UTF-8, CR LF; days as 2026-11-23, numbers with a point.
std::string to_csv(const Table& table);

struct WorkbookInfo {
  std::string title, organisation;
  std::int64_t made_at = 0;
};
/// Headings stay in sight and filter; each sheet prints on A4 across, as wide as the page, headings on every page.
/// The same tables give the same bytes.
Result<std::string> to_xlsx(const std::vector<Table>& tables, const WorkbookInfo& info);

}  // namespace plumbline
