// SPDX-License-Identifier: Apache-2.0
// Mounts from /proc/1/mountinfo, else from /proc/self/mountinfo, else from /proc/mounts. The first process's are the host's
// (or the container's); this one's may be a service's own view, where most is read-only.
#include <algorithm>
#include <array>

#include "agent/tables/tables.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxMounts = 20'000;

constexpr std::array<std::string_view, 32> kNetworkTypes = {
    "nfs",         "nfs4",         "cifs",           "smb3",        "smbfs",     "ceph",
    "glusterfs",   "lustre",       "beegfs",         "gpfs",        "afs",       "9p",
    "ocfs2",       "gfs2",         "fuse.glusterfs", "fuse.sshfs",  "fuse.s3fs", "fuse.ceph",
    "fuse.rclone", "fuse.gcsfuse", "fuse.goofys",    "fuse.moosefs", "fuse.ceph-fuse", "fuse.juicefs",
    "wekafs",      "panfs",        "pvfs2",          "orangefs",     "coda",           "fuse.blobfuse2",
    "fuse.mfs",    "fuse.lizardfs"};
// Types that hold data of this machine; anything else is pseudo.
constexpr std::array<std::string_view, 22> kDataTypes = {
    "ext2",     "ext3",     "ext4",  "xfs",      "btrfs", "zfs",   "f2fs",    "jfs",
    "reiserfs", "nilfs2",   "vfat",  "exfat",    "ntfs",  "ntfs3", "fuseblk", "hfsplus",
    "ufs",      "bcachefs", "erofs", "virtiofs", "apfs",  "bcache"};

template <class Range>
bool is_one_of(std::string_view word, const Range& range) {
  return std::find(std::begin(range), std::end(range), word) != std::end(range);
}

/// "/mnt/my\040disk" to "/mnt/my disk".
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out += static_cast<char>(((text[i + 1] - '0') << 6) | ((text[i + 2] - '0') << 3) | (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

void add_options(Mount& mount, std::string_view text) {
  for (const std::string_view option : split(text, ',')) {
    // "password=" of a CIFS mount is never shown by the kernel, but an old fstab in a capture may hold one.
    if (option.starts_with("pass") || option.starts_with("cred")) continue;
    if (!option.empty() && !is_one_of(option, mount.options)) mount.options.emplace_back(option);
  }
}

void finish(Mount& mount) {
  mount.network = is_one_of(mount.type, kNetworkTypes);
  mount.pseudo = !mount.network && !is_one_of(mount.type, kDataTypes);
}

// "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
std::optional<Mount> parse_mountinfo(std::string_view line) {
  const auto fields = words(line);
  const auto dash = std::find(fields.begin(), fields.end(), "-");
  if (fields.size() < 10 || fields.end() - dash < 3) return std::nullopt;
  Mount mount;
  mount.device = fields[2];
  mount.root = unescape(fields[3]);
  mount.point = unescape(fields[4]);
  add_options(mount, fields[5]);
  mount.type = *(dash + 1);
  mount.source = unescape(*(dash + 2));
  if (fields.end() - dash > 3) add_options(mount, *(dash + 3));
  finish(mount);
  return mount;
}

// "/dev/vda / ext4 rw,relatime 0 0"
std::optional<Mount> parse_mounts(std::string_view line) {
  const auto fields = words(line);
  if (fields.size() < 4) return std::nullopt;
  Mount mount;
  mount.root = "/";
  mount.source = unescape(fields[0]);
  mount.point = unescape(fields[1]);
  mount.type = fields[2];
  add_options(mount, fields[3]);
  finish(mount);
  return mount;
}

}  // namespace

Result<std::vector<Mount>> read_mounts(const Host& host) {
  auto text = host.read("/proc/1/mountinfo");
  if (!text) text = host.read("/proc/self/mountinfo");
  const bool info = text.has_value();
  if (!info) {
    const Error first = text.error();
    text = host.read("/proc/mounts");
    if (!text) text = host.read("/proc/1/mounts");
    if (!text) return tl::unexpected<Error>(first);
  }
  std::vector<Mount> found;
  for (const std::string_view line : lines(*text)) {
    auto mount = info ? parse_mountinfo(line) : parse_mounts(line);
    if (mount && found.size() < kMaxMounts) found.push_back(std::move(*mount));
  }
  if (found.empty()) return fail(ErrorKind::invalid, "no mount in it: /proc/self/mountinfo");  // at least / is mounted
  return found;
}

}  // namespace plumbline
