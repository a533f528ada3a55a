import assert from "node:assert/strict";
import { test } from "node:test";
import { Config } from "@holdfast/config";
import type { LogFields, LogLevel } from "@holdfast/kernel";
import { addSecretsOf, followSecretsOf } from "../../src/logs/known-secrets.ts";
import { LogLevels } from "../../src/logs/log-levels.ts";
import { SecretValues } from "../../src/logs/secret-values.ts";
import { StructuredLog } from "../../src/logs/structured-log.ts";

function make(context?: () => LogFields | undefined) {
  const lines: string[] = [];
  const parts = { levels: new LogLevels(), secrets: new SecretValues(), wallMs: () => 0 };
  const log = StructuredLog.to((line) => void lines.push(line), context === undefined ? parts : { ...parts, context });
  return { ...parts, lines, log, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test("a line is one JSON object with level, time, event and fields; a child adds its own to each", () => {
  const { log, lines, parsed } = make();
  log.warn("thing.broke", { count: 2, note: 'two\nlines "quoted"' });
  log.child({ server: "control" }).child({ shard: 1 }).info("thing.mended");
  assert.ok(lines.every((line) => line.endsWith("\n") && line.indexOf("\n") === line.length - 1));
  const time = "1970-01-01T00:00:00.000Z";
  assert.deepEqual(parsed(), [
    { level: "warn", time, event: "thing.broke", count: 2, note: 'two\nlines "quoted"' },
    { level: "info", time, server: "control", shard: 1, event: "thing.mended" },
  ]);
});

test("what is said for a request says so; a line's own fields win", () => {
  let context: LogFields | undefined = { requestId: "r-1", traceId: "t" };
  const { log, parsed } = make(() => context);
  log.info("a", { traceId: "other" });
  log.info("c", { traceId: undefined });
  context = undefined;
  log.info("b");
  const time = "1970-01-01T00:00:00.000Z";
  assert.deepEqual(parsed(), [
    { level: "info", time, event: "a", requestId: "r-1", traceId: "other" },
    { level: "info", time, event: "c", requestId: "r-1", traceId: "t" },
    { level: "info", time, event: "b" },
  ]);
});

test("levels follow their properties at run time: for all, and for events by the beginning of their name", () => {
  const { levels, log, lines } = make();
  const config = new Config();
  config.set("application", "log.level.retry", "debug");
  const stop = levels.follow(config);
  const said = (level: LogLevel, event: string): boolean => {
    const before = lines.length;
    log[level](event);
    return lines.length > before;
  };
  assert.deepEqual([said("debug", "x.y"), said("info", "x.y"), said("debug", "retry.again")], [false, true, true]);
  config.set("runtime", "log.level", "error");
  config.set("runtime", "log.level.config", "debug");
  config.set("runtime", "log.level.config.value", "off");
  assert.deepEqual([said("warn", "x.y"), said("error", "x.y")], [false, true]);
  assert.deepEqual(
    [said("debug", "config.read"), said("debug", "config"), said("info", "configured")],
    [true, true, false],
  );
  assert.deepEqual([said("error", "config.value.refused"), said("error", "config.values")], [false, true]);
  config.set("runtime", "log.level", "loud");
  assert.deepEqual([said("warn", "x.y"), said("error", "x.y")], [false, true]);
  config.set("runtime", "log.level", undefined);
  config.set("runtime", "log.level.config", undefined);
  assert.deepEqual([said("debug", "config.read"), said("info", "config.read")], [false, true]);
  stop();
  config.set("runtime", "log.level", "off");
  assert.ok(said("info", "x.y"));
});

test("planted secrets are in no line, whichever way they went in", () => {
  const { log, lines, secrets } = make();
  const planted = [
    "plant-token-1",
    "plant-password-2",
    "plant-url-3",
    "plant-prop-4",
    "plant-marked-5",
    "plant-bearer-6",
  ];
  const [token, password, url, prop, marked, bearer] = planted;
  addSecretsOf(
    {
      HOLDFAST_INSTANCE_TOKEN: token,
      PGPASSWORD: password,
      DATABASE_URL: `postgres://ada:${url}@db/movies`,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${bearer},x=y`,
      HOME: "/home/ada",
    },
    secrets,
  );
  const config = new Config();
  config.set("remote", "mail.password", prop);
  followSecretsOf(config, secrets);
  config.set("remote", "mail.relay", marked, { secret: true });
  const error = new Error(`refused ${planted.join(" ")}`, { cause: new Error(planted.join("/")) });
  for (const one of planted) {
    const base64 = Buffer.from(one).toString("base64");
    log.info("login", {
      note: `with ${one}`,
      [one]: 1,
      list: [[one]],
      json: JSON.stringify({ a: { b: one } }),
      base64,
    });
    log.child({ who: one, deep: { er: new Map([["x", one]]) } }).error("failed", { error, headers: { "x-a": one } });
    log.warn(`event.${one}`, { path: `/a?b=${encodeURIComponent(one)}`, stack: new Error(one).stack });
  }
  const text = lines.join("");
  assert.equal(lines.length, planted.length * 3);
  for (const one of planted) {
    assert.ok(!text.includes(one), one);
    assert.ok(!text.includes(Buffer.from(one).toString("base64")), one);
  }
  assert.ok(lines.every((line) => typeof JSON.parse(line) === "object"));
  secrets.add("not-home");
  log.info("x", { home: "/home/ada" });
  assert.match(lines.at(-1) ?? "", /\/home\/ada/);
});
