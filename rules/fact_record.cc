// SPDX-License-Identifier: Apache-2.0
// Reads and writes the cells of one object.
#include "rules/fact_record.h"

namespace plumbline {

using cel::Cell;
using cel::CellKind;

namespace {

// The kind of cell that a fact of this type has: a cell of another kind would be read as if it were of it.
CellKind kind_of(const cel::Type& type) {
  switch (type.kind) {
    case cel::Type::boolean: return CellKind::boolean;
    case cel::Type::int_type: return CellKind::int_kind;
    case cel::Type::number: return CellKind::number;
    case cel::Type::string: return CellKind::string;
    default: return CellKind::absent;
  }
}

}  // namespace

cel::Cell* FactRecord::slot(std::string_view name) {
  if (layout_ == nullptr) return nullptr;
  const cel::RecordLayout::Member* member = layout_->find(name);
  return member == nullptr ? nullptr : cells_ + member->cell;
}

std::string FactRecord::text(std::string_view name) const {
  const Cell* found = cell(name);
  return found != nullptr && found->kind() == CellKind::string ? std::string(found->view()) : std::string();
}

std::optional<double> FactRecord::number(std::string_view name) const {
  const Cell* found = cell(name);
  if (found == nullptr) return std::nullopt;
  if (found->kind() == CellKind::number) return found->real;
  if (found->kind() == CellKind::int_kind) return static_cast<double>(found->whole);
  return std::nullopt;
}

std::optional<bool> FactRecord::flag(std::string_view name) const {
  const Cell* found = cell(name);
  return found != nullptr && found->kind() == CellKind::boolean ? std::optional(found->yes) : std::nullopt;
}

bool FactRecord::has(std::string_view name) const {
  const Cell* found = cell(name);
  return found != nullptr && !found->missing();
}

FactRecord FactRecord::object(std::string_view name) const {
  const cel::RecordLayout::Member* member = layout_ == nullptr ? nullptr : layout_->find(name);
  if (member == nullptr || cells_[member->cell].kind() != CellKind::record) return {};
  return FactRecord(document_, member->record.get(), cells_ + member->cell + 1);
}

std::vector<FactRecord> FactRecord::objects(std::string_view name) const {
  std::vector<FactRecord> out;
  const cel::RecordLayout::Member* member = layout_ == nullptr ? nullptr : layout_->find(name);
  if (member == nullptr || member->record == nullptr || cells_[member->cell].kind() != CellKind::list) return out;
  const Cell& list = cells_[member->cell];
  // The document's own memory, which may be written as the document may.
  Cell* element = const_cast<Cell*>(list.cells);
  for (std::uint32_t left = list.size(); left > 0; --left, element += member->record->cells())
    out.push_back(FactRecord(document_, member->record.get(), element));
  return out;
}

void FactRecord::put(std::string_view name, const Cell& cell) {
  const cel::RecordLayout::Member* member = layout_ == nullptr ? nullptr : layout_->find(name);
  if (member == nullptr || (cell.kind() != CellKind::absent && cell.kind() != kind_of(*member->type))) return;
  cells_[member->cell] = cell;
  document_->changed();
}

void FactRecord::erase(std::string_view name) { put(name, Cell()); }
void FactRecord::set(std::string_view name, std::string_view text) {
  if (layout_ != nullptr) put(name, cel::cell_of(document_->arena().copy(text)));
}
void FactRecord::set(std::string_view name, std::int64_t number) { put(name, cel::cell_of(number)); }
void FactRecord::set(std::string_view name, double number) { put(name, cel::cell_of(number)); }
void FactRecord::set(std::string_view name, bool flag) { put(name, cel::cell_of(flag)); }

}  // namespace plumbline
