#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the facts say of the host's firewall is what connections from another machine meet: two network namespaces, a cable
# between them, rule sets loaded into one.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/end_to_end/lib.sh
if ! command -v nft >/dev/null || ! unshare -n nft list ruleset >/dev/null 2>&1; then
  echo "skipped: no nftables, or no right to make network namespaces"
  exit 0
fi
scratch=$(scratch_folder)
trap 'rm -rf "$scratch"' EXIT
export AGENT=$agent
last_output=$(python3 tests/end_to_end/firewall.py "$scratch" 2>&1)
report $? "rule sets are loaded, scanned and tried"
printf '%s\n' "$last_output"
failures=$((failures + $(grep -c '^not ok' <<<"$last_output")))
finish
