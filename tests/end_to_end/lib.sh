# SPDX-License-Identifier: Apache-2.0
# Shared by the script tests: each check prints one line, "ok NAME" or "not ok NAME" with the output that broke it.
build=${PLUMBLINE_BUILD:-$PWD/build/release}
agent=$build/bin/plumbline-agent collector=$build/bin/plumbline-collector
export PLUMBLINE_RULES=${PLUMBLINE_RULES:-$PWD/rules} NO_COLOR=1
failures=0 last_output=

scratch_folder() { mktemp -d "${PLUMBLINE_SCRATCH:-/tmp}/plumbline-test.XXXXXX"; }
report() { # status name
  if (($1 == 0)); then echo "ok $2"; else echo "not ok $2"; failures=$((failures + 1)); sed 's/^/    /' <<<"$last_output" | tail -n 30; fi
}
# Runs a command that must succeed; keeps what it printed in last_output.
check() { local name=$1; shift; last_output=$("$@" 2>&1 </dev/null); report $? "$name"; }
# A condition on what went before; leaves last_output alone. Standard input is the caller's.
expect() { local name=$1; shift; "$@" >/dev/null 2>&1; report $? "$name"; }
# Runs a command that must fail with this status and say this (extended regular expression).
refuse() {
  local name=$1 status=$2 message=$3 got
  shift 3
  last_output=$("$@" 2>&1 </dev/null); got=$?
  if ((got != status)); then last_output+=$'\n'"(status $got, expected $status)"; report 1 "$name"; return; fi
  if ! grep -Eq -- "$message" <<<"$last_output"; then last_output+=$'\n'"(expected to read: $message)"; report 1 "$name"; return; fi
  report 0 "$name"
}
finish() { exit $((failures > 0)); }
