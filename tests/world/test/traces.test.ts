import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { runHoldfast, Stack, temporaryDirectory, waitFor } from "@holdfast/testing";
import { bin, root, writeApplication } from "./support.ts";

const front = `
import { client, inSpan, log, serve } from "holdfast";
await serve({
  name: "front",
  handler: async (req, res) => {
    log().info("front.asked", { path: req.url });
    const answer = await inSpan("render", () => client("back").fetch(req.url));
    res.writeHead(answer.status).end(await answer.text());
  },
});
`;
const back = `
import { serve } from "holdfast";
await serve({ name: "back", handler: (req, res) => res.writeHead(req.url === "/broken" ? 500 : 200).end("back") });
`;

interface TraceView {
  readonly traceId: string;
  readonly kept: string;
  readonly tree: readonly {
    readonly depth: number;
    readonly service: string;
    readonly name: string;
    readonly error: boolean;
  }[];
}

suite("traces of a running stack", () => {
  test("a request is one trace from the gateway on, with its logs; one that fails is kept whatever was decided", async (t) => {
    const directory = temporaryDirectory("traces-world");
    t.after(() => directory[Symbol.dispose]());
    const services = "services:\n  front: { run: node front.ts }\n  back: { run: node back.ts }\n";
    writeApplication(directory.path, {
      "holdfast.config.yaml": `${services}routes:\n  - { match: "/**", to: front }\n`,
      "front.ts": front,
      "back.ts": back,
    });
    mkdirSync(join(directory.path, "node_modules"));
    symlinkSync(join(root, "holdfast"), join(directory.path, "node_modules/holdfast"));
    await using stack = await Stack.up({ bin, application: directory.path });
    const ask = async (path: string, traceparent: string, requestId: string): Promise<number> => {
      const answer = await fetch(`${stack.ready.edge}${path}`, { headers: { traceparent, "x-request-id": requestId } });
      await answer.arrayBuffer();
      return answer.status;
    };
    /** Spans come from each process in its own time; the gateway's may be the last. */
    const traceOf = (id: string, spans: number): Promise<TraceView> =>
      waitFor(`${spans} spans of ${id}, the gateway's among them`, async () => {
        const answer = await stack.api(`/v1/traces/${id}`);
        const trace = (await answer.json()) as TraceView;
        const isWhole = answer.ok && trace.tree.length >= spans;
        return isWhole && trace.tree.some(({ service }) => service === "gateway") ? trace : undefined;
      });

    const kept = "0af7651916cd43dd8448eb211c80319c";
    assert.equal(await ask("/fine", `00-${kept}-b7ad6b7169203331-01`, "r-fine"), 200);
    const fine = await traceOf("r-fine", 6);
    assert.equal(fine.traceId, kept);
    assert.deepEqual(
      fine.tree.map(({ depth, service, name, error }) => [depth, service, name, error]),
      [
        [0, "gateway", "GET /fine", false],
        [1, "gateway", "GET front", false],
        [2, "front", "GET /fine", false],
        [3, "front", "render", false],
        [4, "front", "GET back", false],
        [5, "back", "GET /fine", false],
      ],
    );
    const shown = await runHoldfast(bin, ["traces", "r-fine", "--dir", stack.ready.stateDirectory]);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /front\.asked/);
    assert.match(shown.stdout, / {8}front GET back .*█/);

    const dropped = "1af7651916cd43dd8448eb211c80319c";
    assert.equal(await ask("/fine", `00-${dropped}-b7ad6b7169203331-00`, "r-dropped"), 200);
    assert.equal(await ask("/broken", `00-${dropped.replace("1", "2")}-b7ad6b7169203331-00`, "r-broken"), 500);
    const broken = await traceOf("r-broken", 4);
    assert.equal(broken.kept, "error");
    assert.deepEqual([...new Set(broken.tree.map(({ service }) => service))].toSorted(), ["back", "front", "gateway"]);
    assert.equal((await stack.api("/v1/traces/r-dropped")).status, 404);
  });
});
