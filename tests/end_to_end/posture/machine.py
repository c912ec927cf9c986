#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gives a Debian root what a running machine would show: machine.py ROOT. A virtual server with sshd, chrony and cron.

Values under /proc/sys are Linux' defaults, then those of the root's own sysctl.d, as they would be after a start.
"""
import glob
import json
import os
import sys
import time

root = sys.argv[1]
DEFAULTS = {"kernel.randomize_va_space": 2, "kernel.yama.ptrace_scope": 0, "kernel.kptr_restrict": 0, "kernel.dmesg_restrict": 1,
            "kernel.unprivileged_bpf_disabled": 2, "kernel.unprivileged_userns_clone": 1, "user.max_user_namespaces": 15000,
            "fs.suid_dumpable": 0, "fs.protected_hardlinks": 1, "fs.protected_symlinks": 1, "net.ipv4.tcp_syncookies": 1,
            "net.ipv4.ip_forward": 0, "net.ipv4.conf.all.accept_redirects": 1, "net.ipv4.conf.default.accept_redirects": 1,
            "net.ipv4.conf.all.send_redirects": 1, "net.ipv4.conf.default.send_redirects": 1, "net.ipv4.conf.all.accept_source_route": 0,
            "net.ipv4.conf.default.accept_source_route": 1, "net.ipv4.conf.all.rp_filter": 0, "net.ipv4.conf.default.rp_filter": 0,
            "net.ipv6.conf.all.accept_redirects": 1, "net.ipv6.conf.all.disable_ipv6": 0, "kernel.tainted": 0,
            "kernel.core_pattern": "core", "kernel.hostname": "server", "kernel.osrelease": "6.1.0-38-amd64"}
hardened = os.path.exists(os.path.join(root, "etc/sysctl.d/60-hardened.conf"))


def write(path, text):
    whole = os.path.join(root, path)
    os.makedirs(os.path.dirname(whole), exist_ok=True)
    with open(whole, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def settings():
    values = dict(DEFAULTS)
    for path in sorted(glob.glob(os.path.join(root, "etc/sysctl.d/*.conf"))):
        for line in open(path, encoding="utf-8"):
            name, equals, value = line.partition("=")
            if equals and not name.lstrip().startswith("#"):
                values[name.strip()] = value.strip()
    return values


def process(pid, name, arguments, unit):
    folder = f"proc/{pid}"
    write(f"{folder}/comm", name[:15] + "\n")
    write(f"{folder}/cmdline", "\0".join(arguments) + "\0")
    write(f"{folder}/stat", f"{pid} ({name[:15]}) S 1 {pid} {pid} 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 {pid * 10} 1 1 18446744073709551615 " + "0 " * 26 + "\n")
    write(f"{folder}/status", f"Name:\t{name}\nState:\tS (sleeping)\nPid:\t{pid}\nPPid:\t1\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nVmRSS:\t 4000 kB\n")
    write(f"{folder}/cgroup", f"0::/system.slice/{unit}\n")


for key, value in settings().items():
    write("proc/sys/" + key.replace(".", "/"), f"{value}\n")
process(1, "systemd", ["/sbin/init"], "init.scope")
process(410, "systemd-journal", ["/lib/systemd/systemd-journald"], "systemd-journald.service")
process(520, "chronyd", ["/usr/sbin/chronyd", "-F", "1"], "chrony.service")
process(530, "cron", ["/usr/sbin/cron", "-f"], "cron.service")
process(600, "sshd", ["sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"], "ssh.service")
if hardened:
    process(540, "auditd", ["/sbin/auditd"], "auditd.service")
    process(550, "rsyslogd", ["/usr/sbin/rsyslogd", "-n"], "rsyslog.service")
write("proc/cpuinfo", "".join(f"processor\t: {n}\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) Gold 6330\nphysical id\t: 0\ncore id\t\t: {n}\ncpu cores\t: 4\n"
                              "flags\t\t: fpu sse4_2 popcnt avx avx2 bmi1 bmi2 fma f16c movbe lzcnt abm xsave lahf_lm cx16 hypervisor\n\n" for n in range(4)))
write("proc/meminfo", "MemTotal:       16384000 kB\nMemFree:        9000000 kB\nMemAvailable:   13000000 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n")
write("proc/uptime", "864000.00 3400000.00\n")
write("proc/loadavg", "0.05 0.07 0.10 1/120 4242\n")
write("proc/cmdline", "BOOT_IMAGE=/boot/vmlinuz-6.1.0-38-amd64 root=/dev/vda1 ro quiet\n")
write("proc/modules", "virtio_net 1 0 - Live 0x0\n")
write("proc/mounts", "/dev/vda1 / ext4 rw,relatime 0 0\nproc /proc proc rw 0 0\n")
write("proc/self/mountinfo", "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n")
write("boot/vmlinuz-6.1.0-38-amd64", "")
write("sys/class/dmi/id/sys_vendor", "QEMU\n")
write("sys/class/dmi/id/product_name", "Standard PC (Q35 + ICH9, 2009)\n")
write("sys/class/dmi/id/chassis_type", "1\n")
write("sys/kernel/security/lsm", "lockdown,capability,landlock,yama,apparmor,tomoyo,bpf")
write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n")
write("sys/module/apparmor/parameters/enabled", "Y\n")
write("sys/kernel/security/apparmor/profiles", "/usr/bin/man (enforce)\n/usr/sbin/chronyd (enforce)\nlsb_release (enforce)\n")
for weakness in ("meltdown", "spectre_v2", "mds", "retbleed"):
    write(f"sys/devices/system/cpu/vulnerabilities/{weakness}", "Mitigation: on\n")
write("var/lib/apt/periodic/update-success-stamp", "")
now = int(time.time())
sockets = [{"protocol": "tcp", "address": "0.0.0.0", "port": 22, "inode": 2200, "uid": 0, "v6only": False},
           {"protocol": "tcp", "address": "::", "port": 22, "inode": 2201, "uid": 0, "v6only": True}]
answers = {"now": str(now), "sockets": json.dumps(sockets), "adjtimex": json.dumps({"synchronized": True, "status": 8193, "max_error_us": 500, "estimated_error_us": 20}),
           "addresses": json.dumps([{"interface": "eth0", "family": "ipv4", "address": "10.0.0.5", "prefix": 24}]),
           "statvfs:/": json.dumps({"block_bytes": 4096, "blocks": 20000000, "blocks_free": 15000000, "blocks_available": 14000000, "files": 5000000, "files_free": 4900000}),
           "privileges": json.dumps({"uid": 0, "effective_uid": 0, "capabilities": "000001ffffffffff"}), "hypervisor": "KVMKVMKVM",
           "uname": json.dumps({"sysname": "Linux", "nodename": "server", "release": "6.1.0-38-amd64", "version": "#1 SMP", "machine": "x86_64"})}
write(".plumbline/recording.json", json.dumps({"answers": answers}))
