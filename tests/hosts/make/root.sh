#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the Debian root of a host: root.sh NAME WORK_FOLDER gives WORK_FOLDER/NAME.root. Needs root and a mirror; nothing is started.
# What was installed is kept in NAME.installed; the root is laid over it, in the mount namespace of the caller.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=$1 work=$2 root=$2/$1.root installed=$2/$1.installed
. "$here/$name.sh"
mirror=${MIRROR:-http://deb.debian.org/debian} security=${SECURITY_MIRROR:-http://deb.debian.org/debian-security}

sources() { # mirror security-mirror
  printf 'deb %s main\n' "$1 $suite" "$1 $suite-updates" "$2 $suite-security"
}

install_packages() {
  local base=$work/$suite.base making=$installed.making
  if [[ ! -e $base/etc/os-release ]]; then debootstrap --variant=minbase "$suite" "$base" "$mirror" >"$work/$suite.log"; fi
  rm -rf "$making" && cp -a "$base" "$making" && mkdir -p "$work/archives"
  sources "$mirror" "$security" >"$making/etc/apt/sources.list"
  printf '#!/bin/sh\nexit 101\n' >"$making/usr/sbin/policy-rc.d" && chmod 755 "$making/usr/sbin/policy-rc.d"
  cp /etc/resolv.conf "$making/etc/resolv.conf"
  # In a mount namespace of its own, so that nothing stays mounted whatever happens.
  unshare --mount bash -euc '
    root=$1 archives=$2; shift 2
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount --bind "$archives" "$root/var/cache/apt/archives"
    in_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$root" "$@"; }
    in_root apt-get update -qq
    in_root apt-get upgrade -qq -y
    in_root apt-get install -qq -y --no-install-recommends "$@"
  ' install-packages "$making" "$work/archives" systemd-sysv dbus udev kmod "${packages[@]}" >"$work/$name.log" 2>&1
  rm -f "$making/usr/sbin/policy-rc.d" "$making/etc/resolv.conf" "$making"/etc/ssh/ssh_host_* "$making"/var/lib/dpkg/*-old
  mv "$making" "$installed"
}

[[ -e $installed ]] || install_packages
rm -rf "$root" "$work/$name.changes" && mkdir -p "$root" "$work/$name.changes/upper" "$work/$name.changes/work"
mount -t overlay overlay -o "lowerdir=$installed,upperdir=$work/$name.changes/upper,workdir=$work/$name.changes/work" "$root"
sources http://deb.debian.org/debian http://deb.debian.org/debian-security >"$root/etc/apt/sources.list"
printf 'nameserver %s\n' "$gateway" >"$root/etc/resolv.conf"
echo "$host_name" >"$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost ip6-localhost\n' "$host_name" >"$root/etc/hosts"
: >"$root/etc/machine-id"
# The time of the last fetch of package lists, which unattended-upgrades keeps.
mkdir -p "$root/var/lib/apt/periodic"
mount -t proc proc "$root/proc"
configure
umount "$root/proc"
