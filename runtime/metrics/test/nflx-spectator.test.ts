import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import {
  AtlasPublisher,
  BucketCounter,
  BucketTimer,
  byteBuckets,
  httpPublishSender,
  latencyBuckets,
  type Measurement,
  MeterRegistry,
  percentileBounds,
  percentileBucketOf,
} from "@holdfast/metrics";
import { FakeClock, waitFor } from "@holdfast/testing";

type Tags = Readonly<Record<string, string>>;
type BucketOf = (value: number) => string;

/** What is used of nflx-spectator 1.0.0. Its times are seconds, its bucket functions take ns. */
interface Spectator {
  counter(name: string, tags?: Tags): { increment(by?: number): void };
  gauge(name: string, tags?: Tags): { set(value: number): void };
  timer(name: string, tags?: Tags): { record(seconds: number): void };
  distSummary(name: string, tags?: Tags): { record(amount: number): void };
  percentileTimer(name: string, tags?: Tags): { record(seconds: number): void };
  percentileDistSummary(name: string, tags?: Tags): { record(amount: number): void };
  bucketCounter(name: string, tags: Tags, bucketOf: BucketOf): { record(amount: number): void };
  bucketTimer(name: string, tags: Tags, bucketOf: BucketOf): { record(seconds: number): void };
  readonly publisher: { sendMetricsNow(done: (error?: Error) => void): void };
}

interface Package {
  readonly Registry: new (config: object) => Spectator;
  readonly BucketFunctions: { latency(max: number, unit: string): BucketOf; bytes(max: number): BucketOf };
}

/** Installed with the tests against others' programs, or with the benches' peers. */
function installed(): Package | undefined {
  for (const from of ["tests/outside", "bench/peers"]) {
    try {
      return createRequire(new URL(`../../../${from}/package.json`, import.meta.url))("nflx-spectator") as Package;
    } catch {}
  }
  return undefined;
}

const peer = installed();
const stepSeconds = 5;

/** Series to value; counts are those of the step, as both mean them. */
type Series = Map<string, number>;

function add(series: Series, tags: Record<string, string>, isRate: boolean, value: number): void {
  const { name = "", ...others } = tags;
  // What publishers say of themselves is their own.
  if (name.startsWith("spectator.") || name.startsWith("http.")) return;
  const sorted = Object.entries(others).toSorted(([a], [b]) => (a < b ? -1 : 1));
  series.set(`${name} ${sorted.map((pair) => pair.join("=")).join(" ")} ${isRate ? "rate" : "gauge"}`, value);
}

/** nflx-spectator: how many strings, the strings, then how many tags, the tags, 0 to add or 10 for the largest, the value. */
function readCompact(body: readonly (string | number)[], series: Series): void {
  const strings = body.slice(1, 1 + Number(body[0]));
  let at = 1 + strings.length;
  while (at < body.length) {
    const tags: Record<string, string> = {};
    const count = Number(body[at]);
    for (let tag = 0; tag < count; tag++) {
      const [key, value] = [strings[Number(body[at + 1 + 2 * tag])], strings[Number(body[at + 2 + 2 * tag])]];
      tags[String(key)] = String(value);
    }
    at += 1 + 2 * count;
    add(series, tags, body[at] === 0, Number(body[at + 1]));
    at += 2;
  }
}

function readAtlas(body: { readonly tags: Tags; readonly metrics: readonly Measurement[] }, series: Series): void {
  for (const { tags, value } of body.metrics) {
    const { "atlas.dstype": type, ...others } = { ...body.tags, ...tags };
    add(series, others, type === "rate", type === "rate" ? value * stepSeconds : value);
  }
}

/**
 * Between the last step of a power of four and the next power, Spectator's formula skips a bucket (as ours does) and
 * nflx-spectator's search does not: 61 is in bucket 24 there, in 23 here.
 */
function isSkipped(value: number): boolean {
  return (percentileBounds[percentileBucketOf(value) - 1] ?? 0) > value;
}

/** The same to both, in each one's words. */
function recordBoth(ours: MeterRegistry, theirs: Spectator, { BucketFunctions }: Package): void {
  const tags = { zone: "a", status: "2xx" };
  const bucketTimer = new BucketTimer(ours, "bucketTimer", tags, latencyBuckets(100));
  const theirBucketTimer = theirs.bucketTimer("bucketTimer", tags, BucketFunctions.latency(100, "ms"));
  const bucketCounter = new BucketCounter(ours, "bucketCounter", tags, byteBuckets(20_000));
  const theirBucketCounter = theirs.bucketCounter("bucketCounter", tags, BucketFunctions.bytes(20_000));
  for (let i = 0; i < 400; i++) {
    // Whole µs: both then see the same whole ns.
    const ms = Math.round(Math.exp(Math.sin(i) * 5) * 1_000) / 1_000;
    const size = Math.round(Math.exp(Math.sin(i * 7) * 6) * 30);
    if (isSkipped(size) || isSkipped(ms * 1e6)) continue;
    ours.timer("timer", tags).record(ms);
    theirs.timer("timer", tags).record(ms / 1_000);
    ours.percentileTimer("percentileTimer").record(ms);
    theirs.percentileTimer("percentileTimer").record(ms / 1_000);
    ours.summary("summary", tags).record(size);
    theirs.distSummary("summary", tags).record(size);
    ours.percentileSummary("percentileSummary").record(size);
    theirs.percentileDistSummary("percentileSummary").record(size);
    bucketTimer.record(ms);
    theirBucketTimer.record(ms / 1_000);
    bucketCounter.record(size);
    theirBucketCounter.record(size);
  }
  for (const registry of [ours, theirs]) {
    registry.counter("counter", tags).increment();
    registry.counter("counter", tags).increment(2.5);
    registry.counter("counter", tags).increment(-1);
    registry.counter("never");
    registry.gauge("gauge", tags).set(-4.25);
    registry.gauge("unset");
  }
}

test("the same series come from us as from nflx-spectator, to the same receiver", {
  skip: peer === undefined ? "needs nflx-spectator" : false,
}, async () => {
  assert.ok(peer !== undefined);
  const [ours, theirs]: [Series, Series] = [new Map(), new Map()];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const body: unknown = JSON.parse(
      (req.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString(),
    );
    if (Array.isArray(body)) readCompact(body as (string | number)[], theirs);
    else readAtlas(body as Parameters<typeof readAtlas>[0], ours);
    res.end("{}");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/publish`;
  const commonTags = { "nf.app": "movies", "nf.zone": "a" };

  const clock = new FakeClock();
  const meters = new MeterRegistry();
  const spectator = new peer.Registry({ uri, commonTags, logLevel: "fatal" });
  const send = httpPublishSender(new SystemClock(), new URL(uri));
  const options = { stepMs: stepSeconds * 1_000, commonTags };
  const publisher = new AtlasPublisher(clock, new SeededRandom(3), silentLog, meters, send, options);
  publisher.start();
  recordBoth(meters, spectator, peer);
  await clock.advance(2 * stepSeconds * 1_000 - 1);
  await new Promise<void>((resolve, reject) => {
    spectator.publisher.sendMetricsNow((error) => (error ? reject(error) : resolve()));
  });
  await waitFor("both to have published", () => ours.size > 0 && theirs.size > 0);
  await publisher.stop();
  await new Promise((resolve) => void server.close(resolve));

  assert.ok(theirs.size > 80, `${theirs.size} series`);
  assert.deepEqual([...ours.keys()].toSorted(), [...theirs.keys()].toSorted());
  for (const [series, value] of theirs) {
    const own = ours.get(series) ?? Number.NaN;
    assert.ok(Math.abs(own - value) <= Math.abs(value) * 1e-9, `${series}: ${own}, not ${value}`);
  }
});
