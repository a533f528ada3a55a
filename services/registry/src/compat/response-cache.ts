import type { Clock, Timer } from "@holdfast/kernel";
import type { EurekaFormat, EurekaInstance, EurekaShape } from "@holdfast/wire/eureka";
import type { CachedBody } from "./cached-body.ts";
import { RecentChanges } from "./recent-changes.ts";
import { SlicedDocuments } from "./sliced-documents.ts";
import { SmallDocuments } from "./small-documents.ts";
import { StatusCounts } from "./status-counts.ts";
import type { EurekaStore, Held, StoreChange } from "./store.ts";
import { StoreSource } from "./store-source.ts";
import { addressesOf, VipIndex } from "./vip-index.ts";

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
const refreshParts = 6;
/** `initialCapacityOfResponseCache`; more different documents than that are made each time. */
const smallMax = 1_000;
/** A delta of more changes than this is made of pieces, so that each change costs little however many there are. */
const smallDeltaMax = 256;

const forms = ["json full", "json compact", "xml full", "xml compact"];

type Body = CachedBody | undefined;

/** Answers of Eureka's reads, made once for all who ask alike, text and gzip. */
export class ResponseCache {
  readonly #clock: Clock;
  readonly #store: EurekaStore;
  readonly #toEureka: (held: Held) => EurekaInstance;
  readonly #mode: ResponseCacheOptions["mode"];
  readonly #counts: StatusCounts;
  readonly #recent: RecentChanges;
  readonly #all: SlicedDocuments;
  readonly #deltas: SlicedDocuments;
  readonly #documents: SmallDocuments;
  readonly #stop: () => void;
  readonly #timers: Timer[] = [];
  /** Small documents; gone with the next change that may touch them. */
  readonly #small = new Map<string, CachedBody>();
  readonly #making = new Map<string, Promise<CachedBody>>();
  readonly #readOnly = new Map<string, { readonly key: CacheKey; body: Body }>();
  #vips: VipIndex | undefined;
  #part = 0;

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
    this.#counts = new StatusCounts(store);
    const hashcode = (): string => this.#counts.hashcode();
    this.#recent = new RecentChanges(clock, store, toEureka, hashcode);
    this.#all = new SlicedDocuments(clock, new StoreSource(store, toEureka, hashcode));
    this.#deltas = new SlicedDocuments(clock, this.#recent);
    this.#documents = new SmallDocuments(clock, toEureka);
    this.#stop = store.onChange((change) => this.#forget(change));
    this.#recent.onChange(() => {
      this.#drop("delta");
      // The pieces of what everybody registered at a start are not kept for longer than they are needed.
      if (this.#recent.size <= smallDeltaMax) this.#deltas.drop();
    });
    this.#timers.push(clock.every(expireAfterMs / refreshParts, () => this.#refresh()));
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
    this.#deltas.close();
    this.#recent.close();
    this.#counts.close();
    this.#vips?.close();
  }

  #make(key: CacheKey): Body | Promise<Body> {
    if (key.kind === "all") return this.#all.get(key.format, key.shape);
    if (key.kind === "delta" && this.#recent.size > smallDeltaMax) return this.#deltas.get(key.format, key.shape);
    const text = textOf(key);
    const known = this.#small.get(text);
    if (known !== undefined) return known;
    // Whoever asks while it is being made shares it, as long as nothing in it has changed.
    const making = this.#making.get(text);
    if (making !== undefined) return making;
    const body = this.#documentOf(key);
    if (!(body instanceof Promise)) return body === undefined ? undefined : this.#keep(text, body);
    const shared: Promise<CachedBody> = body
      // A change that came while it was made makes it old for others, not for whoever asked before.
      .then((made) => (this.#making.get(text) === shared ? this.#keep(text, made) : made))
      .finally(() => {
        if (this.#making.get(text) === shared) this.#making.delete(text);
      });
    this.#making.set(text, shared);
    return shared;
  }

  #keep(text: string, body: CachedBody): CachedBody {
    if (this.#small.size >= smallMax) this.#small.clear();
    this.#small.set(text, body);
    return body;
  }

  #documentOf({ kind, name = "", format, shape }: CacheKey): Body | Promise<CachedBody> {
    if (kind === "delta") return this.#documents.delta(this.#recent, format, shape);
    if (kind === "application") {
      const instances = [...this.#store.list(name.toLowerCase())];
      if (instances.length === 0) return undefined;
      return this.#documents.application(name.toUpperCase(), instances, format, shape);
    }
    this.#vips ??= new VipIndex(this.#store, this.#toEureka);
    const instances = [...this.#vips.servers(kind === "svip" ? "svip" : "vip", name)];
    return instances.length === 0 ? undefined : this.#documents.list(instances, format, shape);
  }

  /** Drops what tells of an instance that has changed. */
  #forget({ app, held, before }: StoreChange): void {
    if (this.#small.size === 0 && this.#making.size === 0) return;
    const names = new Set([`application ${app}`]);
    for (const one of [held, before]) {
      for (const name of one === undefined ? [] : addressesOf(this.#toEureka(one))) names.add(name.replace(":", " "));
    }
    for (const name of names) this.#drop(name);
  }

  #drop(name: string): void {
    for (const form of forms) {
      this.#small.delete(`${form} ${name}`);
      this.#making.delete(`${form} ${name}`);
    }
  }

  /** Times inside the documents (last renewals) grow old though nothing changes: each is made anew within that time. */
  #refresh(): void {
    this.#part = (this.#part + 1) % refreshParts;
    if (this.#part === 0) {
      this.#small.clear();
      this.#making.clear();
    }
    this.#all.refresh(this.#part, refreshParts);
    this.#deltas.refresh(this.#part, refreshParts);
  }

  #refreshLater(): void {
    const delayMs = readOnlyEveryMs - (this.#clock.wallMs() % readOnlyEveryMs);
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      void this.#renewReadOnly();
      this.#refreshLater();
    });
    this.#timers.push(timer);
  }

  async #renewReadOnly(): Promise<void> {
    for (const kept of this.#readOnly.values()) kept.body = await this.#make(kept.key);
  }
}

function textOf({ kind, name = "", format, shape }: CacheKey): string {
  const form = `${format} ${shape} ${kind}`;
  if (kind === "all" || kind === "delta") return form;
  return `${form} ${kind === "application" ? name.toLowerCase() : name}`;
}
