#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# P4 and P5: verdicts a second a core, and reading a document, against every yardstick, in one run.
#   tests/bench/rules.sh [YARDSTICKS] [BUILD]     default: ../shared/bench (rules.cel, doc.json, the peers' programs), build/release
# The peers are compiled or fetched into build/bench; one that cannot be had here is left out and named. Needs Node and
# npm for the CEL implementations in JavaScript, lua5.4 with lua-cjson, and Boost.JSON.
set -euo pipefail
cd "$(dirname "$0")/../.."
yardsticks=$(realpath -m "${1:-../shared/bench}")
[[ -r $yardsticks/rules.cel ]] || { echo "skipped: no yardsticks in $yardsticks"; exit 0; }
bench=${2:-build/release}/bin/rules_bench
[[ -x $bench ]] || { echo "rules.sh: $bench is not built; run packaging/build.sh first" >&2; exit 1; }
work=$PWD/build/bench; mkdir -p "$work"

say() { printf '| %s | %s | %s |\n' "$@"; }
rate() { sed -n 's/.*median=\([0-9]*\).*/\1/p' | head -1; }
left_out=()
other() { for ((i = 0; i < 40; ++i)); do [[ ${1:i:1} == "${want:i:1}" ]] || echo; done | wc -l; }

ours=$("$bench" "$yardsticks/rules.cel" "$yardsticks/doc.json")
mine=$(awk '/^judge .*verdicts/ {print $2}' <<<"$ours")
want=$(awk '/^answers/ {print $2}' <<<"$ours")
echo "| engine | verdicts a second a core | ours is |"; echo "|---|---|---|"
say "Plumbline, fast tier" "$mine" "1.0 ×"
row() {  # name, its line of output
  local figure answers
  figure=$(rate <<<"$2"); answers=$(grep -oE '\b[01x]{40}\b' <<<"$2" | head -1 || true)
  [[ -n $figure ]] || { left_out+=("$1: gave no figure"); return; }
  local note=""; [[ $answers == "$want" ]] || note=" (cannot run, or answers otherwise, $(other "$answers") of the 40)"
  say "$1$note" "$figure" "$(awk -v a="$mine" -v b="$figure" 'BEGIN {printf "%.1f ×", a / b}')"
}
evaluator=$(awk '/^evaluator/ {print $2}' <<<"$ours")
say "Plumbline, general evaluator" "$evaluator" "$(awk -v a="$mine" -v b="$evaluator" 'BEGIN {printf "%.1f ×", a / b}')"

if g++ -O2 -std=c++20 "$yardsticks/handwritten.cpp" -o "$work/handwritten" -lboost_json -lboost_container 2>"$work/handwritten.log"; then
  cp "$yardsticks/doc.json" "$work/"
  out=$(cd "$work" && ./handwritten | sed 's/evals.s //')
  row "hand-written C++ over Boost.JSON" "$(grep boost <<<"$out")"
  row "hand-written C++ over nlohmann/json" "$(grep nlohmann <<<"$out")"
else left_out+=("hand-written C++: it does not compile here (libboost-json1.81-dev?)"); fi
if command -v lua5.4 >/dev/null && out=$(cd "$yardsticks" && lua5.4 bench.lua 2>"$work/lua.log"); then row "Lua 5.4" "$out"
else left_out+=("Lua 5.4: needs lua5.4 and lua-cjson"); fi
if command -v npm >/dev/null && { [[ -d $work/node_modules/@bufbuild/cel ]] ||
     npm install --prefix "$work" --silent --no-audit --no-fund @marcbachmann/cel-js cel-js @bufbuild/cel >"$work/npm.log" 2>&1; }; then
  cp "$yardsticks"/{cel_peers.mjs,doc.json,rules.cel} "$work/"
  for peer in "js:native JavaScript under a JIT" "marcenv:@marcbachmann/cel-js" "celjs:cel-js" "buf:@bufbuild/cel"; do
    row "${peer#*:}" "$(cd "$work" && node cel_peers.mjs "${peer%%:*}" "$([[ $peer == js:* ]] && echo 20000 || echo 300)" 2>&1 || true)"
  done
else left_out+=("CEL for JavaScript: needs npm and its registry"); fi
echo
awk '/^read/ {printf "Reading the document into a judgeable form: %s µs (goal P5: at most 60).\n", $2}
     /^judge_document/ {printf "All 40 rules over it: %s µs.\n", $2} /^compile/ {printf "Compiling a rule: %s µs.\n", $2}' <<<"$ours"
for line in "${left_out[@]}"; do echo "left out: $line"; done
