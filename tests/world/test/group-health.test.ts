import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { Stack, temporaryDirectory, waitFor } from "@holdfast/testing";
import { appInstances, bin, writeApplication } from "./support.ts";

/** Answers its own check, and is sick on `/deep` as long as a file with its instance's id, or `all`, is there. */
const program = `import { existsSync } from "node:fs";
import { createServer } from "node:http";
const { HOLDFAST_INSTANCE_ID: id, SICK: directory, PORT, HOST } = process.env;
const isSick = () => existsSync(directory + "/" + id) || existsSync(directory + "/all");
createServer((req, res) => res.writeHead(req.url === "/deep" && isSick() ? 503 : 200).end(id)).listen(Number(PORT), HOST);
`;

const configOf = (sick: string): string => `name: shop
services:
  web:
    run: node server.mjs
    env: { SICK: "${sick}" }
    health:
      checks: [registry, http]
      http: { path: /deep, interval: 1s, timeout: 1s, unhealthyThreshold: 2, healthyThreshold: 2 }
`;

interface Group {
  readonly name: string;
  readonly reason: string;
  readonly up: number;
  readonly instances: readonly { id: string; health: readonly { checker: string; healthy: boolean }[] }[];
}

suite("the checks that a group asks for, on a whole stack", () => {
  const directory = temporaryDirectory("health");
  const sick = join(directory.path, "sick");
  let stack: Stack;

  before(async () => {
    const files = { "holdfast.config.yaml": configOf(sick), "server.mjs": program, "sick/none": "" };
    stack = await Stack.up({ bin, application: writeApplication(directory.path, files) });
  });
  after(async () => {
    await stack.down();
    directory[Symbol.dispose]();
  });

  const group = (name = "shop-web-v000"): Promise<Group> => stack.json<Group>(`/v1/groups/${name}`);
  const allProven = async (): Promise<boolean> => {
    const { instances, up } = await group();
    return up === 3 && instances.every(({ health }) => health.length === 2 && health.every(({ healthy }) => healthy));
  };

  test("what is sick by the HTTP check is replaced, the diary says why, and why shows who says what", async () => {
    await waitFor("good words of both checkers on all", allProven, { timeoutMs: 20_000 });
    const [victim] = await appInstances(stack);
    assert.ok(victim);
    writeFileSync(join(sick, victim.id), "");
    await waitFor("its replacement", async () => {
      const now = await appInstances(stack);
      return now.length === 3 && now.every(({ id }) => id !== victim.id);
    });
    const activities = await stack.json<{ cause: string }[]>("/v1/activities?limit=50");
    const causes = activities.map(({ cause }) => cause);
    assert.ok(
      causes.some((cause) => cause.startsWith(`${victim.id} is unhealthy: http: `)),
      causes.join("; "),
    );
    await waitFor("good words on its successor", allProven, { timeoutMs: 20_000 });
    const why = await stack.run("why", `web/${(await appInstances(stack))[0]?.id ?? ""}`);
    assert.match(why.stdout, /Check registry +healthy: the registries say UP/, why.stdout);
    assert.match(why.stdout, /Check http +healthy/);
  });

  test("a check that breaks for all at once costs one instance, and says that it is suspected, and why", async () => {
    await waitFor("good words of both checkers on all", allProven, { timeoutMs: 20_000 });
    const before_ = new Set((await appInstances(stack)).map(({ id }) => id));
    writeFileSync(join(sick, "all"), "");
    await waitFor("the suspicion", async () => /the check is suspected/.test((await group()).reason));
    const shown = (await stack.run("groups", "shop-web-v000")).stdout;
    assert.match(shown, /checked by: process, registry, http \/deep 200-299 each 1 s, 2 bad in a row/);
    assert.match(shown, /http: \/deep answers 503, not 200-299/);
    // Longer than it takes to find a successor sick as well.
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    const now = await appInstances(stack);
    assert.ok(now.filter(({ id }) => before_.has(id)).length >= 2, "at most one was replaced");
    assert.equal(now.length, 3);
    rmSync(join(sick, "all"));
    await waitFor("good words again", allProven, { timeoutMs: 20_000 });
  });

  test("instances of a group without traffic are never UP to anybody, from their first registration until it is enabled", async () => {
    const clone = await stack.run("group", "clone", "shop-web-v000", "--no-traffic");
    assert.equal(clone.code, 0, clone.stdout + clone.stderr);
    const fresh = await waitFor("three more", async () => {
      const { instances } = await group("shop-web-v001");
      return instances.length === 3 && instances;
    });
    for (const { id } of fresh) {
      const why = JSON.parse((await stack.run("why", `web/${id}`, "--json")).stdout);
      assert.deepEqual([why.status, why.override?.by], ["OUT_OF_SERVICE", "server-groups"]);
      const events = why.events.map((event: { kind: string; detail: string }) => `${event.kind} ${event.detail}`);
      const firstUp = events.findIndex((event: string) => /\bUP\b/.test(event));
      const override = events.findIndex((event: string) => event.startsWith("override-set"));
      assert.ok(override >= 0 && (firstUp < 0 || override < firstUp), events.join("; "));
    }
    const enabled = await stack.run("group", "enable", "shop-web-v001");
    assert.equal(enabled.code, 0, enabled.stdout + enabled.stderr);
    for (const { id } of fresh) {
      const why = JSON.parse((await stack.run("why", `web/${id}`, "--json")).stdout);
      assert.equal(why.status, "UP");
    }
  });
});
