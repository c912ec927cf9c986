// SPDX-License-Identifier: Apache-2.0
// JSON into cells with simdjson's on-demand parser: texts without escapes stay where they are in the input,
// keys are guessed from what followed them the last time.
#include "rules/cel/document_reader.h"

#include <simdjson.h>
#include <cstring>
#include <vector>

namespace plumbline::cel {
namespace {

namespace ondemand = simdjson::ondemand;
using Member = RecordLayout::Member;

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxJsonBytes = 64u << 20;
constexpr std::uint32_t kNoGuess = UINT32_MAX;

}  // namespace

struct DocumentReader::Impl {
  explicit Impl(const std::shared_ptr<const Layout>& layout)
      : document(layout), parser(kMaxJsonBytes), following(layout->members() + 1, kNoGuess) {}

  Document document;
  ondemand::parser parser;
  std::vector<char> text;                // the input, with the padding that simdjson reads past its end
  std::vector<Cell> staged;              // of the lists and maps that are being read, innermost last
  std::vector<std::uint32_t> following;  // by member id: which member of its record came next
  std::vector<std::string_view> unread;  // paths said to be missing
  std::string_view problem;              // the first thing that makes the whole unreadable

  Arena& arena() { return document.arena(); }

  bool failed(simdjson::error_code code) {
    // A value of another type than declared is passed over; anything else ends the reading.
    if (code == simdjson::SUCCESS) return false;
    if (code != simdjson::INCORRECT_TYPE && code != simdjson::NUMBER_ERROR &&
        code != simdjson::NUMBER_OUT_OF_RANGE && problem.empty())
      problem = simdjson::error_message(code);
    return true;
  }

  /// Whether the raw key, which ends at a quote, is this name. The input goes on for its padding at least; a
  /// longer name is never guessed.
  static bool is_name(const char* raw, const std::string& name) {
    return name.size() < simdjson::SIMDJSON_PADDING && raw[name.size()] == '"' &&
           std::memcmp(raw, name.data(), name.size()) == 0;
  }

  /// The member that a field's key names; `last` is the one before it, as an index, and becomes this one.
  const Member* member_of(ondemand::field& field, const RecordLayout& record, std::uint32_t& last) {
    const auto& members = record.members();
    if (members.empty()) return nullptr;
    std::uint32_t& guess = following[last == kNoGuess ? following.size() - 1 : record.first_id() + last];
    const char* raw = field.key().raw();
    if (guess < members.size() && is_name(raw, members[guess].name)) {
      last = guess;
      return &members[guess];
    }
    std::string_view key;
    if (failed(field.unescaped_key().get(key))) return nullptr;
    const Member* found = record.find(key);
    if (found == nullptr) return nullptr;
    last = guess = static_cast<std::uint32_t>(found - members.data());
    return found;
  }

  /// A text's cell; its bytes lie in the input where it has no escapes, else in the parser.
  bool text_cell(ondemand::value& value, Cell& out) {
    std::string_view token = value.raw_json_token();
    if (token.empty() || token.front() != '"') return false;
    token.remove_prefix(1);
    while (!token.empty() && token.back() != '"') token.remove_suffix(1);
    if (token.empty()) return false;
    token.remove_suffix(1);
    if (std::memchr(token.data(), '\\', token.size()) != nullptr && failed(value.get_string().get(token)))
      return false;
    out = cell_of(token);
    return true;
  }

  /// A scalar of a declared kind; false where it is another.
  bool scalar(ondemand::value& value, Type::Kind kind, Cell& out) {
    switch (kind) {
      case Type::boolean: {
        bool yes = false;
        if (failed(value.get_bool().get(yes))) return false;
        out = cell_of(yes);
        return true;
      }
      case Type::int_type: {
        std::int64_t whole = 0;
        if (failed(value.get_int64().get(whole))) return false;
        out = cell_of(whole);
        return true;
      }
      case Type::uint_type: {
        std::uint64_t natural = 0;
        if (failed(value.get_uint64().get(natural))) return false;
        out = cell_of(natural);
        return true;
      }
      case Type::number: {
        double real = 0;
        if (failed(value.get_double().get(real))) return false;
        out = cell_of(real);
        return true;
      }
      case Type::string:
        return text_cell(value, out);
      default:
        return false;
    }
  }

  /// Reads a value into the staged cell at `at`; leaves it absent where the type is another.
  void read_member(ondemand::value value, const Member& member, std::size_t at) {
    Cell cell;
    switch (member.type->kind) {
      case Type::object: {
        ondemand::object object;
        if (failed(value.get_object().get(object))) return;
        std::fill_n(staged.begin() + static_cast<std::ptrdiff_t>(at) + 1, member.record->cells(), Cell());
        staged[at] = cell_of(CellKind::record);
        return read_record(object, *member.record, at + 1);
      }
      case Type::list:
        if (!read_list(value, member, cell)) return;
        break;
      case Type::map:
        if (!read_map(value, member.type->element->kind, cell)) return;
        break;
      default:
        if (!scalar(value, member.type->kind, cell)) return;
    }
    staged[at] = cell;
  }

  void read_record(ondemand::object& object, const RecordLayout& record, std::size_t at) {
    std::uint32_t last = kNoGuess;
    for (auto result : object) {
      ondemand::field field;
      if (failed(std::move(result).get(field))) return;
      const Member* member = member_of(field, record, last);
      if (!problem.empty()) return;
      if (member != nullptr) read_member(field.value(), *member, at + member->cell);
      if (!problem.empty()) return;
    }
  }

  bool read_list(ondemand::value& value, const Member& member, Cell& out) {
    ondemand::array array;
    if (failed(value.get_array().get(array))) return false;
    const std::size_t begin = staged.size();
    std::uint32_t elements = 0;
    for (auto result : array) {
      ondemand::value element;
      if (failed(std::move(result).get(element))) return false;
      elements += read_element(element, member) ? 1 : 0;
      if (!problem.empty()) return false;
    }
    out = make_list(std::span(staged).subspan(begin), elements, arena());
    staged.resize(begin);
    return true;
  }

  /// Stages one element; false, with nothing staged, where its type is another than declared.
  bool read_element(ondemand::value& element, const Member& member) {
    const std::size_t at = staged.size();
    if (member.record == nullptr) {
      Cell cell;
      if (!scalar(element, member.type->element->kind, cell)) return false;
      staged.push_back(cell);
      return true;
    }
    ondemand::object object;
    if (failed(element.get_object().get(object))) return false;
    staged.resize(at + member.record->cells());
    read_record(object, *member.record, at);
    return true;
  }

  bool read_map(ondemand::value& value, Type::Kind kind, Cell& out) {
    ondemand::object object;
    if (failed(value.get_object().get(object))) return false;
    const std::size_t begin = staged.size();
    for (auto result : object) {
      ondemand::field field;
      std::string_view key;
      Cell cell;
      if (failed(std::move(result).get(field)) || failed(field.unescaped_key().get(key))) return false;
      ondemand::value element = field.value();
      if (scalar(element, kind, cell)) {
        staged.push_back(cell_of(key));
        staged.push_back(cell);
      }
      if (!problem.empty()) return false;
    }
    out = make_map(std::span(staged).subspan(begin), arena());
    staged.resize(begin);
    return true;
  }

  /// The members of {"data":{…},"missing":{…}}: the value goes into the member's cells; paths that could not
  /// be read are marked when all is there.
  void read_enveloped(ondemand::value value, const Member& member, const Envelope& envelope) {
    ondemand::object object;
    if (failed(value.get_object().get(object))) return;
    for (auto result : object) {
      ondemand::field field;
      std::string_view key;
      if (failed(std::move(result).get(field)) || failed(field.unescaped_key().get(key))) return;
      if (key == envelope.value)
        read_member(field.value(), member, member.cell);
      else if (key == envelope.unread)
        read_unread(field.value());
      if (!problem.empty()) return;
    }
  }

  void read_unread(ondemand::value value) {
    ondemand::object object;
    if (failed(value.get_object().get(object))) return;
    for (auto result : object) {
      ondemand::field field;
      std::string_view path;
      if (failed(std::move(result).get(field)) || failed(field.unescaped_key().get(path))) return;
      unread.push_back(path);
    }
  }

  /// Marks an absent cell; a path into a list's elements marks the list, where that is absent.
  void mark_unread(std::string_view path) {
    const RecordLayout* record = &document.layout().root();
    std::size_t at = 0;
    while (true) {
      const std::size_t point = path.find('.');
      std::string_view name = path.substr(0, point);
      const bool elements = name.ends_with("[]");
      if (elements) name.remove_suffix(2);
      const Member* member = record->find(name);
      if (member == nullptr) return;
      at += member->cell;
      if (point == std::string_view::npos || elements || member->type->kind != Type::object) break;
      record = member->record.get();
      if (staged[at].kind() == CellKind::absent) staged[at] = cell_of(CellKind::record);
      ++at;
      path.remove_prefix(point + 1);
    }
    if (staged[at].kind() == CellKind::absent) staged[at] = cell_of(CellKind::unread);
  }

  void read_members(ondemand::object& object, const Envelope& envelope) {
    std::uint32_t last = kNoGuess;
    for (auto result : object) {
      ondemand::field field;
      if (failed(std::move(result).get(field))) return;
      if (const Member* member = member_of(field, document.layout().root(), last))
        read_enveloped(field.value(), *member, envelope);
      if (!problem.empty()) return;
    }
  }

  void read_top(ondemand::document& top, const Envelope* envelope) {
    ondemand::object object;
    if (const auto code = top.get_object().get(object); code != simdjson::SUCCESS) {
      problem = code == simdjson::INCORRECT_TYPE ? "it is no object" : simdjson::error_message(code);
      return;
    }
    if (envelope == nullptr) return read_record(object, document.layout().root(), 0);
    ondemand::object members;
    const auto code = object.find_field_unordered(envelope->members).get_object().get(members);
    if (code == simdjson::NO_SUCH_FIELD || code == simdjson::INCORRECT_TYPE) return;
    if (!failed(code)) read_members(members, *envelope);
  }

  Result<Document*> read(std::string_view json, const Envelope* envelope) {
    if (json.size() > kMaxJsonBytes) return fail(ErrorKind::limit, "JSON: larger than 64 MiB");
    document.clear();
    problem = {};
    unread.clear();
    text.resize(json.size() + simdjson::SIMDJSON_PADDING);
    if (!json.empty()) std::memcpy(text.data(), json.data(), json.size());
    std::memset(text.data() + json.size(), 0, simdjson::SIMDJSON_PADDING);
    if (parser.capacity() < json.size() || parser.max_depth() != kMaxDepth) {
      if (const auto code = parser.allocate(std::max<std::size_t>(json.size(), 4096), kMaxDepth))
        return fail(ErrorKind::limit, std::string("JSON: ") + simdjson::error_message(code));
    }
    staged.assign(document.layout().root().cells(), Cell());
    ondemand::document top;
    const auto code = parser.iterate(text.data(), json.size(), text.size()).get(top);
    if (code != simdjson::SUCCESS)
      problem = simdjson::error_message(code);
    else
      read_top(top, envelope);
    if (!problem.empty()) return fail(ErrorKind::invalid, "JSON: " + std::string(problem));
    for (const std::string_view path : unread) mark_unread(path);
    std::copy_n(staged.begin(), document.layout().root().cells(), document.cells());
    return &document;
  }
};

DocumentReader::DocumentReader(std::shared_ptr<const Layout> layout)
    : impl_(std::make_unique<Impl>(layout)) {}
DocumentReader::~DocumentReader() = default;

Result<Document*> DocumentReader::read(std::string_view json) {
  return impl_->read(json, nullptr);
}
Result<Document*> DocumentReader::read(std::string_view json, const Envelope& envelope) {
  return impl_->read(json, &envelope);
}

}  // namespace plumbline::cel
