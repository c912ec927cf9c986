// SPDX-License-Identifier: Apache-2.0
// Bytes of a message.
#include "collector/digest/mail.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "base/time.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostBodyColumns = 76;
constexpr std::size_t kWordBytes = 39;             // 52 characters of base64, with "=?UTF-8?B?" and "?=" below 75
constexpr std::size_t kMostPlainHeader = 60;       // longer ones are encoded, and so folded
constexpr std::size_t kMostHeaderText = 400;

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    for (std::size_t next = 0; next < 3; ++next) group = group << 8 | (next < count ? static_cast<unsigned char>(bytes[at + next]) : 0u);
    for (std::size_t next = 0; next < 4; ++next) text += next <= count ? kDigits[group >> (18 - 6 * next) & 63u] : '=';
  }
  return text;
}

/// One line of bounded length, without control characters.
std::string header_text(std::string_view text) {
  std::string safe = to_utf8(text);
  for (char& c : safe)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  if (safe.size() <= kMostHeaderText) return safe;
  std::size_t end = kMostHeaderText;
  while (end > 0 && (static_cast<unsigned char>(safe[end]) & 0xC0u) == 0x80u) --end;
  return safe.substr(0, end) + "…";
}

std::string header(std::string_view name, std::string_view value) { return std::string(name) + ": " + std::string(value) + "\r\n"; }

/// "Mon, 23 Nov 2026 19:35:00 +0000"
std::string mail_date(std::int64_t seconds) {
  static constexpr std::array<const char*, 7> kDays = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};  // the epoch's first
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::int64_t kDaySeconds = 86'400;
  const std::string iso = to_iso8601(seconds);  // "2026-11-23T19:35:00Z"
  const auto month = static_cast<std::size_t>(parse_u64(iso.substr(5, 2)).value_or(1) - 1);
  return std::string(kDays[static_cast<std::size_t>(seconds / kDaySeconds % 7)]) + ", " + iso.substr(8, 2) + " " + kMonths[month] + " " + iso.substr(0, 4) + " " + iso.substr(11, 8) + " +0000";
}

std::string mailbox(const std::string& name, const std::string& address) {
  return name.empty() ? "<" + address + ">" : encoded_words(name) + "\r\n <" + address + ">";
}

std::string recipients(const std::vector<std::string>& addresses) {
  std::string list;
  for (const auto& address : addresses) list += (list.empty() ? "<" : ",\r\n <") + address + ">";
  return list;
}

std::string part(std::string_view type, std::string_view encoding, std::string_view more, std::string_view body) {
  return header("Content-Type", type) + header("Content-Transfer-Encoding", encoding) + std::string(more) + "\r\n" + std::string(body) + "\r\n";
}

std::string alternatives(const MailMessage& message, const std::string& boundary) {
  return "--" + boundary + "\r\n" + part("text/plain; charset=utf-8", "quoted-printable", "", quoted_printable(message.text)) + "--" + boundary + "\r\n" +
         part("text/html; charset=utf-8", "quoted-printable", "", quoted_printable(message.html)) + "--" + boundary + "--\r\n";
}

/// Letters, digits, '-' and '.' alone may stand in the name of an attachment.
std::string file_name(std::string_view name) {
  std::string safe;
  for (const char c : name) safe += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ? c : '-';
  return safe;
}

}  // namespace

std::string encoded_words(std::string_view text) {
  const std::string safe = header_text(text);
  // Plain words of RFC 5322 ("atoms") need neither quotes nor encoding.
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view(" -_+/!*'").find(c) != std::string_view::npos; };
  const bool as_it_is = safe.size() <= kMostPlainHeader && trim(safe).size() == safe.size() && std::all_of(safe.begin(), safe.end(), plain);
  if (as_it_is && !safe.empty()) return safe;
  std::string words_text;
  for (std::size_t at = 0; at < safe.size();) {
    std::size_t end = std::min(at + kWordBytes, safe.size());
    while (end < safe.size() && end > at + 1 && (static_cast<unsigned char>(safe[end]) & 0xC0u) == 0x80u) --end;  // whole characters
    words_text += (words_text.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") + base64(std::string_view(safe).substr(at, end - at)) + "?=";
    at = end;
  }
  return words_text;
}

std::string quoted_printable(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string body, row;
  const auto add = [&](std::string piece) {
    if (row.size() + piece.size() > kMostBodyColumns - 1) {
      body += row + "=\r\n";
      row.clear();
    }
    row += piece;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte == '\n') {
      body += row + "\r\n";
      row.clear();
      continue;
    }
    const bool at_end = at + 1 == text.size() || text[at + 1] == '\n';
    const bool first_dot = byte == '.' && row.empty();           // what relays take for the end of a message
    const bool from_line = byte == 'F' && row.empty();           // what mailboxes take for the beginning of one
    const bool literal = ((byte > 0x20 && byte < 0x7f && byte != '=') || (byte == ' ' && !at_end)) && !first_dot && !from_line;
    add(literal ? std::string(1, static_cast<char>(byte)) : std::string("=") + kHex[byte >> 4] + kHex[byte & 15u]);
  }
  return body + row;
}

std::string base64_lines(std::string_view bytes) {
  const std::string all = base64(bytes);
  std::string body;
  for (std::size_t at = 0; at < all.size(); at += kMostBodyColumns) body += all.substr(at, kMostBodyColumns) + "\r\n";
  return body;
}

std::string mail_bytes(const MailMessage& message) {
  // "=_" can stand in no body of quoted-printable or base64, so no text can end a part.
  const std::string mark = sha256_hex(message.id + message.text).substr(0, 24);
  const std::string inner = "=_a" + mark, outer = "=_m" + mark;
  const std::string domain = message.from.substr(message.from.find('@') + 1);
  std::string bytes = header("Date", mail_date(message.date)) + header("From", mailbox(message.from_name, message.from)) + header("To", recipients(message.to)) +
                      header("Subject", encoded_words(message.subject)) + header("Message-ID", "<" + message.id + "@" + domain + ">") + header("Auto-Submitted", "auto-generated") + header("MIME-Version", "1.0");
  const std::string body = alternatives(message, inner);
  const std::string type = "multipart/alternative;\r\n boundary=\"" + inner + "\"";
  if (message.attachment_name.empty()) return bytes + header("Content-Type", type) + "\r\n" + body;
  const std::string name = file_name(message.attachment_name);
  return bytes + header("Content-Type", "multipart/mixed;\r\n boundary=\"" + outer + "\"") + "\r\n--" + outer + "\r\n" + header("Content-Type", type) + "\r\n" + body + "--" + outer + "\r\n" +
         part(message.attachment_type, "base64", header("Content-Disposition", "attachment; filename=\"" + name + "\""), base64_lines(message.attachment)) + "--" + outer + "--\r\n";
}

}  // namespace plumbline
