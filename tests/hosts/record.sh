#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes recorded hosts anew: tests/hosts/record.sh [NAME…]. README.md tells what it does and what it needs.
set -euo pipefail
self=$(realpath "$0")
cd "$(dirname "$self")/../.."
make=$PWD/tests/hosts/make
work=${HOSTS_WORK:-/var/tmp/plumbline-hosts}
agent=${PLUMBLINE_BUILD:-$PWD/build/release}/bin/plumbline-agent
((EUID == 0)) || { echo "record: needs root, for namespaces and for files of others" >&2; exit 1; }
for tool in debootstrap systemd-nspawn nsenter ip openssl; do
  command -v "$tool" >/dev/null || { echo "record: $tool is not installed (debootstrap systemd-container util-linux iproute2 openssl)" >&2; exit 1; }
done
# In a mount namespace of its own, so that nothing stays mounted whatever happens.
if [[ -z ${RECORDING:-} ]]; then exec unshare --mount env RECORDING=1 bash "$self" "$@"; fi
mkdir -p "$work"
names=("$@")
if ((${#names[@]} == 0)); then names=(clean-web-server stock-cloud-image open-gpu-server careless-database-server hardened-gpu-node); fi
for name in "${names[@]}"; do
  bash ${TRACE:-} "$make/root.sh" "$name" "$work"
  bash ${TRACE:-} "$make/boot.sh" "$name" "$work" "$agent"
  umount --lazy "$work/$name.root"
  python3 "$make/finish.py" "$name" "$work" "tests/hosts/$name"
done
