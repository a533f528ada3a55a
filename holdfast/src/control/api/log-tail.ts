import { open } from "node:fs/promises";

/** Never more than this is read of a file at once. */
const readMax = 256 * 1024;

/** A place in a file of lines that grows, and now and then starts again from nothing (copytruncate). */
export interface TailPosition {
  readonly offset: number;
  /** The beginning of a line whose end was not written yet. */
  readonly partial: string;
}

export interface TailRead {
  readonly lines: string[];
  readonly position: TailPosition;
}

/** The last `count` whole lines (of the last 256 KiB), and where to go on from. A missing file is an empty one. */
export async function readTail(file: string, count: number): Promise<TailRead> {
  const read = await readFrom(file, (size) => Math.max(0, size - readMax));
  if (read === undefined) return { lines: [], position: { offset: 0, partial: "" } };
  const lines = read.text.split("\n");
  const partial = lines.pop() ?? "";
  // The first line may have begun before the window.
  if (read.from > 0) lines.shift();
  return { lines: count === 0 ? [] : lines.slice(-count), position: { offset: read.from + read.bytes, partial } };
}

/** What was written since `position`; a file that has become shorter is read from its start. */
export async function readMore(file: string, position: TailPosition): Promise<TailRead> {
  let { partial } = position;
  const read = await readFrom(file, (size) => {
    if (size >= position.offset) return position.offset;
    partial = "";
    return 0;
  });
  if (read === undefined) return { lines: [], position };
  const lines = (partial + read.text).split("\n");
  const rest = lines.pop() ?? "";
  // A program that never ends a line must not fill our memory.
  if (rest.length > readMax)
    return { lines: [...lines, rest], position: { offset: read.from + read.bytes, partial: "" } };
  return { lines, position: { offset: read.from + read.bytes, partial: rest } };
}

async function readFrom(
  file: string,
  startOf: (size: number) => number,
): Promise<{ text: string; from: number; bytes: number } | undefined> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, "r");
  } catch {
    return undefined;
  }
  try {
    const { size } = await handle.stat();
    const from = startOf(size);
    const buffer = Buffer.alloc(Math.min(readMax, Math.max(0, size - from)));
    if (buffer.length === 0) return { text: "", from, bytes: 0 };
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
    // A character cut at the end is left for the next read.
    const whole = wholeCharacters(buffer.subarray(0, bytesRead));
    return { text: whole.toString("utf8"), from, bytes: whole.length };
  } finally {
    await handle.close();
  }
}

function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
