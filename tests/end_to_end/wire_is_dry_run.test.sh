#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `scan --dry-run` shows is what leaves the host (goal S23).
cd "$(dirname "$0")/../.." && exec python3 tests/end_to_end/wire_is_dry_run.py
