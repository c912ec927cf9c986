#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The first command of the README, as a newcomer runs it: twice with --once, then running, then stopped.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/end_to_end/lib.sh
state=$(scratch_folder)/quickstart

check "quickstart --once ends well" packaging/quickstart.sh --once --state "$state"
first=$last_output
expect "it prints the score with its bounds" grep -Eq 'between [0-9]+.* and [0-9]+|[0-9]+–[0-9]+' <<<"$first"
expect "it prints the level" grep -Eq 'Not ready|Foundations|Pilot-ready|Production-ready|Scaling' <<<"$first"
expect "it prints points to gain" grep -Eq '\+[0-9]' <<<"$first"
for page in ceo cio it; do expect "the $page page is a whole HTML file" grep -qi '</html>' "$state/reports/$page.html"; done
expect "files name no other place to load from" bash -c "! grep -EIl '(src|href)=\"(https?:)?//' '$state'/reports/*.html"
expect "nothing is left running" bash -c "! pgrep -f '[p]lumbline-collector serve --state $state' >/dev/null"
check "a second run adds a second scan" packaging/quickstart.sh --once --state "$state"
expect "two scans of one host are kept" bash -c "'$collector' hosts --json --state '$state/collector' | python3 -c '
import json, sys
hosts = json.load(sys.stdin)
hosts = hosts[\"hosts\"] if isinstance(hosts, dict) else hosts
assert len(hosts) == 1 and hosts[0][\"sequence\"] == 2, hosts'"
check "a third run leaves the pages running" packaging/quickstart.sh --state "$state"
address=$(sed -n 's|^Pages: *\(https://127.0.0.1:[0-9]*\)/.*|\1|p' <<<"$last_output")
expect "its address answers over TLS with the collector's own authority" curl -sf --cacert "$state/collector/ca.pem" -o /dev/null "$address/login"
expect "a login was printed" grep -Eq '^Login: +admin +\S{16,}' <<<"$last_output"
check "--stop stops it" packaging/quickstart.sh --stop --state "$state"
expect "nothing answers any more" bash -c "! curl -sf --cacert '$state/collector/ca.pem' -o /dev/null '$address/login'"
demo=$(dirname "$state")/demo
check "--demo loads the sample company" packaging/quickstart.sh --demo --once --state "$demo"
expect "says that it is one" grep -q 'sample company' <<<"$last_output"
expect "and how to see it again" grep -q 'quickstart.sh --demo$' <<<"$last_output"
check "a second run finds it there" packaging/quickstart.sh --demo --state "$demo"
address=$(sed -n 's|^Pages: *\(https://127.0.0.1:[0-9]*\)/.*|\1|p' <<<"$last_output")
expect "its pages answer" curl -sf --cacert "$demo/collector/ca.pem" -o /dev/null "$address/login"
check "--demo --stop stops it" packaging/quickstart.sh --demo --stop --state "$demo"
refuse "an unknown option is refused with status 2" 2 "unknown option" packaging/quickstart.sh --frobnicate
finish
