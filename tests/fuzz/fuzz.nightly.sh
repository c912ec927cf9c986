#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every fuzz target for ten minutes; tests/fuzz/run.sh says how to run one for longer.
exec "$(dirname "$0")/run.sh" 600
