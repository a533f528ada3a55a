import assert from "node:assert/strict";
import { test } from "node:test";
import { type Log, SeededRandom, silentLog } from "@holdfast/kernel";
import { MeterRegistry, OtlpExporter, type OtlpMetrics, otlpMetrics } from "@holdfast/metrics";
import { FakeClock } from "@holdfast/testing";

const scope = { startedAtMs: 1_000, nowMs: 1_700_000_000_123, resource: { "service.name": "catalog" } };
const times = { startTimeUnixNano: "1000000000", timeUnixNano: "1700000000123000000" };

test("counters are monotonic sums and gauges are gauges, with times in ns as text", () => {
  const meters = new MeterRegistry();
  meters.counter("hits", { zone: "a" }).increment(3);
  meters.counter("hits", { zone: "b" }).increment();
  meters.gauge("depth").set(-1.5);
  const attributes = (zone: string): unknown => [{ key: "zone", value: { stringValue: zone } }];
  assert.deepEqual(otlpMetrics(meters.snapshot(), scope), {
    resourceMetrics: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "catalog" } }] },
        scopeMetrics: [
          {
            scope: { name: "holdfast" },
            metrics: [
              {
                name: "hits",
                unit: "1",
                sum: {
                  aggregationTemporality: 2,
                  isMonotonic: true,
                  dataPoints: [
                    { attributes: attributes("a"), ...times, asDouble: 3 },
                    { attributes: attributes("b"), ...times, asDouble: 1 },
                  ],
                },
              },
              { name: "depth", unit: "1", gauge: { dataPoints: [{ attributes: [], ...times, asDouble: -1.5 }] } },
            ],
          },
        ],
      },
    ],
  });
});

test("timers are histograms in seconds whose buckets add up, one more than bounds", () => {
  const meters = new MeterRegistry();
  for (const ms of [0.01, 5, 5, 800, 200_000]) {
    meters.timer("timer").record(ms);
    meters.percentileTimer("percentile").record(ms);
    meters.percentileSummary("sizes").record(ms);
    meters.summary("plain").record(ms);
  }
  const [{ scopeMetrics } = { scopeMetrics: [] }] = otlpMetrics(meters.snapshot(), scope).resourceMetrics;
  const metrics = scopeMetrics[0]?.metrics ?? [];
  assert.deepEqual(
    metrics.map(({ name, unit }) => `${name} ${unit}`),
    ["timer s", "percentile s", "sizes 1", "plain 1"],
  );
  for (const metric of metrics) {
    assert.ok("histogram" in metric);
    const [point] = metric.histogram.dataPoints;
    assert.ok(point !== undefined);
    assert.equal(point.count, "5");
    const isSeconds = metric.unit === "s";
    assert.ok(Math.abs(point.sum - (isSeconds ? 200.810_01 : 200_810.01)) < 1e-6);
    if (metric.name === "plain") {
      assert.deepEqual([point.bucketCounts, point.explicitBounds], [[], []]);
      continue;
    }
    assert.equal(point.bucketCounts.length, point.explicitBounds.length + 1);
    assert.equal(
      point.bucketCounts.reduce((sum, count) => sum + Number(count), 0),
      5,
    );
    if (isSeconds) assert.deepEqual([point.bucketCounts[0], point.bucketCounts.at(-1)], ["1", "1"]);
  }
});

test("exports come at their time, a failure is said once, and the end exports once more", async () => {
  const clock = new FakeClock();
  const warnings: unknown[] = [];
  const log: Log = { ...silentLog, warn: (_event, fields) => void warnings.push(fields), child: () => log };
  const meters = new MeterRegistry();
  meters.counter("hits").increment();
  const bodies: OtlpMetrics[] = [];
  const statuses = [200, 503, 503, 200];
  const send = async (body: string): Promise<{ status: number; body: string }> => {
    bodies.push(JSON.parse(body) as OtlpMetrics);
    return { status: statuses.shift() ?? 200, body: "" };
  };
  const exporter = new OtlpExporter(clock, new SeededRandom(1), log, meters, send, { resource: scope.resource });
  exporter.start();
  await clock.advance(60_000);
  assert.equal(bodies.length, 1);
  await clock.advance(120_000);
  assert.deepEqual([bodies.length, warnings], [3, [{ reason: "answered 503" }]]);
  await exporter.stop();
  await exporter.stop();
  assert.deepEqual([bodies.length, clock.pendingTimers], [4, 0]);
});
