import assert from "node:assert/strict";
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { waitFor } from "@holdfast/testing";
import { freePort } from "../free-port.ts";

/** Each request logs 1 MB, one for `/few` 10 lines; `/logs` says how the log does. */
const program = `
  import { metricsText } from "@holdfast/metrics";
  import { processLogs, processMeterRegistry, serve, serviceLog } from "@holdfast/service";
  const note = "x".repeat(8_000);
  await serve({ name: "talker", handler: (req, res) => {
    const { sink } = processLogs();
    if (req.url === "/meters") return res.end(metricsText(processMeterRegistry.snapshot()).text);
    if (req.url === "/logs") return res.end(JSON.stringify({ lost: sink.lost, waiting: sink.waiting, trouble: sink.trouble }));
    for (let i = 0; i < (req.url?.startsWith("/few") ? 10 : 125); i++) serviceLog().info("talk", { i, url: req.url, note });
    res.end("ok");
  } });`;

interface Talker extends AsyncDisposable {
  readonly process: ChildProcess;
  get(path: string): Promise<string>;
}

async function start(output: StdioOptions, environment: Record<string, string> = {}): Promise<Talker> {
  const port = await freePort();
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
    cwd: join(import.meta.dirname, ".."),
    env: { PATH: process.env["PATH"], PORT: String(port), HOST: "127.0.0.1", ...environment },
    stdio: output,
  });
  const get = async (path: string): Promise<string> => {
    const signal = AbortSignal.timeout(2_000);
    return (await fetch(`http://127.0.0.1:${port}${path}`, { signal })).text();
  };
  await waitFor("the service to answer", () => get("/logs").then(Boolean, () => false));
  return {
    process: child,
    get,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

test("a reader that no longer reads the log delays no request, and the log takes no more memory than its bound", async () => {
  await using talker = await start(["ignore", "pipe", "ignore"]);
  for (let i = 0; i < 10; i++) assert.equal(await talker.get("/"), "ok");
  assert.match(await talker.get("/meters"), /^log_lost_total \d{3,}/m);
  const logs = JSON.parse(await talker.get("/logs")) as { lost: number; waiting: number };
  assert.ok(logs.waiting <= 1024 * 1024 && logs.waiting > 900_000, JSON.stringify(logs));
  assert.ok(logs.lost > 900, JSON.stringify(logs));
  // It reads again, and is told what it missed.
  let text = "";
  talker.process.stdout?.on("data", (chunk) => (text += String(chunk)));
  await waitFor("the word of the loss", () => text.includes('"event":"log.lost"'));
  assert.match(text, new RegExp(`"event":"log.lost","lines":${logs.lost},"reason":"SLOW"`));
  talker.process.kill("SIGTERM");
  const [code] = await once(talker.process, "exit");
  assert.equal(code, 0);
  assert.match(text, /"event":"service.stopped"/);
});

test("a log disk that is full stops neither the service nor its end", async (t) => {
  if (process.platform !== "linux") return t.skip("skipped: needs /dev/full");
  const full = openSync("/dev/full", "a");
  t.after(() => closeSync(full));
  await using talker = await start(["ignore", full, full]);
  for (let i = 0; i < 5; i++) assert.equal(await talker.get("/"), "ok");
  assert.match(await talker.get("/logs"), /"trouble":"ENOSPC"|"lost":[1-9]/);
  talker.process.kill("SIGTERM");
  const [code] = await once(talker.process, "exit");
  assert.equal(code, 0);
});

test("a file gets every line up to the last, and none of them holds a secret of the environment", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-log-"));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, "log");
  const fd = openSync(path, "a");
  const environment = { HOLDFAST_LOG_LEVEL: "debug", HOLDFAST_INSTANCE_TOKEN: "planted-t0ken", MAIL_NOTE: "plain" };
  await using talker = await start(["ignore", fd, fd], environment);
  closeSync(fd);
  for (let i = 0; i < 3; i++) assert.equal(await talker.get("/few?q=planted-t0ken"), "ok");
  talker.process.kill("SIGTERM");
  const [code] = await once(talker.process, "exit");
  const text = readFileSync(path, "utf8");
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string });
  assert.equal(code, 0, text.slice(-1_000));
  assert.equal(lines.filter(({ event }) => event === "talk").length, 30);
  assert.deepEqual([lines.at(0)?.event, lines.at(-1)?.event], ["service.health", "service.stopped"]);
  assert.doesNotMatch(text, /planted-t0ken/);
});

test("the line that says why a process ends is there, though it ends at once", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-log-"));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, "log");
  const fd = openSync(path, "a");
  const dying = `import { serviceLog } from "@holdfast/service";
    serviceLog().info("first"); serviceLog().error("last", { token: "s3cr3t" }); process.exit(3);`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", dying], {
    cwd: join(import.meta.dirname, ".."),
    stdio: ["ignore", fd, "ignore"],
  });
  closeSync(fd);
  const [code] = await once(child, "exit");
  const events = readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { event: string }).event);
  assert.deepEqual([code, events], [3, ["first", "last"]]);
});
