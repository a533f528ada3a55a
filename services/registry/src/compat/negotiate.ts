import type { IncomingMessage } from "node:http";
import type { EurekaFormat, EurekaShape } from "@holdfast/wire/eureka";

const replicationHeader = "x-netflix-discovery-replication";

/** What an answer is to look like. */
export interface Wanted {
  readonly format: EurekaFormat;
  readonly shape: EurekaShape;
  readonly gzip: boolean;
}

/** Eureka's own rules: JSON for whoever mentions it, XML for everybody else. */
export function wantedBy(req: IncomingMessage): Wanted {
  return {
    format: mentions(req.headers.accept, "json") ? "json" : "xml",
    shape: String(req.headers["x-eureka-accept"] ?? "").toLowerCase() === "compact" ? "compact" : "full",
    gzip: mentions(req.headers["accept-encoding"], "gzip"),
  };
}

/** What a body is written in: by its type, or when that says nothing, by its first sign. */
export function formatOfBody(req: IncomingMessage, body: string): EurekaFormat {
  const type = req.headers["content-type"];
  if (mentions(type, "json")) return "json";
  if (mentions(type, "xml")) return "xml";
  return /^\uFEFF?\s*</.test(body) ? "xml" : "json";
}

/** True when another Eureka server passes on what it was told. Read from the raw list: heartbeats need no more headers. */
export function isReplication(req: IncomingMessage): boolean {
  const raw = req.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i];
    if (name === undefined || name.length !== replicationHeader.length) continue;
    if (name.toLowerCase() === replicationHeader) return raw[i + 1]?.toLowerCase() === "true";
  }
  return false;
}

function mentions(header: string | undefined, word: string): boolean {
  return header?.toLowerCase().includes(word) ?? false;
}
