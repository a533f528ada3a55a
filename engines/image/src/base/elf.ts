import { open } from "node:fs/promises";
import { PlatformError } from "@holdfast/kernel";

/** What a program or library of Linux asks for when it is started. */
export interface ElfNeeds {
  /** The dynamic loader, or `undefined` for a library or a static program. */
  readonly interpreter: string | undefined;
  /** Names of shared libraries, as `libc.so.6`. */
  readonly needed: readonly string[];
  /** Directories to look in first, `$ORIGIN` as it is written. */
  readonly runPath: readonly string[];
}

// Names and numbers of the ELF specification (System V gABI, chapters 4 and 5).
const segmentLoad = 1;
const segmentDynamic = 2;
const segmentInterpreter = 3;
const tagNeeded = 1n;
const tagStringTable = 5n;
const tagStringBytes = 10n;
const tagRpath = 15n;
const tagRunPath = 29n;
const headerBytes = 64;
const segmentEntryBytes = 56;
const tableBytesMax = 16 * 2 ** 20;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly bytes: number;
}

/**
 * Reads the needs of a 64-bit little-endian ELF file without running anything.
 *
 * @throws PlatformError `ELF_INVALID`.
 */
export async function readElf(path: string): Promise<ElfNeeds> {
  const file = await open(path, "r");
  try {
    const read = async (offset: number, bytes: number): Promise<Buffer> => {
      if (!Number.isSafeInteger(offset) || offset < 0) throw invalid(path, "a table stands outside of it");
      if (bytes > tableBytesMax) throw invalid(path, "a table is larger than any program's");
      const buffer = Buffer.alloc(bytes);
      const { bytesRead } = await file.read(buffer, 0, bytes, offset);
      if (bytesRead !== bytes) throw invalid(path, "it ends too early");
      return buffer;
    };
    return await needsOf(path, read);
  } finally {
    await file.close();
  }
}

type Read = (offset: number, bytes: number) => Promise<Buffer>;

async function needsOf(path: string, read: Read): Promise<ElfNeeds> {
  const header = await read(0, headerBytes);
  // Magic, 64 bits, little-endian.
  if (header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) {
    throw invalid(path, "it is not a 64-bit little-endian ELF file");
  }
  const count = header.readUInt16LE(56);
  const table = await read(Number(header.readBigUInt64LE(32)), count * segmentEntryBytes);
  const segments = Array.from({ length: count }, (_, index) => segmentAt(table, index * segmentEntryBytes));
  const interpreter = segments.find((segment) => segment.type === segmentInterpreter);
  const dynamic = segments.find((segment) => segment.type === segmentDynamic);
  const named = interpreter === undefined ? undefined : await read(interpreter.offset, interpreter.bytes);
  const tags = dynamic === undefined ? [] : tagsOf(await read(dynamic.offset, dynamic.bytes));
  const value = (tag: bigint): bigint | undefined => tags.find(([key]) => key === tag)?.[1];
  const [address, bytes] = [value(tagStringTable), value(tagStringBytes)];
  if (address === undefined || bytes === undefined) {
    return { interpreter: named === undefined ? undefined : textAt(named, 0), needed: [], runPath: [] };
  }
  const strings = await read(fileOffset(path, segments, address), Number(bytes));
  const runPath = value(tagRunPath) ?? value(tagRpath);
  return {
    interpreter: named === undefined ? undefined : textAt(named, 0),
    needed: tags.filter(([key]) => key === tagNeeded).map(([, at]) => textAt(strings, Number(at))),
    runPath: runPath === undefined ? [] : textAt(strings, Number(runPath)).split(":"),
  };
}

function segmentAt(table: Buffer, at: number): Segment {
  return {
    type: table.readUInt32LE(at),
    offset: Number(table.readBigUInt64LE(at + 8)),
    address: table.readBigUInt64LE(at + 16),
    bytes: Number(table.readBigUInt64LE(at + 32)),
  };
}

function tagsOf(dynamic: Buffer): [bigint, bigint][] {
  const tags: [bigint, bigint][] = [];
  for (let at = 0; at + 16 <= dynamic.byteLength; at += 16) {
    tags.push([dynamic.readBigUInt64LE(at), dynamic.readBigUInt64LE(at + 8)]);
  }
  return tags;
}

/** Where in the file what is loaded at `address` stands. */
function fileOffset(path: string, segments: readonly Segment[], address: bigint): number {
  for (const { type, offset, address: from, bytes } of segments) {
    if (type === segmentLoad && address >= from && address < from + BigInt(bytes))
      return offset + Number(address - from);
  }
  throw invalid(path, "its string table is in no segment");
}

function textAt(strings: Buffer, at: number): string {
  const end = strings.indexOf(0, at);
  return strings.toString("utf8", at, end < 0 ? strings.byteLength : end);
}

function invalid(path: string, why: string): PlatformError {
  return new PlatformError("ELF_INVALID", `${path}: its libraries cannot be read: ${why}`, {
    next: "use the pinned Node of npm ci, or another Linux build of it",
  });
}
