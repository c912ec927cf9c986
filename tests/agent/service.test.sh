#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The agent's unit is one that systemd understands, and one that exposes little; so is it with each drop-in.
. "$(dirname "$0")/../end_to_end/lib.sh"
command -v systemd-analyze >/dev/null || { echo "skip service: no systemd-analyze here"; exit 0; }
work=$(scratch_folder); trap 'rm -rf "$work"' EXIT
cp packaging/systemd/plumbline-agent.service "$work"
sed -i "s|^ExecStart=/usr/bin/plumbline-agent|ExecStart=$agent|" "$work/plumbline-agent.service"
check "systemd understands the unit" systemd-analyze verify "$work/plumbline-agent.service"
expect "and says nothing of it" test -z "$(grep plumbline <<<"$last_output")"
check "its exposure is at most 2.5" systemd-analyze security --offline=yes --threshold=25 "$work/plumbline-agent.service"
mkdir "$work/plumbline-agent.service.d"
for example in packaging/systemd/plumbline-agent.service.d/*.example; do
  cp "$example" "$work/plumbline-agent.service.d/$(basename "${example%.example}")"
  check "systemd understands $(basename "$example")" systemd-analyze verify "$work/plumbline-agent.service"
  rm "$work/plumbline-agent.service.d/"*
done
for option in $(sed -n 's/^ExecStart=\S* run//p' packaging/systemd/plumbline-agent.service); do
  check "the agent knows $option" bash -c "'$agent' run --help | grep -q -- '$option'"
done
finish
