// SPDX-License-Identifier: Apache-2.0
// Documents of a known shape in compact form: declared names and members are cells at fixed places, so that
// reading one is an index and not a search. What conditions are judged on in bulk; Value stays the general
// form.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/cel/cel.h"

namespace plumbline::cel {

enum class CellKind : unsigned char {
  absent,  // not there
  unread,  // said to be there or not, but it could not be read: has() is unknown
  null,
  boolean,
  int_kind,
  uint_kind,
  number,
  string,
  list,   // of records: size × stride cells; of anything else: size cells
  map,    // a header, then size × (key, value); keys are strings
  record  // the head of an object: its members are the cells that follow
};

/// A value in 16 bytes. Texts, lists and maps point into the document's memory.
/// head: kind (8 bits), hash of a text (24), size (32: bytes of a text, elements of a list, entries of a
/// map).
struct Cell {
  std::uint64_t head = 0;
  union {
    std::uint64_t bits = 0;
    std::int64_t whole;
    std::uint64_t natural;
    double real;
    bool yes;
    const char* text;
    const Cell* cells;
    const std::uint32_t* index;  // of a map's header: open addressing, entry + 1
  };

  CellKind kind() const { return static_cast<CellKind>(head & 0xff); }
  std::uint32_t size() const { return static_cast<std::uint32_t>(head >> 32); }
  std::string_view view() const { return {text, size()}; }
  bool missing() const { return kind() <= CellKind::unread; }
};
static_assert(sizeof(Cell) == 16);

constexpr std::uint64_t cell_head(CellKind kind, std::uint32_t size = 0, std::uint32_t hash = 0) {
  return static_cast<std::uint64_t>(kind) | std::uint64_t{hash & 0xffffffU} << 8 | std::uint64_t{size} << 32;
}
inline Cell cell_of(CellKind kind) {
  Cell cell;
  cell.head = cell_head(kind);
  return cell;
}
inline Cell cell_of(bool value) {
  Cell cell = cell_of(CellKind::boolean);
  cell.yes = value;
  return cell;
}
inline Cell cell_of(std::int64_t value) {
  Cell cell = cell_of(CellKind::int_kind);
  cell.whole = value;
  return cell;
}
inline Cell cell_of(std::uint64_t value) {
  Cell cell = cell_of(CellKind::uint_kind);
  cell.natural = value;
  return cell;
}
inline Cell cell_of(double value) {
  Cell cell = cell_of(CellKind::number);
  cell.real = value;
  return cell;
}
/// The bytes stay where they are and must outlive the cell. Texts of 4 GiB and more are cut.
Cell cell_of(std::string_view text);
inline bool same_text(const Cell& a, const Cell& b) {
  return a.head == b.head && (a.size() == 0 || std::memcmp(a.text, b.text, a.size()) == 0);
}
/// The entry under a key of a map's cell, or nullptr. `key` is a text's cell.
const Cell* find_entry(const Cell& map, const Cell& key);

/// Where the members of an object type stand in its cells.
class RecordLayout {
 public:
  struct Member {
    std::string name;
    std::string path;  // "storage.disks[].class"
    std::shared_ptr<const Type> type;
    std::uint32_t cell = 0;  // counted from the record's first
    /// Of an object: its members' cells begin at cell + 1. Of a list of objects: the layout of each element.
    std::unique_ptr<const RecordLayout> record;
  };
  RecordLayout(const Declarations& members, const std::string& prefix, std::uint32_t& next_id);

  const std::vector<Member>& members() const { return members_; }
  /// nullptr where there is no such member.
  const Member* find(std::string_view name) const;
  std::uint32_t cells() const { return cells_; }
  /// Unique among the records of one layout: members are numbered through from here.
  std::uint32_t first_id() const { return first_id_; }

 private:
  std::vector<Member> members_;  // in the order declared
  std::vector<std::uint32_t> index_;
  std::uint32_t cells_ = 0;
  std::uint32_t first_id_ = 0;
};

/// The shape of a document: one member a declared name.
class Layout {
 public:
  /// Lists of lists, timestamps, durations and bytes have no cells: names of such types stay absent.
  static std::shared_ptr<const Layout> of(const Declarations& declarations);
  const RecordLayout& root() const { return root_; }
  std::uint32_t members() const { return members_; }

 private:
  explicit Layout(const Declarations& declarations) : root_(declarations, "", members_) {}
  std::uint32_t members_ = 0;
  RecordLayout root_;
};

/// Memory that is given back all at once and kept for the next document.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;
  Cell* cells(std::size_t count) { return static_cast<Cell*>(take(count * sizeof(Cell))); }
  std::uint32_t* numbers(std::size_t count) {
    return static_cast<std::uint32_t*>(take(count * sizeof(std::uint32_t)));
  }
  std::string_view copy(std::string_view text);
  void clear();

 private:
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };
  void* take(std::size_t bytes);
  std::vector<Block> blocks_;
  std::size_t block_ = 0, used_ = 0;
};

/// One document. Not shared between threads while anything is written or its values are made.
class Document {
 public:
  explicit Document(std::shared_ptr<const Layout> layout);
  const Layout& layout() const { return *layout_; }
  const std::shared_ptr<const Layout>& shared_layout() const { return layout_; }
  const Cell* cells() const { return cells_.data(); }
  Cell* cells() { return cells_.data(); }
  Arena& arena() { return arena_; }
  /// Everything absent again; memory is kept.
  void clear();
  /// Says that values made before no longer hold, after cells were written.
  void changed();

  /// The general form of a declared name: unknown where it is absent. Made once and kept.
  Value value(std::string_view name) const;
  /// Valid as long as the document.
  Lookup lookup() const {
    return [this](std::string_view name) { return value(name); };
  }

 private:
  std::shared_ptr<const Layout> layout_;
  std::vector<Cell> cells_;
  Arena arena_;
  mutable std::vector<Value> values_;
  mutable std::vector<bool> made_;
};

/// The general form of a cell of a member's type.
Value value_of(const Cell& cell, const RecordLayout::Member& member);
/// Of a scalar cell; null for all others.
Value value_of(const Cell& scalar);
/// A map's cell with its index, from keys and values one after the other; of two equal keys the last counts.
Cell make_map(std::span<const Cell> keys_and_values, Arena& arena);
/// A list's cell: `cells` are copied.
Cell make_list(std::span<const Cell> cells, std::uint32_t elements, Arena& arena);

}  // namespace plumbline::cel
