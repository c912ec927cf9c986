# SPDX-License-Identifier: Apache-2.0
# Writes files as rows of a C++ table: cmake -DOUTPUT=… -DFILES="a.html;style.css" -P embed.cmake
set(text "// Written by cmake/embed.cmake from the files in collector/report/templates.\n")
string(APPEND text "#include \"collector/report/templates.h\"\n\nnamespace plumbline {\n\n")
string(APPEND text "const std::vector<TemplateFile>& template_files() {\n  static const std::vector<TemplateFile> rows = {\n")
foreach(file IN LISTS FILES)
  file(READ "${file}" content)
  get_filename_component(name "${file}" NAME)
  string(APPEND text "      {\"${name}\", R\"plumb(${content})plumb\"},\n")
endforeach()
string(APPEND text "  };\n  return rows;\n}\n\n}  // namespace plumbline\n")
file(WRITE "${OUTPUT}" "${text}")
