// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as a YAML file of a pack. The fast reader agrees with yaml-cpp wherever it answers; what can
// be read is compiled as a pack's file, and what is wrong in it is told with a place.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "rules/pack.h"
#include "rules/yaml.h"

namespace {

using namespace plumbline;

bool same(const YamlNode& a, const YamlNode& b) {
  if (a.kind != b.kind || a.text != b.text || a.items.size() != b.items.size() || a.entries.size() != b.entries.size())
    return false;
  if (a.kind == YamlNode::scalar && (a.quoted != b.quoted || a.offset != b.offset)) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (!same(a.items[i], b.items[i])) return false;
  for (std::size_t i = 0; i < a.entries.size(); ++i)
    if (!same(a.entries[i].first, b.entries[i].first) || !same(a.entries[i].second, b.entries[i].second)) return false;
  return true;
}

void check_places(const SourceFile& file, const YamlNode& node) {
  if (node.offset > file.text.size()) std::abort();
  if (node.kind == YamlNode::scalar && offset_in_scalar(file, node, node.text.size() / 2) > file.text.size()) std::abort();
  for (const YamlNode& item : node.items) check_places(file, item);
  for (const auto& [key, value] : node.entries) check_places(file, key), check_places(file, value);
}

// A rules folder in memory whose one pack has the input as its second file.
class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::exists("/dev/shm") ? "/dev/shm/fuzz_packXXXXXX" : "/tmp/fuzz_packXXXXXX";
    if (!mkdtemp(name.data())) std::abort();
    root_ = name;
    std::filesystem::create_directories(root_ + "/packs/p");
    write("pack.yaml", "pack: p\nversion: 2026.11.0\ndate: 2026-11-23\nlicence: Apache-2.0\ntitle: P\n");
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(root_); }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(root_ + "/packs/p/" + name, std::ios::binary | std::ios::trunc) << text;
  }
  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  if (size > 16384) return 0;
  const SourceFile file{"rules.yaml", {reinterpret_cast<const char*>(data), size}};
  Mistakes mistakes, mistakes_of_whole;
  const YamlNode read = read_yaml(file, mistakes);
  check_places(file, read);
  if (!mistakes.empty()) return 0;
  if (!same(read, read_whole_yaml(file, mistakes_of_whole)) || !mistakes_of_whole.empty()) std::abort();
  if (read.kind != YamlNode::map) return 0;
  folder.write(file.name, file.text);
  const auto rules = load_rules(folder.root());
  if (rules ? (*rules)->hash.size() != 64 : rules.error().message.empty()) std::abort();
  return 0;
}
