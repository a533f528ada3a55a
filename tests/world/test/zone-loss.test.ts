import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { Stack, type StackInstance, waitFor } from "@holdfast/testing";
import { alive, appInstances, bin, load, movies, moviesInstances, size } from "./support.ts";

const zone = "local-1b";
/** Issue 6: capacity is with the others so soon, on a machine for itself; the short run shares its two cores. */
const movedMaxMs = size(20_000, 5_000);

/** A zone of the movies stack is killed whole, its agent with it, again and again, as long as the loss is to last. */
suite("a zone that is killed whole under load", () => {
  let stack: Stack;

  before(async () => {
    stack = await Stack.up({ bin, application: movies });
    await load(stack.ready.edge, { rate: 40, seconds: 5 });
  });
  after(async () => {
    await stack.down();
  });

  test("fails no request; the others have its capacity within seconds, and give it back when the zone returns", async (t) => {
    const seconds = size(30, 60);
    const running = load(stack.ready.edge, { rate: size(40, 200), seconds });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const inZone = ({ zone: name }: StackInstance): boolean => name === zone;
    // The balancer is people's door, and at their address: whoever kills it cuts their connections.
    const victims = (await stack.ps()).filter((one) => inZone(one) && one.kind !== "balancer");
    assert.ok(victims.filter(({ kind }) => kind === "app").length >= moviesInstances / 3);

    using outage = keepDown(stack);
    const from = performance.now();
    for (const { pid } of victims) if (pid !== null && alive(pid)) process.kill(pid, "SIGKILL");
    await waitFor(
      "the capacity in the other zones",
      async () => (await appInstances(stack)).filter((one) => !inZone(one)).length >= moviesInstances,
      { timeoutMs: 30_000 },
    );
    const movedMs = performance.now() - from;
    t.diagnostic(`moved after ${Math.round(movedMs)} ms`);
    outage.end();

    const back = performance.now();
    let most = 0;
    await waitFor(
      "the balance",
      async () => {
        const now = await appInstances(stack);
        most = Math.max(most, now.length);
        return now.length === moviesInstances && now.filter(inZone).length === moviesInstances / 3;
      },
      { timeoutMs: 60_000, everyMs: 250 },
    );
    t.diagnostic(`in balance ${Math.round(performance.now() - back)} ms after its return, at most ${most} instances`);
    const report = await running;
    assert.ok(report.sent > 0);
    assert.equal(report.failed, 0, JSON.stringify(report.failures.slice(0, 5)));
    assert.ok(movedMs <= movedMaxMs, `moved after ${Math.round(movedMs)} ms`);
  });
});

/** Kills the zone's agent, and each that its supervisor starts in its place, until told to end. */
function keepDown(stack: Stack): Disposable & { end(): void } {
  const killer = setInterval(() => {
    const pid = agentPid(stack);
    if (pid !== undefined && alive(pid)) process.kill(pid, "SIGKILL");
  }, 20);
  const end = (): void => clearInterval(killer);
  return { end, [Symbol.dispose]: end };
}

/** As `up` has written it down. */
function agentPid({ ready }: Stack): number | undefined {
  try {
    const { runDirectory } = JSON.parse(readFileSync(join(ready.stateDirectory, "stack.json"), "utf8"));
    const { "agent-1.2": agent } = JSON.parse(readFileSync(join(runDirectory, "processes.json"), "utf8"));
    return agent.pid;
  } catch {
    // It is just being written, or there is none.
    return undefined;
  }
}
