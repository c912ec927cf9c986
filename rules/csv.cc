// SPDX-License-Identifier: Apache-2.0
// The reader of tables.
#include "rules/csv.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "rules/fields.h"

namespace plumbline {
namespace {
constexpr std::size_t kMaxRows = 20'000;
constexpr std::size_t kMaxColumns = 64;

// Reads one row from `at`, which is moved behind its end. `"a ""b""",c` gives `a "b"` and `c`.
std::vector<std::string> read_row(std::string_view text, std::size_t* at) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  while (*at < text.size()) {
    char c = text[(*at)++];
    if (quoted) {
      if (c != '"') cells.back() += c;
      else if (*at < text.size() && text[*at] == '"') cells.back() += text[(*at)++];
      else quoted = false;
    } else if (c == '"' && cells.back().empty()) {
      quoted = true;
    } else if (c == ',') {
      cells.emplace_back();
    } else if (c == '\n') {
      break;
    } else if (c != '\r') {
      cells.back() += c;
    }
  }
  return cells;
}

// The first "2026-11-23" in a comment.
std::string date_in(std::string_view line) {
  for (std::size_t i = 0; i + 10 <= line.size(); ++i) {
    std::string_view part = line.substr(i, 10);
    bool fits = true;
    for (std::size_t k = 0; k < 10 && fits; ++k) {
      bool dash = k == 4 || k == 7;
      fits = dash ? part[k] == '-' : std::isdigit(static_cast<unsigned char>(part[k])) != 0;
    }
    if (fits) return std::string(part);
  }
  return "";
}

void check_columns(const SourceFile& file, const CsvTable& table, std::size_t offset,
                   const std::vector<std::string>& required, Mistakes& mistakes) {
  for (const std::string& column : required) {
    if (std::find(table.columns.begin(), table.columns.end(), column) == table.columns.end()) {
      mistakes.add(file, offset, "no column '" + column + "' in the first line" + suggestion(column, table.columns));
    }
  }
}

}  // namespace

std::string_view CsvTable::cell(const Row& row, std::string_view column) const {
  auto at = std::find(columns.begin(), columns.end(), column);
  auto index = static_cast<std::size_t>(at - columns.begin());
  if (index >= row.cells.size()) return {};
  return trim(row.cells[index]);
}

CsvTable read_csv(const SourceFile& file, const std::vector<std::string>& required, Mistakes& mistakes) {
  CsvTable table;
  std::string_view text = file.text;
  if (!is_utf8(text)) {
    mistakes.add(file, 0, "not UTF-8 text");
    return table;
  }
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t start = at;
    if (text[at] == '#') {
      std::size_t end = std::min(text.find('\n', at), text.size());
      table.newest_date = std::max(table.newest_date, date_in(text.substr(at, end - at)));
      at = std::min(end + 1, text.size());
      continue;
    }
    std::vector<std::string> cells = read_row(text, &at);
    if (cells.size() == 1 && trim(cells[0]).empty()) continue;
    if (table.columns.empty()) {
      table.columns = cells;
      check_columns(file, table, start, required, mistakes);
      if (cells.size() > kMaxColumns) mistakes.add(file, start, "too many columns");
    } else if (cells.size() != table.columns.size()) {
      mistakes.add(file, start, "this row has " + std::to_string(cells.size()) + " cells, the header has " +
                                    std::to_string(table.columns.size()));
    } else if (table.rows.size() >= kMaxRows) {
      mistakes.add(file, start, "more than " + std::to_string(kMaxRows) + " rows");
      break;
    } else {
      table.rows.push_back({start, std::move(cells)});
    }
  }
  if (table.columns.empty()) mistakes.add(file, 0, "the table has no header line");
  return table;
}

}  // namespace plumbline
