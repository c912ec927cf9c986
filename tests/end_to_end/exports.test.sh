#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The same figures in every format of every report of the sample company; workbook, CSV, JSON and PDF as others read them.
cd "$(dirname "$0")/../.." || exit 1
exec python3 tests/end_to_end/exports.py
