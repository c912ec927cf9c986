#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 30 times kill -9 of the agent while it scans, spools and sends (goal R2, quick tier).
cd "$(dirname "$0")/../.." && exec python3 tests/faults/kill_agent.py 30
