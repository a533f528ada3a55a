import {
  applicationHead,
  applicationTail,
  type EurekaFormat,
  type EurekaShape,
  instanceText,
  separator,
} from "@holdfast/wire/eureka";
import { type Packed, pack } from "./gzip-join.ts";
import type { PieceSource } from "./piece-source.ts";

/** Some instances of one application as they stand in a document of all. */
interface AppPiece {
  readonly packed: Packed;
  readonly ids: readonly string[];
  /** Where the text of each of them begins, and ends. */
  readonly spans: readonly number[];
  readonly place: Place;
}

/** Where in the document a piece stands: what surrounds its instances follows from it. */
interface Place {
  /** Its application follows another. */
  readonly follows: boolean;
  readonly opens: boolean;
  readonly closes: boolean;
}

interface Chunk {
  readonly ids: Set<string>;
  /** Whose text in `piece` is of the past. */
  readonly stale: Set<string>;
  piece: AppPiece | undefined;
  isDirty: boolean;
}

interface App {
  readonly chunks: Chunk[];
  readonly chunkOf: Map<string, Chunk>;
}

/**
 * Few enough that making and compressing one is a small part of a slice, however many instances an application has;
 * enough that they compress well and that joining them is cheap.
 */
const chunkSize = 8;

/** The applications in one form, in pieces that are made when needed and made again when something in them changes. */
export class AppPieces {
  readonly #source: PieceSource;
  readonly #format: EurekaFormat;
  readonly #shape: EurekaShape;
  readonly #apps = new Map<string, App>();
  /** Apps of which a piece is to be made, or which are gone. */
  readonly #dirty = new Set<string>();
  /** Which app no separator stands before. */
  #first: string | undefined;

  constructor(source: PieceSource, format: EurekaFormat, shape: EurekaShape) {
    this.#source = source;
    this.#format = format;
    this.#shape = shape;
  }

  /** Something of that instance has changed, or it has come, or gone. */
  changed(name: string, id: string): void {
    this.#dirty.add(name);
    const app = this.#apps.get(name);
    // Nobody has asked for it yet.
    if (app === undefined) return;
    const chunk = app.chunkOf.get(id);
    if (!this.#source.has(name, id)) {
      if (chunk !== undefined) remove(app, chunk, id);
      if (app.chunks.length === 0) this.#apps.delete(name);
    } else if (chunk === undefined) {
      add(app, id);
    } else {
      chunk.stale.add(id);
      chunk.isDirty = true;
    }
  }

  /** All of one of `count` parts of the apps is of the past. */
  refresh(part: number, count: number): void {
    let place = 0;
    for (const [name, { chunks }] of this.#apps) {
      if (place++ % count !== part) continue;
      this.#dirty.add(name);
      for (const chunk of chunks) {
        for (const id of chunk.ids) chunk.stale.add(id);
        chunk.isDirty = true;
      }
    }
  }

  /** Makes what is missing of these apps, in this order; false when `isOver` said so before all were there. */
  make(names: readonly string[], isOver: () => boolean): boolean {
    const first = names[0];
    if (first !== this.#first) {
      // The separator before it comes, and that before the one that was first goes.
      for (const name of [first, this.#first]) if (name !== undefined) this.#dirty.add(name);
      this.#first = first;
    }
    for (const name of names) {
      if (this.#apps.has(name) && !this.#dirty.has(name)) continue;
      if (!this.#makeApp(name, name !== first, isOver)) return false;
      this.#dirty.delete(name);
    }
    // What is left are those that have gone.
    this.#dirty.clear();
    return true;
  }

  /** Those of these apps, in this order; all must have been made. */
  pieces(names: readonly string[]): Packed[] {
    const pieces: Packed[] = [];
    for (const name of names) {
      for (const { piece } of this.#apps.get(name)?.chunks ?? []) if (piece !== undefined) pieces.push(piece.packed);
    }
    return pieces;
  }

  /** False when `isOver` said so before all was there. */
  #makeApp(name: string, follows: boolean, isOver: () => boolean): boolean {
    const { chunks } = this.#layoutOf(name);
    for (let n = 0; n < chunks.length; n++) {
      const chunk = chunks[n];
      if (chunk === undefined || !this.#makeChunk(name, chunk, follows, n === 0, n === chunks.length - 1)) continue;
      if (isOver()) {
        this.#dirty.add(name);
        return false;
      }
    }
    return true;
  }

  #layoutOf(name: string): App {
    const known = this.#apps.get(name);
    if (known !== undefined) return known;
    const app: App = { chunks: [], chunkOf: new Map() };
    for (const id of this.#source.ids(name)) add(app, id);
    this.#apps.set(name, app);
    return app;
  }

  /** True when there was something to do. */
  #makeChunk(name: string, chunk: Chunk, follows: boolean, opens: boolean, closes: boolean): boolean {
    const place = chunk.piece?.place;
    if (!chunk.isDirty && place?.follows === follows && place.opens === opens && place.closes === closes) return false;
    chunk.piece = this.#pieceOf(name, chunk, { follows, opens, closes });
    chunk.stale.clear();
    chunk.isDirty = false;
    return true;
  }

  #pieceOf(name: string, { ids, stale, piece }: Chunk, place: Place): AppPiece {
    const [format, shape] = [this.#format, this.#shape];
    const between = separator(format);
    const parts: Buffer[] = [];
    const [kept, spans]: [string[], number[]] = [[], []];
    let bytes = 0;
    const put = (part: Buffer): void => {
      parts.push(part);
      bytes += part.length;
    };
    const head = place.opens ? applicationHead(name.toUpperCase(), format, shape) : "";
    const before = place.opens && place.follows ? between : "";
    put(Buffer.from(`${before}${head}`, "utf8"));
    let isFirst = place.opens;
    for (const id of ids) {
      const old = stale.has(id) ? -1 : (piece?.ids.indexOf(id) ?? -1);
      const instance = old < 0 ? this.#source.find(name, id) : undefined;
      if (old < 0 && instance === undefined) continue;
      if (!isFirst && between !== "") put(Buffer.from(between, "utf8"));
      isFirst = false;
      kept.push(id);
      spans.push(bytes);
      if (instance !== undefined) put(Buffer.from(instanceText(instance, format, shape), "utf8"));
      else if (piece !== undefined) put(piece.packed.plain.subarray(piece.spans[old * 2], piece.spans[old * 2 + 1]));
      spans.push(bytes);
    }
    if (place.closes) put(Buffer.from(applicationTail(format, shape), "utf8"));
    return { packed: pack(joined(parts, bytes)), ids: kept, spans, place };
  }
}

/** In a buffer of its own: one out of Node's pool would keep all that is in the pool beside it. */
function joined(parts: readonly Buffer[], bytes: number): Buffer {
  const whole = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const part of parts) at += part.copy(whole, at);
  return whole;
}

function add(app: App, id: string): void {
  let chunk = app.chunks.at(-1);
  if (chunk === undefined || chunk.ids.size >= chunkSize) {
    chunk = { ids: new Set(), stale: new Set(), piece: undefined, isDirty: true };
    app.chunks.push(chunk);
  }
  chunk.ids.add(id);
  chunk.stale.add(id);
  chunk.isDirty = true;
  app.chunkOf.set(id, chunk);
}

function remove(app: App, chunk: Chunk, id: string): void {
  app.chunkOf.delete(id);
  chunk.ids.delete(id);
  chunk.stale.delete(id);
  chunk.isDirty = true;
  if (chunk.ids.size === 0) app.chunks.splice(app.chunks.indexOf(chunk), 1);
}
