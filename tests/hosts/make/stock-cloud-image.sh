# SPDX-License-Identifier: Apache-2.0
# Debian 12 as Debian publishes it for clouds (genericcloud): its package list, its few settings, after the first start by cloud-init,
# and nothing done to it since.
suite=bookworm host_name=vm01 card=ens3 gateway=10.20.0.1 address=10.20.0.31/24
packages=(linux-image-cloud-amd64 grub-cloud-amd64 openssh-server ssh-import-id cloud-init cloud-guest-utils cloud-initramfs-growroot sudo
  libpam-systemd systemd-resolved libnss-myhostname netplan.io polkitd unattended-upgrades apparmor zstd apt-utils init iptables
  iputils-ping less nano netbase vim-tiny whiptail systemd-timesyncd apt-listchanges bash-completion bind9-host man-db manpages socat
  pciutils reportbug traceroute vim psmisc tcpdump ca-certificates curl ethtool uuid-runtime screen xz-utils)
configure() {
  local seed=$root/var/lib/cloud/seed/nocloud
  sed -i 's/^#PasswordAuthentication yes/PasswordAuthentication no/' "$root/etc/ssh/sshd_config"
  echo 'ClientAliveInterval 120' >>"$root/etc/ssh/sshd_config"
  : >"$root/etc/machine-id"
  mkdir -p "$seed" && printf 'instance-id: first\nlocal-hostname: %s\n' "$host_name" >"$seed/meta-data"
  ssh-keygen -q -t ed25519 -N '' -C administrator -f "$seed/key" && printf '#cloud-config\nlocale: C.UTF-8\nssh_authorized_keys:\n  - %s\n' "$(cat "$seed/key.pub")" >"$seed/user-data"
  rm "$seed/key" "$seed/key.pub"
  printf 'version: 2\nethernets:\n  %s:\n    addresses: [%s]\n    routes: [{to: default, via: %s}]\n' "$card" "$address" "$gateway" >"$seed/network-config"
}
ready() { listening 22; }
