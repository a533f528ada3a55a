import { Agent, request } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { createGunzip } from "node:zlib";
import { type Clock, messageOf } from "@holdfast/kernel";

export interface EurekaCallRequest {
  readonly method: "GET" | "PUT" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** How a call to another Eureka server ended. `unreachable`: nothing was sent; `timeout`: it may have been. */
export type EurekaCallResult =
  | { readonly kind: "answer"; readonly status: number; readonly text: string }
  | { readonly kind: "timeout"; readonly reason: string }
  | { readonly kind: "unreachable"; readonly reason: string }
  | { readonly kind: "broken"; readonly reason: string };

/** How this registry talks to Eureka servers: HTTP in production, an argument under test. Never rejects. */
export type EurekaCall = (call: EurekaCallRequest) => Promise<EurekaCallResult>;

export interface EurekaCallOptions {
  /** Whole time for one call, in ms. */
  readonly timeoutMs: number;
  /** Longest answer, unpacked. */
  readonly bytesMax: number;
}

/** Netflix's `remoteRegion.readTimeoutMs` and `peerNodeReadTimeoutMs`; 64 MiB is a registry of 40,000 instances. */
export const eurekaCallDefaults: EurekaCallOptions = { timeoutMs: 5_000, bytesMax: 64 * 1024 * 1024 };

/** An {@link EurekaCall} over HTTP or HTTPS that keeps connections. */
export class HttpEurekaCaller {
  readonly #agents = { "http:": new Agent({ keepAlive: true }), "https:": new TlsAgent({ keepAlive: true }) };
  readonly #clock: Clock;
  readonly #options: EurekaCallOptions;

  constructor(clock: Clock, options: EurekaCallOptions = eurekaCallDefaults) {
    this.#clock = clock;
    this.#options = options;
  }

  readonly call: EurekaCall = (asked) =>
    new Promise((resolve) => {
      const { timeoutMs, bytesMax } = this.#options;
      const url = new URL(asked.url);
      const tls = url.protocol === "https:";
      const agent = tls ? this.#agents["https:"] : this.#agents["http:"];
      const payload = asked.body === undefined ? undefined : Buffer.from(asked.body, "utf8");
      const length = payload === undefined ? {} : { "content-length": payload.length };
      const options = { method: asked.method, agent, headers: { ...asked.headers, ...length } };
      const done = (result: EurekaCallResult): void => {
        timer.cancel();
        resolve(result);
      };
      const out = (tls ? tlsRequest : request)(url, options, (response) => {
        const packed = response.headers["content-encoding"] === "gzip";
        const body = packed ? response.pipe(createGunzip()) : response;
        const chunks: Buffer[] = [];
        let bytes = 0;
        body.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          chunks.push(chunk);
          if (bytes <= bytesMax) return;
          done({ kind: "broken", reason: `its answer is longer than ${bytesMax} bytes` });
          out.destroy();
        });
        const fail = (error: Error): void => done({ kind: "broken", reason: messageOf(error) });
        response.on("error", fail);
        body.on("error", fail);
        body.on("end", () =>
          done({ kind: "answer", status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
        );
      });
      const timer = this.#clock.after(timeoutMs, () => {
        resolve({ kind: "timeout", reason: `no answer within ${timeoutMs} ms` });
        out.destroy();
      });
      out.on("error", (error) => {
        done({ kind: out.reusedSocket ? "broken" : failureKind(error), reason: messageOf(error) });
      });
      out.end(payload);
    });

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

function failureKind(error: Error): "unreachable" | "broken" {
  const code = "code" in error ? String(error.code) : "";
  return /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|EADDRNOTAVAIL)$/.test(code)
    ? "unreachable"
    : "broken";
}

/** `{base}{path}`, however many slashes the base ends with. */
export function eurekaUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, "")}/${path}`;
}
