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

namespace {

constexpr int kMostDepth = 4;

Result<std::string> source_of(std::string_view name, std::string_view body, int depth);

// Puts templates where a text asks for them: "{{>plan_form.html}}".
Result<std::string> with_parts(std::string text, std::string_view body, int depth) {
  constexpr std::string_view kOpen = "{{>", kClose = "}}";
  for (auto at = text.find(kOpen); at != std::string::npos; at = text.find(kOpen, at)) {
    const auto end = text.find(kClose, at);
    if (end == std::string::npos) return fail(ErrorKind::invalid, "{{> without }}");
    const std::string name = text.substr(at + kOpen.size(), end - at - kOpen.size());
    auto part = name == "body" ? source_of(body, {}, depth + 1) : source_of(name, body, depth + 1);
    if (!part) return part;
    text.replace(at, end + kClose.size() - at, *part);
    at += part->size();
  }
  return text;
}

Result<std::string> source_of(std::string_view name, std::string_view body, int depth) {
  if (depth > kMostDepth) return fail(ErrorKind::limit, std::string(name) + ": templates stand in each other more than four deep");
  for (const auto& file : template_files()) {
    if (file.name != name) continue;
    auto text = with_phrases(name, file.text);
    if (!text) return text;
    auto whole = with_parts(std::move(*text), body, depth);
    if (!whole) return fail(std::string(name), whole.error());
    return whole;
  }
  return fail(ErrorKind::not_found, std::string(name) + ": there is no such template");
}

}  // namespace

Result<std::string> template_source(std::string_view name, std::string_view body) { return source_of(name, body, 0); }

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
