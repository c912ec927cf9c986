// SPDX-License-Identifier: Apache-2.0
// Reads changes, one a line, against the catalog and the rules.
#include "rules/fact_change.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "rules/fact_tree.h"
#include "rules/fact_values.h"
#include "rules/mistakes.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostCopies = 1'000;  // of one element, in one line
constexpr std::string_view kTimes = "×";
constexpr std::string_view kDevices = "accelerators.devices";

// ---- the catalog

bool is_derived(const Fact& fact) { return fact.source.starts_with("derived:") || fact.source == "derived"; }

std::vector<std::string> names_in(const FactTree& node) {
  std::vector<std::string> out;
  for (const FactTree& member : node.members) out.push_back(member.name);
  return out;
}

// The nearest name beside the one that was meant; else a fact of the same last name somewhere else.
std::string nearest_fact(const FactTree& parent, const std::string& path, const std::string& name) {
  if (const auto near = did_you_mean(name, names_in(parent))) return "; did you mean '" + (path.empty() ? "" : path + ".") + *near + "'?";
  for (const Fact& fact : catalog()) {
    const std::size_t dot = fact.path.rfind('.');
    if (fact.path.substr(dot + 1) == name) return "; did you mean '" + std::string(fact.path) + "'?";
  }
  return "; all facts: plumbline-agent facts";
}

std::string_view type_words(FactType type) {
  switch (type) {
    case FactType::boolean: return "yes or no: write true or false";
    case FactType::integer: return "a whole number";
    case FactType::number: return "a number";
    case FactType::string: return "a text: write it in quotes";
    case FactType::string_list: return "a list of texts: write [\"…\", \"…\"]";
    case FactType::string_map: return "names with texts: write {\"…\": \"…\"}";
    case FactType::object_list: return "a list: write [{…}, {…}], or add to it with +=";
  }
  return "";
}

// ---- accelerators by their model

// Words of a name without who makes it and the family: "NVIDIA GeForce RTX 4090" → {"4090", "rtx"}
std::set<std::string> model_words(std::string_view name, bool all) {
  static const std::set<std::string> makers = {"nvidia", "amd", "intel", "tesla", "geforce", "instinct", "radeon", "data", "center", "gpu"};
  std::set<std::string> out;
  const std::string plain = lower(name);
  for (const std::string_view word : words(plain))
    if (all || !makers.contains(std::string(word))) out.insert(std::string(word));
  return out;
}

struct ModelFound {
  const AcceleratorModel* model = nullptr;
  std::string problem;
};

ModelFound find_model(const Catalogue& catalogue, std::string_view text) {
  const std::set<std::string> said = model_words(text, true), core = model_words(text, false);
  std::vector<const AcceleratorModel*> exact, near;
  std::vector<std::string> names;
  for (const AcceleratorModel& model : catalogue.accelerators) {
    const std::set<std::string> all = model_words(model.name, true);
    names.push_back(model.name);
    if (said.empty() || !std::includes(all.begin(), all.end(), said.begin(), said.end())) continue;
    near.push_back(&model);
    if (model_words(model.name, false) == core) exact.push_back(&model);
  }
  const auto& found = exact.empty() ? near : exact;
  if (found.size() == 1) return {found.front(), ""};
  const std::string subject = "'" + printable(text) + "'";
  if (found.empty()) {
    std::vector<std::string> short_names = names;
    for (const std::string& name : names)
      if (const std::size_t blank = name.find(' '); blank != std::string::npos) short_names.push_back(name.substr(blank + 1));
    const auto guess = did_you_mean(text, short_names);
    return {nullptr, "no accelerator " + subject + " in catalogue/gpus.csv" + (guess ? "; did you mean '" + *guess + "'?" : "")};
  }
  std::vector<std::string> candidates;
  for (const AcceleratorModel* model : found) candidates.push_back(model->name);
  return {nullptr, subject + " may be " + join(candidates, " or ") + ": say which"};
}

std::string vendor_word(const std::string& id) {
  if (id == "10de") return "nvidia";
  if (id == "1002") return "amd";
  if (id == "8086") return "intel";
  return id == "1da3" ? "habana" : "";
}

// What an agent would read of a new card that works: what it is and that it can be used. How it is plugged in is not
// known, and stays so.
json device_of(const AcceleratorModel& model) {
  json out = {{"vendor_id", model.vendor_id}, {"device_id", model.device_ids.front()}, {"name", model.name},
              {"class", "3d"}, {"usable", true}};
  const std::string vendor = vendor_word(model.vendor_id);
  if (!vendor.empty()) out["vendor"] = vendor;
  if (vendor == "nvidia") out["driver"] = "nvidia";
  if (vendor == "amd") out["driver"] = "amdgpu";
  if (vendor == "habana") out["driver"] = "habanalabs";
  return out;
}

// ---- one line

// Where the texts of a line end: before a comment.
std::size_t end_of_content(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\') ++i;
      else if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return i;
    }
  }
  return line.size();
}

// Reads one line from the left; the first mistake ends it.
class LineReader {
 public:
  LineReader(const SourceFile& file, std::size_t begin, std::size_t end, const RuleSet& rules, Mistakes& mistakes)
      : file_(file), text_(std::string_view(file.text).substr(0, end)), at_(begin), rules_(rules), mistakes_(mistakes) {}

  std::optional<FactChange> read() {
    const std::size_t start = at_;
    std::optional<FactChange> out;
    if (take_word("do")) out = read_action();
    else if (const auto copies = peek_copies()) out = read_purchase(*copies);
    else out = read_edit();
    if (out) out->text = std::string(trim(text_.substr(start)));
    return out;
  }

 private:
  // -- characters
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool done() {
    skip();
    return at_ >= text_.size();
  }
  bool take(std::string_view mark) {
    skip();
    if (!text_.substr(at_).starts_with(mark)) return false;
    at_ += mark.size();
    return true;
  }
  // A word with a blank after it.
  bool take_word(std::string_view word) {
    skip();
    const std::string_view rest = text_.substr(at_);
    if (!rest.starts_with(word) || rest.size() <= word.size() || (rest[word.size()] != ' ' && rest[word.size()] != '\t')) return false;
    at_ += word.size();
    return true;
  }
  std::string_view take_until(std::string_view ends) {
    skip();
    const std::size_t start = at_;
    while (at_ < text_.size() && ends.find(text_[at_]) == std::string_view::npos) ++at_;
    return trim(text_.substr(start, at_ - start));
  }
  std::string name() {
    const std::size_t start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }
  std::nullopt_t mistake(std::string message) { return mistake(at_, std::move(message)); }
  std::nullopt_t mistake(std::size_t at, std::string message) {
    mistakes_.add(file_, at, std::move(message));
    return std::nullopt;
  }
  bool at_end() {
    if (done()) return true;
    mistake("nothing may follow here; one change a line");
    return false;
  }

  // -- do ACTION [on HOSTS]
  std::optional<FactChange> read_action() {
    skip();
    const std::size_t place = at_;
    ActionDone action;
    action.action = std::string(take_until(" \t"));
    if (!is_action(place, action.action)) return std::nullopt;
    if (take_word("on")) action.hosts = std::string(take_until(" \t"));
    if (!at_end()) return std::nullopt;
    return FactChange{"", std::move(action)};
  }
  bool is_action(std::size_t place, const std::string& id) {
    std::vector<std::string> known;
    for (const Rule& rule : rules_.rules) {
      if (rule.action == id) return true;
      known.push_back(rule.action);
    }
    for (const Rule& rule : rules_.rules)
      if (rule.id == id) return mistake(place, "'" + id + "' is a rule; it is part of the action '" + rule.action + "'"), false;
    const auto near = did_you_mean(id, known);
    mistake(place, "no action '" + printable(id) + "'" + (near ? "; did you mean '" + *near + "'?" : "; the actions and what they gain: plumbline-collector score --json"));
    return false;
  }

  // -- 2 × L40S in db-07
  std::optional<std::uint64_t> peek_copies() {
    const std::size_t start = at_;
    const auto copies = read_copies();
    if (!copies) at_ = start;
    return copies;
  }
  // "2 ×"; nothing where there is none.
  std::optional<std::uint64_t> read_copies() {
    skip();
    const std::size_t start = at_;
    while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) ++at_;
    const auto count = parse_u64(text_.substr(start, at_ - start));
    if (!count || (!take(kTimes) && !take_word("x") && !take_word("*"))) {
      at_ = start;
      return std::nullopt;
    }
    return count;
  }
  bool is_count(std::size_t place, std::uint64_t copies) {
    if (copies >= 1 && copies <= kMostCopies) return true;
    mistake(place, "how many must be from 1 to " + std::to_string(kMostCopies));
    return false;
  }
  std::optional<FactChange> read_purchase(std::uint64_t copies) {
    skip();
    const std::size_t place = at_;
    const std::string_view rest = text_.substr(at_);
    const std::size_t in = rest.rfind(" in ");
    if (in == std::string_view::npos) return mistake(text_.size(), "say where: " + std::to_string(copies) + " × MODEL in HOST");
    if (!is_count(place, copies)) return std::nullopt;
    FactEdit edit;
    edit.kind = FactEdit::Kind::add;
    edit.hosts = std::string(trim(rest.substr(in + 4)));
    edit.path = {{"accelerators", false, {}}, {"devices", false, {}}};
    edit.value = json::array();
    if (edit.hosts.empty()) return mistake(text_.size(), "the host is missing");
    if (!add_model(place, trim(rest.substr(0, in)), json::object(), copies, edit.value)) return std::nullopt;
    at_ = text_.size();
    return FactChange{"", std::move(edit)};
  }
  bool add_model(std::size_t place, std::string_view name, const json& more, std::uint64_t copies, json& out) {
    const ModelFound found = find_model(rules_.catalogue, name);
    if (found.model == nullptr) return mistake(place, found.problem), false;
    json device = device_of(*found.model);
    device.update(more);
    const std::uint64_t devices = copies * static_cast<std::uint64_t>(found.model->gpus_per_board);
    for (std::uint64_t i = 0; i < devices; ++i) out.push_back(device);
    return true;
  }

  // -- HOSTS: …
  std::optional<FactChange> read_edit() {
    skip();
    const std::size_t place = at_;
    FactEdit edit;
    edit.hosts = std::string(take_until(":["));
    if (at_ < text_.size() && text_[at_] == '[' && !read_where(edit)) return std::nullopt;
    if (!take(":"))
      return mistake(place, "no change; write `do ACTION`, `HOST: path = value`, `HOST: path += value`, `HOST: remove path` or `2 × MODEL in HOST`");
    if (edit.hosts.empty()) return mistake(place, "the host is missing; * stands for all");
    const bool removes = take_word("remove");
    if (!removes) take_word("set");
    const FactTree* node = read_path(edit);
    if (node == nullptr) return std::nullopt;
    const bool good = removes ? finish_removal(edit) : read_value_of(edit, *node);
    if (!good || !at_end()) return std::nullopt;
    return FactChange{"", std::move(edit)};
  }

  // The node that a path ends at; nullptr after a mistake.
  const FactTree* read_path(FactEdit& edit) {
    skip();
    const FactTree* node = &fact_tree();
    const cel::RecordLayout* layout = &fact_layout()->root();
    std::string path;
    path_place_ = at_;
    while (true) {
      const std::size_t place = at_;
      const std::string part = name();
      if (part.empty()) return mistake("the name of a fact is missing"), nullptr;
      const FactTree* member = node->find(part);
      if (member == nullptr) return mistake(place, "no fact '" + (path.empty() ? "" : path + ".") + part + "'" + nearest_fact(*node, path, part)), nullptr;
      path += (path.empty() ? "" : ".") + part;
      edit.path.push_back({part, false, {}});
      node = member;
      const cel::RecordLayout::Member* place_of_member = layout->find(part);
      const bool list = !member->is_group() && member->fact->type == FactType::object_list;
      if (list && !read_elements(edit.path.back(), *place_of_member)) return nullptr;
      const bool map = !member->is_group() && member->fact->type == FactType::string_map;
      if (map && !read_key(edit, path)) return nullptr;
      if (at_ >= text_.size() || text_[at_] != '.') return check_end(edit, *node, path);
      if (list && !edit.path.back().elements)
        return mistake("'" + path + "' is a list: say which of it, as in " + path + "[" + node->members.front().name + " == …], or " + path + "[] for all"), nullptr;
      if (!member->is_group() && !list) return mistake("'" + path + "' has no members"), nullptr;
      layout = place_of_member->record.get();
      ++at_;
    }
  }
  const FactTree* check_end(const FactEdit&, const FactTree& node, const std::string& path) {
    if (node.is_group() || !is_derived(*node.fact)) return &node;
    mistake(path_place_, "'" + path + "' is derived (" + std::string(node.fact->source) + "): change what it follows from");
    return nullptr;
  }

  // "[kind == "redis"]", "[]" or "[*]"
  bool read_elements(FactEdit::Step& step, const cel::RecordLayout::Member& list) {
    if (at_ >= text_.size() || text_[at_] != '[') return true;
    const auto condition = read_bracket();
    if (!condition) return false;
    step.elements = true;
    if (condition->empty() || *condition == "*") return true;
    step.which = compile_condition(*condition, list.type->element->members, "one element");
    return step.which.has_value();
  }
  // "["kernel.kptr_restrict"]" after names with texts
  bool read_key(FactEdit& edit, const std::string& path) {
    if (at_ >= text_.size() || text_[at_] != '[') return true;
    ++at_;
    skip();
    edit.key = read_text(path + "[…]");
    if (!edit.key) return false;
    if (take("]")) return true;
    return mistake("here must be ]"), false;
  }
  // "[has(accelerators.nvidia_driver)]" after the hosts
  bool read_where(FactEdit& edit) {
    const auto condition = read_bracket();
    if (!condition) return false;
    edit.where = compile_condition(*condition, fact_declarations(), "one host");
    return edit.where.has_value();
  }
  // What stands in brackets; nothing after a mistake.
  std::optional<std::string_view> read_bracket() {
    const std::size_t start = at_ + 1;
    const auto end = end_of_bracket(start);
    if (!end) return mistake("this bracket is not closed");
    at_ = *end + 1;
    return trim(text_.substr(start, *end - start));
  }
  std::optional<cel::Program> compile_condition(std::string_view condition, const cel::Declarations& names, const std::string& subject) {
    const auto offset = static_cast<std::size_t>(condition.data() - text_.data());
    auto program = cel::compile(condition, names);
    if (!program) {
      for (const cel::Issue& issue : program.error()) mistake(offset + issue.offset, issue.message);
      return std::nullopt;
    }
    if (const auto kind = program->result_type().kind; kind != cel::Type::boolean && kind != cel::Type::dyn)
      return mistake(offset, "the condition gives " + cel::to_text(program->result_type()) + "; it must say yes or no of " + subject);
    return std::move(*program);
  }
  std::optional<std::size_t> end_of_bracket(std::size_t start) const {
    int depth = 1;
    char quote = 0;
    for (std::size_t i = start; i < text_.size(); ++i) {
      const char c = text_[i];
      if (quote != 0) {
        if (c == '\\') ++i;
        else if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '[') {
        ++depth;
      } else if (c == ']' && --depth == 0) {
        return i;
      }
    }
    return std::nullopt;
  }

  bool finish_removal(FactEdit& edit) {
    edit.kind = FactEdit::Kind::remove;
    return true;
  }

  bool read_value_of(FactEdit& edit, const FactTree& node) {
    const std::string path = fact_path(edit);
    if (node.is_group()) return mistake(path_place_, "'" + path + "' is a group of facts; name one of them, as in " + path + "." + node.members.front().name), false;
    if (edit.path.back().elements) return mistake(path_place_, "name a member of these elements, as in " + path + "[…]." + node.members.front().name + ", or remove them"), false;
    if (!edit.key && take("+=")) return read_added(edit, node, path);
    if (!take("=")) return mistake("here must be = or +="), false;
    skip();
    if (edit.key) {
      auto text = read_text(path + "[…]");
      if (text) edit.value = *text;
      return text.has_value();
    }
    auto value = read_value(node, path);
    if (!value) return false;
    edit.kind = FactEdit::Kind::set;
    edit.value = std::move(*value);
    return true;
  }
  static std::string fact_path(const FactEdit& edit) {
    std::vector<std::string> names;
    for (const FactEdit::Step& step : edit.path) names.push_back(step.name);
    return join(names, ".");
  }

  bool read_added(FactEdit& edit, const FactTree& node, const std::string& path) {
    const FactType type = node.fact->type;
    if (type != FactType::object_list && type != FactType::string_list)
      return mistake("'" + path + "' is no list; give it a value with ="), false;
    edit.kind = FactEdit::Kind::add;
    edit.value = json::array();
    if (type == FactType::string_list) {
      skip();
      auto text = read_text(path);
      if (text) edit.value.push_back(*text);
      return text.has_value();
    }
    skip();
    const std::size_t place = at_;
    const std::uint64_t copies = read_copies().value_or(1);
    if (!is_count(place, copies)) return false;
    skip();
    return read_element(node, path, copies, edit.value);
  }

  // -- values
  std::optional<json> read_value(const FactTree& node, const std::string& path) {
    switch (node.fact->type) {
      case FactType::boolean:
        if (take_value_word("true")) return json(true);
        if (take_value_word("false")) return json(false);
        break;
      case FactType::integer:
      case FactType::number: return read_number(*node.fact, path);
      case FactType::string: {
        auto text = read_text(path);
        return text ? std::optional<json>(*text) : std::nullopt;
      }
      case FactType::string_list:
        return read_list(path, [&](json& out) {
          auto text = read_text(path);
          if (text) out.push_back(*text);
          return text.has_value();
        });
      case FactType::string_map: return read_map(path);
      case FactType::object_list: return read_list(path, [&](json& out) { return read_element(node, path, 1, out); });
    }
    return wrong_type(path, node.fact->type);
  }
  std::nullopt_t wrong_type(const std::string& path, FactType type) {
    return mistake("'" + path + "' is " + std::string(type_words(type)));
  }
  bool take_value_word(std::string_view word) {
    const std::size_t start = at_;
    if (name() == word) return true;
    at_ = start;
    return false;
  }

  std::optional<json> read_number(const Fact& fact, const std::string& path) {
    const std::size_t start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || contains("+-.", text_.substr(at_, 1)))) ++at_;
    std::string_view token = text_.substr(start, at_ - start);
    // "512GB": the unit may stand at the number
    const std::size_t unit = fact.unit == "bytes" ? token.find_first_of("kKMGTB") : std::string_view::npos;
    if (unit != std::string_view::npos) {
      at_ = start + unit;
      token = token.substr(0, unit);
    }
    const auto value = parse_double(token);
    if (!value || !std::isfinite(*value)) {
      at_ = start;
      return wrong_type(path, fact.type);
    }
    const double scaled = *value * (fact.unit == "bytes" ? read_bytes_unit() : 1.0);
    if (fact.type == FactType::number) return json(scaled);
    if (const auto whole = parse_i64(token); whole && scaled == *value) return json(*whole);
    if (scaled != std::floor(scaled) || std::abs(scaled) > 9e15) {
      at_ = start;
      return wrong_type(path, fact.type);
    }
    return json(static_cast<std::int64_t>(scaled));
  }
  double read_bytes_unit() {
    const std::size_t start = at_;
    skip();
    const std::size_t place = at_;
    const std::string word = name();
    static const std::vector<std::pair<std::string_view, double>> units = {
        {"B", 1.0}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
        {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};
    for (const auto& [unit, factor] : units)
      if (word == unit) return factor;
    at_ = word.empty() ? start : place;
    return 1;
  }

  std::optional<std::string> read_text(const std::string& path) {
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '"' && quote != '\'') return wrong_type(path, FactType::string);
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote) end += quote == '"' && text_[end] == '\\' ? 2u : 1u;
    if (end >= text_.size()) return mistake("this text is not closed");
    const std::string_view token = text_.substr(at_, end + 1 - at_);
    if (quote == '\'') {
      at_ = end + 1;
      return std::string(token.substr(1, token.size() - 2));
    }
    const auto parsed = parse_json(token);
    if (!parsed || !parsed->is_string()) return mistake("this is no text as JSON has it: " + (parsed ? std::string("not a text") : parsed.error().message));
    at_ = end + 1;
    return parsed->get<std::string>();
  }

  template <class Item>
  std::optional<json> read_list(const std::string& path, Item item) {
    const std::size_t place = at_;
    if (!take("[")) return mistake("'" + path + "' is a list: write it in brackets, [ and ]");
    json out = json::array();
    if (take("]")) return out;
    do {
      skip();
      if (!item(out)) return std::nullopt;
    } while (take(","));
    if (!take("]")) return mistake(done() ? place : at_, done() ? "this bracket is not closed" : "here must be , or ]");
    return out;
  }
  std::optional<json> read_map(const std::string& path) {
    json out = json::object();
    const bool good = read_braces([&](std::size_t, const std::string& key) {
      auto text = read_text(path + "." + key);
      if (text) out[key] = *text;
      return text.has_value();
    }, type_words(FactType::string_map), path);
    return good ? std::optional(out) : std::nullopt;
  }
  // {key: …, "key": …}; `member` reads what stands after a colon.
  template <class Member>
  bool read_braces(Member member, std::string_view what, const std::string& path) {
    const std::size_t start = at_;
    if (!take("{")) return mistake("'" + path + "' is " + std::string(what)), false;
    if (take("}")) return true;
    do {
      skip();
      const std::size_t place = at_;
      std::string key = at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'') ? read_text(path).value_or("") : name();
      if (key.empty()) return mistake(place, "a name is missing here"), false;
      if (!take(":")) return mistake("here must be a colon"), false;
      skip();
      if (!member(place, key)) return false;
    } while (take(","));
    if (take("}")) return true;
    return mistake(done() ? start : at_, done() ? "this brace is not closed" : "here must be , or }"), false;
  }

  // An element of a list of objects; of accelerators the model is enough.
  bool read_element(const FactTree& node, const std::string& path, std::uint64_t copies, json& out) {
    const std::size_t start = at_;
    const bool devices = path == kDevices;
    if (devices && at_ < text_.size() && text_[at_] != '{') {
      if (text_[at_] == '"' || text_[at_] == '\'') {
        const auto model = read_text(path);
        return model && add_model(start, *model, json::object(), copies, out);
      }
      return add_model(start, take_until(",]"), json::object(), copies, out);
    }
    json object = json::object();
    std::optional<std::pair<std::size_t, std::string>> model;
    const bool good = read_braces([&](std::size_t place, const std::string& key) {
      if (!devices || key != "model") return read_member(node, path, place, key, object);
      const std::size_t at = at_;
      const auto name = read_text(path + ".model");
      if (name) model = {at, *name};
      return name.has_value();
    }, "a list of elements: write one as {…}", path);
    if (!good) return false;
    if (model) return add_model(model->first, model->second, object, copies, out);
    for (std::uint64_t i = 0; i < copies; ++i) out.push_back(object);
    return true;
  }
  bool read_member(const FactTree& node, const std::string& path, std::size_t place, const std::string& key, json& object) {
    const FactTree* member = node.find(key);
    const std::string full = path + "[]." + key;
    if (member == nullptr || member->is_group())
      return mistake(place, "no fact '" + printable(full) + "'" + nearest_fact(node, path + "[]", key)), false;
    if (is_derived(*member->fact)) return mistake(place, "'" + full + "' is derived (" + std::string(member->fact->source) + ")"), false;
    if (object.contains(key)) return mistake(place, "'" + key + "' stands here twice"), false;
    auto value = read_value(*member, full);
    if (value) object[key] = std::move(*value);
    return value.has_value();
  }

  const SourceFile& file_;
  std::string_view text_;  // to the end of the line
  std::size_t at_;
  std::size_t path_place_ = 0;
  const RuleSet& rules_;
  Mistakes& mistakes_;
};

std::size_t added_by(const FactChange& change) {
  const auto* edit = std::get_if<FactEdit>(&change.what);
  return edit != nullptr && edit->kind == FactEdit::Kind::add ? edit->value.size() : 0;
}

}  // namespace

Result<std::vector<FactChange>> parse_changes(const std::string& file, std::string_view text, const RuleSet& rules) {
  if (text.size() > kMostChangesBytes) return fail(ErrorKind::limit, file + ": changes of more than 1 MiB; split them");
  if (!is_utf8(text)) return fail(ErrorKind::invalid, file + ": it is no UTF-8 text; save it as UTF-8");
  const SourceFile source{file, std::string(text)};
  Mistakes mistakes;
  std::vector<FactChange> out;
  std::size_t added = 0;
  for (std::size_t begin = 0; begin < source.text.size();) {
    const std::size_t newline = std::min(source.text.find('\n', begin), source.text.size());
    std::string_view line = std::string_view(source.text).substr(begin, newline - begin);
    line = line.substr(0, end_of_content(line));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
    const std::size_t place = begin;
    begin = newline + 1;
    if (trim(line).empty()) continue;
    if (out.size() >= kMostChanges) return fail(ErrorKind::limit, file + ": more than 1,000 changes; split them");
    auto change = LineReader(source, place, place + line.size(), rules, mistakes).read();
    if (!change) continue;
    added += added_by(*change);
    if (added > kMostAddedElements) return fail(ErrorKind::limit, file + ": more than 10,000 elements are added; add fewer");
    out.push_back(std::move(*change));
  }
  if (!mistakes.empty()) return fail(ErrorKind::invalid, mistakes.text());
  return out;
}

}  // namespace plumbline
