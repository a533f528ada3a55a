import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { PlatformError, type Zone } from "@holdfast/kernel";
import type { EngineChoice } from "./container-engine.ts";
import type { Isolation } from "./isolation.ts";
import type { StackPorts } from "./ports.ts";

/** `stack.json` in the state directory: how commands find the stack of a directory. */
export interface StackFile {
  readonly version: string;
  readonly application: string;
  /** Absolute path of the application file. */
  readonly file: string;
  readonly stateDirectory: string;
  readonly runDirectory: string;
  readonly ports: StackPorts;
  readonly portBase: number;
  readonly zones: readonly Zone[];
  /** How its zones are kept apart; absent in stacks of earlier versions, which were all of the loopback. */
  readonly isolation?: Isolation;
  /** Where instances of the application run; absent in stacks of earlier versions, which had processes. */
  readonly engine?: EngineChoice;
  /** A state directory made for this run alone: removed when it is stopped. */
  readonly temporary: boolean;
}

export const stateDirectoryName = ".holdfast";

export function readStackFile(stateDirectory: string): StackFile | undefined {
  try {
    return JSON.parse(readFileSync(join(stateDirectory, "stack.json"), "utf8"));
  } catch {
    return undefined;
  }
}

export function writeStackFile(stack: StackFile): void {
  writeFileAtOnce(join(stack.stateDirectory, "stack.json"), JSON.stringify(stack, undefined, 2));
}

/** Readers see the old text or the new one, never half of it. */
export function writeFileAtOnce(path: string, text: string): void {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
}

/**
 * The stack that commands mean: of `where` (an application's directory, its file, or a state directory), else of
 * the current directory or the nearest one above it.
 *
 * @throws PlatformError `STACK_NOT_FOUND`.
 */
export function findStack(where: string | undefined, from: string = process.cwd()): StackFile {
  if (where !== undefined) {
    const given = resolve(from, where);
    const directory = statSync(given, { throwIfNoEntry: false })?.isFile() ? dirname(given) : given;
    const stack = readStackFile(directory) ?? readStackFile(join(directory, stateDirectoryName));
    if (stack !== undefined) return stack;
    throw notFound(`${given}: no stack was started from there`, `holdfast up ${where}`);
  }
  for (let directory = from; ; directory = dirname(directory)) {
    const state = join(directory, stateDirectoryName);
    const stack = existsSync(state) ? readStackFile(state) : undefined;
    if (stack !== undefined) return stack;
    if (directory === dirname(directory)) break;
  }
  throw notFound(
    `${from}: no stack here or in a directory above`,
    "holdfast up, or name its directory: --dir <application directory>",
  );
}

function notFound(message: string, next: string): PlatformError {
  return new PlatformError("STACK_NOT_FOUND", message, { next, status: 404 });
}
