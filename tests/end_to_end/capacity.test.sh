#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# capacity as a person runs it: cards, people served, stranded cards and money, of scan documents and of a store, with a
# site's people and prices.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/end_to_end/lib.sh
folder=$(scratch_folder)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/scans" "$folder/site/catalogue"

check "a recorded host gives a scan" bash -c "'$agent' scan --root tests/hosts/gpu-server --format json >'$folder/scans/gpu.json'"
check "its capacity is told" "$collector" capacity --facts "$folder/scans"
for part in '^Accelerators$' '^Private assistant for staff$' '^Assumed for all of them$' '^Stranded accelerators$' 'catalogue of 20[0-9-]+'; do
  expect "it has $part" grep -Eq -- "$part" <<<"$last_output"
done
check "one workload is told" "$collector" capacity --facts "$folder/scans" --workload doc-rag
expect "and no other" bash -c '! grep -q "^Private assistant" <<<"$1"' - "$last_output"
refuse "a workload that asks no language model is told with those that do" 1 "there are chat-assistant, code-assistant, doc-rag, support-copilot, text-to-sql" \
  "$collector" capacity --facts "$folder/scans" --workload forecasting

check "as JSON" "$collector" capacity --facts "$folder/scans" --json
plain=$last_output
check "as JSON again" "$collector" capacity --facts "$folder/scans" --json
expect "it is the same to the byte" test "$plain" = "$last_output"
expect "cards, people and money are in it" python3 -c '
import json, sys
told = json.loads(sys.argv[1])
assert told["schema"] == 1 and len(told["serving"]) == 5 == len(told["buy_keep_rent"])
for one in told["serving"]:
    assert one["fleet"]["low"] <= one["fleet"]["high"] and one["people_of_site"] is False, one
    assert (one["best"] is None) == (one["fleet"]["high"] == 0), one
for one in told["buy_keep_rent"]:
    assert one["advice"] in ("keep", "rent", "buy", "no_price") and one["assumptions"], one
for host in told["hosts"]:
    for card in host["cards"]:
        assert card["counted"] == (card["why_not"] is None), card' "$plain"
check "the assessment has the same people" bash -c "'$collector' assess --json '$folder/scans/gpu.json'"
expect "as capacity tells" python3 -c '
import json, sys
told, assessed = (json.loads(text) for text in sys.argv[1:])
assert told["serving"] == assessed["serving"] and told["stranded"] == assessed["stranded"]' "$plain" "$last_output"

printf 'people: {company: 500, code-assistant: 7}\n' >"$folder/site/site.yaml"
printf 'kind,name,low,high,unit,date,source\ntokens-in,gpt-oss-20b,7,7,USD for 1000000 tokens,2026-12-01,our contract\n' >"$folder/site/catalogue/prices.csv"
check "a site says whom to serve and what it pays" env PLUMBLINE_SITE="$folder/site" "$collector" capacity --facts "$folder/scans" --json
expect "both count" python3 -c '
import json, sys
told = json.loads(sys.argv[1])
people = {one["workload"]: (one["people_wanted"], one["people_of_site"]) for one in told["serving"]}
assert people["doc-rag"] == (500, True) and people["code-assistant"] == (7, True) and people["text-to-sql"][1] is False, people
assert all("gpt-oss-20b" != one["model"] or any("our contract" in line for line in one["assumptions"]) for one in told["buy_keep_rent"])' "$last_output"
printf 'people: {nobody: 5}\n' >"$folder/site/site.yaml"
refuse "a workload that is not there is told with its place" 1 "site.yaml:1:10: error: no workload 'nobody'" \
  env PLUMBLINE_SITE="$folder/site" "$collector" capacity --facts "$folder/scans"

check "a collector is made" "$collector" init --state "$folder/state" --organisation Test
refuse "an empty store has no capacity" 1 "no host has sent a scan" "$collector" capacity --state "$folder/state"
check "it takes the scan in" "$collector" import --state "$folder/state" "$folder/scans/gpu.json"
check "its capacity is told from the verdicts it keeps" "$collector" capacity --state "$folder/state" --json
expect "as from the document" python3 -c '
import json, sys
a, b = (json.loads(text) for text in sys.argv[1:])
assert a["serving"] and [one["fleet"] for one in a["serving"]] == [one["fleet"] for one in b["serving"]]
assert [host["cards"] for host in a["hosts"]] == [host["cards"] for host in b["hosts"]]' "$plain" "$last_output"
finish
