#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A full disk (goal R5).
cd "$(dirname "$0")/../.." && exec python3 tests/faults/disk_full.py
