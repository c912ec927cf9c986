#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The one list of Debian and Ubuntu packages Plumbline needs, and the one place that installs them.
#   packaging/dependencies.sh build     what compiling and running needs
#   packaging/dependencies.sh test      what the tests need besides
#   packaging/dependencies.sh nightly   what the long tests need besides
#   packaging/dependencies.sh --list …  only print the names
# Says what it installs, installs only what is missing, asks nothing. Uses sudo for apt-get alone, when not root.
set -euo pipefail

. /etc/os-release 2>/dev/null || true
case "${ID:-}:${VERSION_ID:-}" in
  ubuntu:*) boost=libboost1.83-dev ;;   # Ubuntu 24.04; Beast needs 1.81 or newer
  *)        boost=libboost1.81-dev ;;   # Debian 12, whose default of 1.74 is too old
esac

build=(g++ cmake ninja-build ccache pkg-config ca-certificates "$boost"
  libssl-dev libcurl4-openssl-dev nlohmann-json3-dev libsqlite3-dev libpq-dev libyaml-cpp-dev libre2-dev libsimdjson-dev
  libzstd-dev libfmt-dev libspdlog-dev libcli11-dev libexpected-dev libsodium-dev libkainjow-mustache-dev
  libxlsxwriter-dev)
# Unit tests; a real PostgreSQL; fixtures of certificates; fault tests; XLSX read back; pages as pictures and PDF; signatures of others;
# real data stores that the agent is compared with; the agent for arm64.
test=(catch2 postgresql openssl python3 python3-jsonschema python3-openpyxl python3-yaml curl strace zstd procps util-linux iproute2 nftables iptables pciutils
  minisign mariadb-server redis-server memcached mosquitto etcd-server nats-server jupyter-server openssh-server g++-aarch64-linux-gnu)
# Installed after the rest, one by one: together with libboost1.81-dev apt finds no solution.
test_later=(chromium weasyprint poppler-utils fonts-dejavu-core)
# Browser tests run in Node, from wherever it came; playwright-core itself is installed from npm by tests/browser.
command -v npm >/dev/null || test_later+=(nodejs npm)
# Others' judgement of the same machine: tests/end_to_end/posture.nightly.sh; larger stores for tests/end_to_end/stores.test.sh;
# running the agent for arm64; fuzzing; recording the hosts of tests/hosts anew; what tests/bench/agent.sh --peers measures against.
nightly=(lynis openscap-scanner ssg-debian debootstrap rabbitmq-server influxdb
  qemu-user-static clang libclang-rt-dev systemd-container facter hwinfo inxi lshw)

list=0
[[ "${1:-}" == --list ]] && { list=1; shift; }
groups=()
case "${1:-build}" in
  build) groups=("${build[*]}") ;;
  test)  groups=("${build[*]}" "${test[*]}"); for package in "${test_later[@]}"; do groups+=("$package"); done ;;
  nightly) groups=("${build[*]}" "${test[*]}"); for package in "${test_later[@]}" "${nightly[@]}"; do groups+=("$package"); done ;;
  *) echo "dependencies: unknown set '$1'; use build, test or nightly" >&2; exit 2 ;;
esac
if ((list)); then printf '%s\n' ${groups[*]}; exit 0; fi

command -v apt-get >/dev/null || {
  echo "dependencies: no apt-get here; install these yourself (Debian names), then run again:" >&2
  printf '  %s\n' ${groups[*]} >&2
  exit 1
}
sudo=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || { echo "dependencies: packages need root and there is no sudo; run as root: $0 ${1:-build}" >&2; exit 1; }
  sudo=(sudo)
fi

# Servers among the packages are for tests, which start them themselves: none is started here (invoke-rc.d(8), policy-rc.d).
guard=/usr/sbin/policy-rc.d
start_no_servers() {
  [[ ! -e $guard ]] || return 0
  printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$guard" >/dev/null && "${sudo[@]}" chmod 755 "$guard"
  trap '"${sudo[@]}" rm -f "$guard"' EXIT
}

updated=0
for group in "${groups[@]}"; do
  missing=()
  for package in $group; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
  done
  ((${#missing[@]})) || continue
  echo "Installing ${#missing[@]} package(s) with apt-get: ${missing[*]}"
  if ((!updated)); then start_no_servers; "${sudo[@]}" apt-get update -qq; updated=1; fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
done
echo "Packages for '${1:-build}' are installed."
