// SPDX-License-Identifier: Apache-2.0
// `rules sign`, `rules verify` and `rules key new`: signed packs from the publisher's side and the reader's.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/commands/common.h"
#include "collector/commands/rules.h"
#include "rules/fields.h"
#include "rules/trust.h"
#include "rules/yaml.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::int64_t kDefaultValiditySeconds = std::int64_t{365} * 24 * 3600;
constexpr std::size_t kMaxPasswordBytes = 1024;
constexpr char kInterrupt = 3;  // Ctrl-C

std::string date_of(std::int64_t seconds) { return to_iso8601(seconds).substr(0, 10); }

// ---- passwords

Result<std::string> password_from_file(const std::string& path) {
  auto text = read_file(path == "-" ? "/dev/stdin" : path, kMaxPasswordBytes);
  if (!text) return tl::unexpected(text.error());
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  return text;
}

// A line from the terminal itself, whatever standard input is, unseen.
Result<std::string> ask_terminal(std::string_view prompt) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  termios before{};
  if (terminal < 0 || ::tcgetattr(terminal, &before) != 0) {
    if (terminal >= 0) ::close(terminal);
    return fail(ErrorKind::not_found, "the key has a password and there is no terminal to ask for it; give it with --password-file FILE");
  }
  termios silent = before;
  // An interrupt must not leave the terminal mute: it ends the line instead of the program.
  silent.c_lflag &= static_cast<tcflag_t>(~static_cast<tcflag_t>(ECHO | ISIG));
  silent.c_cc[VEOL] = kInterrupt;
  ::tcsetattr(terminal, TCSAFLUSH, &silent);
  ::dprintf(terminal, "%.*s", static_cast<int>(prompt.size()), prompt.data());
  std::string line;
  char c = 0;
  while (line.size() < kMaxPasswordBytes && ::read(terminal, &c, 1) == 1 && c != '\n' && c != kInterrupt) line.push_back(c);
  ::tcsetattr(terminal, TCSAFLUSH, &before);
  ::dprintf(terminal, "\n");
  ::close(terminal);
  if (c == kInterrupt) return fail(ErrorKind::unavailable, "interrupted; nothing was written");
  return line;
}

Result<std::string> new_password(const std::string& file, bool none) {
  if (none) return std::string();
  if (!file.empty()) {
    auto password = password_from_file(file);
    if (password && password->empty()) return fail(ErrorKind::invalid, file + ": the password is empty; say --no-password if that is meant");
    return password;
  }
  auto first = ask_terminal("Password for the new key: ");
  if (!first && first.error().kind == ErrorKind::unavailable) return first;
  if (!first) return fail(ErrorKind::not_found, "there is no terminal to ask for a password; give one with --password-file FILE, or say --no-password");
  const auto second = ask_terminal("The same again: ");
  if (!second) return second;
  if (*first != *second) return fail(ErrorKind::invalid, "the two passwords differ; nothing was written");
  if (first->empty()) return fail(ErrorKind::invalid, "the password is empty; say --no-password if that is meant");
  return first;
}

// ---- which folders

bool is_folder(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// A rules folder stands for all that needs a signature in it.
std::vector<std::string> folders_in(const std::vector<std::string>& named) {
  std::vector<std::string> out;
  for (const std::string& name : named) {
    if (!is_folder(name + "/packs")) {
      out.push_back(name);
      continue;
    }
    for (const std::string& folder : signed_folders(name)) out.push_back((std::filesystem::path(name) / folder).string());
  }
  return out;
}

// ---- signing

// Its id and version: of pack.yaml, or of workloads/ and catalogue/ their name.
Result<PackManifest> head_of(const std::string& folder, const PackFiles& files, const SignOptions& options, std::int64_t now) {
  PackManifest head;
  head.signed_at = now;
  const auto found = std::find_if(files.begin(), files.end(), [](const auto& file) { return file.first == "pack.yaml"; });
  if (found == files.end()) {
    auto path = std::filesystem::absolute(folder).lexically_normal();
    head.pack = (path.has_filename() ? path : path.parent_path()).filename().string();
    if (head.pack != "workloads" && head.pack != "catalogue")
      return fail(ErrorKind::not_found, folder + ": no pack.yaml in it; name a pack, or the rules folder that holds packs/");
    const auto parts = split(date_of(now), '-');
    head.version = std::string(parts[0]) + "." + std::to_string(parse_u64(parts[1]).value_or(0)) + "." + std::to_string(parse_u64(parts[2]).value_or(0));
    if (!options.version.empty()) head.version = options.version;
    return head;
  }
  Mistakes mistakes;
  const SourceFile source{folder + "/pack.yaml", found->second};
  const YamlNode root = read_yaml(source, mistakes);
  const YamlNode* id = root.kind == YamlNode::map ? root.find("pack") : nullptr;
  const YamlNode* version = root.kind == YamlNode::map ? root.find("version") : nullptr;
  if (!mistakes.empty()) return fail(ErrorKind::invalid, mistakes.text());
  if (id == nullptr || version == nullptr) return fail(ErrorKind::invalid, source.name + ": it must tell the pack's id as 'pack' and its version as 'version'");
  head.pack = id->text;
  head.version = version->text;
  if (!options.version.empty() && options.version != head.version)
    return fail(ErrorKind::invalid, folder + ": pack.yaml says version " + printable(head.version) + ", not " + options.version + "; write it there");
  return head;
}

Result<json> sign_folder(const std::string& folder, const SecretKey* key, const SignOptions& options, std::int64_t now) {
  const auto files = read_pack_files(folder);
  if (!files) return tl::unexpected(files.error());
  auto head = head_of(folder, *files, options, now);
  if (!head) return tl::unexpected(head.error());
  head->expires = options.expires.empty() ? *parse_date(date_of(now + kDefaultValiditySeconds)) : *parse_date(options.expires);
  const auto manifest = list_files(std::move(*head), *files);
  if (!manifest) return fail(folder, manifest.error());
  const std::string text = manifest_text(*manifest), path = folder + "/" + std::string(kManifestName), signature_path = folder + "/" + std::string(kManifestSignatureName);
  json about = {{"folder", folder}, {"pack", manifest->pack}, {"version", manifest->version}, {"expires", date_of(manifest->expires)}, {"files", manifest->files.size()}, {"signed", key != nullptr}};
  if (key == nullptr) {
    ::unlink(signature_path.c_str());  // that of another manifest
    if (auto written = write_file_atomic(path, text, 0644); !written) return tl::unexpected(written.error());
    return about;
  }
  const std::string comment = options.comment.empty() ? manifest->pack + " " + manifest->version + ", signed " + to_iso8601(now) : options.comment;
  const auto signature = make_signature(text, *key, comment);
  if (!signature) return tl::unexpected(signature.error());
  if (auto written = write_file_atomic(path, text, 0644); !written) return tl::unexpected(written.error());
  if (auto written = write_file_atomic(signature_path, *signature, 0644); !written) return tl::unexpected(written.error());
  about["key"] = key_id_text(key->id);
  return about;
}

Result<SecretKey> open_key(const SignOptions& options) {
  const auto text = read_file(options.key, kMaxKeyFileBytes);
  if (!text) return tl::unexpected(text.error());
  auto key = read_secret_key(*text, [&] { return options.password_file.empty() ? ask_terminal("Password of " + options.key + ": ") : password_from_file(options.password_file); });
  if (!key) return fail(options.key, key.error());
  return key;
}

Result<void> check_expiry(const std::string& date, std::int64_t now) {
  if (date.empty()) return {};
  const auto parsed = parse_date(date);
  if (!parsed) return fail(ErrorKind::invalid, "--expires: '" + printable(date) + "' is no date such as 2027-11-23");
  if (*parsed <= now) return fail(ErrorKind::invalid, "--expires: " + date + " is over already");
  return {};
}

json verified_json(const VerifiedPack& pack) {
  return {{"folder", pack.folder}, {"good", true}, {"pack", pack.manifest.pack}, {"version", pack.manifest.version}, {"signed", to_iso8601(pack.manifest.signed_at)},
          {"expires", date_of(pack.manifest.expires)}, {"files", pack.manifest.files.size()}, {"key", pack.key_id}, {"key_file", pack.key_name}, {"trusted_comment", pack.trusted_comment}};
}

}  // namespace

int run_rules_sign(const SignOptions& options) {
  const std::int64_t now = now_seconds();
  if (auto good = check_expiry(options.expires, now); !good) return report_usage(good.error().message);
  Result<SecretKey> key = SecretKey();
  if (!options.key.empty()) key = open_key(options);
  if (!key) return report_error(key.error());
  json list = json::array();
  for (const std::string& folder : folders_in(options.folders)) {
    const auto about = sign_folder(folder, options.key.empty() ? nullptr : &*key, options, now);
    if (!about) return report_mistakes(about.error());
    list.push_back(*about);
    if (options.json) continue;
    const std::string pack = (*about)["pack"].get<std::string>() + " " + (*about)["version"].get<std::string>();
    const std::string until = "until " + (*about)["expires"].get<std::string>();
    if (options.key.empty()) print(folder + ": manifest of " + pack + " written, " + until + "; sign it: minisign -S -m " + folder + "/" + std::string(kManifestName) + "\n");
    else print(folder + ": " + pack + " signed with key " + (*about)["key"].get<std::string>() + ", " + until + "\n");
  }
  if (options.json) print_json(list);
  return kExitOk;
}

int run_rules_verify(const VerifyOptions& options) {
  auto keys = read_trusted_keys(options.keys);
  if (!keys) return report_error(keys.error());
  const PackTrust trust{std::move(*keys), now_seconds(), false, {}};
  json list = json::array();
  bool good = true;
  for (const std::string& folder : folders_in(options.folders)) {
    const auto pack = verify_pack(folder, trust);
    good = good && pack;
    list.push_back(pack ? verified_json(*pack) : json({{"folder", folder}, {"good", false}, {"error", pack.error().message}}));
    if (options.json) continue;
    if (!pack) report_error(pack.error());
    else
      print(fmt::format("{}: good. {} {}, {} files, signed {} with key {} ({}), until {}\n  trusted comment: {}\n", folder, pack->manifest.pack, pack->manifest.version,
                        pack->manifest.files.size(), to_iso8601(pack->manifest.signed_at), pack->key_id, pack->key_name, date_of(pack->manifest.expires), printable(pack->trusted_comment)));
  }
  if (options.json) print_json(list);
  return good ? kExitOk : kExitError;
}

int run_rules_key_new(const std::string& name, const std::string& password_file, bool no_password) {
  const std::string secret_path = name + ".key", public_path = name + ".pub";
  for (const std::string& path : {secret_path, public_path}) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0) return report_error({ErrorKind::conflict, path + ": is there already; nothing was changed"});
  }
  const auto password = new_password(password_file, no_password);
  if (!password) return report_error(password.error());
  const SecretKey key = make_secret_key();
  const auto text = secret_key_text(key, *password);
  if (!text) return report_error(text.error());
  if (auto written = write_file_atomic(secret_path, *text, 0600); !written) return report_error(written.error());
  if (auto written = write_file_atomic(public_path, public_key_text(public_half(key)), 0644); !written) return report_error(written.error());
  print(secret_path + ": keep it secret, and a copy in a safe place\n" + public_path + ": key " + key_id_text(key.id) + ", for all who check what you sign\n");
  return kExitOk;
}

}  // namespace plumbline
