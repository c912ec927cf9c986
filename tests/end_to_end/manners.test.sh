#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The agent starts no program, scans and deliveries included (goal S14), and confines itself unless told otherwise (goal S15).
cd "$(dirname "$0")/../.." || exit 1
command -v strace >/dev/null || { echo "skipped: strace is not installed"; exit 0; }
exec python3 tests/end_to_end/manners.py
