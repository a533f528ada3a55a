import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import { FakeClock } from "@holdfast/testing";
import { RateLimiter, TokenBucket } from "../../src/compat/rate-limiter.ts";

function request(url: string, name?: string): IncomingMessage {
  const req = new IncomingMessage(new Socket());
  req.method = "GET";
  req.url = url;
  if (name !== undefined) req.headers["discoveryidentity-name"] = name;
  return req;
}

test("a bucket gives its burst at once and then one each interval", async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, 2, 10);
  assert.deepEqual([bucket.take(), bucket.take(), bucket.take()], [true, true, false]);
  await clock.advance(99);
  assert.equal(bucket.take(), false);
  await clock.advance(2);
  assert.deepEqual([bucket.take(), bucket.take()], [true, false]);
  await clock.advance(60_000);
  assert.deepEqual([bucket.take(), bucket.take(), bucket.take()], [true, true, false]);
});

test("only fetches of all, delta and one application are limited, and full ones more so", () => {
  const limiter = new RateLimiter(new FakeClock(), {
    burstSize: 2,
    fullFetchAverageRate: 1,
    registryFetchAverageRate: 1,
  });
  for (let i = 0; i < 5; i++) assert.equal(limiter.allows(request("/eureka/v2/apps/API/i-1")), true);
  for (let i = 0; i < 5; i++) assert.equal(limiter.allows(request("/eureka/v2/vips/x")), true);
  assert.equal(limiter.allows(request("/eureka/v2/apps/")), true);
  assert.equal(limiter.allows(request("/eureka/v2/apps/delta")), true);
  assert.equal(limiter.allows(request("/eureka/v2/apps/API?x=1")), false);
  assert.equal(limiter.allows(request("/eureka/v2/apps")), false);
});

test("Netflix's own clients are let through unless told otherwise, others that are privileged always", () => {
  const strict = { burstSize: 1, registryFetchAverageRate: 0.001, privilegedClients: ["Mine"] };
  const kind = new RateLimiter(new FakeClock(), strict);
  const hard = new RateLimiter(new FakeClock(), { ...strict, throttleStandardClients: true });
  for (let i = 0; i < 3; i++) {
    assert.equal(kind.allows(request("/eureka/apps", "DefaultClient")), true);
    assert.equal(kind.allows(request("/eureka/apps", "DefaultServer")), true);
    assert.equal(hard.allows(request("/eureka/apps", "Mine")), true);
    assert.equal(hard.allows(request("/eureka/apps", "DefaultClient")), i === 0);
  }
  assert.equal(kind.allows(request("/eureka/apps", "Other")), true);
  assert.equal(kind.allows(request("/eureka/apps", "Other")), false);
});
