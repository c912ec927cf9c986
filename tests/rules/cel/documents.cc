// SPDX-License-Identifier: Apache-2.0
// Documents: what is read into cells, what is left out, and that conditions see the same in both tiers.
#include <string>

#include "rules/cel/document_reader.h"
#include "tests/catch.h"

namespace plumbline::cel {
namespace {

using TypePtr = std::shared_ptr<const Type>;

TypePtr type(Type::Kind kind) {
  Type out;
  out.kind = kind;
  return std::make_shared<const Type>(std::move(out));
}
TypePtr of(Type::Kind kind, TypePtr element) {
  Type out;
  out.kind = kind;
  out.element = std::move(element);
  return std::make_shared<const Type>(std::move(out));
}
TypePtr object(Declarations members) {
  Type out;
  out.kind = Type::object;
  out.members = std::move(members);
  return std::make_shared<const Type>(std::move(out));
}

/// host: {name, cores, load, up, tags[], labels{}, disks[]: {name, bytes, parts[]: {bytes}}, os: {id, support: {days}}}
const Declarations& names() {
  static const Declarations out = {
      {"host",
       object({{"name", type(Type::string)},
               {"cores", type(Type::int_type)},
               {"serial", type(Type::uint_type)},
               {"load", type(Type::number)},
               {"up", type(Type::boolean)},
               {"tags", of(Type::list, type(Type::string))},
               {"labels", of(Type::map, type(Type::string))},
               {"disks", of(Type::list, object({{"name", type(Type::string)},
                                                {"bytes", type(Type::int_type)},
                                                {"parts", of(Type::list, object({{"bytes", type(Type::int_type)}}))}}))},
               {"os", object({{"id", type(Type::string)}, {"support", object({{"days", type(Type::int_type)}})}})}})},
      {"site", object({{"city", type(Type::string)}})}};
  return out;
}

const std::shared_ptr<const Layout>& layout() {
  static const auto out = Layout::of(names());
  return out;
}

/// What both tiers say of a condition: "yes", "no", "unknown", "error", or "differ".
std::string says(const Document& document, const std::string& condition) {
  CompileOptions options;
  options.layout = layout();
  const auto program = compile(condition, names(), options);
  INFO(condition);
  REQUIRE(program);
  static const std::string words[] = {"no", "yes", "unknown", "error"};
  const std::string fast = words[static_cast<int>(program->decide(document))];
  const Value value = program->evaluate(document.lookup());
  const bool* yes = value.get_if<bool>();
  const std::string slow = yes ? (*yes ? "yes" : "no") : value.is_unknown() ? "unknown" : "error";
  return fast == slow ? fast : "differ: " + fast + " and " + slow;
}

struct Case {
  std::string json, condition, answer;
};

}  // namespace

TEST_CASE("a document holds what its layout declares and leaves out everything else") {
  const Case cases[] = {
      {R"({"host":{"name":"a","cores":8}})", "host.name == 'a' && host.cores == 8", "yes"},
      {R"({"host":{"cores":8}})", "host.name == 'a'", "unknown"},
      {R"({"host":{"cores":8}})", "has(host.name)", "no"},
      {R"({})", "has(host.name)", "no"},
      {R"({})", "host.cores > 1 || true", "yes"},
      {R"({})", "host.disks.all(d, d.bytes > 1)", "unknown"},
      {R"({"host":{"disks":[]}})", "host.disks.all(d, d.bytes > 1)", "yes"},
      {R"({"host":null})", "has(host.name)", "no"},
      {R"({"host":[1]})", "host.cores == 1", "unknown"},
      // another type than declared is as if it were not there
      {R"({"host":{"cores":"8"}})", "has(host.cores)", "no"},
      {R"({"host":{"cores":8.0}})", "has(host.cores)", "no"},
      {R"({"host":{"cores":8.5,"name":"still read"}})", "host.name == 'still read'", "yes"},
      {R"({"host":{"cores":9223372036854775808,"name":"x"}})", "has(host.cores) || host.name != 'x'", "no"},
      {R"({"host":{"serial":18446744073709551615}})", "host.serial == 18446744073709551615u", "yes"},
      {R"({"host":{"cores":-9223372036854775808}})", "host.cores < 0", "yes"},
      {R"({"host":{"up":1}})", "has(host.up)", "no"},
      {R"({"host":{"name":{"a":[1,{"b":2}]},"up":true}})", "host.up && !has(host.name)", "yes"},
      {R"({"host":{"tags":["a",1,null,"b",["c"],{"d":1}]}})", "size(host.tags) == 2 && 'b' in host.tags", "yes"},
      {R"({"host":{"disks":[1,{"name":"x"},null,{"name":"y"}]}})", "size(host.disks) == 2", "yes"},
      // whole numbers serve as doubles
      {R"({"host":{"load":2}})", "host.load == 2.0 && host.load > 1", "yes"},
      {R"({"host":{"load":1e400}})", "has(host.load)", "no"},
      {"{\"host\":{\"cores\":" + std::string(900, '[') + std::string(900, ']') + ",\"up\":true}}", "host.up", "yes"},
      // names nobody declared, in any place and of any kind
      {R"({"x":{"host":{}},"host":{"y":[[1],{"z":"\u0041"}],"name":"a","w":"}"},"v":1})", "host.name == 'a'", "yes"},
      // of a key that comes twice the last counts
      {R"({"host":{"name":"a","name":"b"}})", "host.name == 'b'", "yes"},
      {R"({"host":{"labels":{"k":"a","k":"b"}}})", "host.labels['k'] == 'b' && size(host.labels) == 1", "yes"},
      // escapes, in texts and in keys
      {R"({"host":{"name":"a\n\"\\\u00e9\ud83d\ude00"}})", "host.name == 'a\\n\"\\\\é😀'", "yes"},
      {R"({"ho\u0073t":{"n\u0061me":"a"}})", "host.name == 'a'", "yes"},
      {R"({"host":{"name":""}})", "host.name == '' && size(host.name) == 0", "yes"},
      {R"({"host":{"name":"é"}})", "size(host.name) == 1", "yes"},
      {"{ \"host\" :\t{ \"name\" : \"a\" \n, \"cores\" : 8 } }\n", "host.name == 'a' && host.cores == 8", "yes"},
      // objects in objects, lists in lists
      {R"({"host":{"os":{"id":"debian","support":{"days":5}}}})", "host.os.support.days == 5", "yes"},
      {R"({"host":{"os":{"id":"debian"}}})", "has(host.os.support)", "no"},
      {R"({"host":{"os":{"id":"debian"}}})", "has(host.os.support.days)", "no"},
      {R"({"host":{"os":{"id":"debian"}}})", "host.os.support.days > 1", "unknown"},
      {R"({"host":{"disks":[{"parts":[{"bytes":1},{"bytes":2}]},{"parts":[{"bytes":3}]}]}})",
       "host.disks.all(d, d.parts.exists(p, p.bytes >= 2))", "yes"},
      {R"({"host":{"disks":[{"parts":[{"bytes":1}]},{}]}})", "host.disks.all(d, d.parts.exists(p, p.bytes >= 1))",
       "unknown"},
      {R"({"host":{"disks":[{"bytes":1},{}]}})", "host.disks.exists(d, d.bytes == 1)", "yes"},
      {R"({"host":{"disks":[{"bytes":1},{}]}})", "host.disks.exists_one(d, d.bytes == 1)", "unknown"},
      {R"({"host":{"disks":[{"bytes":1},{}]}})", "host.disks.filter(d, d.bytes == 1).exists(d, true)", "unknown"},
      {R"({"host":{"disks":[{"bytes":1},{"bytes":2}]}})", "size(host.disks.filter(d, d.bytes == 1)) == 1", "yes"},
      {R"({"host":{"disks":[{"name":"a","bytes":1},{"name":"b","bytes":2}]}})",
       "host.disks.filter(d, d.bytes > 1).all(e, e.name == 'b')", "yes"},
      // maps
      {R"({"host":{"labels":{"a":"1","b.c":"2","":"3"}}})", "host.labels['b.c'] == '2' && host.labels[''] == '3'", "yes"},
      {R"({"host":{"labels":{"a":"1"}}})", "host.labels['z'] == '1'", "error"},
      {R"({"host":{"labels":{"a":"1"}}})", "'z' in host.labels || 'a' in host.labels", "yes"},
      {R"({"host":{"labels":{}}})", "'z' in host.labels", "no"},
      {R"({"host":{"labels":{"a":1}}})", "'a' in host.labels", "no"},
      {R"({"host":{"labels":{"a":"1"},"name":"a"}})", "host.labels[host.name] == '1'", "yes"},
      // errors stay errors, and are absorbed where the other side decides
      {R"({"host":{"cores":0}})", "8 / host.cores == 1", "error"},
      {R"({"host":{"cores":0}})", "8 / host.cores == 1 || host.cores == 0", "yes"},
      {R"({"host":{"cores":9223372036854775807}})", "host.cores + 1 > 0", "error"},
      {R"({"host":{"cores":8,"load":0.5}})", "host.cores > host.load && host.cores >= 8.0 && host.cores < 8.5", "yes"},
      {R"({"host":{"cores":9007199254740993}})", "host.cores > 9007199254740992.0", "no"},  // compared as doubles
      {R"({"host":{"cores":9007199254740993}})", "host.cores > 9007199254740991.0", "yes"},
      {R"({"host":{"name":"abc"}})", "host.name.startsWith('ab') && host.name.endsWith('bc') && host.name.contains('b')",
       "yes"},
      {R"({"host":{"name":"abc","cores":3}})", "cel.bind(n, host.cores * 2, n == 6 && host.name.matches('^a.c$'))", "yes"},
      {R"({"host":{"name":"ab","tags":["ab/c"]}})", "host.tags.exists(t, t.startsWith(host.name + '/'))", "yes"},
      {R"({"host":{"name":"ab","tags":["x","ab-ab-ab!"]}})",
       "host.tags.exists(t, t == (host.name + '-') + (host.name + ('-' + host.name)) + '!')", "yes"},
      {R"({"host":{"name":"ab"}})", "cel.bind(n, host.name + 'c', n + n == 'abcabc' && n == 'abc')", "yes"},
      {R"({"host":{"name":"ab"}})", "size(host.name + 'é') == 3 && host.name + 'c' < host.name + 'd'", "yes"},
      {R"({"host":{}})", "host.name + 'c' == 'c'", "unknown"},
      {"{\"host\":{\"name\":\"" + std::string(5000, 'x') + "\"}}", "host.name + 'y' != host.name", "yes"},
      {R"({"host":{"up":true,"cores":3}})", "(host.up ? host.cores : 0) == 3", "yes"},
      {R"({"host":{"cores":3}})", "(host.up ? host.cores : 0) == 3", "unknown"},
  };
  DocumentReader reader(layout());
  for (const Case& one : cases) {
    INFO(one.json);
    auto document = reader.read(one.json);
    REQUIRE(document);
    CHECK(says(**document, one.condition) == one.answer);
  }
}

TEST_CASE("what could not be read is neither there nor absent") {
  const Envelope sections = {"sections", "data", "missing"};
  const Case cases[] = {
      {R"({"sections":{"host":{"data":{"cores":1},"missing":{"host.name":"permission denied"}}}})", "has(host.name)", "unknown"},
      {R"({"sections":{"host":{"data":{"cores":1},"missing":{"host.name":"permission denied"}}}})", "has(host.load)", "no"},
      {R"({"sections":{"host":{"missing":{"host.name":"x"},"data":{"cores":1}}}})", "has(host.name)", "unknown"},
      {R"({"sections":{"host":{"missing":{"host.name":"x"},"data":{"name":"n"}}}})", "host.name == 'n'", "yes"},
      {R"({"sections":{"host":{"data":{},"missing":{"host.os.support.days":"x"}}}})", "has(host.os.support.days)", "unknown"},
      {R"({"sections":{"host":{"data":{},"missing":{"host.disks[].name":"x"}}}})", "has(host.disks)", "unknown"},
      {R"({"sections":{"host":{"data":{"disks":[]},"missing":{"host.disks[].name":"x"}}}})", "has(host.disks)", "yes"},
      {R"({"sections":{"host":{"data":{},"missing":{"host.nothing":"x","..":"x","host.":"x","":"x","host.disks[].x.y":"z"}}}})", "has(host.name)", "no"},
      {R"({"sections":{"site":{"data":{"city":"Ulm"}}}})", "site.city == 'Ulm' && !has(host.name)", "yes"},
      {R"({"sections":{"host":{"status":"failed"}}})", "has(host.name)", "no"},
      {R"({"sections":7})", "has(host.name)", "no"},
      {R"({"a":{"b":[{}]},"sections":{"host":{"data":{"name":"n"}}},"z":1})", "host.name == 'n'", "yes"},
  };
  DocumentReader reader(layout());
  for (const Case& one : cases) {
    INFO(one.json);
    auto document = reader.read(one.json, sections);
    REQUIRE(document);
    CHECK(says(**document, one.condition) == one.answer);
  }
}

TEST_CASE("what is no JSON object is refused with its reason, and the next document is read") {
  DocumentReader reader(layout());
  for (const std::string& text :
       {std::string(), std::string("["), std::string("[]"), std::string("7"), std::string("{\"host\":{\"name\":\"a}"),
        std::string("{\"host\":{\"tags\":[\"a\"}"), std::string("{\"host\":{\"name\":\"\xff\"}}"),
        std::string("{\"host\":{\"name\":\"a\nb\"}}")}) {
    INFO(text.substr(0, 60));
    const auto document = reader.read(text);
    REQUIRE_FALSE(document);
    CHECK(document.error().message.substr(0, 5) == "JSON:");
    const auto next = reader.read(R"({"host":{"name":"a"}})");
    REQUIRE(next);
    CHECK(says(**next, "host.name == 'a' && !has(host.tags)") == "yes");
  }
}

TEST_CASE("a condition in the fast tier never spends more than the evaluator may") {
  std::string disks;
  for (int i = 0; i < 3000; ++i) disks += (i ? "," : "") + std::string(R"({"name":"d)") + std::to_string(i) + R"(","bytes":1})";
  DocumentReader reader(layout());
  const auto document = reader.read(R"({"host":{"disks":[)" + disks + "]}}");
  REQUIRE(document);
  CHECK(says(**document, "host.disks.all(d, host.disks.all(e, d.bytes == e.bytes))") == "error");
  CHECK(says(**document, "host.disks.all(d, host.disks.all(e, d.bytes == e.bytes)) || host.disks.size() == 3000") == "error");
  CHECK(says(**document, "host.disks.all(d, d.bytes == 1)") == "yes");
}

TEST_CASE("a document of another layout is judged by the evaluator") {
  CompileOptions options;
  options.layout = Layout::of(names());
  const auto program = compile("host.cores == 8", names(), options);
  REQUIRE(program);
  DocumentReader reader(layout());
  const auto document = reader.read(R"({"host":{"cores":8}})");
  REQUIRE(document);
  CHECK(program->decide(**document) == Answer::yes);
}

}  // namespace plumbline::cel
