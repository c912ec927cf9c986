#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The agent for arm64: compiled here from the release build's own list of files, with the arm64 packages' headers and
# libraries in a scratch folder; run under qemu on recorded machines it gives the same facts as the native one.
# Needs g++-aarch64-linux-gnu, qemu-user-static, debootstrap, and the packages' network.
. "$(dirname "$0")/../end_to_end/lib.sh"
work=$(scratch_folder); [[ -n ${KEEP:-} ]] || trap 'rm -rf "$work"' EXIT
for tool in aarch64-linux-gnu-g++ qemu-aarch64-static debootstrap; do
  command -v $tool >/dev/null || { echo "skip arm64: $tool is not installed (packaging/dependencies.sh nightly)"; exit 0; }
done
[[ -f $build/compile_commands.json ]] || { echo "skip arm64: no list of files in $build"; exit 0; }
. /etc/os-release
if ! debootstrap --arch=arm64 --download-only --variant=minbase --include=libssl-dev,libzstd-dev,libcurl4-openssl-dev \
    "${VERSION_CODENAME:-stable}" "$work/packages" >"$work/log" 2>&1; then
  echo "skip arm64: no packages to be had: $(tail -n 1 "$work/log")"; exit 0
fi
root=$work/root
mkdir -p "$root" "$work/headers" "$work/objects"
for package in libc6 libgcc-s1 libssl libzstd libcurl4-openssl-dev; do
  for file in "$work"/packages/var/cache/apt/archives/"$package"[_0-9-]*.deb; do [[ -e $file ]] && dpkg-deb -x "$file" "$root"; done
done
# Headers without machine code are the same everywhere; this system's own C headers must stay out.
for name in nlohmann tl fmt CLI; do ln -s "/usr/include/$name" "$work/headers/$name"; done
export CCACHE_SLOPPINESS=time_macros

python3 - "$build/compile_commands.json" "$work" >"$work/commands" <<'PY'
import json, re, shlex, sys
commands, work = sys.argv[1:]
for entry in json.load(open(commands)):
    target = re.search(r" -o (\S+/CMakeFiles/(\S+?)\.dir/\S+)", entry["command"])
    if not target or target[2] not in ("base", "facts", "agent", "agent_manners", "agent_delivery", "plumbline-agent"): continue
    if entry["file"].endswith("base/log.cc"): continue  # agent/portable/log.cc takes its place
    words = [w for w in shlex.split(entry["command"])[1:] if not w.startswith("-DSPDLOG")]
    words[words.index("-o") + 1] = f"{work}/objects/{target[1].replace('/', '_')}"
    include = f"{work}/root/usr/include"
    print(shlex.join(["aarch64-linux-gnu-g++", *words, "-idirafter", f"{work}/headers", "-idirafter", include,
                      "-idirafter", f"{include}/aarch64-linux-gnu"]))
PY
cache=$(command -v ccache || true)
check "$(wc -l <"$work/commands") files are compiled for arm64, warnings are errors" \
  xargs -P "$(nproc)" -a "$work/commands" -d '\n' -I{} sh -c "$cache {}"
libraries=$root/usr/lib/aarch64-linux-gnu
check "and linked" aarch64-linux-gnu-g++ -pie -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now -Wl,--as-needed -static-libstdc++ -static-libgcc \
  -o "$work/agent" "$work"/objects/*.o -L"$libraries" -l:libzstd.so.1 -Wl,--no-as-needed \
  "$root/lib/aarch64-linux-gnu/libpthread.so.0" "$root/lib/aarch64-linux-gnu/libdl.so.2"
newest=$(aarch64-linux-gnu-objdump -T "$work/agent" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
check "no symbol is newer than glibc 2.28 (the newest is $newest)" \
  bash -c "[[ \$(printf '%s\n' '$newest' GLIBC_2.28 | sort -V | tail -n 1) == GLIBC_2.28 ]]"
arm=(qemu-aarch64-static -L "$root" "$work/agent")
check "it starts" "${arm[@]}" --version
facts() { python3 -c 'import json, sys; print(json.dumps({n: [s.get("data"), s.get("missing")] for n, s in json.load(sys.stdin)["sections"].items()}, sort_keys=True, indent=1))'; }
for host in tests/hosts/gpu-server ${PLUMBLINE_CORPUS:+"$PLUMBLINE_CORPUS"/lscpu/roots/* "$PLUMBLINE_CORPUS"/kfd/roots/* "$PLUMBLINE_CORPUS"/dbhost/stock/root}; do
  "$agent" scan --json --root "$host" | facts >"$work/native.json"
  "${arm[@]}" scan --json --root "$host" 2>"$work/errors" | facts >"$work/arm64.json"
  last_output=$(head -n 5 "$work/errors"; diff "$work/native.json" "$work/arm64.json" | head -n 40)
  expect "the same facts of ${host##*/}" bash -c "test -s '$work/arm64.json' && cmp '$work/native.json' '$work/arm64.json'"
done
finish
