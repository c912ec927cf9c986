# SPDX-License-Identifier: Apache-2.0
# A database server that was set up in a hurry: PostgreSQL that trusts the whole network, without TLS and without a backup.
suite=bookworm host_name=db01 card=ens3 gateway=10.20.0.1 address=10.20.0.41/24
packages=(linux-image-cloud-amd64 grub-pc openssh-server sudo libpam-systemd apparmor chrony cron logrotate rsyslog postgresql
  postgresql-contrib vim-tiny less ca-certificates)
. "$here/common.sh"
configure() {
  local settings=$root/etc/postgresql/15/main
  basics
  printf 'PermitRootLogin yes\nPasswordAuthentication yes\n' >"$root/etc/ssh/sshd_config.d/setup.conf"
  printf "listen_addresses = '*'\nssl = off\n" >"$settings/conf.d/setup.conf"
  printf 'host    all             all             0.0.0.0/0               trust\n' >>"$settings/pg_hba.conf"
  in_root useradd --create-home --shell /bin/bash --groups sudo keeper
  # A hash of no password at all: it only has the form of one.
  in_root usermod --password '$y$j9T$notarealsaltatall1234$abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq' keeper
  in_root usermod --password '$y$j9T$notarealsaltatall1234$abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq' root
  enable postgresql.service chrony.service rsyslog.service
}
# Some data of a shop, so that there is something to lose.
ready() {
  listening 22 && listening 5432
  inside su postgres -c 'createdb shop && pgbench --quiet --initialize --scale 5 shop' >/dev/null 2>&1
}
