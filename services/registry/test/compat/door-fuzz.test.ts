import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Door } from "./door.ts";
import { instanceOf } from "./instances.ts";

const cases = Math.min(Number(process.env["HOLDFAST_FUZZ_CASES"] ?? 2_000), 20_000);

const word = fc.oneof(
  fc.constantFrom(
    "apps",
    "delta",
    "API",
    "i-1",
    "status",
    "metadata",
    "instances",
    "vips",
    "asg",
    "v1",
    "v2",
    "eureka",
  ),
  fc.constantFrom(
    "serverinfo",
    "statusoverrides",
    "peerreplication",
    "batch",
    "..",
    "%2e%2e",
    "%00",
    "%",
    "__proto__",
    "",
  ),
  fc.string({ maxLength: 12 }).map(encodeURIComponent),
);
const query = fc.oneof(
  fc.constantFrom(
    "",
    "?value=UP",
    "?value=GREAT",
    "?regions=a,b",
    "?lastDirtyTimestamp=9e99",
    "?lastDirtyTimestamp=-1",
    "?&&==&%",
  ),
  fc.webQueryParameters().map((text) => `?${text}`),
);
const path = fc
  .tuple(fc.constantFrom("/eureka", "/eureka/v2", "/v2", "/eureka/v1"), fc.array(word, { maxLength: 5 }), query)
  .map(([prefix, words, tail]) => [prefix, ...words].join("/") + tail);
const known = JSON.stringify({
  instance: { instanceId: "i-1", hostName: "h", app: "API", ipAddr: "1.2.3.4", status: "UP" },
});
const body = fc.oneof(
  fc.constantFrom(
    undefined,
    "",
    "{}",
    "[]",
    "null",
    known,
    '{"instance":{"app":7}}',
    '{"replicationList":[{}]}',
    "<instance>",
  ),
  fc.string({ maxLength: 200 }),
  fc.json({ maxDepth: 4 }),
  fc.json({ maxDepth: 3 }).map((text) => `{"instance":${text}}`),
  fc.json({ maxDepth: 3 }).map((text) => `{"replicationList":[${text}]}`),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
);
const headers = fc.record(
  {
    accept: fc.constantFrom("application/json", "application/xml", "*/*", "text/html;q=x"),
    "accept-encoding": fc.constantFrom("gzip", "deflate", "identity;q=0"),
    "content-type": fc.constantFrom("application/json", "application/xml", "text/plain", ";"),
    "content-encoding": fc.constantFrom("gzip", "identity", "br"),
    "x-eureka-accept": fc.constantFrom("full", "compact", "mini"),
    "x-netflix-discovery-replication": fc.constantFrom("true", "false", "TRUE"),
    "if-none-match": fc.constantFrom("*", '"x"', "x"),
  },
  { requiredKeys: [] },
);
const method = fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS");

test("whatever is asked of Eureka's door, it answers, and serves on; 500 only for a status that is none", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1"));
  const property = fc.asyncProperty(method, path, headers, body, async (verb, target, given, content) => {
    const sent = content === undefined ? { headers: given } : { headers: given, body: content };
    const reply = await door.send(verb, target, sent);
    const isStatusOrder = (verb === "PUT" || verb === "DELETE") && /\/status\/*(\?|$)/.test(target);
    assert.ok(
      reply.status < 500 || (reply.status === 500 && isStatusOrder),
      `${verb} ${target}: ${reply.status} ${reply.text}`,
    );
  });
  await fc.assert(property, { numRuns: cases, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false });
  await door.register(instanceOf("i-2"));
  assert.equal((await door.get("/eureka/apps/API/i-2")).status, 200);
});
