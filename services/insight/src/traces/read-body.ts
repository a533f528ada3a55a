import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { codeOf, PlatformError } from "@holdfast/kernel";

export interface BodyLimits {
  /** As sent. */
  readonly bytesMax: number;
  /** After gzip: so much memory one request can take. */
  readonly inflatedMax: number;
}

const inflated = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/**
 * The body of a request, inflated.
 *
 * @throws PlatformError `OTLP_TOO_LARGE` (413) beyond the limits, as soon as they are passed; `OTLP_ENCODING_UNKNOWN` (415);
 * `OTLP_MALFORMED` (400) for what is no gzip; and the error of a connection that breaks.
 */
export async function readBody(req: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const encoding = (req.headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding !== "identity" && encoding !== "gzip" && encoding !== "deflate") {
    throw new PlatformError(
      "OTLP_ENCODING_UNKNOWN",
      `the content encoding ${encoding.slice(0, 50)} is not understood`,
      {
        status: 415,
        next: "send gzip, deflate or identity",
      },
    );
  }
  const body = await readRaw(req, limits.bytesMax);
  if (encoding === "identity") return body;
  try {
    return await inflated[encoding](body, { maxOutputLength: limits.inflatedMax });
  } catch (error) {
    if (codeOf(error) === "ERR_BUFFER_TOO_LARGE") throw tooLarge(limits.inflatedMax, " when inflated");
    throw new PlatformError("OTLP_MALFORMED", `the body is no ${encoding}`, { status: 400, cause: error });
  }
}

function readRaw(req: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(req.headers["content-length"] ?? 0) > bytesMax) return reject(tooLarge(bytesMax, ""));
    const chunks: Buffer[] = [];
    let bytes = 0;
    // Not `for await`: leaving that early ends the connection, and with it the answer.
    req.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) return void chunks.push(chunk);
      req.pause();
      reject(tooLarge(bytesMax, ""));
    });
    req.on("error", reject);
    req.on("end", () => resolve(Buffer.concat(chunks)));
  });
}

function tooLarge(bytesMax: number, when: string): PlatformError {
  return new PlatformError("OTLP_TOO_LARGE", `the body is larger than ${bytesMax} bytes${when}`, {
    status: 413,
    next: "send smaller batches",
  });
}
