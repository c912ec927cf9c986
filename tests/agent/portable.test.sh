#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One agent runs on everything since RHEL 8 (glibc 2.28) and Ubuntu 20.04: it asks for no newer symbol and for no library
# that such a system lacks; stripped it takes at most 6 MB.
. "$(dirname "$0")/../end_to_end/lib.sh"
work=$(scratch_folder); trap 'rm -rf "$work"' EXIT
for tool in objdump strip; do command -v $tool >/dev/null || { echo "skip portable: no $tool here (binutils)"; exit 0; }; done
if [[ -f $build/CMakeCache.txt ]] && grep -qE 'PLUMBLINE_(SANITIZE:STRING=.|PORTABLE:BOOL=OFF)' "$build/CMakeCache.txt"; then
  echo "skip portable: this build is not made for other systems"; exit 0
fi

newest() { objdump -T "$agent" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1; }
check "no symbol is newer than glibc 2.28 (the newest is $(newest))" bash -c "[[ \$(printf '%s\n' '$(newest)' GLIBC_2.28 | sort -V | tail -n 1) == GLIBC_2.28 ]]"
check "nothing of the C++ library, OpenSSL or fmt is asked of the system" \
  bash -c "! objdump -T '$agent' | grep -E 'GLIBCXX|CXXABI|GCC_|OPENSSL|fmt|spdlog'"
needed() { objdump -p "$agent" | awk '$1 == "NEEDED" {print $2}'; }
check "libraries that every such system has: $(needed | paste -sd ' ')" \
  bash -c "! printf '%s\n' $(needed | paste -sd ' ') | grep -vE '^(lib(c|m|dl|pthread|zstd)\.so\.[0-9]+|ld-linux.*)$'"
strip -o "$work/agent" "$agent"
bytes=$(stat -c %s "$work/agent")
check "stripped it takes at most 6 MB ($bytes bytes)" test "$bytes" -le 6000000
finish
