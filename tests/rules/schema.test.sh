#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The JSON Schemas of packs against the shipped files, with a validator that is not ours.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec python3 -W ignore::DeprecationWarning tests/rules/schema.py
