#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The agent's unit under a systemd of its own: a small Debian in a container, the agent installed by CMake's rules, enrolled at
# a real collector over loopback of a network that leads nowhere. What the unit promises is looked at while it runs.
#   tests/agent/systemd.nightly.sh [FOLDER]    FOLDER keeps the Debian root between runs
. "$(dirname "$0")/../end_to_end/lib.sh"
for tool in debootstrap systemd-nspawn ip nsenter python3; do command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 0; }; done
((EUID == 0)) || { echo "skipped: a container needs root"; exit 0; }
work=${1:-$(scratch_folder)} kept=${1:-} space=plumbline-$$ container='' server=''
mkdir -p "$work"
end() {
  [[ -z $container ]] || { kill -KILL "${init:-$container}" 2>/dev/null; wait "$container" 2>/dev/null; }
  [[ -z $server ]] || { kill "$server"; wait "$server"; } 2>/dev/null
  ip netns delete "$space" 2>/dev/null
  rm -rf "$work/root" "$work/collector"
  [[ -n $kept ]] || rm -rf "$work"
}
trap end EXIT
die() { echo "not ok $*"; exit 1; }
# Until a condition holds: for a minute at most, and no test asserts how long it took.
wait_until() { local what=$1 tries=600; shift; until "$@" >/dev/null 2>&1; do ((tries-- > 0)) || { last_output=$(inside journalctl -u plumbline-agent --no-pager -n 30 2>&1); report 1 "$what"; return 1; }; read -r -t 0.1 <> <(:) || true; done; }

# 1. A Debian with what the agent's package would ask for, and one service of another user to look at.
if [[ ! -e $work/base/etc/os-release ]]; then
  debootstrap --variant=minbase --include=systemd-sysv,dbus,procps,libcurl4,openssh-server bookworm "$work/base" ${MIRROR:+"$MIRROR"} >"$work/debootstrap.log" 2>&1 ||
    { echo "skipped: no Debian can be fetched here"; exit 0; }
fi
root=$work/root
rm -rf "$root" "$work/collector" && cp -a --reflink=auto "$work/base" "$root"
check "the agent is installed with its unit and its user" env DESTDIR="$root" cmake --install "$build" --prefix /usr --component plumbline-agent
for file in bin/plumbline-agent lib/systemd/system/plumbline-agent.service lib/sysusers.d/plumbline.conf \
  lib/systemd/system/plumbline-agent.service.d/10-processes.conf.example; do expect "there is /usr/$file" test -f "$root/usr/$file"; done
systemctl --quiet --root="$root" enable plumbline-agent.service ssh.service
systemctl --quiet --root="$root" mask systemd-networkd-wait-online.service
echo systemd-test >"$root/etc/hostname"

# 2. A collector in the same network.
ip netns add "$space" && ip -n "$space" link set lo up || die "a network of its own"
"$collector" init --state "$work/collector" --agents-port 7443 --people-port 7444 >/dev/null || die "a collector is made"
ip netns exec "$space" "$collector" serve --state "$work/collector" >"$work/collector.log" 2>&1 & server=$!
wait_until "the collector runs" test -s "$work/collector/run.json" || exit 1
scans() { python3 - "$work/collector" <<'P'
import glob, sqlite3, sys
print(sqlite3.connect(f"file:{glob.glob(sys.argv[1] + '/*.db')[0]}?mode=ro", uri=True).execute("SELECT coalesce(max(sequence), 0) FROM scans").fetchone()[0])
P
}

# 3. The machine starts; nobody is enrolled yet, and the unit says so and is not failed.
# What a machine of its own would have and a container's own filter takes away: Landlock, and the clock's state.
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self adjtimex clock_adjtime" --quiet --register=no --keep-unit --directory="$root" --network-namespace-path="/run/netns/$space" \
  --link-journal=no --resolv-conf=off --timezone=off --console=pipe --boot </dev/null >"$work/console" 2>&1 & container=$!
init=
until [[ -n $init && -S /proc/$init/root/run/systemd/private ]]; do
  kill -0 "$container" 2>/dev/null || { tail "$work/console"; die "the container starts"; }
  read -r -t 0.1 <> <(:) || true
  for child in $(cat "/proc/$container/task/$container/children"); do [[ $(cat "/proc/$child/comm" 2>/dev/null) == systemd ]] && init=$child; done
done
inside() { nsenter -t "$init" -m -u -i -n -p -C -r -w env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"; }
timeout 120 nsenter -t "$init" -m -u -i -n -p -C -r -w env -i PATH=/usr/bin:/bin systemctl is-system-running --wait >/dev/null || true
expect "systemd made the user" inside getent passwd plumbline
expect "without an enrolment the service waits and is not failed" bash -c "! nsenter -t $init -m -n -p -r -w systemctl --quiet is-failed plumbline-agent"

# 4. Enrolled by root; systemd gives the folder to the service's user.
token=$("$collector" token create --state "$work/collector")
check "root enrols the machine" inside plumbline-agent enroll --collector https://127.0.0.1:7443 --token "$token"
check "the service starts" inside systemctl start plumbline-agent
main_pid() { inside systemctl show -P MainPID plumbline-agent; }
state() { inside grep "^$1:" "/proc/$(main_pid)/status" | cut -f2-; }
delivered() { [[ $(scans) -ge $1 ]]; }
wait_until "a first scan is delivered" delivered 1 || { report 1 "the service delivers"; finish; }
reads=0000000000000004  # 1 << CAP_DAC_READ_SEARCH (2)
expect "it runs as plumbline" test "$(inside ps -o user= -p "$(main_pid)")" = plumbline
expect "its capabilities are CAP_DAC_READ_SEARCH alone: effective" test "$(state CapEff)" = $reads
expect "its capabilities are CAP_DAC_READ_SEARCH alone: bounding set" test "$(state CapBnd)" = $reads
expect "it is under a filter of system calls" test "$(state Seccomp)" = 2
expect "it gains no rights" test "$(state NoNewPrivs)" = 1
expect "its folder is its own, and nobody else's" test "$(inside stat -c '%U %a' /var/lib/plumbline-agent /var/lib/plumbline-agent/identity.json | tr '\n' ' ')" = "plumbline 700 plumbline 600 "
written=$(inside find / -xdev -user plumbline -not -path '/proc/*' -not -path '/var/lib/plumbline-agent*' 2>/dev/null)
last_output=$written
expect "nothing else on the machine is its own" test -z "$written"
check "its exposure is at most 2.5" inside systemd-analyze security --threshold=25 plumbline-agent.service
echo "# $(grep -a 'Overall exposure' <<<"$last_output" | sed 's/[^ -~]//g')"

# 5. What it told is what root would tell, but for what it may not see, which it says.
inside plumbline-agent scan --json >"$work/root.json"
# The same unit, with all it forbids, that looks once and tells here.
inside sed -e 's|^ExecStart=.*|ExecStart=/usr/bin/plumbline-agent scan --json|' -e '/^Restart/d' -e 's|^\[Service\]|&\nType=oneshot\nStandardOutput=truncate:/root/scan.json|' \
  /usr/lib/systemd/system/plumbline-agent.service >"$root/etc/systemd/system/plumbline-look.service"
look() { check "$1 looks" inside bash -c 'systemctl daemon-reload && systemctl start plumbline-look'; cp "$root/root/scan.json" "$work/$1.json"; }
look service
inside bash -c 'mkdir /etc/systemd/system/plumbline-look.service.d && cp /usr/lib/systemd/system/plumbline-agent.service.d/10-processes.conf.example /etc/systemd/system/plumbline-look.service.d/10-processes.conf'
look seeing
python3 "$(dirname "$0")/systemd_facts.py" "$work/root.json" "$work/service.json" "$work/seeing.json"; ((failures += $?))

# 6. Killed, restarted, stopped.
before=$(main_pid)
inside kill -KILL "$before"
again() { local pid; pid=$(main_pid); [[ $pid != 0 && $pid != "$before" ]]; }
inside systemctl set-property --runtime plumbline-agent RestartSec=1 2>/dev/null || true
last_output=$(inside systemctl show -P NRestarts -P SubState plumbline-agent | tr '\n' ' ')
expect "after kill -9 systemd starts it again by itself" bash -c "grep -Eq 'auto-restart|running' <<<'$last_output'"
check "it is restarted" inside systemctl restart plumbline-agent
expect "it runs again" again
check "it stops" inside systemctl stop plumbline-agent
expect "it ended well" test "$(inside systemctl show -P Result plumbline-agent)" = success

# 7. With the drop-in it sees who listens for other users.
inside bash -c 'mkdir -p /etc/systemd/system/plumbline-agent.service.d && cp /usr/lib/systemd/system/plumbline-agent.service.d/10-processes.conf.example /etc/systemd/system/plumbline-agent.service.d/10-processes.conf && systemctl daemon-reload'
check "the service starts with the drop-in" inside systemctl start plumbline-agent
may_look() { [[ $(state CapEff) == 0000000000080004 ]]; }  # and 1 << CAP_SYS_PTRACE (19)
wait_until "it may look at other users' processes" may_look
expect "with the drop-in it may look at other users' processes" may_look
finish
