import assert from "node:assert/strict";
import { test } from "node:test";
import { runHoldfast, Stack, temporaryDirectory, waitFor } from "@holdfast/testing";
import { bin, helloProgram, writeApplication } from "./support.ts";

interface Instances {
  readonly instances: readonly { readonly id: string; readonly status: string; readonly zone: string }[];
}

/** The command line against one stack. */
function commandsOf(stateDirectory: string) {
  const run = (...args: string[]) => runHoldfast(bin, [...args, "--dir", stateDirectory]);
  return {
    run,
    /** What a command that must succeed prints. */
    said: async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await run(...args);
      assert.equal(code, 0, `${args.join(" ")}\n${stdout}${stderr}`);
      return stdout;
    },
    instances: async (...args: string[]): Promise<Instances["instances"]> => {
      const { code, stdout, stderr } = await run("discovery", "hello", ...args, "--json");
      assert.equal(code, 0, stdout + stderr);
      const answer: Instances = JSON.parse(stdout);
      return answer.instances;
    },
  };
}

test("an operator sees on the command line who is there, takes one out, learns why, looks back, and takes it back in", async () => {
  using directory = temporaryDirectory("discovery");
  const application = writeApplication(directory.path, {
    "holdfast.config.ts": 'export default { name: "small", services: { hello: { run: "node hello.js" } } };\n',
    "hello.js": helloProgram,
    "package.json": '{"name":"small","type":"module"}',
  });
  await using stack = await Stack.up({ bin, application });
  const { run, said, instances } = commandsOf(stack.ready.stateDirectory);
  assert.match(await said("discovery"), /^✔ 3 registries agree on \d+ instances of \d+ apps\n[^]*\nhello +3\/3 /);
  const before = await instances();
  assert.deepEqual(
    before.map(({ status }) => status),
    ["UP", "UP", "UP"],
  );
  const id = before[0]?.id ?? "";
  const asOf = new Date().toISOString();

  // The beginning of an id is enough, and the status may be written as people write it.
  await said("override", `hello/${id.slice(2, 8)}`, "out-of-service", "--reason", "deploy looks bad");
  const why = await said("why", "hello");
  assert.match(why, new RegExp(`^! hello/${id} is OUT_OF_SERVICE: an operator's override outweighs its own UP`));
  assert.match(why, / override-set +operator +override set to OUT_OF_SERVICE: deploy looks bad\n/);
  const list = await said("discovery", "hello");
  assert.match(list, new RegExp(`${id}: set to OUT_OF_SERVICE by operator at [\\d:]+: deploy looks bad\\n`));
  assert.equal((await instances()).find((one) => one.id === id)?.status, "OUT_OF_SERVICE");
  assert.equal((await instances("--at", asOf)).find((one) => one.id === id)?.status, "UP");

  assert.match(list, new RegExp(`holdfast override hello/${id} --clear`));
  await said("override", `hello/${id}`, "--clear");
  assert.equal((await run("override", `hello/${id}`, "--clear")).code, 3);
  await waitFor("it to be UP again", async () => (await instances()).every(({ status }) => status === "UP"));
  const events = await said("events", `hello/${id}`);
  assert.match(events, /registered[^]*override-set[^]*override-cleared/);
});
