// SPDX-License-Identifier: Apache-2.0
// Numbers, counts, efforts and fact values as a person reads them, and the slots of rule wordings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/report/phrases.h"
#include "rules/assessment.h"

namespace plumbline {

/// "1,204"
std::string grouped(std::int64_t number);
/// "no hosts", "1 host", "1,204 hosts"; the plural is the noun and an s where none is given.
std::string count_of(std::size_t number, std::string_view one, std::string_view many = {});
/// "one", "two" … "nine", then figures.
std::string small_number(std::size_t number);
/// A share 0..1 as "88%": never 100% or 0% unless it is exactly that.
std::string percent(double share);
/// A pillar's 0..100 as "66"; an en dash where there is none.
std::string out_of_hundred(const std::optional<double>& value);
/// Whole points that never reach into a level above: 49.6 is "49"; the upper bound rounds up.
std::string whole_points(Tenths value);
std::string whole_points_up(Tenths value);
/// Tenths of a point with one decimal: "41.3".
std::string points_text(Tenths tenths);
/// A number with this many decimals, in the language's way.
std::string decimal_text(double number, int decimals);
/// "+4.1", or "under 0.1" where it rounds to nothing.
std::string gain_text(Tenths gain);
/// Person-days as "1 hour", "half a day", "3 days".
std::string effort_text(double days);
/// "23 November 2026", "23 November", "March 2027", "4 min ago".
std::string date_text(std::int64_t seconds);
std::string day_text(std::int64_t seconds);
std::string month_text(std::int64_t seconds);
std::string age_text(std::int64_t seconds_ago);
/// Names of what the score is made of, and "under $5,000".
std::string level_text(int level);
std::string pillar_text(Pillar pillar);
std::string cost_text(CostClass cost);
/// "60 to 130 people", rounded down to two figures; "about 55 people" where both ends are alike.
std::string people_text(const PeopleRange& people);
/// The two ends of it as they are shown: two figures each, rounded down.
PeopleRange shown_people(const PeopleRange& people);
/// "16.4 GB": units of 1000, one decimal below 100.
std::string bytes_text(double bytes);
/// "3 days", "14 hours"; for spans read from hosts.
std::string seconds_text(double seconds);
/// A fact's value with its unit: "yes", "3,200 MHz", "16.4 GB", "a, b". Objects are left to tables.
std::string fact_text(const nlohmann::json& value, std::string_view unit);
/// "a, b and 3 more"
std::string listed(const std::vector<std::string>& parts, std::size_t most);
/// The first sentence of a text, without its full stop.
std::string first_sentence(std::string_view text);
/// First letter in upper case (ASCII).
std::string capitalised(std::string text);
std::string with_full_stop(std::string text);

/// Puts values into "{failing} of {applicable} servers …", once, so that a value that looks like a slot stays text.
/// Nouns and verbs after a count of one agree with it: "1 servers are" becomes "1 server is". A slot that is not
/// known stays as it is written.
std::string fill_slots(std::string_view wording, const Slots& slots);

/// Reading ease of a text for the CEO page: words, and the Flesch-Kincaid grade.
struct Readability {
  std::size_t words = 0;
  std::size_t sentences = 0;
  double grade = 0;
};
Readability read_ease(std::string_view text);

}  // namespace plumbline
