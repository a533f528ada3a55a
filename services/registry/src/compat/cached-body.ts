import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** A document ready to be sent, as it is and compressed; in pieces, so that a large one need not be one buffer. */
export interface CachedBody {
  /** A strong tag of the content. */
  readonly etag: string;
  readonly plain: readonly Buffer[];
  readonly gzip: readonly Buffer[];
  readonly plainBytes: number;
  readonly gzipBytes: number;
}

/** Below this compressing takes less time than handing it to another thread. */
const inlineBytesMax = 32 * 1024;

type Gzip = (data: Buffer, done: (error: Error | null, packed: Buffer) => void) => void;

/** A document that is made whole. At once when it is small. */
export function smallBody(text: string, gzip: Gzip): CachedBody | Promise<CachedBody> {
  const plain = Buffer.from(text, "utf8");
  if (plain.length <= inlineBytesMax) return bodyOf(plain, gzipSync(plain));
  return new Promise((resolve, reject) => {
    gzip(plain, (error, packed) => (error === null ? resolve(bodyOf(plain, packed)) : reject(error)));
  });
}

function bodyOf(plain: Buffer, packed: Buffer): CachedBody {
  const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
  return { etag, plain: [plain], gzip: [packed], plainBytes: plain.length, gzipBytes: packed.length };
}
