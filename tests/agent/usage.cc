// SPDX-License-Identifier: Apache-2.0
// How much a folder holds: what a walk counts, what it leaves out, and where it gives up.
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <nlohmann/json.hpp>

#include "agent/host.h"
#include "base/json.h"
#include "tests/agent/scratch.h"
#include "tests/catch.h"

using namespace plumbline;
using nlohmann::json;

namespace {

json usage_of(const std::string& path) {
  const auto answer = live_host()->ask("usage:" + path);
  if (!answer) return answer.error().message;
  return *parse_json(*answer);
}

std::uint64_t blocks_of(const std::string& path) {
  struct stat status {};
  REQUIRE(lstat(path.c_str(), &status) == 0);
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

void set_time(const std::string& path, std::int64_t seconds) {
  const utimbuf times = {seconds, seconds};
  REQUIRE(utime(path.c_str(), &times) == 0);
}

}  // namespace

TEST_CASE("A folder's size is what its files take on disk, links left aside") {
  const Scratch scratch;
  scratch.write("/data/one", std::string(100'000, 'x'));
  scratch.write("/data/deep/er/two", std::string(5'000, 'x'));
  scratch.write("/data/empty", "");
  scratch.write("/elsewhere/large", std::string(1'000'000, 'x'));
  scratch.link("/data/link", "../elsewhere/large");
  scratch.link("/data/folder", "../elsewhere");
  set_time(scratch.path() + "/data/one", 1'700'000'000);
  set_time(scratch.path() + "/data/deep/er/two", 1'600'000'000);
  set_time(scratch.path() + "/data/empty", 1'000'000'000);  // holds nothing, so that its age tells nothing
  const json usage = usage_of(scratch.path() + "/data");
  CHECK(usage["bytes"] == blocks_of(scratch.path() + "/data/one") + blocks_of(scratch.path() + "/data/deep/er/two") +
                              blocks_of(scratch.path() + "/data/empty"));
  CHECK(usage["files"] == 3);
  CHECK(usage["oldest"] == 1'600'000'000);
  CHECK(usage["newest"] == 1'700'000'000);
  CHECK(usage["complete"] == true);
}

TEST_CASE("What is not there, no folder or no whole path has no size") {
  const Scratch scratch;
  scratch.write("/file", "x");
  CHECK(usage_of(scratch.path() + "/none").get<std::string>().starts_with("not found: "));
  CHECK(usage_of(scratch.path() + "/file").is_string());
  CHECK(usage_of("data").is_string());
  CHECK(usage_of("").is_string());
}

TEST_CASE("A folder of more files than a scan counts, or deeper than it goes, says that it was not counted to the end") {
  const Scratch scratch;
  std::string deep = "/deep";
  for (int level = 0; level < 20; ++level) deep += "/f";
  scratch.write(deep + "/file", "x");
  CHECK(usage_of(scratch.path() + "/deep")["complete"] == false);
  scratch.write("/many/first", "x");
  for (int number = 0; number < 20'001; ++number)
    REQUIRE(link((scratch.path() + "/many/first").c_str(), (scratch.path() + "/many/" + std::to_string(number)).c_str()) == 0);
  const json many = usage_of(scratch.path() + "/many");
  CHECK(many["complete"] == false);
  CHECK(many["files"] <= 20'000);
}
