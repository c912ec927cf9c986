# SPDX-License-Identifier: Apache-2.0
"""Goal P3: what a scan of this host takes on its way to a real collector: whole, after what a minute changed, with one section
changed, and with none. Prints rows of the table of tests/bench/agent.sh. Needs the program zstd."""
import contextlib, io, json, os, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "end_to_end"))
from lab import AGENT, Lab, enroll, run  # noqa: E402


def packed(document):
    return len(subprocess.run(["zstd", "-3", "--no-check", "-c"], input=json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(),
                              stdout=subprocess.PIPE, check=True).stdout)


def with_sections(document, names):
    return {**document, "sections": {name: document["sections"][name] for name in names}}


with contextlib.redirect_stdout(io.StringIO()):
    lab = Lab(agents=0)
    state = lab.folder + "/agent"
    enroll(lab, state)
try:
    dry_run = lambda: json.loads(run(AGENT, "scan", "--json", "--dry-run", "--state", state).stdout)  # noqa: E731
    whole = dry_run()
    print(f"| body of a whole scan (goal: at most 6 KB) | {packed(whole):,} B |")
    sent = run(AGENT, "send", "--state", state)
    if sent.returncode:
        sys.exit("bench: " + sent.stdout)
    later = dry_run()
    if "base" not in later:
        sys.exit("bench: the collector has it, and it is sent whole again")
    changed = sorted(later["sections"])
    print(f"| body after the time of one scan ({', '.join(changed)} changed; goal: at most 1.5 KB) | {packed(later):,} B |")
    sizes = {name: packed(with_sections({**later, "sections": {**whole["sections"], **later["sections"]}}, [name])) for name in whole["sections"]}
    largest, median = max(sizes, key=sizes.get), sorted(sizes.values())[len(sizes) // 2]
    print(f"| body with one section changed: median; the largest, {largest} (goal: at most 1.5 KB) | {median:,} B; {sizes[largest]:,} B |")
    print(f"| body with nothing changed (goal: at most 400 B) | {packed(with_sections({**later, 'facts': later['base']}, [])):,} B |")
finally:
    lab.stop()
