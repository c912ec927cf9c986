// SPDX-License-Identifier: Apache-2.0
// The templates in the language chosen, compiled once a thread: a compiled template writes into itself when it fails, so
// threads do not share one.
#include "collector/report/page_template.h"

#include <cassert>
#include <cstdio>
#include <map>

#include "collector/report/phrases.h"
#include "collector/report/templates.h"

namespace plumbline {

Result<std::string> template_source(std::string_view name, std::string_view body) {
  for (const auto& file : template_files()) {
    if (file.name != name) continue;
    auto text = with_phrases(name, file.text);
    if (!text || body.empty()) return text;
    constexpr std::string_view kPlace = "{{>body}}";
    const auto place = text->find(kPlace);
    if (place == std::string::npos) return fail(ErrorKind::invalid, std::string(name) + ": has no place for a body");
    auto inner = template_source(body);
    if (!inner) return inner;
    return text->replace(place, kPlace.size(), *inner);
  }
  return fail(ErrorKind::not_found, std::string(name) + ": there is no such template");
}

std::string fill_template(std::string_view layout, std::string_view body, const kainjow::mustache::data& view) {
  struct Compiled {
    unsigned generation = 0;
    kainjow::mustache::mustache page;
  };
  thread_local std::map<std::pair<std::string, std::string>, Compiled> kept;
  const std::pair<std::string, std::string> key(layout, body);
  auto found = kept.find(key);
  if (found == kept.end() || found->second.generation != phrases_generation()) {
    const auto source = template_source(layout, body);
    if (!source) std::fprintf(stderr, "%s\n", source.error().message.c_str());
    assert(source && "a template that cannot be read");
    if (found != kept.end()) kept.erase(found);
    found = kept.emplace(key, Compiled{phrases_generation(), kainjow::mustache::mustache(source.value_or(""))}).first;
  }
  assert(found->second.page.is_valid());
  return found->second.page.render(view);
}

}  // namespace plumbline
