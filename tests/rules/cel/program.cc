// SPDX-License-Identifier: Apache-2.0
// What a compiled program tells beside its value: its type, what it reads, and why it decided so.
#include <map>
#include <nlohmann/json.hpp>

#include "rules/cel/functions.h"
#include "rules/cel/json.h"
#include "rules/cel/types.h"
#include "tests/catch.h"
#include "tests/rules/cel/case_io.h"

namespace plumbline::cel {
namespace {

const Declarations& facts() {
  static const Declarations declarations = declare(
      "cpu.cores int, cpu.features strings, memory.total_bytes int, ssh.installed bool, "
      "ssh.permit_root_login string,"
      "storage.disks[].class string, storage.disks[].size_bytes int, storage.mounts[].path string, "
      "host.labels labels");
  return declarations;
}

Program program(std::string_view text) {
  auto out = compile(text, facts());
  if (!out) FAIL(text << ": " << out.error()[0].message);
  return *out;
}

using Paths = std::vector<std::string>;

/// One line a step: depth, expression, with values, value.
std::string explained(std::string_view text, const nlohmann::json& json) {
  std::string out;
  for (const auto& step : program(text).explain(lookup_in(json)))
    out += std::to_string(step.depth) + " " + step.expression + " | " + step.with_values + " | " +
           to_text(step.value) + "\n";
  return out;
}

}  // namespace

TEST_CASE("A program knows every declared path that it reads") {
  CHECK(program("cpu.cores >= 8 && ssh.installed").reads() == Paths{"cpu.cores", "ssh.installed"});
  CHECK(program("storage.disks.exists(d, d.class == 'nvme')").reads() ==
        Paths{"storage.disks", "storage.disks[].class"});
  CHECK(program("storage.disks.filter(d, d.size_bytes > 1)[0].class").reads() ==
        Paths{"storage.disks", "storage.disks[].class", "storage.disks[].size_bytes"});
  CHECK(program("cpu.features.exists(f, f == 'avx2')").reads() == Paths{"cpu.features"});
  CHECK(program("has(ssh.permit_root_login)").reads() == Paths{"ssh.permit_root_login"});
  CHECK(program("host.labels.role == 'db'").reads() == Paths{"host.labels"});
  CHECK(program("cel.bind(d, storage.disks[0], d.class)").reads() ==
        Paths{"storage.disks", "storage.disks[].class"});
  CHECK(program("1 + 1").reads().empty());
}

TEST_CASE("A program knows the type of its value") {
  const auto type = [](std::string_view text) { return to_text(program(text).result_type()); };
  CHECK(type("cpu.cores >= 8") == "bool");
  CHECK(type("double(cpu.cores) / 2.0") == "double");
  CHECK(type("storage.disks.map(d, d.class)") == "list(string)");
  CHECK(type("storage.disks.filter(d, d.size_bytes > 1)") == "list(object)");
  CHECK(type("{'a': [1]}") == "map(string, list(int))");
  CHECK(type("[]") == "list(dyn)");
  CHECK(type("math.greatest(1, cpu.cores)") == "int");
}

TEST_CASE("A name is looked up once an evaluation, however often it stands there") {
  std::map<std::string, int, std::less<>> asked;
  const nlohmann::json json = {{"cpu", {{"cores", 4}}}, {"ssh", {{"installed", true}}}};
  const auto counting = [&](std::string_view name) {
    ++asked[std::string(name)];
    return lookup_in(json)(name);
  };
  const Value value =
      program("[1, 2, 3].all(i, i < cpu.cores && cpu.cores > 3) && ssh.installed").evaluate(counting);
  CHECK(to_text(value) == "true");
  CHECK(asked == std::map<std::string, int, std::less<>>{{"cpu", 1}, {"ssh", 1}});
}

TEST_CASE("The explanation shows the side that decided, with the values of the facts") {
  const nlohmann::json json = {
      {"cpu", {{"cores", 4}}}, {"memory", {{"total_bytes", 64}}}, {"ssh", {{"installed", true}}}};
  CHECK(explained("cpu.cores >= 8", json) == "0 cpu.cores >= 8 | 4 >= 8 | false\n");
  CHECK(explained("memory.total_bytes > 32 && cpu.cores >= 8", json) ==
        "0 memory.total_bytes > 32 && cpu.cores >= 8 | 64 > 32 && 4 >= 8 | false\n"
        "1 cpu.cores >= 8 | 4 >= 8 | false\n");
  CHECK(explained("cpu.cores >= 8 || memory.total_bytes > 32", json) ==
        "0 cpu.cores >= 8 || memory.total_bytes > 32 | 4 >= 8 || 64 > 32 | true\n"
        "1 memory.total_bytes > 32 | 64 > 32 | true\n");
  CHECK(explained("ssh.installed ? cpu.cores > 2 : false", json) ==
        "0 ssh.installed ? cpu.cores > 2 : false | true ? 4 > 2 : false | true\n"
        "1 ssh.installed | true | true\n"
        "1 cpu.cores > 2 | 4 > 2 | true\n");
  CHECK(explained("ssh.permit_root_login != 'yes'", json) ==
        "0 ssh.permit_root_login != 'yes' | unknown != 'yes' | unknown: ssh.permit_root_login\n");
}

TEST_CASE("The explanation of all() and exists() shows the elements that decided") {
  const nlohmann::json json = {
      {"storage", {{"disks", {{{"class", "nvme"}}, {{"class", "hdd"}}, {{"class", "hdd"}}}}}}};
  CHECK(explained("storage.disks.all(d, d.class == 'nvme')", json) ==
        "0 storage.disks.all(d, d.class == 'nvme') | [{\"class\": \"nvme\"}, {\"class\": \"hdd\"}, "
        "{\"class\": \"hdd\"}].all(d, d.class == 'nvme') | false\n"
        "1 d.class == 'nvme' | \"hdd\" == 'nvme' | false\n"
        "1 d.class == 'nvme' | \"hdd\" == 'nvme' | false\n");
  CHECK(explained("storage.disks.exists(d, d.class == 'nvme')", json) ==
        "0 storage.disks.exists(d, d.class == 'nvme') | [{\"class\": \"nvme\"}, {\"class\": \"hdd\"}, "
        "{\"class\": \"hdd\"}].exists(d, d.class == 'nvme') | true\n"
        "1 d.class == 'nvme' | \"nvme\" == 'nvme' | true\n");
}

TEST_CASE("What could not be read is unknown to has() too, what is not there is false") {
  const auto record = [](std::vector<std::pair<std::string, Value>> members) {
    Map out;
    for (auto& [name, value] : members) out.entries.emplace_back(Value::of(name), std::move(value));
    return Value::of(std::move(out));
  };
  const Value unread = Value::unknown({"somewhere"});
  const Declarations declarations = declare(
      "ssh.permit_root_login string, ssh.port int, ssh.keys.count int, ssh.load double, ssh.disks[].class string, "
      "host.labels labels, loose dyn");
  const auto value = [&](std::string_view text) {
    const auto compiled = compile(text, declarations);
    if (!compiled) FAIL(text << ": " << compiled.error()[0].message);
    return to_text(compiled->evaluate([&](std::string_view name) {
      if (name == "ssh")
        return record({{"permit_root_login", unread},
                       {"keys", unread},
                       {"load", Value::of(std::int64_t{2})},
                       {"disks", Value::of(List{unread, record({{"class", unread}}), record({})})}});
      if (name == "loose") return record({{"a", unread}});
      return Value::unknown({std::string(name)});
    }));
  };
  CHECK(value("has(ssh.permit_root_login)") == "unknown: ssh.permit_root_login");
  CHECK(value("has(ssh.port)") == "false");
  CHECK(value("has(ssh.load)") == "true");
  CHECK(value("has(ssh.keys)") == "unknown: ssh.keys");
  CHECK(value("has(ssh.keys.count)") == "unknown: ssh.keys.count");
  CHECK(value("has(host.labels)") == "false");
  CHECK(value("has(ssh.disks[2].class)") == "false");
  CHECK(value("has(ssh.disks[1].class)") == "unknown: ssh.disks[].class");
  CHECK(value("ssh.disks.exists(d, has(d.class))") == "unknown: ssh.disks[].class");
  CHECK(value("has(loose.a)") == "unknown: somewhere");
  CHECK(value("has(loose.b)") == "false");
  CHECK(value("has(ssh.port) && has(ssh.permit_root_login)") == "false");
  CHECK(value("ssh.permit_root_login == 'no'") == "unknown: ssh.permit_root_login");
  CHECK(value("ssh.?permit_root_login") == "unknown: ssh.permit_root_login");
  CHECK(value("ssh.?port") == "optional.none()");
  CHECK(value("ssh.?load") == "optional.of(2)");
  CHECK(value("ssh.?load.orValue(0.5) / 4.0") == "0.5");
  CHECK(value("ssh.?keys.count") == "unknown: ssh.keys.count");
  CHECK(value("ssh.?port.orValue(22)") == "22");
  CHECK(value("ssh.?permit_root_login.orValue('no')") == "unknown: ssh.permit_root_login");
  CHECK(value("[?ssh.?port, 1]") == "[1]");
  CHECK(value("[?ssh.?permit_root_login, 1]") == "unknown: ssh.permit_root_login");
  CHECK(value("host.?labels.role") == "optional.none()");
  CHECK(value("loose.?a") == "unknown: somewhere");
}

TEST_CASE("Optional members are read like plain ones") {
  CHECK(program("ssh.?permit_root_login.orValue('no')").reads() == Paths{"ssh.permit_root_login"});
  CHECK(program("storage.?disks[0].class").reads() == Paths{"storage.disks", "storage.disks[].class"});
  CHECK(to_text(program("storage.?disks[0].class").result_type()) == "optional_type(string)");
  CHECK(to_text(program("host.labels[?'role']").result_type()) == "optional_type(string)");
  CHECK(to_text(program("storage.disks.sortBy(d, d.size_bytes).first().optMap(d, d.class)").result_type()) ==
        "optional_type(string)");
  CHECK(compile("ssh.?permit_rootlogin", facts()).error()[0].message ==
        "no name 'ssh.permit_rootlogin'; did you mean 'ssh.permit_root_login'?");
}

TEST_CASE("Functions of one's own are declared by their shape") {
  CompileOptions options;
  options.functions = declare_functions(
      {read_shape({"double(string, int): string",
                   [](Arguments a, Meter&) {
                     return Value::of(*a[0]->string() + std::to_string(*a[1]->get_if<std::int64_t>()));
                   }}),
       read_shape({"string.shout(): string", nullptr})});
  const auto none = [](std::string_view) { return Value(); };
  CHECK(to_text(compile("double('a', 1) + string(double('2'))", {}, options)->evaluate(none)) == "\"a12\"");
  CHECK(to_text(compile("'a'.shout()", {}, options)->evaluate(none)) ==
        "error: this function is declared, but does nothing");
  CHECK(compile("double('a', 'b')", {}, options).error()[0].message.starts_with("double() does not take (string, string)"));
  CHECK(!compile("'a'.shout()", {}));
}

TEST_CASE("Many names and many nested variables are as good as few") {
  Declarations declarations;
  std::string sum = "0", nested = "0", closing;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "n" + std::to_string(i);
    declarations.emplace_back(name, simple_type(Type::int_type));
    sum += " + " + name;
  }
  for (int i = 0; i < 20; ++i) {
    const std::string name = "v" + std::to_string(i);
    nested = "cel.bind(" + name + ", " + std::to_string(i) + ", " + name + " + " + nested;
    closing += ")";
  }
  const auto number_of = [](std::string_view name) {
    return Value::of(static_cast<std::int64_t>(std::stoi(std::string(name.substr(1)))));
  };
  CHECK(to_text(compile(sum, declarations)->evaluate(number_of)) == "4950");
  CHECK(to_text(compile(nested + closing, declarations)->evaluate(number_of)) == "190");
}

TEST_CASE("A bound value may be given back whole or in part") {
  const nlohmann::json json = {{"cpu", {{"features", {"avx2", "fma"}}}}};
  CHECK(to_text(program("cel.bind(m, {'a': [1, 2]}, m.a)").evaluate(lookup_in(json))) == "[1, 2]");
  CHECK(to_text(program("cel.bind(m, {'a': [1, 2]}, m)").evaluate(lookup_in(json))) == "{\"a\": [1, 2]}");
  CHECK(to_text(program("cel.bind(m, cpu.features + ['x'], true ? m[2] : '')").evaluate(lookup_in(json))) ==
        "\"x\"");
  CHECK(to_text(
            program("cel.bind(m, {'a': {'b': cpu.features + ['x']}}, m.a.b)[2]").evaluate(lookup_in(json))) ==
        "\"x\"");
}

TEST_CASE("Dotted declarations are found by their longest name, and in a container") {
  const Declarations declarations = {{"a.b", map_of(simple_type(Type::string), simple_type(Type::int_type))},
                                     {"a.b.c", simple_type(Type::int_type)}};
  const auto lookup = [](std::string_view name) {
    return name == "a.b.c" ? Value::of(std::int64_t{1}) : from_json({{"d", 2}});
  };
  CHECK(to_text(compile("a.b.c", declarations)->evaluate(lookup)) == "1");
  CHECK(to_text(compile("a.b.d", declarations)->evaluate(lookup)) == "2");
  CompileOptions inside;
  inside.container = "a.x";
  CHECK(to_text(compile("b.c", declarations, inside)->evaluate(lookup)) == "1");
  CHECK(!compile("b.c", declarations));
  CHECK(!compile(".b.c", declarations, inside));
}

TEST_CASE("JSON becomes values and back") {
  const auto json = nlohmann::json::parse(R"({"a":[1,18446744073709551615,-2,1.5,"x",null,true,{}]})");
  CHECK(to_text(from_json(json)) == R"({"a": [1, 18446744073709551615, -2, 1.5, "x", null, true, {}]})");
  CHECK(to_json(from_json(json)) == json);
  CHECK(from_json(json).map()->find("a")->list()->at(0).kind() == ValueKind::int_kind);
  CHECK(from_json(json).map()->find("a")->list()->at(1).kind() == ValueKind::uint_kind);
}

}  // namespace plumbline::cel
