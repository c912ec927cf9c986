#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Recorded hosts give the facts and the findings that were reviewed line by line; a difference is printed. tests/hosts/README.md tells more.
cd "$(dirname "$0")/../.." && exec python3 tests/end_to_end/recorded_hosts.py
