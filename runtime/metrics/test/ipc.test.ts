import assert from "node:assert/strict";
import { test } from "node:test";
import { IpcClientMeters, IpcServerMeters, ipcStatusOfHttp, MeterRegistry, type Tags } from "@holdfast/metrics";

function calls(meters: MeterRegistry, name: string): [Tags, number][] {
  const found = meters.snapshot().filter((one) => one.name === name);
  return found.map((one) => [one.tags, "count" in one ? one.count : 0]);
}

test("HTTP's statuses are Spectator's outcomes", () => {
  const expected = {
    success: [100, 200, 204, 301, 304, 404],
    bad_request: [400, 405, 406, 409, 418, 422],
    access_denied: [401, 402, 403, 407, 511],
    timeout: [408, 504],
    throttled: [429, 503],
    unexpected_error: [500, 501, 502, 599, 0],
  };
  for (const [outcome, statuses] of Object.entries(expected)) {
    for (const status of statuses) assert.equal(ipcStatusOfHttp(status), outcome, `${status}`);
  }
});

test("a server's call has the tags of the specification", () => {
  const meters = new MeterRegistry();
  const server = new IpcServerMeters(meters);
  server.began(1);
  server.began(3);
  server.ended("GET", "/api/v1/movies/42?full=1", 200, 1, 12);
  server.ended("GET", "/api/v1/movies/43", 200, 1, 13);
  server.ended("GET", "/api/v1/movies/44", 503, 7, 1);
  const common = {
    owner: "holdfast",
    "ipc.protocol": "http_1",
    "ipc.endpoint": "/api/v1/movies",
    "http.method": "GET",
  };
  assert.deepEqual(calls(meters, "ipc.server.call"), [
    [
      { ...common, "ipc.result": "success", "ipc.status": "success", "ipc.attempt": "initial", "http.status": "200" },
      2,
    ],
    [
      {
        ...common,
        "ipc.result": "failure",
        "ipc.status": "throttled",
        "ipc.attempt": "third_up",
        "http.status": "503",
      },
      1,
    ],
  ]);
  const [inFlight] = meters.snapshot().filter((one) => one.name === "ipc.server.inflight");
  assert.deepEqual(inFlight?.kind === "summary" && [inFlight.count, inFlight.total, inFlight.max], [2, 4, 3]);
});

function endpoints(meters: MeterRegistry): string[] {
  return [...new Set(calls(meters, "ipc.server.call").map(([tags]) => tags["ipc.endpoint"] ?? ""))];
}

test("an endpoint is the words of a path, never an id in it", () => {
  const meters = new MeterRegistry();
  const server = new IpcServerMeters(meters);
  for (const path of [
    "/",
    "/42",
    "/movies",
    "/movies/8c1f-77",
    "/movies;v=1",
    "/a/b/c/d/e",
    "/x2/1",
    "//x",
    "*",
    "",
    `/${"long".repeat(20)}`,
    "/caf%C3%A9",
  ]) {
    server.ended("GET", path, 200, 1, 1);
  }
  assert.deepEqual(endpoints(meters), ["/", "/movies", "/a/b/c"]);
});

test("strangers who ask for what is not there, or for ever more, make no series", () => {
  const meters = new MeterRegistry();
  const server = new IpcServerMeters(meters);
  for (const path of ["/wp-admin", "/phpmyadmin"]) server.ended("GET", path, 404, 1, 1);
  assert.deepEqual(endpoints(meters), ["--others--"]);
  const letters = "abcdefghijklmnopqrstuvwxyz";
  for (const letter of letters) server.ended("GET", `/${letter}`, 200, 1, 1);
  assert.equal(endpoints(meters).length, 21);
  server.ended("GET", "/a", 404, 1, 1);
  assert.equal(calls(meters, "ipc.server.call").filter(([tags]) => tags["ipc.endpoint"] === "/a").length, 2);
});

test("a client's attempts are told apart, and calls under way are counted", () => {
  const meters = new MeterRegistry();
  const client = new IpcClientMeters(meters, "catalog");
  client.began();
  client.began();
  client.failed("GET", "connection_error", 0, false, 3);
  client.answered("GET", 503, 1, false, 3);
  client.answered("GET", 200, 2, true, 5);
  client.answered("GET", 200, 5, true, 5);
  client.ended();
  client.began();
  const told = calls(meters, "ipc.client.call").map(([tags, count]) => [
    tags["ipc.server.app"],
    tags["ipc.status"],
    tags["ipc.attempt"],
    tags["ipc.attempt.final"],
    tags["http.status"],
    count,
  ]);
  assert.deepEqual(told, [
    ["catalog", "connection_error", "initial", "false", undefined, 1],
    ["catalog", "throttled", "second", "false", "503", 1],
    ["catalog", "success", "third_up", "true", "200", 2],
  ]);
  const [inFlight] = meters.snapshot().filter((one) => one.name === "ipc.client.inflight");
  assert.deepEqual(inFlight?.kind === "summary" && [inFlight.count, inFlight.total], [3, 5]);
});
