import { fstatSync, write, writeSync } from "node:fs";

/** Told once when a write has ended: with what went wrong, and what of the text has not been written then. */
export type Written = (error: Error | undefined, rest: string) => void;

/** Where a log goes. One write at a time. */
export interface LogOutput {
  write(text: string, done: Written): void;
  /** As the process ends: as much as can be written without waiting for anybody. Never throws. */
  writeNow(text: string): void;
  /** True for an error after which no further try makes sense: the reader has gone. */
  isGone(error: Error): boolean;
}

/** Many times what a write to a file takes. */
const lastWriteMs = 20;

const gone: ReadonlySet<unknown> = new Set(["EPIPE", "EBADF", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]);

function isGone(error: Error): boolean {
  return "code" in error && gone.has(error.code);
}

/**
 * A file, written off the event loop: `process.stdout` writes to files where it stands, and a disk that hangs would stop
 * the process.
 */
export function fileOutput(fd: number): LogOutput {
  let isWriting = false;
  return {
    isGone,
    write(text, finished) {
      const bytes = Buffer.from(text);
      isWriting = true;
      const done: Written = (error, rest) => {
        isWriting = false;
        finished(error, rest);
      };
      const writeFrom = (from: number): void => {
        write(fd, bytes, from, bytes.length - from, null, (error, count) => {
          if (error !== null) return done(error, restOf(bytes, from));
          if (from + count < bytes.length) return writeFrom(from + count);
          done(undefined, "");
        });
      };
      writeFrom(0);
    },
    writeNow(text) {
      // What another thread is at does not outlast the process, and may be the line that says why it ends.
      if (isWriting) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lastWriteMs);
      try {
        if (text !== "") writeSync(fd, text);
      } catch {
        // It ends anyway, and there is nowhere else to say so.
      }
    },
  };
}

/** The text from a byte on; of a character that was cut in two, what is left is lost. */
function restOf(bytes: Buffer, from: number): string {
  let at = from;
  while (at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80) at += 1;
  return bytes.toString("utf8", at);
}

/** A pipe, a socket or a terminal, as Node writes to it: without waiting, on all systems but Windows. */
export function streamOutput(stream: NodeJS.WriteStream): LogOutput {
  // A reader that goes away is told to the callback as well; unheard, the event would end the process.
  stream.on("error", () => {});
  return {
    isGone: () => true,
    write: (text, done) => void stream.write(text, (error) => done(error ?? undefined, text)),
    writeNow: (text) => {
      if (text !== "" && !stream.destroyed) stream.write(text);
    },
  };
}

/** Where the standard output of this process goes. */
export function standardOutput(): LogOutput {
  let isFile = false;
  try {
    isFile = fstatSync(process.stdout.fd).isFile();
  } catch {
    // Closed before we were started: the stream says so.
  }
  return isFile ? fileOutput(process.stdout.fd) : streamOutput(process.stdout);
}
