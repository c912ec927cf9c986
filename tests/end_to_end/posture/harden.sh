#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Hardens a Debian root as a careful administrator would: harden.sh ROOT. Files only; nothing is started.
set -eu
root=$1
install -d -m 755 "$root"/etc/ssh/sshd_config.d "$root"/etc/sysctl.d "$root"/etc/audit/rules.d "$root"/etc/systemd/journald.conf.d \
  "$root"/etc/rsyslog.d "$root"/etc/apt/apt.conf.d "$root"/etc/security/pwquality.conf.d "$root"/var/log/journal "$root"/boot/grub
# At the top of the main file, before Include, and the same keywords taken away below: readers that know neither see it as well.
sed -i -E '/^(X11Forwarding|UsePAM|KbdInteractiveAuthentication)/d' "$root"/etc/ssh/sshd_config
cat - "$root"/etc/ssh/sshd_config >"$root"/etc/ssh/sshd_config.new <<'SSH'
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
HostbasedAuthentication no
IgnoreRhosts yes
PermitUserEnvironment no
UsePAM yes
X11Forwarding no
MaxAuthTries 3
LoginGraceTime 60
ClientAliveInterval 300
ClientAliveCountMax 2
LogLevel VERBOSE
AllowGroups admins
SSH
mv "$root"/etc/ssh/sshd_config.new "$root"/etc/ssh/sshd_config && chmod 600 "$root"/etc/ssh/sshd_config
cat >"$root"/etc/sysctl.d/60-hardened.conf <<'SYSCTL'
kernel.randomize_va_space = 2
kernel.yama.ptrace_scope = 1
kernel.kptr_restrict = 2
kernel.dmesg_restrict = 1
kernel.unprivileged_bpf_disabled = 1
kernel.unprivileged_userns_clone = 0
fs.suid_dumpable = 0
fs.protected_hardlinks = 1
fs.protected_symlinks = 1
net.ipv4.tcp_syncookies = 1
net.ipv4.ip_forward = 0
net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.default.accept_redirects = 0
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.default.send_redirects = 0
net.ipv4.conf.all.accept_source_route = 0
net.ipv4.conf.default.accept_source_route = 0
net.ipv4.conf.all.rp_filter = 1
net.ipv4.conf.default.rp_filter = 1
net.ipv6.conf.all.accept_redirects = 0
net.ipv6.conf.default.accept_redirects = 0
SYSCTL
printf '%s\n' '-w /etc/passwd -p wa -k accounts' '-w /etc/shadow -p wa -k accounts' '-w /etc/sudoers -p wa -k sudo' >"$root"/etc/audit/rules.d/50-base.rules
printf '[Journal]\nStorage=persistent\n' >"$root"/etc/systemd/journald.conf.d/50-persistent.conf
printf '$DefaultNetstreamDriver gtls\n$ActionSendStreamDriverMode 1\n$ActionSendStreamDriverAuthMode x509/name\n*.* @@log.example:6514\n' >"$root"/etc/rsyslog.d/50-remote.conf
printf 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n' >"$root"/etc/apt/apt.conf.d/20auto-upgrades
echo 'minlen = 14' >"$root"/etc/security/pwquality.conf.d/50-length.conf
printf '#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {\n  chain input {\n    type filter hook input priority 0; policy drop;\n    iif lo accept\n    ct state established,related accept\n    tcp dport 22 accept\n  }\n}\n' >"$root"/etc/nftables.conf
install -d "$root"/etc/systemd/system/sysinit.target.wants && ln -sf /lib/systemd/system/nftables.service "$root"/etc/systemd/system/sysinit.target.wants/nftables.service
sed -i 's/^PASS_MAX_DAYS.*/PASS_MAX_DAYS 60/; s/^ENCRYPT_METHOD.*/ENCRYPT_METHOD YESCRYPT/' "$root"/etc/login.defs
printf 'set superusers="root"\npassword_pbkdf2 root grub.pbkdf2.sha512.10000.00.00\n' >"$root"/boot/grub/grub.cfg && chmod 600 "$root"/boot/grub/grub.cfg
grep -q '^admins:' "$root"/etc/group || echo 'admins:x:900:admin' >>"$root"/etc/group
grep -q '^admin:' "$root"/etc/passwd || { echo 'admin:x:1000:1000::/home/admin:/bin/bash' >>"$root"/etc/passwd; echo 'admin:!:20000:0:60:7:::' >>"$root"/etc/shadow; echo 'admin:x:1000:' >>"$root"/etc/group; }
install -d -m 750 "$root"/home/admin && install -d -m 700 "$root"/home/admin/.ssh && : >"$root"/home/admin/.ssh/authorized_keys && chmod 600 "$root"/home/admin/.ssh/authorized_keys
