import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode, PlatformError } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import type { InstanceView } from "@holdfast/wire/control";
import { bundleService } from "../src/bundle/bundle-service.ts";
import { parseNodeCommand } from "../src/bundle/run-command.ts";
import { faultSupport } from "../src/cli/doctor.ts";
import { exitCodeOf } from "../src/cli/exit-codes.ts";
import { helpText } from "../src/cli/help.ts";
import { chooseInstance } from "../src/cli/kill.ts";
import { formatAge, formatTable } from "../src/cli/table.ts";
import { readUpFlags } from "../src/cli/up.ts";
import { bannerLines, makeUpView, statusLines } from "../src/cli/up-view.ts";
import type { UpEvent } from "../src/up/events.ts";
import { scratch } from "./scratch.ts";

const bin = join(import.meta.dirname, "../bin/holdfast.mjs");
const helpFile = join(import.meta.dirname, "../bin/help.txt");

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line from source, in `cwd`. */
function holdfast(cwd: string, ...args: string[]): Promise<Ran> {
  const main = join(import.meta.dirname, "../src/cli/main.ts");
  const script = `const { main } = await import(${JSON.stringify(main)}); process.exitCode = await main(process.argv.slice(1));`;
  const words = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script, "--", ...args];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      words,
      { cwd, env: { ...process.env, NO_COLOR: "1", HOLDFAST_DIR: undefined } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

test("the kept help text is what the commands are (else: node holdfast/src/cli/write-help.ts)", () => {
  assert.equal(readFileSync(helpFile, "utf8"), helpText());
});

test("help and version come from the start script itself", async () => {
  const run = (...args: string[]) =>
    new Promise<string>((resolve) => execFile(process.execPath, [bin, ...args], (_error, stdout) => resolve(stdout)));
  assert.equal(await run("--help"), readFileSync(helpFile, "utf8"));
  assert.match(await run("--version"), /^\d+\.\d+\.\d+\n$/);
});

test("wrong usage ends with code 2, a missing stack with 3, each with the next step", async (t) => {
  const directory = scratch(t);
  const [unknown, missing, zones, none] = await Promise.all([
    holdfast(directory, "upp"),
    holdfast(directory, "ps", "--json"),
    holdfast(directory, "up", "--zones", "12"),
    holdfast(directory, "up"),
  ]);
  assert.deepEqual([unknown.code, missing.code, zones.code, none.code], [2, 3, 2, 2]);
  assert.match(unknown.stderr, /^✖ unknown command 'upp'.*\n {2}try: holdfast --help\n {2}code: USAGE\n$/s);
  assert.deepEqual(JSON.parse(missing.stdout).error.code, "STACK_NOT_FOUND");
  assert.equal(missing.stderr, "");
  assert.match(zones.stderr, /--zones: must be a whole number from 1 to 9, got "12"/);
  assert.match(none.stderr, /looked for holdfast\.config\./);
});

test("app check prints one line a fault, and the same as JSON", async (t) => {
  const directory = scratch(t, { "holdfast.config.yaml": "services:\n  web: {}\n  api: {run: 1}\n" });
  const [plain, json, schema] = await Promise.all([
    holdfast(directory, "app", "check"),
    holdfast(directory, "app", "check", "--json"),
    holdfast(directory, "app", "schema"),
  ]);
  assert.equal(plain.code, 2);
  assert.match(
    plain.stderr,
    /^holdfast\.config\.yaml:2:3 services\.web\.run: .*\nholdfast\.config\.yaml:3:9 services\.api\.run: .*\n✖ .*: 2 faults\n/,
  );
  assert.equal(JSON.parse(json.stdout).error.faults.length, 2);
  assert.equal(JSON.parse(schema.stdout).$schema, "https://json-schema.org/draft/2020-12/schema");
});

const instance = (id: string, status: InstanceView["status"] = "up"): InstanceView => ({
  id,
  name: "web",
  kind: "app",
  zone: "local-1a",
  region: "local-1",
  address: "127.1.1.10",
  port: 12_000,
  pid: 1,
  status,
  since: "2026-01-01T00:00:00Z",
  reason: "",
  reasonCode: "",
  serverGroup: "app-web-v000",
  startedAt: "2026-01-01T00:00:00Z",
});

test("an instance is chosen by its id or a beginning only one has", () => {
  const instances = [instance("i-aa11"), instance("i-aa22"), instance("i-bb33"), instance("i-bb44", "stopped")];
  assert.equal(chooseInstance(instances, "i-aa11").id, "i-aa11");
  assert.equal(chooseInstance(instances, "bb").id, "i-bb33");
  assert.throws(
    () => chooseInstance(instances, "i-aa"),
    (error) => hasCode(error, "AMBIGUOUS"),
  );
  assert.throws(
    () => chooseInstance(instances, "i-cc"),
    (error) => hasCode(error, "INSTANCE_UNKNOWN"),
  );
});

test("each kind of failure has its exit code", () => {
  const code = (name: string, status = 500): number => exitCodeOf(new PlatformError(name, "x", { status }));
  assert.deepEqual(
    [
      code("APP_FILE_FAULTY"),
      code("SERVICE_UNKNOWN", 404),
      code("NOT_HEALTHY_IN_TIME"),
      code("PORT_TAKEN"),
      code("STATE_READ_ONLY", 503),
    ],
    [2, 3, 4, 5, 1],
  );
  assert.equal(exitCodeOf(new Error("bug")), 1);
});

test("flags of up are checked by name", () => {
  const options = readUpFlags(undefined, { port: ["edge=9000", "console=9001"], zones: "2" });
  assert.deepEqual(options, {
    where: ".",
    zones: 2,
    regions: undefined,
    ports: { edge: 9_000, console: 9_001 },
    isolated: false,
    state: undefined,
    isolation: "auto",
    engine: "process",
    noWait: false,
  });
  for (const port of ["edge", "edge=x", "web=80", "edge=70000", "toString=1"]) {
    assert.throws(
      () => readUpFlags(".", { port: [port] }),
      (error) => hasCode(error, "OPTION_INVALID"),
      port,
    );
  }
});

test("a node command is taken apart and put together with another script", () => {
  const parsed = parseNodeCommand("node --import ./a.mjs --max-old-space-size=64 src/api.ts --port 1 'x y'");
  assert.equal(parsed?.script, "src/api.ts");
  assert.equal(
    parsed?.withScript("src/api.mjs"),
    "node --import ./a.mjs --max-old-space-size=64 src/api.mjs --port 1 'x y'",
  );
  assert.equal(parseNodeCommand('node "my api.ts"')?.withScript("my api.mjs"), 'node "my api.mjs"');
  for (const other of ["python app.py", "node", "node --version", "npm start", "node build"])
    assert.equal(parseNodeCommand(other), undefined, other);
});

test("a service is bundled into one file that runs, and a missing import is named", async (t) => {
  const directory = scratch(t, {
    "api.ts": "import { greet } from './greet.ts';\nconst name: string = 'you';\nconsole.log(greet(name));\n",
    "greet.ts": "export const greet = (name: string): string => `hello ${name}`;\n",
    "broken.ts": "import x from 'not-there-at-all';\nconsole.log(x);\n",
  });
  const inputs = await bundleService("api", join(directory, "api.ts"), join(directory, "out/api.mjs"));
  assert.deepEqual(inputs.map((file) => file.replace(`${directory}/`, "")).sort(), ["api.ts", "greet.ts"]);
  const printed = await new Promise((resolve) =>
    execFile(process.execPath, [join(directory, "out/api.mjs")], (_error, stdout) => resolve(stdout)),
  );
  assert.equal(printed, "hello you\n");
  await assert.rejects(bundleService("api", join(directory, "broken.ts"), join(directory, "out/b.mjs")), (error) => {
    return hasCode(error, "BUNDLE_FAILED") && error.message.includes("not-there-at-all");
  });
});

test("tables align, and a long last column never breaks a line", () => {
  assert.deepEqual(
    formatTable(
      ["A", "REASON"],
      [
        ["x", "short"],
        ["longer", "a reason that goes on"],
      ],
      20,
    ),
    ["A       REASON", "x       short", "longer  a reason th…"],
  );
  assert.deepEqual(
    [formatAge(0, 5_000), formatAge(0, 300_000), formatAge(0, 86_400_000), formatAge(0, 864_000_000)],
    ["5 s", "5 min", "24 h", "10 d"],
  );
});

const plan = {
  event: "plan",
  application: "movies",
  stateDirectory: "/srv/movies/.holdfast",
  urls: { console: "http://127.0.0.1:7070", edge: "http://127.0.0.1:8080", registry: "http://127.0.0.1:8761" },
  kept: true,
} as const;

const starting: UpEvent = {
  event: "status",
  status: {
    verdict: "starting",
    sentence: "1 of 2 services healthy",
    reasons: [],
    services: [
      { name: "web", up: 3, desired: 3, state: "healthy", reason: "" },
      { name: "catalog", up: 1, desired: 3, state: "starting", reason: "no answer on 127.1.1.10:12000 yet" },
    ],
  },
};

test("the banner has at most eight lines, and a wait always says for what", () => {
  assert.ok(bannerLines(plan, "http://127.0.0.1:7070/login?code=abc", false).length <= 8);
  assert.deepEqual(statusLines(undefined, "control to answer", 3, 80), ["  waiting for control to answer · 3 s"]);
  assert.deepEqual(statusLines(starting.event === "status" ? starting.status : undefined, "", 3, 200), [
    "  starting: 1 of 2 services healthy · 3 s",
    "  catalog  1/3  no answer on 127.1.1.10:12000 yet",
  ]);
});

test("without a terminal, plain lines appear once each, and what is waited for after two seconds", async () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const terminal = {
    json: false,
    isTty: false,
    columns: 100,
    print: (text: string) => void lines.push(text),
    printJson: () => {},
  } as unknown as Parameters<typeof makeUpView>[0];
  const view = makeUpView(terminal, clock, false);
  view.show(plan);
  view.show({ event: "login", url: "http://127.0.0.1:7070/login?code=abc" });
  view.show(starting);
  await clock.advance(6_100);
  view.show({ ...plan, event: "ready", seconds: 6.1, pid: 1 });
  view.show({ event: "process", name: "control", change: "exited", text: "control: SIGKILL; started again in 250 ms" });
  view.close();
  assert.equal(clock.pendingTimers, 0);
  assert.equal(lines.filter((line) => line.includes("no answer on 127.1.1.10:12000")).length, 1);
  assert.deepEqual(lines.slice(-2), ["ready in 6.1 s", "control: SIGKILL; started again in 250 ms"]);
});

test("doctor never calls a simulated fault real", () => {
  const without = faultSupport("linux", { works: false, why: "nft is not installed" });
  const partition = without.find(({ fault }) => fault.startsWith("partition"));
  assert.equal(partition?.support, "simulated");
  assert.match(partition?.why ?? "", /nft is not installed/);
  const real = faultSupport("linux", { works: true, why: "as root" });
  assert.equal(real.find(({ fault }) => fault.startsWith("partition"))?.support, "real");
  for (const { why } of [...without, ...real]) assert.ok(why.length > 10);
});
