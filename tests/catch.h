// SPDX-License-Identifier: Apache-2.0
// Catch2 of Debian 12 (v2) and of Ubuntu 24.04 (v3) under one name.
#pragma once
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
