#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the agent says of this very machine is what the distribution's own tools say.
cd "$(dirname "$0")/../.." && exec python3 tests/end_to_end/host_tools.py
