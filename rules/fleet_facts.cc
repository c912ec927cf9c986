// SPDX-License-Identifier: Apache-2.0
// A fleet in order and without waivers, and facts from cells back to JSON.
#include "rules/fleet_facts.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace plumbline {
namespace {

using cel::Cell;
using cel::CellKind;
using nlohmann::json;

json value_json(const Cell& cell, const cel::RecordLayout::Member& member);

json record_json(const Cell* cells, const cel::RecordLayout& layout) {
  json out = json::object();
  for (const cel::RecordLayout::Member& member : layout.members()) {
    const Cell& cell = cells[member.cell];
    if (!cell.missing()) out[member.name] = value_json(cell, member);
  }
  return out;
}

json scalar_json(const Cell& cell) {
  switch (cell.kind()) {
    case CellKind::boolean: return cell.yes;
    case CellKind::int_kind: return cell.whole;
    case CellKind::uint_kind: return cell.natural;
    case CellKind::number: return cell.real;
    case CellKind::string: return std::string(cell.view());
    default: return {};
  }
}

json value_json(const Cell& cell, const cel::RecordLayout::Member& member) {
  if (cell.kind() == CellKind::record) return record_json(&cell + 1, *member.record);
  if (cell.kind() == CellKind::list) {
    json out = json::array();
    const std::size_t stride = member.record ? member.record->cells() : 1;
    for (std::size_t i = 0; i < cell.size(); ++i)
      out.push_back(member.record ? record_json(cell.cells + i * stride, *member.record) : scalar_json(cell.cells[i]));
    return out;
  }
  if (cell.kind() == CellKind::map) {
    json out = json::object();
    for (std::size_t i = 0; i < cell.size(); ++i)
      out[std::string(cell.cells[1 + 2 * i].view())] = scalar_json(cell.cells[2 + 2 * i]);
    return out;
  }
  return scalar_json(cell);
}

}  // namespace

FleetFacts in_name_order(const FleetFacts& given) {
  FleetFacts out{given.hosts, {}};
  std::vector<std::size_t> order(given.hosts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(given.hosts[a].name, given.hosts[a].id) < std::tie(given.hosts[b].name, given.hosts[b].id);
  });
  std::vector<AssessedHost> hosts;
  for (const std::size_t host : order) hosts.push_back(std::move(out.hosts[host]));
  out.hosts = std::move(hosts);
  out.document = [&given, order = std::move(order)](std::size_t host) { return given.document(order[host]); };
  for (AssessedHost& host : out.hosts)
    for (Verdict& verdict : host.judgement.verdicts)
      if (verdict == Verdict::waived) verdict = Verdict::fail;
  return out;
}

json facts_json(const cel::Document& facts) { return record_json(facts.cells(), facts.layout().root()); }

}  // namespace plumbline
