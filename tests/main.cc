// SPDX-License-Identifier: Apache-2.0
// The main function of every unit-test program.
#define CATCH_CONFIG_MAIN
#include "tests/catch.h"
