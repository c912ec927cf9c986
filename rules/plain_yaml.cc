// SPDX-License-Identifier: Apache-2.0
// A reader that gives up rather than guess: `give_up()` sets a flag, and every loop ends on it.
#include "rules/plain_yaml.h"

#include <algorithm>
#include <cctype>

namespace plumbline {
namespace {

bool is_null_word(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

bool is_key_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-' || c == '/';
}

std::string_view without_end_blanks(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

class PlainReader {
 public:
  explicit PlainReader(std::string_view text) : text_(text) {}

  std::optional<YamlNode> read() {
    int column = next_content();
    if (column < 0 || failed_) return std::nullopt;  // an empty file is for the whole reader to explain
    YamlNode root = block(column, -1);
    if (failed_ || at_ < text_.size()) return std::nullopt;
    return root;
  }

 private:
  // ---- characters

  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n'; }
  bool at_end() const { return at_ >= text_.size(); }
  bool blank_follows(std::size_t ahead) const { return peek(ahead) == ' ' || peek(ahead) == '\n'; }
  void give_up() {
    failed_ = true;
    at_ = text_.size();
  }
  void skip_spaces() {
    while (!at_end() && peek() == ' ') ++at_;
  }
  // Looks only at what lies between here and where it looked last: one line may be a whole file.
  int column() {
    if (at_ < line_) line_ = at_ == 0 ? 0 : text_.rfind('\n', at_ - 1) + 1;  // npos + 1 is 0
    if (at_ < looked_) looked_ = at_;
    for (; looked_ < at_; ++looked_) {
      if (text_[looked_] == '\n') line_ = looked_ + 1;
    }
    return static_cast<int>(at_ - line_);
  }

  // Behind a value: only blanks or a comment may be left on its line.
  void end_of_value() {
    std::size_t before = at_;
    skip_spaces();
    if (at_end() || peek() == '\n') return;
    if (peek() == '#' && at_ > before) {
      at_ = std::min(text_.find('\n', at_), text_.size());
      return;
    }
    give_up();
  }

  // Moves to the first character that is neither blank nor comment; gives its column, -1 at the end.
  int next_content() {
    while (!at_end()) {
      skip_spaces();
      if (at_end()) break;
      if (peek() == '\n') {
        ++at_;
      } else if (peek() == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        int found = column();
        bool marker = found == 0 && (text_.substr(at_, 3) == "---" || text_.substr(at_, 3) == "..." || peek() == '%');
        if (marker) give_up();
        return failed_ ? -1 : found;
      }
    }
    return -1;
  }

  // ---- nodes

  YamlNode scalar(std::size_t offset, std::string text, bool quoted) {
    if (++count_ > kMaxYamlNodes) give_up();
    YamlNode node;
    node.offset = offset;
    if (!quoted && is_null_word(text)) return node;
    node.kind = YamlNode::scalar;
    node.quoted = quoted;
    node.text = std::move(text);
    return node;
  }
  YamlNode container(YamlNode::Kind kind) {
    YamlNode node;
    node.kind = kind;
    node.offset = at_;
    if (++depth_ > kMaxYamlDepth || ++count_ > kMaxYamlNodes) give_up();
    return node;
  }
  void add_entry(YamlNode& map, YamlNode key, YamlNode value) {
    if (map.entries.size() >= kMaxYamlKeys || map.find(key.text)) return give_up();
    map.entries.emplace_back(std::move(key), std::move(value));
  }

  // The length of a plain key here ("effort_days:"), 0 where there is none.
  std::size_t plain_key_length() const {
    std::size_t length = 0;
    if (peek() == '-' && blank_follows(1)) return 0;
    while (at_ + length < text_.size() && is_key_character(text_[at_ + length])) ++length;
    if (at_ + length >= text_.size() || text_[at_ + length] != ':' || !blank_follows(length + 1)) return 0;
    return length;
  }

  // What begins at `column`; a text goes on while lines stand deeper than `parent`.
  YamlNode block(int column, int parent) {
    if (peek() == '-' && blank_follows(1)) return block_list(column);
    if (plain_key_length() > 0) return block_map(column);
    return inline_value(parent);
  }

  YamlNode block_list(int column) {
    YamlNode list = container(YamlNode::list);
    while (!failed_) {
      ++at_;  // "-"
      skip_spaces();
      if (peek() == '\n' || peek() == '#') {
        int found = next_content();
        list.items.push_back(found > column ? block(found, column) : YamlNode{});
      } else {
        list.items.push_back(block(this->column(), column));
      }
      int found = next_content();
      if (found < column) break;
      if (found > column) give_up();
      if (!(peek() == '-' && blank_follows(1))) break;  // a key of the mapping around it, at the same column
    }
    --depth_;
    return list;
  }

  YamlNode block_map(int column) {
    YamlNode map = container(YamlNode::map);
    while (!failed_) {
      std::size_t length = plain_key_length();
      if (length == 0) {
        give_up();
        break;
      }
      YamlNode key = scalar(at_, std::string(text_.substr(at_, length)), false);
      if (key.kind != YamlNode::scalar) give_up();  // "null:" is a key only yaml-cpp has an opinion on
      at_ += length + 1;
      add_entry(map, std::move(key), value_of_key(column));
      int found = next_content();
      if (found < column) break;
      if (found > column || (peek() == '-' && blank_follows(1))) give_up();
    }
    --depth_;
    return map;
  }

  YamlNode value_of_key(int column) {
    std::size_t colon = at_;
    skip_spaces();
    if (peek() == '#' && at_ == colon) give_up();
    if (!at_end() && peek() != '\n' && peek() != '#') return inline_value(column);
    int found = next_content();
    bool list_at_same_column = found == column && peek() == '-' && blank_follows(1);
    if (found > column) return block(found, column);
    if (list_at_same_column) return block_list(column);
    return scalar(colon, "", false);
  }

  // A value that begins on this line.
  YamlNode inline_value(int parent) {
    std::size_t start = at_;
    char c = peek();
    if (c == '|' || c == '>') return block_text(parent);
    if (c == '"' || c == '\'') {
      YamlNode node = scalar(start, quoted_text(), true);
      end_of_value();
      return node;
    }
    if (c == '[' || c == '{') {
      YamlNode node = flow_value();
      end_of_value();
      return node;
    }
    return plain_text(parent);
  }

  // ---- texts

  bool begins_plain() const {
    constexpr std::string_view kIndicators = " \n,[]{}#&*!|>'\"%@`?:";
    return peek() == '-' ? !blank_follows(1) : kIndicators.find(peek()) == std::string_view::npos;
  }
  // Where a plain text ends on this line; npos where it holds ": ", which only a key may.
  std::size_t plain_line_end() const {
    std::size_t end = at_;
    for (; end < text_.size() && text_[end] != '\n'; ++end) {
      bool blank_next = end + 1 >= text_.size() || text_[end + 1] == ' ' || text_[end + 1] == '\n';
      if (text_[end] == ':' && blank_next) return std::string_view::npos;
      if (text_[end] == '#' && end > at_ && text_[end - 1] == ' ') return end;
    }
    return end;
  }
  std::string plain_line() {
    std::size_t end = plain_line_end();
    if (end == std::string_view::npos) {
      give_up();
      return "";
    }
    std::string line(without_end_blanks(text_.substr(at_, end - at_)));
    at_ = end;
    return line;
  }
  // Moves to the next line that is not empty; gives how many empty ones were passed.
  int skip_empty_lines() {
    int passed = -1;
    while (!at_end() && peek() == '\n') {
      ++at_;
      ++passed;
      skip_spaces();
    }
    return passed;
  }

  // "one\n  two\n\n  three" → "one two\nthree"
  YamlNode plain_text(int parent) {
    std::size_t start = at_;
    if (parent < 0 || !begins_plain()) give_up();
    std::string text = plain_line();
    while (!failed_) {
      std::size_t line_end = at_;
      bool after_comment = peek() == '#';
      if (after_comment) at_ = std::min(text_.find('\n', at_), text_.size());
      int empty = skip_empty_lines();
      bool ends = at_end() || column() <= parent;
      if (!ends && (after_comment || !begins_continuation())) give_up();
      if (ends || failed_) {
        at_ = failed_ ? at_ : line_end;
        if (after_comment && !failed_) at_ = std::min(text_.find('\n', at_), text_.size());
        break;
      }
      text += empty > 0 ? std::string(static_cast<std::size_t>(empty), '\n') : " ";
      text += plain_line();
    }
    return scalar(start, std::move(text), false);
  }
  bool begins_continuation() const { return peek() != '#' && begins_plain(); }

  std::string quoted_text() {
    char quote = peek();
    ++at_;
    std::string out;
    while (!at_end() && peek() != '\n') {
      char c = text_[at_++];
      if (c == quote && quote == '\'' && peek() == '\'' && !at_end()) {
        out += text_[at_++];
      } else if (c == quote) {
        return out;
      } else if (c == '\\' && quote == '"') {
        out += escaped();
      } else {
        out += c;
      }
    }
    give_up();
    return "";
  }
  char escaped() {
    char c = at_end() ? '\n' : text_[at_++];
    if (c == 'n') return '\n';
    if (c == 't') return '\t';
    if (c != '"' && c != '\\' && c != '/') give_up();
    return c;
  }

  // ">-\n    text" and "|\n    text"
  YamlNode block_text(int parent) {
    std::size_t start = at_;
    bool folded = peek() == '>';
    ++at_;
    bool strip = peek() == '-';
    if (strip) ++at_;
    end_of_value();
    if (parent < 0 || failed_ || at_end()) {
      give_up();
      return {};
    }
    ++at_;  // the end of the header's line
    std::string text;
    int indent = -1, empty = 0;
    while (!at_end() && !failed_) {
      std::size_t line_start = at_;
      skip_spaces();
      int column = static_cast<int>(at_ - line_start);
      std::size_t end = std::min(text_.find('\n', at_), text_.size());
      if (at_ == end) {
        if (indent < 0 || column > indent || (column > 0 && end == text_.size())) give_up();
        ++empty;
      } else if (indent < 0 ? column <= parent : column < indent) {
        if (indent < 0 || column > parent) give_up();
        at_ = line_start;
        break;
      } else {
        if (indent < 0) indent = column;
        if (folded && column > indent) give_up();  // lines that stand deeper are not folded
        if (!text.empty() || empty > 0) add_line_breaks(text, folded, empty);
        empty = 0;
        text.append(text_.substr(line_start + static_cast<std::size_t>(indent), end - line_start - static_cast<std::size_t>(indent)));
      }
      at_ = std::min(end + 1, text_.size());
    }
    if (text.empty() || text_.back() != '\n') give_up();  // a last line without its end has rules of its own
    return scalar(start, strip ? text : text + "\n", true);
  }
  static void add_line_breaks(std::string& text, bool folded, int empty) {
    if (folded && empty == 0) {
      text += ' ';
    } else {
      text.append(static_cast<std::size_t>(folded ? empty : empty + 1), '\n');
    }
  }

  // ---- flow: [a, "b"] and {a: 1}

  void skip_flow_blanks() {
    int found = next_content();
    if (found <= 0) give_up();  // at the end, or at the first column, where a marker could stand
  }

  YamlNode flow_value() {
    std::size_t start = at_;
    if (peek() == '[') return flow_list();
    if (peek() == '{') return flow_map();
    if (peek() == '"' || peek() == '\'') return scalar(start, quoted_text(), true);
    return scalar(start, flow_plain(), false);
  }

  std::string flow_plain() {
    if (!begins_plain() || (peek() == '-' && std::string_view(",]}").find(peek(1)) != std::string_view::npos)) give_up();
    std::size_t end = at_;
    for (; end < text_.size(); ++end) {
      char c = text_[end];
      char next = end + 1 < text_.size() ? text_[end + 1] : '\n';
      if (c == ',' || c == ']' || c == '}' || c == '\n') break;
      if (c == ':' && std::string_view(" \n,]}").find(next) != std::string_view::npos) break;
      if (c == '#' && end > at_ && text_[end - 1] == ' ') break;
      if (c == '[' || c == '{' || c == '?') give_up();
      if (failed_) return "";
    }
    std::string out(without_end_blanks(text_.substr(at_, end - at_)));
    at_ = end;
    if (out.empty()) give_up();
    return out;
  }

  // Behind an item: true where another follows, false at the closing bracket.
  bool more_items(char closing) {
    skip_flow_blanks();
    if (failed_) return false;
    char c = peek();
    ++at_;
    if (c == closing) return false;
    if (c != ',') give_up();
    if (!failed_) skip_flow_blanks();
    if (peek() == closing || peek() == ',') give_up();
    return !failed_;
  }

  YamlNode flow_list() {
    YamlNode list = container(YamlNode::list);
    ++at_;
    skip_flow_blanks();
    if (!failed_ && peek() == ']') {
      ++at_;
    } else if (!failed_) {
      do list.items.push_back(flow_value());
      while (more_items(']'));
    }
    --depth_;
    return list;
  }

  YamlNode flow_map() {
    YamlNode map = container(YamlNode::map);
    ++at_;
    skip_flow_blanks();
    if (!failed_ && peek() == '}') {
      ++at_;
    } else if (!failed_) {
      do flow_entry(map);
      while (more_items('}'));
    }
    --depth_;
    return map;
  }
  void flow_entry(YamlNode& map) {
    if (peek() == '[' || peek() == '{') return give_up();
    YamlNode key = flow_value();
    skip_spaces();
    if (failed_ || key.kind != YamlNode::scalar || peek() != ':' || !blank_follows(1)) return give_up();
    ++at_;
    std::size_t behind = at_;
    skip_flow_blanks();
    if (failed_) return;
    bool empty = peek() == ',' || peek() == '}';
    add_entry(map, std::move(key), empty ? scalar(behind, "", false) : flow_value());
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t looked_ = 0, line_ = 0;  // the line that the character before `looked_` stands on begins at `line_`
  std::size_t depth_ = 0;
  std::size_t count_ = 0;
  bool failed_ = false;
};

}  // namespace

std::optional<YamlNode> read_plain_yaml(std::string_view text) {
  // Tabs and carriage returns have rules of their own.
  if (text.find_first_of("\t\r") != std::string_view::npos || text.substr(0, 3) == "\xef\xbb\xbf") return std::nullopt;
  return PlainReader(text).read();
}

}  // namespace plumbline
