import type { IncomingMessage, ServerResponse } from "node:http";
import type { BalancedClient, ForwardOptions } from "@holdfast/client";
import type { Config, Property } from "@holdfast/config";
import type { ServerList } from "@holdfast/discovery";
import { Headers } from "@holdfast/wire";
import { isServiceName, requestPath } from "./query.ts";
import { send, sendProblem } from "./send.ts";
import { appOfVip } from "./vip.ts";

/** Prana's words, to the letter. */
const pranaError =
  "<status><status_code>500</status_code><message>Error forwarding request to origin</message></status>";
const pranaFailure = { status: 500, type: "application/xml", body: pranaError } as const;

/** Time until an answer begins, when the parent says nothing (`x-holdfast-deadline-ms`), and the most it may say. */
const timeoutMs = 30_000;
const timeoutMaxMs = 300_000;
const holdBackBytes = 256 * 1024;
const prefix = "/to/";

/** Passes the parent's requests on to other services, through the balanced client. */
export class Proxy {
  readonly #client: BalancedClient;
  readonly #servers: ServerList;
  readonly #bodyBytesMax: number;
  readonly #acceptEncoding: Property<string>;

  /** `bodyBytesMax`: longer request bodies get 413. */
  constructor(client: BalancedClient, servers: ServerList, config: Config, bodyBytesMax: number) {
    this.#client = client;
    this.#servers = servers;
    this.#bodyBytesMax = bodyBytesMax;
    this.#acceptEncoding = config.property("prana.proxy.req.acceptencoding", "deflate, gzip");
  }

  /** Prana's form: `/proxy?vip=V&path=/p`. */
  prana(req: IncomingMessage, res: ServerResponse, query: URLSearchParams): Promise<unknown> | undefined {
    const vip = query.get("vip") ?? "";
    if (!isServiceName(vip.replace(/:\d+$/, ""))) {
      req.resume();
      send(res, 500, "application/xml", pranaError);
      return undefined;
    }
    const encoding = this.#acceptEncoding.get();
    const wanted = req.headers["accept-encoding"] === undefined && encoding !== "";
    return this.#client.forward(req, res, {
      ...this.#options(req, appOfVip(this.#servers, vip)),
      path: requestPath(query.get("path") ?? ""),
      failure: () => pranaFailure,
      ...(wanted ? { addHeaders: ["accept-encoding", encoding] } : {}),
    });
  }

  /** `/to/{service}/{path…}`: the rest of the URL goes on as it is. */
  to(req: IncomingMessage, res: ServerResponse): Promise<unknown> | undefined {
    const url = req.url ?? "";
    const end = url.slice(prefix.length).search(/[/?]/);
    const name = end < 0 ? url.slice(prefix.length) : url.slice(prefix.length, prefix.length + end);
    if (!isServiceName(name)) {
      req.resume();
      const detail = `${JSON.stringify(name.slice(0, 128))}: is no name of a service`;
      sendProblem(res, 400, "SERVICE_NAME_INVALID", detail, "/to/{service}/{path}");
      return undefined;
    }
    const rest = end < 0 ? "/" : url.slice(prefix.length + end);
    return this.#client.forward(req, res, {
      ...this.#options(req, name.toLowerCase()),
      path: rest.startsWith("/") ? rest : `/${rest}`,
    });
  }

  #options(req: IncomingMessage, service: string): ForwardOptions {
    const said = req.headers[Headers.deadline] !== undefined;
    return {
      service,
      timeoutMs: said ? timeoutMaxMs : timeoutMs,
      requestBytesMax: this.#bodyBytesMax,
      holdBackBytes,
    };
  }
}

export function isProxied(path: string): boolean {
  return path.startsWith(prefix);
}
