import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import { Stack, waitFor } from "@holdfast/testing";
import type { ActivityView, OperationView, ServerGroupView } from "@holdfast/wire/control";
import { alive, appInstances, bin, hasPython, load, movies, moviesInstances, size } from "./support.ts";

const services = ["catalog", "ratings", "recommendations", "users", ...(hasPython ? ["reviews"] : []), "api"];

/** Server groups of a real stack: changed while control dies, given nonsense, replaced under a visitor. */
suite("server groups", () => {
  let stack: Stack;
  const random = new SeededRandom(19);

  before(async () => {
    stack = await Stack.up({ bin, application: movies });
  });
  after(async () => {
    await stack.down();
  });

  const groups = async (cluster: string): Promise<readonly ServerGroupView[]> =>
    stack.json<ServerGroupView[]>(`/v1/groups?cluster=${cluster}`);
  const restful = async (): Promise<boolean> => (await appInstances(stack)).length === moviesInstances;

  /** Asks for something under a key, again and again until control has taken it, as a careful client does. */
  async function insist(group: string, act: string, key: string, body: unknown): Promise<OperationView> {
    return waitFor(`${act} of ${group} to be taken`, async () => {
      try {
        const response = await fetch(new URL(`/v1/groups/${group}/${act}`, stack.ready.console), {
          method: "POST",
          headers: {
            authorization: `Bearer ${stack.token}`,
            "content-type": "application/json",
            "idempotency-key": key,
          },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(2_000),
        });
        const answer = (await response.json()) as OperationView & { code?: string; detail?: string };
        if (response.status === 202) return answer;
        // Those that say "not now"; anything else is an answer.
        if (response.status === 503) return undefined;
        throw new Error(`${act} ${group}: ${response.status} ${answer.code}: ${answer.detail}`);
      } catch (error) {
        if (error instanceof Error && error.message.startsWith(act)) throw error;
        return undefined;
      }
    });
  }

  async function ended(operation: OperationView): Promise<void> {
    const last = await waitFor(
      `the end of ${operation.kind} ${operation.group}`,
      async () => {
        const now = await stack.json<OperationView>(`/v1/operations/${operation.id}`).catch(() => undefined);
        return now === undefined || now.state === "running" ? undefined : now;
      },
      { timeoutMs: 30_000 },
    );
    assert.equal(last.state, "succeeded", last.detail);
  }

  /** Within the next half second control is killed with -9; it is brought back by its supervisor. */
  async function killControlSoon(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, random.below(500)));
    const control = (await stack.ps().catch(() => [])).find(({ kind }) => kind === "control");
    if (control?.pid) process.kill(control.pid, "SIGKILL");
  }

  test("control killed in the middle of each operation: each is done once, nothing is lost or doubled", async () => {
    const rounds = size(1, 40);
    for (let round = 0; round < rounds; round++) {
      const first = (await groups("users")).find(({ primary }) => primary)?.name ?? "";
      const keyed = (act: string): string => `${act}-${round}`;
      let next = "";
      const step = async (group: string, act: string, body: unknown): Promise<OperationView> => {
        const [, operation] = await Promise.all([killControlSoon(), insist(group, act, keyed(act), body)]);
        // Whoever did not hear the answer asks again.
        const again = await insist(group, act, keyed(act), body);
        assert.equal(again.id, operation.id, "the same key is the same operation");
        await ended(operation);
        return operation;
      };
      next = (await step(first, "clone", { traffic: false })).group ?? "";
      await step(next, "enable", {});
      await step(first, "disable", {});
      await step(next, "resize", { desired: 4 });
      await step(first, "destroy", {});
      const left = await groups("users");
      assert.deepEqual(
        left.map(({ name, desired, up }) => ({ name, desired, up })),
        [{ name: next, desired: 4, up: 4 }],
      );
      const running = (await appInstances(stack)).filter(({ name }) => name === "users");
      assert.equal(running.length, 4);
      assert.equal(new Set(running.map(({ pid }) => pid)).size, 4);
      assert.ok(running.every(({ pid }) => alive(pid)));
      await insist(next, "resize", keyed("back"), { desired: 3 });
      await waitFor("three again", async () => (await groups("users"))[0]?.instances.length === 3, {
        timeoutMs: 15_000,
      });
    }
    await waitFor("rest", restful);
  });

  test("every instance of every service is replaced, one after the other: the visitor stays who they are, no request fails", async () => {
    await load(stack.ready.edge, { rate: 30, seconds: 4 });
    const answer = await fetch(new URL("/watch-as/7", stack.ready.edge), { method: "POST", redirect: "manual" });
    assert.equal(answer.status, 303);
    const cookie = (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const before = new Set((await appInstances(stack)).map(({ id }) => id));
    let seen = 0;
    let isOver = false;
    const visiting = (async () => {
      while (!isOver) {
        const page = await fetch(new URL("/api/home", stack.ready.edge), {
          headers: { cookie },
          signal: AbortSignal.timeout(5_000),
        });
        assert.equal(page.status, 200);
        const { user } = (await page.json()) as { user: { id: number } };
        assert.equal(user.id, 7);
        seen++;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    try {
      for (const service of services) {
        const result = await stack.run("restart", service);
        assert.equal(result.code, 0, result.stderr);
      }
    } finally {
      isOver = true;
      await visiting;
    }
    const now = await appInstances(stack);
    assert.ok(
      now.every(({ id }) => !before.has(id)),
      "all of them are new",
    );
    assert.ok(seen > 50, `${seen} visits`);
  });

  test("a version that forks and exits never serves, is tried at growing distances, and the one before serves on", async () => {
    const [old] = await groups("ratings");
    assert.ok(old !== undefined);
    const refused = await stack.run("group", "clone", old.name, "--image", "/no/such/image");
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /IMAGE_MISSING/);
    const upside = await stack.run("group", "resize", old.name, "--min", "5", "--max", "3");
    assert.equal(upside.code, 2);
    assert.match(upside.stderr, /min 5 is more than max 3/);

    const clone = await stack.run("group", "clone", old.name, "--run", "sh -c 'sleep 60 & exit 0'", "--no-wait");
    assert.equal(clone.code, 0, clone.stderr);
    const bad = await waitFor("the bad group's reason", async () => {
      const group = (await groups("ratings")).find(({ name }) => name !== old.name);
      return group !== undefined && /exited/.test(group.reason) ? group : undefined;
    });
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    const activities = await stack.json<readonly ActivityView[]>("/v1/activities?limit=500");
    const launches = activities.filter(
      ({ group, kind }) => group === bad.name && (kind === "launch" || kind === "replace"),
    );
    // Three zones, each after 250, 500, 1,000 ms …
    assert.ok(launches.length >= 3 && launches.length <= 27, `${launches.length} launches`);
    const now = await groups("ratings");
    assert.equal(now.find(({ name }) => name === old.name)?.up, 3);
    assert.equal(now.find(({ name }) => name === bad.name)?.up, 0);
    const page = await fetch(new URL("/api/home", stack.ready.edge));
    assert.equal(page.status, 200);
    const destroyed = await stack.run("group", "destroy", bad.name);
    assert.equal(destroyed.code, 0, destroyed.stderr);
    assert.deepEqual(
      (await groups("ratings")).map(({ name }) => name),
      [old.name],
    );
  });
});
