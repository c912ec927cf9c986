#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The agent without any right: what it may not read is missing and says why, and is judged as unknown, not as failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/end_to_end/lib.sh
if ((EUID != 0)) || ! command -v setpriv >/dev/null; then echo "skipped: this needs root and setpriv"; exit 0; fi
work=$(scratch_folder); trap 'rm -rf "$work"' EXIT
chmod 755 "$work"; cp "$agent" "$work/agent"; mkdir -m 755 "$work/home"; chown 65534:65534 "$work/home"
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs env -i "PATH=$PATH" "HOME=$work/home" NO_COLOR=1)

check "a scan without rights ends well" "${nobody[@]}" "$work/agent" scan
"${nobody[@]}" "$work/agent" scan --format json >"$work/scan.json" 2>"$work/complaints"
last_output=$(cat "$work/complaints")
expect "it complains of nothing" test ! -s "$work/complaints"
# A program in Python over the scan and the judgement of it.
holds() {
  local name=$1
  last_output=$(python3 -c "
import json, os, sys
scan = json.load(open('$work/scan.json'))
missing = {fact: reason for section in scan['sections'].values() for fact, reason in section.get('missing', {}).items()}
$2" 2>&1); report $? "$name"
}
holds "the document says that it was taken without rights" "assert scan['agent']['privileged'] is False, scan['agent']"
holds "password states are missing, and the reason is the permission" "
reasons = {fact: reason for fact, reason in missing.items() if 'permission' in reason or 'privilege' in reason or 'root' in reason}
assert any(fact.startswith('accounts.') for fact in reasons), missing"
holds "every missing fact has a reason" "assert missing and all(reason.strip() for reason in missing.values()), missing"
check "the scan is judged" "$collector" assess "$work/scan.json" --format json --out "$work/judged"
"$collector" rules eval 'accounts.empty_passwords == 0' "$work/scan.json" >"$work/tried" 2>&1
last_output=$(cat "$work/tried")
expect "a condition over what may not be read is unknown" grep -qi unknown "$work/tried"
check "nobody may record" "${nobody[@]}" "$work/agent" scan --record "$work/home/recording"
check "and the recording is a whole scan again" "${nobody[@]}" "$work/agent" scan --root "$work/home/recording"
refuse "a record folder that nobody may make" 1 "permission denied" "${nobody[@]}" "$work/agent" scan --record "$work/not-mine"
refuse "a root that nobody may read" 1 "permission denied" "${nobody[@]}" "$work/agent" scan --root /root
refuse "a state folder that nobody may write" 1 "permission denied" "${nobody[@]}" "$work/agent" enroll --collector https://127.0.0.1:1 \
  --token "plumb_$(printf 'a%.0s' {1..43})_$(printf '0%.0s' {1..64})" --state "$work/not-mine"
refuse "the collector of somebody else" 1 "permission denied" "${nobody[@]}" "$work/agent" send --state /root/none
finish
