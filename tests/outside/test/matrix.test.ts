import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { type RunningRegistry, startRegistry } from "@holdfast/registry-server";
import { waitFor } from "@holdfast/testing";
import { freePorts } from "../src/free-ports.ts";
import { type Member, memberPlans } from "../src/members.ts";

const patience = { timeoutMs: 60_000 };

async function cluster(size: number): Promise<RunningRegistry[]> {
  const ports = await freePorts(size);
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const start = (port: number, i: number): Promise<RunningRegistry> => {
    const settings = { name: `peer-${i}`, peers: urls.filter((_url, j) => j !== i) };
    return startRegistry(new SystemClock(), systemRandom(), silentLog, settings, { port });
  };
  const registries = await Promise.all(ports.map(start));
  await Promise.all(registries.map((one) => one.synced));
  return registries;
}

/** Who does not see whom, in words. */
function blanks(members: readonly Member[]): string[] {
  return members.flatMap((from) =>
    members
      .filter((to) => from.sees(to.app).join() !== to.id)
      .map((to) => `${from.name} sees ${from.sees(to.app).join() || "nobody"} for ${to.name}`),
  );
}

async function allSeeAll(members: readonly Member[]): Promise<void> {
  try {
    await waitFor("each to see all", () => blanks(members).length === 0, patience);
  } catch {
    assert.deepEqual(blanks(members), []);
  }
}

for (const size of [1, 3]) {
  const where = size === 1 ? "one registry" : `${size} registries, spread over them`;
  test(`every client there is, at ${where}: each finds all, and each that leaves is gone for the others`, async (context) => {
    const plans = memberPlans();
    for (const { name, absent } of plans) if (absent !== undefined) context.diagnostic(`without ${name}: ${absent}`);
    const registries = await cluster(size);
    const members: Member[] = [];
    try {
      for (const [i, plan] of plans.filter(({ absent }) => absent === undefined).entries()) {
        members.push(await plan.start(registries[i % size]?.url ?? ""));
      }
      assert.ok(members.length >= 2);
      await allSeeAll(members);
      context.diagnostic(`each finds all: ${members.map(({ name }) => name).join(", ")}`);

      for (let gone = members.pop(); gone !== undefined; gone = members.pop()) {
        const { app, name } = gone;
        await gone.close();
        const still = (): string[] => members.filter((one) => one.sees(app).length > 0).map((one) => one.name);
        await waitFor(`${name} to be gone for all others`, () => still().length === 0, patience);
        assert.deepEqual(blanks(members), [], "and nobody else");
      }
    } finally {
      for (const member of members) await member.close();
      for (const registry of registries) await registry.close();
    }
  });
}
