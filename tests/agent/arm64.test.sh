#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The agent for arm64 compiles without a warning, from the release build's own list of files, and asks for no glibc newer than
# RHEL 8's. The objects stay in the build folder for arm64.nightly.sh, which runs the program.
# Needs g++-aarch64-linux-gnu.
. "$(dirname "$0")/../end_to_end/lib.sh"
command -v aarch64-linux-gnu-g++ >/dev/null || { echo "skip arm64: no cross compiler here (packaging/dependencies.sh test)"; exit 0; }
[[ -f $build/compile_commands.json ]] || { echo "skip arm64: no list of files in $build"; exit 0; }
place=$build/arm64; rm -rf "$place"; mkdir -p "$place/headers/openssl" "$place/objects"
# Headers without machine code are the same everywhere; this system's own C headers must stay out.
native=/usr/include/$(gcc -print-multiarch)
for name in nlohmann tl fmt CLI zstd.h zstd_errors.h; do ln -s "/usr/include/$name" "$place/headers/$name"; done
ln -s "$native/curl" "$place/headers/curl"
ln -s /usr/include/openssl/* "$native"/openssl/* "$place/headers/openssl"

python3 - "$build/compile_commands.json" "$place" >"$place/commands" <<'PY'
import json, re, shlex, sys
commands, place = sys.argv[1:]
for entry in json.load(open(commands)):
    target = re.search(r" -o (\S+/CMakeFiles/(\S+?)\.dir/\S+)", entry["command"])
    if not target or target[2] not in ("base", "facts", "agent", "agent_manners", "agent_delivery", "plumbline-agent"): continue
    if entry["file"].endswith("base/log.cc"): continue  # agent/portable/log.cc takes its place
    words = [w for w in shlex.split(entry["command"])[1:] if not w.startswith("-DSPDLOG")]
    words = words[words.index(next(w for w in words if w.startswith("-"))):]  # behind compiler and launcher
    words[words.index("-o") + 1] = f"{place}/objects/{target[1].replace('/', '_')}"
    print(shlex.join(["aarch64-linux-gnu-g++", *words, "-idirafter", f"{place}/headers"]))
PY
cache=$(command -v ccache || true)
export CCACHE_BASEDIR=$PWD CCACHE_SLOPPINESS=time_macros
check "$(wc -l <"$place/commands") files are compiled for arm64, warnings are errors" \
  xargs -P "$(nproc)" -a "$place/commands" -d '\n' -I{} sh -c "cd '$build' && $cache {}"
# libzstd for arm64 is not here: its symbols stay open.
check "and linked" aarch64-linux-gnu-g++ -pie -Wl,--gc-sections -Wl,--unresolved-symbols=ignore-all -static-libstdc++ -static-libgcc \
  -o "$place/agent" "$place"/objects/*.o
newest=$(aarch64-linux-gnu-objdump -T "$place/agent" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
check "no symbol is newer than glibc 2.28 (the newest is $newest)" \
  bash -c "[[ -n '$newest' && \$(printf '%s\n' '$newest' GLIBC_2.28 | sort -V | tail -n 1) == GLIBC_2.28 ]]"
finish
