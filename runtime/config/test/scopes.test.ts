import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addDeploymentContext,
  Config,
  contextQuery,
  deploymentContext,
  effectiveRows,
  PolledSource,
  readRows,
  type StandardSchema,
  typed,
} from "@holdfast/config";
import { cascadedNames } from "@holdfast/config/files";
import { SeededRandom } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { Env } from "@holdfast/wire";
import { RememberingLog } from "./remembering-log.ts";

const environment = {
  [Env.instanceId]: "i-1",
  [Env.serverGroup]: "movies-api-v003",
  [Env.cluster]: "movies-api",
  [Env.service]: "api",
  [Env.environment]: "prod",
  [Env.zone]: "local-1a",
  [Env.region]: "local-1",
};
const context = deploymentContext(environment);

test("a process knows what it is from its environment, and says so to a server and to its properties", () => {
  assert.deepEqual(context, {
    serverId: "i-1",
    asg: "movies-api-v003",
    cluster: "movies-api",
    appId: "api",
    env: "prod",
    stack: "api",
    zone: "local-1a",
    region: "local-1",
  });
  assert.deepEqual(deploymentContext({}), {});
  assert.match(contextQuery(context), /^serverId=i-1&asg=movies-api-v003&cluster=movies-api&appId=api&env=prod/);
  const config = new Config();
  addDeploymentContext(config, context);
  assert.deepEqual(
    ["@environment", "@region", "@appId", "@serverId"].map((key) => config.get(key, "")),
    ["prod", "local-1", "api", "i-1"],
  );
  assert.deepEqual(cascadedNames("db", context), ["db", "db-prod", "db-prod-local-1"]);
  assert.deepEqual(cascadedNames("db", {}), ["db"]);
});

const rows: readonly (readonly [
  what: string,
  list: readonly Record<string, string>[],
  expected: string | undefined,
])[] = [
  ["a value for all", [{ value: "all" }], "all"],
  ["one for others", [{ value: "x", appId: "catalog" }], undefined],
  ["a region's over all", [{ value: "all" }, { value: "region", region: "local-1" }], "region"],
  [
    "a zone's over a region's, whatever comes first",
    [
      { value: "zone", zone: "local-1a" },
      { value: "r", region: "local-1" },
    ],
    "zone",
  ],
  [
    "an application's over a zone's and a region's together",
    [
      { value: "app", appId: "api" },
      { value: "z", zone: "local-1a", region: "local-1" },
    ],
    "app",
  ],
  [
    "an instance's over everything",
    [
      { value: "i", serverId: "i-1" },
      { value: "g", asg: "movies-api-v003", cluster: "movies-api" },
    ],
    "i",
  ],
  [
    "both of two over one of them",
    [
      { value: "one", appId: "api" },
      { value: "two", appId: "api", zone: "local-1a" },
    ],
    "two",
  ],
  ["a list, in any case of letters", [{ value: "list", env: "Test, PROD" }], "list"],
  ["a scope that fits beside one that does not", [{ value: "x", appId: "api", zone: "elsewhere" }], undefined],
  [
    "of equals the last",
    [
      { value: "first", appId: "api" },
      { value: "last", appId: "api" },
    ],
    "last",
  ],
];

for (const [what, list, expected] of rows) {
  test(`of persisted properties counts ${what}`, () => {
    const text = JSON.stringify({ propertiesList: list.map((row) => ({ key: "k", ...row })) });
    assert.equal(effectiveRows(readRows(text), context).get("k")?.value, expected);
  });
}

for (const text of ["", "{}", '{"propertiesList":{}}', '{"propertiesList":[1]}', '{"propertiesList":[{"key":"a"}]}']) {
  test(`${text === "" ? "nothing" : text} is no list of properties`, () => {
    assert.throws(() => readRows(text), { code: "CONFIG_SOURCE_FAILED" });
  });
}

test("a URL is asked again and again; while it fails the last values stay, and it says why", async () => {
  const [clock, log, config] = [new FakeClock(), new RememberingLog(), new Config()];
  const answers: (string | Error)[] = [
    '{"propertiesList":[{"key":"limit","value":"1"},{"key":"limit","value":"2","appId":"api"}]}',
    new Error("connection refused"),
    "garbage",
    '{"limit": 3}',
  ];
  const get = async (): Promise<string> => {
    const answer = answers.shift() ?? "{}";
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const source = new PolledSource(config, "http://c/props", clock, new SeededRandom(1), log, { context, get });
  await source.start();
  assert.deepEqual([config.get("limit", 0), source.problem], [2, undefined]);
  await clock.advance(33_000);
  assert.deepEqual([config.get("limit", 0), source.problem], [2, "connection refused"]);
  await clock.advance(33_000);
  assert.equal(config.get("limit", 0), 2);
  assert.ok(source.ageMs >= 60_000);
  await clock.advance(33_000);
  assert.deepEqual([config.get("limit", 0), source.problem], [3, undefined]);
  source.stop();
  await clock.advance(120_000);
  assert.equal(config.get("limit", 0), 3);
});

interface Ratings {
  readonly limit: number;
  readonly store?: { readonly url: string };
}

/** As zod would make it. */
const schema: StandardSchema<Ratings> = {
  "~standard": {
    validate: (value) => {
      const { limit, store } = value as { limit?: unknown; store?: { url: string } };
      const number = Number(limit ?? 10);
      if (Number.isNaN(number)) return { issues: [{ message: "must be a number", path: ["limit"] }] };
      return { value: { limit: number, ...(store === undefined ? {} : { store }) } };
    },
  },
};

test("keys of a prefix are one object by a schema, live, and the last good one stays", () => {
  const log = new RememberingLog();
  const config = new Config({ log });
  config.set("application", "ratings.limit", "20");
  config.set("application", "ratings.store.url", "${base}/store");
  const ratings = typed(config, "ratings", schema);
  const heard: number[] = [];
  ratings.subscribe(({ limit }) => heard.push(limit));
  assert.deepEqual(ratings.get().limit, 20);
  config.set("runtime", "ratings.limit", "30");
  config.set("runtime", "ratings.limit", "many");
  config.set("runtime", "other.limit", "40");
  assert.deepEqual([ratings.get().limit, heard], [30, [30]]);
  assert.equal(log.events("config.subscriber.failed").length, 1);
  config.set("runtime", "bad.limit", "none");
  assert.throws(() => typed(config, "bad", schema), {
    code: "CONFIG_VIEW_UNFIT",
    message: "bad.limit: must be a number",
  });
});

test("a view reads each field as its default is, whenever it is asked", () => {
  const config = new Config();
  const view = config.view("ratings", { limit: 10, name: "stars", on: true });
  config.set("runtime", "ratings.limit", "20");
  config.set("runtime", "ratings.on", "false");
  assert.deepEqual({ ...view }, { limit: 20, name: "stars", on: false });
});
