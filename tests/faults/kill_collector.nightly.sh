#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 1,000 times kill -9 under 200 agents (goal R1, nightly tier).
cd "$(dirname "$0")/../.." && exec python3 tests/faults/kill_collector.py 1000 200
