#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Hostile bytes over both real listeners (goals S7, S8, S9).
cd "$(dirname "$0")/../.." && exec python3 tests/end_to_end/hostile_http.py
