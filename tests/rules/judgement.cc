// SPDX-License-Identifier: Apache-2.0
// Judgements survive packing; anything else does not unpack.
#include <random>

#include "rules/judge.h"
#include "tests/catch.h"

using namespace plumbline;

namespace {

std::optional<int> maybe(std::mt19937& random, int least, unsigned many) {
  return random() % 2 == 0 ? std::nullopt : std::optional(least + static_cast<int>(random() % many));
}

HostCompute random_compute(std::mt19937& random) {
  HostCompute out;
  out.cards_read = random() % 4 != 0;
  out.cores = maybe(random, 0, 300);
  out.memory_tenths = maybe(random, 0, 100'000);
  out.sockets = maybe(random, 1, 4);
  if (random() % 2 == 0) out.wide_vectors = random() % 2 == 0;
  for (auto i = out.cards_read ? random() % 4 : 0; i > 0; --i) {
    HostCard& card = out.cards.emplace_back();
    card.name = random() % 3 == 0 ? "" : "Größe " + std::to_string(random());
    card.count = 1 + static_cast<int>(random() % 9);
    card.use = static_cast<CardUse>(random() % 6);
    card.age = static_cast<CardAge>(random() % 6);
    card.mig = random() % 2 == 0;
    card.memory_tenths = static_cast<int>(random() % 3000);
    card.free_tenths = maybe(random, 0, 3000);
    card.link_width = maybe(random, 1, 16);
    card.link_width_max = maybe(random, 1, 16);
    card.numa_node = maybe(random, -1, 9);
    card.busy_percent = maybe(random, 0, 101);
  }
  return out;
}

Judgement random_judgement(unsigned seed) {
  std::mt19937 random(seed);
  Judgement out;
  for (auto i = random() % 90; i > 0; --i) out.verdicts.push_back(static_cast<Verdict>(random() % 5));
  for (auto i = random() % 30; i > 0; --i) out.requirements.push_back(static_cast<Verdict>(random() % 4));
  for (auto i = random() % 20; i > 0; --i) {
    if (random() % 3 == 0) out.measures.emplace_back();
    else out.measures.emplace_back(static_cast<double>(random()) / 7);
  }
  out.compute = random_compute(random);
  for (std::uint32_t rule = 0; rule < out.verdicts.size(); rule += 7) out.causes.push_back({rule, random()});
  return out;
}

}  // namespace

TEST_CASE("a judgement comes back from its packed form as it was") {
  for (unsigned seed = 0; seed < 200; ++seed) {
    Judgement before = random_judgement(seed);
    std::string bytes = pack_judgement(before);
    auto after = unpack_judgement(bytes, before.verdicts.size(), before.measures.size());
    REQUIRE(after);
    CHECK(after->verdicts == before.verdicts);
    CHECK(after->requirements == before.requirements);
    CHECK(after->measures == before.measures);
    CHECK(after->compute == before.compute);
    CHECK(after->causes == before.causes);
  }
}

TEST_CASE("bytes that are no judgement of this rule set do not unpack") {
  Judgement judgement = random_judgement(7);
  std::string bytes = pack_judgement(judgement);
  std::size_t rules = judgement.verdicts.size(), measures = judgement.measures.size();
  CHECK_FALSE(unpack_judgement("", rules, measures));
  CHECK_FALSE(unpack_judgement(bytes + "x", rules, measures));
  CHECK_FALSE(unpack_judgement(bytes.substr(0, bytes.size() - 1), rules, measures));
  CHECK_FALSE(unpack_judgement(bytes, rules + 30, measures));
  CHECK_FALSE(unpack_judgement(bytes, rules, measures + 30));
  for (std::size_t length = 0; length < bytes.size(); ++length) CHECK_FALSE(unpack_judgement(bytes.substr(0, length), rules, measures));
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {  // a changed byte is refused, or is the packed form of what comes out
    std::string changed = bytes;
    changed[random() % changed.size()] = static_cast<char>(random());
    const auto out = unpack_judgement(changed, rules, measures);
    if (out) REQUIRE(pack_judgement(*out) == changed);
  }
  for (int i = 0; i < 5000; ++i) {  // never reads past the end, whatever comes
    std::string noise(random() % 40, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    (void)unpack_judgement(noise, random() % 50, random() % 5);
  }
}

TEST_CASE("what was packed before cards were kept is refused, so that the host is judged again") {
  // Two requirements that pass, one rule that passes, no measure: number of requirements, then 3 bits each.
  const std::string before("\x02\x00\x01\x09", 4);
  CHECK_FALSE(unpack_judgement(before, 1, 0));
  // A later version is refused as well, and the one before causes were kept.
  std::string later = pack_judgement(random_judgement(3));
  later[2] = 2;
  CHECK_FALSE(unpack_judgement(later, random_judgement(3).verdicts.size(), random_judgement(3).measures.size()));
  later[2] = 4;
  CHECK_FALSE(unpack_judgement(later, random_judgement(3).verdicts.size(), random_judgement(3).measures.size()));
}

TEST_CASE("values are shown as a person says them") {
  using cel::Value;
  CHECK(show_value(Value::of(true), "") == "yes");
  CHECK(show_value(Value::of(false), "") == "no");
  CHECK(show_value(Value::of(std::int64_t{48'000'000'000}), "bytes") == "48 GB");
  CHECK(show_value(Value::of(std::int64_t{16'374'562'816}), "bytes") == "16.4 GB");
  CHECK(show_value(Value::of(std::int64_t{1'920'383'410'176}), "bytes") == "1.92 TB");
  CHECK(show_value(Value::of(std::int64_t{0}), "bytes") == "0 bytes");
  CHECK(show_value(Value::of(std::int64_t{-12}), "days") == "-12 days");
  CHECK(show_value(Value::of(std::int64_t{1}), "days") == "1 day");
  CHECK(show_value(Value::of(8.9), "") == "8.9");
  CHECK(show_value(Value::of(91.27), "%") == "91.3 %");
  CHECK(show_value(Value::of(std::int64_t{11434}), "") == "11434");
  CHECK(show_value(Value::of(cel::List{}), "") == "none");
  CHECK(show_value(Value::of(cel::List{Value::of("a"), Value::of("b")}), "") == "a, b");
  CHECK(show_value(Value::of(""), "") == "none");
  CHECK(show_value(Value::unknown({"ssh.x"}), "") == "fact not read");
  std::string long_text;
  for (int i = 0; i < 300; ++i) long_text += "ü";
  std::string shown = show_value(Value::of(long_text), "");
  CHECK(shown.size() == 200 * 2 + 3);
  cel::List many;
  for (std::int64_t i = 0; i < 20; ++i) many.push_back(Value::of(i));
  CHECK(show_value(Value::of(many), "") == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more");
}
