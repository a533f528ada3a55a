// TEMPORARY, by R2, until R3's is there: R3, overwrite this file.
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Clock } from "@holdfast/kernel";
import type { EurekaFormat, EurekaInstance, EurekaShape } from "@holdfast/wire/eureka";
import { encodeApplication, encodeApplications, hashcodeOf } from "@holdfast/wire/eureka";
import type { EurekaStore, Held } from "./store.ts";

export interface CacheKey {
  readonly kind: "all" | "delta" | "application" | "vip" | "svip";
  readonly name?: string;
  readonly format: EurekaFormat;
  readonly shape: EurekaShape;
}
export interface CachedBody {
  readonly etag: string;
  readonly plain: readonly Buffer[];
  readonly gzip: readonly Buffer[];
  readonly plainBytes: number;
  readonly gzipBytes: number;
}
export interface ResponseCacheOptions {
  readonly mode: "fast" | "compat";
}
export class ResponseCache {
  readonly #store: EurekaStore;
  readonly #toEureka: (held: Held) => EurekaInstance;
  readonly #recent = new Map<string, EurekaInstance>();
  readonly #stop: () => void;
  constructor(
    _clock: Clock,
    store: EurekaStore,
    toEureka: (held: Held) => EurekaInstance,
    _options: ResponseCacheOptions,
  ) {
    this.#store = store;
    this.#toEureka = toEureka;
    this.#stop = store.onChange(({ app, id, held, before }) => {
      const key = `${app}/${id}`;
      this.#recent.delete(key);
      if (held !== undefined) this.#recent.set(key, toEureka(held));
      else if (before !== undefined) this.#recent.set(key, { ...toEureka(before), actionType: "DELETED" });
    });
  }
  close(): void {
    this.#stop();
  }
  get(key: CacheKey): CachedBody | Promise<CachedBody | undefined> | undefined {
    const all = Array.from(this.#store.list(), this.#toEureka);
    const name = key.name ?? "";
    const has = (list: string | undefined): boolean => (list ?? "").split(",").includes(name);
    let chosen = all;
    if (key.kind === "delta") chosen = [...this.#recent.values()];
    if (key.kind === "application") chosen = all.filter((one) => one.app === name.toUpperCase());
    if (key.kind === "vip") chosen = all.filter((one) => has(one.vipAddress));
    if (key.kind === "svip") chosen = all.filter((one) => has(one.secureVipAddress));
    if (chosen.length === 0 && key.kind !== "all" && key.kind !== "delta") return undefined;
    const names = [...new Set(chosen.map((one) => one.app))];
    const applications = names.map((app) => ({ name: app, instances: chosen.filter((one) => one.app === app) }));
    const appsHashcode = hashcodeOf((key.kind === "delta" ? all : chosen).map((one) => one.status));
    const text =
      key.kind === "application"
        ? encodeApplication(applications[0] ?? { name, instances: [] }, key.format, key.shape)
        : encodeApplications({ versionsDelta: "1", appsHashcode, applications }, key.format, key.shape);
    const plain = Buffer.from(text);
    const gzip = gzipSync(plain);
    const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
    return { etag, plain: [plain], gzip: [gzip], plainBytes: plain.length, gzipBytes: gzip.length };
  }
}
