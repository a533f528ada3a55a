import { type ChildProcess, fork } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Clock, PlatformError } from "@holdfast/kernel";
import { programDirectory, programFile } from "../programs.ts";
import { startOfFile } from "./fault.ts";
import type { LoadResult, NamedApplication } from "./load.ts";
import type { PrepareMessage, PrepareRequest } from "./prepare-protocol.ts";

/** Longest time an application file gets to be run: it is data, and takes milliseconds. */
export const loadTimeoutMs = 5_000;

/**
 * Reads and checks an application file in a child, so that a file that hangs, exits or throws is a fault like any other.
 * `onSaid` gets each line that the file prints, such as what it leaves out on this machine. Default: our standard error.
 */
export async function loadApplication(
  clock: Clock,
  file: string,
  timeoutMs = loadTimeoutMs,
  onSaid: (line: string) => void = toStandardError,
): Promise<LoadResult> {
  const fault = (message: string): LoadResult => ({
    kind: "faults",
    file,
    faults: [{ file, ...startOfFile, path: "", message }],
  });
  const facade = `${programDirectory() ?? ""}/facade.mjs`;
  const request: PrepareRequest = { kind: "load", file, facade: existsSync(facade) ? facade : undefined };
  const done = await ask(clock, request, timeoutMs, () => {}, onSaid);
  if (done.kind === "loaded") return done.result;
  if (done.kind === "late") {
    return fault(
      `did not finish loading within ${timeoutMs / 1000} s; an application file is data and must not wait for anything`,
    );
  }
  if (done.kind === "exited") return fault(`ended the process (${done.how}) while it was loading`);
  return fault(done.kind === "failed" ? done.message : "could not be loaded");
}

export interface BakedApplication {
  /** Service → absolute image directory. */
  readonly images: Readonly<Record<string, string>>;
  /** The application with the commands the images need (bundled services run their bundle). */
  readonly application: NamedApplication;
}

/**
 * Makes the images of all services in a child.
 *
 * @throws PlatformError with the code of what went wrong (`BUNDLE_FAILED`, `IMAGE_TOO_LARGE` …).
 */
export async function bakeApplication(
  clock: Clock,
  file: string,
  application: NamedApplication,
  stateDirectory: string,
  onProgress: (line: string) => void,
): Promise<BakedApplication> {
  const done = await ask(clock, { kind: "bake", file, application, stateDirectory }, 120_000, onProgress);
  if (done.kind === "baked") {
    const services = { ...application.services };
    for (const [name, run] of Object.entries(done.runs)) {
      const service = services[name];
      if (service !== undefined) services[name] = { ...service, run };
    }
    return { images: done.images, application: { ...application, services } };
  }
  if (done.kind === "failed") {
    throw new PlatformError(done.code, done.message, done.next === undefined ? {} : { next: done.next });
  }
  const why = done.kind === "late" ? "did not finish within 120 s" : "ended before it was done";
  throw new PlatformError("BAKE_FAILED", `making the images: the process ${why}`, {
    next: "run it again; if it repeats, report it",
  });
}

type Outcome = PrepareMessage | { readonly kind: "late" } | { readonly kind: "exited"; readonly how: string };

async function ask(
  clock: Clock,
  request: PrepareRequest,
  timeoutMs: number,
  onProgress: (line: string) => void,
  onSaid?: (line: string) => void,
): Promise<Outcome> {
  const child: ChildProcess = fork(programFile("prepare"), [], {
    // What the user's file prints goes to our standard error, or to who listens: standard output may be JSON.
    stdio: onSaid === undefined ? ["ignore", 2, 2, "ipc"] : ["ignore", "pipe", "pipe", "ipc"],
    execArgv: ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--disable-warning=ExperimentalWarning"],
  });
  const heard = onSaid === undefined ? Promise.resolve() : hear(child, onSaid);
  const outcome = await new Promise<Outcome>((resolve) => {
    const finish = (outcome: Outcome): void => {
      timer.cancel();
      resolve(outcome);
    };
    const timer = clock.after(timeoutMs, () => {
      finish({ kind: "late" });
      child.kill("SIGKILL");
    });
    child.on("message", (message: PrepareMessage) => {
      if (message.kind === "progress") onProgress(message.line);
      else finish(message);
    });
    child.on("error", (error) => finish({ kind: "exited", how: error.message }));
    // Its last words may still be in the channel: they are heard before its end is told.
    child.on("exit", (code, signal) => {
      const end = (): void => finish({ kind: "exited", how: signal ?? `exit code ${code}` });
      if (!child.connected) return setImmediate(end);
      child.once("disconnect", () => setImmediate(end));
    });
    child.send(request);
  });
  const late = new AbortController();
  await Promise.race([heard, clock.sleep(lastWordsMs, late.signal).catch(() => {})]);
  late.abort();
  child.stdout?.destroy();
  child.stderr?.destroy();
  return outcome;
}

/** What was printed may arrive after the result; a program that the file has started may never end its output. */
const lastWordsMs = 200;
const linesMax = 20;
const charsMax = 300;

/** Resolves when the child's output has ended; past the bounds nothing is passed on. */
async function hear(child: ChildProcess, onSaid: (line: string) => void): Promise<void> {
  let lines = 0;
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  await Promise.all(
    streams.map(async (stream) => {
      stream.on("error", () => {});
      for await (const line of createInterface({ input: stream })) {
        if (lines < linesMax && line.trim() !== "") onSaid(line.slice(0, charsMax));
        lines += 1;
      }
    }),
  );
}

function toStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}
