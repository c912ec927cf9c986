#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a person who writes packs does: start one, test it, try conditions on real facts, compare releases, make pages,
# sign and verify, here and with minisign itself; and a collector that takes nothing unsigned.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/end_to_end/lib.sh
unset PLUMBLINE_SITE
work=$(scratch_folder)
json() { python3 -c "import json, sys; one = json.load(sys.stdin); assert $1, one" <<<"$last_output"; }
says() { grep -Eq -- "$1" <<<"$last_output"; }
"$agent" scan --root tests/hosts/gpu-server --format json >"$work/gpu.json"

# a pack from nothing
check "a new pack is written" "$collector" rules new acme --into "$work/own"
check "it has no mistake" "$collector" rules check "$work/own"
expect "and all its cases pass" says "2 rules.* 8 of 8 test cases pass"
check "its tests run by its folder" "$collector" rules test "$work/own/packs/acme"
expect "with a line a pack" says "^ok +acme +8 of +8"
cp -r "$work/own" "$work/before"
refuse "a pack that is there is not written over" 1 "packs/acme: is there already" "$collector" rules new acme --into "$work/own"
expect "nothing in it changed" diff -r "$work/own" "$work/before"
check "a folder that is packs/ itself is meant as it is" "$collector" rules new other-one --into "$work/own/packs/"
expect "the pack stands beside the first" test -f "$work/own/packs/other-one/pack.yaml"
check "two new packs stand side by side" "$collector" rules check "$work/own" --json
expect "as JSON says" json 'one["packs"] == 2 and one["failed_cases"] == 0 and one["untested"] == []'
rm -r "$work/own/packs/other-one"
for name in Acme acme_1 1acme -- '' ../acme acme- catalogue "$(printf 'a%.0s' {1..41})" 'acmé'; do
  [[ $name == -- ]] && name=-acme
  refuse "'$name' is no name of a pack" 2 "no name of a pack|meaning of its own|NAME" "$collector" rules new --into "$work/own" -- "$name"
done
refuse "a better name is offered" 2 "'my-pack' would be one" "$collector" rules new My_Pack --into "$work/own"
expect "none of them left a trace" diff -r "$work/own" "$work/before"
: >"$work/file"
refuse "a pack below a file" 1 "file" "$collector" rules new acme --into "$work/file"

# tests
check "every shipped pack passes its tests" "$collector" rules test
check "some packs by name" "$collector" rules test ssh backup --json
expect "only they are told" json '[p["pack"] for p in one["packs"]] == ["backup", "ssh"] and one["failed"] == 0 and one["cases"] == sum(p["cases"] for p in one["packs"])'
refuse "a pack that is not there, with the nearest" 1 "shh: .*did you mean 'ssh'" "$collector" rules test shh
cp -r "$work/own" "$work/broken"
sed -i 's/permit_root_login: "no"}}, verdict: pass/permit_root_login: "no"}}, verdict: fail/' "$work/broken/packs/acme/tests.yaml"
refuse "a case that fails: where, what was expected, what came" 1 "acme/tests.yaml:5:.*" "$collector" rules test --packs "$work/broken"
expect "what was expected and what came" says "(is|gives) pass, not fail"
expect "the line of the pack" says "^FAIL acme +7 of +8"
refuse "check tells it too" 1 "7 of 8 test cases pass" "$collector" rules check "$work/broken"
last_output=$("$collector" rules test --packs "$work/broken" --json 2>/dev/null)
expect "as JSON does" json 'one["failed"] == 1 and "tests.yaml:5:" in one["packs"][0]["failures"][0]'
sed -i 's/permit_root_login: "no"/permit_rot_login: "no"/' "$work/broken/packs/acme/tests.yaml"
refuse "a test that names no fact" 1 "tests.yaml:5:.*permit_rot_login.*did you mean 'permit_root_login'" "$collector" rules test --packs "$work/broken"

# conditions on facts
check "a condition on a scan" "$collector" rules eval 'memory.total_bytes > 1000000000 && host.name == "gpu01"' --facts "$work/gpu.json"
expect "its value stands alone in the first line" test "$(head -n 1 <<<"$last_output")" = true
expect "with type and cost" says "type bool, cost [0-9]+ of 1000000 units"
facts() { printf '%s' "$1" >"$work/facts.json"; }
facts '{"cpu":{"cores":4}}'
check "a condition on facts alone" "$collector" rules eval 'cpu.cores * 2' "$work/facts.json" --json
expect "with value, type, cost, nothing missing" json 'one["value"] == "8" and one["json"] == 8 and one["type"] == "int" and 0 < one["cost"] < 20 and one["missing"] == [] and one["error"] is None'
check "a fact that is missing" "$collector" rules eval 'cpu.cores >= 4 && memory.total_bytes > 1' "$work/facts.json"
expect "is named" says "not read: memory.total_bytes"
expect "and the value is unknown" test "$(head -n 1 <<<"$last_output")" = unknown
check "a fact that is missing and decides nothing" "$collector" rules eval 'cpu.cores >= 8 && memory.total_bytes > 1' "$work/facts.json"
expect "the side that decided is shown with its values" says "false .*cpu.cores >= 8 +\[4 >= 8\]"
last_output=$("$collector" rules eval 'cpu.cores' - <"$work/facts.json"); expect "standard input" test "$(head -n 1 <<<"$last_output")" = 4
last_output=$(zstd -qc "$work/gpu.json" | "$collector" rules eval 'host.name'); expect "a compressed scan on standard input" says gpu01
refuse "a condition that fails when it runs" 1 "error: .*zero" "$collector" rules eval '1 / (cpu.cores - 4)' "$work/facts.json"
refuse "a misspelt name, with place and caret" 1 "expression:1:12: error: .*did you mean 'cpu.cores'" "$collector" rules eval '1 +    cpu.coers' "$work/facts.json"
expect "the caret stands under it" grep -Eq '^ {13}\^$' <<<"$last_output"
refuse "two mistakes at once" 1 "expression:1:22:" "$collector" rules eval 'cpu.coers > 1 || cpu.trheads > 1' "$work/facts.json"
refuse "an option twice" 2 "SCAN|facts" "$collector" rules eval 1 "$work/facts.json" --facts "$work/gpu.json"
facts '{"cpu":{"coers":4},"memroy":{}}'
refuse "facts that the catalog lacks" 1 "'cpu.coers'; did you mean 'cpu.cores'" "$collector" rules eval cpu.cores "$work/facts.json"
expect "all of them at once" says "'memroy'; did you mean 'memory'"
facts '{"cpu":{"cores":"four"}}'; refuse "a fact of the wrong type" 1 "cpu.cores must be int" "$collector" rules eval cpu.cores "$work/facts.json"
facts '{"cpu":4}'; refuse "a section that is none" 1 "'cpu' must be an object" "$collector" rules eval cpu.cores "$work/facts.json"
facts '[1]'; refuse "no object" 1 "neither a scan document nor" "$collector" rules eval cpu.cores "$work/facts.json"
facts '{"cpu":'; refuse "no JSON" 1 "facts.json: .*JSON" "$collector" rules eval cpu.cores "$work/facts.json"
refuse "no such file" 1 "nothing.json" "$collector" rules eval cpu.cores "$work/nothing.json"
facts '{"host":{"name":"\u001b[31mred"}}'
check "what a host says cannot colour the terminal" "$collector" rules eval host.name "$work/facts.json"
expect "no escape in it" bash -c "! grep -q $'\x1b' <<<'$last_output'"

# why
facts '{"host":{"name":"web-01"},"ssh":{"installed":true,"permit_root_login":"yes"}}'
check "a rule that fails is explained" "$collector" rules explain ssh.root-login --facts "$work/facts.json"
expect "verdict and host" says "^on web-01: fail "
expect "the condition with its values" says 'false +ssh.permit_root_login != "yes" +\["yes" != "yes"\]'
expect "the fix" says "PermitRootLogin no"
check "as JSON" "$collector" rules explain ssh.root-login --facts "$work/facts.json" --json
expect "the same in parts" json 'one["verdict"] == "fail" and one["check"]["steps"][0]["with_values"] == "\"yes\" != \"yes\"" and one["when"]["steps"][0]["value"] == "true" and one["fix"]["cost"] == "C0"'
facts '{"ssh":{"installed":true}}'
check "a rule that cannot be decided" "$collector" rules explain ssh.root-login --facts "$work/facts.json"
expect "names what was not read" says "not read: ssh.permit_root_login"
expect "and offers no fix" bash -c "! grep -q ^Fix <<<'$last_output'"
facts '{"ssh":{"installed":false}}'
check "a rule that does not apply" "$collector" rules explain ssh.root-login --facts "$work/facts.json"
expect "says why not" says "false +ssh.installed"
facts '{}'
check "when it cannot be told whether it applies" "$collector" rules explain ssh.root-login --facts "$work/facts.json" --json
expect "the fact that decides is named" json 'one["verdict"] == "unknown" and one["missing"] == ["ssh.installed"]'
refuse "a rule that is not there, with the nearest" 1 "did you mean 'ssh.root-login'" "$collector" rules explain ssh.rot-login --facts "$work/facts.json"
check "a rule of the fleet, on the hosts that are given" "$collector" rules explain accel.any --facts "$work/gpu.json" "$work/facts.json"
expect "as one fleet" says "^on a fleet of 2 hosts: pass"
expect "nothing of it is coloured when piped" bash -c "! env -u NO_COLOR '$collector' rules explain ssh.root-login --facts '$work/facts.json' | grep -q $'\x1b'"

# what a release would change
mkdir "$work/scans"; cp "$work/gpu.json" "$work/scans"; zstd -q "$work/gpu.json" -o "$work/scans/again.json.zst"
cp -r "$work/own" "$work/next"
sed -i 's/>= 15500000000/>= 900000000000000/; s/severity: high/severity: critical/' "$work/next/packs/acme/rules.yaml"
cat >>"$work/next/packs/acme/rules.yaml" <<'Y'
  - id: acme.extra
    title: There is a processor
    why: Because.
    pillar: compute
    severity: low
    check: cpu.cores > 0
    expected: one
    fail: {it: a, cio: b, ceo: c}
    fix: {text: d, effort_days: 1, cost: C0, owner: Head of IT}
Y
check "two releases over a folder of scans" "$collector" rules diff "$work/own" "$work/next" --scans "$work/scans"
expect "one host, though it is there twice" says "^1 host, 2 rules -> 3 rules"
expect "a rule that came" says "^\+ acme.extra"
expect "a rule that changed, and what" says "changed: check"
expect "a verdict that turns, with its host" says "gpu01: pass -> fail"
check "as JSON" "$collector" rules diff "$work/own" "$work/next" --scans "$work/scans" --json
expect "the score before and after" json 'float(one["score_before"]["value"]) > float(one["score_after"]["value"]) and [r["kind"] for r in one["rules"]] == ["added", "changed", "changed"] and one["rules"][1]["turned"] == [{"host_id": one["rules"][1]["turned"][0]["host_id"], "host": "gpu01", "before": "pass", "after": "fail"}]'
check "the other way round" "$collector" rules diff "$work/next" "$work/own" --scans "$work/scans"
expect "a rule that goes" says "^- acme.extra"
check "the same twice" "$collector" rules diff "$work/own" "$work/own" --scans "$work/scans/gpu.json"
expect "nothing turns" says "No rule differs and no verdict turns"
mkdir "$work/empty"
refuse "a folder without scans" 1 "no scan in it" "$collector" rules diff "$work/own" "$work/next" --scans "$work/empty"
refuse "no folder" 1 "nowhere" "$collector" rules diff "$work/own" "$work/next" --scans "$work/nowhere"
refuse "new rules with a mistake" 1 "tests.yaml|rules.yaml:.*error" bash -c "sed -i 's/cpu.cores > 0/cpu.coers > 0/' '$work/next/packs/acme/rules.yaml'; '$collector' rules diff '$work/own' '$work/next' --scans '$work/scans'"

# pages
check "a page for every rule" "$collector" rules docs --into "$work/pages"
rules=$("$collector" rules list | wc -l)
expect "as many as there are rules, with an index and the facts" test "$(find "$work/pages" -name '*.md' | wc -l)" = $((rules + 2))
"$collector" rules docs --into "$work/pages-2" >/dev/null
expect "the same bytes every time" diff -r "$work/pages" "$work/pages-2"
links() { # every link inside the pages leads to a page, every anchor to a heading
  python3 - "$work/pages" <<'P'
import os, re, sys
folder = sys.argv[1]
for name in os.listdir(folder):
    for target, anchor in re.findall(r"\]\(([a-z0-9A-Z._-]+\.md)(?:#([a-z0-9_-]+))?\)", open(f"{folder}/{name}").read()):
        text = open(f"{folder}/{target}").read()
        assert not anchor or re.search(rf"^## {anchor}$", text, re.M), (name, target, anchor)
P
}
expect "every link leads somewhere" links
sed -i 's|title: Root cannot|title: <script>alert(1)</script> *Root* [x](javascript:1) cannot|' "$work/own/packs/acme/rules.yaml"
last_output=$("$collector" rules docs --format html --packs "$work/own")
expect "one HTML page without script" bash -c "! grep -qi '<script' <<<'$(sed "s/'/ /g" <<<"$last_output")'"
expect "what a pack says is escaped there" says '&lt;script&gt;'
last_output=$("$collector" rules docs --packs "$work/own")
expect "and in Markdown" says '\\<script\\>alert\(1\)\\</script\\> \\\*Root\\\* \\\[x\\\]\(javascript:1\)'
cp -r "$work/before/." "$work/own/"
check "the cost of each rule" "$collector" rules check "$work/own" --verbose
expect "in units" says "^acme.memory +[0-9]+ +[0-9]+"
for command in check list test new eval explain diff docs sign verify key; do
  check "rules $command has help with an example" "$collector" rules "$command" --help
  expect "rules $command shows an example" says "plumbline-collector rules $command"
done

# signatures, here and with minisign
check "a new key" "$collector" rules key new "$work/ours" --no-password
expect "only its owner reads it" test "$(stat -c %a "$work/ours.key")" = 600
refuse "a key that is there is not written over" 1 "ours.key: is there already" "$collector" rules key new "$work/ours" --no-password
check "minisign makes a key" minisign -G -W -p "$work/theirs.pub" -s "$work/theirs.key"
sign() { "$collector" rules sign "$work/own" --key "$1"; }
check "a pack is signed with our key" sign "$work/ours.key"
check "it is good here" "$collector" rules verify "$work/own" --key "$work/ours.pub"
expect "and says who, what and until when" says "good. acme 20[0-9.]+, 3 files, signed .* until 20"
check "minisign finds it good" minisign -V -H -p "$work/ours.pub" -m "$work/own/packs/acme/pack.manifest"
expect "and reads our trusted comment" says "Trusted comment: acme 20"
refuse "another key is refused" 1 "not one that is trusted here" "$collector" rules verify "$work/own" --key "$work/theirs.pub"
check "a pack is signed with their key" sign "$work/theirs.key"
check "minisign finds that good" minisign -V -p "$work/theirs.pub" -m "$work/own/packs/acme/pack.manifest"
check "the manifest alone" "$collector" rules sign "$work/own/packs/acme"
refuse "a manifest alone is not signed" 1 "not signed" "$collector" rules verify "$work/own" --key "$work/theirs.pub"
check "minisign signs it" minisign -S -s "$work/theirs.key" -m "$work/own/packs/acme/pack.manifest" -t 'by hand'
check "what minisign signed is good here" "$collector" rules verify "$work/own/packs/acme" --key "$work/theirs.pub" --json
expect "with its trusted comment" json 'one[0]["good"] and one[0]["trusted_comment"] == "by hand" and one[0]["pack"] == "acme"'
minisign -S -l -s "$work/theirs.key" -m "$work/own/packs/acme/pack.manifest" >/dev/null
refuse "minisign's old kind is refused" 1 "old kind" "$collector" rules verify "$work/own" --key "$work/theirs.pub"
echo 'correct horse' >"$work/password"
check "a key with a password" "$collector" rules key new "$work/locked" --password-file "$work/password"
expect "minisign opens it" bash -c "minisign -S -s '$work/locked.key' -m '$work/scans/gpu.json' -x '$work/x.minisig' <'$work/password' && minisign -V -p '$work/locked.pub' -m '$work/scans/gpu.json' -x '$work/x.minisig'"
printf 'correct horse\ncorrect horse\n' | minisign -G -p "$work/hers.pub" -s "$work/hers.key" >/dev/null 2>&1
check "a key of minisign with a password signs here" "$collector" rules sign "$work/own" --key "$work/hers.key" --password-file "$work/password"
check "and is good" "$collector" rules verify "$work/own" --key "$work/hers.pub"
echo wrong >"$work/password"
refuse "a wrong password" 1 "hers.key: the password is wrong" "$collector" rules sign "$work/own" --key "$work/hers.key" --password-file "$work/password"
refuse "no terminal to ask" 1 "no terminal|password-file" setsid "$collector" rules sign "$work/own" --key "$work/hers.key"
refuse "an expiry in the past" 2 "over already" "$collector" rules sign "$work/own" --key "$work/ours.key" --expires 2020-01-01
refuse "a comment with a line end" 1 "one line" "$collector" rules sign "$work/own" --key "$work/ours.key" --comment $'a\nb'
refuse "a folder that is no pack" 1 "no pack.yaml" "$collector" rules sign "$work/scans" --key "$work/ours.key"
refuse "a public key where a secret one belongs" 1 "no secret key" "$collector" rules sign "$work/own" --key "$work/ours.pub"
ln -s /etc/passwd "$work/own/packs/acme/link.yaml"
refuse "a link is never signed" 1 "link.yaml: a link" "$collector" rules sign "$work/own" --key "$work/ours.key"
rm "$work/own/packs/acme/link.yaml"

# a collector that takes nothing unsigned
cp -r rules/packs rules/workloads rules/catalogue "$work/" && mkdir "$work/fleet" && mv "$work/packs" "$work/workloads" "$work/catalogue" "$work/fleet/"
check "init with signatures required" "$collector" init --state "$work/state" --agents-port 0 --people-port 0 --require-signed-packs
refuse "no key is there" 1 "trusted keys.*pack-keys" "$collector" serve --state "$work/state" --packs "$work/fleet"
mkdir "$work/state/pack-keys"; cp "$work/ours.pub" "$work/state/pack-keys/"
refuse "packs without signatures" 1 "packs/ssh: not signed" timeout 60 "$collector" serve --state "$work/state" --packs "$work/fleet"
expect "workloads and the catalogue are named too" says "catalogue: not signed"
check "they are signed" "$collector" rules sign "$work/fleet" --key "$work/ours.key"
"$collector" serve --state "$work/state" --packs "$work/fleet" >"$work/log" 2>&1 & serving=$!
trap 'kill $serving 2>/dev/null' EXIT
ready() { for ((i = 0; i < 600; i++)); do [[ -f "$work/state/run.json" ]] && return; kill -0 $serving 2>/dev/null || return 1; read -r -t 0.05 <> <(:) || true; done; return 1; }
logged() { for ((i = 0; i < 600; i++)); do grep -Eq "$1" "$work/log" && return; read -r -t 0.05 <> <(:) || true; done; tail -5 "$work/log"; return 1; }
ready; report $? "a collector starts with signed packs"
expect "it remembers their versions" grep -q '"ssh"' "$work/state/packs-seen.json"
sed -i 's/severity: high/severity: low/' "$work/fleet/packs/ssh/rules.yaml"; kill -HUP $serving
expect "a pack that was changed is refused while it runs" logged "refused, those of .* stay in force: .*packs/ssh: .*bytes that were signed"
check "signed again it is taken" "$collector" rules sign "$work/fleet/packs/ssh" --key "$work/ours.key"
kill -HUP $serving
expect "and comes into force" logged "came into force after"
cp -r "$work/fleet/packs/ssh" "$work/newest"
sed -i 's/^version: .*/version: 1.0.0/' "$work/fleet/packs/ssh/pack.yaml"
"$collector" rules sign "$work/fleet/packs/ssh" --key "$work/ours.key" >/dev/null; kill -HUP $serving
expect "an older version is refused" logged "older than"
kill $serving; wait $serving 2>/dev/null
refuse "after a restart too" 1 "version 1.0.0 is older than" timeout 60 "$collector" serve --state "$work/state" --packs "$work/fleet"
refuse "other commands over this state refuse it as well" 1 "is older than" "$collector" score --state "$work/state" --packs "$work/fleet"
rm -r "$work/fleet/packs/ssh"; mv "$work/newest" "$work/fleet/packs/ssh"
check "the newest is fine" "$collector" score --state "$work/state" --packs "$work/fleet"
rm -r "$work"
finish
