#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The same figures in every format of every report of the sample company; workbook, CSV, JSON and PDF as others read them.
cd "$(dirname "$0")/../.." || exit 1
# Of several Pythons the one that has the distribution's modules.
for python in python3 /usr/bin/python3; do
  "$python" -P -c 'import jsonschema, openpyxl' 2>/dev/null && exec "$python" tests/end_to_end/exports.py
done
echo "not ok exports: no Python has openpyxl and jsonschema; install them: packaging/dependencies.sh test"
exit 1
