// SPDX-License-Identifier: Apache-2.0
// What an expression costs at least and at most before it runs, in the units that the Meter charges: every
// step one, loops times the size of what they go over, functions what their row says.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "rules/cel/functions.h"
#include "rules/cel/plan.h"

namespace plumbline::cel {

/// How large a value may be.
struct Extent {
  Bounds bytes;                 // of a text or bytes
  Bounds elements;              // of a list or map
  std::uint64_t compared = 1;   // units to compare all of it with its like, at most
  std::uint64_t written = 30;   // bytes when all of it is written as text, at most
  bool keyed = false;           // it may be a map
  std::uint64_t key_bytes = 0;  // of the longest key of a map
  bool sure = false;            // it is there: neither an error nor unknown
  bool is_text = false;
  std::uint64_t number = std::numeric_limits<std::uint64_t>::max();  // a whole number is at most that
  const std::string* constant = nullptr;                             // the text, where the expression says it
  bool open = false;                                                 // anything may lie inside
  std::shared_ptr<const Extent>
      element;       // of a list or optional, or a map's values; nullptr: scalar, open or object
  TypePtr object;    // its members are looked up when they are asked for
  std::string path;  // of that object
};

/// What one call does: the units it charges at most, and its result; by the row's result type where it is not
/// said.
struct Estimate {
  std::uint64_t units = 0;
  std::optional<Extent> result;
};

/// Estimators for rows of functions. "Ten bytes" are what Meter::spend_bytes() counts.
namespace cost {
Estimate nothing(std::span<const Extent>);        // charges nothing
Estimate first(std::span<const Extent>);          // charges nothing and gives its first argument
Estimate short_text(std::span<const Extent>);     // charges nothing and makes a text of a number or time
Estimate read_first(std::span<const Extent>);     // ten bytes of the first argument
Estimate read_second(std::span<const Extent>);    // ten bytes of the second argument
Estimate read_all(std::span<const Extent>);       // ten bytes of all arguments
Estimate change_first(std::span<const Extent>);   // reads a text and gives one of at most its length
Estimate double_first(std::span<const Extent>);   // … of at most twice its length and a few bytes
Estimate one_character(std::span<const Extent>);  // reads a text and gives a character of it
Estimate search(std::span<const Extent>);         // ten bytes of both texts
Estimate replace(std::span<const Extent>);
Estimate split(std::span<const Extent>);
Estimate join(std::span<const Extent>);
Estimate format(std::span<const Extent>);
Estimate match(std::span<const Extent>);  // a pattern that is compiled when it runs
Estimate add(std::span<const Extent>);    // two numbers, texts or lists
Estimate equal(std::span<const Extent>);
Estimate order(std::span<const Extent>);
Estimate in_list(std::span<const Extent>);
Estimate in_map(std::span<const Extent>);
Estimate index_list(std::span<const Extent>);
Estimate index_map(std::span<const Extent>);
Estimate each_element(std::span<const Extent>);  // a unit an element of the first argument, gives one of them
Estimate zone(std::span<const Extent>);          // a time zone's file is read
Estimate size_of_text(std::span<const Extent>);  // code points are counted
Estimate size(std::span<const Extent>);          // of what knows its size
Estimate part_of_first(
    std::span<const Extent>);                   // charges nothing and gives a text out of the first argument
Estimate read_opaque(std::span<const Extent>);  // ten bytes; the result holds the text
Estimate find(std::span<const Extent>);         // a pattern, once
Estimate find_all(std::span<const Extent>);
Estimate replace_all(std::span<const Extent>);
Estimate sort(std::span<const Extent>);
Estimate compare_each(std::span<const Extent>);  // each element with its neighbour or the best so far
Estimate sum(std::span<const Extent>);
Estimate part_of_list(std::span<const Extent>);  // a unit an element, and gives some of them
Estimate flatten(std::span<const Extent>);
Estimate range(std::span<const Extent>);
Estimate find_element(std::span<const Extent>);
Estimate distinct(std::span<const Extent>);
Estimate contain(std::span<const Extent>);
Estimate equivalent(std::span<const Extent>);
Estimate wrap(std::span<const Extent>);  // an optional of the first argument
Estimate unwrap(std::span<const Extent>);
Estimate wrap_element(std::span<const Extent>);  // of a list, as an optional
Estimate wrap_value(std::span<const Extent>);    // of a map, as an optional
Estimate unwrap_each(std::span<const Extent>);
Estimate either(std::span<const Extent>);  // an optional's content or the second argument
Estimate either_optional(std::span<const Extent>);
Estimate query(std::span<const Extent>);  // of a URL
/// To put so many elements in order by keys of so many bytes.
std::uint64_t sort_units(std::uint64_t count, std::uint64_t key_bytes);
}  // namespace cost

/// Of a plan whose variables have these types, in the order of Plan::variables; nullptr: any.
Bounds estimate(const Plan& plan, std::span<const TypePtr> variables, const Sizes& sizes);

}  // namespace plumbline::cel
