import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import type { Clock, Timer } from "@holdfast/kernel";
import {
  applicationsHead,
  applicationsTail,
  type EurekaFormat,
  type EurekaInstance,
  type EurekaShape,
  hashcodeOfCounts,
} from "@holdfast/wire/eureka";
import { AppPieces } from "./app-pieces.ts";
import type { CachedBody } from "./cached-body.ts";
import { joinGzip, pack } from "./gzip-join.ts";
import type { EurekaStore, Held } from "./store.ts";

/** So long one may work on a document before others have their turn. */
const sliceMs = 2;
/** Plain text goes out in pieces of about this size. */
const chunkBytes = 256 * 1024;
/** A form nobody has asked for in this time is dropped. */
const idleMs = 180_000;
/** A document that has stood unchanged for so long is worth compressing as a whole: a fifth of the bytes, or less. */
const settledMs = 2_000;

interface Form {
  readonly format: EurekaFormat;
  readonly shape: EurekaShape;
  readonly pieces: AppPieces;
  askedAtMs: number;
  made: Document | undefined;
  making: Promise<CachedBody> | undefined;
}

/** `GET apps` in all its forms. */
export class AllDocuments {
  readonly #clock: Clock;
  readonly #store: EurekaStore;
  readonly #toEureka: (held: Held) => EurekaInstance;
  readonly #forms = new Map<string, Form>();
  readonly #counts = new Map<string, number>();
  readonly #stop: () => void;
  readonly #sweep: Timer;
  readonly #startedMs: number;
  #version = 0;

  constructor(clock: Clock, store: EurekaStore, toEureka: (held: Held) => EurekaInstance) {
    this.#clock = clock;
    this.#store = store;
    this.#toEureka = toEureka;
    this.#startedMs = clock.wallMs();
    for (const held of store.list()) this.#count(held.status, 1);
    this.#stop = store.onChange((change) => {
      this.#version += 1;
      if (change.before !== undefined) this.#count(change.before.status, -1);
      if (change.held !== undefined) this.#count(change.held.status, 1);
      for (const form of this.#forms.values()) form.pieces.forget(change);
    });
    this.#sweep = clock.every(idleMs / 3, () => this.#dropIdle());
  }

  /** Of the whole registry as it is now. */
  hashcode(): string {
    return hashcodeOfCounts(this.#counts);
  }

  /** As the registry is at some moment between the call and the answer; at once when little is to be made. */
  get(format: EurekaFormat, shape: EurekaShape): CachedBody | Promise<CachedBody> {
    const form = this.#formOf(format, shape);
    form.askedAtMs = this.#clock.monotonicMs();
    const { made } = form;
    if (made?.version === this.#version) {
      if (this.#clock.monotonicMs() - made.madeAtMs > settledMs) made.settle();
      return made;
    }
    // Whoever asks while it is being made gets what is made: it holds every change up to its end.
    if (form.making !== undefined) return form.making;
    const making = this.#make(form);
    if (form.made?.version === this.#version) return form.made;
    form.making = making.finally(() => {
      form.making = undefined;
    });
    return form.making;
  }

  /** Makes everything anew when it is next asked for: renewals have gone on. */
  expire(): void {
    this.#version += 1;
    this.#forms.clear();
  }

  close(): void {
    this.#stop();
    this.#sweep.cancel();
  }

  #formOf(format: EurekaFormat, shape: EurekaShape): Form {
    const name = `${format} ${shape}`;
    const known = this.#forms.get(name);
    if (known !== undefined) return known;
    const pieces = new AppPieces(this.#store, this.#toEureka, format, shape);
    const form: Form = { format, shape, pieces, askedAtMs: 0, made: undefined, making: undefined };
    this.#forms.set(name, form);
    return form;
  }

  /** Makes what pieces are missing, in slices; the document is of the moment in which none is. */
  async #make(form: Form): Promise<CachedBody> {
    let apps = this.#store.apps();
    for (let sinceMs = this.#clock.monotonicMs(); !this.#makePieces(form, apps, sinceMs); apps = this.#store.apps()) {
      await this.#clock.sleep(0);
      sinceMs = this.#clock.monotonicMs();
    }
    const tag = `${this.#startedMs.toString(36)}-${this.#version}`;
    const made = new Document(form, apps, this.#version, tag, this.#clock.monotonicMs());
    form.made = made;
    return made;
  }

  /** True when none is missing; false when the slice is over before that. */
  #makePieces(form: Form, apps: readonly string[], sinceMs: number): boolean {
    for (let i = 0; i < apps.length; i++) {
      const app = apps[i] ?? "";
      if (form.pieces.has(app, i > 0)) continue;
      form.pieces.get(app, i > 0);
      if (this.#clock.monotonicMs() - sinceMs >= sliceMs) return false;
    }
    return true;
  }

  #count(status: string, by: number): void {
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + by);
  }

  #dropIdle(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [name, form] of this.#forms) if (nowMs - form.askedAtMs > idleMs) this.#forms.delete(name);
  }
}

/** One state of the registry in one form. */
class Document implements CachedBody {
  readonly version: number;
  readonly etag: string;
  readonly madeAtMs: number;
  readonly plainBytes: number;
  readonly #parts: readonly Buffer[];
  #plain: readonly Buffer[] | undefined;
  #gzip: Buffer;
  #settling = false;

  constructor(form: Form, apps: readonly string[], version: number, tag: string, nowMs: number) {
    const { format, shape, pieces } = form;
    const parts = apps.map((app, i) => pieces.get(app, i > 0));
    const counts = new Map<string, number>();
    for (const part of parts) {
      for (const [status, count] of part.counts) counts.set(status, (counts.get(status) ?? 0) + count);
    }
    const hash = hashcodeOfCounts(counts);
    const isEmpty = parts.length === 0;
    const head = applicationsHead("1", hash, format, shape, isEmpty);
    const tail = applicationsTail("1", hash, format, shape, isEmpty);
    const [packedHead, packedTail] = [pack(head), pack(tail)];
    this.version = version;
    this.etag = `"${format}-${shape}-${tag}"`;
    this.madeAtMs = nowMs;
    this.#parts = [packedHead.plain, ...parts.map((part) => part.packed.plain), packedTail.plain];
    this.plainBytes = parts.reduce((sum, part) => sum + part.packed.bytes, packedHead.bytes + packedTail.bytes);
    this.#gzip = joinGzip([packedHead, ...parts.map((part) => part.packed), packedTail]);
  }

  get plain(): readonly Buffer[] {
    this.#plain ??= chunksOf(this.#parts);
    return this.#plain;
  }

  get gzip(): readonly Buffer[] {
    return [this.#gzip];
  }

  get gzipBytes(): number {
    return this.#gzip.length;
  }

  /** Compresses it as a whole, in another thread; the content stays what it is. */
  settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    const packed: Buffer[] = [];
    const stream = Readable.from(this.#parts).pipe(createGzip());
    stream.on("data", (chunk: Buffer) => packed.push(chunk));
    stream.on("end", () => {
      const whole = Buffer.concat(packed);
      if (whole.length < this.#gzip.length) this.#gzip = whole;
    });
    stream.on("error", () => {});
  }
}

/** Fewer, larger pieces: each costs a call when it is sent. */
function chunksOf(parts: readonly Buffer[]): Buffer[] {
  const chunks: Buffer[] = [];
  let [open, bytes]: [Buffer[], number] = [[], 0];
  for (const part of parts) {
    open.push(part);
    bytes += part.length;
    if (bytes < chunkBytes) continue;
    chunks.push(Buffer.concat(open));
    [open, bytes] = [[], 0];
  }
  if (open.length > 0) chunks.push(Buffer.concat(open));
  return chunks;
}
