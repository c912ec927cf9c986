// SPDX-License-Identifier: Apache-2.0
// A flattening reader of simple XML.
#include "agent/config/xml.h"

#include "agent/redact.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxValues = 5'000;

struct Open {
  std::string name, attributes, text;
  bool has_elements = false;
};

/// Where the markup that begins at `at` ends, behind its last character.
std::size_t end_of_markup(std::string_view text, std::size_t at) {
  const auto behind = [&](std::string_view end) {
    const std::size_t found = text.find(end, at);
    return found == std::string_view::npos ? text.size() : found + end.size();
  };
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("<!--")) return behind("-->");
  if (rest.starts_with("<![CDATA[")) return behind("]]>");
  if (rest.starts_with("<?")) return behind("?>");
  return behind(">");
}

std::string path_of(const std::vector<Open>& open) {
  std::string path;
  for (const Open& one : open) path.append(path.empty() ? "" : ".").append(one.name);
  return path;
}

class Reader {
 public:
  std::vector<XmlValue> read(std::string_view text) {
    for (std::size_t at = 0; at < text.size() && values_.size() < kMaxValues;) {
      if (text[at] != '<' || text.substr(at).starts_with(kRedacted)) {
        const std::size_t next = text[at] == '<' ? at + kRedacted.size() : text.find('<', at);
        const std::size_t end = std::min(next, text.size());
        if (!open_.empty()) open_.back().text.append(text.substr(at, end - at));
        at = end;
        continue;
      }
      const std::size_t end = end_of_markup(text, at);
      take(text.substr(at, end - at));
      at = end;
    }
    return std::move(values_);
  }

 private:
  void take(std::string_view markup) {
    constexpr std::string_view kData = "<![CDATA[";
    if (markup.starts_with(kData) && markup.ends_with("]]>") && !open_.empty()) {
      markup.remove_prefix(kData.size());
      markup.remove_suffix(3);
      open_.back().text.append(markup);
    }
    if (markup.size() < 3 || markup[1] == '!' || markup[1] == '?' || !markup.ends_with('>')) return;
    if (markup[1] == '/') return close(trim(markup.substr(2, markup.size() - 3)));
    const bool empty = markup.ends_with("/>");
    const std::string_view inner = markup.substr(1, markup.size() - (empty ? 3 : 2));
    const std::size_t blank = std::min(inner.find_first_of(" \t\r\n"), inner.size());
    if (open_.size() >= kMaxDepth) return;
    if (!open_.empty()) open_.back().has_elements = true;
    open_.push_back({std::string(inner.substr(0, blank)), std::string(trim(inner.substr(blank))), "", false});
    if (empty) close(open_.back().name);
  }

  void close(std::string_view name) {
    if (open_.empty() || open_.back().name != name) return;
    const Open& last = open_.back();
    if (!last.has_elements) values_.push_back({path_of(open_), std::string(trim(last.text)), last.attributes});
    open_.pop_back();
  }

  std::vector<Open> open_;
  std::vector<XmlValue> values_;
};

bool holds_secret(std::string_view name) {
  return contains(lower(name), "password") || is_secret_name(name);
}

}  // namespace

std::vector<XmlValue> flatten_xml(std::string_view text) {
  return Reader().read(text);
}

std::string redact_xml(std::string_view text) {
  // Written anew from what was understood, so that no comment and no text between elements stays.
  std::string out;
  for (const XmlValue& value : flatten_xml(text)) {
    const auto names = split(value.path, '.');
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool removed = i + 1 == names.size() && contains(value.attributes, "remove");
      out.append("<").append(names[i]).append(removed ? " remove=\"1\">" : ">");
    }
    out.append(holds_secret(names.back()) && !value.value.empty() ? kRedacted
                                                                  : std::string_view(redact_line(value.value)));
    for (auto name = names.rbegin(); name != names.rend(); ++name) out.append("</").append(*name).append(">");
    out += '\n';
  }
  return out;
}

}  // namespace plumbline
