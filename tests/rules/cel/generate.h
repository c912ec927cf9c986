// SPDX-License-Identifier: Apache-2.0
// Typed expressions and documents from a seed: the same ones on every machine.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/cel/cel.h"

namespace plumbline::cel {

class Generator {
 public:
  /// Without `extended`, only what every implementation of the language has.
  Generator(std::uint64_t seed, bool extended) : state_(seed * 2 + 1), extended_(extended) {}

  /// The names that expressions use: i j int, u uint, d e double, b c bool, s t string, l ints, f doubles, w
  /// strings, m a map of ints, o an object, p a list of such.
  static const Declarations& declarations();
  /// One that passes the checker, of any type.
  std::string expression();
  /// Every name with a value of its type; no list, map or text is larger than `size`.
  nlohmann::json document(std::size_t size);

 private:
  enum class Kind {
    whole,
    natural,
    real,
    truth,
    text,
    octets,
    wholes,
    reals,
    texts,
    counts,
    moment,
    span,
    object,
    objects
  };
  using Weighted = std::initializer_list<std::string_view>;

  std::uint64_t next();
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(next() % end); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string_view pick(Weighted words) { return words.begin()[below(words.size())]; }

  std::string of(Kind kind, int depth);
  std::string leaf(Kind kind);
  std::string newer(Kind kind, int depth);
  std::string whole(int depth);
  std::string natural(int depth);
  std::string real(int depth);
  std::string truth(int depth);
  std::string text(int depth);
  std::string texts(int depth);
  std::string wholes(int depth);
  std::string reals(int depth);
  std::string infix(Kind kind, Weighted operators, int depth);
  std::string comparison(int depth);
  std::string quantifier(int depth);
  std::string mapped(Kind element, int depth);
  std::string with_local(Kind kind, const std::string& name, Kind body, int depth);
  std::string choice(Kind kind, int depth);
  std::string literal_list(Kind element, int depth);
  std::string quoted();
  std::string any_list(Kind& element, int depth);
  std::string generated_text(std::size_t size);

  std::uint64_t state_;
  bool extended_;
  std::vector<std::pair<std::string, Kind>> locals_;
  int names_ = 0;
};

}  // namespace plumbline::cel
