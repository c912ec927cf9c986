// SPDX-License-Identifier: Apache-2.0
// Verdicts in the fast tier, and reading one document after another, take no memory. Counts what operator new gives out,
// so it is a program of its own.
// (Not inlined: the compiler would see malloc on one side of a pair and operator new on the other.)
#include <atomic>
#include <cstdlib>
#include <new>

#include "rules/cel/document_reader.h"
#include "tests/catch.h"

namespace {
std::atomic<std::size_t> allocations{0};
}

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* out = std::malloc(size == 0 ? 1 : size)) return out;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace plumbline::cel {
namespace {

std::shared_ptr<const Type> type(Type::Kind kind, std::shared_ptr<const Type> element = nullptr) {
  Type out;
  out.kind = kind;
  out.element = std::move(element);
  return std::make_shared<const Type>(std::move(out));
}

Declarations names() {
  Type disk;
  disk.kind = Type::object;
  disk.members = {{"name", type(Type::string)}, {"bytes", type(Type::int_type)}};
  Type host;
  host.kind = Type::object;
  host.members = {{"name", type(Type::string)},
                  {"cores", type(Type::int_type)},
                  {"tags", type(Type::list, type(Type::string))},
                  {"labels", type(Type::map, type(Type::string))},
                  {"disks", type(Type::list, std::make_shared<const Type>(disk))}};
  return {{"host", std::make_shared<const Type>(host)}};
}

}  // namespace

TEST_CASE("a verdict in the fast tier allocates nothing") {
  CompileOptions options;
  options.layout = Layout::of(names());
  DocumentReader reader(options.layout);
  const auto document = reader.read(
      R"({"host":{"name":"db-07","cores":8,"tags":["a","b"],"labels":{"k":"v"},"disks":[{"name":"sda","bytes":5},{"name":"sdb"}]}})");
  REQUIRE(document);
  const std::size_t counted = allocations;
  const auto some = std::make_unique<int>(1);
  REQUIRE(allocations - counted == 1);
  const char* conditions[] = {
      "host.cores >= 8 && host.name.startsWith('db')",
      "host.disks.exists(d, d.bytes > 4) || host.disks.all(d, d.name != '')",
      "size(host.disks.filter(d, d.name == 'sda')) == 1",
      "'b' in host.tags && host.labels['k'] in ['u', 'v']",
      "host.disks.all(d, d.bytes > 4)",  // one is unknown
      "host.cores * 2 - 1 > 10 ? has(host.name) : false",
      "cel.bind(n, host.cores / 2, n == 4)",
  };
  for (const char* condition : conditions) {
    INFO(condition);
    const auto program = compile(condition, names(), options);
    REQUIRE(program);
    REQUIRE(program->is_typed());
    const std::size_t before = allocations;
    const Answer answer = program->decide(**document);
    CHECK(allocations - before == 0);
    CHECK(answer != Answer::undecided);
  }
}

TEST_CASE("a reader that has met a document reads the next of its size without allocating") {
  const auto layout = Layout::of(names());
  DocumentReader reader(layout);
  std::string disks;
  for (int i = 0; i < 500; ++i)
    disks += (i ? "," : "") + std::string(R"({"name":"sd\u0061)") + std::to_string(i) + R"(","bytes":5})";
  const std::string json = R"({"host":{"name":"db-07","labels":{"k":"v"},"disks":[)" + disks + "]}}";
  REQUIRE(reader.read(json));
  const std::size_t before = allocations;
  const auto again = reader.read(json);
  CHECK(allocations - before == 0);
  REQUIRE(again);
}

}  // namespace plumbline::cel
