import assert from "node:assert/strict";
import { test } from "node:test";
import type { InstanceId } from "@holdfast/kernel";
import { waitFor } from "@holdfast/testing";
import { Env } from "@holdfast/wire";
import { ZoneFixture } from "./fixture.ts";

/** `/good` answers 204, `/slow` never, anything else 503. */
const program = `node -e 'require("http").createServer((q, s) => { if (q.url !== "/slow") s.writeHead(q.url === "/good" ? 204 : 503).end(); }).listen(process.env.PORT, process.env.HOST)'`;

test("an agent asks its instances over HTTP and tells what they answer, or that they do not", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec(program);
  await engine.launch(spec);
  await waitFor("up", async () => (await fixture.one(engine, spec.id))?.state === "up");

  const ask = (path: string): ReturnType<typeof engine.ask> => engine.ask([{ id: spec.id, path, timeoutMs: 300 }]);
  assert.deepEqual(await ask("/good"), [{ id: spec.id, status: 204, detail: "/good answers 204" }]);
  assert.deepEqual(await ask("/bad"), [{ id: spec.id, status: 503, detail: "/bad answers 503" }]);
  // Without a status: fields that are undefined do not travel.
  assert.deepEqual(await ask("/slow"), [{ id: spec.id, detail: "/slow does not answer within 300 ms" }]);
  assert.deepEqual(await engine.ask([{ id: "i-unknown" as InstanceId, path: "/", timeoutMs: 300 }]), []);

  await engine.signal(spec.id, "SIGKILL", "a test");
  await waitFor("its end", async () => (await fixture.one(engine, spec.id))?.state === "stopped");
  assert.deepEqual(await ask("/good"), [], "of one that has ended nothing is said");
});

test("of a zone whose agent does not answer nothing is said", async () => {
  await using fixture = await ZoneFixture.start({ agent: false });
  const engine = fixture.engine();
  const spec = await fixture.spec(program);
  await assert.rejects(engine.launch(spec), { code: "AGENT_UNREACHABLE" });
  assert.deepEqual(await engine.ask([{ id: spec.id, path: "/good", timeoutMs: 300 }]), []);
});

test("a program that does not register itself and is launched out of service is registered so, and UP only then", async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec(program, { env: { [Env.outOfService]: "movies-catalog-v001 is disabled" } });
  await engine.launch(spec);
  await waitFor("registered", () => fixture.registry.calls.length >= 3);
  const key = `${spec.service}/${spec.id}`;
  // A registration as STARTING, the override, which the stub takes for one of another path, and UP.
  const told = fixture.registry.calls.slice(0, 3).map((call) => call.split(" ").at(-1));
  assert.deepEqual(told, ["STARTING", "OUT_OF_SERVICE", "UP"], fixture.registry.calls.join("; "));
  assert.ok(fixture.registry.calls[0]?.includes(key));
});
