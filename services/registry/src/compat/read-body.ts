import type { IncomingMessage } from "node:http";
import { gunzip } from "node:zlib";
import { PlatformError } from "@holdfast/kernel";
import { readBytes, tooLarge } from "../read-bytes.ts";

/**
 * Reads a request's body as text; unpacks gzip.
 *
 * @throws PlatformError `BODY_TOO_LARGE` (413), also for a small body that unpacks to a large one; `BODY_INVALID` (400).
 */
export async function readBody(req: IncomingMessage, bytesMax: number): Promise<string> {
  const body = await readBytes(req, bytesMax);
  const encoding = (req.headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding === "identity") return body.toString("utf8");
  if (encoding !== "gzip" && encoding !== "x-gzip") {
    throw new PlatformError("BODY_INVALID", `body: is encoded as ${encoding.slice(0, 50)}, which is not read here`, {
      status: 400,
      next: "send it plain or as gzip",
    });
  }
  return (await unpack(body, bytesMax)).toString("utf8");
}

function unpack(body: Buffer, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gunzip(body, { maxOutputLength: bytesMax }, (error, unpacked) => {
      if (error === null) return resolve(unpacked);
      if ("code" in error && error.code === "ERR_BUFFER_TOO_LARGE") return reject(tooLarge(bytesMax));
      reject(new PlatformError("BODY_INVALID", "body: is not gzip", { status: 400, cause: error }));
    });
  });
}
