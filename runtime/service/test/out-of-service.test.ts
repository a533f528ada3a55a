import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { Resilience } from "@holdfast/resilience";
import { serve } from "@holdfast/service";
import { waitFor } from "@holdfast/testing";
import { Env } from "@holdfast/wire";

/** A registry that takes everything and remembers the statuses it was told, in order. */
async function statusBook(): Promise<AsyncDisposable & { readonly url: string; readonly said: string[] }> {
  const said: string[] = [];
  const server = createServer(async (req, res) => {
    let body = "";
    for await (const chunk of req) body += String(chunk);
    const what = req.url?.includes("/overrides/") === true ? "override " : "";
    if (req.method === "PUT") said.push(`${what}${JSON.parse(body).status}`);
    const isStatus = req.url?.endsWith("/status") === true;
    res.writeHead(isStatus ? 200 : 204).end(isStatus ? '{"listeners":0,"seen":0,"complete":true}' : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    said,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function statusesOf(environment: Record<string, string>): Promise<readonly string[]> {
  await using registry = await statusBook();
  const clock = new SystemClock();
  const service = await serve(
    { handleSignals: false, handler: (_req, res) => res.end() },
    {
      clock,
      random: new SeededRandom(1),
      log: silentLog,
      meters: new MeterRegistry(),
      resilience: new Resilience(clock),
      environment: {
        PORT: "0",
        [Env.adminPort]: "0",
        [Env.instanceId]: "i-me",
        [Env.registries]: registry.url,
        ...environment,
      },
    },
  );
  await waitFor("UP", () => registry.said.includes("UP"));
  const said = [...registry.said];
  await service.stop();
  return said;
}

test("a service that is launched out of service has its override said before it says that it is up", async () => {
  const said = await statusesOf({ [Env.outOfService]: "movies-catalog-v001 is disabled" });
  const [override, up] = [said.indexOf("override OUT_OF_SERVICE"), said.indexOf("UP")];
  assert.ok(override > 0 && override < up, said.join());
  assert.ok(
    said.slice(0, override).every((status) => status === "STARTING"),
    said.join(),
  );
});

test("and without a word of it, or with an empty one, none is", async () => {
  for (const environment of [{}, { [Env.outOfService]: "" }]) {
    const said = await statusesOf(environment);
    assert.ok(
      said.every((status) => !status.startsWith("override")),
      said.join(),
    );
  }
});
