// SPDX-License-Identifier: Apache-2.0
// Texts and dates that people wrote, made clean or refused with a reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

enum class Lines { one, many };

/// Without blanks at its ends and with plain line feeds. Refuses what is longer than `limit_bytes`, not UTF-8, or holds
/// control characters or marks that turn the direction of text round; `what` names it in the message.
Result<std::string> clean_text(std::string_view what, std::string_view text, std::size_t limit_bytes, Lines lines);

/// "2026-12-01" as midnight UTC between the years 2000 and 2199; an empty text is no date.
Result<std::optional<std::int64_t>> clean_date(std::string_view what, std::string_view text);
/// "2026-12-01"
std::string iso_date(std::int64_t moment);

/// "12.5" between -kMostKpiValue and kMostKpiValue; an empty text is no number.
Result<std::optional<double>> clean_number(std::string_view what, std::string_view text);
/// The shortest text that reads back as the same number.
std::string exact_number(double value);

}  // namespace plumbline
