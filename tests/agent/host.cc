// SPDX-License-Identifier: Apache-2.0
// The three hosts: nothing leads out of a recorded root, nothing blocks a live one, a replay says what was heard.
#include "agent/host.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/files.h"
#include "agent/recording.h"
#include "agent/scan.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/agent/scratch.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

std::unique_ptr<Host> open_root(const Scratch& scratch) {
  auto host = recorded_host(scratch.path());
  REQUIRE(host);
  return std::move(*host);
}

std::string no_secrets(std::string_view text) {
  const auto at = text.find("password=");
  return std::string(text.substr(0, at)) + (at == std::string_view::npos ? "" : "password=***");
}

}  // namespace

TEST_CASE("A live host reads files, folders, links and stats") {
  Scratch scratch;
  scratch.write("/a/file", "text\n");
  scratch.link("/a/link", "file");
  const auto host = live_host();
  CHECK(host->read(scratch.path() + "/a/file").value() == "text\n");
  CHECK(host->read(scratch.path() + "/a/link").value() == "text\n");
  CHECK(host->read_link(scratch.path() + "/a/link").value() == "file");
  CHECK(host->stat(scratch.path() + "/a/link", false)->type == FileType::link);
  CHECK(host->stat(scratch.path() + "/a/link")->size_bytes == 5);
  const auto entries = host->list(scratch.path() + "/a");
  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK(entries->front().name == "file");
  CHECK(entries->back().type == FileType::link);
}

TEST_CASE("A live host says what went wrong and with which path") {
  Scratch scratch;
  scratch.write("/large", std::string(5000, 'x'));
  const auto host = live_host();
  const auto absent = host->read(scratch.path() + "/none");
  REQUIRE(!absent);
  CHECK(absent.error().kind == ErrorKind::not_found);
  CHECK(absent.error().message == "not found: " + scratch.path() + "/none");
  CHECK(host->read(scratch.path() + "/large", 4999).error().kind == ErrorKind::limit);
  CHECK(host->read(scratch.path() + "/large", 5000));
  CHECK(host->read("relative").error().kind == ErrorKind::invalid);
  CHECK(host->read(std::string_view("/a\0b", 4)).error().kind == ErrorKind::invalid);
  CHECK(host->read("").error().kind == ErrorKind::invalid);
  CHECK(host->read_link(scratch.path() + "/large").error().kind == ErrorKind::invalid);
  CHECK(host->ask("no-such-question").error().kind == ErrorKind::not_found);
}

TEST_CASE("A live host neither waits on a FIFO nor opens a device nor reads a folder") {
  Scratch scratch;
  REQUIRE(mkfifo((scratch.path() + "/fifo").c_str(), 0600) == 0);
  const auto host = live_host();
  CHECK(host->read(scratch.path() + "/fifo").error().kind == ErrorKind::invalid);
  CHECK(host->read("/dev/null").error().kind == ErrorKind::invalid);
  CHECK(host->read(scratch.path()).error().kind == ErrorKind::invalid);
}

TEST_CASE("A live host reads kernel files whole, however the kernel cuts them") {
  const auto host = live_host();
  const auto cpuinfo = host->read("/proc/cpuinfo");
  REQUIRE(cpuinfo);
  CHECK(cpuinfo->size() > 100);
  const auto maps = host->read("/proc/self/maps");  // longer than the kernel gives at once
  REQUIRE(maps);
  CHECK(maps->size() > 4096);
  CHECK(contains(*maps, "[stack]"));
}

TEST_CASE("Every question of this machine is answered with text or a reason") {
  const auto host = live_host();
  for (const char* question : {"now", "uname", "statvfs:/", "statvfs_remote:/", "adjtimex", "sockets", "addresses", "affinity", "privileges", "hypervisor", "nvml"}) {
    INFO(question);
    const auto answer = host->ask(question);
    if (answer) CHECK(is_utf8(*answer));
    else CHECK(!answer.error().message.empty());
  }
  for (const char* question : {"uname", "statvfs:/", "addresses", "privileges"}) {
    INFO(question);
    const auto answer = host->ask(question);
    REQUIRE(answer);
    CHECK(parse_json(*answer));
  }
  CHECK(host->ask("statvfs:/no/such/folder").error().kind == ErrorKind::not_found);
}

TEST_CASE("No link and no dots lead out of a recorded root") {
  Scratch outside;
  outside.write("/secret", "outside");
  Scratch scratch;
  scratch.write("/etc/os-release", "inside");
  scratch.write("/deep/er/file", "deep");
  scratch.link("/absolute", "/etc/os-release");
  scratch.link("/escape", "../../../../../../.." + outside.path() + "/secret");
  scratch.link("/escape-absolute", outside.path() + "/secret");
  scratch.link("/folder", outside.path());
  scratch.link("/proc/1/root", "/");
  scratch.link("/loop", "loop");
  scratch.link("/relative", "deep/../deep/er/../er/file");
  const auto host = open_root(scratch);
  CHECK(host->read("/absolute").value() == "inside");
  CHECK(host->read("/relative").value() == "deep");
  CHECK(host->read("/proc/1/root/etc/os-release").value() == "inside");
  CHECK(host->read("/../../etc/os-release").value() == "inside");
  CHECK(!host->read("/escape"));
  CHECK(!host->read("/escape-absolute"));
  CHECK(!host->read("/folder/secret"));
  CHECK(!host->list("/folder"));
  CHECK(!host->stat("/escape"));
  CHECK(host->stat("/escape", false)->type == FileType::link);
  CHECK(host->read_link("/escape-absolute").value() == outside.path() + "/secret");
  CHECK(!host->read("/loop"));
}

TEST_CASE("The walk by steps finds what openat2 finds") {
  Scratch scratch;
  scratch.write("/etc/a/file", "x");
  scratch.link("/l1", "/etc/a");
  scratch.link("/etc/up", "../../../etc/a/file");
  scratch.link("/etc/a/here", ".");
  scratch.link("/loop1", "loop2");
  scratch.link("/loop2", "loop1");
  scratch.link("/dangling", "nowhere");
  const Descriptor root(::open(scratch.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(root);
  for (const char* path : {"/", "/etc", "/etc/a/file", "/l1/file", "/etc/up", "/etc/a/here/here/file", "/../../etc/a/../a/file", "/loop1",
                           "/dangling", "/none/file", "/etc/a/file/below", "/etc/.", "/etc/..", "//etc//a//file"}) {
    for (const int flags : {O_PATH, O_PATH | O_NOFOLLOW}) {
      INFO(path << " " << flags);
      const Descriptor one(open_inside(root.get(), path, flags));
      const Descriptor two(open_inside_by_steps(root.get(), path, flags));
      CHECK(static_cast<bool>(one) == static_cast<bool>(two));
      if (!one || !two) {
        CHECK(one.get() == two.get());
        continue;
      }
      struct stat a {};
      struct stat b {};
      REQUIRE(fstat(one.get(), &a) == 0);
      REQUIRE(fstat(two.get(), &b) == 0);
      CHECK(a.st_ino == b.st_ino);
    }
  }
}

TEST_CASE("A recorded root that is no folder, or holds a broken recording, is refused with the next step") {
  Scratch scratch;
  scratch.write("/file", "x");
  CHECK(contains(recorded_host(scratch.path() + "/none").error().message, "--root takes"));
  CHECK(contains(recorded_host(scratch.path() + "/file").error().message, "not a folder"));
  scratch.write("/.plumbline/recording.json", "{\"answers\":");
  CHECK(contains(recorded_host(scratch.path()).error().message, "recording.json"));
  scratch.write("/.plumbline/recording.json", "[]");
  CHECK(contains(recorded_host(scratch.path()).error().message, "not a recording"));
}

TEST_CASE("What recording.json says goes before the files, and what is garbled in it is an error of one verb") {
  Scratch scratch;
  scratch.write("/etc/shadow", "root:*:");
  scratch.write("/etc/passwd", "root:x:");
  scratch.write("/.plumbline/recording.json", R"({"files":{"/etc/shadow":{"error":"permission_denied","message":"permission denied: /etc/shadow"}},
    "stats":{"/etc/passwd":{"type":"f","mode":"0644","uid":7,"gid":8,"size":1,"modified":2,"device":3},"/x":5,"/y":{"mode":"99","uid":"no"}},
    "folders":{"/x":{"entries":["f a","d b",7,"x"]},"/y":{}}, "links":{"/x":{}}, "answers":{"now":"5","nvml":{"status":"ok"}}})");
  const auto host = open_root(scratch);
  CHECK(host->read("/etc/shadow").error().kind == ErrorKind::permission_denied);
  CHECK(host->read("/etc/passwd").value() == "root:x:");
  CHECK(host->stat("/etc/passwd")->uid == 7);
  CHECK(host->stat("/etc/passwd")->mode == 0644);
  CHECK(!host->stat("/x"));
  CHECK(host->stat("/y"));
  CHECK(host->list("/x")->size() == 2);
  CHECK(!host->list("/y"));
  CHECK(!host->read_link("/x"));
  CHECK(host->ask("now").value() == "5");
  CHECK(host->ask("nvml").value() == R"({"status":"ok"})");
  CHECK(host->ask("uname").error().kind == ErrorKind::not_found);
  const auto entries = host->list("/");
  REQUIRE(entries);
  CHECK(entries->size() == 1);  // etc, without our own folder
}

TEST_CASE("Names are quoted so that they stay inside the recording and come back as they were") {
  for (const std::string name : {"/proc/cpuinfo", "/a/../b", "/100%", "/tab\there", "/bad\xff" "byte", "/umlaut-\xc3\xa4", "/./x"}) {
    INFO(name);
    CHECK(is_utf8(quote_name(name)));
    CHECK(unquote_name(quote_name(name)) == name);
  }
  CHECK(quote_name("/a/../b") == "/a/%2E%2E/b");
  CHECK(quote_name("/umlaut-\xc3\xa4") == "/umlaut-\xc3\xa4");
}

TEST_CASE("A recording replays to the same answers, and holds no more than the redacted text") {
  Scratch machine;
  machine.write("/conf", "user=ada\npassword=hunter2\n");
  machine.write("/plain", "text");
  machine.link("/link", "../../x%y");
  machine.folder("/bad\xff" "name");
  Scratch folder;
  const std::string recording = folder.path() + "/new";
  const std::string at = machine.path();
  {
    auto host = recording_host(recording);
    REQUIRE(host);
    CHECK((*host)->read_redacted(at + "/conf", no_secrets).value() == "user=ada\npassword=***");
    CHECK((*host)->read(at + "/plain").value() == "text");
    CHECK(!(*host)->read(at + "/none"));
    CHECK((*host)->list(at));
    CHECK((*host)->read_link(at + "/link"));
    CHECK((*host)->stat(at + "/plain"));
    CHECK((*host)->stat(at + "/link", false));
    CHECK((*host)->ask("now"));
    REQUIRE(finish_recording(**host));
  }
  auto replayed = recorded_host(recording);
  REQUIRE(replayed);
  const auto live = live_host();
  CHECK((*replayed)->read_redacted(at + "/conf", no_secrets).value() == "user=ada\npassword=***");
  CHECK(!(*replayed)->read(at + "/conf"));
  CHECK((*replayed)->read(at + "/plain").value() == "text");
  CHECK((*replayed)->read(at + "/none").error().message == live->read(at + "/none").error().message);
  CHECK((*replayed)->list(at)->size() == live->list(at)->size());
  CHECK((*replayed)->list(at)->front().name == "bad\xff" "name");
  CHECK((*replayed)->read_link(at + "/link").value() == "../../x%y");
  CHECK((*replayed)->stat(at + "/plain")->modified == live->stat(at + "/plain")->modified);
  CHECK((*replayed)->stat(at + "/link", false)->type == FileType::link);
  CHECK(!(*replayed)->read("/proc/version"));  // never asked: a whole recording knows nothing else
  for (const auto& entry : std::filesystem::recursive_directory_iterator(recording)) {
    if (entry.is_regular_file()) CHECK(!contains(read_file(entry.path().string(), 1u << 20).value(), "hunter2"));
  }
}

TEST_CASE("Recording goes into a new or an empty folder only") {
  Scratch scratch;
  CHECK(recording_host(scratch.path() + "/a/b"));
  scratch.write("/full/file", "x");
  const auto refused = recording_host(scratch.path() + "/full");
  REQUIRE(!refused);
  CHECK(refused.error().kind == ErrorKind::conflict);
  CHECK(contains(refused.error().message, "new or empty folder"));
  CHECK(!recording_host(scratch.path() + "/full/file"));
}

TEST_CASE("A scan of this machine, recorded and replayed, has the same facts") {
  Scratch folder;
  auto host = recording_host(folder.path());
  REQUIRE(host);
  const auto live = take_scan(**host);
  REQUIRE(live);
  REQUIRE(finish_recording(**host));
  auto replayed_host = recorded_host(folder.path());
  REQUIRE(replayed_host);
  const auto replayed = take_scan(**replayed_host);
  REQUIRE(replayed);
  for (const auto& [name, section] : live->sections) {
    INFO(name);
    CHECK(section.data == replayed->sections.at(name).data);
    CHECK(section.missing == replayed->sections.at(name).missing);
  }
  CHECK(facts_hash(*live) == facts_hash(*replayed));
  CHECK(live->taken_at == replayed->taken_at);
}

}  // namespace plumbline
