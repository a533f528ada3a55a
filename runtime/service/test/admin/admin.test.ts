import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { Config } from "@holdfast/config";
import { SeededRandom, SystemClock } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { Resilience } from "@holdfast/resilience";
import { type Logs, processConfig, type ServeOptions, serve } from "@holdfast/service";
import { LogLevels } from "../../src/logs/log-levels.ts";
import { SecretValues } from "../../src/logs/secret-values.ts";
import { StructuredLog } from "../../src/logs/structured-log.ts";

const token = "instance-t0ken";
const bearer = { authorization: `Bearer ${token}` };
const masked = "**** MASKED ****";

function rememberingLogs(): Logs & { readonly lines: string[] } {
  const lines: string[] = [];
  const [levels, secrets] = [new LogLevels(), new SecretValues()];
  secrets.add(token);
  const log = StructuredLog.to((line) => void lines.push(line), { levels, secrets, wallMs: () => 0 });
  const sink = { lost: 0, waiting: 0, trouble: undefined, flush: async () => {} };
  return { log, levels, secrets, sink, lines };
}

async function start(options: Partial<ServeOptions> = {}, environment: Record<string, string> = {}) {
  const logs = rememberingLogs();
  const config = new Config();
  logs.levels.follow(config);
  const surroundings = {
    clock: new SystemClock(),
    random: new SeededRandom(1),
    log: logs.log,
    logs,
    config,
    meters: new MeterRegistry(),
    resilience: new Resilience(new SystemClock()),
    environment: { PORT: "0", HOLDFAST_ADMIN_PORT: "0", HOLDFAST_INSTANCE_TOKEN: token, ...environment },
  };
  const service = await serve(
    { handleSignals: false, handler: (_req, res) => res.end("ok"), ...options },
    surroundings,
  );
  const admin = `http://127.0.0.1:${service.adminPort}`;
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${admin}${path}`, init);
    const text = await answer.text();
    return { status: answer.status, type: answer.headers.get("content-type"), headers: answer.headers, text };
  };
  return { service, admin, ask, logs, config, [Symbol.asyncDispose]: () => service.stop() };
}

test("a level is set at run time, for some events and for a time, by who has the token", async () => {
  await using started = await start();
  const put = (body: unknown, headers: Record<string, string> = bearer) =>
    started.ask("/v1/log-level", { method: "PUT", headers, body: JSON.stringify(body) });
  const { log, lines } = started.logs;
  const says = (event: string): boolean => {
    const before = lines.length;
    log.debug(event);
    return lines.length > before;
  };
  assert.equal(says("retry.again"), false);
  const answer = await put({ level: "debug", name: "retry", seconds: 600 });
  assert.equal(answer.status, 200, answer.text);
  const levels = JSON.parse(answer.text) as { levels: unknown };
  assert.deepEqual(levels.levels, [
    { name: "", level: "info", layer: "default", reason: "" },
    { name: "retry", level: "debug", layer: "runtime", reason: "for 600 s" },
  ]);
  assert.deepEqual([says("retry.again"), says("other.thing")], [true, false]);
  assert.ok(lines.some((line) => line.includes('"event":"log.level.set"') && line.includes('"name":"retry"')));
  assert.equal((await put({ level: null, name: "retry" })).status, 200);
  assert.equal(says("retry.again"), false);
  const bad: readonly unknown[] = [[], null, "debug", {}, { level: "loud" }, { level: "debug", name: "a b" }];
  const more: readonly unknown[] = [
    { level: "debug", seconds: 0 },
    { level: "debug", seconds: "9" },
    { level: "debug", x: 1 },
  ];
  for (const body of [...bad, ...more]) {
    const refused = await put(body);
    assert.deepEqual([refused.status, refused.type], [400, "application/problem+json"], JSON.stringify(body));
  }
  const malformed = await started.ask("/v1/log-level", { method: "PUT", headers: bearer, body: "{" });
  assert.deepEqual([malformed.status, /BODY_MALFORMED/.test(malformed.text)], [400, true]);
  const long = await started.ask("/v1/log-level", { method: "PUT", headers: bearer, body: "x".repeat(100_000) });
  assert.deepEqual([long.status, /BODY_TOO_LARGE/.test(long.text)], [413, true]);
});

test("what changes or discloses much needs the token of the instance; without one nobody may", async () => {
  await using started = await start();
  const paths = [
    ["PUT", "/v1/log-level"],
    ["POST", "/v1/heap-snapshot"],
    ["POST", "/v1/cpu-profile"],
  ] as const;
  for (const [method, path] of paths) {
    const none = await started.ask(path, { method });
    assert.deepEqual([none.status, /TOKEN_NEEDED/.test(none.text)], [401, true], path);
    assert.match(none.headers.get("www-authenticate") ?? "", /^Bearer/);
    const wrong = await started.ask(path, { method, headers: { authorization: "Bearer wrong" } });
    assert.deepEqual([wrong.status, /TOKEN_WRONG/.test(wrong.text)], [403, true], path);
  }
  await using tokenless = await start({}, { HOLDFAST_INSTANCE_TOKEN: "" });
  const answer = await tokenless.ask("/v1/heap-snapshot", { method: "POST", headers: bearer });
  assert.deepEqual([answer.status, /TOKEN_UNSET/.test(answer.text)], [403, true]);
});

test("a page of another name, sent to this port in a browser, reads neither environment nor properties", async () => {
  await using started = await start();
  const asked = async (path: string, host: string): Promise<number | undefined> => {
    const req = request(`${started.admin}${path}`, { headers: { host } }).end();
    const [res] = (await once(req, "response")) as [{ statusCode?: number; resume(): void }];
    res.resume();
    return res.statusCode;
  };
  assert.deepEqual([await asked("/env", "evil.example:80"), await asked("/env", "localhost:1")], [401, 200]);
  assert.deepEqual([await asked("/v1/config", "evil.example"), await asked("/readyz", "evil.example")], [401, 200]);
});

test("secrets planted in environment, properties, errors and lines are in no answer and in no line", async () => {
  const planted = ["plant-env-1", "plant-url-2", "plant-prop-3", "plant-marked-4", "plant-check-5"];
  const [env = "", url = "", prop = "", marked = "", check = ""] = planted;
  const environment = { SMTP_PASSWORD: env, DATABASE_URL: `postgres://ada:${url}@db/movies`, PLAIN: "seen" };
  const failing = { name: "db", check: () => Promise.reject(new Error(`refused: postgres://ada:${check}@db`)) };
  await using started = await start({ checks: [failing] }, environment);
  const config = processConfig();
  config.set("runtime", "test.admin.password", prop);
  config.set("runtime", "test.admin.relay", marked, { secret: true });
  config.set("runtime", "test.admin.note", `relay at mail with ${env}`, { author: "ada", reason: `password=${prop}` });
  started.logs.secrets.add(env);
  try {
    const index = JSON.parse((await started.ask("/")).text) as { paths: { method: string; path: string }[] };
    const paths = index.paths.filter(({ method, path }) => method === "GET" && !path.includes("stream"));
    assert.ok(paths.length > 15);
    let all = "";
    for (const { path } of paths) all += (await started.ask(path)).text;
    all += (await started.ask("/", { headers: { accept: "text/html" } })).text;
    all += (await started.ask("/v1/config?key=test.admin.password")).text;
    all += (await started.ask("/v1/log-level", { method: "PUT", headers: bearer, body: '{"level":"debug"}' })).text;
    all += started.logs.lines.join("");
    for (const one of [...planted, token]) assert.ok(!all.includes(one), `${one}: ${around(all, one)}`);
    assert.match(all, /"PLAIN":"seen"/);
    assert.match(all, /"SMTP_PASSWORD":"\*\*\*\* MASKED \*\*\*\*"/);
    assert.match(all, /postgres:\/\/ada:\*\*\*\* MASKED \*\*\*\*@db\/movies/);
    assert.match(all, /"test.admin.note":"relay at mail with \*\*\*\* MASKED/);
  } finally {
    for (const key of config.keys("test.admin")) config.set("runtime", key, undefined);
  }
});

function around(text: string, part: string): string {
  const at = text.indexOf(part);
  return at < 0 ? "" : text.slice(Math.max(0, at - 200), at + 100);
}

test("one property is explained by its key; one that nobody knows is not there", async () => {
  await using started = await start();
  const config = processConfig();
  config.set("runtime", "test.admin.limit", 7, { author: "ada", reason: "a trial" });
  const { status, text } = await started.ask("/props?key=test.admin.limit");
  config.set("runtime", "test.admin.limit", undefined);
  const one = JSON.parse(text) as { value: number; layers: { author: string; reason: string }[] };
  assert.deepEqual([status, one.value, one.layers[0]?.author, one.layers[0]?.reason], [200, 7, "ada", "a trial"]);
  const unknown = await started.ask("/v1/config?key=nobody.knows");
  assert.deepEqual([unknown.status, unknown.type], [404, "application/problem+json"]);
});

test("Karyon's paths answer in Karyon's shapes", async () => {
  await using started = await start({}, { AWS_SECRET_ACCESS_KEY: "akia", LISTED: "hidden" });
  started.config.set("runtime", "netflix.platform.admin.resources.masked.env.names", "LISTED , OTHER");
  const env = JSON.parse((await started.ask("/webadmin/env")).text) as { env: Record<string, string> };
  assert.deepEqual([env.env["AWS_SECRET_ACCESS_KEY"], env.env["LISTED"], env.env["PORT"]], [masked, masked, "0"]);
  const { props } = JSON.parse((await started.ask("/webadmin/allprops")).text) as { props: Record<string, string> };
  assert.ok(Object.values(props).every((value) => typeof value === "string"));
  assert.deepEqual(JSON.parse((await started.ask("/webadmin/eureka")).text), { data: [] });
  const health = await started.ask("/webadmin/v2/healthcheck");
  assert.deepEqual([health.status, health.text], [200, ""]);
});

test("people get a page without a script, programs a list of paths", async () => {
  const check = { name: "<b>disk</b>", check: () => true };
  await using started = await start({ name: "catalog", checks: [check] });
  const page = await started.ask("/", { headers: { accept: "text/html,application/xhtml+xml" } });
  assert.deepEqual([page.status, page.type], [200, "text/html; charset=utf-8"]);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  assert.match(page.text, /<h1>catalog <span class="pass">up<\/span>/);
  assert.match(page.text, /&lt;b&gt;disk&lt;\/b&gt;/);
  assert.doesNotMatch(page.text, /<script|<b>disk/);
  assert.match((await started.ask("/")).text, /"path":"\/v1\/heap-snapshot","access":"token"/);
});

test("paths that are not there, methods that do not fit and bytes that are no HTTP get a coded answer", async () => {
  await using started = await start();
  const unknown = await started.ask("/nothing?x=1");
  assert.deepEqual([unknown.status, unknown.type], [404, "application/problem+json"]);
  const posted = await started.ask("/v1/config", { method: "POST" });
  assert.deepEqual(
    [posted.status, posted.headers.get("allow"), /METHOD_UNKNOWN/.test(posted.text)],
    [405, "GET", true],
  );
  assert.equal((await started.ask("/v1/log-level", { method: "DELETE" })).headers.get("allow"), "GET, PUT");
  const head = await started.ask("/v1/info", { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [200, ""]);
  for (const seconds of ["0", "61", "1.5", "x"]) {
    const answer = await started.ask(`/v1/cpu-profile?seconds=${seconds}`, { method: "POST", headers: bearer });
    assert.deepEqual([answer.status, /OPTION_INVALID/.test(answer.text)], [400, true], seconds);
  }
  for (const raw of [
    "GET // HTTP/1.1\r\nhost: x\r\n\r\n",
    "nonsense\r\n\r\n",
    "GET /%ff?%zz=%1 HTTP/1.1\r\nhost: 1\r\n\r\n",
  ]) {
    const socket = connect(started.service.adminPort, "127.0.0.1").end(raw);
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    assert.match(text, /^HTTP\/1.1 40[04] /, raw);
  }
  assert.equal((await started.ask("/healthz")).status, 200);
});

test("a CPU profile is taken while it runs, one at a time; a caller that leaves ends it", async () => {
  await using started = await start();
  const leave = new AbortController();
  const post = { method: "POST", headers: bearer };
  const left = started.ask("/v1/cpu-profile?seconds=60", { ...post, signal: leave.signal }).catch(() => "left");
  await new Promise((resolve) => setTimeout(resolve, 50));
  const second = await started.ask("/v1/heap-snapshot", post);
  assert.deepEqual([second.status, /DIAGNOSTICS_BUSY/.test(second.text)], [409, true]);
  leave.abort();
  assert.equal(await left, "left");
  let profile = await started.ask("/v1/cpu-profile?seconds=1", post);
  for (let i = 0; profile.status === 409 && i < 50; i++) profile = await started.ask("/v1/cpu-profile?seconds=1", post);
  assert.equal(profile.status, 200);
  assert.match(
    profile.headers.get("content-disposition") ?? "",
    /^attachment; filename="standalone-\d+-.*\.cpuprofile"$/,
  );
  const { nodes, endTime, startTime } = JSON.parse(profile.text) as {
    nodes: unknown[];
    endTime: number;
    startTime: number;
  };
  assert.ok(nodes.length > 0 && endTime - startTime >= 900_000, `${endTime - startTime}`);
});

test("a heap snapshot streams, and the next one may be taken when it is over", async () => {
  await using started = await start();
  const answer = await fetch(`${started.admin}/v1/heap-snapshot`, { method: "POST", headers: bearer });
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200);
  assert.match(bytes.toString("utf8", 0, 40), /^\{"snapshot":\{"meta"/);
  assert.match(bytes.subarray(-200).toString("utf8"), /\]\s*\}\s*$/);
});
