import assert from "node:assert/strict";
import { test } from "node:test";
import { commandsOf, docCommands } from "../src/index.ts";

test("only runnable lines of shell blocks are commands, with the line they stand on", () => {
  const text = [
    "```sh",
    "npm ci && npm start",
    "$ npx holdfast ps   # what runs",
    "```",
    "```ts",
    "npx no",
    "```",
  ].join("\n");
  assert.deepEqual(commandsOf("README.md", text), [{ file: "README.md", line: 3, command: "npx holdfast ps" }]);
});

test("every command in the documents is one the documents test knows how to run", () => {
  for (const { file, line, command } of docCommands()) {
    assert.match(command, /^(npx holdfast |npm run load|curl )/, `${file}:${line}`);
  }
});
