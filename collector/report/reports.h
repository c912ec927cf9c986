// SPDX-License-Identifier: Apache-2.0
// The views of the three reports, each filled into its template as a file or as a page of the site.
#pragma once

#include <string>

#include "collector/report/view.h"

namespace plumbline {

inline constexpr std::size_t kMostWordsOnCeoPage = 250;  // goal U2

View ceo_view(const ReportInput& input);
View cio_view(const ReportInput& input);
View it_view(const ReportInput& input);

/// Whose report it is, its date, and the versions and dates of rules and catalogues.
void put_method(View& view, const ReportInput& input);
/// The decision in a sentence: what the CEO page begins with.
std::string ceo_headline(const ReportInput& input);
/// What a reader sees of a page: its text without tags, head and style.
std::string visible_text(std::string_view html);

}  // namespace plumbline
