// SPDX-License-Identifier: Apache-2.0
// The typed getters of a mapping.
#include "rules/fields.h"

#include <algorithm>

#include "base/text.h"

namespace plumbline {

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  auto nearest = did_you_mean(word, candidates);
  return nearest ? "; did you mean '" + *nearest + "'?" : "";
}

std::string suggestion_or_list(std::string_view word, std::vector<std::string> candidates) {
  if (auto nearest = did_you_mean(word, candidates)) return "; did you mean '" + *nearest + "'?";
  std::sort(candidates.begin(), candidates.end());
  return "; there are " + join(candidates, ", ");
}

Fields::Fields(Mistakes& mistakes, const SourceFile& file, const YamlNode& node, std::string what)
    : mistakes_(mistakes), file_(file), node_(node), what_(std::move(what)) {
  if (node.kind != YamlNode::map) {
    mistakes_.add(file_, node.offset, what_ + " must be a mapping of keys, not " + std::string(describe(node.kind)));
  }
}

std::size_t Fields::offset(std::string_view key) const {
  const YamlNode* value = node_.find(key);
  return value ? value->offset : node_.offset;
}

void Fields::mistake(std::string_view key, std::string message) {
  mistakes_.add(file_, offset(key), std::move(message));
}

const YamlNode* Fields::any(std::string_view key, Need need) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  const YamlNode* value = node_.find(key);
  if (value) return value;
  if (need == Need::required && node_.kind == YamlNode::map) {
    mistakes_.add(file_, node_.offset, what_ + " lacks '" + std::string(key) + "'");
  }
  return nullptr;
}

const YamlNode* Fields::node(std::string_view key, YamlNode::Kind kind, Need need) {
  const YamlNode* value = any(key, need);
  if (!value) return nullptr;
  if (value->kind == kind) return value;
  mistakes_.add(file_, value->offset,
                "'" + std::string(key) + "' must be " + std::string(describe(kind)) + ", not " +
                    std::string(describe(value->kind)));
  return nullptr;
}

std::string Fields::text(std::string_view key, Need need) {
  const YamlNode* value = node(key, YamlNode::scalar, need);
  if (!value) return "";
  std::string text(trim(value->text));
  if (text.empty() && need == Need::required) {
    mistakes_.add(file_, value->offset, "'" + std::string(key) + "' is empty");
  }
  if (text.size() > kMaxText) {
    mistakes_.add(file_, value->offset,
                  "'" + std::string(key) + "' is longer than " + std::to_string(kMaxText) + " bytes");
    return "";
  }
  return text;
}

std::string Fields::id(std::string_view key, std::string_view also) {
  std::string text = this->text(key);
  auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || contains(also, std::string_view(&c, 1));
  };
  if (!std::all_of(text.begin(), text.end(), allowed) || text.size() > 100) {
    mistake(key, "'" + text.substr(0, 100) + "' is no id: up to 100 characters of a-z, 0-9 and " + std::string(also));
  }
  return text;
}

std::vector<std::string> Fields::texts(std::string_view key, Need need) {
  std::vector<std::string> out;
  const YamlNode* value = node(key, YamlNode::list, need);
  if (!value) return out;
  for (const YamlNode& item : value->items) {
    if (item.kind != YamlNode::scalar || item.text.size() > kMaxText) {
      mistakes_.add(file_, item.offset, "each item of '" + std::string(key) + "' must be a text");
    } else {
      out.push_back(item.text);
    }
  }
  if (out.empty() && need == Need::required) mistake(key, "'" + std::string(key) + "' is empty");
  return out;
}

double Fields::number(std::string_view key, double least, double most, Need need) {
  const YamlNode* value = node(key, YamlNode::scalar, need);
  if (!value) return least;
  auto number = parse_double(value->text);
  if (number && *number >= least && *number <= most) return *number;
  auto show = [](double bound) {
    std::string text = std::to_string(bound);
    text.erase(text.find_last_not_of('0') + 1);
    if (!text.empty() && text.back() == '.') text.pop_back();
    return text;
  };
  mistake(key, "'" + std::string(key) + "' must be a number from " + show(least) + " to " + show(most));
  return least;
}

bool Fields::boolean(std::string_view key) {
  const YamlNode* value = node(key, YamlNode::scalar, Need::optional);
  if (!value) return false;
  if (!value->quoted && (value->text == "true" || value->text == "false")) return value->text == "true";
  mistake(key, "'" + std::string(key) + "' must be true or false");
  return false;
}

std::size_t Fields::choice(std::string_view key, const std::vector<std::string>& words) {
  const YamlNode* value = node(key, YamlNode::scalar);
  if (!value) return 0;
  auto found = std::find(words.begin(), words.end(), value->text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  mistake(key, "no " + std::string(key) + " '" + value->text + "'; one of " + join(words, ", ") +
                   suggestion(value->text, words));
  return 0;
}

std::vector<const YamlNode*> Fields::mappings(std::string_view key, Need need) {
  std::vector<const YamlNode*> out;
  const YamlNode* value = node(key, YamlNode::list, need);
  if (!value) return out;
  for (const YamlNode& item : value->items) out.push_back(&item);
  return out;
}

void Fields::finish() {
  for (const auto& [key, value] : node_.entries) {
    if (key.kind != YamlNode::scalar) continue;
    if (std::find(known_.begin(), known_.end(), key.text) != known_.end()) continue;
    mistakes_.add(file_, key.offset, "no key '" + key.text + "' in " + what_ + suggestion_or_list(key.text, known_));
  }
}

}  // namespace plumbline
