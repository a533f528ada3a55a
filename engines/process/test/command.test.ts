import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommand } from "../src/agent/command.ts";

test("a plain command line becomes an argument vector, without a shell", () => {
  assert.deepEqual(parseCommand("node  server.ts --port 1"), {
    file: "node",
    args: ["server.ts", "--port", "1"],
    shell: false,
  });
});

test("quotes and backslashes hold words together, and may leave an empty word", () => {
  const command = parseCommand(`node -e 'console.log("a b")' "c \\"d\\"" e\\ f ""`);
  assert.deepEqual(command?.args, ["-e", 'console.log("a b")', 'c "d"', "e f", ""]);
  assert.equal(command?.shell, false);
});

test("shell syntax inside single quotes is text", () => {
  assert.deepEqual(parseCommand("node -e 'a(); b($x) > 1'"), {
    file: "node",
    args: ["-e", "a(); b($x) > 1"],
    shell: false,
  });
});

test("one command with a variable or a glob is run by a shell that becomes it", () => {
  assert.deepEqual(parseCommand("node server.ts $PORT"), {
    file: "/bin/sh",
    args: ["-c", "exec node server.ts $PORT"],
    shell: true,
  });
  assert.deepEqual(parseCommand('node "$HOME/x.ts"')?.args, ["-c", 'exec node "$HOME/x.ts"']);
});

test("several commands and assignments are left to the shell without exec", () => {
  assert.deepEqual(parseCommand("a && b")?.args, ["-c", "a && b"]);
  assert.deepEqual(parseCommand("DEBUG=1 node x.ts")?.args, ["-c", "DEBUG=1 node x.ts"]);
  assert.deepEqual(parseCommand("a | b")?.args, ["-c", "a | b"]);
});

test("an empty line and an open quote are no command", () => {
  assert.equal(parseCommand("   "), undefined);
  assert.equal(parseCommand("node 'x"), undefined);
  assert.equal(parseCommand("''"), undefined);
});
