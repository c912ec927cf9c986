#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A site's own files from the command line: properties, overrides, own packs and waivers reach verdicts, score and JSON,
# and no shipped file is touched.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/end_to_end/lib.sh
work=$(scratch_folder)
mkdir "$work/site" "$work/broken"
"$agent" scan --root tests/hosts/gpu-server --format json >"$work/scan.json"
assess() { "$collector" assess "$work/scan.json" --format json "$@"; }
# What a Python expression gives on the assessment `a`; rules by id are in `r`.
holds() { python3 -c 'import json, sys
a = json.load(open(sys.argv[1])); r = {x["id"]: x for x in a["rules"]}
sys.exit(not eval(sys.argv[2]))' "$@"; }

assess >"$work/before.json"
rule=$(python3 -c 'import json, sys
a = json.load(open(sys.argv[1])); print(next(x["id"] for x in a["rules"] if x["tally"]["fail"] and x["scope"] == "host" and x["gain"] > 0))' "$work/before.json")
cat >"$work/site/site.yaml" <<EOF
props:
  ssh: {max_auth_tries: 6}
overrides:
  - {rule: ssh.log-level, disabled: true, reason: Kept elsewhere}
waivers:
  - {rule: $rule, hosts: all, owner: Head of IT, reason: Replaced next year, until: 2099-12-31}
  - {rule: ssh.root-login, hosts: nobody-*, owner: Head of IT, reason: None of them fails, until: 2099-12-31}
EOF
last_output=$("$collector" rules list 2>&1 | grep -c ssh.log-level)
expect "the rule that is switched off is there without the site" test "$last_output" = 1
check "the site's files load" "$collector" rules check --site "$work/site"
last_output=$("$collector" rules list --site "$work/site" 2>&1)
expect "a rule that the site switched off is gone" bash -c '! grep -q ssh.log-level' <<<"$last_output"
PLUMBLINE_SITE="$work/site" assess >"$work/after.json"
expect "the rule set has another hash" holds "$work/after.json" "a['rule_set']['hash'] != '$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["rule_set"]["hash"])' "$work/before.json")'"
expect "the waived rule no longer fails, and counts as failing" holds "$work/after.json" \
  "r['$rule']['tally']['fail'] == 0 and r['$rule']['tally']['waived'] == 1 and r['$rule']['degree'] == 0 and r['$rule']['accepted'] > 0"
expect "the risk is told with owner, reason, day and price" holds "$work/after.json" \
  "[(x['owner'], x['reason'], x['until'], x['state'], x['points'] > 0) for x in a['accepted_risks'] if x['rule'] == '$rule'] == [('Head of IT', 'Replaced next year', '2099-12-31', 'active', True)]"
expect "a waiver that nothing needs is told" holds "$work/after.json" "[x['state'] for x in a['accepted_risks'] if x['hosts'] == 'nobody-*'] == ['unused']"
expect "the rule that is switched off is told with its reason" holds "$work/after.json" "[(x['id'], x['reason']) for x in a['disabled_rules']] == [('ssh.log-level', 'Kept elsewhere')]"
expect "the waived rule is no finding and no action" holds "$work/after.json" "'$rule' not in a['findings'] and all('$rule' not in x['rules'] for x in a['actions'])"
sed -i 's/2099-12-31/2001-12-31/' "$work/site/site.yaml"
PLUMBLINE_SITE="$work/site" assess >"$work/late.json"
expect "an expired waiver no longer counts, and is told" holds "$work/late.json" \
  "r['$rule']['tally']['fail'] == 1 and r['$rule']['tally']['waived'] == 0 and a['accepted_risks'][0]['state'] == 'expired'"

printf 'overrides:\n  - {rule: ssh.rot-login, severity: hihg}\n' >"$work/broken/site.yaml"
refuse "a broken site file is told with its place and the nearest name" 1 "broken/site.yaml:2:12: error: no rule 'ssh.rot-login'; did you mean 'ssh.root-login'" \
  "$collector" rules check --site "$work/broken"
last_output=$("$collector" rules check --site "$work/broken" 2>&1)
expect "and every other mistake with it" grep -q "did you mean 'high'" <<<"$last_output"
refuse "a site folder that is not there" 1 "no-site: no such folder" "$collector" rules check --site "$work/no-site"
finish
