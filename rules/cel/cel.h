// SPDX-License-Identifier: Apache-2.0
// The Common Expression Language: compile a text against declared names, evaluate it on values. Knows no
// facts. Pipeline: lex → parse → check → plan → evaluate, each a file that uses only earlier ones.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/source.h"
#include "rules/cel/value.h"

namespace plumbline::cel {

/// A static type. `list`, `map`, `optional` and `type` use `element`; `object` has named members; `opaque` has a
/// name, and types as parameters where it is a template; `dyn` is checked only when run.
struct Type {
  enum Kind {
    dyn,
    null_type,
    boolean,
    int_type,
    uint_type,
    number,
    string,
    bytes,
    list,
    map,
    timestamp,
    duration,
    type,
    object,
    optional,
    opaque
  };
  Kind kind = dyn;
  std::shared_ptr<const Type> element;  // list: of its items; map: of its values; optional: of what it may hold
  std::vector<std::pair<std::string, std::shared_ptr<const Type>>> members;  // object
  std::shared_ptr<const Type> key;  // map: of its keys; absent: strings
  std::string name;                 // opaque: "net.IP"
  std::vector<std::shared_ptr<const Type>> parameters;  // opaque
};
std::string to_text(const Type& type);

/// The names an expression may use, each with its type.
using Declarations = std::vector<std::pair<std::string, std::shared_ptr<const Type>>>;

/// A mistake in an expression, with its place in it; the message may end with "; did you mean …".
struct Issue {
  std::size_t offset = 0;  // bytes from the start of the expression
  std::string message;
};

/// Gives a name's value when it is evaluated; Unknown where the fact is not there. It is asked with the
/// longest declared dotted name, once an evaluation. A declared member that the value lacks is Unknown by its
/// own path.
using Lookup = std::function<Value(std::string_view name)>;

inline constexpr std::chrono::milliseconds kNoTimeLimit = std::chrono::milliseconds::max();
inline constexpr std::uint64_t kDefaultBudget = 1'000'000;  // units an expression, as Kubernetes allows

struct Limits {
  std::uint64_t budget = kDefaultBudget;
  std::size_t result_elements = 100'000;          // of one list or map, characters of one string × 10
  std::chrono::milliseconds time = kNoTimeLimit;  // from the end of the first 2,000 units
  const std::atomic<bool>* stop = nullptr;        // once true, the evaluation ends
};

class Document;
class Layout;

/// What a condition says: unknown where facts are missing, undecided where it cannot be evaluated.
enum class Answer : unsigned char { no, yes, unknown, undecided };

/// At least and at most.
struct Bounds {
  std::uint64_t least = 0, most = 0;
};

/// How large the values behind names are at most, and what evaluation makes of them: what a cost is estimated from.
struct Sizes {
  std::uint64_t text_bytes = 64 << 10;       // of one text or key
  std::uint64_t elements = 200'000;          // of one list or map
  std::uint64_t values = 200'000;            // in the value of one name whose type says nothing about it
  std::uint64_t result_elements = 100'000;   // as in Limits
  std::map<std::string, std::uint64_t, std::less<>> paths;  // bytes or elements of one: "storage.disks" → 64
};

/// A compiled expression: stateless, shared by threads.
class Program {
 public:
  struct Impl;
  explicit Program(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  /// The value, an error value or unknown; never throws, never runs past the budget.
  Value evaluate(const Lookup& lookup, const Limits& limits = {}) const;
  /// The same, and what it cost; at most the budget.
  struct Measured {
    Value value;
    std::uint64_t units = 0;
  };
  Measured measure(const Lookup& lookup, const Limits& limits = {}) const;
  /// What a Boolean expression says of a document. In the fast tier, without an allocation, where the document has the
  /// layout the expression was compiled for and its types allow; the same answer else.
  Answer decide(const Document& document, const Limits& limits = {}) const;
  /// The value on a document; scalars in the fast tier where it can. What is missing is named.
  Value evaluate(const Document& document, const Limits& limits = {}) const;
  /// The same, but an unknown names nothing: naming costs a second run.
  Value evaluate_unnamed(const Document& document, const Limits& limits = {}) const;
  /// Whether the fast tier can run it.
  bool is_typed() const;
  /// The units that an evaluation spends, if nothing is larger than `sizes` and all is as declared; the most it may
  /// spend is the largest number where there is no telling.
  Bounds cost(const Sizes& sizes = {}) const;
  const Type& result_type() const;
  const std::string& text() const;
  /// The declared paths it reads ("ssh.permit_root_login", "storage.disks[].class"), sorted.
  const std::vector<std::string>& reads() const;
  /// Which of CompileOptions::constants it uses, sorted.
  const std::vector<std::string>& constants() const;
  /// The operands of the outermost &&, in order, each as its text; the whole where it is none.
  std::vector<std::string> conjuncts() const;
  /// Evaluates and tells the sub-expressions that decided: [{"cpu.cores >= 8", "4 >= 8", false}] outermost
  /// first.
  struct Step {
    std::string expression;
    std::string with_values;
    Value value;
    int depth = 0;
  };
  std::vector<Step> explain(const Lookup& lookup, const Limits& limits = {}) const;

 private:
  std::shared_ptr<const Impl> impl_;
};

struct Overload;

/// How an expression is read where the usual way does not fit.
struct CompileOptions {
  bool check = true;      // false: names and types are looked at only when it runs, as the language allows
  std::string container;  // names are tried under this prefix first: "a.b" finds a.b.x, a.x, x
  std::shared_ptr<const std::vector<Overload>> functions;  // beside the built-in ones: declare_functions()
  /// Members of declared objects whose values are known already ("props.max_tries"): part of the program, never
  /// looked up and not among its reads.
  std::vector<std::pair<std::string, Value>> constants;
  std::shared_ptr<const Layout> layout;  // of the documents it will run on: lets the fast tier run it
};

/// Parses and checks. All mistakes are reported, in order of place. Beyond the language's own rules, numbers
/// of different types may be compared with each other; arithmetic stays strict.
tl::expected<Program, std::vector<Issue>> compile(std::string_view text, const Declarations& declarations,
                                                  const CompileOptions& options = {});

}  // namespace plumbline::cel
