#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need, builds everything with warnings as errors, runs every test of the tier.
#   tests/run.sh                       the quick tier, as CI runs it
#   tests/run.sh --tier nightly        adds tests/*/*.nightly.sh: longer faults, sanitizers, fuzzing, benches
#   tests/run.sh --only delivery       only programs and scripts whose name holds "delivery"
#   tests/run.sh --no-install          when the packages are there already
# Its last line reads "N passed, N failed"; it exits 1 when something failed.
set -uo pipefail
cd "$(dirname "$0")/.."
tier=quick only="" install=1
while (($#)); do
  case "$1" in
    --tier) tier="${2:-}"; shift ;;
    --only) only="${2:-}"; shift ;;
    --no-install) install=0 ;;
    -h|--help) sed -n '3,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "run.sh: unknown option '$1'; see --help" >&2; exit 2 ;;
  esac
  shift
done
case "$tier" in quick|nightly|release) ;; *) echo "run.sh: unknown tier '$tier'; use quick, nightly or release" >&2; exit 2 ;; esac

say() { printf '\n== %s\n' "$*"; }
if ((install)); then say "Packages"; packaging/dependencies.sh test || exit 1; fi

say "Build (preset release, warnings are errors)"
export NINJA_STATUS='[%f/%t] '
cmake --preset release -DPLUMBLINE_TESTS=ON >/dev/null || { cmake --preset release -DPLUMBLINE_TESTS=ON; exit 1; }
packaging/build.sh || exit 1

scratch=$(mktemp -d); chmod 755 "$scratch"  # one test runs the agent as nobody
trap 'rm -rf "$scratch"' EXIT
export PLUMBLINE_BUILD="$PWD/build/release" PLUMBLINE_RULES="$PWD/rules" PLUMBLINE_SCRATCH="$scratch" PLUMBLINE_TIER="$tier"
if [[ -f ../shared/data/machines.tar.xz ]]; then
  say "Recorded machines of others"
  mkdir "$scratch/corpus"
  for archive in machines tables texts; do tar -xJf "../shared/data/$archive.tar.xz" -C "$scratch/corpus"; done
  export PLUMBLINE_CORPUS="$scratch/corpus"
else
  echo "Skipped: tests over recorded machines of others (no ../shared/data beside this clone)."
fi
# The suites of the expression language come from its npm package, once.
if ((install)) && [[ ! -d build/release/cel-spec ]]; then say "Suites of CEL"; tests/rules/cel/fetch_suite.sh build/release || true; fi

passed=0 failed=0 broken=()
# Adds what one program printed: Catch2's summary, or lines "ok …" and "not ok …".
count() { # name status log
  local ok bad
  ok=$(grep -c '^ok ' "$3") bad=$(grep -c '^not ok ' "$3")
  if ((ok + bad == 0)); then
    read -r ok bad < <(awk '
      /^All tests passed \(.* in [0-9]+ test case/ {for (i = 1; i <= NF; i++) if ($i == "in") ok = $(i + 1)}
      /^test cases:/ {for (i = 1; i <= NF; i++) {if ($i == "passed") ok = $(i - 1); if ($i == "failed") bad = $(i - 1)}}
      END {print ok + 0, bad + 0}' "$3")
  fi
  if (($2 != 0 && bad == 0)); then bad=1; fi
  passed=$((passed + ok)) failed=$((failed + bad))
  if ((bad)); then broken+=("$1"); printf '%-34s %4d passed, %d FAILED\n' "$1" "$ok" "$bad"; tail -n 60 "$3" | sed 's/^/    /'
  else printf '%-34s %4d passed   %s\n' "$1" "$ok" "$(grep -m1 -i '^skipped' "$3" || true)"; fi
}
run() { # name command…
  local name=$1; shift
  [[ -z "$only" || "$name" == *"$only"* ]] || return 0
  "$@" >"$scratch/log" 2>&1 </dev/null
  count "$name" $? "$scratch/log"
}

say "Tests"
for program in build/release/bin/test_*; do run "$(basename "$program")" "$program"; done
for script in tests/*/*.test.sh; do run "${script#tests/}" "$script"; done
if [[ $tier != quick ]]; then for script in tests/*/*.nightly.sh; do [[ -e $script ]] && run "${script#tests/}" "$script"; done; fi

if ((${#broken[@]})); then echo; echo "Failed: ${broken[*]}"; fi
echo
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
