/**
 * `npm test`: every check of the house, in the order in which they are cheap, ending in one line
 * `N passed, N failed, N skipped`. `--full` runs the sizes the issues state; `--only=static|unit|world` one part.
 */
import { spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Totals } from "./reporter.ts";

interface Step {
  readonly part: "static" | "unit" | "world";
  readonly name: string;
  /** Run side by side; most tests wait more than they work. */
  readonly commands: readonly (readonly string[])[];
  /** A node:test run reports its own totals; any other command counts as one check. */
  readonly isTestRun: boolean;
  readonly timeoutMs: number;
}

const roomFiles = globSync("{kernel,wire,testing,tools,holdfast,bench,console}/test/**/*.test.ts")
  .concat(globSync("{runtime,services,engines,examples}/*/test/**/*.test.ts"))
  .sort();
/** These run a whole engine, Podman among them: a step of their own, one after the other. */
const isEngineTest = (file: string): boolean => /\/(container-engine|conformance|podman)\.test\.ts$/.test(file);
const [engineFiles, unitFiles] = [true, false].map((wanted) =>
  roomFiles.filter((file) => isEngineTest(file) === wanted),
) as [string[], string[]];
/** These measure failures under load, and so have the machine to themselves. */
const isLoadTest = (file: string): boolean => /\/(survival|bring-your-own|zone-loss)\.test\.ts$/.test(file);
const [loadFiles, worldFiles] = [true, false].map((wanted) =>
  globSync("tests/world/test/**/*.test.ts")
    .sort()
    .filter((file) => isLoadTest(file) === wanted),
) as [string[], string[]];
/** The registry's cluster in a simulated world, and clients not written by us. */
const simFiles = globSync("tests/sim/test/**/*.test.ts").sort();
const outsideFiles = globSync("tests/outside/test/**/*.test.ts").sort();
const reporter = ["--test-reporter=./tools/src/reporter.ts", "--test-reporter-destination=stdout"];

const staticStep = (name: string, ...command: string[]): Step => ({
  part: "static",
  name,
  commands: [command],
  isTestRun: false,
  timeoutMs: 120_000,
});

/** Every n-th file to the same shard, so that the long ones of a room are spread. */
function shards(files: readonly string[], count: number): string[][] {
  return Array.from({ length: count }, (_, shard) => files.filter((_file, index) => index % count === shard));
}

function worldCommand(concurrency: number, files: readonly string[]): string[] {
  return ["node", "--test", `--test-concurrency=${concurrency}`, "--test-timeout=600000", ...reporter, ...files];
}

function steps(full: boolean): Step[] {
  return allSteps(full).filter((step) => !step.name.startsWith("0 files"));
}

function allSteps(full: boolean): Step[] {
  return [
    staticStep("types", "tsc", "-p", "."),
    staticStep("types of the console", "tsc", "-p", "console"),
    staticStep("lint", "oxlint", "--type-aware", "--quiet"),
    staticStep(
      "format",
      "biome",
      "check",
      "--linter-enabled=false",
      "--error-on-warnings",
      "--max-diagnostics=20",
      ".",
    ),
    staticStep("unused exports and dependencies", "knip", "--no-progress"),
    {
      part: "unit",
      name: `${unitFiles.length} files of unit and wire tests`,
      commands: shards(unitFiles, 3).map((files) => [
        "node",
        "--test",
        "--test-isolation=none",
        "--test-timeout=60000",
        ...reporter,
        ...files,
      ]),
      isTestRun: true,
      timeoutMs: 300_000,
    },
    {
      part: "unit",
      name: `${simFiles.length} files of simulations`,
      commands: [worldCommand(2, simFiles)],
      isTestRun: true,
      timeoutMs: full ? 3_600_000 : 300_000,
    },
    {
      part: "world",
      name: `${engineFiles.length} files of tests with engines`,
      commands: [worldCommand(1, engineFiles)],
      isTestRun: true,
      timeoutMs: 600_000,
    },
    {
      part: "world",
      name: `${outsideFiles.length} files of tests with clients not written by us`,
      commands: [worldCommand(2, outsideFiles)],
      isTestRun: true,
      timeoutMs: 600_000,
    },
    {
      part: "world",
      name: `${loadFiles.length} files of tests with the whole stack under load`,
      commands: [worldCommand(1, loadFiles)],
      isTestRun: true,
      timeoutMs: full ? 3_600_000 : 600_000,
    },
    {
      part: "world",
      name: `${worldFiles.length} files of tests with the whole stack`,
      commands: [worldCommand(2, worldFiles)],
      isTestRun: true,
      timeoutMs: full ? 3_600_000 : 600_000,
    },
  ];
}

const full = process.argv.includes("--full");
const only = process.argv.find((arg) => arg.startsWith("--only="))?.slice(7);
const scratch = mkdtempSync(join(tmpdir(), "holdfast-test-"));
const sum: Totals = { passed: 0, failed: 0, skipped: 0 };
const startedAt = performance.now();

for (const step of steps(full)) {
  if (only !== undefined && step.part !== only) continue;
  const from = performance.now();
  console.log(`▸ ${step.name}`);
  const totals = await runStep(step);
  sum.passed += totals.passed;
  sum.failed += totals.failed;
  sum.skipped += totals.skipped;
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  console.log(`  ${totals.failed === 0 ? "✔" : "✖"} ${totals.passed} passed, ${totals.failed} failed in ${seconds} s`);
}

rmSync(scratch, { recursive: true, force: true });
console.log(`all checks took ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1;

async function runStep(step: Step): Promise<Totals> {
  const results = await Promise.all(step.commands.map((command, index) => runCommand(step, command, index)));
  const sumOf = (key: keyof Totals): number => results.reduce((all, one) => all + one[key], 0);
  return { passed: sumOf("passed"), failed: sumOf("failed"), skipped: sumOf("skipped") };
}

async function runCommand(step: Step, command: readonly string[], index: number): Promise<Totals> {
  const totalsFile = join(scratch, `totals-${index}.json`);
  rmSync(totalsFile, { force: true });
  const env = { ...process.env, HOLDFAST_TEST_TOTALS: totalsFile, HOLDFAST_FULL: full ? "1" : "" };
  const code = await exitCode(step, command, env);
  if (!step.isTestRun) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  try {
    const totals: Totals = JSON.parse(readFileSync(totalsFile, "utf8"));
    // A runner that died after its last test must not look green.
    return code !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals;
  } catch {
    console.log(`  ✖ ${step.name}: the runner ended with ${code} before it reported`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function exitCode(step: Step, command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [program = "node", ...args] = command;
  const child = spawn(program, args, { env, stdio: ["ignore", "inherit", "inherit"] });
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      console.log(`  ✖ ${step.name}: stopped after ${step.timeoutMs / 1000} s`);
      child.kill("SIGKILL");
    }, step.timeoutMs);
    child.on("error", (error) => {
      console.log(`  ✖ ${program}: ${error.message}`);
      clearTimeout(timer);
      resolve(127);
    });
    child.on("exit", (code) => {
      clearTimeout(timer);
      resolve(code ?? 137);
    });
  });
}
