// SPDX-License-Identifier: Apache-2.0
// Tables as CSV and as workbooks.
#include "collector/report/table.h"

#include <unistd.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/report/child_program.h"
#include "collector/report/phrases.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostWorkbookBytes = 512u << 20;
constexpr std::size_t kMostRowsInMemory = 20'000;  // beyond it a sheet's rows go to disk as they come
constexpr std::size_t kMostSheetName = 31;
constexpr int kPaperA4 = 9;

/// Shortest digits that give the same number again.
std::string number_text(double number) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  return {digits, end.ptr};
}

std::string day_text(std::int64_t day) { return to_iso8601(day).substr(0, 10); }

/// Valid UTF-8 of a bounded length.
std::string cell_text(const std::string& text) {
  if (text.size() <= kMostCellBytes) return to_utf8(text);
  std::size_t end = kMostCellBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;  // never half a character
  return to_utf8(std::string_view(text).substr(0, end)) + " …";
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    if (c != '\0') out += c;
  }
  return out + "\"";
}

// The list of OWASP ("CSV injection"), line feed among them.
bool like_a_formula(const std::string& text) { return !text.empty() && std::string_view("=+-@\t\r\n").find(text.front()) != std::string_view::npos; }

std::string csv_cell(const Cell& cell) {
  if (cell.kind == Cell::Kind::number) return number_text(cell.number);
  if (cell.kind == Cell::Kind::day) return day_text(cell.day);
  const std::string text = cell_text(cell.text);
  return quoted(like_a_formula(text) ? "'" + text : text);
}

std::string csv_line(const std::vector<Cell>& cells, std::size_t width) {
  std::string line;
  for (std::size_t at = 0; at < width; ++at) line += (at > 0 ? "," : "") + (at < cells.size() ? csv_cell(cells[at]) : std::string("\"\""));
  return line + "\r\n";
}

std::vector<Cell> heading_cells(const Table& table) {
  std::vector<Cell> cells;
  for (const Column& column : table.columns) cells.emplace_back(column.title);
  return cells;
}

std::string left_out_text(std::size_t rows) { return say_count("sheet.left_out", rows); }

/// A text with what XML 1.0 cannot hold replaced.
std::string sheet_text(const std::string& text) {
  std::string safe;
  for (const char c : cell_text(text)) {
    const auto byte = static_cast<unsigned char>(c);
    safe += (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7f ? ' ' : c;
  }
  return safe;
}

/// A sheet's name as Excel takes it: at most 31 characters, none of its own signs, not beginning or ending in an
/// apostrophe, and each once.
std::string sheet_name(const std::string& wanted, std::set<std::string>& taken) {
  std::string name;
  std::size_t characters = 0;
  for (const char c : sheet_text(wanted)) {
    const bool starts = (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
    if (starts && ++characters > kMostSheetName - 3) break;  // room for a number
    name += std::string_view("[]:*?/\\'").find(c) == std::string_view::npos ? c : ' ';
  }
  if (name.empty()) name = "Sheet";
  std::string unique = name;
  for (int number = 2; !taken.insert(lower(unique)).second; ++number) unique = name + " " + std::to_string(number);
  return unique;
}

struct Formats {
  lxw_format *head, *text, *number, *day;
};

Formats formats_of(lxw_workbook* book) {
  Formats made{workbook_add_format(book), workbook_add_format(book), workbook_add_format(book), workbook_add_format(book)};
  format_set_bold(made.head);
  format_set_bottom(made.head, LXW_BORDER_THIN);
  format_set_bg_color(made.head, 0xE6EEF0);
  for (lxw_format* format : {made.head, made.text}) format_set_text_wrap(format);
  for (lxw_format* format : {made.head, made.text, made.number, made.day}) format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
  format_set_num_format(made.day, "yyyy-mm-dd");
  return made;
}

void write_day(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column, std::int64_t day, lxw_format* format) {
  constexpr std::int64_t kDaySeconds = 86'400, kExcelEpochDays = 25'569;  // 1970-01-01 in its count of days
  worksheet_write_number(sheet, row, column, static_cast<double>(day / kDaySeconds + kExcelEpochDays), format);
}

void write_cell(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column, const Cell& cell, const Formats& formats) {
  switch (cell.kind) {
    case Cell::Kind::number: worksheet_write_number(sheet, row, column, cell.number, formats.number); return;
    case Cell::Kind::day: write_day(sheet, row, column, cell.day, formats.day); return;
    case Cell::Kind::text: break;
  }
  if (!cell.text.empty()) worksheet_write_string(sheet, row, column, sheet_text(cell.text).c_str(), formats.text);
}

void set_up_print(lxw_worksheet* sheet, const std::string& name) {
  worksheet_set_landscape(sheet);
  worksheet_set_paper(sheet, kPaperA4);
  worksheet_fit_to_pages(sheet, 1, 0);
  worksheet_repeat_rows(sheet, 0, 0);
  worksheet_set_margins(sheet, 0.4, 0.4, 0.5, 0.6);
  std::string footer = "&L";
  for (const char c : name) footer += c == '&' ? std::string("&&") : std::string(1, c);
  worksheet_set_footer(sheet, (footer + "&R&P / &N").c_str());
}

void write_sheet(lxw_workbook* book, const Table& table, const Formats& formats, std::set<std::string>& names) {
  const std::string name = sheet_name(table.name, names);
  lxw_worksheet* sheet = workbook_add_worksheet(book, name.c_str());
  if (sheet == nullptr) return;
  for (std::size_t at = 0; at < table.columns.size(); ++at) {
    const auto column = static_cast<lxw_col_t>(at);
    worksheet_set_column(sheet, column, column, table.columns[at].width, nullptr);
    worksheet_write_string(sheet, 0, column, sheet_text(table.columns[at].title).c_str(), formats.head);
  }
  const std::size_t most = kMostSheetRows - 2;  // headings, and a row that says what is missing
  const std::size_t shown = std::min(table.rows.size(), most);
  for (std::size_t at = 0; at < shown; ++at)
    for (std::size_t column = 0; column < table.rows[at].size() && column < table.columns.size(); ++column)
      write_cell(sheet, static_cast<lxw_row_t>(at + 1), static_cast<lxw_col_t>(column), table.rows[at][column], formats);
  const std::size_t missing = table.rows.size() - shown + table.left_out;
  if (missing > 0) worksheet_write_string(sheet, static_cast<lxw_row_t>(shown + 1), 0, left_out_text(missing).c_str(), formats.text);
  worksheet_freeze_panes(sheet, 1, 0);
  if (shown > 0) worksheet_autofilter(sheet, 0, 0, static_cast<lxw_row_t>(shown), static_cast<lxw_col_t>(table.columns.size() - 1));
  set_up_print(sheet, name);
}

void describe_book(lxw_workbook* book, const WorkbookInfo& info) {
  std::string title = sheet_text(info.title), company = sheet_text(info.organisation), program = "Plumbline";
  constexpr std::size_t kMostPropertyBytes = 200;
  for (std::string* text : {&title, &company})
    if (text->size() > kMostPropertyBytes) *text = to_utf8(text->substr(0, kMostPropertyBytes));
  lxw_doc_properties properties{};
  properties.title = title.data();
  properties.company = company.data();
  properties.author = program.data();
  properties.created = static_cast<time_t>(info.made_at);
  workbook_set_properties(book, &properties);
}

}  // namespace

Cell Cell::of(double value) {
  Cell cell;
  cell.kind = Kind::number;
  cell.number = value;
  return cell;
}

Cell Cell::on(std::int64_t day) {
  Cell cell;
  cell.kind = Kind::day;
  cell.day = day;
  return cell;
}

std::string to_csv(const Table& table) {
  std::string text = csv_line(heading_cells(table), table.columns.size());
  for (const auto& row : table.rows) text += csv_line(row, table.columns.size());
  if (table.left_out > 0) text += csv_line({Cell(left_out_text(table.left_out))}, table.columns.size());
  return text;
}

Result<std::string> to_xlsx(const std::vector<Table>& tables, const WorkbookInfo& info) {
  auto folder = PrivateFolder::make();
  if (!folder) return fail("workbook", folder.error());
  const std::string file = folder->path() + "/report.xlsx";
  std::string temporary = folder->path();
  std::size_t rows = 0;
  for (const Table& table : tables) rows += table.rows.size();
  lxw_workbook_options options{};
  options.tmpdir = temporary.data();
  options.constant_memory = rows > kMostRowsInMemory ? LXW_TRUE : LXW_FALSE;
  lxw_workbook* book = workbook_new_opt(file.c_str(), &options);
  if (book == nullptr) return fail(ErrorKind::io, "workbook: out of memory");
  describe_book(book, info);
  const Formats formats = formats_of(book);
  std::set<std::string> names;
  for (const Table& table : tables) write_sheet(book, table, formats, names);
  const lxw_error error = workbook_close(book);
  if (error != LXW_NO_ERROR) return fail(ErrorKind::io, std::string("workbook: ") + lxw_strerror(error) + "; is " + folder->path() + " full?");
  return read_file(file, kMostWorkbookBytes);
}

}  // namespace plumbline
