// SPDX-License-Identifier: Apache-2.0
// One object among a host's facts, to read by name and to add derived facts to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/cel/document.h"

namespace plumbline {

/// Points into a document, which must outlive it. Names are those of the catalog; one that is not there reads as absent
/// and is not set, nor is one of another type.
class FactRecord {
 public:
  FactRecord() = default;  // an object that is not there
  /// The top of a document: its members are the sections.
  explicit FactRecord(cel::Document& document)
      : document_(&document), layout_(&document.layout().root()), cells_(document.cells()) {}

  explicit operator bool() const { return layout_ != nullptr; }
  std::string text(std::string_view name) const;  // empty where absent
  std::optional<double> number(std::string_view name) const;
  std::optional<bool> flag(std::string_view name) const;
  /// A section or group; an object that is not there where it is absent.
  FactRecord object(std::string_view name) const;
  /// The elements of a list of objects.
  std::vector<FactRecord> objects(std::string_view name) const;
  bool has(std::string_view name) const;
  /// The cell of a fact, or nullptr where the catalog has none of that name.
  const cel::Cell* cell(std::string_view name) const { return const_cast<FactRecord*>(this)->slot(name); }

  void erase(std::string_view name);
  void set(std::string_view name, std::string_view text);
  void set(std::string_view name, std::int64_t number);
  void set(std::string_view name, double number);
  void set(std::string_view name, bool flag);

 private:
  FactRecord(cel::Document* document, const cel::RecordLayout* layout, cel::Cell* cells)
      : document_(document), layout_(layout), cells_(cells) {}
  cel::Cell* slot(std::string_view name);
  void put(std::string_view name, const cel::Cell& cell);

  cel::Document* document_ = nullptr;
  const cel::RecordLayout* layout_ = nullptr;
  cel::Cell* cells_ = nullptr;
};

}  // namespace plumbline
