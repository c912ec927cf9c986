// SPDX-License-Identifier: Apache-2.0
// Checks packs in the order that gives an attacker least: signature over raw bytes, then the manifest, then its dates
// and versions, then which files there are, then each file's bytes.
#include "rules/trust.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/time.h"
#include "rules/files.h"
#include "rules/pack.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxTrustedKeys = 100;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

bool is_left_out(std::string_view name) { return name.front() == '.' || name.back() == '~'; }  // as RuleFolder::list() does

// Names in a folder that is open, sorted.
Result<std::vector<std::string>> names_in(int folder) {
  DIR* listing = ::fdopendir(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (listing == nullptr) return fail(ErrorKind::permission_denied, "it cannot be listed");
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(listing)) {
    if (is_left_out(entry->d_name)) continue;
    if (names.size() > kMaxFilesPerFolder + 2) break;  // the caller refuses so many
    names.emplace_back(entry->d_name);
  }
  ::closedir(listing);
  std::sort(names.begin(), names.end());
  if (names.size() > kMaxFilesPerFolder + 2) return fail(ErrorKind::limit, "more than " + std::to_string(kMaxFilesPerFolder) + " files; split the pack");
  return names;
}

Result<void> require_plain(const struct stat& info) {
  if (S_ISLNK(info.st_mode)) return fail(ErrorKind::invalid, "a link; put the file itself there");
  if (S_ISDIR(info.st_mode)) return fail(ErrorKind::invalid, "a folder; packs hold files only");
  if (!S_ISREG(info.st_mode)) return fail(ErrorKind::invalid, "not a plain file");
  return {};
}

// Reads to the end or one byte past the limit, whatever the size was said to be.
Result<std::string> read_bounded(int file, std::size_t limit_bytes) {
  std::string bytes;
  char buffer[16384];
  while (bytes.size() <= limit_bytes) {
    const ssize_t got = ::read(file, buffer, std::min(sizeof buffer, limit_bytes + 1 - bytes.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorKind::io, "cannot be read");
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(got));
  }
  return fail(ErrorKind::limit, "longer than " + std::to_string(limit_bytes) + " bytes");
}

// A plain file of an open folder; never waits at a pipe and follows no link.
Result<std::string> read_plain(int folder, const std::string& name, std::size_t limit_bytes) {
  const Descriptor file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0) {
    const int reason = errno;
    if (reason == ELOOP) return fail(ErrorKind::invalid, "a link; put the file itself there");
    return fail(reason == ENOENT ? ErrorKind::not_found : ErrorKind::permission_denied, reason == ENOENT ? "not there" : "cannot be opened");
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return fail(ErrorKind::io, "cannot be read");
  if (auto plain = require_plain(info); !plain) return tl::unexpected(plain.error());
  return read_bounded(file.get(), limit_bytes);
}

Result<GoodSignature> check_manifest_signature(int folder, std::string& manifest, const PackTrust& trust) {
  const auto signature = read_plain(folder, std::string(kManifestSignatureName), kMaxSignatureBytes);
  auto bytes = read_plain(folder, std::string(kManifestName), kMaxManifestBytes);
  for (const auto* read : {&signature, static_cast<const Result<std::string>*>(&bytes)}) {
    if (*read) continue;
    const std::string name(read == &signature ? kManifestSignatureName : kManifestName);
    if (read->error().kind == ErrorKind::not_found) return fail(ErrorKind::not_found, "not signed: no " + name + " in it; sign it with: plumbline-collector rules sign");
    return fail(name, read->error());
  }
  manifest = std::move(*bytes);
  auto good = check_signature(manifest, *signature, trust.keys);
  if (!good) return fail(std::string(kManifestSignatureName), good.error());
  return good;
}

Result<void> check_age(const PackManifest& manifest, const PackTrust& trust) {
  if (trust.allow_old) return {};
  if (trust.now >= manifest.expires)
    return fail(ErrorKind::invalid, "expired on " + to_iso8601(manifest.expires).substr(0, 10) + "; get its newest version, or accept this one with --allow-old-packs");
  const auto seen = trust.seen.find(manifest.pack);
  if (seen == trust.seen.end()) return {};
  for (const PublicKey& key : trust.keys) {
    const auto newest = seen->second.find(key_id_text(key.id));
    if (newest == seen->second.end()) continue;
    const int order = compare_versions(manifest.version, newest->second.version);
    if (order > 0 || (order == 0 && manifest.signed_at >= newest->second.signed_at)) continue;
    const std::string older = order < 0 ? "version " + manifest.version + " is older than " + newest->second.version
                                        : "version " + manifest.version + " signed " + to_iso8601(manifest.signed_at) + " is older than that of " + to_iso8601(newest->second.signed_at);
    return fail(ErrorKind::conflict, older + ", which was in force here; accept it with --allow-old-packs");
  }
  return {};
}

// Exactly the files of the manifest, and each byte for byte.
Result<PackFiles> check_files(int folder, const PackManifest& manifest) {
  const auto names = names_in(folder);
  if (!names) return tl::unexpected(names.error());
  std::set<std::string, std::less<>> listed = {std::string(kManifestName), std::string(kManifestSignatureName)};
  for (const ManifestFile& file : manifest.files) listed.insert(file.name);
  for (const std::string& name : *names)
    if (listed.count(name) == 0) return fail(ErrorKind::invalid, printable(name) + ": not in the signed manifest; remove it, or sign the pack again");
  PackFiles files;
  for (const ManifestFile& file : manifest.files) {
    auto bytes = read_plain(folder, file.name, file.size_bytes);
    if (!bytes && bytes.error().kind == ErrorKind::limit) return fail(ErrorKind::invalid, file.name + ": longer than the " + std::to_string(file.size_bytes) + " bytes that were signed");
    if (!bytes && bytes.error().kind == ErrorKind::not_found) return fail(ErrorKind::not_found, file.name + ": in the signed manifest, but not there");
    if (!bytes) return fail(file.name, bytes.error());
    if (bytes->size() != file.size_bytes || sha256_hex(*bytes) != file.sha256_hex)
      return fail(ErrorKind::permission_denied, file.name + ": not the bytes that were signed; get the pack again, or sign what you changed");
    files.emplace_back(file.name, std::move(*bytes));
  }
  return files;
}

Result<VerifiedPack> verify_open_pack(int folder, const PackTrust& trust) {
  VerifiedPack pack;
  std::string bytes;
  auto good = check_manifest_signature(folder, bytes, trust);
  if (!good) return tl::unexpected(good.error());
  auto manifest = read_manifest(bytes);
  if (!manifest) return fail(std::string(kManifestName), manifest.error());
  if (auto young = check_age(*manifest, trust); !young) return fail(manifest->pack, young.error());
  auto files = check_files(folder, *manifest);
  if (!files) return tl::unexpected(files.error());
  pack.manifest = std::move(*manifest);
  pack.key_id = key_id_text(good->key_id);
  pack.key_name = good->key_name;
  pack.trusted_comment = good->trusted_comment;
  pack.files = std::move(*files);
  return pack;
}

std::string joined(const std::string& folder, const std::string& name) { return folder + (folder.ends_with('/') ? "" : "/") + name; }

bool is_shared(std::string_view name) { return name == "workloads" || name == "catalogue"; }

// What stands where: a pack's manifest below packs/, that of workloads in workloads/, and each only once.
Result<void> check_places(const std::vector<VerifiedPack>& packs, const std::vector<std::string>& names) {
  std::set<std::string> ids;
  std::string refusals;
  for (std::size_t i = 0; i < packs.size(); ++i) {
    const std::string& id = packs[i].manifest.pack;
    if (is_shared(names[i]) ? id != names[i] : is_shared(id)) refusals += packs[i].folder + ": its signed manifest is that of '" + id + "', which does not belong there\n";
    else if (!ids.insert(id).second) refusals += packs[i].folder + ": pack '" + id + "' stands in another folder too\n";
  }
  if (refusals.empty()) return {};
  refusals.pop_back();
  return fail(ErrorKind::invalid, refusals);
}

// pack.yaml must say what was signed: versions are compared by the manifest and shown by pack.yaml.
Result<void> check_versions(const std::vector<VerifiedPack>& packs, const RuleSet& rules) {
  for (const VerifiedPack& pack : packs) {
    if (is_shared(pack.manifest.pack)) continue;
    const bool same = std::any_of(rules.packs.begin(), rules.packs.end(), [&](const PackInfo& info) { return info.id == pack.manifest.pack && info.version == pack.manifest.version; });
    if (!same) return fail(ErrorKind::invalid, pack.folder + ": the manifest is that of " + pack.manifest.pack + " " + pack.manifest.version + ", its pack.yaml says otherwise; sign it again");
  }
  return {};
}

}  // namespace

Result<VerifiedPack> verify_pack(const std::string& folder, const PackTrust& trust) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0) return fail(ErrorKind::not_found, folder + ": no such folder, or it cannot be opened");
  auto pack = verify_open_pack(opened.get(), trust);
  if (!pack) return fail(folder, pack.error());
  pack->folder = folder;
  return pack;
}

std::vector<std::string> signed_folders(const std::string& rules_folder) {
  Mistakes mistakes;
  RuleFolder folder(rules_folder, mistakes);
  std::vector<std::string> out;
  for (const std::string& name : folder.list("packs"))
    if (name.back() == '/') out.push_back("packs/" + name.substr(0, name.size() - 1));
  for (const char* name : {"workloads", "catalogue"})
    if (folder.is_folder(name)) out.emplace_back(name);
  std::sort(out.begin(), out.end());
  return out;
}

Result<TrustedRules> load_trusted_rules(const std::string& folder, const std::string& site_folder, const PackTrust& trust) {
  if (trust.keys.empty()) return fail(ErrorKind::invalid, folder + ": signed packs are required, but no key is trusted; put a minisign public key where --pack-keys says");
  TrustedRules out;
  std::string refusals;
  const std::vector<std::string> names = signed_folders(folder);
  RuleBytes bytes;
  for (const std::string& name : names) {
    auto pack = verify_pack(joined(folder, name), trust);
    if (!pack) {
      refusals += (refusals.empty() ? "" : "\n") + pack.error().message;
      continue;
    }
    for (auto& [file, text] : pack->files) bytes.emplace_back(name + "/" + file, std::move(text));
    pack->files.clear();
    out.packs.push_back(std::move(*pack));
  }
  if (!refusals.empty()) return fail(ErrorKind::permission_denied, refusals);
  if (auto placed = check_places(out.packs, names); !placed) return tl::unexpected(placed.error());
  auto rules = load_rules_from(folder, std::move(bytes), site_folder);
  if (!rules) return tl::unexpected(rules.error());
  if (auto same = check_versions(out.packs, **rules); !same) return tl::unexpected(same.error());
  out.rules = std::move(*rules);
  return out;
}

SeenPacks remember(SeenPacks seen, const std::vector<VerifiedPack>& packs) {
  for (const VerifiedPack& pack : packs) {
    SeenPack& newest = seen[pack.manifest.pack][pack.key_id];
    const int order = newest.version.empty() ? 1 : compare_versions(pack.manifest.version, newest.version);
    if (order > 0 || (order == 0 && pack.manifest.signed_at > newest.signed_at)) newest = {pack.manifest.version, pack.manifest.signed_at};
  }
  return seen;
}

Result<PackFiles> read_pack_files(const std::string& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0) return fail(ErrorKind::not_found, folder + ": no such folder, or it cannot be opened");
  const auto names = names_in(opened.get());
  if (!names) return fail(folder, names.error());
  PackFiles files;
  for (const std::string& name : *names) {
    if (name == kManifestName || name == kManifestSignatureName) continue;
    auto bytes = read_plain(opened.get(), name, kMaxRuleFileBytes);
    if (!bytes) return fail(joined(folder, name), bytes.error());
    files.emplace_back(name, std::move(*bytes));
  }
  return files;
}

Result<std::vector<PublicKey>> read_trusted_keys(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail(ErrorKind::not_found, path + ": not there; put minisign public keys (*.pub) in it");
  std::vector<std::string> files = {path};
  if (S_ISDIR(info.st_mode)) {
    files.clear();
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto names = folder.get() < 0 ? Result<std::vector<std::string>>(fail(ErrorKind::permission_denied, "it cannot be opened")) : names_in(folder.get());
    if (!names) return fail(path, names.error());
    for (const std::string& name : *names)
      if (name.ends_with(".pub")) files.push_back(joined(path, name));
  }
  if (files.empty()) return fail(ErrorKind::not_found, path + ": no key in it; put minisign public keys (*.pub) there");
  if (files.size() > kMaxTrustedKeys) return fail(ErrorKind::limit, path + ": more than " + std::to_string(kMaxTrustedKeys) + " keys");
  std::vector<PublicKey> keys;
  for (const std::string& file : files) {
    const auto text = read_file(file, kMaxKeyFileBytes);
    if (!text) return tl::unexpected(text.error());
    auto key = read_public_key(*text);
    if (!key) return fail(file, key.error());
    key->name = file;
    keys.push_back(std::move(*key));
  }
  return keys;
}

}  // namespace plumbline
