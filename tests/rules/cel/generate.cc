// SPDX-License-Identifier: Apache-2.0
// Grows an expression from the type it must have.
#include "tests/rules/cel/generate.h"

#include "rules/cel/types.h"

namespace plumbline::cel {

const Declarations& Generator::declarations() {
  static const Declarations out = [] {
    const TypePtr whole = simple_type(Type::int_type), text = simple_type(Type::string);
    Type object;
    object.kind = Type::object;
    object.members = {
        {"name", text}, {"size", whole}, {"load", simple_type(Type::number)}, {"tags", list_of(text)}};
    const auto shared = std::make_shared<const Type>(std::move(object));
    return Declarations{{"i", whole},
                        {"j", whole},
                        {"u", simple_type(Type::uint_type)},
                        {"d", simple_type(Type::number)},
                        {"e", simple_type(Type::number)},
                        {"b", simple_type(Type::boolean)},
                        {"c", simple_type(Type::boolean)},
                        {"s", text},
                        {"t", text},
                        {"l", list_of(whole)},
                        {"f", list_of(simple_type(Type::number))},
                        {"w", list_of(text)},
                        {"m", map_of(text, whole)},
                        {"o", shared},
                        {"p", list_of(shared)}};
  }();
  return out;
}

std::uint64_t Generator::next() {  // splitmix64
  std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

std::string Generator::expression() {
  locals_.clear();
  names_ = 0;
  static constexpr Kind kinds[] = {Kind::truth,  Kind::truth,  Kind::truth,  Kind::whole, Kind::natural,
                                   Kind::real,   Kind::text,   Kind::wholes, Kind::texts, Kind::reals,
                                   Kind::counts, Kind::moment, Kind::span,   Kind::octets};
  return of(kinds[below(std::size(kinds))], 1 + static_cast<int>(below(4)));
}

std::string Generator::generated_text(std::size_t size) {
  std::string out;
  const std::size_t wanted = below(size + 1);
  while (true) {
    const std::string_view part =
        pick({"a", "b", "ab", "x", "Z", "0", "7", " ", "-", ".", ",", "ä", "日", "😀", "/"});
    if (out.size() + part.size() > wanted) return out;
    out += part;
  }
}

nlohmann::json Generator::document(std::size_t size) {
  using nlohmann::json;
  const auto number = [&] { return static_cast<std::int64_t>(below(41)) - 20; };
  const auto real = [&] { return static_cast<double>(number()) / 4; };
  const auto list = [&](auto make) {
    json out = json::array();
    for (std::size_t n = below(size + 1); n > 0; --n) out.push_back(make());
    return out;
  };
  const auto words = [&] { return generated_text(size); };
  const auto object = [&] {
    return json{{"name", words()}, {"size", number()}, {"load", real()}, {"tags", list(words)}};
  };
  json counts = json::object();
  for (std::size_t n = below(size + 1); n > 0; --n) counts[words()] = number();
  if (one_in(2)) counts["a"] = number();
  if (counts.size() > size) counts.erase(counts.begin());
  return {{"i", number()},   {"j", number()},    {"u", below(20)}, {"d", real()},   {"e", real()},
          {"b", one_in(2)},  {"c", one_in(2)},   {"s", words()},   {"t", words()},  {"l", list(number)},
          {"f", list(real)}, {"w", list(words)}, {"m", counts},    {"o", object()}, {"p", list(object)}};
}

std::string Generator::quoted() {
  return std::string(
      pick({"''", "'a'", "\"ab\"", "'b'", "'Z9'", "' x '", "'a,b'", "'ä日'", "'\\u00e4'", "'😀'", "'\\n'",
            "r'\\d'", "'0'", "'12'", "'-3'", "'1.5'", "'true'", "\"it's\"", "'''q'''"}));
}

std::string Generator::leaf(Kind kind) {
  std::vector<std::string> known;
  for (const auto& [name, type] : locals_)
    if (type == kind) known.push_back(name);
  if (!known.empty() && !one_in(3)) return known[below(known.size())];
  switch (kind) {
    case Kind::whole:
      return std::string(pick({"i", "j", "0", "1", "2", "3", "7", "-1", "10", "0x1F", "o.size",
                               "9223372036854775807", "-9223372036854775808"}));
    case Kind::natural:
      return std::string(pick({"u", "0u", "1u", "3u", "10u", "18446744073709551615u"}));
    case Kind::real:
      return std::string(pick({"d", "e", "0.0", "1.0", "0.5", "-2.25", "1e3", "o.load", "-0.0"}));
    case Kind::truth:
      return std::string(pick({"b", "c", "true", "false", "has(o.name)"}));
    case Kind::text:
      return one_in(2) ? std::string(pick({"s", "t", "o.name"})) : quoted();
    case Kind::octets:
      return std::string(pick({"b'a'", "b''", "b'\\xff\\x00'", "b'ab'", "bytes(s)"}));
    case Kind::wholes:
      return std::string(pick({"l", "[1, 2, 3]", "[0]", "[i, j]"}));
    case Kind::reals:
      return std::string(pick({"f", "[0.5, 1.5]", "[d]"}));
    case Kind::texts:
      return std::string(pick({"w", "['a', 'b']", "[s]", "o.tags"}));
    case Kind::counts:
      return std::string(pick({"m", "{'a': 1, 'b': 2}", "{s: i}"}));
    case Kind::moment:
      return "timestamp('" +
             std::string(pick({"2026-11-23T19:35:00Z", "1970-01-01T00:00:00Z", "2024-02-29T23:59:59.5Z",
                               "1999-12-31T12:00:00+02:00"})) +
             "')";
    case Kind::span:
      return "duration('" + std::string(pick({"0s", "1h", "90m", "1.5s", "-3h30m", "250ms"})) + "')";
    case Kind::object:
      return "o";
    case Kind::objects:
      return "p";
  }
  return "0";
}

std::string Generator::of(Kind kind, int depth) {
  if (depth <= 0 || one_in(8)) return leaf(kind);
  if (one_in(12)) return choice(kind, depth - 1);
  if (extended_ && one_in(14)) {
    static constexpr Kind kinds[] = {Kind::whole, Kind::text,   Kind::wholes,
                                     Kind::texts, Kind::counts, Kind::truth};
    const Kind bound = kinds[below(std::size(kinds))];
    const std::string name = "v" + std::to_string(names_++);
    const std::string value = of(bound, depth - 1);
    return "cel.bind(" + name + ", " + value + ", " + with_local(bound, name, kind, depth - 1) + ")";
  }
  switch (kind) {
    case Kind::whole:
      return whole(depth - 1);
    case Kind::natural:
      return natural(depth - 1);
    case Kind::real:
      return real(depth - 1);
    case Kind::truth:
      return truth(depth - 1);
    case Kind::text:
      return text(depth - 1);
    case Kind::octets:
      return one_in(2) ? "bytes(" + of(Kind::text, depth - 1) + ")" : infix(kind, {"+"}, depth - 1);
    case Kind::wholes:
      return wholes(depth - 1);
    case Kind::reals:
      return reals(depth - 1);
    case Kind::texts:
      return texts(depth - 1);
    case Kind::counts:
      if (extended_ && one_in(3))
        return of(Kind::counts, depth - 1) + ".transformMap(k, v, " +
               std::string(pick({"v + 1", "v > 0, -v", "size(k)"})) + ")";
      return "{" + of(Kind::text, depth - 1) + ": " + of(Kind::whole, depth - 1) +
             ", 'zz': " + leaf(Kind::whole) + "}";
    case Kind::moment:
      return "(" + leaf(kind) + " + " + of(Kind::span, depth - 1) + ")";
    case Kind::span:
      return one_in(2) ? "(" + leaf(Kind::moment) + " - " + leaf(Kind::moment) + ")"
                       : infix(kind, {"+", "-"}, depth - 1);
    case Kind::object:
    case Kind::objects:
      return leaf(kind);
  }
  return leaf(kind);
}

std::string Generator::infix(Kind kind, Weighted operators, int depth) {
  std::string out = of(kind, depth) + " " + std::string(pick(operators)) + " " + of(kind, depth);
  return "(" + out + ")";
}

std::string Generator::choice(Kind kind, int depth) {
  return "(" + of(Kind::truth, depth) + " ? " + of(kind, depth) + " : " + of(kind, depth) + ")";
}

std::string Generator::with_local(Kind kind, const std::string& name, Kind body, int depth) {
  locals_.emplace_back(name, kind);
  std::string out = of(body, depth);
  locals_.pop_back();
  return out;
}

std::string Generator::literal_list(Kind element, int depth) {
  std::string out = "[";
  for (std::size_t n = 1 + below(3), i = 0; i < n; ++i) out += (i == 0 ? "" : ", ") + of(element, depth);
  return out + "]";
}

std::string Generator::any_list(Kind& element, int depth) {
  switch (below(3)) {
    case 0:
      element = Kind::whole;
      return of(Kind::wholes, depth);
    case 1:
      element = Kind::text;
      return of(Kind::texts, depth);
    default:
      element = Kind::real;
      return of(Kind::reals, depth);
  }
}

/// What only newer libraries have: optionals, more of lists, sets, patterns, addresses and versions.
std::string Generator::newer(Kind kind, int depth) {
  const std::string name = "v" + std::to_string(names_++);
  switch (kind) {
    case Kind::whole:
      switch (below(5)) {
        case 0:
          return of(Kind::counts, depth) + "[?" + std::string(pick({"'a'", "s", "'zz'"})) + "].orValue(" +
                 of(Kind::whole, depth) + ")";
        case 1:
          return std::string(pick({"o.?size", "p[?0].?size", "l.first()", "l[?i]", "l.last()",
                                   "optional.of(j)", "optional.none()", "optional.ofNonZeroValue(i)"})) +
                 std::string(pick({".orValue(3)", ".or(optional.of(7)).value()", ".value()"}));
        case 2:
          return of(Kind::wholes, depth) +
                 std::string(pick({".sum()", ".min()", ".max()", ".indexOf(2)", ".lastIndexOf(i)"}));
        case 3:
          return "cel.bind(" + name + ", " + of(Kind::truth, depth) + ", " + name + " ? " +
                 leaf(Kind::whole) + " : " + of(Kind::whole, depth) + ")";
        default:
          return "optional.of(" + of(Kind::whole, depth) + ").optMap(" + name + ", " + name +
                 " + 1).orValue(0)";
      }
    case Kind::truth:
      switch (below(5)) {
        case 0:
          return std::string(pick({"o.?name", "m[?'a']", "p[?1]", "l.first()", "o.?tags[?0]"})) +
                 ".hasValue()";
        case 1:
          return std::string(pick({"sets.contains(", "sets.intersects(", "sets.equivalent("})) +
                 of(Kind::wholes, depth) + ", " + of(Kind::wholes, depth) + ")";
        case 2:
          return std::string(pick({"isIP(", "isCIDR(", "isSemver(", "isQuantity(", "isURL("})) +
                 of(Kind::text, depth) + ")";
        case 3:
          return of(Kind::texts, depth) +
                 std::string(pick({".isSorted()", ".distinct().isSorted()", ".includes('a')"}));
        default:
          return "cel.bind(" + name + ", " + of(Kind::truth, depth) + ", " + name + " && " +
                 of(Kind::truth, depth) + ")";
      }
    case Kind::text:
      switch (below(4)) {
        case 0:
          return "regex.replace(" + of(Kind::text, depth) + ", '[a-b]', 'x')";
        case 1:
          return of(Kind::text, depth) + std::string(pick({".find('a+')", ".findAll('[ab]').join('-')"}));
        case 2:
          return of(Kind::texts, depth) +
                 std::string(pick({".sort().join()", ".max()", ".first().orValue('none')"}));
        default:
          return std::string(pick({"o.?name", "w[?0]", "regex.extract(s, 'a(b)')"})) + ".orValue(" +
                 leaf(Kind::text) + ")";
      }
    case Kind::wholes:
      return one_in(4)   ? "lists.range(" + std::string(pick({"3", "size(l)", "i"})) + ")"
             : one_in(4) ? of(Kind::wholes, depth) + ".sortBy(" + name + ", " +
                               with_local(Kind::whole, name, Kind::whole, depth) + ")"
             : one_in(3) ? "[" + of(Kind::wholes, depth) + ", " + of(Kind::wholes, depth) + "].flatten()"
                         : of(Kind::wholes, depth) +
                               std::string(pick({".sort()", ".distinct()", ".reverse()", ".slice(0, 1)"}));
    default:
      return leaf(kind);
  }
}

std::string Generator::whole(int depth) {
  if (extended_ && one_in(5)) return newer(Kind::whole, depth);
  switch (below(extended_ ? 13 : 10)) {
    case 0:
    case 1:
      return infix(Kind::whole, {"+", "-", "*", "/", "%"}, depth);
    case 2:  // without brackets: precedence decides
      return "(" + leaf(Kind::whole) + std::string(pick({" + ", " - ", " * "})) + leaf(Kind::whole) +
             std::string(pick({" * ", " / ", " % ", " - "})) + leaf(Kind::whole) + ")";
    case 3:
      return "-(" + of(Kind::whole, depth) + ")";
    case 4: {
      Kind element{};
      return "size(" +
             (one_in(2)   ? of(Kind::text, depth)
              : one_in(3) ? of(Kind::counts, depth)
                          : any_list(element, depth)) +
             ")";
    }
    case 5:
      return "int(" +
             (one_in(3)   ? of(Kind::text, depth)
              : one_in(2) ? of(Kind::real, depth)
                          : of(Kind::natural, depth)) +
             ")";
    case 6:
      return of(Kind::wholes, depth) + "[" + std::string(pick({"0", "1", "2", "i"})) + "]";
    case 7:
      return of(Kind::counts, depth) + "[" + std::string(pick({"'a'", "'b'", "s"})) + "]";
    case 8:
      return of(Kind::moment, depth) +
             std::string(pick({".getFullYear()", ".getMonth()", ".getDayOfMonth()", ".getDate()",
                               ".getDayOfWeek()", ".getHours()", ".getMinutes()", ".getSeconds()",
                               ".getMilliseconds()", ".getDayOfYear()"}));
    case 9:
      return of(Kind::span, depth) + std::string(pick({".getHours()", ".getMinutes()", ".getSeconds()"}));
    case 10:
      return of(Kind::text, depth) + std::string(pick({".indexOf(", ".lastIndexOf("})) + leaf(Kind::text) +
             ")";
    case 11:
      return std::string(pick({"math.greatest(", "math.least("})) + of(Kind::whole, depth) + ", " +
             leaf(Kind::whole) + ")";
    default:
      return std::string(pick({"math.greatest(", "math.least("})) + of(Kind::wholes, depth) + ")";
  }
}

std::string Generator::natural(int depth) {
  if (one_in(3)) return "uint(" + of(Kind::whole, depth) + ")";
  return infix(Kind::natural, {"+", "-", "*", "/", "%"}, depth);
}

std::string Generator::real(int depth) {
  switch (below(5)) {
    case 0:
      return "double(" + of(Kind::whole, depth) + ")";
    case 1:
      return "double(" + of(Kind::text, depth) + ")";
    case 2:
      return "-(" + of(Kind::real, depth) + ")";
    default:
      return infix(Kind::real, {"+", "-", "*", "/"}, depth);
  }
}

std::string Generator::comparison(int depth) {
  static constexpr Kind ordered[] = {Kind::whole, Kind::natural, Kind::real,   Kind::text,
                                     Kind::truth, Kind::octets,  Kind::moment, Kind::span};
  static constexpr Kind equal_only[] = {Kind::wholes, Kind::reals, Kind::texts, Kind::counts};
  if (one_in(4)) {
    const Kind kind = equal_only[below(std::size(equal_only))];
    return "(" + of(kind, depth) + std::string(pick({" == ", " != "})) + of(kind, depth) + ")";
  }
  if (one_in(8))
    return "(" + of(Kind::whole, depth) + std::string(pick({" < ", " >= ", " == "})) + of(Kind::real, depth) +
           ")";
  return infix(ordered[below(std::size(ordered))], {"==", "!=", "<", "<=", ">", ">="}, depth);
}

std::string Generator::quantifier(int depth) {
  const std::string name = "v" + std::to_string(names_++);
  if (one_in(5)) {
    const std::string body = std::string(pick({".size > ", ".size == ", ".size < "})) + leaf(Kind::whole);
    return "p." + std::string(pick({"all", "exists", "exists_one"})) + "(" + name + ", " + name + body + ")";
  }
  Kind element{};
  const std::string list = any_list(element, depth);
  const std::string macro(pick({"all", "exists", "exists_one"}));
  if (extended_ && one_in(4)) {
    locals_.emplace_back(name + "i", Kind::whole);
    std::string out = list + "." + (macro == "exists_one" ? "existsOne" : macro) + "(" + name + "i, " + name +
                      ", " + with_local(element, name, Kind::truth, depth) + ")";
    locals_.pop_back();
    return out;
  }
  if (one_in(6))
    return of(Kind::counts, depth) + "." + macro + "(" + name + ", " +
           with_local(Kind::text, name, Kind::truth, depth) + ")";
  return list + "." + macro + "(" + name + ", " + with_local(element, name, Kind::truth, depth) + ")";
}

std::string Generator::truth(int depth) {
  if (extended_ && one_in(6)) return newer(Kind::truth, depth);
  switch (below(10)) {
    case 0:
    case 1:
      return infix(Kind::truth, {"&&", "||"}, depth);
    case 2:
      return "(" + of(Kind::truth, depth) + " || " + leaf(Kind::truth) + " && " + of(Kind::truth, depth) +
             ")";
    case 3:
      return "!" + (one_in(2) ? leaf(Kind::truth) : "(" + of(Kind::truth, depth) + ")");
    case 4:
      return of(Kind::text, depth) + std::string(pick({".contains(", ".startsWith(", ".endsWith("})) +
             of(Kind::text, depth) + ")";
    case 5:
      return of(Kind::text, depth) + ".matches(" +
             std::string(pick({"'a+'", "'^a'", "r'^\\d+$'", "'[a-z]*b'", "'x|y'", "'.'"})) + ")";
    case 6:
      return "(" +
             (one_in(2) ? of(Kind::whole, depth) + " in " + of(Kind::wholes, depth)
                        : of(Kind::text, depth) + " in " +
                              (one_in(2) ? of(Kind::texts, depth) : of(Kind::counts, depth))) +
             ")";
    case 7:
      return quantifier(depth);
    default:
      return comparison(depth);
  }
}

std::string Generator::text(int depth) {
  if (extended_ && one_in(6)) return newer(Kind::text, depth);
  switch (below(extended_ ? 12 : 5)) {
    case 0:
    case 1:
      return infix(Kind::text, {"+"}, depth);
    case 2:
      return "string(" +
             (one_in(3)   ? of(Kind::real, depth)
              : one_in(2) ? of(Kind::truth, depth)
                          : of(Kind::whole, depth)) +
             ")";
    case 3:
      return of(Kind::texts, depth) + "[" + std::string(pick({"0", "1", "i"})) + "]";
    case 4:
      return "string(" + (one_in(2) ? of(Kind::natural, depth) : of(Kind::octets, depth)) + ")";
    case 5:
      return of(Kind::text, depth) +
             std::string(pick({".trim()", ".lowerAscii()", ".upperAscii()", ".reverse()"}));
    case 6:
      return of(Kind::text, depth) + ".replace(" + leaf(Kind::text) + ", " + of(Kind::text, depth) + ")";
    case 7:
      return of(Kind::text, depth) + ".substring(" + std::string(pick({"0", "1", "0, 1", "1, 2", "i"})) + ")";
    case 8:
      return of(Kind::texts, depth) + ".join(" + (one_in(2) ? "" : leaf(Kind::text)) + ")";
    case 9:
      return "'%s-%d %s'.format([" + of(Kind::text, depth) + ", " + of(Kind::whole, depth) + ", " +
             of(Kind::wholes, depth) + "])";
    case 10:
      return "strings.quote(" + of(Kind::text, depth) + ")";
    default:
      return of(Kind::text, depth) + ".charAt(" + std::string(pick({"0", "1", "i"})) + ")";
  }
}

std::string Generator::mapped(Kind element, int depth) {
  Kind from{};
  const std::string list = any_list(from, depth), name = "v" + std::to_string(names_++);
  if (one_in(4))
    return list + ".map(" + name + ", " + with_local(from, name, Kind::truth, depth - 1) + ", " +
           with_local(from, name, element, depth - 1) + ")";
  if (extended_ && one_in(4)) {
    locals_.emplace_back(name + "i", Kind::whole);
    std::string out = list + ".transformList(" + name + "i, " + name + ", " +
                      with_local(from, name, element, depth - 1) + ")";
    locals_.pop_back();
    return out;
  }
  return list + ".map(" + name + ", " + with_local(from, name, element, depth - 1) + ")";
}

std::string Generator::wholes(int depth) {
  if (extended_ && one_in(5)) return newer(Kind::wholes, depth);
  const std::string name = "v" + std::to_string(names_++);
  switch (below(4)) {
    case 0:
      return literal_list(Kind::whole, depth);
    case 1:
      return of(Kind::wholes, depth) + ".filter(" + name + ", " +
             with_local(Kind::whole, name, Kind::truth, depth) + ")";
    case 2:
      return infix(Kind::wholes, {"+"}, depth);
    default:
      return mapped(Kind::whole, depth);
  }
}

std::string Generator::reals(int depth) {
  return one_in(2) ? literal_list(Kind::real, depth) : mapped(Kind::real, depth);
}

std::string Generator::texts(int depth) {
  const std::string name = "v" + std::to_string(names_++);
  switch (below(extended_ ? 6 : 5)) {
    case 0:
      return literal_list(Kind::text, depth);
    case 1:
      return of(Kind::texts, depth) + ".filter(" + name + ", " +
             with_local(Kind::text, name, Kind::truth, depth) + ")";
    case 2:
      return infix(Kind::texts, {"+"}, depth);
    case 3:
      return "p.map(" + name + ", " + name + ".name)";
    case 4:
      return mapped(Kind::text, depth);
    default:
      return of(Kind::text, depth) + ".split(" + std::string(pick({"','", "''", "'a'"})) + ")";
  }
}

}  // namespace plumbline::cel
