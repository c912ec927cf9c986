#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The same comparison over expressions that nobody has seen: the day gives the first seed.
exec "$(dirname "$0")/differential.test.sh" "$(date +%Y%m%d)00000" 50000
