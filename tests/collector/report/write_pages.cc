// SPDX-License-Identifier: Apache-2.0
// Writes every page of the sample fleet into a folder, for the browser tests: write_pages FOLDER [poisoned]
// With "poisoned" each payload gets a folder of its own, numbered.
#include <cstdio>
#include <iostream>
#include <string>

#include "base/file.h"
#include "tests/collector/report/sample.h"

using namespace plumbline;

namespace {

bool write_all(const std::string& folder, const Sample& sample) {
  if (!make_folder(folder, 0755)) return false;
  for (const auto& [name, page] : all_pages(sample))
    if (!write_file_atomic(folder + "/" + name + ".html", page)) return false;
  return write_file_atomic(folder + "/style.css", style_sheet()).has_value();
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::cerr << "usage: write_pages FOLDER [poisoned]\n";
    return 2;
  }
  const std::string folder = arguments[1];
  if (!write_all(folder, make_sample())) return 1;
  if (count < 3) return 0;
  for (std::size_t at = 0; at < xss_payloads().size(); ++at)
    if (!write_all(folder + "/payload-" + std::to_string(at), make_sample(xss_payloads()[at]))) return 1;
  return 0;
}
