// SPDX-License-Identifier: Apache-2.0
// Layouts of declared types, the memory of documents, and cells as values.
#include "rules/cel/document.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace plumbline::cel {
namespace {

constexpr std::size_t kBlockBytes = 64 << 10;
constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15ULL;

/// Of a text's length and its first and last eight bytes: cheap whatever the length, and enough to tell most
/// texts apart without reading them.
std::uint64_t quick_hash(std::string_view text) {
  std::uint64_t first = 0, last = 0;
  if (text.size() >= 8) {
    std::memcpy(&first, text.data(), 8);
    std::memcpy(&last, text.data() + text.size() - 8, 8);
  } else if (text.size() >= 4) {
    std::uint32_t low = 0, high = 0;
    std::memcpy(&low, text.data(), 4);
    std::memcpy(&high, text.data() + text.size() - 4, 4);
    first = low;
    last = high;
  } else if (!text.empty()) {
    const auto at = [&](std::size_t i) {
      return static_cast<std::uint64_t>(static_cast<unsigned char>(text[i]));
    };
    first = at(0) | at(text.size() / 2) << 8 | at(text.size() - 1) << 16;
  }
  std::uint64_t hash = (first ^ (last * kMix) ^ text.size()) * kMix;
  return hash ^ hash >> 29;
}

std::size_t table_size(std::size_t entries) {
  return std::bit_ceil(entries * 2 + 1);
}

bool has_cells(const Type& type) {
  switch (type.kind) {
    case Type::boolean:
    case Type::int_type:
    case Type::uint_type:
    case Type::number:
    case Type::string:
    case Type::object:
      return true;
    case Type::list:
    case Type::map:
      return type.element != nullptr && type.element->kind != Type::list && type.element->kind != Type::map &&
             (type.kind == Type::list || type.element->kind != Type::object) && has_cells(*type.element);
    default:
      return false;
  }
}

/// The members of an object from its first member's cell on.
Value record_value(const Cell* cells, const RecordLayout& layout) {
  Map map;
  for (const RecordLayout::Member& member : layout.members()) {
    const Cell& cell = cells[member.cell];
    if (cell.kind() == CellKind::absent) continue;
    if (cell.kind() == CellKind::unread)
      map.entries.emplace_back(Value::of(member.name), Value::unknown({member.path}));
    else
      map.entries.emplace_back(Value::of(member.name), value_of(cell, member));
  }
  return Value::of(std::move(map));
}

}  // namespace

Cell cell_of(std::string_view text) {
  text = text.substr(0, UINT32_MAX);
  Cell cell;
  cell.head = cell_head(CellKind::string, static_cast<std::uint32_t>(text.size()),
                        static_cast<std::uint32_t>(quick_hash(text) >> 8));
  cell.text = text.data();
  return cell;
}

const Cell* find_entry(const Cell& map, const Cell& key) {
  if (map.size() == 0) return nullptr;
  const Cell& header = map.cells[0];
  const std::uint32_t mask = header.size() - 1;
  for (std::uint32_t at = static_cast<std::uint32_t>(key.head >> 8) & mask;; at = (at + 1) & mask) {
    const std::uint32_t entry = header.index[at];
    if (entry == 0) return nullptr;
    const Cell* found = map.cells + 1 + 2 * std::size_t{entry - 1};
    if (same_text(found[0], key)) return found + 1;
  }
}

RecordLayout::RecordLayout(const Declarations& members, const std::string& prefix, std::uint32_t& next_id) {
  first_id_ = next_id;
  next_id += static_cast<std::uint32_t>(members.size());
  members_.reserve(members.size());
  for (const auto& [name, type] : members) {
    Member member;
    member.name = name;
    member.path = prefix + name;
    member.type = type ? type : std::make_shared<const Type>();
    member.cell = cells_++;
    if (member.type->kind == Type::object) {
      member.record = std::make_unique<const RecordLayout>(member.type->members, member.path + ".", next_id);
      cells_ += member.record->cells();
    } else if (member.type->kind == Type::list && member.type->element &&
               member.type->element->kind == Type::object) {
      member.record =
          std::make_unique<const RecordLayout>(member.type->element->members, member.path + "[].", next_id);
    } else if (!has_cells(*member.type)) {
      member.type = std::make_shared<const Type>();
    }
    members_.push_back(std::move(member));
  }
  index_.assign(table_size(members_.size()), 0);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    std::size_t at = quick_hash(members_[i].name) & (index_.size() - 1);
    while (index_[at] != 0) at = (at + 1) & (index_.size() - 1);
    index_[at] = static_cast<std::uint32_t>(i + 1);
  }
}

const RecordLayout::Member* RecordLayout::find(std::string_view name) const {
  for (std::size_t at = quick_hash(name) & (index_.size() - 1);; at = (at + 1) & (index_.size() - 1)) {
    if (index_[at] == 0) return nullptr;
    const Member& member = members_[index_[at] - 1];
    if (member.name == name) return &member;
  }
}

std::shared_ptr<const Layout> Layout::of(const Declarations& declarations) {
  return std::shared_ptr<const Layout>(new Layout(declarations));
}

void* Arena::take(std::size_t bytes) {
  bytes = (bytes + alignof(Cell) - 1) / alignof(Cell) * alignof(Cell);
  while (block_ < blocks_.size() && blocks_[block_].size - used_ < bytes) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    const std::size_t size = std::max(bytes, kBlockBytes);
    blocks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[size]), size});
    used_ = 0;
  }
  void* out = blocks_[block_].bytes.get() + used_;
  used_ += bytes;
  return out;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {"", 0};
  char* out = static_cast<char*>(take(text.size()));
  std::memcpy(out, text.data(), text.size());
  return {out, text.size()};
}

void Arena::clear() {
  block_ = 0;
  used_ = 0;
}

Document::Document(std::shared_ptr<const Layout> layout) : layout_(std::move(layout)) {
  cells_.resize(layout_->root().cells());
}

void Document::clear() {
  std::fill(cells_.begin(), cells_.end(), Cell());
  arena_.clear();
  changed();
}

void Document::changed() {
  values_.clear();
  made_.clear();
}

Value Document::value(std::string_view name) const {
  const RecordLayout::Member* member = layout_->root().find(name);
  if (member == nullptr) return Value::unknown({std::string(name)});
  const auto at = static_cast<std::size_t>(member - layout_->root().members().data());
  if (made_.empty()) {
    values_.resize(layout_->root().members().size());
    made_.resize(values_.size());
  }
  if (!made_[at]) {
    const Cell& cell = cells_[member->cell];
    values_[at] = cell.missing() ? Value::unknown({member->path}) : value_of(cell, *member);
    made_[at] = true;
  }
  return values_[at];
}

Value value_of(const Cell& scalar) {
  switch (scalar.kind()) {
    case CellKind::boolean:
      return Value::of(scalar.yes);
    case CellKind::int_kind:
      return Value::of(scalar.whole);
    case CellKind::uint_kind:
      return Value::of(scalar.natural);
    case CellKind::number:
      return Value::of(scalar.real);
    case CellKind::string:
      return Value::of(std::string(scalar.view()));
    default:
      return Value();
  }
}

Value value_of(const Cell& cell, const RecordLayout::Member& member) {
  if (cell.kind() == CellKind::record) return record_value(&cell + 1, *member.record);
  if (cell.kind() == CellKind::list) {
    List list;
    list.reserve(cell.size());
    const std::size_t stride = member.record ? member.record->cells() : 1;
    for (std::size_t i = 0; i < cell.size(); ++i)
      list.push_back(member.record ? record_value(cell.cells + i * stride, *member.record)
                                   : value_of(cell.cells[i]));
    return Value::of(std::move(list));
  }
  if (cell.kind() == CellKind::map) {
    Map map;
    for (std::size_t i = 0; i < cell.size(); ++i)
      map.entries.emplace_back(value_of(cell.cells[1 + 2 * i]), value_of(cell.cells[2 + 2 * i]));
    return Value::of(std::move(map));
  }
  return value_of(cell);
}

Cell make_list(std::span<const Cell> cells, std::uint32_t elements, Arena& arena) {
  Cell out;
  out.head = cell_head(CellKind::list, elements);
  Cell* copy = arena.cells(cells.size());
  std::copy(cells.begin(), cells.end(), copy);
  out.cells = copy;
  return out;
}

Cell make_map(std::span<const Cell> keys_and_values, Arena& arena) {
  const std::size_t entries = keys_and_values.size() / 2, size = table_size(entries);
  std::uint32_t* index = arena.numbers(size);
  std::fill_n(index, size, 0U);
  Cell* cells = arena.cells(1 + keys_and_values.size());
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < entries; ++i) {
    const Cell& key = keys_and_values[2 * i];
    std::size_t at = (key.head >> 8) & (size - 1);
    while (index[at] != 0 && !same_text(cells[1 + 2 * (index[at] - 1)], key)) at = (at + 1) & (size - 1);
    if (index[at] == 0) {
      index[at] = ++count;
      cells[2 * count - 1] = key;
    }
    cells[2 * std::size_t{index[at]}] = keys_and_values[2 * i + 1];
  }
  cells[0].head = cell_head(CellKind::map, static_cast<std::uint32_t>(size));
  cells[0].index = index;
  Cell out;
  out.head = cell_head(CellKind::map, count);
  out.cells = cells;
  return out;
}

}  // namespace plumbline::cel
