import { open } from "node:fs/promises";
import { PlatformError } from "@holdfast/kernel";

/** One entry of an archive. Paths are relative, with `/`; owner and group are root, times the start of 1970. */
export type TarEntry =
  | { readonly kind: "directory"; readonly path: string; readonly mode: number; readonly owner?: number }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly mode: number;
      /** Where the content is read; it must have `bytes` bytes. */
      readonly from: string;
      readonly bytes: number;
    };

const blockBytes = 512;
const nameBytesMax = 100;
/** Eleven octal digits: what is larger has its size in an extended header. */
const sizeMax = 8 ** 11 - 1;
const chunkBytes = 256 * 1024;

/**
 * The bytes of a POSIX tar archive (ustar, with pax headers for what does not fit) of `entries` in their order. The
 * same entries give the same bytes, whoever writes them, when and where. A chunk is valid until the next one is asked for.
 *
 * @throws PlatformError `IMAGE_SOURCE_CHANGED` when a file no longer has the size that was said.
 */
export async function* tar(entries: Iterable<TarEntry>): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (const entry of entries) {
    yield headersOf(entry);
    if (entry.kind !== "file") continue;
    if ("content" in entry) {
      yield entry.content;
      yield padding(entry.content.byteLength);
    } else {
      yield* contentOf(entry, buffer);
      yield padding(entry.bytes);
    }
  }
  yield Buffer.alloc(2 * blockBytes);
}

async function* contentOf(entry: { from: string; bytes: number }, buffer: Buffer): AsyncGenerator<Uint8Array> {
  const file = await open(entry.from, "r");
  try {
    let left = entry.bytes;
    for (;;) {
      // One byte more than it should have, so that one that grew is noticed, too.
      const { bytesRead } = await file.read(buffer, 0, Math.min(chunkBytes, left + 1));
      if (bytesRead > left || (bytesRead === 0 && left > 0)) throw changed(entry.from);
      if (bytesRead === 0) return;
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

function changed(path: string): PlatformError {
  return new PlatformError("IMAGE_SOURCE_CHANGED", `${path}: changed while it was read`, { next: "bake again" });
}

function headersOf(entry: TarEntry): Buffer {
  const path = entry.kind === "directory" ? `${entry.path}/` : entry.path;
  const target = entry.kind === "link" ? entry.target : "";
  const bytes = entry.kind !== "file" ? 0 : "content" in entry ? entry.content.byteLength : entry.bytes;
  const extended: string[] = [];
  if (!fits(path)) extended.push(paxRecord("path", path));
  if (!fits(target)) extended.push(paxRecord("linkpath", target));
  if (bytes > sizeMax) extended.push(paxRecord("size", String(bytes)));
  const type = { directory: "5", link: "2", file: "0" }[entry.kind];
  const mode = entry.kind === "link" ? 0o777 : entry.mode;
  const owner = entry.kind === "directory" ? (entry.owner ?? 0) : 0;
  const header = headerBlock({ path, target, type, mode, owner, bytes: Math.min(bytes, sizeMax) });
  if (extended.length === 0) return header;
  const records = Buffer.from(extended.join(""), "utf8");
  const before = { path: "././@PaxHeader", target: "", type: "x", mode: 0o644, owner: 0, bytes: records.byteLength };
  return Buffer.concat([headerBlock(before), records, padding(records.byteLength), header]);
}

interface Header {
  readonly path: string;
  readonly target: string;
  readonly type: string;
  readonly mode: number;
  readonly owner: number;
  readonly bytes: number;
}

/** Field by field as POSIX.1-1988 lays the ustar header out. */
function headerBlock({ path, target, type, mode, owner, bytes }: Header): Buffer {
  const block = Buffer.alloc(blockBytes);
  // What is cut off here is whole in the extended header.
  Buffer.from(path, "utf8").copy(block, 0, 0, nameBytesMax);
  octal(block, 100, 7, mode);
  octal(block, 108, 7, owner);
  octal(block, 116, 7, owner);
  octal(block, 124, 11, bytes);
  octal(block, 136, 11, 0);
  block.write(type, 156, "latin1");
  Buffer.from(target, "utf8").copy(block, 157, 0, nameBytesMax);
  block.write("ustar\u000000", 257, "latin1");
  octal(block, 329, 7, 0);
  octal(block, 337, 7, 0);
  // The sum counts its own field as spaces; it is written as six digits, a zero byte and a space.
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function octal(block: Buffer, at: number, digits: number, value: number): void {
  block.write(value.toString(8).padStart(digits, "0"), at, "latin1");
}

/** Plain ASCII that is short enough; the meaning of other bytes in a ustar field is nowhere written. */
function fits(text: string): boolean {
  return text.length <= nameBytesMax && /^[\u0020-\u007e]*$/.test(text);
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`, "utf8");
  let length = rest;
  while (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function padding(bytes: number): Buffer {
  return Buffer.alloc((blockBytes - (bytes % blockBytes)) % blockBytes);
}
