#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 200 means synced (goal R4).
cd "$(dirname "$0")/../.." && exec python3 tests/faults/durable_answer.py
