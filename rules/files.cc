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

void RuleFolder::hold(std::vector<std::pair<std::string, std::string>> files) {
  held_.emplace();
  for (auto& [name, text] : files) held_->insert_or_assign(std::move(name), std::move(text));
}

bool RuleFolder::is_folder(const std::string& relative) const {
  return held_ && !relative.empty() ? !list_held(relative).empty() : path_is_folder(shown(relative));
}

// "packs" of packs/ssh/pack.yaml and packs/ssh/rules.yaml: "ssh/"
std::vector<std::string> RuleFolder::list_held(const std::string& relative) const {
  const std::string prefix = relative.empty() || relative.back() == '/' ? relative : relative + "/";
  std::vector<std::string> names;
  for (auto at = held_->lower_bound(prefix); at != held_->end() && at->first.compare(0, prefix.size(), prefix) == 0; ++at) {
    const std::string rest = at->first.substr(prefix.size());
    const std::string name = rest.substr(0, rest.find('/') == std::string::npos ? rest.size() : rest.find('/') + 1);
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  return names;
}

std::vector<std::string> RuleFolder::list(const std::string& relative) {
  if (held_) return list_held(relative);
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

const SourceFile* RuleFolder::keep(const std::string& relative, std::string text) {
  return &files_.emplace(relative, SourceFile{shown(relative), std::move(text)}).first->second;
}

const SourceFile* RuleFolder::read(const std::string& relative) {
  if (auto known = files_.find(relative); known != files_.end()) return &known->second;
  std::string path = shown(relative);
  if (held_) {
    const auto found = held_->find(relative);
    if (found != held_->end()) return keep(relative, found->second);
    mistakes_.add(path + ": not among the files that were checked");
    return nullptr;
  }
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
  return keep(relative, std::move(*text));
}

std::string RuleFolder::hash() const {
  std::string all;
  for (const auto& [relative, file] : files_) {
    all += relative;
    all += '\0';
    all += std::to_string(file.text.size());
    all += '\0';
    all += file.text;
  }
  return sha256_hex(all);
}

}  // namespace plumbline
