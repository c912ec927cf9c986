#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real Jupyter, with its token and without, beside model servers that answer like the real ones, a training job, model files, Python
# environments and agents' settings. In namespaces of their own, which take every server with them when they end.
cd "$(dirname "$0")/../.." || exit 1
rooms=(--mount --net --pid --fork --kill-child --mount-proc --propagation private)
unshare "${rooms[@]}" true 2>/dev/null || { echo "skipped: AI services need root and namespaces of their own"; exit 0; }
command -v jupyter-server >/dev/null || { echo "skipped: jupyter-server is not installed"; exit 0; }
exec unshare "${rooms[@]}" /usr/bin/python3 tests/end_to_end/ai.py
