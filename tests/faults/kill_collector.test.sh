#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 30 times kill -9 under 20 agents (goal R1, quick tier).
cd "$(dirname "$0")/../.." && exec python3 tests/faults/kill_collector.py 30 20
