#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a fixture of what was recorded in a container: finish.py NAME WORK_FOLDER FIXTURE.

Takes out the recorder and the container; puts in what only a machine of its own has: disks, a clock that is set, cards of NVIDIA, the few
services that do not start in a container. Refuses to write what would tell of the machine it was recorded on, or a private key.
"""
import json
import os
import re
import shutil
import socket
import sys

name, work, fixture = sys.argv[1:4]
recording_folder = f"{work}/{name}.recording"
shown_folder = f"{work}/{name}.shown"
INDEX = ".plumbline/recording.json"
GIB = 1 << 30
SIZE_LIMIT, FILE_LIMIT = 1_000_000, 500

with open(f"{recording_folder}/{INDEX}", encoding="utf-8") as file:
    record = json.load(file)
with open(f"{shown_folder}/added.json", encoding="utf-8") as file:
    added = json.load(file)


def place_of(path, verb="files"):
    return recording_folder + ("/.plumbline/redacted" if verb == "redacted" else "") + path


def put(path, text, verb="files"):
    place = place_of(path, verb)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "w", encoding="utf-8") as out:
        out.write(text)
    record.setdefault(verb, {})[path] = {"size": len(text.encode())}


def text_of(path, verb="files"):
    with open(place_of(path, verb), encoding="utf-8", errors="surrogateescape") as out:
        return out.read()


def is_there(path, verb="files"):
    return "size" in record.get(verb, {}).get(path, {})


def unsay(prefix):
    """What the recording says of a folder and all that was read in it."""
    for verb in ("files", "redacted", "folders", "links", "stats", "own_stats"):
        for path in [path for path in record.get(verb, {}) if path == prefix or path.startswith(prefix + "/")]:
            del record[verb][path]


def forget(prefix):
    """The same, with what was kept of it."""
    for verb in ("files", "redacted", "folders", "links", "stats", "own_stats"):
        for path in [path for path in record.get(verb, {}) if path == prefix or path.startswith(prefix + "/")]:
            if verb in ("files", "redacted") and is_there(path, verb):
                os.remove(place_of(path, verb))
            del record[verb][path]


def forget_entry(path):
    parent, _, last = path.rpartition("/")
    entries = record["folders"].get(parent or "/", {}).get("entries")
    if entries is not None:
        record["folders"][parent or "/"]["entries"] = [entry for entry in entries if entry[2:] != last]
    forget(path)


def take_out_the_recorder():
    for path, entry in list(record["links"].items()):
        found = re.fullmatch(r"/proc/(\d+)/exe", path)
        if found and entry.get("target", "").startswith("/run/recorder/"):
            forget_entry(f"/proc/{found[1]}")
    forget_entry("/run/recorder")
    for path in [path for path in record["files"] if re.fullmatch(r"/proc/\d+/cgroup", path) and is_there(path)]:
        put(path, "".join(line + "\n" for line in text_of(path).splitlines() if line.startswith("0::")))


def add_process(process):
    folder = f"/proc/{process['pid']}"
    command = process["exe"].rpartition("/")[2][:15]
    record["folders"]["/proc"]["entries"] = sorted(record["folders"]["/proc"]["entries"] + [f"d {process['pid']}"], key=lambda entry: entry[2:])
    record["links"][folder + "/exe"] = {"target": process["exe"]}
    put(folder + "/stat", f"{process['pid']} ({command}) S 1 {process['pid']} {process['pid']} 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 {process['pid']} 1 1 "
        "18446744073709551615 " + "0 " * 26 + "\n")
    put(folder + "/comm", command + "\n")
    uid = process.get("uid", 0)
    put(folder + "/status", f"Name:\t{command}\nState:\tS (sleeping)\nPid:\t{process['pid']}\nPPid:\t1\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t{uid}\t{uid}\t{uid}\t{uid}\nVmRSS:\t 4000 kB\n")
    put(folder + "/cgroup", f"0::/system.slice/{process['unit']}\n")
    put(folder + "/cmdline", "\0".join(process["arguments"]) + "\0", "redacted")


def show_the_machine():
    """Hardware and settings stay plain files, which are read where the recording has no word of its own."""
    shutil.rmtree(f"{recording_folder}/sys", ignore_errors=True)
    shutil.copytree(f"{shown_folder}/sys", f"{recording_folder}/sys", symlinks=True)
    shutil.copytree(f"{shown_folder}/proc", f"{recording_folder}/proc", symlinks=True, dirs_exist_ok=True)
    for path in ["/sys", "/proc/sys"] + ["/proc/" + file for file in os.listdir(f"{shown_folder}/proc")]:
        unsay(path)
    for path, text in added["files"].items():
        unsay(path)
        put(path, text)
    for process in added["processes"]:
        add_process(process)
    for path in [path for path in record["files"] if re.fullmatch(r"/proc/\d+/status", path) and is_there(path)]:
        put(path, re.sub(r"Cpus_allowed_list:.*", "Cpus_allowed_list:\t" + added["answers"]["affinity"], text_of(path)))
    record["answers"].update(added["answers"])
    here = record["stats"]["/"]["device"] if "/" in record["stats"] else None
    for verb in ("stats", "own_stats"):
        for entry in record.get(verb, {}).values():
            if "device" in entry and (here is None or entry["device"] == here or entry["device"] == added["recorded_device"]):
                entry["device"] = added["device"]


def tell_less():
    """Of the package database what says which packages there are."""
    if is_there("/var/lib/dpkg/status"):
        kept = [line for line in text_of("/var/lib/dpkg/status").splitlines() if re.match(r"(Package|Status|Version|Maintainer|Architecture): |$", line)]
        put("/var/lib/dpkg/status", "\n".join(kept) + "\n")
    addresses = json.loads(record["answers"].get("addresses", "[]")) if isinstance(record["answers"].get("addresses"), str) else []
    record["answers"]["addresses"] = json.dumps([entry for entry in addresses if entry["interface"] != "peer0" and not entry["address"].startswith("fe80:")])


def refuse_what_tells():
    told = []
    words = [os.uname().release, work, "/run/recorder", "PRIVATE KEY", "systemd-nspawn", "container=", "peer0", "BEGIN OPENSSH"]
    with open("/etc/resolv.conf", encoding="utf-8") as resolver:
        words += re.findall(r"^nameserver\s+(\d+\.\S+)", resolver.read(), re.M)
    if len(socket.gethostname()) > 3:
        words.append(socket.gethostname())
    files, size = 0, 0
    for folder, _, names in os.walk(recording_folder):
        for file in names:
            whole = os.path.join(folder, file)
            with open(whole, "rb") as opened:
                data = opened.read()
            files, size = files + 1, size + len(data)
            told += [f"{whole}: holds {word}" for word in words if word.encode() in data]
    if size > SIZE_LIMIT or files > FILE_LIMIT:
        told.append(f"{size:,} bytes in {files} files, at most {SIZE_LIMIT:,} in {FILE_LIMIT}")
    if told:
        sys.exit("finish: " + "\n".join(told))
    print(f"{name}: {files} files, {size:,} bytes")


record["complete"] = False
take_out_the_recorder()
show_the_machine()
tell_less()
with open(f"{recording_folder}/{INDEX}", "w", encoding="utf-8") as file:
    file.write(json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
refuse_what_tells()
shutil.rmtree(fixture, ignore_errors=True)
shutil.copytree(recording_folder, fixture, symlinks=True)
for folder, folders, files in os.walk(fixture):
    for each in folders:
        os.chmod(os.path.join(folder, each), 0o755)
    for each in files:
        os.chmod(os.path.join(folder, each), 0o644)
