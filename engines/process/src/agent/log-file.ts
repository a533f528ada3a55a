import { closeSync, fstatSync, ftruncateSync, openSync, readSync, renameSync, statSync, writeSync } from "node:fs";
import { messageOf } from "@holdfast/kernel";

const chunkBytes = 64 * 1024;

/** Opens a log for appending, made 0640. When the disk refuses, the output goes nowhere rather than stop the launch. */
export function openLog(path: string): { readonly fd: number; readonly problem: string | undefined } {
  try {
    return { fd: openSync(path, "a", 0o640), problem: undefined };
  } catch (error) {
    return { fd: openSync("/dev/null", "a"), problem: messageOf(error) };
  }
}

/**
 * Bounds a log that a process holds open: once longer than `bytesMax`, its last `bytesMax` bytes are copied to
 * `<path>.1` and it is emptied (the writer appends, so it goes on at the start). Lines written between copy and
 * emptying are lost; there is no way to rename a file under a program that knows nothing of it.
 *
 * Returns the size it found, in bytes; 0 when there is no such file.
 */
export function boundLog(path: string, bytesMax: number): number {
  const size = sizeOf(path);
  if (size <= bytesMax) return size;
  const source = openSync(path, "r+");
  try {
    const target = openSync(`${path}.1.new`, "w", 0o640);
    try {
      copyTail(source, target, bytesMax);
    } finally {
      closeSync(target);
    }
    renameSync(`${path}.1.new`, `${path}.1`);
  } finally {
    // Even when the copy failed (a full disk): the bound is the promise, and emptying is what helps then.
    ftruncateSync(source, 0);
    closeSync(source);
  }
  return size;
}

/** The last line of a log that is not empty, at most 300 characters; empty when there is none. */
export function lastLine(path: string): string {
  try {
    const fd = openSync(path, "r");
    try {
      const start = Math.max(0, fstatSync(fd).size - 4096);
      const buffer = Buffer.alloc(4096);
      const text = buffer.toString("utf8", 0, readSync(fd, buffer, 0, buffer.length, start));
      const lines = text.split("\n").map((line) => line.trim());
      return (pickLine(lines.filter((line) => line !== "")) ?? "").slice(0, 300);
    } finally {
      closeSync(fd);
    }
  } catch {
    return "";
  }
}

/** Node ends a crash report with its version and leaves the message above the stack; that message says more. */
function pickLine(lines: readonly string[]): string | undefined {
  const crashed = /^Node\.js v\d+/.test(lines.at(-1) ?? "");
  const message = crashed ? lines.findLast((line) => /^(?:\w*Error\b|Error:)/.test(line)) : undefined;
  return message ?? lines.at(-1);
}

function copyTail(source: number, target: number, bytes: number): void {
  const buffer = Buffer.alloc(chunkBytes);
  const end = fstatSync(source).size;
  let position = Math.max(0, end - bytes);
  while (position < end) {
    const read = readSync(source, buffer, 0, Math.min(chunkBytes, end - position), position);
    if (read === 0) break;
    writeSync(target, buffer, 0, read);
    position += read;
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
