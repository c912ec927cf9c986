// SPDX-License-Identifier: Apache-2.0
// A message as it travels: RFC 5322 headers, RFC 2047 words, RFC 2045 bodies. Nothing that a name holds can begin a header
// of its own: line breaks are gone before a header is written, and all but plain ASCII is encoded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plumbline {

struct MailMessage {
  std::string from, from_name;       // an address that is_mail_address()
  std::vector<std::string> to;
  std::string subject, text, html;   // UTF-8
  std::int64_t date = 0;
  std::string id;                    // of letters and digits: the left side of the Message-ID
  std::string attachment_name, attachment_type, attachment;  // none where the name is empty
};

/// Lines end in CR LF and are at most 998 bytes, bodies at most 76. The same message gives the same bytes.
std::string mail_bytes(const MailMessage& message);

/// For headers: as it is where it is plain, else as encoded words of at most 75 characters, folded.
std::string encoded_words(std::string_view text);
std::string quoted_printable(std::string_view text);
std::string base64_lines(std::string_view bytes);

}  // namespace plumbline
