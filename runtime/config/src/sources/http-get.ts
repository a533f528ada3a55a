import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { PlatformError } from "@holdfast/kernel";

export interface HttpGetOptions {
  /** From the call to the last byte. */
  readonly timeoutMs: number;
  readonly bytesMax: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export type HttpGet = (url: string, options: HttpGetOptions) => Promise<string>;

/** One GET, bounded in time and size. @throws PlatformError `CONFIG_SOURCE_FAILED` */
export const httpGet: HttpGet = (url, { timeoutMs, bytesMax, headers = {} }) =>
  new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown): void => {
      call.destroy();
      reject(new PlatformError("CONFIG_SOURCE_FAILED", `${new URL(url).host}: ${what}`, { status: 502, cause }));
    };
    const call = (url.startsWith("https:") ? httpsRequest : httpRequest)(url, { headers }, (answer) => {
      if (answer.statusCode !== 200) return fail(`answered ${answer.statusCode}`);
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > bytesMax) fail(`answered more than ${bytesMax} bytes`);
        else chunks.push(chunk);
      });
      answer.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
      answer.on("error", (error) => fail(error.message, error));
    });
    call.setTimeout(timeoutMs, () => fail(`did not answer within ${timeoutMs} ms`));
    call.on("error", (error) => fail(error.message, error));
    call.end();
  });
