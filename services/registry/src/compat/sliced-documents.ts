import type { Clock, Timer } from "@holdfast/kernel";
import { applicationsHead, applicationsTail, type EurekaFormat, type EurekaShape } from "@holdfast/wire/eureka";
import { AppPieces } from "./app-pieces.ts";
import type { CachedBody } from "./cached-body.ts";
import { GzipJoin, type Packed, pack } from "./gzip-join.ts";
import type { PieceSource } from "./piece-source.ts";
import { gzipOf } from "./small-documents.ts";

/** So long one may work on a document before others have their turn. */
const sliceMs = 2;
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
  /** The version whose pieces are being joined; `undefined` before all are made. */
  joining: number | undefined;
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
    if (form.making !== undefined) {
      // Whoever asks while pieces are made gets what is made: it holds every change until the last of them. What has
      // changed while they are joined is in the next.
      if (form.joining === undefined || form.joining === this.#version) return form.making;
      return form.making.then(() => this.get(format, shape));
    }
    const making = this.#make(form);
    if (form.made?.version === this.#version) return form.made;
    form.making = making.finally(() => {
      form.making = undefined;
    });
    return form.making;
  }

  /** Forgets all that is made. */
  drop(): void {
    this.#version += 1;
    this.#forms.clear();
  }

  /**
   * Makes one of `count` parts anew when it is next asked for: renewals have gone on. Not all at once: what is thrown away
   * is memory for some time yet.
   */
  refresh(part: number, count: number): void {
    if (this.#forms.size === 0) return;
    this.#version += 1;
    for (const form of this.#forms.values()) form.pieces.refresh(part, count);
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
    const form: Form = { format, shape, pieces, askedAtMs: 0, made: undefined, making: undefined, joining: undefined };
    this.#forms.set(name, form);
    return form;
  }

  /** Makes what pieces are missing, and joins them, in slices; the document is of the moment in which none is missing. */
  async #make(form: Form): Promise<CachedBody> {
    const { format, shape } = form;
    let sinceMs = this.#clock.monotonicMs();
    const isOver = (): boolean => this.#clock.monotonicMs() - sinceMs >= sliceMs;
    const others = async (): Promise<void> => {
      await this.#clock.sleep(0);
      sinceMs = this.#clock.monotonicMs();
    };
    form.joining = undefined;
    let apps = this.#source.apps();
    for (; !form.pieces.make(apps, isOver); apps = this.#source.apps()) await others();
    const version = this.#version;
    form.joining = version;
    const pieces = this.#piecesOf(form, apps);
    if (isOver()) await others();
    const join = new GzipJoin(pieces);
    let joined = join.join(isOver);
    for (; joined === undefined; joined = join.join(isOver)) await others();
    const etag = `"${format}-${shape}-${this.#tag}-${version}"`;
    const plain = pieces.map((piece) => piece.plain);
    const made = new Document(plain, joined, version, etag, this.#clock.monotonicMs());
    form.made = made;
    return made;
  }

  #piecesOf({ format, shape, pieces }: Form, apps: readonly string[]): Packed[] {
    const [number, hashcode, isEmpty] = [`${this.#source.number()}`, this.#source.hashcode(), apps.length === 0];
    const head = pack(Buffer.from(applicationsHead(number, hashcode, format, shape, isEmpty), "utf8"));
    const tail = pack(Buffer.from(applicationsTail(number, hashcode, format, shape, isEmpty), "utf8"));
    return [head, ...pieces.pieces(apps), tail];
  }

  #dropIdle(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [name, form] of this.#forms) if (nowMs - form.askedAtMs > idleMs) this.#forms.delete(name);
  }
}

/** One state of things in one form. */
class Document implements CachedBody {
  readonly version: number;
  readonly etag: string;
  readonly madeAtMs: number;
  readonly plain: readonly Buffer[];
  readonly plainBytes: number;
  #gzip: Buffer;
  #settling = false;

  constructor(plain: readonly Buffer[], gzip: Buffer, version: number, etag: string, madeAtMs: number) {
    this.version = version;
    this.etag = etag;
    this.madeAtMs = madeAtMs;
    this.plain = plain;
    this.plainBytes = plain.reduce((sum, part) => sum + part.length, 0);
    this.#gzip = gzip;
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
    void gzipOf(this.plain).then(keepSmaller, () => {});
  }
}
