# SPDX-License-Identifier: Apache-2.0
include(GNUInstallDirs)
foreach(program plumbline-agent plumbline-collector)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${program})
  endif()
endforeach()
# The agent as a service: its unit, its user, and drop-ins that do nothing until they are copied without ".example".
install(FILES packaging/systemd/plumbline-agent.service DESTINATION lib/systemd/system COMPONENT plumbline-agent)
install(DIRECTORY packaging/systemd/plumbline-agent.service.d DESTINATION lib/systemd/system COMPONENT plumbline-agent FILES_MATCHING PATTERN "*.example")
install(FILES packaging/systemd/plumbline.sysusers.conf DESTINATION lib/sysusers.d RENAME plumbline.conf COMPONENT plumbline-agent)
install(DIRECTORY rules/packs rules/workloads rules/catalogue rules/questionnaire rules/schema DESTINATION ${CMAKE_INSTALL_DATADIR}/plumbline
  COMPONENT plumbline-collector)
