// SPDX-License-Identifier: Apache-2.0
// Writes the suites of the npm package @bufbuild/cel-spec as JSON lines for the tests beside this file:
// node convert.mjs PACKAGE_FOLDER OUTPUT_FOLDER
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [packageFolder, outputFolder] = process.argv.slice(2);
if (!outputFolder) {
  console.error("usage: node convert.mjs PACKAGE_FOLDER OUTPUT_FOLDER");
  process.exit(2);
}

/** One case with its place: the original as it is, and what the reference implementation made of it. */
function line(file, section, name, test) {
  const { original, ast, type, error } = test;
  return JSON.stringify({ file, section, ...original, name, cel_go_ast: ast, cel_go_type: type, cel_go_error: error });
}

function* conformanceLines(suite) {
  for (const file of suite.suites)
    for (const section of file.suites ?? [])
      for (const test of section.tests ?? []) yield line(file.name, section.name, test.original.name, test);
}

/** These have no names: they are numbered from 1. */
function* numberedLines(suite) {
  for (const [index, test] of suite.tests.entries()) yield line(suite.name, "all", String(index + 1), test);
}

mkdirSync(outputFolder, { recursive: true });
for (const name of ["conformance", "parsing", "checking", "comprehension"]) {
  const path = resolve(packageFolder, "dist/esm/testdata", name + ".js");
  const { tests } = await import(pathToFileURL(path));
  const lines = [...(name === "conformance" ? conformanceLines(tests) : numberedLines(tests))];
  writeFileSync(resolve(outputFolder, name + ".jsonl"), lines.join("\n") + "\n");
  console.log(`${name}.jsonl: ${lines.length} cases`);
}
