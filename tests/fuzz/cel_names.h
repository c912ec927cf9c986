// SPDX-License-Identifier: Apache-2.0
// What expressions of the fuzz targets may name: one of everything that a declaration can say.
#pragma once

#include "rules/cel/types.h"

namespace plumbline::cel {

inline const Declarations& fuzz_declarations() {
  static const Declarations out = [] {
    const TypePtr text = simple_type(Type::string), whole = simple_type(Type::int_type);
    Type disk;
    disk.kind = Type::object;
    disk.members = {{"class", text}, {"size", whole}, {"load", simple_type(Type::number)}};
    Type host;
    host.kind = Type::object;
    host.members = {{"name", text},
                    {"load", simple_type(Type::number)},
                    {"up", simple_type(Type::boolean)},
                    {"tags", list_of(text)},
                    {"labels", map_of(text, text)},
                    {"disks", list_of(std::make_shared<const Type>(disk))},
                    {"gone", whole}};
    return Declarations{{"h", std::make_shared<const Type>(host)},
                        {"x", simple_type(Type::dyn)},
                        {"y", simple_type(Type::dyn)},
                        {"a.b", whole},
                        {"i", whole},
                        {"u", simple_type(Type::uint_type)},
                        {"d", simple_type(Type::number)},
                        {"s", text},
                        {"l", list_of(whole)},
                        {"m", map_of(text, whole)}};
  }();
  return out;
}

}  // namespace plumbline::cel
