#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Secrets of a host stay on it (goal S16).
cd "$(dirname "$0")/../.." && exec python3 tests/end_to_end/secrets.py
