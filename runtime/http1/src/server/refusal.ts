import { STATUS_CODES } from "node:http";
import type { PlatformError } from "@holdfast/kernel";
import { problemContentType, problemFrom } from "@holdfast/wire";

/** The whole answer to a request that cannot be read on: its connection ends with it. */
export function refusalOf(error: PlatformError, date: string): string {
  const body = Buffer.from(JSON.stringify(problemFrom(error))).toString("latin1");
  return (
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ""}\r\nDate: ${date}\r\n` +
    `Content-Type: ${problemContentType}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
  );
}
