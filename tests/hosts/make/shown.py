#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what a machine's kernel would show of its hardware and settings: shown.py NAME ROOT FOLDER.

FOLDER/sys and FOLDER/proc are laid over those of the running container. Values of /proc/sys are the defaults of Debian's kernel, then those
of the root's own sysctl.d, as they are after a start.
"""
import glob
import json
import os
import re
import sys

name, root, folder = sys.argv[1:4]
GIB = 1 << 30
SYSCTL = {
    "fs.aio-max-nr": 65536, "fs.file-max": 9223372036854775807, "fs.inotify.max_user_watches": 124000, "fs.protected_fifos": 0, "fs.protected_hardlinks": 0,
    "fs.protected_regular": 0, "fs.protected_symlinks": 0, "fs.suid_dumpable": 0, "kernel.core_pattern": "core", "kernel.dmesg_restrict": 1,
    "kernel.kexec_load_disabled": 0, "kernel.kptr_restrict": 0, "kernel.numa_balancing": 0, "kernel.perf_event_paranoid": 3, "kernel.pid_max": 4194304,
    "kernel.randomize_va_space": 2, "kernel.sysrq": 438, "kernel.tainted": 0, "kernel.unprivileged_bpf_disabled": 2, "kernel.unprivileged_userns_clone": 1,
    "kernel.yama.ptrace_scope": 0, "kernel.random.boot_id": "6f3a1d52-0c0e-4c64-9f8b-5a4f5b1c2d3e", "net.core.bpf_jit_harden": 0, "net.core.rmem_max": 212992,
    "net.core.somaxconn": 4096, "net.core.wmem_max": 212992, "net.ipv4.conf.all.accept_redirects": 1, "net.ipv4.conf.all.accept_source_route": 0,
    "net.ipv4.conf.all.log_martians": 0, "net.ipv4.conf.all.rp_filter": 0, "net.ipv4.conf.all.secure_redirects": 1, "net.ipv4.conf.all.send_redirects": 1,
    "net.ipv4.conf.default.accept_redirects": 1, "net.ipv4.conf.default.accept_source_route": 1, "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv4.conf.default.send_redirects": 1, "net.ipv4.conf.default.log_martians": 0, "net.ipv4.conf.default.secure_redirects": 1,
    "net.ipv4.icmp_echo_ignore_broadcasts": 1, "net.ipv4.icmp_ignore_bogus_error_responses": 1, "net.ipv4.ip_forward": 0,
    "net.ipv4.tcp_congestion_control": "cubic", "net.ipv4.tcp_syncookies": 1, "net.ipv6.conf.all.accept_ra": 1, "net.ipv6.conf.all.accept_redirects": 1,
    "net.ipv6.conf.all.accept_source_route": 0, "net.ipv6.conf.all.disable_ipv6": 0, "net.ipv6.conf.all.forwarding": 0,
    "net.ipv6.conf.default.accept_redirects": 1, "net.ipv6.conf.default.accept_ra": 1, "net.ipv6.conf.default.accept_source_route": 0,
    "user.max_user_namespaces": 15000, "vm.dirty_ratio": 20, "vm.max_map_count": 65530, "vm.mmap_min_addr": 65536, "vm.nr_hugepages": 0,
    "vm.overcommit_memory": 0, "vm.swappiness": 60, "vm.zone_reclaim_mode": 0}
VIRTUAL_FLAGS = ("fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht syscall nx pdpe1gb rdtscp lm "
                 "constant_tsc rep_good nopl cpuid pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 x2apic movbe popcnt aes xsave avx f16c rdrand hypervisor "
                 "lahf_lm abm bmi1 avx2 smep bmi2 erms invpcid rdseed adx smap")
SERVER_FLAGS = VIRTUAL_FLAGS.replace("hypervisor ", "") + (" avx512f avx512dq avx512cd avx512bw avx512vl avx512_vnni avx512_bf16 avx_vnni amx_bf16 amx_tile "
                                                          "amx_int8 avx512_fp16")
# What the kernel says of weaknesses where microcode and kernel are current.
MITIGATED = {"gather_data_sampling": "Not affected", "itlb_multihit": "Not affected", "l1tf": "Not affected", "mds": "Not affected", "meltdown": "Not affected",
             "mmio_stale_data": "Not affected", "reg_file_data_sampling": "Not affected", "retbleed": "Not affected",
             "spec_store_bypass": "Mitigation: Speculative Store Bypass disabled via prctl",
             "spectre_v1": "Mitigation: usercopy/swapgs barriers and __user pointer sanitization",
             "spectre_v2": "Mitigation: Enhanced / Automatic IBRS; IBPB: conditional; PBRSB-eIBRS: SW sequence; BHI: BHI_DIS_S", "srbds": "Not affected",
             "tsx_async_abort": "Not affected"}
CLOUD = dict(vendor="OpenStack Foundation", product="OpenStack Nova", chassis="1", board="", bios="SeaBIOS", cpus=2, sockets=1, memory=4 * GIB,
             model="Intel Xeon Processor (Icelake)", flags=VIRTUAL_FLAGS, disk=("vda", "254:0", 40 * GIB, "pci0000:00/0000:00:04.0/virtio1/block/vda", "254:1"),
             card=("ens3", "pci0000:00/0000:00:03.0/virtio0/net/ens3", "virtio_net", -1), modules=["virtio_net", "virtio_blk", "virtio_balloon"], efi=False, tpm=False,
             gpus=[])
SERVER = dict(vendor="Supermicro", product="SYS-421GE-TNRT", chassis="23", board="Supermicro", bios="American Megatrends International, LLC.", cpus=32, sockets=2,
              memory=256 * GIB, model="Intel(R) Xeon(R) Gold 6434", flags=SERVER_FLAGS,
              disk=("nvme0n1", "259:0", 3840 * 10 ** 9, "pci0000:63/0000:63:00.0/nvme/nvme0/nvme0n1", "259:2"),
              card=("eno1", "pci0000:31/0000:31:00.0/net/eno1", "mlx5_core", 25000), modules=["nvidia", "nvidia_uvm", "mlx5_core", "nvme"], efi=True, tpm=True,
              gpus=["0000:17:00.0", "0000:98:00.0"])
MACHINES = {"stock-cloud-image": CLOUD, "clean-web-server": CLOUD, "careless-database-server": {**CLOUD, "cpus": 4, "memory": 16 * GIB},
            "open-gpu-server": {**SERVER, "gpus": ["0000:17:00.0"], "secure_boot": 0, "driver": "550.90.07", "cuda": "12.4", "module": "x86_64 Kernel Module"}, "hardened-gpu-node": {**SERVER, "secure_boot": 1, "encrypted": True, "driver": "580.178.04", "cuda": "13.0",
                                  "module": "Open Kernel Module for x86_64"}}
machine = MACHINES[name]


def write(path, text):
    whole = os.path.join(folder, path)
    os.makedirs(os.path.dirname(whole), exist_ok=True)
    with open(whole, "wb") as file:
        file.write(text if isinstance(text, bytes) else str(text).encode() + b"\n")


def link(path, target):
    whole = os.path.join(folder, path)
    os.makedirs(os.path.dirname(whole), exist_ok=True)
    os.symlink(target, whole)


def kernel_settings():
    values = dict(SYSCTL)
    places = {}
    for where in ("usr/lib/sysctl.d", "etc/sysctl.d"):
        for path in glob.glob(os.path.join(root, where, "*.conf")):
            places[os.path.basename(path)] = path
    for _, path in sorted(places.items()):
        if not os.path.isfile(path):
            continue
        for line in open(path, encoding="utf-8"):
            key, equals, value = line.partition("=")
            key = key.strip().lstrip("-").replace("/", ".")
            if equals and not key.startswith(("#", ";")) and "*" not in key:
                values[key] = value.strip()
    values["kernel.hostname"] = open(os.path.join(root, "etc/hostname"), encoding="utf-8").read().strip()
    values["kernel.osrelease"] = newest_kernel()
    for key, value in values.items():
        write("proc/sys/" + key.replace(".", "/"), value)


def newest_kernel():
    return max(re.findall(r"vmlinuz-(\S+)", "\n".join(os.listdir(os.path.join(root, "boot")))))


def processors():
    threads = machine["cpus"]
    cores = threads // machine["sockets"] if machine is CLOUD or not machine["efi"] else threads // 2 // machine["sockets"]
    text = ""
    for n in range(threads):
        core, socket = n % cores, n // cores % machine["sockets"]
        text += (f"processor\t: {n}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: {machine['model']}\nmicrocode\t: 0x2b000643\n"
                 f"physical id\t: {socket}\ncore id\t\t: {core}\ncpu cores\t: {cores}\nflags\t\t: {machine['flags']}\n\n")
        place = f"sys/devices/system/cpu/cpu{n}/topology/"
        mates = sorted({n % (cores * machine["sockets"]), n % (cores * machine["sockets"]) + (cores * machine["sockets"] if threads > cores * machine["sockets"] else 0)})
        write(place + "core_id", core)
        write(place + "physical_package_id", socket)
        write(place + "core_cpus_list", ",".join(map(str, mates)))
        write(place + "package_cpus_list", ",".join(str(other) for other in range(threads) if other // cores % machine["sockets"] == socket))
    write("proc/cpuinfo", text)
    for file in ("online", "possible", "present"):
        write("sys/devices/system/cpu/" + file, f"0-{threads - 1}")
    for level, (kind, size) in enumerate((("Data", "48K"), ("Unified", "2048K"), ("Unified", "22528K"))):
        place = f"sys/devices/system/cpu/cpu0/cache/index{level}/"
        write(place + "level", (1, 2, 3)[level])
        write(place + "type", kind)
        write(place + "size", size)
        write(place + "shared_cpu_list", "0" if level < 2 else f"0-{threads // machine['sockets'] - 1}")
    for weakness, state in MITIGATED.items():
        write("sys/devices/system/cpu/vulnerabilities/" + weakness, state)


def memory():
    total = machine["memory"] // 1024 - 200_000
    write("proc/meminfo", f"MemTotal: {total:>15} kB\nMemFree: {total * 2 // 3:>16} kB\nMemAvailable: {total * 9 // 10:>11} kB\nSwapTotal:             0 kB\n"
          "SwapFree:              0 kB\nHugePages_Total:       0\nHugepagesize:       2048 kB")
    nodes = machine["sockets"]
    for n in range(nodes):
        write(f"sys/devices/system/node/node{n}/meminfo", f"Node {n} MemTotal: {total // nodes:>15} kB")
        write(f"sys/devices/system/node/node{n}/cpulist", f"{n * machine['cpus'] // nodes}-{(n + 1) * machine['cpus'] // nodes - 1}")
    write("sys/devices/system/node/online", f"0-{nodes - 1}" if nodes > 1 else "0")
    write("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never")
    for size in ("hugepages-2048kB", "hugepages-1048576kB"):
        write(f"sys/kernel/mm/hugepages/{size}/nr_hugepages", 0)
    if machine["efi"]:
        for n in range(2):
            write(f"sys/devices/system/edac/mc/mc{n}/ce_count", 0)
            write(f"sys/devices/system/edac/mc/mc{n}/ue_count", 0)
            write(f"sys/devices/system/edac/mc/mc{n}/dimm0/dimm_edac_mode", "SECDED")


def disks():
    disk, number, size, place, root_number = machine["disk"]
    write(f"sys/devices/{place}/dev", number)
    write(f"sys/devices/{place}/size", size // 512)
    write(f"sys/devices/{place}/removable", 0)
    write(f"sys/devices/{place}/queue/rotational", 0 if disk.startswith("nvme") else 1)
    link(f"sys/block/{disk}", f"../devices/{place}")
    link(f"sys/class/block/{disk}", f"../../devices/{place}")
    link(f"sys/dev/block/{number}", f"../../devices/{place}")
    part = f"{disk}p2" if disk.startswith("nvme") else f"{disk}1"
    write(f"sys/devices/{place}/{part}/dev", root_number)
    write(f"sys/devices/{place}/{part}/partition", 2 if disk.startswith("nvme") else 1)
    write(f"sys/devices/{place}/{part}/size", (size - GIB) // 512)
    link(f"sys/class/block/{part}", f"../../devices/{place}/{part}")
    link(f"sys/dev/block/{root_number}", f"../../devices/{place}/{part}")
    if machine.get("encrypted"):
        mapped = "sys/devices/virtual/block/dm-0"
        write(mapped + "/dev", "253:0")
        write(mapped + "/size", (size - 2 * GIB) // 512)
        write(mapped + "/removable", 0)
        write(mapped + "/queue/rotational", 0)
        write(mapped + "/dm/name", "root")
        write(mapped + "/dm/uuid", "CRYPT-LUKS2-00000000000000000000000000000000-root")
        link(mapped + f"/slaves/{part}", f"../../../../{place}/{part}")
        for where, up in (("sys/block/dm-0", "../"), ("sys/class/block/dm-0", "../../"), ("sys/dev/block/253:0", "../../")):
            link(where, up + "devices/virtual/block/dm-0")
    write("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority")


def pci(address, place, vendor, device, kind, driver, subsystem=("0x0000", "0x0000")):
    folder_of = f"sys/devices/{place}/"
    write(folder_of + "vendor", vendor)
    write(folder_of + "device", device)
    write(folder_of + "class", kind)
    write(folder_of + "subsystem_vendor", subsystem[0])
    write(folder_of + "subsystem_device", subsystem[1])
    write(folder_of + "numa_node", {"0000:98": 1, "0000:17": 0, "0000:31": 0, "0000:63": 0}.get(address[:7], -1))
    write(folder_of + "uevent", f"DRIVER={driver}\nPCI_SLOT_NAME={address}")
    link(folder_of + "driver", f"../../../bus/pci/drivers/{driver}")
    write(f"sys/bus/pci/drivers/{driver}/uevent", "")
    link(f"sys/bus/pci/devices/{address}", f"../../../devices/{place}")


def cards():
    card, place, driver, speed = machine["card"]
    whole = f"sys/devices/{place}/"
    for file, value in (("operstate", "up"), ("mtu", 1500), ("flags", "0x1003"), ("type", 1), ("uevent", f"INTERFACE={card}\nIFINDEX=2")):
        write(whole + file, value)
    if speed > 0:
        write(whole + "speed", speed)
    link(whole + "device", "../../../" + os.path.basename(os.path.dirname(os.path.dirname(place))))
    link(f"sys/class/net/{card}", f"../../devices/{place}")
    for file, value in (("operstate", "unknown"), ("mtu", 65536), ("flags", "0x9"), ("type", 772), ("uevent", "INTERFACE=lo\nIFINDEX=1")):
        write("sys/devices/virtual/net/lo/" + file, value)
    link("sys/class/net/lo", "../../devices/virtual/net/lo")
    if machine["efi"]:
        pci("0000:31:00.0", "pci0000:31/0000:31:00.0", "0x15b3", "0x1015", "0x020000", driver)
    else:
        write(f"sys/devices/pci0000:00/0000:00:03.0/virtio0/uevent", f"DRIVER={driver}\nMODALIAS=virtio:d00000001v00001AF4")
        link("sys/devices/pci0000:00/0000:00:03.0/virtio0/driver", f"../../../../bus/virtio/drivers/{driver}")
        write(f"sys/bus/virtio/drivers/{driver}/uevent", "")
        pci("0000:00:03.0", "pci0000:00/0000:00:03.0", "0x1af4", "0x1000", "0x020000", "virtio-pci")
        pci("0000:00:04.0", "pci0000:00/0000:00:04.0", "0x1af4", "0x1001", "0x010000", "virtio-pci")


def accelerators():
    for address in machine["gpus"]:
        place = f"pci{address[:7]}/{address}"
        pci(address, place, "0x10de", "0x26b9", "0x030200", "nvidia", ("0x10de", "0x1851"))
        for file, value in (("current_link_speed", "16.0 GT/s PCIe"), ("max_link_speed", "16.0 GT/s PCIe"), ("current_link_width", 16), ("max_link_width", 16)):
            write(f"sys/devices/{place}/{file}", value)
        write(f"sys/kernel/iommu_groups/{address[5:7]}/type", "DMA-FQ")
    if machine["gpus"]:
        write("sys/module/nvidia/version", machine["driver"])
        pci("0000:63:00.0", "pci0000:63/0000:63:00.0", "0x144d", "0xa80a", "0x010802", "nvme")


def board():
    for file, value in (("sys_vendor", machine["vendor"]), ("product_name", machine["product"]), ("chassis_type", machine["chassis"]), ("board_vendor", machine["board"]),
                        ("bios_vendor", machine["bios"]), ("chassis_asset_tag", "")):
        write("sys/class/dmi/id/" + file, value)
    write("sys/firmware/acpi/pm_profile", 1)
    if machine["efi"]:
        write("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", bytes([6, 0, 0, 0, machine["secure_boot"]]))
    if machine["tpm"]:
        write("sys/class/tpm/tpm0/tpm_version_major", 2)


def security():
    trixie = "trixie" in open(os.path.join(root, "etc/os-release"), encoding="utf-8").read()
    write("sys/kernel/security/lsm", ("lockdown,capability,landlock,yama,apparmor,tomoyo,bpf" + (",ipe,ima,evm" if trixie else "")))
    write("sys/kernel/security/lockdown", "none [integrity] confidentiality" if machine.get("secure_boot") else "[none] integrity confidentiality")
    write("sys/module/apparmor/parameters/enabled", "Y")
    names = []
    for path in sorted(glob.glob(os.path.join(root, "etc/apparmor.d/*"))):
        if os.path.isfile(path):
            text = open(path, encoding="utf-8", errors="replace").read()
            for found in re.finditer(r"^(?:profile\s+)?([\w/][\w/.{},*-]*)(?:\s+[\w/.@{},*-]+)?\s*(?:flags=\(([^)]*)\)\s*)?\{$", text, re.M):
                mode = found[2] or "enforce"
                names.append(f"{found[1]} ({'unconfined' if 'unconfined' in mode else 'complain' if 'complain' in mode else 'enforce'})")
    write("sys/kernel/security/apparmor/profiles", "\n".join(names))
    for module in machine["modules"]:
        write(f"sys/module/{module}/initstate", "live")
    write("proc/modules", "\n".join(f"{module} 65536 1 - Live 0x0000000000000000" + (" (OE)" if module.startswith("nvidia") else "") for module in machine["modules"]))


def running():
    write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc")
    where = root_device()
    lockdown = " lockdown=integrity" if machine.get("secure_boot") else ""
    write("proc/cmdline", f"BOOT_IMAGE=/boot/vmlinuz-{newest_kernel()} root={where} ro quiet{lockdown}")
    write("proc/loadavg", "0.05 0.07 0.10 1/120 4242")
    write("proc/uptime", "864000.00 1700000.00")


def root_device():
    return "/dev/mapper/root" if machine.get("encrypted") else "/dev/nvme0n1p2" if machine["efi"] else "/dev/vda1"


def major_minor(text):
    major, _, minor = text.partition(":")
    return os.makedev(int(major), int(minor))


def statvfs(size, used):
    blocks = size // 4096
    return json.dumps({"block_bytes": 4096, "blocks": blocks, "blocks_free": blocks - used // 4096, "blocks_available": blocks * 95 // 100 - used // 4096,
                       "files": size // 16384, "files_free": size // 16384 - 60000})


def nvml():
    driver = machine["driver"]
    devices = [{"address": address, "name": "NVIDIA L40S", "uuid_hash": f"0f1e2d3c4b5a697{n}", "memory_bytes": 48305799168, "memory_free_bytes": 12000000000,
                "compute_capability": 8.9, "ecc": True, "ecc_uncorrected_errors": 0, "power_limit_watts": 350.0, "temperature_celsius": 41, "utilization_percent": 12,
                "nvlink_active": 0, "persistence": True, "mig": False} for n, address in enumerate(machine["gpus"])]
    return json.dumps({"status": "ok", "driver": driver, "cuda": machine["cuda"], "devices": devices})


# Services that a container does not start; what they show was seen on machines of their own.
UDEV = dict(pid=301, exe="/usr/bin/udevadm", arguments=["/lib/systemd/systemd-udevd"], unit="systemd-udevd.service")
AUDIT = dict(pid=540, exe="/usr/sbin/auditd", arguments=["/usr/sbin/auditd"], unit="auditd.service")
CHRONY = dict(pid=520, exe="/usr/sbin/chronyd", arguments=["/usr/sbin/chronyd", "-F", "1"], unit="chrony.service")
TIMESYNC = dict(pid=310, exe="/usr/lib/systemd/systemd-timesyncd", arguments=["/lib/systemd/systemd-timesyncd"], unit="systemd-timesyncd.service")
SERVICES = {"stock-cloud-image": [UDEV, TIMESYNC], "clean-web-server": [UDEV, AUDIT, CHRONY], "careless-database-server": [UDEV, CHRONY],
            "open-gpu-server": [UDEV, CHRONY], "hardened-gpu-node": [UDEV, AUDIT, CHRONY]}


def what_is_added():
    disk, _, size, _, root_number = machine["disk"]
    number = "253:0" if machine.get("encrypted") else root_number
    mounts = [f"22 1 {number} / / rw,relatime shared:1 - ext4 {root_device()} rw,errors=remount-ro", "23 22 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:2 - proc proc rw",
              "24 22 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:3 - sysfs sysfs rw", "25 22 0:5 / /dev rw,nosuid,relatime shared:4 - devtmpfs udev rw,size=2000000k,mode=755",
              "26 25 0:23 / /dev/shm rw,nosuid,nodev shared:5 - tmpfs tmpfs rw", "27 22 0:24 / /run rw,nosuid,nodev,noexec,relatime shared:6 - tmpfs tmpfs rw,mode=755",
              "28 24 0:25 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:7 - cgroup2 cgroup2 rw,nsdelegate",
              "29 24 0:7 / /sys/kernel/security rw,nosuid,nodev,noexec,relatime shared:8 - securityfs securityfs rw"]
    kernel = newest_kernel()
    files = {path: "\n".join(mounts) + "\n" for path in ("/proc/1/mountinfo", "/proc/self/mountinfo")}
    answers = {"affinity": f"0-{machine['cpus'] - 1}", "statvfs:/": statvfs(size - GIB, 4 * GIB),
               "adjtimex": json.dumps({"synchronized": True, "status": 8193, "max_error_us": 500, "estimated_error_us": 20}),
               "hypervisor": "" if machine["efi"] else "KVMKVMKVM",
               "privileges": json.dumps({"uid": 0, "effective_uid": 0, "capabilities": "000001ffffffffff"}),
               "uname": json.dumps({"sysname": "Linux", "nodename": open(os.path.join(root, "etc/hostname"), encoding="utf-8").read().strip(), "release": kernel,
                                    "version": "#1 SMP PREEMPT_DYNAMIC Debian", "machine": "x86_64"})}
    if machine["gpus"]:
        files["/proc/driver/nvidia/version"] = (f"NVRM version: NVIDIA UNIX {machine['module']}  {machine['driver']}  Release Build\nGCC version:  gcc version 12.2.0\n")
        answers["nvml"] = nvml()
    write("added.json", json.dumps({"files": files, "answers": answers, "processes": SERVICES[name], "device": major_minor(number), "recorded_device": os.stat(root).st_dev}))


for step in (kernel_settings, processors, memory, disks, cards, accelerators, board, security, running, what_is_added):
    step()
