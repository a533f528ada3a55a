import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runInRequestContext } from "@holdfast/resilience";
import { waitFor } from "@holdfast/testing";
import { objectsOf as objects, readStream as read } from "./read-stream.ts";
import { errorOf, World } from "./world.ts";

interface Golden {
  readonly samples: readonly { readonly type: string; readonly sample: Readonly<Record<string, unknown>> }[];
}
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "golden/hystrix-stream-samples.json"), "utf8"),
) as Golden;

/** Names of a JSON object's fields in the order they are written, which `JSON.parse` does not keep. */
function namesIn(json: string): string[] {
  return [...json.matchAll(/"([^"]+)":/g)].map((match) => match[1] ?? "");
}

const commandFields =
  "type name group currentTime isCircuitBreakerOpen errorPercentage errorCount requestCount rollingCountBadRequests rollingCountCollapsedRequests rollingCountEmit rollingCountExceptionsThrown rollingCountFailure rollingCountFallbackEmit rollingCountFallbackFailure rollingCountFallbackMissing rollingCountFallbackRejection rollingCountFallbackSuccess rollingCountResponsesFromCache rollingCountSemaphoreRejected rollingCountShortCircuited rollingCountSuccess rollingCountThreadPoolRejected rollingCountTimeout currentConcurrentExecutionCount rollingMaxConcurrentExecutionCount latencyExecute_mean latencyExecute 0 25 50 75 90 95 99 99.5 100 latencyTotal_mean latencyTotal 0 25 50 75 90 95 99 99.5 100 propertyValue_circuitBreakerRequestVolumeThreshold propertyValue_circuitBreakerSleepWindowInMilliseconds propertyValue_circuitBreakerErrorThresholdPercentage propertyValue_circuitBreakerForceOpen propertyValue_circuitBreakerForceClosed propertyValue_circuitBreakerEnabled propertyValue_executionIsolationStrategy propertyValue_executionIsolationThreadTimeoutInMilliseconds propertyValue_executionTimeoutInMilliseconds propertyValue_executionIsolationThreadInterruptOnTimeout propertyValue_executionIsolationThreadPoolKeyOverride propertyValue_executionIsolationSemaphoreMaxConcurrentRequests propertyValue_fallbackIsolationSemaphoreMaxConcurrentRequests propertyValue_metricsRollingStatisticalWindowInMilliseconds propertyValue_requestCacheEnabled propertyValue_requestLogEnabled reportingHosts threadPool";
const poolFields =
  "type name currentTime currentActiveCount currentCompletedTaskCount currentCorePoolSize currentLargestPoolSize currentMaximumPoolSize currentPoolSize currentQueueSize currentTaskCount rollingCountThreadsExecuted rollingMaxActiveThreads rollingCountCommandRejections propertyValue_queueSizeRejectionThreshold propertyValue_metricsRollingStatisticalWindowInMilliseconds reportingHosts";
const collapserFields =
  "type name currentTime rollingCountRequestsBatched rollingCountBatches rollingCountResponsesFromCache batchSize_mean batchSize 25 50 75 90 95 99 99.5 100 propertyValue_requestCacheEnabled propertyValue_maxRequestsInBatch propertyValue_timerDelayInMilliseconds reportingHosts";

test("/hystrix.stream has Hystrix's headers, its fields in its order, and the numbers of the window", async () => {
  const world = new World();
  const execute = world.scripted("titles", { group: "catalog", fallback: () => "instead" });
  await execute("ok");
  await execute("fail");
  world.resilience.collapse<number, number>({ key: "many", run: (_context, all) => all });
  world.resilience.command<[], void>({ key: "sum", group: "sums", worker: { module: "data:,", export: "x" } });
  const { headers, text } = await read(world, "/hystrix.stream", (got) => got.includes("HystrixCollapser"));
  assert.equal(headers["content-type"], "text/event-stream;charset=UTF-8");
  assert.equal(headers["cache-control"], "no-cache, no-store, max-age=0, must-revalidate");
  assert.equal(headers["pragma"], "no-cache");
  const lines = text.split("\n\n").filter((line) => line.startsWith("data: "));
  const line = (type: string): string => lines.find((one) => one.includes(`"type":"${type}"`)) ?? "";
  assert.equal(namesIn(line("HystrixCommand")).join(" "), commandFields);
  assert.equal(namesIn(line("HystrixThreadPool")).join(" "), poolFields);
  assert.equal(namesIn(line("HystrixCollapser")).join(" "), collapserFields);
  const [command] = objects(text);
  assert.equal(command?.["name"], "titles");
  assert.equal(command["group"], "catalog");
  assert.equal(command["currentTime"], world.clock.wallMs());
  assert.equal(command["rollingCountSuccess"], 1);
  assert.equal(command["rollingCountFallbackSuccess"], 1);
  assert.equal(command["errorPercentage"], 50);
  await world.resilience.close();
});

test("what Netflix's own servers sent has no field that ours lacks, none of another type, none in another order", async () => {
  const world = new World();
  await world.scripted("titles")("ok");
  const { text } = await read(world, "/hystrix.stream", (got) => got.includes("data: "));
  const [ours] = objects(text);
  const sample = golden.samples.find((one) => one.type === "HystrixCommand")?.sample;
  assert.ok(ours !== undefined && sample !== undefined);
  for (const [name, value] of Object.entries(sample)) {
    assert.equal(typeof ours[name], typeof value, name);
  }
  const order = Object.keys(ours).filter((name) => name in sample);
  assert.deepEqual(order, Object.keys(sample));
});

test("a sample each half second and a ping; after the reader has gone no timer is left", async () => {
  const world = new World();
  world.scripted("titles");
  const enough = (text: string): boolean => objects(text).length >= 3 && text.includes("ping: \n\n");
  const { text } = await read(world, "/hystrix.stream", enough, async () => world.clock.advance(1_000));
  assert.equal(objects(text).length, 3);
  await waitFor("timers", () => world.clock.pendingTimers === 0);
});

test("the sixth connection gets 503", async () => {
  const world = new World();
  world.config.set("runtime", "hystrix.config.stream.maxConcurrentConnections", 0);
  const { status, text } = await read(world, "/hystrix/request.stream", (got) => got !== "");
  assert.equal(status, 503);
  assert.equal(text, "MaxConcurrentConnections reached: 0");
});

test("config.stream says what is in force, changed a moment ago or not", async () => {
  const world = new World();
  world.scripted("titles", { group: "catalog" });
  world.config.set("runtime", "hystrix.command.titles.circuitBreaker.forceClosed", true);
  const { text } = await read(world, "/hystrix/config.stream", (got) => got.includes("\n\n"));
  const [message] = objects(text);
  assert.deepEqual(message, {
    type: "HystrixConfig",
    commands: {
      titles: {
        threadPoolKey: "catalog",
        groupKey: "catalog",
        execution: {
          isolationStrategy: "SEMAPHORE",
          threadPoolKeyOverride: null,
          requestCacheEnabled: true,
          requestLogEnabled: true,
          timeoutEnabled: true,
          fallbackEnabled: true,
          timeoutInMilliseconds: 1_000,
          semaphoreSize: 10,
          fallbackSemaphoreSize: 10,
          threadInterruptOnTimeout: true,
        },
        metrics: {
          healthBucketSizeInMs: 500,
          percentileBucketSizeInMilliseconds: 10_000,
          percentileBucketCount: 6,
          percentileEnabled: true,
          counterBucketSizeInMilliseconds: 1_000,
          counterBucketCount: 10,
        },
        circuitBreaker: {
          enabled: true,
          isForcedOpen: false,
          isForcedClosed: true,
          requestVolumeThreshold: 20,
          errorPercentageThreshold: 50,
          sleepInMilliseconds: 5_000,
        },
      },
    },
    threadpools: {},
    collapsers: {},
  });
});

test("utilization.stream says how many calls are under way", async () => {
  const world = new World();
  const execute = world.scripted("titles");
  const hanging = errorOf(execute("hang"));
  const { text } = await read(world, "/hystrix/utilization.stream", (got) => got.includes("\n\n"));
  assert.deepEqual(objects(text)[0], {
    type: "HystrixUtilization",
    commands: { titles: { activeCount: 1 } },
    threadpools: {},
  });
  await world.clock.advance(1_010);
  await hanging;
});

test("request.stream tells of each request that ended: equal executions together, with cache and collapser", async () => {
  const world = new World();
  const cached = world.resilience.command({ key: "cached", run: () => "x", cacheKey: () => "x" });
  const collapser = world.resilience.collapse<number, number>({
    key: "batch",
    run: (_context, all) => all,
    properties: { maxRequestsInBatch: 2 },
  });
  const plain = world.scripted("plain", { fallback: () => "instead" });
  const serve = async (): Promise<void> => {
    await Promise.all([cached.execute(), cached.execute(), cached.execute()]);
    await Promise.all([collapser.execute(1), collapser.execute(2)]);
    await plain("fail");
    await plain("fail");
  };
  const { text } = await read(
    world,
    "/hystrix/request.stream",
    (got) => got.includes("plain"),
    async () => {
      await runInRequestContext(serve);
      await world.clock.advance(500);
    },
  );
  assert.deepEqual(objects(text)[0], [
    { name: "cached", events: ["SUCCESS"], latencies: [0], cached: 2 },
    { name: "batch", events: ["SUCCESS"], latencies: [0], collapsed: { name: "batch", count: 2 } },
    { name: "plain", events: ["FAILURE", "FALLBACK_SUCCESS"], latencies: [0, 0] },
  ]);
});

test("latencyExecute is of run, latencyTotal of the whole call, its fallback included", async () => {
  const world = new World();
  const slow = world.resilience.command<[boolean], string>({
    key: "k",
    run: async (_context, good) => {
      await world.clock.sleep(good ? 20 : 40);
      if (!good) throw new Error("it failed");
      return "ok";
    },
    fallback: () => world.clock.sleep(80).then(() => "instead"),
  });
  const both = Promise.all([slow.execute(true), slow.execute(false)]);
  await world.clock.advance(120);
  await both;
  const { text } = await read(world, "/hystrix.stream", (got) => got.includes("data: "));
  const [message] = objects(text);
  assert.equal(message?.["latencyExecute_mean"], 30);
  assert.equal(message["latencyTotal_mean"], 70);
  assert.deepEqual((message["latencyExecute"] as Record<string, number>)["100"], 40);
  assert.deepEqual((message["latencyTotal"] as Record<string, number>)["100"], 120);
});

test("a connection that has ended makes room for another", async () => {
  const world = new World();
  world.config.set("runtime", "hystrix.config.stream.maxConcurrentConnections", 1);
  const streams = world.resilience.streams();
  for (let i = 0; i < 3; i++) {
    const { status } = await read(world, "/hystrix/config.stream", (got) => got !== "", undefined, streams);
    assert.equal(status, 200);
    await waitFor("timers", () => world.clock.pendingTimers === 0);
  }
});
