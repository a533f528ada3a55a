import { gzip } from "node:zlib";
import type { Clock, Timer } from "@holdfast/kernel";
import type { EurekaFormat, EurekaInstance, EurekaShape } from "@holdfast/wire/eureka";
import { AllDocuments } from "./all-documents.ts";
import { type CachedBody, smallBody } from "./cached-body.ts";
import { RecentChanges } from "./recent-changes.ts";
import { applicationText, listText } from "./small-documents.ts";
import type { EurekaStore, Held } from "./store.ts";
import { VipIndex } from "./vip-index.ts";

export type { CachedBody } from "./cached-body.ts";

export interface CacheKey {
  readonly kind: "all" | "delta" | "application" | "vip" | "svip";
  /** Of the application (any case) or the virtual address. */
  readonly name?: string;
  readonly format: EurekaFormat;
  readonly shape: EurekaShape;
}

export interface ResponseCacheOptions {
  /**
   * `fast`: a read shows every change made before it. `compat`: Netflix's two layers: what has been read once is read again
   * from a copy that is renewed each 30 s (`shouldUseReadOnlyResponseCache`).
   */
  readonly mode: "fast" | "compat";
}

/** `responseCacheUpdateIntervalMs`, aligned to the wall clock as Netflix's is; `responseCacheAutoExpirationInSeconds`. */
const [readOnlyEveryMs, expireAfterMs] = [30_000, 180_000];
/** `initialCapacityOfResponseCache`; more different documents than that are made each time. */
const smallMax = 1_000;

type Body = CachedBody | undefined;

/** Answers of Eureka's reads, made once for all who ask alike, text and gzip. */
export class ResponseCache {
  readonly #clock: Clock;
  readonly #store: EurekaStore;
  readonly #toEureka: (held: Held) => EurekaInstance;
  readonly #mode: ResponseCacheOptions["mode"];
  readonly #all: AllDocuments;
  readonly #recent: RecentChanges;
  readonly #stop: () => void;
  readonly #timers: Timer[] = [];
  /** Small documents; gone with the next change that may touch them. */
  readonly #small = new Map<string, CachedBody>();
  readonly #readOnly = new Map<string, { readonly key: CacheKey; body: Body }>();
  #vips: VipIndex | undefined;

  constructor(
    clock: Clock,
    store: EurekaStore,
    toEureka: (held: Held) => EurekaInstance,
    options: ResponseCacheOptions,
  ) {
    this.#clock = clock;
    this.#store = store;
    this.#toEureka = toEureka;
    this.#mode = options.mode;
    this.#all = new AllDocuments(clock, store, toEureka);
    this.#recent = new RecentChanges(clock, store, toEureka);
    this.#stop = store.onChange(({ app }) => {
      for (const text of this.#small.keys()) {
        if (!text.startsWith("application ") || text.endsWith(` ${app}`)) this.#small.delete(text);
      }
    });
    // Times inside the documents (last renewals) grow old though nothing changes.
    this.#timers.push(clock.every(expireAfterMs, () => this.#expire()));
    if (options.mode === "compat") this.#refreshLater();
  }

  /** `undefined`: no such application or address (404). */
  get(key: CacheKey): Body | Promise<Body> {
    if (this.#mode === "fast") return this.#make(key);
    const text = textOf(key);
    const known = this.#readOnly.get(text);
    if (known !== undefined) return known.body;
    const keep = (body: Body): Body => {
      if (this.#readOnly.size < smallMax) this.#readOnly.set(text, { key, body });
      return body;
    };
    const made = this.#make(key);
    return made instanceof Promise ? made.then(keep) : keep(made);
  }

  close(): void {
    this.#stop();
    for (const timer of this.#timers) timer.cancel();
    this.#all.close();
    this.#recent.close();
    this.#vips?.close();
  }

  #make(key: CacheKey): Body | Promise<Body> {
    if (key.kind === "all") return this.#all.get(key.format, key.shape);
    const text = textOf(key);
    const known = this.#small.get(text);
    if (known !== undefined) return known;
    const document = this.#textOf(key);
    if (document === undefined) return undefined;
    const body = smallBody(document, gzip);
    if (!(body instanceof Promise)) return this.#keep(text, body);
    // A change that comes while it is compressed makes it old for others, not for whoever asked before.
    const version = this.#recent.version;
    return body.then((made) => (version === this.#recent.version ? this.#keep(text, made) : made));
  }

  #keep(text: string, body: CachedBody): CachedBody {
    if (this.#small.size >= smallMax) this.#small.clear();
    this.#small.set(text, body);
    return body;
  }

  #textOf({ kind, name = "", format, shape }: CacheKey): string | undefined {
    if (kind === "delta") return listText(this.#recent.list(), this.#all.hashcode(), format, shape);
    if (kind === "application") {
      const instances = Array.from(this.#store.list(name.toLowerCase()), this.#toEureka);
      return instances.length === 0 ? undefined : applicationText(name.toUpperCase(), instances, format, shape);
    }
    this.#vips ??= new VipIndex(this.#store, this.#toEureka);
    const instances = Array.from(this.#vips.servers(kind === "svip" ? "svip" : "vip", name), this.#toEureka);
    return instances.length === 0 ? undefined : listText(instances, undefined, format, shape);
  }

  #expire(): void {
    this.#small.clear();
    this.#all.expire();
  }

  #refreshLater(): void {
    const delayMs = readOnlyEveryMs - (this.#clock.wallMs() % readOnlyEveryMs);
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      void this.#refresh();
      this.#refreshLater();
    });
    this.#timers.push(timer);
  }

  async #refresh(): Promise<void> {
    for (const kept of this.#readOnly.values()) kept.body = await this.#make(kept.key);
  }
}

function textOf({ kind, name = "", format, shape }: CacheKey): string {
  return `${kind} ${format} ${shape} ${kind === "application" ? name.toLowerCase() : name}`;
}
