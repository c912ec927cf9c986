#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Real data stores, each beside what it says of itself. In namespaces of their own, which take every server with them when they end.
cd "$(dirname "$0")/../.." || exit 1
rooms=(--mount --net --pid --fork --kill-child --mount-proc --propagation private)
unshare "${rooms[@]}" true 2>/dev/null || { echo "skipped: stores need root and namespaces of their own"; exit 0; }
exec unshare "${rooms[@]}" python3 tests/end_to_end/stores.py
