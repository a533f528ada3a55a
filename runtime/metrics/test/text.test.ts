import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import {
  MeterRegistry,
  metricsText,
  openMetricsContentType,
  openMetricsText,
  prometheusContentType,
  prometheusText,
} from "@holdfast/metrics";

/** One of each kind, with names and tags that need care. */
function motley(): MeterRegistry {
  const meters = new MeterRegistry();
  meters.counter("jobs.done", { queue: 'a"b\\c\n', "ipc.attempt.final": "true" }).increment(3);
  meters.counter("jobsTotal").increment(2.5);
  meters.gauge("queue\\depth\n").set(Number.NEGATIVE_INFINITY);
  meters.gauge("never.set");
  meters.gauge("nodejs.heapTotal").set(1);
  meters.maxGauge("largest", { "2xx": "yes", __own: "x" }).set(7);
  meters.timer("ipc.server.call", { status: "2xx" }).record(5);
  meters.timer("ipc.server.call", { status: "5xx" }).record(70_000);
  meters.percentileTimer("db.query").record(3);
  meters.percentileSummary("response.size").record(1_000);
  meters.summary("request.size", { a: "1" }).record(10);
  return meters;
}

test("a counter and a gauge of one written name are told apart, and two series of one are not shown twice", () => {
  const meters = new MeterRegistry();
  meters.gauge("a.b", { "x.y": "1" }).set(1);
  meters.gauge("a_b", { "x-y": "1" }).set(2);
  meters.counter("a-b").increment();
  const text = prometheusText(meters.snapshot());
  assert.match(text, /# TYPE a_b gauge\na_b\{x_y="1"\} 1\n# HELP/);
  assert.match(text, /# TYPE a_b_counter_total counter\na_b_counter_total 1\n$/);
});

test("OpenMetrics names families without _total, tells units, and ends", () => {
  const text = openMetricsText(motley().snapshot());
  assert.match(text, /# TYPE jobs_done counter\n# HELP jobs_done jobs\.done\njobs_done_total\{/);
  assert.match(text, /# TYPE jobs counter\n# HELP jobs jobsTotal\njobs_total 2\.5\n/);
  assert.match(text, /# TYPE db_query_seconds histogram\n# UNIT db_query_seconds seconds\n/);
  assert.match(text, /response_size_bucket\{le="1024\.0"\} 1\n/);
  assert.match(text, /\n# EOF\n$/);
  assert.doesNotMatch(text, /never_set/);
});

test("buckets of a histogram never go down and end in its count", () => {
  const text = prometheusText(motley().snapshot());
  for (const name of ["ipc_server_call_seconds", "db_query_seconds", "response_size"]) {
    for (const line of text.split("\n").filter((one) => one.startsWith(`${name}_count`))) {
      const tags = /\{(.*)\}/.exec(line)?.[1] ?? "";
      const counts = text
        .split("\n")
        .filter((one) => one.startsWith(`${name}_bucket{${tags}`))
        .map((one) => Number(one.split(" ").at(-1)));
      assert.ok(counts.length > 5);
      assert.deepEqual(
        counts.toSorted((a, b) => a - b),
        counts,
      );
      assert.equal(counts.at(-1), Number(line.split(" ").at(-1)));
    }
  }
  assert.match(text, /db_query_seconds_bucket\{le="0\.00104858"\} 0\ndb_query_seconds_bucket\{le="0\.0041943"\} 1\n/);
});

test("who prefers OpenMetrics gets it, and everyone else the older text", () => {
  const prometheus =
    "application/openmetrics-text;version=1.0.0;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.2";
  const type = (accept?: string): string => metricsText([], accept).contentType;
  assert.equal(type(prometheus), openMetricsContentType);
  assert.equal(type("application/openmetrics-text"), openMetricsContentType);
  assert.equal(type("application/openmetrics-text;q=0.1, text/plain"), prometheusContentType);
  for (const accept of [undefined, "", "*/*", "text/html,*/*;q=0.8", "application/openmetrics-text;q=0"]) {
    assert.equal(type(accept), prometheusContentType, String(accept));
  }
  assert.equal(metricsText([], prometheus).text, "# EOF\n");
});

const promtool = spawnSync("promtool", ["--version"]).status === 0;

test("promtool finds nothing wrong with the text", { skip: promtool ? false : "needs promtool" }, () => {
  const input = prometheusText(motley().snapshot());
  assert.equal(execFileSync("promtool", ["check", "metrics"], { input, encoding: "utf8" }), "");
});
