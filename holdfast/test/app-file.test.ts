import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode, type Random, SeededRandom, SystemClock } from "@holdfast/kernel";
import { type Application, parseApplication } from "@holdfast/wire/application";
import { formatFault } from "../src/app-file/fault.ts";
import { findApplicationFile, nameFromDirectory } from "../src/app-file/find.ts";
import { type LoadResult, loadHere } from "../src/app-file/load.ts";
import { loadApplication } from "../src/app-file/load-application.ts";
import { formatApplication } from "../src/cli/app.ts";
import { scratch } from "./scratch.ts";

const tenFaults = `import type { ApplicationInput } from "holdfast";
const shared = { interval: "soon" };
function defineApp(value: unknown) {
  return value;
}
export default defineApp({
  name: "Shop",
  nme: "shop",
  environment: "production",
  regions: { "eu-1": { zones: 12 } },
  services: {
    web: { run: "", drain: "later" },
    registry: { run: "node r.js" },
    api: {
      runs: "node api.js",
      scale: { min: 3, max: 1 },
      health: { ...shared },
      env: { DEBUG: 1 },
    },
  } as const,
  routes: [
    { match: "/api/**", to: "api" },
    { match: "api", to: "web" },
  ],
} satisfies unknown);
`;

function lines(result: LoadResult, directory: string): string[] {
  assert.equal(result.kind, "faults");
  return result.kind === "faults" ? result.faults.map((fault) => formatFault(fault).replace(`${directory}/`, "")) : [];
}

test("all faults of a TypeScript file are reported at once, each with its line and column", async (t) => {
  const directory = scratch(t, { "holdfast.config.ts": tenFaults });
  const found = lines(await loadHere(join(directory, "holdfast.config.ts")), directory);
  const expected = [
    /^holdfast\.config\.ts:7:3 name: must be lower-case words/,
    /^holdfast\.config\.ts:8:3 nme: is not a known field$/,
    /^holdfast\.config\.ts:9:3 environment: /,
    /^holdfast\.config\.ts:10:24 regions\["eu-1"\]\.zones: /,
    /^holdfast\.config\.ts:12:12 services\.web\.run: must be a command/,
    /^holdfast\.config\.ts:12:21 services\.web\.drain: must be a duration/,
    /^holdfast\.config\.ts:14:5 services\.api\.run: /,
    /^holdfast\.config\.ts:15:7 services\.api\.runs: is not a known field$/,
    /^holdfast\.config\.ts:16:24 services\.api\.scale\.max: must be at least min \(3\), got 1$/,
    /^holdfast\.config\.ts:2:18 services\.api\.health\.interval: must be a duration/,
    /^holdfast\.config\.ts:18:14 services\.api\.env\.DEBUG: /,
    /^holdfast\.config\.ts:23:7 routes\[1\]\.match: must be a path/,
  ];
  for (const pattern of expected)
    assert.ok(
      found.some((line) => pattern.test(line)),
      `${pattern} in\n${found.join("\n")}`,
    );
  assert.ok(found.length >= 10, found.join("\n"));
});

test("faults of YAML and JSON files have positions too", async (t) => {
  const directory = scratch(t, {
    "a/holdfast.config.yaml": "name: shop\nservices:\n  web:\n    run: node web.js\n    drain: never\n  api: {}\n",
    "b/holdfast.config.json": '{\n  "services": {\n    "web": { "run": 7 }\n  }\n}\n',
  });
  const yaml = lines(await loadHere(join(directory, "a/holdfast.config.yaml")), directory);
  assert.match(yaml[0] ?? "", /^a\/holdfast\.config\.yaml:5:5 services\.web\.drain: must be a duration/);
  assert.match(yaml[1] ?? "", /^a\/holdfast\.config\.yaml:6:3 services\.api\.run: /);
  const json = lines(await loadHere(join(directory, "b/holdfast.config.json")), directory);
  assert.match(json[0] ?? "", /^b\/holdfast\.config\.json:3:14 services\.web\.run: /);
});

test("syntax faults name the place in TypeScript, YAML and JSON", async (t) => {
  const directory = scratch(t, {
    "bad.ts": "export default {\n  services: {\n    web: { run: 'x' }\n    api: {}\n  }\n};\n",
    "bad.yaml": "services:\n  web: {run: x\n",
    "bad.json": '{\n  "services": {,}\n}\n',
  });
  assert.match(lines(await loadHere(join(directory, "bad.ts")), directory)[0] ?? "", /^bad\.ts:4:5 /);
  assert.match(lines(await loadHere(join(directory, "bad.yaml")), directory)[0] ?? "", /^bad\.yaml:[23]:\d+ /);
  assert.match(lines(await loadHere(join(directory, "bad.json")), directory)[0] ?? "", /^bad\.json:2:16 /);
});

test("a file that hangs, throws, ends the process or exports nothing is reported as a fault", async (t) => {
  const directory = scratch(t, {
    "hangs.mjs": "while (true);\n",
    "throws.mjs": "\nthrow new Error('no database');\n",
    "exits.mjs": "process.exit(3);\n",
    "empty.mjs": "export const app = {};\n",
  });
  const clock = new SystemClock();
  const load = async (name: string): Promise<string> =>
    lines(await loadApplication(clock, join(directory, name), 1_500), directory)[0] ?? "";
  const [hangs, throws, exits, empty] = await Promise.all(
    ["hangs.mjs", "throws.mjs", "exits.mjs", "empty.mjs"].map(load),
  );
  assert.match(hangs ?? "", /^hangs\.mjs:1:1 did not finish loading within 1\.5 s/);
  assert.match(throws ?? "", /^throws\.mjs:2:7 cannot be run: no database$/);
  assert.match(exits ?? "", /^exits\.mjs:1:1 ended the process \(exit code 3\)/);
  assert.match(empty ?? "", /^empty\.mjs:1:1 has no default export/);
});

test("what an application file prints is heard, within bounds, and never waited for", async (t) => {
  const application = 'export default { services: { web: { run: "node w.js" } } };\n';
  const directory = scratch(t, {
    "says.mjs": `console.error("reviews: left out");\nconsole.log("b".repeat(1_000));\n${application}`,
    "floods.mjs": `for (let i = 0; i < 1_000; i++) console.log(i);\n${application}`,
    "leaves.mjs": `import { spawn } from "node:child_process";
spawn(process.execPath, ["-e", "setTimeout(() => {}, 3_000)"], { stdio: "inherit" }).unref();\n${application}`,
  });
  const hear = async (name: string): Promise<string[]> => {
    const said: string[] = [];
    const result = await loadApplication(new SystemClock(), join(directory, name), 5_000, (line) => said.push(line));
    assert.equal(result.kind, "ok");
    return said;
  };
  assert.deepEqual((await hear("says.mjs")).toSorted(), ["b".repeat(300), "reviews: left out"]);
  assert.equal((await hear("floods.mjs")).length, 20);
  const from = performance.now();
  assert.deepEqual(await hear("leaves.mjs"), []);
  assert.ok(performance.now() - from < 2_500, "a program that the file started is not waited for");
});

test("a plain object without any import is an application, named after its directory", async (t) => {
  const directory = scratch(t, {
    "My Shop 2/holdfast.config.ts": "export default { services: { web: { run: 'node web.js' } } };\n",
  });
  const result = await loadApplication(new SystemClock(), findApplicationFile(join(directory, "My Shop 2")));
  assert.equal(result.kind === "ok" && result.application.name, "my-shop-2");
});

test("a missing application file says what was looked for, two of them say which", (t) => {
  const directory = scratch(t, { "holdfast.config.ts": "", "holdfast.config.yaml": "", "empty/readme": "" });
  assert.throws(() => findApplicationFile(join(directory, "empty")), /looked for holdfast\.config\.\{ts,mts/);
  assert.throws(
    () => findApplicationFile(directory),
    (error) =>
      hasCode(error, "APP_FILE_AMBIGUOUS") && /holdfast\.config\.ts and holdfast\.config\.yaml/.test(error.message),
  );
});

test("directories of any name give a usable application name", () => {
  assert.equal(nameFromDirectory("/srv/My_Movies.App"), "my-movies-app");
  assert.equal(nameFromDirectory("/srv/123"), "app");
  assert.equal(nameFromDirectory("/"), "app");
});

test("what `app print` prints is the same application again, for 60 seeds", async (t) => {
  const directory = scratch(t);
  const { writeFileSync } = await import("node:fs");
  for (let seed = 1; seed <= 60; seed++) {
    const parsed = parseApplication(randomApplication(new SeededRandom(seed)));
    assert.equal(parsed.kind, "ok", `seed ${seed}: ${JSON.stringify(parsed)}`);
    if (parsed.kind !== "ok") return;
    const application = { ...parsed.application, name: parsed.application.name ?? "app" };
    for (const form of ["yaml", "json"] as const) {
      const file = join(directory, `${seed}.${form}`);
      writeFileSync(file, await formatApplication(application, form));
      const again = await loadHere(file);
      assert.deepEqual(again.kind === "ok" ? again.application : again, application, `seed ${seed} as ${form}`);
    }
  }
});

const awkward = [
  "yes",
  "no",
  "null",
  "1e3",
  "0x1f",
  "~",
  "- a",
  "# not a comment",
  "a: b",
  "'",
  '"',
  "\\",
  "ünï",
  " two ",
  "%",
  "@x",
  "a\nb",
];

function randomApplication(random: Random): unknown {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  const services: Record<string, unknown> = {};
  for (let i = 0; i <= random.below(4); i++) {
    const min = random.below(4);
    services[`${pick(["web", "api", "null", "on"])}${i}`] = {
      run: `node ${pick(awkward).trim() || "x"}`,
      ...(random.below(2) === 0 ? {} : { env: { [pick(["A", "true", "n", "x y"])]: pick(awkward) } }),
      ...(random.below(2) === 0 ? {} : { scale: { min, max: min + random.below(5) } }),
      ...(random.below(2) === 0 ? {} : { drain: pick([1_500, "2s", "0.5m"]) }),
      ...(random.below(2) === 0 ? {} : { health: { path: pick(["/", "/healthz?x=#1"]), unhealthyAfter: 3 } }),
    };
  }
  const names = Object.keys(services);
  return {
    services,
    ...(random.below(2) === 0 ? {} : { name: pick(["shop", "on", "null"]) }),
    ...(random.below(2) === 0 ? {} : { regions: { "eu-1": { zones: pick([1, 3, ["a", "b"]]) } } }),
    ...(random.below(2) === 0 ? {} : { routes: [{ match: pick(["/**", "/a"]), to: pick(names) }] }),
  } satisfies Partial<Record<keyof Application, unknown>>;
}
