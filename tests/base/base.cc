// SPDX-License-Identifier: Apache-2.0
// The lowest floor: text, files, strict JSON, bounded inflation, times, places in a source, certificates.
#include <fcntl.h>
#include <sys/stat.h>
#include <zstd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/source.h"
#include "base/text.h"
#include "base/time.h"
#include "base/tls.h"
#include "base/zstd.h"
#include "tests/catch.h"

using namespace plumbline;

TEST_CASE("text is split into parts, words and lines") {
  CHECK(split("a::b", ':') == std::vector<std::string_view>{"a", "", "b"});
  CHECK(split("", ':').size() == 1);
  CHECK(words("  a \t b\n") == std::vector<std::string_view>{"a", "b"});
  CHECK(lines("a\r\nb\n") == std::vector<std::string_view>{"a", "b"});
  CHECK(trim("  \t") == "");
}

TEST_CASE("numbers are read whole or not at all") {
  CHECK(parse_u64("18446744073709551615") == 18446744073709551615ull);
  CHECK_FALSE(parse_u64("18446744073709551616"));
  CHECK_FALSE(parse_u64("12 kB"));
  CHECK_FALSE(parse_u64(""));
  CHECK_FALSE(parse_u64("-1"));
  CHECK(parse_hex("0x10de") == 0x10deu);
  CHECK(parse_i64("-1") == -1);
}

TEST_CASE("bytes survive hexadecimal and base64url and garbage is refused") {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string bytes = random_bytes(size);
    CHECK(unhex(hex(bytes)) == bytes);
    CHECK(unbase64url(base64url(bytes)) == bytes);
  }
  CHECK(base64url("\xfb\xff") == "-_8");
  CHECK_FALSE(unbase64url("a"));
  CHECK_FALSE(unbase64url("a+b/"));
  CHECK_FALSE(unhex("0g"));
}

TEST_CASE("host text is made safe for a terminal") {
  CHECK(printable("db\x1b[31m\n") == "db\xEF\xBF\xBD[31m\xEF\xBF\xBD");
  CHECK(printable("\xC2\x9B" "31m") == "\xEF\xBF\xBD" "31m");  // a C1 control introducer
  CHECK(printable("Zürich 北京") == "Zürich 北京");
  CHECK(printable("\xff\xC0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK_FALSE(is_utf8("\xED\xA0\x80"));  // a lone surrogate
  CHECK(escape_html("<a href='x'>&\"") == "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
}

TEST_CASE("a typing mistake finds its word and nonsense finds none") {
  const std::vector<std::string> words_known = {"permit_root_login", "password_authentication", "max_auth_tries"};
  CHECK(did_you_mean("permit_rot_login", words_known) == "permit_root_login");
  CHECK_FALSE(did_you_mean("zzzzzz", words_known));
}

TEST_CASE("JSON from outside is refused when it is not strict") {
  const std::vector<std::string> bad = {
      "", "{", "[1,]", "{\"a\":1,\"a\":2}", "nul", "NaN", "1e400", "-1e400", "[\"\\u0000\"]", "[\"\\ud800\"]", "\"\xff\"",
      "[1] x", "{\"a\"}", "01", "+1", "'a'", "[1 2]", "{\"a\":{\"b\":1,\"b\":1}}", std::string("\"a\0b\"", 5)};
  for (const auto& text : bad) {
    INFO(text);
    CHECK_FALSE(parse_json(text));
  }
  const auto twice = parse_json("{\"key\":1,\"key\":2}");
  CHECK(twice.error().message == "not acceptable JSON: the key \"key\" stands twice in one object");
}

TEST_CASE("JSON from outside is refused over each limit") {
  CHECK_FALSE(parse_json(std::string(33, '[') + std::string(33, ']')));
  CHECK(parse_json(std::string(32, '[') + std::string(32, ']')));
  const auto deep = parse_json(std::string(1'000'000, '['));
  REQUIRE_FALSE(deep);
  CHECK(deep.error().kind == ErrorKind::limit);
  std::string many = "[0";
  for (int i = 0; i < 200'000; ++i) many += ",0";
  CHECK(parse_json(many + "]").error().kind == ErrorKind::limit);
  CHECK(parse_json("\"" + std::string(64 * 1024 + 1, 'x') + "\"").error().kind == ErrorKind::limit);
  JsonLimits small;
  small.bytes = 4;
  CHECK(parse_json("[1,2]", small).error().kind == ErrorKind::limit);
}

TEST_CASE("equal values have equal canonical bytes") {
  const auto a = parse_json(R"({"b":[1,2.50],"a":{"y":true,"x":null}})");
  const auto b = parse_json(R"( { "a" : {"x":null,"y":true} , "b":[1,2.5] } )");
  REQUIRE(a);
  REQUIRE(b);
  CHECK(canonical_json(*a) == canonical_json(*b));
  CHECK(canonical_json(*a) == R"({"a":{"x":null,"y":true},"b":[1,2.5]})");
}

TEST_CASE("the canonical writer writes as the library does, odd values too") {
  using nlohmann::json;
  const json odd = {{"", json::object()}, {"empty", json::array()}, {"nested", {{{"a", {1, {2, json::array()}}}}}},
                    {"limits", {INT64_MIN, INT64_MAX, UINT64_MAX, 0, -1}}, {"reals", {0.0, -0.0, 1.0, 0.1, 1e300, 5e-324, 1e15, 123456789.125}},
                    {"texts", {"quote\" back\\slash", "tab\t\x01\x1f", "\x7f", "größe €", "bad \xff\xc3", "/"}},
                    {"key \"\n\xc3\xa9", {true, false, nullptr}}};
  CHECK(canonical_json(odd) == odd.dump(-1, ' ', false, json::error_handler_t::replace));
  for (const json& item : odd) CHECK(canonical_json(item) == item.dump(-1, ' ', false, json::error_handler_t::replace));
}

TEST_CASE("inflation returns the bytes and stops at the limit") {
  const std::string text = "plumb line " + std::string(100'000, 'x');
  CHECK(decompress_zstd(compress_zstd(text)) == text);
  CHECK(decompress_zstd(compress_zstd("")) == std::string());
  const auto bomb = decompress_zstd(compress_zstd(std::string(64u << 20, '\0'), 19));
  REQUIRE_FALSE(bomb);
  CHECK(bomb.error().kind == ErrorKind::limit);
}

TEST_CASE("inflation refuses all that is not one whole frame") {
  const std::string frame = compress_zstd("hello");
  CHECK_FALSE(decompress_zstd(frame + frame));
  CHECK_FALSE(decompress_zstd(frame + "x"));
  CHECK_FALSE(decompress_zstd(frame.substr(0, frame.size() - 1)));
  CHECK_FALSE(decompress_zstd(""));
  CHECK_FALSE(decompress_zstd("\x1f\x8b garbage"));
}

TEST_CASE("inflation refuses a window over 8 MiB") {
  std::string source(32u << 20, 'a');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 25);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  std::string frame(ZSTD_compressBound(source.size()), '\0');
  ZSTD_inBuffer in{source.data(), source.size(), 0};
  ZSTD_outBuffer out{frame.data(), frame.size(), 0};
  REQUIRE(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) == 0);
  ZSTD_freeCCtx(context);
  frame.resize(out.pos);
  CHECK(decompress_zstd(frame, 64u << 20).error().kind == ErrorKind::limit);
}

TEST_CASE("times go to text and back") {
  CHECK(to_iso8601(1795462500) == "2026-11-23T19:35:00Z");
  CHECK(parse_iso8601("2026-11-23T19:35:00Z") == 1795462500);
  CHECK_FALSE(parse_iso8601("2026-13-23T19:35:00Z"));
  CHECK_FALSE(parse_iso8601("2026-11-23 19:35:00Z"));
  CHECK_FALSE(parse_date("2026-02-29"));
  CHECK(long_date(1795462500) == "23 November 2026");
  CHECK(age(5) == "just now");
  CHECK(age(240) == "4 min ago");
  CHECK(age(3 * 86400) == "3 days ago");
}

TEST_CASE("a mistake is shown with its line and a caret under the right character") {
  const std::string text = "rules:\n  Zürich: x\n";
  const Place place = place_of(text, text.find('x'));
  CHECK(point_at("a.yaml", text, place, "no such thing") == "a.yaml:2:11: error: no such thing\n    Zürich: x\n            ^");
}

TEST_CASE("a file is the old or the new one and never half") {
  const std::string folder = std::filesystem::temp_directory_path() / ("plumbline-base-" + hex(random_bytes(6)));
  REQUIRE(make_folder(folder + "/a/b"));
  const std::string path = folder + "/a/b/file";
  REQUIRE(write_file_atomic(path, "one", 0600));
  REQUIRE(write_file_atomic(path, "two", 0600));
  CHECK(read_file(path, 10) == std::string("two"));
  CHECK(read_file(path, 2).error().kind == ErrorKind::limit);
  CHECK(read_file(folder + "/none", 10).error().kind == ErrorKind::not_found);
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  CHECK((found.st_mode & 07777) == 0600);
  CHECK(make_folder(path).error().kind == ErrorKind::conflict);
  CHECK_FALSE(write_file_atomic(folder + "/no/such/folder/file", "x"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder + "/a/b"), {}) == 1);
  std::filesystem::remove_all(folder);
}

TEST_CASE("a signature holds for its message and key alone") {
  const auto key = make_private_key();
  REQUIRE(key);
  const auto request = make_certificate_request(*key, "a host");
  REQUIRE(request);
  CHECK(request->starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
  CHECK(sign(*key, "message"));
  CHECK_FALSE(sign("no key", "message"));
  CHECK_FALSE(read_certificate("no certificate"));
}
