import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runHoldfast } from "@holdfast/testing";
import type { InstanceView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { processesWith } from "./processes.ts";

const live = new Set<BenchStack>();

/** Takes down whatever is up: for an end that nobody planned. */
export async function takeAllDown(): Promise<void> {
  await Promise.allSettled([...live].map((stack) => stack[Symbol.asyncDispose]()));
}

interface Ready {
  readonly edge: string;
  readonly console: string;
  readonly registry: string;
}

/**
 * `holdfast up -d` of an application in a state directory of its own, which survives {@link BenchStack.down}: a second
 * start finds its images made. Only commands and the public API are used.
 */
export class BenchStack {
  readonly state: string;
  readonly bin: string;
  readonly #application: string;
  #ready: Ready | undefined;

  constructor(root: string, application: string) {
    this.bin = join(root, "holdfast/bin/holdfast.mjs");
    this.#application = join(root, application);
    this.state = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  }

  /** Wall ms from the command to everything healthy. */
  async up(): Promise<number> {
    live.add(this);
    const from = performance.now();
    const result = await runHoldfast(this.bin, [
      "up",
      this.#application,
      "--isolated",
      "--state",
      this.state,
      "--detach",
      "--json",
    ]);
    const ms = performance.now() - from;
    const line = result.stdout.split("\n").find((text) => text.includes('"event":"ready"'));
    if (result.code !== 0 || line === undefined) {
      throw new Error(`holdfast up ended with ${result.code}: ${(result.stderr || result.stdout).slice(-2_000)}`);
    }
    this.#ready = JSON.parse(line) as Ready;
    return ms;
  }

  get ready(): Ready {
    if (this.#ready === undefined) throw new Error("the stack is not up");
    return this.#ready;
  }

  async instances(): Promise<InstanceView[]> {
    return (await this.#call("GET", ControlPaths.instances)) as InstanceView[];
  }

  /** The application's own instances that serve. */
  async serving(): Promise<InstanceView[]> {
    return (await this.instances()).filter((one) => one.kind === "app" && one.status === "up");
  }

  run(...args: string[]): ReturnType<typeof runHoldfast> {
    return runHoldfast(this.bin, [...args, "--dir", this.state], 200_000);
  }

  /** Stops all of it. What is then still there is a fault. */
  async down(): Promise<void> {
    const result = await this.run("down");
    this.#ready = undefined;
    live.delete(this);
    const left = processesWith(this.state);
    if (result.code !== 0 || left.length > 0) {
      throw new Error(`holdfast down ended with ${result.code} and left ${left.length} processes: ${result.stderr}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Also when it never became ready: what of it runs must end.
    if (live.has(this)) await this.down();
    rmSync(this.state, { recursive: true, force: true });
  }

  async #call(method: string, path: string): Promise<unknown> {
    const token = readFileSync(join(this.state, "token"), "utf8").trim();
    const response = await fetch(new URL(path, this.ready.console), {
      method,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(5_000),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
}
