// SPDX-License-Identifier: Apache-2.0
// Cuts text into words; "define" and "include" are done here, so that no reader of rules sees them.
#include "agent/firewall/nft_words.h"

#include <algorithm>
#include <iterator>

namespace plumbline {
namespace {

constexpr std::size_t kMaxWords = 200'000;  // of a file with all it includes, and of all its variables
constexpr int kMaxIncludeDepth = 16;  // as nft has it

std::vector<NftWord> cut(std::string_view text) {
  constexpr std::string_view kEnds = " \t\r\n;{},\"#";
  std::vector<NftWord> out;
  for (std::size_t i = 0; i < text.size() && out.size() <= kMaxWords;) {
    const char c = text[i];
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
    } else if (c == '\n' || c == ';') {
      out.push_back({"\n"});
      ++i;
    } else if (c == '{' || c == '}' || c == ',') {
      out.push_back({std::string(1, c)});
      ++i;
    } else if (c == '"') {
      const std::size_t end = std::min(text.find('"', i + 1), text.size());
      out.push_back({std::string(text.substr(i + 1, end - i - 1)), true});
      i = end + 1;
    } else if (c == '\\' && i + 1 < text.size() && text[i + 1] == '\n') {
      i += 2;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++i;
    } else {
      const std::size_t end = std::min(text.find_first_of(kEnds, i), text.size());
      out.push_back({std::string(text.substr(i, end - i))});
      i = end;
    }
  }
  return out;
}

class Expander {
 public:
  explicit Expander(const ReadIncludes& read_includes) : read_includes_(read_includes) {}

  Result<void> add(std::string_view text, int depth) {
    if (depth > kMaxIncludeDepth) return fail(ErrorKind::limit, "includes: too deep");
    const std::vector<NftWord> words = cut(text);
    if (words.size() > kMaxWords) return fail(ErrorKind::limit, "more words than are read");
    bool begins = true;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (out_.size() > kMaxWords || stored_ > kMaxWords) return fail(ErrorKind::limit, "more words than are read");
      if (begins && words[i].is("include") && i + 1 < words.size()) {
        if (auto done = include(words[++i].text, depth); !done) return done;
      } else if (begins && (words[i].is("define") || words[i].is("redefine"))) {
        i = define(words, i + 1);
      } else {
        put(words[i], out_);
      }
      begins = words[i].is("\n") || words[i].is("{") || words[i].is("}");
    }
    return {};
  }

  std::vector<NftWord> take() { return std::move(out_); }

 private:
  Result<void> include(const std::string& pattern, int depth) {
    const auto texts = read_includes_(pattern);
    if (!texts) return tl::unexpected<Error>(texts.error());
    for (const std::string& text : *texts) {
      if (auto done = add(text, depth + 1); !done) return done;
      out_.push_back({"\n"});
    }
    return {};
  }

  /// "define ports = { 22, 80 }"; gives the place of its last word.
  std::size_t define(const std::vector<NftWord>& words, std::size_t at) {
    if (at + 1 >= words.size()) return words.size() - 1;
    const std::string name = words[at].text;
    at += words[at + 1].is("=") ? 2 : 1;
    std::vector<NftWord> value;
    int depth = 0;
    for (; at < words.size() && (depth > 0 || !words[at].is("\n")) && value.size() <= kMaxWords; ++at) {
      depth += words[at].is("{") ? 1 : words[at].is("}") ? -1 : 0;
      if (!words[at].is("\n")) put(words[at], value);
    }
    stored_ += value.size();
    if (stored_ <= kMaxWords) variables_[name] = std::move(value);
    return std::min(at, words.size() - 1);
  }

  void put(const NftWord& word, std::vector<NftWord>& out) const {
    const auto known = word.quoted || !word.text.starts_with('$') ? variables_.end() : variables_.find(word.text.substr(1));
    if (known == variables_.end()) out.push_back(word);
    else if (out.size() <= kMaxWords) out.insert(out.end(), known->second.begin(), known->second.end());
  }

  const ReadIncludes& read_includes_;
  std::map<std::string, std::vector<NftWord>> variables_;
  std::size_t stored_ = 0;  // words of variables
  std::vector<NftWord> out_;
};

}  // namespace

Result<std::vector<NftWord>> read_nft_words(std::string_view text, const ReadIncludes& read_includes) {
  Expander expander(read_includes);
  if (auto done = expander.add(text, 0); !done) return tl::unexpected<Error>(done.error());
  return expander.take();
}

}  // namespace plumbline
