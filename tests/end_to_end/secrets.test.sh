#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Secrets of a host stay on it (goal S16). In a mount namespace of its own, so that what it mounts goes when it does.
cd "$(dirname "$0")/../.." || exit 1
if unshare --mount --propagation private true 2>/dev/null; then exec unshare --mount --propagation private python3 tests/end_to_end/secrets.py; fi
exec python3 tests/end_to_end/secrets.py
