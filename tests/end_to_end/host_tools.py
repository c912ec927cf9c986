# SPDX-License-Identifier: Apache-2.0
"""This machine's facts beside lscpu, lsblk, lspci, findmnt, ip, free, ss, ps and systemd-detect-virt. What changes by the
second (listeners, free space) is read by the tool before and after the scan, and the agent has to lie between."""
import json, os, re, shutil, subprocess, sys

build = os.environ.get("PLUMBLINE_BUILD", "build/release")
failures = 0


def say(good, name, detail=""):
    global failures
    print(("ok " if good else "not ok ") + name)
    if not good:
        failures += 1
        print("    " + str(detail)[:2000])


def same(name, ours, theirs):
    say(ours == theirs, name, f"agent: {ours!r}; tool: {theirs!r}")


def tool(*command):
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    return done.stdout


def listeners():
    found = set()
    for line in tool("ss", "-Htuln").splitlines():
        words = line.split()
        address, port = words[4].rsplit(":", 1)
        address = address.split("%")[0].strip("[]")
        found.add((words[0], "*" if address in ("*", "0.0.0.0", "::") else address, int(port)))
    return found


def mounts():
    tree = json.loads(tool("findmnt", "-J", "-b", "-l", "--real", "-o", "TARGET,FSTYPE,SIZE,AVAIL") or "{}")
    return {row["target"]: row for row in tree.get("filesystems", [])}


def lscpu():
    return {row["field"].rstrip(":"): row["data"] for row in json.loads(tool("lscpu", "-J", "-B"))["lscpu"]}


def memory():
    rows = {line.split()[0]: [int(word) for word in line.split()[1:]] for line in tool("free", "-b").splitlines()[1:]}
    return rows["Mem:"][0], rows["Swap:"][0], rows["Swap:"][1]


sockets_before, mounts_before = listeners(), mounts()
scan = json.loads(subprocess.run([f"{build}/bin/plumbline-agent", "scan", "--json"], capture_output=True, check=True).stdout)
sockets_after, mounts_after = listeners(), mounts()
facts = {name: section.get("data", {}) for name, section in scan["sections"].items()}

# lscpu
cpu, told = facts["cpu"], lscpu()
same("CPUs online are lscpu's", cpu["threads"], int(told["CPU(s)"]) - len(re.findall(r"\d", told.get("Off-line CPU(s) list", ""))))
for ours, theirs in (("model", "Model name"), ("vendor", "Vendor ID")):
    if theirs in told and told[theirs] != "-":
        same(f"lscpu's {theirs}", cpu.get(ours), told[theirs])
if "Socket(s)" in told and told["Socket(s)"] != "-":
    same("sockets are lscpu's", cpu.get("sockets"), int(told["Socket(s)"]))
    same("cores are lscpu's", cpu.get("cores"), int(told["Socket(s)"]) * int(told["Core(s) per socket"]))
    same("threads a core are lscpu's", cpu.get("threads_per_core"), int(told["Thread(s) per core"]))
for ours, theirs in (("l2_cache_bytes", "L2 cache"), ("l3_cache_bytes", "L3 cache")):
    if theirs in told:
        same(f"lscpu's {theirs}", cpu.get(ours), int(told[theirs].split()[0]))
same("what lscpu calls vulnerable", sorted(cpu.get("vulnerable", [])),
     sorted(field.removeprefix("Vulnerability ").lower().replace(" ", "_") for field, data in told.items()
            if field.startswith("Vulnerability ") and data.startswith("Vulnerable")))
if "NUMA node(s)" in told:
    same("NUMA nodes are lscpu's", facts["memory"].get("numa_node_count"), int(told["NUMA node(s)"]))

# free
total, swap, swap_used = memory()
same("memory is free's", facts["memory"]["total_bytes"], total)
same("swap is free's", facts["memory"]["swap_total_bytes"], swap)

# lsblk: disks of a size that are no memory or file behind a device
devices = json.loads(tool("lsblk", "-J", "-b", "-d", "-o", "NAME,TYPE,SIZE,ROTA,RM"))["blockdevices"]
disks = {row["name"]: row for row in devices if row["type"] == "disk" and int(row["size"] or 0) > 0 and
         not re.match(r"(zram|ram|loop|nbd|drbd|fd|zd)", row["name"])}
ours = {disk["name"]: disk for disk in facts["storage"].get("disks", [])}
same("disks are lsblk's", sorted(ours), sorted(disks))
for name in sorted(set(ours) & set(disks)):
    same(f"size of {name} is lsblk's", ours[name].get("size_bytes"), int(disks[name]["size"]))
    same(f"{name} is removable as lsblk says", ours[name].get("removable"), bool(disks[name]["rm"]))
    if ours[name]["class"] in ("hdd", "ssd"):
        same(f"{name} turns as lsblk says", ours[name]["class"] == "hdd", bool(disks[name]["rota"]))

# findmnt: every real file system that holds data, with its size
filesystems = {row["mount"]: row for row in facts["storage"].get("filesystems", [])}
say(all(mount in mounts_before or mount in mounts_after for mount in filesystems), "no file system but findmnt's", (sorted(filesystems), sorted(mounts_after)))
say("/" in filesystems, "the root file system is among them", sorted(filesystems))
for mount in sorted(set(filesystems) & set(mounts_before) & set(mounts_after)):
    before, after, row = mounts_before[mount], mounts_after[mount], filesystems[mount]
    same(f"type of {mount} is findmnt's", row["type"], after["fstype"])
    if "size_bytes" in row and after.get("size"):
        same(f"size of {mount} is findmnt's", row["size_bytes"], int(after["size"]))
        slack = 1 << 30  # others write meanwhile
        low, high = sorted((int(before["avail"]), int(after["avail"])))
        say(low - slack <= row["free_bytes"] <= high + slack, f"free space of {mount} is findmnt's", (low, row["free_bytes"], high))

# ip
links = {row["ifname"]: row for row in json.loads(tool("ip", "-j", "addr"))}
interfaces = {row["name"]: row for row in facts["network"].get("interfaces", [])}
same("interfaces are ip's", sorted(interfaces), sorted(name for name, row in links.items() if "LOOPBACK" not in row["flags"]))
for name in sorted(set(interfaces) & set(links)):
    row, link = interfaces[name], links[name]
    same(f"MTU of {name} is ip's", row["mtu"], link["mtu"])
    same(f"addresses of {name} are ip's", sorted(row["addresses"]), sorted(f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"]))
    if link["operstate"] != "UNKNOWN":
        same(f"{name} is up as ip says", row["up"], link["operstate"] == "UP")
routes = json.loads(tool("ip", "-j", "route", "show", "default") or "[]")
if routes:
    same("the default route is ip's", facts["network"].get("default_route_interface"), min(routes, key=lambda r: r.get("metric", 0))["dev"])

# ss
said = {(s["protocol"], "*" if s["address"] in ("0.0.0.0", "::") else s["address"], s["port"]) for s in facts["listeners"]["sockets"]}
say(said <= sockets_before | sockets_after, "no listener but ss's", sorted(said - sockets_before - sockets_after))
say(sockets_before & sockets_after <= said, "every listener of ss", sorted((sockets_before & sockets_after) - said))

# lspci: display, 3D and processing functions that are no picture of a board controller
if shutil.which("lspci") and os.path.isdir("/sys/bus/pci/devices"):
    functions = {}
    for line in tool("lspci", "-D", "-n").splitlines():
        address, number, ids = line.split()[:3]
        functions[address] = (number.rstrip(":"), ids)
    for device in facts["accelerators"].get("devices", []):
        number, ids = functions.get(device["address"], ("", ""))
        same(f"{device['address']} is lspci's", f"{device['vendor_id']}:{device['device_id']}", ids)
    nvidia = sorted(a for a, (number, ids) in functions.items() if ids.startswith("10de:") and number in ("0300", "0302"))
    same("NVIDIA's cards are lspci's", sorted(d["address"] for d in facts["accelerators"].get("devices", []) if d["vendor_id"] == "10de"), nvidia)

# systemd-detect-virt: its names for what we name too
if shutil.which("systemd-detect-virt"):
    names = {"microsoft": "hyperv", "amazon": "kvm", "qemu": "qemu", "oracle": "virtualbox"}
    virtual = tool("systemd-detect-virt", "--vm").strip() or "none"
    same("the hypervisor is systemd-detect-virt's", facts["host"]["virtualization"], names.get(virtual, virtual))
    container = tool("systemd-detect-virt", "--container").strip() or "none"
    names = {"lxc-libvirt": "lxc", "container-other": facts["host"]["container"]}
    # It takes the file that an engine left in an image for the engine, in a virtual machine made from that image, too.
    root = tool("findmnt", "-no", "SOURCE,FSROOT", "/")
    if re.fullmatch(r"/dev/\S+\s+/\s*", root) and open("/proc/2/comm").read() == "kthreadd\n":
        names["docker"] = names["podman"] = "none"
    same("the container is systemd-detect-virt's", facts["host"]["container"], names.get(container, container))

# uname and os-release as the shell sees them
same("the kernel is uname's", facts["os"]["kernel_release"], tool("uname", "-r").strip())
same("the name is hostname's", facts["host"]["name"], open("/proc/sys/kernel/hostname").read().strip())
# ps: kernel threads are children of process 2; processes come and go
count = sum(1 for line in tool("ps", "-eo", "pid=,ppid=").splitlines() if "2" not in line.split())
say(abs(facts["host"]["process_count"] - count) <= 20, "processes are about as many as ps lists", (facts["host"]["process_count"], count))
sys.exit(failures > 0)
