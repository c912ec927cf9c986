#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the agent's service keeps in memory between two scans (goal P2), and how it ends and goes on.
cd "$(dirname "$0")/../.." || exit 1
exec python3 tests/end_to_end/service.py
