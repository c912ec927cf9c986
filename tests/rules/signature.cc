// SPDX-License-Identifier: Apache-2.0
// Signed packs: minisign's format, manifests, and the attacks that The Update Framework lists, each refused before
// anything is parsed.
#include "rules/signature.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "rules/judge.h"
#include "rules/pack.h"
#include "rules/trust.h"
#include "tests/catch.h"
#include "tests/rules/fixture.h"

namespace fs = std::filesystem;
using namespace plumbline;
using plumbline::test::RulesFolder;

namespace {

constexpr std::int64_t kNow = 1795460400;  // 2026-11-23T19:00:00Z
constexpr std::int64_t kYear = 365 * 86400;

// Made by minisign 0.11: minisign -G -W; printf 'plumbline\n' >m; minisign -S -m m -t 'a trusted comment'
constexpr const char* kTheirPublicKey =
    "untrusted comment: minisign public key 8AC4F921581BCECB\nRWTLzhtYIfnEir5b7aKoW9BL5GAvWoGCsuF004wDecCQT1ekkb4+2EqH\n";
constexpr const char* kTheirSecretKey =
    "untrusted comment: minisign encrypted secret key\n"
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAy84bWCH5xIpFFSIZSruKi2QprejvtzjB4NuqTDu3KVoyS"
    "iAvWufRtr5b7aKoW9BL5GAvWoGCsuF004wDecCQT1ekkb4+2EqHAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
constexpr const char* kTheirSignatureOfHi =  // of "hi\n"
    "untrusted comment: signature from minisign secret key\n"
    "RUTLzhtYIfnEitTBNUwxn4c2/qmK+7r0eKPxzkYFH41/Z8KJPCtxwhziUiIK9oqp1lfxQYnvSt7mdt0uTaVeJll6GtGR9fPONgE=\n"
    "trusted comment: timestamp:1795474738\tfile:m\thashed\n"
    "O3FUjwY3d0KiPB0Sdf/y8xYb9Y91/obzIAHXqAkiGsY2ZS6sh1OpSPEDEQwrlmwveq5T0EeDyY/yZStmZYlCAQ==\n";

AskPassword no_password() {
  return []() -> Result<std::string> { return fail(ErrorKind::invalid, "asked for a password"); };
}

SecretKey their_key() {
  auto key = read_secret_key(kTheirSecretKey, no_password());
  if (!key) FAIL(key.error().message);
  return std::move(*key);
}

std::vector<PublicKey> trusting(const SecretKey& key) { return {public_half(key)}; }

// A folder of signed rules and what is trusted there.
struct SignedRules {
  RulesFolder folder;
  SecretKey key = make_secret_key();
  PackTrust trust;

  SignedRules() {
    trust.keys = trusting(key);
    trust.now = kNow;
    folder.pack("ssh", "rules:\n" + RulesFolder::rule("ssh.one", "ssh.installed"));
    folder.pack("backup", "rules:\n" + RulesFolder::rule("backup.one", "ssh.installed"));
    sign("packs/ssh", "ssh");
    sign("packs/backup", "backup");
  }
  std::string path(const std::string& name) const { return folder.path() + "/" + name; }
  std::string read(const std::string& name) const { return read_file(path(name), 1u << 20).value_or(""); }
  void write(const std::string& name, const std::string& text) { folder.write(name, text); }
  void remove(const std::string& name) const { fs::remove_all(path(name)); }

  // Signs what is there, as a publisher would.
  void sign(const std::string& name, const std::string& id, const std::string& version = "2026.11.0", std::int64_t signed_at = kNow,
            std::int64_t expires = kNow + kYear, const SecretKey* with = nullptr) {
    auto files = read_pack_files(path(name));
    if (!files) FAIL(files.error().message);
    auto manifest = list_files({id, version, signed_at, expires, {}}, *files);
    if (!manifest) FAIL(manifest.error().message);
    put_manifest(name, manifest_text(*manifest), with);
  }
  void put_manifest(const std::string& name, const std::string& text, const SecretKey* with = nullptr) {
    write(name + "/pack.manifest", text);
    write(name + "/pack.manifest.minisig", *make_signature(text, with ? *with : key, "for a test"));
  }
  // The pack at another version, signed.
  void release(const std::string& version, std::int64_t signed_at = kNow) {
    write("packs/ssh/pack.yaml", "pack: ssh\nversion: " + version + "\ndate: 2026-11-23\nlicence: Apache-2.0\ntitle: Test\n");
    sign("packs/ssh", "ssh", version, signed_at);
  }
  Result<TrustedRules> load() const { return load_trusted_rules(folder.path(), "", trust); }
  // Loads and takes note of the versions, as a collector does.
  void accept() {
    auto loaded = load();
    if (!loaded) FAIL(loaded.error().message);
    trust.seen = remember(trust.seen, loaded->packs);
  }
};

std::string refusal(const SignedRules& rules) {
  const auto loaded = rules.load();
  return loaded ? "" : loaded.error().message;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string flipped(std::string text, std::size_t at) {
  text[at] = text[at] == 'A' ? 'B' : 'A';
  return text;
}

const std::string kSignature = "packs/ssh/pack.manifest.minisig";
const std::string kManifest = "packs/ssh/pack.manifest";

}  // namespace

TEST_CASE("a signature that minisign made is good here, and only over the same bytes and with the same key") {
  auto key = read_public_key(kTheirPublicKey);
  REQUIRE(key);
  CHECK(key_id_text(key->id) == "8AC4F921581BCECB");
  CHECK(public_key_text(*key) == kTheirPublicKey);
  auto good = check_signature("hi\n", kTheirSignatureOfHi, {*key});
  REQUIRE(good);
  CHECK(good->trusted_comment == "timestamp:1795474738\tfile:m\thashed");
  auto changed = check_signature("hi", kTheirSignatureOfHi, {*key});
  REQUIRE_FALSE(changed);
  CHECK(changed.error().kind == ErrorKind::permission_denied);
  CHECK(contains(changed.error().message, "8AC4F921581BCECB"));
  auto stranger = check_signature("hi\n", kTheirSignatureOfHi, {public_half(make_secret_key())});
  REQUIRE_FALSE(stranger);
  CHECK(contains(stranger.error().message, "not one that is trusted here"));
  CHECK_FALSE(check_signature("hi\n", kTheirSignatureOfHi, {}));
}

TEST_CASE("a public key may be given as its one line") {
  const std::string text = kTheirPublicKey;
  auto line = read_public_key(text.substr(text.find('\n') + 1));
  REQUIRE(line);
  CHECK(line->bytes == read_public_key(text)->bytes);
  for (const std::string& bad : {std::string(), text + text, std::string("RWTLzhtYIfnEir5b7aKoW9BL5GAvWoGCsuF004wDecCQT1ekkb4+2Eq"), std::string(kTheirSecretKey), std::string(5000, 'R')})
    CHECK_FALSE(read_public_key(bad));
}

TEST_CASE("a secret key that minisign made signs here, and its public half is the one minisign wrote") {
  const SecretKey key = their_key();
  CHECK(public_key_text(public_half(key)) == kTheirPublicKey);
  const auto signature = make_signature("hi\n", key, "timestamp:1795474738\tfile:m\thashed");
  REQUIRE(signature);
  // Ed25519 has one signature for one message: ours is theirs, byte for byte, but for the first comment.
  const std::string theirs = kTheirSignatureOfHi;
  CHECK(signature->substr(signature->find('\n')) == theirs.substr(theirs.find('\n')));
}

TEST_CASE("a key with a password opens with it and with no other") {
  const SecretKey key = make_secret_key();
  const auto text = secret_key_text(key, "correct horse");
  REQUIRE(text);
  const auto with = [&](const std::string& password) {
    return read_secret_key(*text, [&]() -> Result<std::string> { return password; });
  };
  auto opened = with("correct horse");
  REQUIRE(opened);
  CHECK(opened->bytes == key.bytes);
  CHECK(opened->id == key.id);
  auto wrong = with("correct hors");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().kind == ErrorKind::permission_denied);
  auto asked = read_secret_key(*text, no_password());
  REQUIRE_FALSE(asked);
  CHECK(contains(asked.error().message, "asked for a password"));
}

TEST_CASE("a damaged key file, or one that asks for endless work, is refused") {
  const std::string text = kTheirSecretKey;
  const std::size_t key_at = text.find('\n') + 1;
  for (const std::size_t at : {key_at, key_at + 5, key_at + 110, key_at + 150, key_at + 205}) {
    INFO(at);
    CHECK_FALSE(read_secret_key(flipped(text, at), no_password()));
  }
  CHECK_FALSE(read_secret_key(text.substr(0, text.size() - 20), no_password()));
  CHECK_FALSE(read_secret_key("", no_password()));
  // "Sc" with all limits at their highest: it must be refused before a password is asked for.
  std::string greedy = base64url("EdScB2" + std::string(32, 's') + std::string(16, '\xff') + std::string(104, 'k')) + "=";
  for (char& c : greedy) c = c == '-' ? '+' : c == '_' ? '/' : c;
  greedy = "untrusted comment: x\n" + greedy + "\n";
  auto refused = read_secret_key(greedy, no_password());
  REQUIRE_FALSE(refused);
  INFO(refused.error().message);
  CHECK(contains(refused.error().message, "more work than any"));
}

TEST_CASE("a signature file has four lines and nothing that could be read twice") {
  auto key = read_public_key(kTheirPublicKey);
  const std::string good = kTheirSignatureOfHi;
  const auto rows = split(good, '\n');
  const std::string comment(rows[0]), line(rows[1]), trusted(rows[2]), global(rows[3]);
  const struct {
    const char* name;
    std::string text;
    const char* says;
  } cases[] = {
      {"nothing", "", "four lines"},
      {"one line", comment + "\n", "four lines"},
      {"the last line is cut off", comment + "\n" + line + "\n" + trusted + "\n", "four lines"},
      {"the last line is cut short", good.substr(0, good.size() - 6), "line 4"},
      {"the signature stands twice", comment + "\n" + line + "\n" + line + "\n" + trusted + "\n" + global + "\n", "four lines"},
      {"a second signature follows", good + good, "four lines"},
      {"a blank line in front", "\n" + good, "four lines"},
      {"a blank line behind", good + "\n", "four lines"},
      {"CR LF", replaced(replaced(replaced(replaced(good, "\n", "\r\n"), "=\n", "=\r\n"), "hashed\n", "hashed\r\n"), "==\n", "==\r\n"), "lines do not end"},
      {"a CR hides a second trusted comment", comment + "\n" + line + "\ntrusted comment: x\r" + trusted + "\n" + global + "\n", "lines do not end"},
      {"no first comment", line + "\n" + comment + "\n" + trusted + "\n" + global + "\n", "line 1"},
      {"no trusted comment", comment + "\n" + line + "\n" + comment + "\n" + global + "\n", "line 3"},
      {"another trusted comment", replaced(good, "file:m", "file:n"), "trusted comment was changed"},
      {"base64 with blanks in it", replaced(good, "RUTLzh", "RUTL zh"), "line 2"},
      {"base64 in another spelling", replaced(good, "PONgE=", "PONgF="), "line 2"},
      {"an unknown algorithm", replaced(good, "RUTL", "RVTL"), "algorithm"},
      {"the old algorithm without a hash", replaced(good, "RUTL", "RWTL"), "old kind"},
      {"endless", good + std::string(1 << 20, 'x'), "longer than"},
      {"a NUL in the comment", replaced(good, "signature from", std::string("signature\0from", 14)), "control characters"},
  };
  REQUIRE(check_signature("hi\n", good, {*key}));
  for (const auto& one : cases) {
    INFO(one.name);
    auto checked = check_signature("hi\n", one.text, {*key});
    REQUIRE_FALSE(checked);
    INFO(checked.error().message);
    CHECK(contains(checked.error().message, one.says));
  }
  CHECK(check_signature("hi\n", good.substr(0, good.size() - 1), {*key}));  // editors leave out the last line end
}

TEST_CASE("every single bit of a signature file's signatures counts") {
  auto key = read_public_key(kTheirPublicKey);
  const std::string good = kTheirSignatureOfHi;
  const std::size_t first = good.find("RUTL"), last = good.find("O3FU");
  for (std::size_t at = first; at < good.size() - 1; ++at) {
    if (good[at] == '\n' || (at > good.find('\n', first) && at < last)) continue;
    INFO(at);
    CHECK_FALSE(check_signature("hi\n", flipped(good, at) == good ? replaced(good, good.substr(at, 1), "C") : flipped(good, at), {*key}));
  }
}

TEST_CASE("a comment with a line end is never signed") {
  const SecretKey key = make_secret_key();
  for (const std::string& comment : {std::string("a\nb"), std::string("a\r"), std::string("a\0b", 3), std::string("\x1b[31m"), std::string("\xff"), std::string(2000, 'x')})
    CHECK_FALSE(make_signature("m", key, comment));
  const auto plain = make_signature("m", key, "é\tok");
  REQUIRE(plain);
  CHECK(check_signature("m", *plain, trusting(key)));
}

TEST_CASE("a manifest is read only as it is written") {
  PackFiles files = {{"rules.yaml", "rules: []\n"}, {"pack.yaml", "pack: x\n"}};
  const auto made = list_files({"ssh", "2026.11.0", kNow, kNow + kYear, {}}, files);
  REQUIRE(made);
  const std::string good = manifest_text(*made);
  INFO(good);
  CHECK(good.starts_with("plumbline pack manifest 1\npack ssh\nversion 2026.11.0\nsigned 2026-11-23T19:00:00Z\nexpires 2027-11-23\nfile 8 "));
  const auto again = read_manifest(good);
  REQUIRE(again);
  CHECK(manifest_text(*again) == good);
  CHECK(again->files[1].name == "rules.yaml");
  const std::string row = good.substr(good.find("file 8"), good.find("file 10") - good.find("file 8"));
  const std::pair<const char*, std::string> bad[] = {
      {"nothing", ""},
      {"a newer format", replaced(good, "manifest 1", "manifest 2")},
      {"no last line end", good.substr(0, good.size() - 1)},
      {"a blank line", good + "\n"},
      {"CR LF", replaced(good, "ssh\n", "ssh\r\n")},
      {"a byte order mark", "\xef\xbb\xbf" + good},
      {"a number with a leading zero", replaced(good, "file 8 ", "file 08 ")},
      {"a hash in capitals", replaced(good, made->files[0].sha256_hex, std::string(64, 'A'))},
      {"a version with a leading zero", replaced(good, "2026.11.0", "2026.011.0")},
      {"a version that overflows", replaced(good, "2026.11.0", "99999999999999999999.1")},
      {"a date that is none", replaced(good, "expires 2027-11-23", "expires 2027-02-30")},
      {"a row twice", replaced(good, row, row + row)},
      {"rows out of order", replaced(good, row, "") + row},
      {"a name that climbs", replaced(good, "pack.yaml", "../x.yaml")},
      {"a name with a folder", replaced(good, "pack.yaml", "a/b.yaml")},
      {"a hidden name", replaced(good, "pack.yaml", ".yaml")},
      {"a name with a blank", replaced(good, "pack.yaml", "a b.yaml")},
      {"a size over the limit", replaced(good, "file 8 ", "file 1048577 ")},
      {"a negative size", replaced(good, "file 8 ", "file -8 ")},
      {"an unknown key", good + "note hello\n"},
      {"an id that is none", replaced(good, "pack ssh", "pack ../ssh")},
      {"endless", good + std::string(100'000, 'x')},
  };
  for (const auto& [name, text] : bad) {
    INFO(name);
    CHECK_FALSE(read_manifest(text));
  }
}

TEST_CASE("versions are compared number by number") {
  CHECK(compare_versions("2026.9.3", "2026.11.0") < 0);
  CHECK(compare_versions("2026.11.0", "2026.11") == 0);
  CHECK(compare_versions("2026.11.0.1", "2026.11") > 0);
  CHECK(is_pack_version("1"));
  for (const char* bad : {"", ".", "1.", "a", "1.-2", "1 ", "01", "1.2.3.4.5.6.7", "1234567890"}) CHECK_FALSE(is_pack_version(bad));
}

TEST_CASE("signed packs load, from the bytes that were checked, as they would unsigned") {
  SignedRules rules;
  auto loaded = rules.load();
  if (!loaded) FAIL(loaded.error().message);
  CHECK(loaded->rules->rules.size() == 2);
  auto plain = load_rules(rules.folder.path());
  REQUIRE(plain);
  CHECK((*plain)->hash == loaded->rules->hash);  // so that verdicts in a store stay good when signing begins
  REQUIRE(loaded->packs.size() == 2);
  CHECK(loaded->packs[0].manifest.pack == "backup");
  CHECK(loaded->packs[0].key_id == key_id_text(rules.key.id));
  CHECK(loaded->packs[0].trusted_comment == "for a test");
}

TEST_CASE("workloads and the catalogue need a signature too, under their own names") {
  SignedRules rules;
  rules.write("catalogue/lifecycle.csv", "product,cycle,standard_end,support_end\n");
  CHECK(contains(refusal(rules), "catalogue: not signed"));
  rules.sign("catalogue", "backup");
  CHECK(contains(refusal(rules), "which does not belong there"));
  rules.sign("catalogue", "catalogue");
  CHECK(refusal(rules).empty());
}

TEST_CASE("the attacks of The Update Framework are refused, and the rules in force stay") {
  const struct {
    const char* attack;
    const char* says;
    std::function<void(SignedRules&)> commit;
  } attacks[] = {
      {"arbitrary software: a rule is changed", "rules.yaml: not the bytes that were signed",
       [](SignedRules& r) { r.write("packs/ssh/rules.yaml", replaced(r.read("packs/ssh/rules.yaml"), "severity: high", "severity: lows")); }},
      {"arbitrary software: rule and manifest are changed", "the signature is wrong",
       [](SignedRules& r) {
         r.write("packs/ssh/rules.yaml", replaced(r.read("packs/ssh/rules.yaml"), "Because", "Becaus"));
         const std::string signature = r.read(kSignature);
         r.sign("packs/ssh", "ssh");
         r.write(kSignature, signature);
       }},
      {"key swap: signed by a stranger", "not one that is trusted here",
       [](SignedRules& r) {
         const SecretKey other = make_secret_key();
         r.sign("packs/ssh", "ssh", "2026.11.0", kNow, kNow + kYear, &other);
       }},
      {"key swap: a stranger's key under the trusted key's id", "the signature is wrong",
       [](SignedRules& r) {
         SecretKey other = make_secret_key();
         other.id = r.key.id;
         r.sign("packs/ssh", "ssh", "2026.11.0", kNow, kNow + kYear, &other);
       }},
      {"key swap: a public key in the pack is never looked at", "not one that is trusted here",
       [](SignedRules& r) {
         const SecretKey other = make_secret_key();
         r.write("packs/ssh/trusted.pub", public_key_text(public_half(other)));
         r.sign("packs/ssh", "ssh", "2026.11.0", kNow, kNow + kYear, &other);
       }},
      {"endless data: a signature without end", "longer than 4096", [](SignedRules& r) { r.write(kSignature, std::string(1 << 20, 'x')); }},
      {"endless data: a manifest without end", "longer than 65536", [](SignedRules& r) { r.write(kManifest, std::string(1 << 20, 'x')); }},
      {"endless data: a file that grew", "rules.yaml: longer than the",
       [](SignedRules& r) { r.write("packs/ssh/rules.yaml", r.read("packs/ssh/rules.yaml") + std::string(1 << 20, '#')); }},
      {"endless data: a pipe in a file's place", "rules.yaml: not a plain file",
       [](SignedRules& r) {
         r.remove("packs/ssh/rules.yaml");
         ::mkfifo(r.path("packs/ssh/rules.yaml").c_str(), 0600);
       }},
      {"extraneous file: one that nobody signed", "more.yaml: not in the signed manifest",
       [](SignedRules& r) { r.write("packs/ssh/more.yaml", "rules:\n" + RulesFolder::rule("ssh.two", "true")); }},
      {"extraneous file: a folder", "more: not in the signed manifest", [](SignedRules& r) { r.write("packs/ssh/more/x.yaml", "rules: []\n"); }},
      {"extraneous pack: one without a signature", "packs/more: not signed", [](SignedRules& r) { r.folder.pack("more", "rules:\n" + RulesFolder::rule("more.one", "true")); }},
      {"a file is missing", "rules.yaml: in the signed manifest, but not there", [](SignedRules& r) { r.remove("packs/ssh/rules.yaml"); }},
      {"the signature is stripped", "packs/ssh: not signed", [](SignedRules& r) { r.remove(kSignature); }},
      {"the manifest is stripped", "packs/ssh: not signed", [](SignedRules& r) { r.remove(kManifest); }},
      {"fast forward: a stranger's version 9999", "not one that is trusted here",
       [](SignedRules& r) {
         const SecretKey other = make_secret_key();
         r.sign("packs/ssh", "ssh", "9999.0", kNow, kNow + kYear, &other);
       }},
      {"fast forward: the manifest runs ahead of pack.yaml", "its pack.yaml says otherwise", [](SignedRules& r) { r.sign("packs/ssh", "ssh", "9999.0"); }},
      {"indefinite freeze: the manifest has expired", "expired on 2026-11-23",
       [](SignedRules& r) { r.sign("packs/ssh", "ssh", "2026.11.0", kNow - kYear, *parse_date("2026-11-23")); }},
      {"mix and match: files of two versions", "rules.yaml: not the bytes that were signed",
       [](SignedRules& r) {
         const std::string rules = r.read("packs/ssh/rules.yaml");
         r.write("packs/ssh/rules.yaml", replaced(rules, "Because.", "Since so."));
         r.release("2026.12.0");
         r.write("packs/ssh/rules.yaml", replaced(rules, "It holds", "It helds"));
       }},
      {"mix and match: the manifest of one version, the signature of another", "the signature is wrong",
       [](SignedRules& r) {
         const std::string signature = r.read(kSignature);
         r.release("2026.12.0");
         r.write(kSignature, signature);
       }},
      {"mix and match: one pack in another's place", "stands in another folder too",
       [](SignedRules& r) {
         r.remove("packs/ssh");
         fs::copy(r.path("packs/backup"), r.path("packs/ssh"));
       }},
      {"rollback: the version before", "version 2026.10.0 is older than 2026.11.0, which was in force here", [](SignedRules& r) { r.release("2026.10.0"); }},
      {"rollback: the same version as it was signed earlier", "is older than that of 2026-11-23T19:00:00Z", [](SignedRules& r) { r.release("2026.11.0", kNow - 60); }},
      {"what is parsed is not what was signed: CR LF in a rule", "rules.yaml: ",
       [](SignedRules& r) { r.write("packs/ssh/rules.yaml", replaced(r.read("packs/ssh/rules.yaml"), "\n", "\r\n")); }},
      {"what is parsed is not what was signed: CR in a manifest", "the signature is wrong",
       [](SignedRules& r) { r.write(kManifest, replaced(r.read(kManifest), "pack ssh\n", "pack ssh\rpack backup\n")); }},
      {"what is parsed is not what was signed: CR in the signature file", "lines do not end",
       [](SignedRules& r) { r.write(kSignature, replaced(r.read(kSignature), "\n", "\r\n")); }},
      {"the signature file is cut short", "four lines", [](SignedRules& r) { r.write(kSignature, replaced(r.read(kSignature), "trusted comment: for a test\n", "")); }},
      {"the signature file holds two signatures", "four lines", [](SignedRules& r) { r.write(kSignature, r.read(kSignature) + r.read(kSignature)); }},
      {"the trusted comment is changed", "trusted comment was changed", [](SignedRules& r) { r.write(kSignature, replaced(r.read(kSignature), "for a test", "for a tent")); }},
      {"a comment with a line end in it", "four lines", [](SignedRules& r) { r.write(kSignature, replaced(r.read(kSignature), "for a test", "for\na test")); }},
      {"a link in the pack", "rules.yaml: a link",
       [](SignedRules& r) {
         fs::rename(r.path("packs/ssh/rules.yaml"), r.path("rules.yaml"));
         fs::create_symlink("../../rules.yaml", r.path("packs/ssh/rules.yaml"));
       }},
      {"a link in the signature's place", "pack.manifest.minisig: a link",
       [](SignedRules& r) {
         fs::rename(r.path(kSignature), r.path("signature"));
         fs::create_symlink("../../signature", r.path(kSignature));
       }},
      {"nobody is trusted", "no key is trusted", [](SignedRules& r) { r.trust.keys.clear(); }},
  };
  for (const auto& one : attacks) {
    INFO(one.attack);
    SignedRules rules;
    rules.accept();
    const auto in_force = rules.load()->rules;
    one.commit(rules);
    const std::string said = refusal(rules);
    INFO(said);
    CHECK(contains(said, one.says));
    CHECK(in_force->rules.size() == 2);
    CHECK(in_force->rules[1].id == "ssh.one");
  }
}

TEST_CASE("nothing of a refused pack is parsed, and every refusal is told at once") {
  SignedRules rules;
  rules.write("packs/ssh/rules.yaml", "rules: [\n");      // no YAML
  rules.write("packs/backup/rules.yaml", "\t- {{{\n");    // neither
  const std::string said = refusal(rules);
  INFO(said);
  CHECK(contains(said, "packs/ssh: rules.yaml: not the bytes that were signed"));
  CHECK(contains(said, "packs/backup: rules.yaml: "));
  CHECK_FALSE(contains(said, "mistake"));
}

TEST_CASE("an older version or an expired one is accepted where that is allowed, and the memory of the newest stays") {
  SignedRules rules;
  rules.accept();
  rules.release("2026.10.0");
  CHECK_FALSE(rules.load());
  rules.trust.allow_old = true;
  rules.accept();
  rules.trust.allow_old = false;
  CHECK_FALSE(rules.load());
  rules.release("2026.12.0");
  rules.accept();
  CHECK(rules.trust.seen.at("ssh").begin()->second.version == "2026.12.0");
}

TEST_CASE("what a thief signed with a stolen key is forgotten with the key") {
  SignedRules rules;
  const SecretKey stolen = make_secret_key();
  rules.trust.keys.push_back(public_half(stolen));
  rules.write("packs/ssh/pack.yaml", "pack: ssh\nversion: 9999.0\ndate: 2026-11-23\nlicence: Apache-2.0\ntitle: Test\n");
  rules.sign("packs/ssh", "ssh", "9999.0", kNow, kNow + kYear, &stolen);
  rules.accept();
  rules.release("2026.12.0");
  CHECK(contains(refusal(rules), "is older than 9999.0"));
  rules.trust.keys = trusting(rules.key);
  CHECK(refusal(rules).empty());
}

TEST_CASE("one of several keys is enough, and the memory of versions is shared between those that are trusted") {
  SignedRules rules;
  const SecretKey second = make_secret_key();
  rules.trust.keys.push_back(public_half(second));
  rules.sign("packs/backup", "backup", "2026.11.0", kNow, kNow + kYear, &second);
  rules.accept();
  rules.write("packs/ssh/pack.yaml", "pack: ssh\nversion: 2026.10.0\ndate: 2026-11-23\nlicence: Apache-2.0\ntitle: Test\n");
  rules.sign("packs/ssh", "ssh", "2026.10.0", kNow, kNow + kYear, &second);
  CHECK(contains(refusal(rules), "is older than 2026.11.0"));
}

TEST_CASE("hidden files and editors' copies are no part of a pack") {
  SignedRules rules;
  rules.write("packs/ssh/.git-keep", "x");
  rules.write("packs/ssh/rules.yaml~", "x");
  CHECK(refusal(rules).empty());
}

TEST_CASE("a pack that cannot be signed says why") {
  SignedRules rules;
  const auto said = [&] {
    const auto files = read_pack_files(rules.path("packs/ssh"));
    return files ? std::string() : files.error().message;
  };
  fs::create_symlink("rules.yaml", rules.path("packs/ssh/link.yaml"));
  CHECK(contains(said(), "link.yaml: a link"));
  rules.remove("packs/ssh/link.yaml");
  rules.write("packs/ssh/deep/x.yaml", "x");
  CHECK(contains(said(), "deep: a folder; packs hold files only"));
  rules.remove("packs/ssh/deep");
  rules.write("packs/ssh/large.yaml", std::string((1u << 20) + 1, ' '));
  CHECK(contains(said(), "large.yaml: longer than 1048576"));
  const PackManifest head{"ssh", "2026.11.0", kNow, kNow + kYear, {}};
  CHECK_FALSE(list_files(head, {{"a b.yaml", "x"}}));
  CHECK_FALSE(list_files(head, {{"-rf", "x"}}));
  PackFiles many;
  for (int i = 0; i < 201; ++i) many.emplace_back("f" + std::to_string(i), "x");
  CHECK_FALSE(list_files(head, many));
  PackFiles large;
  for (int i = 0; i < 17; ++i) large.emplace_back("f" + std::to_string(i), std::string(1u << 20, 'x'));
  CHECK_FALSE(list_files(head, large));
}

TEST_CASE("trusted keys come from a file or a folder of them") {
  RulesFolder folder;
  folder.write("keys/a.pub", kTheirPublicKey).write("keys/b.pub", public_key_text(public_half(make_secret_key()))).write("keys/note.txt", "x");
  auto keys = read_trusted_keys(folder.path() + "/keys");
  REQUIRE(keys);
  CHECK(keys->size() == 2);
  CHECK((*keys)[0].name == folder.path() + "/keys/a.pub");
  CHECK(read_trusted_keys(folder.path() + "/keys/a.pub")->size() == 1);
  CHECK_FALSE(read_trusted_keys(folder.path() + "/none"));
  folder.write("empty/note.txt", "x");
  CHECK_FALSE(read_trusted_keys(folder.path() + "/empty"));
  folder.write("keys/c.pub", "rubbish");
  auto bad = read_trusted_keys(folder.path() + "/keys");
  REQUIRE_FALSE(bad);
  CHECK(contains(bad.error().message, "c.pub: no public key"));
}
