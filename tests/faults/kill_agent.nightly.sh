#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 1,000 times kill -9 of the agent (goal R2, nightly tier).
cd "$(dirname "$0")/../.." && exec python3 tests/faults/kill_agent.py 1000
