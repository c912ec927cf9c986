#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No name from outside becomes a path (goal S12).
cd "$(dirname "$0")/../.." && exec python3 tests/end_to_end/paths.py
