// SPDX-License-Identifier: Apache-2.0
// Applies an edit to the cells of one host's facts.
#include "rules/fact_change.h"
#include "rules/fact_values.h"

namespace plumbline {
namespace {

using cel::Cell;
using cel::CellKind;
using cel::RecordLayout;
using nlohmann::json;

Cell cell_of_json(const RecordLayout::Member& member, const json& value, cel::Arena& arena);

Cell scalar_cell(const cel::Type& type, const json& value, cel::Arena& arena) {
  switch (type.kind) {
    case cel::Type::boolean: return cel::cell_of(value.get<bool>());
    case cel::Type::int_type: return cel::cell_of(value.get<std::int64_t>());
    case cel::Type::number: return cel::cell_of(value.get<double>());
    case cel::Type::string: return cel::cell_of(arena.copy(value.get_ref<const std::string&>()));
    default: return {};
  }
}

void fill_record(const RecordLayout& layout, const json& object, Cell* cells, cel::Arena& arena) {
  for (const auto& [name, value] : object.items())
    if (const RecordLayout::Member* member = layout.find(name)) cells[member->cell] = cell_of_json(*member, value, arena);
}

// Cells of a list's elements, one after the other.
std::vector<Cell> element_cells(const RecordLayout::Member& list, const json& values, cel::Arena& arena) {
  std::vector<Cell> out;
  if (list.record == nullptr) {
    for (const json& value : values) out.push_back(scalar_cell(*list.type->element, value, arena));
    return out;
  }
  const std::size_t stride = list.record->cells();
  out.resize(values.size() * stride);
  for (std::size_t i = 0; i < values.size(); ++i) fill_record(*list.record, values[i], out.data() + i * stride, arena);
  return out;
}

Cell cell_of_json(const RecordLayout::Member& member, const json& value, cel::Arena& arena) {
  if (value.is_array()) return cel::make_list(element_cells(member, value, arena), static_cast<std::uint32_t>(value.size()), arena);
  if (!value.is_object()) return scalar_cell(*member.type, value, arena);
  std::vector<Cell> entries;
  for (const auto& [key, text] : value.items()) {
    entries.push_back(cel::cell_of(arena.copy(key)));
    entries.push_back(cel::cell_of(arena.copy(text.get_ref<const std::string&>())));
  }
  return cel::make_map(entries, arena);
}

// A member of one element, for the condition that chooses elements.
cel::Lookup lookup_of(const Cell* element, const RecordLayout& layout) {
  return [element, &layout](std::string_view name) {
    const RecordLayout::Member* member = layout.find(name);
    if (member == nullptr || element[member->cell].missing()) return cel::Value::unknown({std::string(name)});
    return cel::value_of(element[member->cell], *member);
  };
}

bool is_chosen(const FactEdit::Step& step, const Cell* element, const RecordLayout& layout) {
  if (!step.which) return true;
  const cel::Value value = step.which->evaluate(lookup_of(element, layout));
  const bool* yes = value.get_if<bool>();
  return yes != nullptr && *yes;
}

class Editor {
 public:
  Editor(const FactEdit& edit, cel::Document& facts) : edit_(edit), facts_(facts) {}

  EditEffect run() {
    descend(facts_.layout().root(), facts_.cells(), 0);
    facts_.changed();
    return effect_;
  }

 private:
  void descend(const RecordLayout& layout, Cell* cells, std::size_t at) {
    const FactEdit::Step& step = edit_.path[at];
    const RecordLayout::Member* member = layout.find(step.name);
    if (member == nullptr) return;
    Cell& cell = cells[member->cell];
    const bool last = at + 1 == edit_.path.size();
    if (step.elements) return last ? remove_elements(*member, step, cell) : descend_elements(*member, step, cell, at);
    if (last) return act(*member, cell);
    if (cell.kind() != CellKind::record) {
      if (edit_.kind == FactEdit::Kind::remove || reads_elements(at)) return;
      cell = cel::cell_of(CellKind::record);
    }
    descend(*member->record, &cell + 1, at + 1);
  }
  // Whether the rest of the path chooses among elements: then there are none where the group is not there.
  bool reads_elements(std::size_t at) const {
    for (std::size_t i = at; i < edit_.path.size(); ++i)
      if (edit_.path[i].elements) return true;
    return false;
  }

  void descend_elements(const RecordLayout::Member& list, const FactEdit::Step& step, Cell& cell, std::size_t at) {
    if (cell.kind() != CellKind::list) return;
    const std::size_t stride = list.record->cells();
    Cell* element = const_cast<Cell*>(cell.cells);  // the document's own memory
    for (std::uint32_t i = 0; i < cell.size(); ++i, element += stride)
      if (is_chosen(step, element, *list.record)) descend(*list.record, element, at + 1);
  }

  void remove_elements(const RecordLayout::Member& list, const FactEdit::Step& step, Cell& cell) {
    if (cell.kind() != CellKind::list) return;
    const std::size_t stride = list.record->cells();
    std::vector<Cell> kept;
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < cell.size(); ++i) {
      const Cell* element = cell.cells + i * stride;
      if (is_chosen(step, element, *list.record)) continue;
      kept.insert(kept.end(), element, element + stride);
      ++count;
    }
    effect_.places += cell.size() - count;
    if (count < cell.size()) cell = cel::make_list(kept, count, facts_.arena());
  }

  void act(const RecordLayout::Member& member, Cell& cell) {
    if (edit_.key) return act_on_entry(cell);
    switch (edit_.kind) {
      case FactEdit::Kind::set:
        cell = cell_of_json(member, edit_.value, facts_.arena());
        ++effect_.places;
        return;
      case FactEdit::Kind::add: return add(member, cell);
      case FactEdit::Kind::remove: return remove(member, cell);
    }
  }

  void act_on_entry(Cell& cell) {
    const bool there = cell.kind() == CellKind::map, sets = edit_.kind == FactEdit::Kind::set;
    if (!there && !sets) return;
    std::vector<Cell> entries;
    for (std::uint32_t i = 0; there && i < cell.size(); ++i)
      if (cell.cells[1 + 2 * i].view() != *edit_.key) entries.insert(entries.end(), {cell.cells[1 + 2 * i], cell.cells[2 + 2 * i]});
    if (!sets && entries.size() == 2u * cell.size()) return;
    if (sets) {
      entries.push_back(cel::cell_of(facts_.arena().copy(*edit_.key)));
      entries.push_back(cel::cell_of(facts_.arena().copy(edit_.value.get_ref<const std::string&>())));
    }
    effect_.was_unread = !there;
    ++effect_.places;
    cell = cel::make_map(entries, facts_.arena());
  }

  void add(const RecordLayout::Member& list, Cell& cell) {
    std::vector<Cell> cells;
    std::uint32_t count = 0;
    if (cell.kind() == CellKind::list) {
      count = cell.size();
      cells.assign(cell.cells, cell.cells + count * (list.record ? list.record->cells() : 1));
    } else {
      effect_.was_unread = true;
    }
    const std::vector<Cell> more = element_cells(list, edit_.value, facts_.arena());
    cells.insert(cells.end(), more.begin(), more.end());
    cell = cel::make_list(cells, count + static_cast<std::uint32_t>(edit_.value.size()), facts_.arena());
    effect_.places += edit_.value.size();
  }

  void remove(const RecordLayout::Member& member, Cell& cell) {
    if (cell.missing()) return;
    ++effect_.places;
    const bool group = cell.kind() == CellKind::record;
    cell = {};
    if (group) std::fill_n(&cell + 1, member.record->cells(), Cell());
  }

  const FactEdit& edit_;
  cel::Document& facts_;
  EditEffect effect_;
};

}  // namespace

EditEffect apply_edit(const FactEdit& edit, cel::Document& facts) { return Editor(edit, facts).run(); }

}  // namespace plumbline
