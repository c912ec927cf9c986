#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Rules change under a running collector: broken ones are refused and said to be, good ones are applied to what is stored.
cd "$(dirname "$0")/../.." && exec python3 tests/end_to_end/reload.py
