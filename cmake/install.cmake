# SPDX-License-Identifier: Apache-2.0
include(GNUInstallDirs)
foreach(program plumbline-agent plumbline-collector)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
install(DIRECTORY rules/packs rules/workloads rules/catalogue rules/questionnaire rules/schema DESTINATION ${CMAKE_INSTALL_DATADIR}/plumbline)
