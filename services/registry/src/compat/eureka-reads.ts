import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@holdfast/kernel";
import { encodeApplication, encodeInstance } from "@holdfast/wire/eureka";
import { answerCached, answerDocument, answerEmpty, answerText } from "./answer.ts";
import { type EurekaPath, queryValue } from "./eureka-path.ts";
import { appKey, idKey } from "./keys.ts";
import { MergedStore } from "./merged-store.ts";
import { wantedBy } from "./negotiate.ts";
import type { RateLimit } from "./rate-limiter.ts";
import type { RemoteRegions } from "./remote-regions.ts";
import { type CacheKey, ResponseCache, type ResponseCacheOptions } from "./response-cache.ts";
import { statusInfoText } from "./status-info.ts";
import type { EurekaStore, Held } from "./store.ts";
import { toEureka } from "./to-eureka.ts";

/** Most different lists of regions that have a cache of their own at a time. */
const mergedMax = 8;

export interface EurekaReadsParts {
  readonly clock: Clock;
  readonly store: EurekaStore;
  readonly remote: RemoteRegions;
  readonly cache: ResponseCacheOptions;
  /** Netflix's `GzipEncodingEnforcingFilter`, at the paths where it stands there: `/v2/apps`. */
  readonly enforceGzip: boolean;
  /** Netflix's `RateLimitingFilter`; absent: no limit. */
  readonly rateLimit?: RateLimit | undefined;
  /** What `GET status` says of the registry itself. */
  readonly self: () => Held;
}

type Answer = (req: IncomingMessage, res: ServerResponse, path: EurekaPath) => void | Promise<void>;

/** Eureka's operations that change nothing. */
export class EurekaReads {
  readonly #parts: EurekaReadsParts;
  readonly #local: ResponseCache;
  readonly #merged = new Map<string, ResponseCache>();

  constructor(parts: EurekaReadsParts) {
    this.#parts = parts;
    this.#local = new ResponseCache(parts.clock, parts.store, toEureka, parts.cache);
  }

  close(): void {
    this.#local.close();
    for (const cache of this.#merged.values()) cache.close();
  }

  readonly all: Answer = (req, res, path) => this.#applications(req, res, path, "all");

  readonly delta: Answer = (req, res, path) => this.#applications(req, res, path, "delta");

  readonly application: Answer = (req, res, path) => {
    if (this.#isRefused(req, res, path)) return;
    const name = appKey(path.parts[1] ?? "");
    return this.#document(req, res, { kind: "application", name }, () => {
      const wanted = wantedBy(req);
      const instances = this.#parts.remote.fallback(name).map(toEureka);
      if (instances.length === 0) return answerEmpty(res, 404);
      const application = { name: name.toUpperCase(), instances };
      answerDocument(req, res, { text: encodeApplication(application, wanted.format, wanted.shape), wanted });
    });
  };

  readonly instance: Answer = (req, res, path) => {
    const [app, id] = [appKey(path.parts[1] ?? ""), idKey(path.parts[2] ?? "")];
    this.#instance(req, res, this.#parts.store.find(app, id) ?? this.#parts.remote.fallbackInstance(app, id));
  };

  /** Of all apps: the first that has such an instance. */
  readonly instanceById: Answer = (req, res, path) => {
    const id = idKey(path.parts[1] ?? "");
    const { store } = this.#parts;
    for (const app of store.apps()) {
      const held = store.find(app, id);
      if (held !== undefined) return this.#instance(req, res, held);
    }
    answerEmpty(res, 404);
  };

  readonly vip: Answer = (req, res, path) => this.#document(req, res, { kind: "vip", name: path.parts[1] ?? "" });

  readonly secureVip: Answer = (req, res, path) =>
    this.#document(req, res, { kind: "svip", name: path.parts[1] ?? "" });

  readonly statusInfo: Answer = (req, res) => {
    const wanted = wantedBy(req);
    const { clock, store, self } = this.#parts;
    const options = { wallMs: clock.wallMs(), environment: "holdfast", self: toEureka(self()) };
    answerDocument(req, res, { text: statusInfoText(store, options, wanted.format), wanted });
  };

  readonly statusOverrides: Answer = (req, res) => {
    const overrides: [string, string][] = [];
    for (const { record, override } of this.#parts.store.list()) {
      if (override !== undefined) overrides.push([record.eureka?.instanceId ?? record.id, override]);
    }
    const wanted = { ...wantedBy(req), format: "json" } as const;
    answerDocument(req, res, { text: JSON.stringify(Object.fromEntries(overrides)), wanted });
  };

  #applications(
    req: IncomingMessage,
    res: ServerResponse,
    path: EurekaPath,
    kind: "all" | "delta",
  ): void | Promise<void> {
    if (this.#isRefused(req, res, path)) return;
    const regions = (queryValue(path.query, "regions") ?? "").toLowerCase().split(",").filter(Boolean);
    if (regions.length === 0) return this.#document(req, res, { kind });
    if (!this.#parts.remote.ready) return answerText(res, 403, "registry: another region has not been fetched yet");
    return this.#document(req, res, { kind }, undefined, this.#cacheFor(regions));
  }

  #document(
    req: IncomingMessage,
    res: ServerResponse,
    what: Pick<CacheKey, "kind" | "name">,
    otherwise: () => void = () => answerEmpty(res, 404),
    cache: ResponseCache = this.#local,
  ): void | Promise<void> {
    const wanted = wantedBy(req);
    const body = cache.get({ ...what, format: wanted.format, shape: wanted.shape });
    if (body === undefined) return otherwise();
    if (!(body instanceof Promise)) return answerCached(req, res, body, wanted);
    return body.then((made) => {
      if (made === undefined) return otherwise();
      answerCached(req, res, made, wanted);
    });
  }

  #instance(req: IncomingMessage, res: ServerResponse, held: Held | undefined): void {
    if (held === undefined) return answerEmpty(res, 404);
    const wanted = wantedBy(req);
    answerDocument(req, res, { text: encodeInstance(toEureka(held), wanted.format, wanted.shape), wanted });
  }

  /** Netflix's two filters of its readers. True when one of them has answered. */
  #isRefused(req: IncomingMessage, res: ServerResponse, path: EurekaPath): boolean {
    if (this.#parts.rateLimit?.allows(req) === false) {
      answerText(res, 503, "registry: too many requests; ask again later");
      return true;
    }
    if (!this.#parts.enforceGzip || !path.v2) return false;
    const encodings = req.headers["accept-encoding"];
    if (encodings === undefined) req.headers["accept-encoding"] = "gzip";
    else if (!encodings.toLowerCase().includes("gzip")) {
      answerText(res, 406, "accept-encoding: must allow gzip here");
      return true;
    }
    return false;
  }

  #cacheFor(regions: readonly string[]): ResponseCache {
    const known = this.#parts.remote.known([...new Set(regions)].sort());
    if (known.length === 0) return this.#local;
    const key = known.map((region) => region.name).join(",");
    const made = this.#merged.get(key);
    if (made !== undefined) return made;
    const store = new MergedStore(this.#parts.store, this.#parts.remote, known);
    const cache = new ResponseCache(this.#parts.clock, store, toEureka, this.#parts.cache);
    this.#merged.set(key, cache);
    const [oldest] = this.#merged;
    if (this.#merged.size > mergedMax && oldest !== undefined) {
      this.#merged.delete(oldest[0]);
      oldest[1].close();
    }
    return cache;
  }
}
