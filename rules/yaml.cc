// SPDX-License-Identifier: Apache-2.0
// Builds the tree from yaml-cpp's events: faster than its own nodes, and aliases are seen before anything expands.
#include "rules/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>

#include "base/text.h"
#include "rules/plain_yaml.h"

namespace plumbline {
namespace {

// Reads from a text that is there already; a stringstream would copy it.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceFile& file, Mistakes& mistakes) : file_(file), mistakes_(mistakes) {}
  YamlNode take() { return std::move(root_); }
  bool overflowed() const { return count_ > kMaxYamlNodes; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    YamlNode node;
    node.offset = offset_of(mark);
    add(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    mistake(mark, "aliases (*name) are not allowed in packs; write the value out");
    add(YamlNode{});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    if (tag != "?" && tag != "!") refuse_tag(mark, tag);
    YamlNode node;
    node.kind = YamlNode::scalar;
    node.offset = offset_of(mark);
    node.quoted = tag == "!";
    if (node.quoted) require_end(node.offset);
    node.text = value;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    bool has_key = false;
    YamlNode key;
  };

  static std::size_t offset_of(const YAML::Mark& mark) {
    return mark.pos < 0 ? 0 : static_cast<std::size_t>(mark.pos);
  }
  void mistake(const YAML::Mark& mark, std::string message) {
    mistakes_.add(file_, offset_of(mark), std::move(message));
  }
  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) mistake(mark, "anchors (&name) are not allowed in packs");
  }
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?") mistake(mark, "tags (" + tag + ") are not allowed in packs");
  }

  // yaml-cpp takes the end of the file for the end of a quoted text.
  void require_end(std::size_t offset) {
    std::string_view text = file_.text;
    char quote = offset < text.size() ? text[offset] : '\0';
    if (quote != '"' && quote != '\'') return;  // a folded or literal text
    for (std::size_t at = offset + 1; at < text.size(); ++at) {
      if (quote == '"' && text[at] == '\\') ++at;
      else if (text[at] == quote && text.substr(at, 2) != "''") return;
      else if (text[at] == quote) ++at;
    }
    mistakes_.add(file_, offset, "a quoted text begins here and never ends");
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (ignored_ > 0 || open_.size() >= kMaxYamlDepth) {
      if (ignored_++ == 0) mistake(mark, "nested deeper than " + std::to_string(kMaxYamlDepth) + " levels");
      return;
    }
    Open next;
    next.node.kind = kind;
    next.node.offset = offset_of(mark);
    open_.push_back(std::move(next));
  }
  void close() {
    if (ignored_ > 0) {
      if (--ignored_ == 0) add(YamlNode{});
      return;
    }
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (ignored_ > 0 || ++count_ > kMaxYamlNodes) return;  // said in read_whole_yaml()
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::list) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.has_key) {
      parent.key = std::move(node);
      parent.has_key = true;
      check_key(parent);
    } else {
      parent.node.entries.emplace_back(std::move(parent.key), std::move(node));
      parent.has_key = false;
    }
  }
  void check_key(const Open& parent) {
    const YamlNode& key = parent.key;
    if (key.kind != YamlNode::scalar) {
      mistakes_.add(file_, key.offset, "a key must be a word");
      return;
    }
    if (parent.node.entries.size() == kMaxYamlKeys) {
      mistakes_.add(file_, key.offset, "more than " + std::to_string(kMaxYamlKeys) + " keys in one mapping");
      count_ = kMaxYamlNodes;  // nothing more is kept
      return;
    }
    if (const YamlNode* first = parent.node.find(key.text)) {
      int line = place_of(file_.text, first->offset).line;
      mistakes_.add(file_, key.offset,
                    "key '" + key.text + "' is written twice; first near line " + std::to_string(line));
    }
  }

  const SourceFile& file_;
  Mistakes& mistakes_;
  YamlNode root_;
  std::vector<Open> open_;
  std::size_t ignored_ = 0;  // open containers below the depth limit
  std::size_t count_ = 0;
};

// What is wrong with the character that begins with these bytes; empty where nothing is. yaml-cpp takes 0x04 for the end of
// the file; others break lines at a lone carriage return or U+2028, or let text run backwards on the screen: a reviewer must
// see what is read.
std::string_view disguise(std::string_view text) {
  auto byte = static_cast<unsigned char>(text[0]);
  if (byte == '\r') return text.substr(0, 2) == "\r\n" ? "" : "a carriage return without a line feed stands here";
  if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) return "a control character stands here; packs are plain text";
  if (byte == 0xc2 && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0xa0) return "a control character stands here; packs are plain text";
  std::string_view three = text.substr(0, 3);
  if (three == "\xef\xbb\xbf") return "a byte order mark stands here; save the file as UTF-8 without one";
  if (three == "\xe2\x80\xa8" || three == "\xe2\x80\xa9") return "a line separator that only some programs see stands here";
  bool turns = (three >= "\xe2\x80\xaa" && three <= "\xe2\x80\xae") || (three >= "\xe2\x81\xa6" && three <= "\xe2\x81\xa9") ||
               three == "\xe2\x80\x8e" || three == "\xe2\x80\x8f" || text.substr(0, 2) == "\xd8\x9c";
  return turns ? "an invisible character that turns the direction of text stands here" : "";
}

bool is_disguised(const SourceFile& file, Mistakes& mistakes) {
  std::string_view text = file.text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x7f) continue;
    if (byte == '\n' || byte == '\t') continue;
    std::string_view wrong = disguise(text.substr(i, 3));
    if (wrong.empty()) continue;
    mistakes.add(file, i, std::string(wrong));
    return true;
  }
  return false;
}

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

}  // namespace

YamlNode::YamlNode() = default;
YamlNode::YamlNode(const YamlNode&) = default;
YamlNode::YamlNode(YamlNode&&) noexcept = default;
YamlNode& YamlNode::operator=(const YamlNode&) = default;
YamlNode& YamlNode::operator=(YamlNode&&) noexcept = default;
YamlNode::~YamlNode() = default;

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.text == key) return &value;
  }
  return nullptr;
}

std::string_view describe(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::null: return "nothing";
    case YamlNode::scalar: return "a text";
    case YamlNode::list: return "a list";
    case YamlNode::map: return "a mapping";
  }
  return "";
}

YamlNode read_yaml(const SourceFile& file, Mistakes& mistakes) {
  if (!is_utf8(file.text)) {
    mistakes.add(file, 0, "not UTF-8 text");
    return {};
  }
  if (is_disguised(file, mistakes)) return {};
  if (auto plain = read_plain_yaml(file.text)) return std::move(*plain);
  return read_whole_yaml(file, mistakes);
}

YamlNode read_whole_yaml(const SourceFile& file, Mistakes& mistakes) {
  TreeBuilder builder(file, mistakes);
  try {  // the seam to yaml-cpp, which throws
    TextBuffer buffer(file.text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    YamlNode root = builder.take();
    if (builder.overflowed()) mistakes.add(file, 0, "more than " + std::to_string(kMaxYamlNodes) + " values");
    if (stream.good() || parser) {
      TreeBuilder second(file, mistakes);
      if (parser.HandleNextDocument(second)) {
        mistakes.add(file, second.take().offset, "a second document begins here; a file holds one");
      }
    }
    return root;
  } catch (const YAML::Exception& error) {
    std::size_t at = error.mark.is_null() || error.mark.pos < 0 ? 0 : static_cast<std::size_t>(error.mark.pos);
    bool colon = error.msg == "illegal map value";  // the commonest: `check: a ? "b : c" : d`
    mistakes.add(file, at, "not valid YAML: " + error.msg +
                               (colon ? "; put the text on the next line after '>-', for ': ' begins a value" : ""));
    return {};
  }
}

std::size_t offset_in_scalar(const SourceFile& file, const YamlNode& scalar, std::size_t index) {
  std::string_view source = file.text;
  std::size_t at = scalar.offset;
  if (at >= source.size()) return scalar.offset;
  char first = source[at];
  if (first == '|' || first == '>') {  // ">-\n  text": the text begins on the next line
    at = source.find('\n', at);
    if (at == std::string_view::npos) return scalar.offset;
  } else if (scalar.quoted && (first == '"' || first == '\'')) {
    ++at;
  }
  // Blanks may be folded, so only the other characters are compared.
  for (std::size_t i = 0; i < scalar.text.size() && i < index; ++i) {
    if (is_blank(scalar.text[i])) {
      // Within a line blanks count one by one, so that the caret may stand on one.
      if (at < source.size() && source[at] == scalar.text[i]) ++at;
      continue;
    }
    at = skip_blanks(source, at);
    if (at < source.size() && scalar.quoted && first == '"' && source[at] == '\\') ++at;
    if (at < source.size() && first == '\'' && source.substr(at, 2) == "''") ++at;
    if (at >= source.size() || source[at] != scalar.text[i]) return scalar.offset;
    ++at;
  }
  bool on_text = index < scalar.text.size() && !is_blank(scalar.text[index]);
  return on_text ? skip_blanks(source, at) : at;
}

}  // namespace plumbline
