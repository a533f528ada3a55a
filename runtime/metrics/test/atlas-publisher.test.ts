import assert from "node:assert/strict";
import { test } from "node:test";
import { type Log, SeededRandom, silentLog } from "@holdfast/kernel";
import {
  AtlasPublisher,
  type AtlasPublisherOptions,
  type Measurement,
  MeterRegistry,
  type PublishAnswer,
} from "@holdfast/metrics";
import { FakeClock } from "@holdfast/testing";

interface Body {
  readonly tags: Record<string, string>;
  readonly metrics: Measurement[];
}

/** A minute of the wall clock begins here. */
const minute = 1_700_000_040_000;

class Receiver {
  readonly texts: string[] = [];
  readonly atMs: number[] = [];
  answers: (PublishAnswer | Error)[] = [];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  readonly send = (text: string): Promise<PublishAnswer> => {
    this.texts.push(text);
    this.atMs.push(this.#clock.wallMs());
    const answer = this.answers.shift() ?? { status: 200, body: "" };
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };

  get bodies(): Body[] {
    return this.texts.map((text) => JSON.parse(text) as Body);
  }

  /** `name statistic other=tags dstype` to value, of all bodies, but for what the publisher says of itself. */
  get values(): Record<string, number> {
    const all = this.bodies.flatMap((body) => body.metrics);
    const user = all.filter((one) => one.tags["name"] !== "spectator.measurements");
    return Object.fromEntries(user.map((one) => [keyOf(one.tags), one.value]));
  }
}

function keyOf({ name, statistic, "atlas.dstype": type, ...others }: Readonly<Record<string, string>>): string {
  const more = Object.entries(others).map(([key, value]) => `${key}=${value}`);
  return [name, statistic, ...more, type].join(" ");
}

function setUp(options: AtlasPublisherOptions = {}, wallMs = minute, log: Log = silentLog) {
  const clock = new FakeClock(wallMs);
  const meters = new MeterRegistry();
  const receiver = new Receiver(clock);
  const publisher = new AtlasPublisher(clock, new SeededRandom(7), log, meters, receiver.send, options);
  return { clock, meters, receiver, publisher };
}

test("the body is Atlas' to the letter", async () => {
  const { clock, meters, receiver, publisher } = setUp({ commonTags: { "nf.app": "movies" } });
  publisher.start();
  meters.counter("hits", { status: "2xx" }).increment(30);
  await clock.advance(120_000);
  await publisher.stop();
  assert.equal(
    receiver.texts[0],
    `{"tags":{"nf.app":"movies"},"metrics":[{"tags":{"statistic":"count","name":"hits","status":"2xx","atlas.dstype":"rate"},"timestamp":${minute + 60_000},"value":0.5}]}`,
  );
  assert.equal(clock.pendingTimers, 0);
});

test("every kind of meter becomes the series that Spectator publishes, in its units", async () => {
  const { clock, meters, receiver, publisher } = setUp({ stepMs: 5_000 });
  publisher.start();
  meters.counter("c").increment(10);
  meters.counter("own", { statistic: "totalTime" }).increment(5);
  meters.gauge("g").set(-3);
  meters.gauge("never");
  meters.maxGauge("m").set(4);
  meters.maxGauge("m").set(2);
  for (const ms of [1_000, 3_000]) meters.timer("t", { a: "x" }).record(ms);
  for (const amount of [3, 4]) meters.summary("s").record(amount);
  meters.percentileTimer("pt").record(20);
  meters.percentileSummary("ps").record(15);
  await clock.advance(9_999);
  assert.deepEqual(receiver.values, {
    "c_ count rate": 2,
    "own totalTime rate": 1,
    "g_ gauge gauge": -3,
    "m_ max gauge": 4,
    "t_ count a_=x rate": 0.4,
    "t_ totalTime a_=x rate": 0.8,
    "t_ totalOfSquares a_=x rate": 2,
    "t_ max a_=x gauge": 3,
    "s_ count rate": 0.4,
    "s_ totalAmount rate": 1.4,
    "s_ totalOfSquares rate": 5,
    "s_ max gauge": 4,
    "pt count rate": 0.2,
    "pt totalTime rate": 0.004,
    "pt totalOfSquares rate": 0.000_08,
    "pt max gauge": 0.02,
    "pt percentile percentile=T0069 rate": 0.2,
    "ps count rate": 0.2,
    "ps totalAmount rate": 3,
    "ps totalOfSquares rate": 45,
    "ps max gauge": 15,
    "ps percentile percentile=D000F rate": 0.2,
  });
  await publisher.stop();
});

test("a step that was quiet says nothing but gauges, and what came before the start is not published", async () => {
  const { clock, meters, receiver, publisher } = setUp();
  meters.counter("early").increment(100);
  meters.timer("early.timer").record(900);
  meters.gauge("gauge").set(1);
  publisher.start();
  await clock.advance(119_000);
  const { values } = receiver;
  assert.deepEqual(values, { "gauge gauge gauge": 1 });
  meters.timer("early.timer").record(5);
  await clock.advance(60_000);
  assert.equal(receiver.values["early.timer max gauge"], 0.005);
  await publisher.stop();
});

test("steps end on the minute and are sent within the middle of the next one", async () => {
  const { clock, meters, receiver, publisher } = setUp({}, minute + 47_123);
  publisher.start();
  const hits = meters.counter("hits");
  for (let second = 0; second < 300; second++) {
    hits.increment();
    await clock.advance(1_000);
  }
  const stamps = receiver.bodies.map((body) => body.metrics[0]?.timestamp ?? 0);
  assert.deepEqual(
    stamps.slice(0, 4),
    [60_000, 120_000, 180_000, 240_000].map((ms) => minute + ms),
  );
  for (const [index, atMs] of receiver.atMs.entries()) {
    const late = atMs - (stamps[index] ?? 0);
    assert.ok(late >= 6_000 && late <= 54_000, `${late}`);
  }
  const rates = receiver.bodies.map((body) => body.metrics.find((one) => one.tags["name"] === "hits")?.value);
  assert.deepEqual(rates.slice(1, 4), [1, 1, 1]);
  await publisher.stop();
  const sum = receiver.bodies.flatMap((body) => body.metrics.filter((one) => one.tags["name"] === "hits"));
  assert.equal(Math.round(sum.reduce((total, one) => total + one.value * 60, 0)), 300);
});

test("maxima are those of the step, whoever else looks in between", async () => {
  const { clock, meters, receiver, publisher } = setUp();
  publisher.start();
  const timer = meters.timer("call");
  timer.record(900);
  await clock.advance(61_000);
  timer.record(5);
  for (let i = 0; i < 5; i++) meters.snapshot(clock.monotonicMs() + i * 60_000);
  await clock.advance(120_000);
  const maxima = receiver.bodies.flatMap((body) => body.metrics.filter((one) => one.tags["statistic"] === "max"));
  assert.deepEqual(
    maxima.map((one) => one.value),
    [0.9, 0.005],
  );
  await publisher.stop();
});

test("a process that slept through steps spreads what it did over them", async () => {
  const { clock, meters, receiver, publisher } = setUp();
  publisher.start();
  meters.counter("hits").increment(600);
  clock.freeze(600_000);
  await clock.advance(60_000);
  const hits = receiver.bodies.flatMap((body) => body.metrics.filter((one) => one.tags["name"] === "hits"));
  assert.deepEqual(
    hits.map((one) => [one.timestamp, one.value]),
    [[minute + 600_000, 1]],
  );
  await publisher.stop();
});

test("many measurements go in batches", async () => {
  const { clock, meters, receiver, publisher } = setUp({ batchSize: 10 });
  publisher.start();
  for (let i = 0; i < 25; i++) meters.counter("hits", { no: `n${i}` }).increment();
  await clock.advance(119_000);
  assert.deepEqual(
    receiver.bodies.map((body) => body.metrics.length),
    [10, 10, 5],
  );
  await publisher.stop();
});

function dropped(meters: MeterRegistry): Record<string, number> {
  const own = meters.snapshot().filter((one) => one.name === "spectator.measurements");
  return Object.fromEntries(own.map((one) => [Object.values(one.tags).join(" "), "count" in one ? one.count : 0]));
}

test("a batch without an answer or with 503 is sent again, with the same body", async () => {
  const { clock, meters, receiver, publisher } = setUp();
  receiver.answers = [new Error("ECONNREFUSED"), { status: 503, body: "" }];
  publisher.start();
  meters.counter("hits").increment();
  await clock.advance(119_000);
  assert.equal(receiver.texts.length, 3);
  assert.equal(new Set(receiver.texts).size, 1);
  assert.deepEqual(dropped(meters), { sent: 1 });
  await publisher.stop();
});

test("what cannot be brought over is dropped, counted, and logged once", async () => {
  const warnings: unknown[] = [];
  const log: Log = { ...silentLog, warn: (event, fields) => void warnings.push([event, fields]), child: () => log };
  const { clock, meters, receiver, publisher } = setUp({}, minute, log);
  receiver.answers = Array.from({ length: 6 }, () => new Error("ECONNREFUSED"));
  publisher.start();
  meters.counter("hits").increment();
  await clock.advance(119_000);
  meters.counter("hits").increment();
  await clock.advance(60_000);
  assert.equal(receiver.texts.length, 6);
  assert.equal(dropped(meters)["dropped http-error"], 1 + 2);
  assert.deepEqual(warnings, [["metrics.publish.dropped", { count: 1, error: "http-error", reason: "ECONNREFUSED" }]]);
  await publisher.stop();
});

test("what Atlas refuses is counted as it says, and not sent again", async () => {
  const { clock, meters, receiver, publisher } = setUp();
  const refused = { type: "partial", errorCount: 2, message: ["too old (tags={})"] };
  receiver.answers = [
    { status: 202, body: JSON.stringify(refused) },
    { status: 400, body: "<html>" },
  ];
  publisher.start();
  for (let i = 0; i < 5; i++) meters.counter("hits", { no: `n${i}` }).increment();
  await clock.advance(119_000);
  assert.deepEqual(dropped(meters), { "dropped validation": 2, sent: 3 });
  await clock.advance(60_000);
  assert.equal(dropped(meters)["dropped other"], 2);
  assert.equal(receiver.texts.length, 2);
  await publisher.stop();
});

test("the end sends what has happened since the last step, and waits two seconds at most", async () => {
  const { clock, meters, receiver, publisher } = setUp();
  publisher.start();
  meters.counter("hits").increment(60);
  await publisher.stop();
  assert.deepEqual(receiver.values, { "hits count rate": 1 });
  await publisher.stop();
  assert.equal(receiver.texts.length, 1);

  const silent = new AtlasPublisher(clock, new SeededRandom(1), silentLog, meters, () => new Promise(() => {}));
  silent.start();
  meters.counter("hits").increment();
  let isOver = false;
  void silent.stop().then(() => (isOver = true));
  await clock.advance(1_999);
  assert.equal(isOver, false);
  await clock.advance(1);
  assert.equal(isOver, true);
  assert.equal(clock.pendingTimers, 0);
});

test("a step that does not divide a day is refused", () => {
  for (const stepMs of [7_000, 500, 1_500, Number.NaN, 0]) {
    assert.throws(() => setUp({ stepMs }), { code: "OPTION_INVALID" }, `${stepMs}`);
  }
});
