// SPDX-License-Identifier: Apache-2.0
// The folder walk of packs.
#include "rules/files.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"

namespace plumbline {
namespace {

bool path_is_folder(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}
bool path_is_file(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

RuleFolder::RuleFolder(std::string root, Mistakes& mistakes) : root_(std::move(root)), mistakes_(mistakes) {
  while (root_.size() > 1 && root_.back() == '/') root_.pop_back();
  auto resolved = real_path(root_);
  if (resolved) resolved_ = *resolved;
}

bool RuleFolder::is_folder(const std::string& relative) const { return path_is_folder(shown(relative)); }

std::vector<std::string> RuleFolder::list(const std::string& relative) {
  std::vector<std::string> names;
  std::string path = shown(relative);
  DIR* folder = opendir(path.c_str());
  if (!folder) return names;
  while (const dirent* entry = readdir(folder)) {
    std::string name = entry->d_name;
    if (name.front() == '.' || name.back() == '~') continue;  // hidden files and editors' copies
    if (names.size() >= kMaxFilesPerFolder) {
      mistakes_.add(path + ": more than " + std::to_string(kMaxFilesPerFolder) + " files; split the pack");
      break;
    }
    if (path_is_folder(path + "/" + name)) name += '/';
    names.push_back(std::move(name));
  }
  closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

const SourceFile* RuleFolder::read(const std::string& relative) {
  std::string path = shown(relative);
  auto resolved = real_path(path);
  if (!resolved) {
    mistakes_.add(path + ": cannot be read: " + resolved.error().message);
    return nullptr;
  }
  if (resolved->compare(0, resolved_.size() + 1, resolved_ + "/") != 0) {
    mistakes_.add(path + ": a link leads out of the folder; put the file itself there");
    return nullptr;
  }
  if (!path_is_file(*resolved)) {
    mistakes_.add(path + ": not a plain file");
    return nullptr;
  }
  auto text = read_file(*resolved, kMaxRuleFileBytes);
  if (!text) {
    mistakes_.add(text.error().kind == ErrorKind::limit
                      ? path + ": longer than " + std::to_string(kMaxRuleFileBytes) + " bytes; split it"
                      : text.error().message);
    return nullptr;
  }
  files_.emplace_back(relative, std::make_unique<SourceFile>(SourceFile{path, std::move(*text)}));
  return files_.back().second.get();
}

std::string RuleFolder::hash() const {
  std::vector<const std::pair<std::string, std::unique_ptr<SourceFile>>*> ordered;
  for (const auto& file : files_) ordered.push_back(&file);
  std::sort(ordered.begin(), ordered.end(), [](auto* a, auto* b) { return a->first < b->first; });
  std::string all;
  for (const auto* file : ordered) {
    all += file->first;
    all += '\0';
    all += std::to_string(file->second->text.size());
    all += '\0';
    all += file->second->text;
  }
  return sha256_hex(all);
}

}  // namespace plumbline
