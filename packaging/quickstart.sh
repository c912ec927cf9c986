#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a clean clone to a score for this machine: installs packages, builds, starts a collector on loopback, enrols an
# agent for this host, scans, judges, and prints what to tell IT, the CIO and the CEO. Asks nothing; run it again for
# another scan.
#   packaging/quickstart.sh               leaves the collector and its pages running
#   packaging/quickstart.sh --once        the same, and leaves nothing running
#   packaging/quickstart.sh --demo        shows a made-up company with 44 hosts and three months of scans instead
#   packaging/quickstart.sh --stop        stops what it started (with --demo: the made-up company)
#   packaging/quickstart.sh --state DIR   keeps everything in DIR (default: .plumbline in this clone, .plumbline-demo with --demo)
set -euo pipefail
cd "$(dirname "$0")/.."

state='' once=0 stop=0 demo=0
usage() { sed -n '3,10s/^# \{0,1\}//p' "$0"; }
die() { printf 'quickstart: %s\n' "$*" >&2; exit 1; }
while (($#)); do
  case "$1" in
    --once) once=1 ;;
    --demo) demo=1 ;;
    --stop) stop=1 ;;
    --state) [[ -n "${2:-}" ]] || { echo "quickstart: --state needs a folder" >&2; exit 2; }; state=$(realpath -m "$2"); shift ;;
    -h|--help) usage; exit 0 ;;
    *) echo "quickstart: unknown option '$1'; see --help" >&2; exit 2 ;;
  esac
  shift
done
# What is made up never mixes with what is real: it has a folder of its own.
if [[ -z "$state" ]]; then if ((demo)); then state="$PWD/.plumbline-demo"; else state="$PWD/.plumbline"; fi; fi
again="packaging/quickstart.sh$( ((demo)) && echo ' --demo' || true)"

collector="$PWD/build/release/bin/plumbline-collector" agent="$PWD/build/release/bin/plumbline-agent"
collector_state="$state/collector" agent_state="$state/agent" reports="$state/reports" pid_file="$state/collector.pid"
if [[ -t 1 && -z "${NO_COLOR:-}" ]]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi
step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# The collector this state folder started, if it still runs: its number, and that number is our program.
running_pid() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) || return 1
  [[ "$pid" =~ ^[0-9]+$ && "$(readlink "/proc/$pid/exe" 2>/dev/null)" == "$collector"* ]] && echo "$pid"
}
stop_collector() {
  local pid
  if ! pid=$(running_pid); then rm -f "$pid_file"; return 1; fi
  kill "$pid"
  # tail ends when the process has: no guess at how long a clean stop takes.
  timeout 30 tail --pid="$pid" -f /dev/null || die "the collector (process $pid) did not stop in 30 s; see $state/collector.log"
  rm -f "$pid_file"
}

if ((stop)); then
  if stop_collector; then echo "Stopped the collector of $state."; else echo "Nothing of $state is running."; fi
  exit 0
fi

step "1/5  Packages"
packaging/dependencies.sh build

step "2/5  Build"
if [[ ! -f build/release/build.ninja ]]; then cmake --preset release -DPLUMBLINE_TESTS=OFF >/dev/null; fi
packaging/build.sh plumbline-agent plumbline-collector

export PLUMBLINE_RULES="$PWD/rules"
if ((demo)); then
  step "3/5  Sample company"
  export PLUMBLINE_SITE="$PWD/packaging/demo/site"
else
  step "3/5  Collector on this machine"
fi
mkdir -p -m 700 "$state" "$reports"
port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_port() { local port=$1; until port_free "$port"; do port=$((port + 10)); done; echo "$port"; }
if [[ ! -f "$collector_state/config.json" ]]; then
  "$collector" init --state "$collector_state" --agents-port "$(free_port 7443)" --people-port "$(free_port 7444)" >/dev/null
fi
if ((demo)); then "$collector" demo --into "$collector_state" --site "$PLUMBLINE_SITE" | sed -n 1p; fi
if ! running_pid >/dev/null; then
  setsid "$collector" serve --state "$collector_state" >>"$state/collector.log" 2>&1 </dev/null &
  echo $! >"$pid_file"
  disown
fi
pid=$(cat "$pid_file")
((once)) && trap 'stop_collector || true' EXIT
for ((i = 0; i < 150; i++)); do
  [[ -f "$collector_state/run.json" ]] && break
  running_pid >/dev/null || { tail -n 5 "$state/collector.log" >&2; die "the collector did not start; its log is $state/collector.log"; }
  read -r -t 0.1 <> <(:) || true
done
[[ -f "$collector_state/run.json" ]] || die "the collector was not ready in 15 s; its log is $state/collector.log"
json_number() { sed -n "s/.*\"$1\": *\([0-9]\+\).*/\1/p" "$collector_state/run.json"; }
agents_port=$(json_number agents_port) people_port=$(json_number people_port)
echo "Running as process $pid; agents on 127.0.0.1:$agents_port, people on 127.0.0.1:$people_port."
if [[ ! -f "$state/first-login" ]]; then
  password=$("$collector" user create admin --role admin --json --state "$collector_state" | sed -n 's/.*"password": *"\([^"]*\)".*/\1/p')
  [[ -n "$password" ]] || die "no login could be made; try: $collector user create admin --role admin --state $collector_state"
  (umask 077; printf 'admin %s\n' "$password" >"$state/first-login")
fi

if ((demo)); then
  step "4/5  No agent: every host of the sample company is made up"
else
  step "4/5  Agent for this host"
  if [[ ! -f "$agent_state/identity.json" ]]; then
    token=$("$collector" token create --json --state "$collector_state" | sed -n 's/.*"token": *"\([^"]*\)".*/\1/p')
    "$agent" enroll --collector "https://127.0.0.1:$agents_port" --token "$token" --state "$agent_state"
  fi
  "$agent" send --state "$agent_state"
fi

step "5/5  What it means"
"$collector" report --out "$reports" --state "$collector_state" >/dev/null
"$collector" score --state "$collector_state"

read -r login password <"$state/first-login"
echo
echo "CEO page:    $reports/ceo.html"
echo "CIO report:  $reports/cio.html"
echo "Work list:   $reports/it.html"
if ((once)); then
  echo "Nothing is left running. To keep the pages: $again"
else
  echo "Pages:       https://127.0.0.1:$people_port/   (certificate of your own collector: $collector_state/ca.pem)"
  echo "Login:       $login   $password   (kept in $state/first-login; delete that file once you have it)"
  echo "Stop with:   $again --stop"
fi
