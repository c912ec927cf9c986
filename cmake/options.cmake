# SPDX-License-Identifier: Apache-2.0
# Compiler settings every target gets: warnings, hardening (goal S20), sanitizers, ccache.
option(PLUMBLINE_TESTS "Build the tests" ON)
option(PLUMBLINE_WERROR "Warnings are errors" OFF)
option(PLUMBLINE_FUZZ "Build the fuzz targets (clang)" OFF)
set(PLUMBLINE_SANITIZE "" CACHE STRING "Sanitizers for the whole build: address,undefined or thread")

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths below the clone count as relative ones, so that every clone of a machine finds what another has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${CCACHE})
endif()

add_library(plumbline_options INTERFACE)
target_include_directories(plumbline_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(plumbline_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -fstack-protector-strong
  # GCC 12 sees overlaps in "text" + std::string that are none (GCC bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  $<$<BOOL:${PLUMBLINE_WERROR}>:-Werror>)
target_compile_definitions(plumbline_options INTERFACE
  PLUMBLINE_VERSION="${PROJECT_VERSION}" _GLIBCXX_ASSERTIONS
  $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=3>)
target_link_options(plumbline_options INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
set(CMAKE_EXE_LINKER_FLAGS "${CMAKE_EXE_LINKER_FLAGS} -pie")
if(PLUMBLINE_SANITIZE)
  target_compile_options(plumbline_options INTERFACE -fsanitize=${PLUMBLINE_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(plumbline_options INTERFACE -fsanitize=${PLUMBLINE_SANITIZE})
endif()

if(PLUMBLINE_FUZZ)
  target_compile_options(plumbline_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tl-expected REQUIRED)
find_package(fmt REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)

# A library that stands on the given floors, with the project's options.
function(plumbline_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC plumbline_options ${ARG_LINK})
endfunction()
