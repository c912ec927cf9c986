#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts a root with its own systemd and records it from inside: boot.sh NAME WORK_FOLDER AGENT gives WORK_FOLDER/NAME.recording.
# The machine has a network of its own, with one card that leads nowhere; it can neither set the clock nor load modules.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=$1 work=$2 agent=$3 root=$2/$1.root space=recorded-$1
. "$here/$name.sh"

ip netns add "$space"
end() { kill -KILL "${init:-$container}" 2>/dev/null || true; wait "$container" 2>/dev/null || true; ip netns delete "$space"; }
trap end EXIT
ip -n "$space" link add "$card" type veth peer name peer0
ip netns exec "$space" sysctl -qw net.ipv6.conf.peer0.disable_ipv6=1
for link in lo peer0 $card; do ip -n "$space" link set "$link" up; done
ip -n "$space" address add "$address" dev $card
ip -n "$space" route add default via "$gateway" dev $card onlink

# /etc/machine-id of a root that was started before would make cloud-init take this start for the same one.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
systemd-nspawn --quiet --register=no --keep-unit --directory="$root" --network-namespace-path="/run/netns/$space" --link-journal=no --resolv-conf=off --timezone=off \
  --capability=CAP_NET_ADMIN --drop-capability=CAP_SYS_TIME,CAP_SYS_MODULE,CAP_SYS_RAWIO --console=pipe --boot systemd.mask=systemd-networkd-wait-online.service </dev/null >"$work/$name.console" 2>&1 &
container=$!
init=
until [[ -n $init && -S /proc/$init/root/run/systemd/private ]]; do
  kill -0 "$container" || { tail "$work/$name.console" >&2; exit 1; }
  sleep 0.1
  for child in $(cat "/proc/$container/task/$container/children"); do [[ $(cat "/proc/$child/comm" 2>/dev/null) == systemd ]] && init=$child; done
done
inside() { nsenter -t "$init" -m -u -i -n -p -C -r -w env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
timeout 300 nsenter -t "$init" -m -u -i -n -p -C -r -w env -i PATH=/usr/bin:/bin systemctl is-system-running --wait >"$work/$name.state" || true
# Waits for a service that is started and not there yet: for half a minute at most.
listening() { # port
  local tries=300
  until ip netns exec "$space" ss -Hltn "sport = :$1" | grep -q .; do ((tries-- > 0)) || { echo "$name: nothing listens on $1" >&2; exit 1; }; sleep 0.1; done
}
inside systemctl --failed --plain --no-legend >"$work/$name.failed"
echo "$name: $(cat "$work/$name.state")$(awk '{printf ", %s", $1}' "$work/$name.failed")"
if declare -F ready >/dev/null; then ready; fi

# What this machine's kernel would show of its hardware and settings is laid over with what that machine would show.
rm -rf "$work/$name.shown" && python3 "$here/shown.py" "$name" "$root" "$work/$name.shown"
tools=/proc/$init/root/run/recorder
inside mkdir -p /run/recorder && inside mount -t tmpfs -o mode=700 tmpfs /run/recorder
mkdir "$tools/lib" && cp -a "$work/$name.shown" "$tools/shown" && cp "$agent" "$tools/agent"
ldd "$agent" | awk '$3 ~ "^/" {print $3}' | xargs cp -t "$tools/lib"
cp -L $(ldconfig -p | awk '/libcrypto.so.3 .*x86-64/ {print $NF}') "$tools/lib"  # the agent looks for it when it runs
cp -L /lib64/ld-linux-x86-64.so.2 "$tools/start"
inside bash -euc '
  rm -f /run/systemd/container
  mount --bind /run/recorder/shown/sys /sys
  mount --bind /run/recorder/shown/proc/sys /proc/sys
  cd /run/recorder/shown/proc  # but for modules: the agent asks a firewall that is loaded here
  for file in *; do [[ ! -f $file || ! -e /proc/$file || $file == modules ]] || mount --bind "$file" "/proc/$file"; done
  : >/run/recorder/nothing; mount --bind /run/recorder/nothing /proc/1/environ
  exec /run/recorder/start --library-path /run/recorder/lib /run/recorder/agent scan --record /run/recorder/recording --json' >"$work/$name.scan.json"
rm -rf "$work/$name.recording" && cp -a "$tools/recording" "$work/$name.recording"
