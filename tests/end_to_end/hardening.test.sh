#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Both programs are built as goal S20 says, and stand on no library that is not listed here.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/end_to_end/lib.sh
for program in "$agent" "$collector"; do
  name=$(basename "$program")
  expect "$name is position-independent" bash -c "readelf -h '$program' | grep -q 'Type: *DYN'"
  expect "$name binds all symbols at start" bash -c "readelf -d '$program' | grep -q 'BIND_NOW\|FLAGS_1.*NOW'"
  expect "$name has a read-only relocation table" bash -c "readelf -lW '$program' | grep -q GNU_RELRO"
  expect "$name has no executable stack" bash -c "readelf -lW '$program' | grep GNU_STACK | grep -q 'RW '"
  expect "$name protects its stack" bash -c "readelf -sW --dyn-syms '$program' | grep -q __stack_chk_fail"
  expect "$name uses the checked C functions" bash -c "readelf -sW --dyn-syms '$program' | grep -Eq '__(memcpy|read|readlink|vsnprintf|memmove|realpath|snprintf|memset|strncpy|longjmp|poll|fdelt)_chk'"
done
expect "the agent does not link curl, SQLite, PostgreSQL or NVML" bash -c "! readelf -d '$agent' | grep -Eq 'libcurl|libsqlite3|libpq|nvidia'"
finish
