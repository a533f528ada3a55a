import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Config } from "@holdfast/config";
import { SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { Resilience } from "@holdfast/resilience";
import { serve } from "@holdfast/service";
import { waitFor } from "@holdfast/testing";
import { freePort } from "./free-port.ts";

interface Body {
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: readonly { readonly tags: Readonly<Record<string, string>>; readonly value: number }[];
}

test("meters go where atlas.uri says, from the moment it says so, with Netflix's tags of who sends; the last values at the end", async () => {
  const bodies: Body[] = [];
  const receiver = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      const raw = Buffer.concat(chunks);
      const text = req.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
      bodies.push(JSON.parse(text.toString()) as Body);
      res.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const bound = receiver.address();
  const uri = `http://127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}/api/v1/publish`;
  const [clock, config, meters] = [new SystemClock(), new Config(), new MeterRegistry()];
  const environment = { PORT: "0", HOLDFAST_ADMIN_PORT: String(await freePort()), HOLDFAST_INSTANCE_ID: "i-me" };
  const surroundings = { clock, random: new SeededRandom(1), log: silentLog, meters, environment, config };
  const resilience = new Resilience(clock);
  const options = { name: "api", handleSignals: false, handler: (_req: unknown, res: ServerResponse) => res.end("ok") };
  const service = await serve(options, { ...surroundings, resilience });
  try {
    config.set("runtime", "atlas.step", "1s");
    config.set("runtime", "atlas.uri", "no url");
    config.set("runtime", "atlas.uri", uri);
    const seen = await waitFor("requests to be published", async () => {
      await (await fetch(service.url)).text();
      return bodies.find(({ metrics }) => metrics.some(({ tags }) => tags["name"] === "ipc.server.call"));
    });
    assert.deepEqual([seen.tags["nf.app"], seen.tags["nf.node"]], ["api", "i-me"]);
  } finally {
    const before = bodies.length;
    await service.stop();
    assert.ok(bodies.length >= before);
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
  }
});
