// SPDX-License-Identifier: Apache-2.0
// Gives the lines of cel_batch to @bufbuild/cel and @marcbachmann/cel-js and compares the answers.
//   cel_batch 1 2000 | node compare.mjs explained.json
// A disagreement counts as explained where an entry of explained.json fits it; each says what the specification says.
// Ends with status 1 where one is not.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import * as bufbuild from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { Environment } from "@marcbachmann/cel-js";

const pad = (nanos) => (nanos ? "." + String(nanos).padStart(9, "0").replace(/0+$/, "") : "");

// A number as cel_batch writes it, compared by value.
const double = (value) => ({ double: Object.is(value, -0) ? "-0" : String(value) });

function duration(seconds, nanos) {
  const total = BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
  const size = total < 0n ? -total : total;
  return { duration: (total < 0n ? "-" : "") + size / 1_000_000_000n + pad(Number(size % 1_000_000_000n)) + "s" };
}

function timestamp(milliseconds, nanos) {
  return { timestamp: new Date(milliseconds).toISOString().slice(0, 19) + pad(nanos) + "Z" };
}

const byText = (a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const hex = (bytes) => Buffer.from(bytes).toString("hex");

/** What cel_batch wrote, in the form that the answers of others take. */
function ours(value) {
  const [kind, inner] = Object.entries(value)[0];
  if (kind === "double") return double(Number(inner.replace("Inf", "Infinity")));
  if (kind === "list") return { list: inner.map(ours) };
  if (kind === "map") return { map: inner.map(([key, member]) => [ours(key), ours(member)]).sort(byText) };
  return value;
}

const libraries = {
  bufbuild: {
    input(value) {
      const [kind, inner] = Object.entries(value)[0];
      switch (kind) {
        case "int": return BigInt(inner);
        case "uint": return bufbuild.celUint(BigInt(inner));
        case "double": return Number(inner);
        case "list": return inner.map(this.input, this);
        case "map": return new Map(inner.map(([key, member]) => [this.input(key), this.input(member)]));
        default: return inner;
      }
    },
    output(value) {
      if (bufbuild.isCelError(value)) return { error: value.message };
      if (typeof value === "bigint") return { int: String(value) };
      if (typeof value === "number") return double(value);
      if (typeof value === "string") return { string: value };
      if (typeof value === "boolean") return { bool: value };
      if (value === null) return { null: true };
      if (bufbuild.isCelUint(value)) return { uint: String(value.value) };
      if (value instanceof Uint8Array) return { bytes: hex(value) };
      if (bufbuild.isCelList(value)) return { list: [...value].map(this.output, this) };
      if (bufbuild.isCelMap(value)) return { map: [...value].map(([k, v]) => [this.output(k), this.output(v)]).sort(byText) };
      if (bufbuild.isCelType(value)) return { type: value.name };
      const message = value.message ?? value;
      if (message.$typeName === "google.protobuf.Timestamp") return timestamp(Number(message.seconds) * 1000, message.nanos);
      if (message.$typeName === "google.protobuf.Duration") return duration(message.seconds, message.nanos);
      return { other: String(value) };
    },
    evaluate(expression, facts) {
      return bufbuild.run(expression, facts, { funcs: strings });
    },
  },
  "cel-js": {
    environment: undefined,
    input(value) {
      const [kind, inner] = Object.entries(value)[0];
      switch (kind) {
        case "int": return BigInt(inner);
        case "uint": return this.evaluate(inner + "u", {});
        case "double": return Number(inner);
        case "list": return inner.map(this.input, this);
        case "map": return Object.fromEntries(inner.map(([key, member]) => [this.input(key), this.input(member)]));
        default: return inner;
      }
    },
    output(value) {
      if (typeof value === "bigint") return { int: String(value) };
      if (typeof value === "number") return double(value);
      if (typeof value === "string") return { string: value };
      if (typeof value === "boolean") return { bool: value };
      if (value === null || value === undefined) return { null: true };
      if (value instanceof Uint8Array) return { bytes: hex(value) };
      if (Array.isArray(value)) return { list: value.map(this.output, this) };
      if (value instanceof Date) return timestamp(value.getTime() - (value.getTime() % 1000 + 1000) % 1000, ((value.getTime() % 1000 + 1000) % 1000) * 1e6);
      if (value instanceof Map) return { map: [...value].map(([k, v]) => [this.output(k), this.output(v)]).sort(byText) };
      switch (value.constructor?.name) {
        case "UnsignedInt": return { uint: String(value.valueOf()) };
        case "Duration": return duration(value.seconds, value.nanos);
        case "Type": return { type: value.name };
        default: return { map: Object.entries(value).map(([k, v]) => [{ string: k }, this.output(v)]).sort(byText) };
      }
    },
    evaluate(expression, facts) {
      this.environment ??= new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });
      return this.environment.evaluate(expression, facts);
    },
  },
};

function answer(library, line) {
  try {
    const facts = Object.fromEntries(Object.entries(line.facts).map(([name, value]) => [name, library.input(value)]));
    return library.output(library.evaluate(line.expression, facts));
  } catch (error) {
    return { error: String(error.message).split("\n")[0] };
  }
}

/** The facts that an expression names. */
const used = ({ expression, facts }) => Object.fromEntries(Object.entries(facts).filter(([name]) => new RegExp(`\\b${name}\\b`).test(expression)));
const same = (a, b) => ("error" in a && "error" in b) || JSON.stringify(a) === JSON.stringify(b);
const explanations = JSON.parse(readFileSync(process.argv[2], "utf8")).map((entry) => ({
  ...entry,
  uses: 0,
  tests: ["expression", "ours", "theirs"].map((key) => [key, new RegExp(entry[key] ?? "", "u")]),
}));

function explain(name, disagreement) {
  return explanations.find(
    (entry) => entry.library.split(" ").includes(name) && entry.tests.every(([key, pattern]) => pattern.test(disagreement[key])),
  );
}

const tally = Object.fromEntries(Object.keys(libraries).map((name) => [name, { same: 0, explained: 0, unexplained: 0 }]));
const shown = [];
for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text);
  const expected = ours(line.result);
  for (const [name, library] of Object.entries(libraries)) {
    const given = answer(library, line);
    if (same(expected, given)) {
      ++tally[name].same;
      continue;
    }
    const disagreement = { expression: line.expression, ours: JSON.stringify(expected), theirs: JSON.stringify(given) };
    const explanation = explain(name, disagreement);
    if (explanation) {
      ++tally[name].explained;
      ++explanation.uses;
      continue;
    }
    ++tally[name].unexplained;
    if (shown.length < 20) shown.push(`seed ${line.seed}, ${name}: ${line.expression}\n  ours   ${disagreement.ours}\n  theirs ${disagreement.theirs}\n  facts  ${JSON.stringify(used(line))}`);
  }
}
for (const [name, count] of Object.entries(tally))
  console.log(`${count.unexplained === 0 && count.same > 0 ? "ok" : "not ok"} ${name}: ${count.same} the same, ${count.explained} explained, ${count.unexplained} not explained`);
if (process.env.VERBOSE) for (const entry of explanations) console.log(`  ${entry.uses} × ${entry.library}: ${entry.why}`);
if (shown.length) console.log(shown.join("\n"));
process.exitCode = Object.values(tally).some((count) => count.unexplained > 0 || count.same === 0) ? 1 : 0;
