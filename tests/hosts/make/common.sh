# SPDX-License-Identifier: Apache-2.0
# What several hosts have in common: files put into a root before it is started.

in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"; }
enable() { systemctl --quiet --root="$root" enable "$@"; }

# Keys of sshd, and the network as networkd would have set it up; here the container has the card already.
basics() {
  ssh-keygen -A -f "$root" >/dev/null
  printf '[Match]\nName=%s\n\n[Network]\nAddress=%s\nGateway=%s\n' "$card" "$address" "$gateway" >"$root/etc/systemd/network/10-$card.network"
}

# A model file of a size, of which only the head is written: FILE BYTES HEAD
model() {
  mkdir -p "$(dirname "$root$1")" && truncate -s "$2" "$root$1"
  printf "$3" | dd of="$root$1" conv=notrunc status=none
}

# A Python package as pip leaves it, without its code: ENVIRONMENT/lib/python3.x/site-packages NAME VERSION
python_package() {
  local info=$root$1/$2-$3.dist-info
  mkdir -p "$info" && printf 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' "$2" "$3" >"$info/METADATA"
}

# A backup with restic to another machine, every night, that ran last night.
backup() { # folders
  install -d -m 700 "$root/etc/restic" "$root/var/lib/systemd/timers"
  (umask 077 && printf 'RESTIC_REPOSITORY=sftp:backup@backup.example:/srv/restic/%s\nRESTIC_PASSWORD_FILE=/etc/restic/password\n' "$host_name" >"$root/etc/restic/backup.env")
  (umask 077 && echo not-a-real-password >"$root/etc/restic/password")
  printf '[Unit]\nDescription=Backup\n[Service]\nType=oneshot\nEnvironmentFile=/etc/restic/backup.env\nExecStart=/usr/bin/restic backup %s\n' "$*" >"$root/etc/systemd/system/restic-backup.service"
  printf '[Unit]\nDescription=Backup every night\n[Timer]\nOnCalendar=02:30\nPersistent=true\n[Install]\nWantedBy=timers.target\n' >"$root/etc/systemd/system/restic-backup.timer"
  touch "$root/var/lib/systemd/timers/stamp-restic-backup.timer"
  enable restic-backup.timer
}

# All that tests/end_to_end/posture/harden.sh does, and what it leaves to the machine.
harden() { # ports that are open to the network beside SSH
  bash "$here/../../end_to_end/posture/harden.sh" "$root"
  local port ports=
  for port in "$@"; do ports+="    tcp dport $port accept"$'\n'; done
  printf '#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {\n  chain input {\n    type filter hook input priority 0; policy drop;\n    iif lo accept\n    ct state established,related accept\n    icmp type echo-request accept\n    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, echo-request } accept\n    tcp dport 22 accept\n%s  }\n  chain forward {\n    type filter hook forward priority 0; policy drop;\n  }\n}\n' "$ports" >"$root/etc/nftables.conf"
  printf '%%admins ALL=(ALL:ALL) ALL\n' >"$root/etc/sudoers.d/admins" && chmod 440 "$root/etc/sudoers.d/admins"
  usermod --root "$root" --append --groups admins admin
  ssh-keygen -q -t ed25519 -N '' -C admin -f "$root/key" && mv "$root/key.pub" "$root/home/admin/.ssh/authorized_keys" && rm "$root/key"
  chmod 600 "$root/home/admin/.ssh/authorized_keys" && chown -R 1000:1000 "$root/home/admin"
  printf '$DefaultNetstreamDriverCAFile /etc/ssl/certs/ca-certificates.crt\n' >"$root/etc/rsyslog.d/40-authority.conf"
  enable nftables.service auditd.service unattended-upgrades.service chrony.service rsyslog.service
  printf 'Unattended-Upgrade::Automatic-Reboot "false";\n' >"$root/etc/apt/apt.conf.d/52reboot"
  touch "$root/var/lib/apt/periodic/update-success-stamp"
}

# A certificate for the name of the host, good for a year, that is no authority.
certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=$host_name.example" -addext "subjectAltName=DNS:$host_name.example" -addext basicConstraints=critical,CA:FALSE \
    -config <(printf '[req]\ndistinguished_name = dn\n[dn]\n') \
    -keyout "$root/etc/nginx/$host_name.key" -out "$root/etc/nginx/$host_name.pem" 2>/dev/null
  chmod 600 "$root/etc/nginx/$host_name.key"
}
