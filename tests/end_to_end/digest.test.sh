#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Digests delivered for real: to a mail server with STARTTLS and to webhooks on the loopback, good ones and bad ones.
cd "$(dirname "$0")/../.." || exit 1
exec python3 tests/end_to_end/digest.py
