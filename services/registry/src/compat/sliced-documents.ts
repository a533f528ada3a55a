import type { Clock, Timer } from "@holdfast/kernel";
import { applicationsHead, applicationsTail, type EurekaFormat, type EurekaShape } from "@holdfast/wire/eureka";
import { AppPieces } from "./app-pieces.ts";
import type { CachedBody } from "./cached-body.ts";
import { joinGzip, pack } from "./gzip-join.ts";
import type { PieceSource } from "./piece-source.ts";
import { gzipOf } from "./small-documents.ts";

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

/**
 * A document of many applications in all its forms (`GET apps`, `GET apps/delta`): made in slices, of pieces that are
 * kept, so that neither its first making nor a change in it holds up anybody.
 */
export class SlicedDocuments {
  readonly #clock: Clock;
  readonly #source: PieceSource;
  readonly #forms = new Map<string, Form>();
  readonly #stop: () => void;
  readonly #sweep: Timer;
  /** Tags of another start of the same registry are others. */
  readonly #tag: string;
  #version = 0;

  constructor(clock: Clock, source: PieceSource) {
    this.#clock = clock;
    this.#source = source;
    this.#tag = clock.wallMs().toString(36);
    this.#stop = source.onChange((app, id) => {
      this.#version += 1;
      for (const form of this.#forms.values()) form.pieces.changed(app, id);
    });
    this.#sweep = clock.every(idleMs / 3, () => this.#dropIdle());
  }

  /** As things are at some moment between the call and the answer; at once when little is to be made. */
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
    const pieces = new AppPieces(this.#source, format, shape);
    const form: Form = { format, shape, pieces, askedAtMs: 0, made: undefined, making: undefined };
    this.#forms.set(name, form);
    return form;
  }

  /** Makes what pieces are missing, in slices; the document is of the moment in which none is. */
  async #make(form: Form): Promise<CachedBody> {
    let sinceMs = this.#clock.monotonicMs();
    const isOver = (): boolean => this.#clock.monotonicMs() - sinceMs >= sliceMs;
    let apps = this.#source.apps();
    while (!form.pieces.make(apps, isOver)) {
      await this.#clock.sleep(0);
      sinceMs = this.#clock.monotonicMs();
      apps = this.#source.apps();
    }
    const [hashcode, number] = [this.#source.hashcode(), this.#source.number()];
    const made = new Document({ form, apps, hashcode, number, version: this.#version, tag: this.#tag, nowMs: sinceMs });
    form.made = made;
    return made;
  }

  #dropIdle(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [name, form] of this.#forms) if (nowMs - form.askedAtMs > idleMs) this.#forms.delete(name);
  }
}

interface DocumentParts {
  readonly form: Form;
  readonly apps: readonly string[];
  readonly hashcode: string;
  readonly number: number;
  readonly version: number;
  readonly tag: string;
  readonly nowMs: number;
}

/** One state of things in one form. */
class Document implements CachedBody {
  readonly version: number;
  readonly etag: string;
  readonly madeAtMs: number;
  readonly plainBytes: number;
  readonly #parts: readonly Buffer[];
  #plain: readonly Buffer[] | undefined;
  #gzip: Buffer;
  #settling = false;

  constructor({ form, apps, hashcode, number, version, tag, nowMs }: DocumentParts) {
    const { format, shape, pieces } = form;
    const parts = pieces.pieces(apps);
    const isEmpty = parts.length === 0;
    const head = pack(Buffer.from(applicationsHead(`${number}`, hashcode, format, shape, isEmpty), "utf8"));
    const tail = pack(Buffer.from(applicationsTail(`${number}`, hashcode, format, shape, isEmpty), "utf8"));
    const all = [head, ...parts.map((part) => part.packed), tail];
    this.version = version;
    this.etag = `"${format}-${shape}-${tag}-${version}"`;
    this.madeAtMs = nowMs;
    this.#parts = all.map((one) => one.plain);
    this.plainBytes = all.reduce((sum, one) => sum + one.bytes, 0);
    this.#gzip = joinGzip(all);
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
    const keepSmaller = (whole: Buffer): void => {
      if (whole.length < this.#gzip.length) this.#gzip = whole;
    };
    // What cannot be made smaller is sent as it is.
    void gzipOf(this.#parts).then(keepSmaller, () => {});
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
