#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The agent's tests under AddressSanitizer and UndefinedBehaviorSanitizer: recorded machines, mutations of each of their
# files, greetings, rogue probes, labelled cases. Built by clang in the fuzz targets' folder, whose objects they share.
. "$(dirname "$0")/../end_to_end/lib.sh"
command -v clang++ >/dev/null || { echo "skip sanitizers: no clang++ here (packaging/dependencies.sh nightly)"; exit 0; }
folder=$PWD/build/fuzz
programs=(test_agent test_agent_mutations test_agent_manners test_agent_labelled test_greetings)
cmake -S . -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g1" \
  -DPLUMBLINE_TESTS=ON -DPLUMBLINE_FUZZ=ON -DPLUMBLINE_SANITIZE=address,undefined >/dev/null
check "the agent's tests build under the sanitizers" cmake --build "$folder" --target "${programs[@]}"
export PLUMBLINE_BUILD=$folder UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
for program in "${programs[@]}"; do check "$program finds nothing under the sanitizers" "$folder/bin/$program"; done
finish
