#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The agent for arm64, run under qemu on recorded machines: it gives the same facts as the native one. What
# arm64.test.sh compiles is linked with the arm64 packages' libraries in a scratch folder.
# Needs g++-aarch64-linux-gnu, qemu-user-static, debootstrap, and the packages' network.
. "$(dirname "$0")/../end_to_end/lib.sh"
work=$(scratch_folder); [[ -n ${KEEP:-} ]] || trap 'rm -rf "$work"' EXIT
for tool in aarch64-linux-gnu-g++ qemu-aarch64-static debootstrap; do
  command -v $tool >/dev/null || { echo "skip arm64: $tool is not installed (packaging/dependencies.sh nightly)"; exit 0; }
done
check "it compiles" tests/agent/arm64.test.sh
. /etc/os-release
if ! debootstrap --arch=arm64 --download-only --variant=minbase --include=libssl3,libzstd1,libcurl4 \
    "${VERSION_CODENAME:-stable}" "$work/packages" >"$work/log" 2>&1; then
  echo "skip arm64: no packages to be had: $(tail -n 1 "$work/log")"; exit 0
fi
root=$work/root
mkdir -p "$root"
for package in libc6 libgcc-s1 libssl3 libzstd1 libcurl4; do
  for file in "$work"/packages/var/cache/apt/archives/"$package"_*.deb; do [[ -e $file ]] && dpkg-deb -x "$file" "$root"; done
done
check "and links" aarch64-linux-gnu-g++ -pie -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now -Wl,--as-needed -static-libstdc++ -static-libgcc \
  -o "$work/agent" "$build"/arm64/objects/*.o -L"$root/usr/lib/aarch64-linux-gnu" -l:libzstd.so.1 -Wl,--no-as-needed \
  "$root/lib/aarch64-linux-gnu/libpthread.so.0" "$root/lib/aarch64-linux-gnu/libdl.so.2"
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
