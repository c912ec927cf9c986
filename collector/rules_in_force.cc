// SPDX-License-Identifier: Apache-2.0
// Reads, compares and swaps rule sets.
#include "collector/rules_in_force.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"

namespace plumbline {
namespace {

constexpr int kMostFolderDepth = 8;
constexpr std::size_t kMostWatchedFiles = 50'000;
constexpr std::size_t kMostIdsTold = 6;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

std::string line_of(const std::string& path, const struct stat& about) {
  const auto nanoseconds = [](const timespec& time) { return std::to_string(time.tv_sec) + "." + std::to_string(time.tv_nsec); };
  return path + '\0' + std::to_string(about.st_mode) + " " + std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino) + " " +
         std::to_string(about.st_size) + " " + nanoseconds(about.st_mtim) + " " + nanoseconds(about.st_ctim) + "\n";
}

// Links are followed, as they are where the files are read: a folder that is swapped by moving one link is seen.
void add_folder(const std::string& path, int depth, std::map<std::string, std::string>& lines) {
  const std::unique_ptr<DIR, CloseFolder> folder(::opendir(path.c_str()));
  if (folder == nullptr) {  // absent, or one file where a folder may stand too
    const int reason = errno;
    struct stat about {};
    lines[path] = reason == ENOTDIR && ::stat(path.c_str(), &about) == 0 ? line_of(path, about) : path + " " + std::to_string(reason) + "\n";
    return;
  }
  while (const dirent* entry = ::readdir(folder.get())) {
    if (entry->d_name[0] == '.' || lines.size() >= kMostWatchedFiles) continue;
    const std::string name = path + "/" + entry->d_name;
    struct stat about {};
    if (::stat(name.c_str(), &about) != 0) {
      lines[name] = name + " " + std::to_string(errno) + "\n";
      continue;
    }
    // A folder's own times change with temporary files of editors; its contents are what counts.
    if (S_ISDIR(about.st_mode)) {
      if (depth < kMostFolderDepth) add_folder(name, depth + 1, lines);
    } else {
      lines[name] = line_of(name, about);
    }
  }
}

void append(std::string& text, std::string_view field) { text += std::to_string(field.size()) + ':' + std::string(field); }

void append(std::string& text, const std::optional<cel::Program>& program) {
  append(text, program ? std::string_view(program->text()) : std::string_view("-"));
}

// Everything a rule says, so that two of one id can be compared.
std::string text_of(const Rule& rule) {
  std::string text;
  for (const std::string* field : {&rule.pack, &rule.title, &rule.why, &rule.expected, &rule.fail.it, &rule.fail.cio, &rule.fail.ceo, &rule.pass.it,
                                   &rule.pass.cio, &rule.pass.ceo, &rule.fix.text, &rule.fix.owner, &rule.action})
    append(text, *field);
  append(text, rule.when);
  append(text, rule.check);
  append(text, rule.observed);
  for (const NamedExpression& shown : rule.evidence) {
    append(text, shown.name);
    append(text, shown.value);
  }
  for (const std::string_view word : {to_text(rule.pillar), to_text(rule.severity), to_text(rule.fix.cost)}) append(text, word);
  append(text, std::to_string(rule.fleet) + std::to_string(rule.fix.once) + std::to_string(rule.fix.effort_days));
  for (const auto& [family, lines] : rule.fix.commands) append(text, family + '\n' + join(lines, "\n"));
  append(text, join(rule.references, "\n"));
  append(text, join(rule.tags, "\n"));
  append(text, join(rule.site_changes, "\n"));
  return text;
}

std::string told(const std::vector<std::string>& ids) {
  if (ids.size() <= kMostIdsTold) return join(ids, ", ");
  return join({ids.begin(), ids.begin() + kMostIdsTold}, ", ") + " and " + std::to_string(ids.size() - kMostIdsTold) + " more";
}

// "packs/a/rules.yaml:3:5: no such fact" of a text that goes on with the source line and more mistakes.
std::string first_mistake(std::string_view refused) {
  const auto rows = lines(refused);
  if (rows.empty()) return "no reason given";
  return std::string(rows.size() > 1 && rows[0].ends_with(':') ? std::string(rows[0]) + " " + std::string(rows[1]) : std::string(rows[0]));
}

}  // namespace

Result<RulesSource> find_rules(const std::string& folder, const std::string& site) {
  if (!folder.empty()) return RulesSource{folder, site};
  auto found = find_rules_folder();
  if (!found) return tl::unexpected(found.error());
  return RulesSource{std::move(*found), site.empty() ? find_site_folder() : site};
}

Result<std::shared_ptr<const RuleSet>> read_rules(const RulesSource& source) {
  auto rules = source.signed_packs ? load_signed_rules(source.folder, source.site, *source.signed_packs, now_seconds()) : load_rules(source.folder, source.site);
  // Each mistake begins its own line with file:line:column, where editors look for it.
  if (!rules && rules.error().kind == ErrorKind::invalid)
    return fail(ErrorKind::invalid, "the rules in " + source.folder + " have mistakes:\n" + rules.error().message);
  return rules;
}

std::string fingerprint_of(const RulesSource& source) {
  std::map<std::string, std::string> by_name;  // folders list their files in any order
  add_folder(source.folder, 0, by_name);
  if (!source.site.empty()) add_folder(source.site, 0, by_name);
  if (source.signed_packs) add_folder(source.signed_packs->keys, 0, by_name);
  std::string text;
  for (const auto& [name, line] : by_name) text += line;
  return sha256_hex(text);
}

RulesChange change_between(const RuleSet& before, const RuleSet& after) {
  RulesChange change;
  auto old_rule = before.rules.begin();
  for (const Rule& rule : after.rules) {  // both are sorted by id
    while (old_rule != before.rules.end() && old_rule->id < rule.id) change.removed.push_back((old_rule++)->id);
    if (old_rule == before.rules.end() || old_rule->id != rule.id) {
      change.added.push_back(rule.id);
      continue;
    }
    if (text_of(*old_rule) != text_of(rule)) change.changed.push_back(rule.id);
    ++old_rule;
  }
  while (old_rule != before.rules.end()) change.removed.push_back((old_rule++)->id);
  std::map<std::string, std::string> values;
  for (const PropertyInfo& property : before.properties) values[property.pack + "." + property.name] = property.value;
  for (const PropertyInfo& property : after.properties)
    if (const auto known = values.find(property.pack + "." + property.name); known != values.end() && known->second != property.value)
      change.properties.push_back(known->first);
  return change;
}

std::string to_text(const RulesChange& change) {
  std::string text;
  for (const auto& [ids, verb] : {std::pair{&change.added, "added"}, std::pair{&change.removed, "removed"}, std::pair{&change.changed, "changed"}}) {
    if (ids->empty()) continue;
    text += text.empty() ? std::to_string(ids->size()) + (ids->size() == 1 ? " rule " : " rules ") : ", " + std::to_string(ids->size()) + " ";
    text += std::string(verb) + " (" + told(*ids) + ")";
  }
  if (text.empty()) text = "no rule added, removed or changed";
  if (!change.properties.empty()) text += "; properties set otherwise: " + told(change.properties);
  return text;
}

RulesInForce::RulesInForce(std::shared_ptr<const RuleSet> rules, std::int64_t now) { state_ = {std::move(rules), now, {}, 0}; }

std::shared_ptr<const RuleSet> RulesInForce::rules() const {
  const std::lock_guard lock(mutex_);
  return state_.rules;
}

RulesState RulesInForce::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::shared_ptr<const RuleSet> RulesInForce::take(Result<std::shared_ptr<const RuleSet>> read, std::int64_t now) {
  const std::lock_guard lock(mutex_);
  if (!read) {
    if (state_.refused == read.error().message) return nullptr;
    if (state_.refused.empty()) state_.refused_since = now;
    state_.refused = read.error().message.empty() ? "no reason given" : read.error().message;
    log_error("rules: refused, those of " + state_.rules->version + " stay in force: " + first_mistake(state_.refused));
    return nullptr;
  }
  const bool was_refused = !state_.refused.empty();
  state_.refused.clear();
  state_.refused_since = 0;
  if ((*read)->hash == state_.rules->hash) {
    if (was_refused) log_info("rules: the files are again what is in force, " + state_.rules->version);
    return nullptr;
  }
  auto before = std::exchange(state_.rules, std::move(*read));
  state_.since = now;
  log_info("rules: " + state_.rules->version + " came into force after " + before->version + ": " + to_text(change_between(*before, *state_.rules)));
  return before;
}

RulesWatch::RulesWatch(RulesInForce& rules, RulesSource source, std::string fingerprint, Changed changed, WatchTimes times)
    : rules_(rules), source_(std::move(source)), changed_(std::move(changed)), times_(times), read_(std::move(fingerprint)), seen_(read_),
      thread_([this] { watch(); }) {}

RulesWatch::~RulesWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  thread_.join();
}

void RulesWatch::read_now() {
  {
    const std::lock_guard lock(mutex_);
    asked_ = true;
  }
  woken_.notify_all();
}

// True where the rules must be read, changed or not.
bool RulesWatch::wait(int milliseconds) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, std::chrono::milliseconds(milliseconds), [&] { return asked_ || stopping_; });
  return std::exchange(asked_, false);
}

void RulesWatch::watch() {
  for (;;) {
    const bool asked = wait(seen_ == read_ ? times_.look_ms : times_.quiet_ms);
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    if (asked) {
      seen_ = fingerprint_of(source_);
      read();
    } else {
      look();
    }
  }
}

void RulesWatch::look() {
  std::string now = fingerprint_of(source_);
  const bool still = now == seen_;
  seen_ = std::move(now);
  if (still && seen_ != read_) read();
}

void RulesWatch::read() {
  auto rules = read_rules(source_);
  // Written to while it was read: half of it may be old. The next look finds other files than those that were read.
  if (fingerprint_of(source_) != seen_) {
    read_.clear();
    return;
  }
  read_ = seen_;
  if (const auto before = rules_.take(std::move(rules), now_seconds())) changed_(*before, *rules_.rules());
}

}  // namespace plumbline
