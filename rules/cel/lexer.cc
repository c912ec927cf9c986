// SPDX-License-Identifier: Apache-2.0
// Cuts an expression into tokens.
#include "rules/cel/lexer.h"

#include <algorithm>
#include <array>
#include <optional>

#include "rules/cel/utf8.h"

namespace plumbline::cel {
namespace {

constexpr std::array<std::string_view, 4> kKeywords = {"true", "false", "null", "in"};
constexpr std::array<std::string_view, 17> kReserved = {
    "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
    "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};
constexpr std::array<std::string_view, 6> kLongSymbols = {"&&", "||", "==", "!=", "<=", ">="};
constexpr std::string_view kSymbols = "()[]{}.,:?!-+*/%<>";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_octal(char c) {
  return c >= '0' && c <= '7';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  tl::expected<std::vector<Token>, Issue> run() {
    tokens_.reserve(text_.size() / 4 + 2);
    for (skip_blanks(); at_ < text_.size() && !issue_; skip_blanks()) read_token();
    if (issue_) return tl::unexpected<Issue>(std::move(*issue_));
    at_ = text_.size();
    add(TokenKind::end, at_);
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void fail(std::size_t offset, std::string message) {
    if (!issue_) issue_ = Issue{offset, std::move(message)};
  }
  Token& add(TokenKind kind, std::size_t begin) {
    Token token;
    token.kind = kind;
    token.begin = static_cast<std::uint32_t>(begin);
    token.end = static_cast<std::uint32_t>(at_);
    token.text = text_.substr(begin, at_ - begin);
    tokens_.push_back(std::move(token));
    return tokens_.back();
  }

  void skip_blanks() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
        ++at_;
      } else if (c == '/' && peek(1) == '/') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        return;
      }
    }
  }

  void read_token() {
    const char c = peek();
    if (const std::size_t prefix = string_prefix()) return read_string(prefix - 1);
    if (is_letter(c)) return read_word();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return read_number();
    if (c == '`') return read_quoted_identifier();
    const std::size_t begin = at_;
    const std::string_view two = text_.substr(at_, 2);
    if (std::find(kLongSymbols.begin(), kLongSymbols.end(), two) != kLongSymbols.end()) {
      at_ += 2;
    } else if (kSymbols.find(c) != std::string_view::npos) {
      ++at_;
    } else {
      return fail(at_, wrong_character(c));
    }
    add(TokenKind::symbol, begin);
  }

  std::string wrong_character(char c) const {
    if (c == '=') return "'=' is no operator; write == to compare";
    if (c == '&') return "'&' is no operator; write && for and";
    if (c == '|') return "'|' is no operator; write || for or";
    std::size_t end = at_;
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return "a control character may stand only in a string, as an escape";
    static_cast<void>(next_code_point(text_, end));
    return "'" + std::string(text_.substr(at_, end - at_)) + "' has no meaning here";
  }

  void read_word() {
    const std::size_t begin = at_;
    while (is_letter(peek()) || is_digit(peek())) ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    const bool keyword = std::find(kKeywords.begin(), kKeywords.end(), word) != kKeywords.end();
    const bool reserved = std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
    add(keyword ? TokenKind::keyword : reserved ? TokenKind::reserved : TokenKind::identifier, begin);
  }

  void read_quoted_identifier() {
    const std::size_t begin = at_++;
    const auto fits = [](char c) {
      return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '/' || c == ' ';
    };
    while (fits(peek())) ++at_;
    if (peek() != '`' || at_ == begin + 1)
      return fail(
          begin, "a name in backquotes holds letters, digits, _ . - / and blanks, and ends with a backquote");
    ++at_;
    Token& token = add(TokenKind::quoted_identifier, begin);
    token.text = token.text.substr(1, token.text.size() - 2);
  }

  void read_number() {
    const std::size_t begin = at_;
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
      at_ += 2;
      while (hex_digit(peek()) >= 0) ++at_;
      return finish_number(begin, TokenKind::integer);
    }
    TokenKind kind = TokenKind::integer;
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && is_digit(peek(1))) {
      kind = TokenKind::number;
      for (++at_; is_digit(peek());) ++at_;
    }
    if (peek() == 'e' || peek() == 'E') {
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (is_digit(peek(1 + sign))) {
        kind = TokenKind::number;
        for (at_ += 1 + sign; is_digit(peek());) ++at_;
      }
    }
    finish_number(begin, kind);
  }

  void finish_number(std::size_t begin, TokenKind kind) {
    const std::size_t digits_end = at_;
    if (kind == TokenKind::integer && (peek() == 'u' || peek() == 'U')) {
      ++at_;
      kind = TokenKind::unsigned_integer;
    }
    if (is_letter(peek()) || is_digit(peek())) return fail(begin, "a number may not run into a name");
    add(kind, begin).text = text_.substr(begin, digits_end - begin);
  }

  /// 1 + letters before the quote where a string starts here, else 0: "rb'" gives 3.
  std::size_t string_prefix() const {
    std::size_t length = 0;
    bool raw = false, bytes = false;
    for (; length < 2; ++length) {
      const char c = peek(length);
      if ((c == 'r' || c == 'R') && !raw)
        raw = true;
      else if ((c == 'b' || c == 'B') && !bytes)
        bytes = true;
      else
        break;
    }
    return peek(length) == '"' || peek(length) == '\'' ? length + 1 : 0;
  }

  void read_string(std::size_t prefix) {
    const std::size_t begin = at_;
    bool raw = false, bytes = false;
    for (std::size_t i = 0; i < prefix; ++i) (peek(i) == 'r' || peek(i) == 'R' ? raw : bytes) = true;
    at_ += prefix;
    const char quote = peek();
    const bool triple = peek(1) == quote && peek(2) == quote;
    const std::string closing(triple ? 3 : 1, quote);
    at_ += closing.size();
    std::string decoded;
    while (text_.compare(at_, closing.size(), closing) != 0) {
      const char c = peek();
      if (at_ >= text_.size() || (!triple && (c == '\n' || c == '\r')))
        return fail(begin, "the string is not closed; it wants " + closing);
      if (c == '\\' && !raw) {
        if (!read_escape(decoded, bytes)) return;
      } else {
        decoded += c;
        ++at_;
      }
    }
    at_ += closing.size();
    add(bytes ? TokenKind::bytes : TokenKind::string, begin).decoded = std::move(decoded);
  }

  bool read_escape(std::string& out, bool bytes) {
    static constexpr std::string_view letters = "abfnrtv\\?\"'`";
    static constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\?\"'`";
    const std::size_t begin = at_++;
    const char c = peek();
    if (const auto found = letters.find(c); c != '\0' && found != std::string_view::npos) {
      out += meanings[found];
      ++at_;
      return true;
    }
    if (is_octal(c)) return read_digits(out, begin, 3, 8, bytes);
    ++at_;
    if (c == 'x' || c == 'X') return read_digits(out, begin, 2, 16, bytes);
    if (c == 'u' && !bytes) return read_digits(out, begin, 4, 16, bytes);
    if (c == 'U' && !bytes) return read_digits(out, begin, 8, 16, bytes);
    fail(begin, "no such escape; a backslash is written \\\\, or put r before the string");
    return false;
  }

  bool read_digits(std::string& out, std::size_t begin, int count, int base, bool bytes) {
    char32_t value = 0;
    for (int i = 0; i < count; ++i, ++at_) {
      const int digit = hex_digit(peek());
      if (digit < 0 || digit >= base) {
        fail(begin, "this escape wants " + std::to_string(count) +
                        (base == 8 ? " octal digits" : " hexadecimal digits"));
        return false;
      }
      value = value * static_cast<char32_t>(base) + static_cast<char32_t>(digit);
    }
    const bool too_large = value > (base == 8 ? 0xFFU : kMaxCodePoint);
    if (too_large || is_surrogate(value)) {
      fail(begin, "this escape is no character");
      return false;
    }
    if (bytes)
      out += static_cast<char>(static_cast<unsigned char>(value));
    else
      append_utf8(out, value);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
  std::optional<Issue> issue_;
};

}  // namespace

tl::expected<std::vector<Token>, Issue> lex(std::string_view text) {
  return Lexer(text).run();
}

}  // namespace plumbline::cel
